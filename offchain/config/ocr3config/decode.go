package ocr3config

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config/ocr3configpb"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Parsed are the contents of an offchain config after parsing and before any rule about their values.
type Parsed struct {
	// Config has all fields that come from the offchain config. Its OracleIdentities have only an offchain public key and a
	// peer id, and they are nil when there are not as many of the one as of the other.
	Config PublicConfig
	// OffchainPublicKeys and PeerIDs are the lists as they stand in the offchain config.
	OffchainPublicKeys []types.OffchainPublicKey
	PeerIDs            []string
	Encryptions        config.SharedSecretEncryptions
}

// Parse reads the bytes of an offchain config. It fails on more than 2,000,000 bytes, on bytes that are no such protobuf
// message, on peer ids that are not UTF-8, and on keys, hashes and encryptions of wrong length. Unknown fields, any order of
// fields and other liberties of protobuf are accepted, as all oracles accept them; see Canonical.
func Parse(offchainConfig []byte) (Parsed, error) {
	var r config.Report
	parsed, err := parse(offchainConfig, &r)
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return Parsed{}, err
	}
	return parsed, nil
}

// parse reports entries of wrong length to r, and goes on with zeros in their place. The error is for what ends the parsing.
func parse(offchainConfig []byte, r *config.Report) (Parsed, error) {
	if len(offchainConfig) > config.MaxOffchainConfigLength {
		return Parsed{}, config.TooLong(len(offchainConfig))
	}
	var m ocr3configpb.OffchainConfigProto
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(offchainConfig, &m); err != nil {
		return Parsed{}, fmt.Errorf("the offchain config (%d bytes) is not an OCR3 config message: %w", len(offchainConfig), err)
	}

	p := Parsed{
		Config: PublicConfig{
			DeltaProgress:                           config.ProtoDuration(m.DeltaProgressNanoseconds),
			DeltaResend:                             config.ProtoDuration(m.DeltaResendNanoseconds),
			DeltaInitial:                            config.ProtoDuration(m.DeltaInitialNanoseconds),
			DeltaRound:                              config.ProtoDuration(m.DeltaRoundNanoseconds),
			DeltaGrace:                              config.ProtoDuration(m.DeltaGraceNanoseconds),
			DeltaCertifiedCommitRequest:             config.ProtoDuration(m.DeltaCertifiedCommitRequestNanoseconds),
			DeltaStage:                              config.ProtoDuration(m.DeltaStageNanoseconds),
			RMax:                                    m.RMax,
			ReportingPluginConfig:                   m.ReportingPluginConfig,
			MaxDurationQuery:                        config.ProtoDuration(m.MaxDurationQueryNanoseconds),
			MaxDurationObservation:                  config.ProtoDuration(m.MaxDurationObservationNanoseconds),
			MaxDurationShouldAcceptAttestedReport:   config.ProtoDuration(m.MaxDurationShouldAcceptAttestedReportNanoseconds),
			MaxDurationShouldTransmitAcceptedReport: config.ProtoDuration(m.MaxDurationShouldTransmitAcceptedReportNanoseconds),
		},
		PeerIDs: m.PeerIds,
	}
	p.Config.MaxDurationInitialization = config.OptionalProtoDuration(m.MaxDurationInitializationNanoseconds)
	p.Config.S = config.ProtoSchedule(m.S)
	p.OffchainPublicKeys = config.ProtoOffchainPublicKeys(r, m.OffchainPublicKeys)
	p.Encryptions = config.ProtoEncryptions(r, m.GetSharedSecretEncryptions())
	p.Config.OracleIdentities = config.PartialIdentities(p.OffchainPublicKeys, p.PeerIDs)
	return p, nil
}

// PublicConfigFromContractConfig reads and checks a config. It refuses exactly what every oracle must refuse, and reports
// everything that is wrong (config.Violations takes the error apart), except that a wrong version, an overlong config and
// bytes that do not parse end the checks.
//
// skipResourceExhaustionChecks leaves out the lower bounds of DeltaProgress, DeltaResend, DeltaInitial and
// DeltaCertifiedCommitRequest. Oracles set it in development mode only, bootstrap nodes always. Neither the digest nor the onchain config are looked at: see config.CheckContractConfig.
//
// The result shares no memory with cc.
func PublicConfigFromContractConfig(skipResourceExhaustionChecks bool, cc types.ContractConfig) (PublicConfig, error) {
	cfg, _, err := decode(skipResourceExhaustionChecks, cc)
	return cfg, err
}

var version = config.Version{Name: "OCR3", Number: config.OCR3Version}

func decode(
	skipResourceExhaustionChecks bool, cc types.ContractConfig,
) (PublicConfig, config.SharedSecretEncryptions, error) {
	var cfg PublicConfig
	identities, encryptions, err := version.Decode(cc, func(r *config.Report) (config.Contents, error) {
		p, err := parse(cc.OffchainConfig, r)
		cfg = p.Config
		cfg.F = int(cc.F)
		cfg.OnchainConfig = bytes.Clone(cc.OnchainConfig)
		cfg.ConfigDigest = cc.ConfigDigest
		return config.Contents{PeerIDs: p.PeerIDs, OffchainPublicKeys: p.OffchainPublicKeys, Encryptions: p.Encryptions}, err
	}, func(r *config.Report) {
		checkParameters(r, cfg, len(cc.Signers))
		if !skipResourceExhaustionChecks {
			checkResourceExhaustion(r, cfg)
		}
	})
	if err != nil {
		return PublicConfig{}, config.SharedSecretEncryptions{}, err
	}
	cfg.OracleIdentities = identities
	return cfg, encryptions, nil
}

// SharedConfigFromContractConfig is PublicConfigFromContractConfig for an oracle: it also looks up which oracle self is, and
// decrypts the shared secret with the node's X25519 key (diffieHellman is OffchainKeyring.ConfigDiffieHellman).
//
// Beside the errors of decoding it returns those of config.FindSelf and config.SharedSecretEncryptions.Decrypt.
func SharedConfigFromContractConfig(
	skipResourceExhaustionChecks bool,
	cc types.ContractConfig,
	self config.Self,
	diffieHellman func(point [32]byte) (sharedPoint [32]byte, err error),
) (SharedConfig, error) {
	cfg, encryptions, err := decode(skipResourceExhaustionChecks, cc)
	if err != nil {
		return SharedConfig{}, err
	}
	id, secret, err := version.Open(cfg.OracleIdentities, encryptions, self, diffieHellman)
	if err != nil {
		return SharedConfig{}, err
	}
	return SharedConfig{PublicConfig: cfg, OracleID: id, SharedSecret: secret, Keys: config.KeysV3(secret, cfg.ConfigDigest)}, nil
}

// Canonical parses an offchain config and encodes it again. When same is false, the bytes were not written by Encode or a
// composer like it: there are unknown fields, or values were written in an unusual way. Oracles accept such a config all the
// same; it means that somebody should have a look at the tool that wrote it.
func Canonical(offchainConfig []byte) (canonical []byte, same bool, err error) {
	p, err := Parse(offchainConfig)
	if err != nil {
		return nil, false, err
	}
	if len(p.OffchainPublicKeys) != len(p.PeerIDs) {
		return nil, false, &config.Violation{
			Field: "len(PeerIDs)", Value: len(p.PeerIDs),
			Rule: fmt.Sprintf("must be equal to the number of offchain public keys (%d)", len(p.OffchainPublicKeys)),
		}
	}
	canonical, err = Encode(p.Config, p.Encryptions)
	if err != nil {
		return nil, false, err
	}
	return canonical, bytes.Equal(canonical, offchainConfig), nil
}
