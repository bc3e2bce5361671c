package ocr1config

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// peerIDSeparator stands between the peer ids of an encoded config.
const peerIDSeparator = ","

var version = config.Version{Name: "OCR1", Number: config.OCR1Version}

// Parsed are the contents of an encoded config after parsing and before any rule about their values.
type Parsed struct {
	// Config has all fields that come from the encoded config. Its OracleIdentities have only an offchain public key and a peer
	// id, and they are nil when there are not as many of the one as of the other.
	Config PublicConfig
	// OffchainPublicKeys and PeerIDs are the lists as they stand in the encoded config.
	OffchainPublicKeys []types.OffchainPublicKey
	PeerIDs            []string
	Encryptions        config.SharedSecretEncryptions
}

// Parse reads the bytes of an encoded config. It fails on more than 20,000 bytes and on bytes that are no ABI encoding of
// one. What is behind the values, unusual offsets and padding that is not zero are accepted, as all oracles accept them; see
// Canonical.
func Parse(encoded []byte) (Parsed, error) {
	if len(encoded) > MaxEncodedLength {
		return Parsed{}, tooLong(len(encoded))
	}
	var m ocr1.EncodedConfig
	if err := ocr1.DecodeEncodedConfigLoose(encoded, &m); err != nil {
		return Parsed{}, fmt.Errorf("the encoded config (%d bytes) does not decode: %w", len(encoded), err)
	}
	p := Parsed{
		Config: PublicConfig{
			DeltaProgress: time.Duration(m.DeltaProgress),
			DeltaResend:   time.Duration(m.DeltaResend),
			DeltaRound:    time.Duration(m.DeltaRound),
			DeltaGrace:    time.Duration(m.DeltaGrace),
			DeltaC:        time.Duration(m.DeltaC),
			AlphaPPB:      m.AlphaPPB,
			DeltaStage:    time.Duration(m.DeltaStage),
			RMax:          m.RMax,
			S:             make([]int, len(m.S)),
		},
		Encryptions: config.SharedSecretEncryptions(m.SharedSecretEncryptions),
	}
	for i, element := range m.S {
		p.Config.S[i] = int(element)
	}
	for _, key := range m.OffchainPublicKeys {
		p.OffchainPublicKeys = append(p.OffchainPublicKeys, key)
	}
	if m.PeerIDs != "" {
		p.PeerIDs = strings.Split(m.PeerIDs, peerIDSeparator)
	}
	for _, identity := range config.PartialIdentities(p.OffchainPublicKeys, p.PeerIDs) {
		p.Config.OracleIdentities = append(p.Config.OracleIdentities, OracleIdentity{
			OffchainPublicKey: ocr1types.OffchainPublicKey(identity.OffchainPublicKey[:]), PeerID: identity.PeerID,
		})
	}
	return p, nil
}

func tooLong(size int) error {
	return &config.Violation{Field: "len(Encoded)", Value: size, Rule: fmt.Sprintf("must be at most %d bytes", MaxEncodedLength)}
}

// PublicConfigFromContractConfig reads and checks a config. It refuses exactly what every oracle must refuse, and reports
// everything that is wrong (config.Violations takes the error apart), except that an overlong config and bytes that do not
// decode end the checks.
//
// skipChainSpecificChecks leaves out the least durations of the chain; chainID may be nil then. Oracles set it in development
// mode only, bootstrap nodes always. Neither the digest nor EncodedConfigVersion are looked at: both are for whoever fetches
// the config.
//
// The result shares no memory with cc.
func PublicConfigFromContractConfig(chainID *big.Int, skipChainSpecificChecks bool, cc ocr1types.ContractConfig) (PublicConfig, error) {
	cfg, _, err := decode(chainID, skipChainSpecificChecks, cc)
	return cfg, err
}

func decode(
	chainID *big.Int, skipChainSpecificChecks bool, cc ocr1types.ContractConfig,
) (PublicConfig, config.SharedSecretEncryptions, error) {
	fail := func(err error) (PublicConfig, config.SharedSecretEncryptions, error) {
		return PublicConfig{}, config.SharedSecretEncryptions{}, version.Wrap(err)
	}
	p, err := Parse(cc.Encoded)
	if err != nil {
		return fail(err)
	}
	cfg := p.Config
	cfg.F = int(cc.Threshold)
	cfg.ConfigDigest = cc.ConfigDigest

	var r config.Report
	config.IdentityLists{
		Signers:            make([]types.OnchainPublicKey, len(cc.Signers)),
		PeerIDs:            p.PeerIDs,
		OffchainPublicKeys: p.OffchainPublicKeys,
		Transmitters:       make([]types.Account, len(cc.Transmitters)),
		Encryptions:        len(p.Encryptions.Encryptions),
	}.CheckLengths(&r)
	checkParameters(&r, cfg, len(cc.Signers))
	if !skipChainSpecificChecks {
		checkChain(&r, chainID, cfg)
	}
	if err := r.Err(); err != nil {
		return fail(err)
	}
	for i := range cfg.OracleIdentities {
		cfg.OracleIdentities[i].OnChainSigningAddress = ocr1types.OnChainSigningAddress(cc.Signers[i])
		cfg.OracleIdentities[i].TransmitAddress = cc.Transmitters[i]
	}
	return cfg, p.Encryptions, nil
}

// SharedConfigFromContractConfig is PublicConfigFromContractConfig for an oracle: it also looks up which oracle the node is,
// by its keys, the text form of its peer id and the address from which it transmits, and decrypts the shared secret. Where
// a config lists the node more than once, the last place counts.
//
// Beside the errors of decoding it returns those of config.FindSelf and config.SharedSecretEncryptions.Decrypt.
func SharedConfigFromContractConfig(
	chainID *big.Int,
	skipChainSpecificChecks bool,
	cc ocr1types.ContractConfig,
	keys ocr1types.PrivateKeys,
	peerID string,
	transmitAddress common.Address,
) (SharedConfig, error) {
	cfg, encryptions, err := decode(chainID, skipChainSpecificChecks, cc)
	if err != nil {
		return SharedConfig{}, err
	}
	self := OracleIdentity{keys.PublicKeyAddressOnChain(), transmitAddress, keys.PublicKeyOffChain(), peerID}
	if len(self.OffchainPublicKey) != 32 {
		return SharedConfig{}, version.Wrap(fmt.Errorf("the own offchain public key has %d bytes, want 32", len(self.OffchainPublicKey)))
	}
	id, secret, err := version.Open(cfg.identities(), encryptions, self.Common(), func(point [32]byte) ([32]byte, error) {
		shared, err := keys.ConfigDiffieHellman(&point)
		if err == nil && shared == nil {
			err = errors.New("the keyring returned neither a point nor an error")
		}
		if err != nil {
			return [32]byte{}, err
		}
		return *shared, nil
	})
	if err != nil {
		return SharedConfig{}, err
	}
	return SharedConfig{PublicConfig: cfg, OracleID: id, SharedSecret: secret, Keys: config.KeysV1(secret)}, nil
}

// Canonical parses an encoded config and encodes it again. When same is false, the bytes were not written by Encode or a
// composer like it: there are bytes behind the values, or unusual offsets or padding. Oracles accept such a config all the
// same; it means that somebody should have a look at the tool that wrote it.
func Canonical(encoded []byte) (canonical []byte, same bool, err error) {
	p, err := Parse(encoded)
	if err != nil {
		return nil, false, err
	}
	m := message(p.Config, p.Encryptions)
	for _, key := range p.OffchainPublicKeys {
		m.OffchainPublicKeys = append(m.OffchainPublicKeys, key)
	}
	m.PeerIDs = strings.Join(p.PeerIDs, peerIDSeparator)
	canonical, err = ocr1.AppendEncodedConfig(nil, m)
	if err != nil {
		return nil, false, err
	}
	return canonical, bytes.Equal(canonical, encoded), nil
}
