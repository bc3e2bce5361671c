package deploy

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3blsfeed"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3ecdsafeed"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3confighelper"
	"github.com/ocrkit/ocrkit/offchain/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// ocr3Protocol is the protocol of OCR3.
type ocr3Protocol struct{}

func (ocr3Protocol) name() netfile.Protocol { return netfile.OCR3 }

func (ocr3Protocol) digestLength() int { return len(types.ConfigDigest{}) }

func (ocr3Protocol) configSet() common.Hash { return ocr3.ConfigSetTopic }

func (ocr3Protocol) readConfig(_ context.Context, log *ethtypes.Log, chainID uint64, development bool) (*ChainConfig, error) {
	var event ocr3.ConfigSet
	if err := ocr3.DecodeConfigSet(log, &event); err != nil {
		return nil, err
	}
	call := ocr3.SetConfigCall{
		Keys: event.Keys, Transmitters: event.Transmitters, F: event.F,
		OnchainConfig: event.OnchainConfig, OffchainConfigVersion: event.OffchainConfigVersion, OffchainConfig: event.OffchainConfig,
	}
	cc := types.ContractConfig{
		ConfigDigest: event.ConfigDigest, ConfigCount: event.ConfigCount, F: event.F,
		OnchainConfig: event.OnchainConfig, OffchainConfigVersion: event.OffchainConfigVersion, OffchainConfig: event.OffchainConfig,
	}
	for _, transmitter := range event.Transmitters {
		cc.Transmitters = append(cc.Transmitters, types.Account(transmitter.Hex()))
	}
	kind, signers := splitKeys(&call)
	cc.Signers = signers
	c := &ChainConfig{
		Digest: digestOf(event.ConfigDigest), Count: event.ConfigCount, Previous: uint64(event.PreviousConfigBlockNumber),
		Computed:     ocr3Digest(chainID, log.Address, event.ConfigCount, &call),
		Transmitters: event.Transmitters, OffchainConfig: event.OffchainConfig,
		Fields: ocr3Fields(&call), Secrets: secretFields(event.OffchainConfigVersion, event.OffchainConfig),
		open: func(bundle *keys.Bundle) (commontypes.OracleID, error) {
			self := selfOf(bundle, kind.Signer(bundle.Public()))
			shared, err := ocr3config.SharedConfigFromContractConfig(development, cc, self, bundle.Offchain.ConfigDiffieHellman)
			return shared.OracleID, err
		},
	}
	c.judge(cc, config.OCR3Version, development)
	switch {
	case kind == "":
		c.PublicErr = fmt.Errorf("%d bytes of keys for %d oracles: that is no key list of a known kind", len(event.Keys), len(event.Transmitters))
	case c.PublicErr == nil:
		// The contract checks keys too, but another contract with this event might not.
		_, c.PublicErr = kind.Scheme().KeyList(signers)
	}
	return c, nil
}

// splitKeys takes a key list apart. The length of a key tells of which kind the contract is; it is empty when it is of neither.
func splitKeys(call *ocr3.SetConfigCall) (netfile.Kind, []types.OnchainPublicKey) {
	for _, kind := range []netfile.Kind{netfile.KindOCR3ECDSAFeed, netfile.KindOCR3BLSFeed} {
		length := kind.Scheme().PublicKeyLength()
		if len(call.Transmitters) == 0 || len(call.Keys) != length*len(call.Transmitters) {
			continue
		}
		var signers []types.OnchainPublicKey
		for key := range slices.Chunk(call.Keys, length) {
			signers = append(signers, key)
		}
		return kind, signers
	}
	return "", nil
}

// ocr3Fields takes a config apart into readable values. It never fails: what does not decode is shown in hexadecimal.
func ocr3Fields(call *ocr3.SetConfigCall) []Field {
	kind, signers := splitKeys(call)
	parts := configParts{
		f: call.F, onchainConfig: call.OnchainConfig, offchainConfigVersion: call.OffchainConfigVersion, offchainConfig: call.OffchainConfig,
		transmitters: call.Transmitters, signerName: kind.SignerField(),
	}
	for _, signer := range signers {
		text := hexText(signer)
		if len(signer) == common.AddressLength {
			text = common.BytesToAddress(signer).Hex()
		}
		parts.signers = append(parts.signers, text)
	}
	fields := parts.fields()
	if kind == "" {
		fields = append(fields, field("keys", hexText(call.Keys)))
	}
	return fields
}

func ocr3Digest(chainID uint64, contract common.Address, count uint64, call *ocr3.SetConfigCall) Digest {
	preimage := ocr3.OCR3FeedPreimage{
		ChainId: chainID, ContractAddress: contract, ConfigCount: count,
		Keys: call.Keys, Transmitters: call.Transmitters, F: call.F, OnchainConfig: call.OnchainConfig,
		OffchainConfigVersion: call.OffchainConfigVersion, OffchainConfig: call.OffchainConfig,
	}
	return digestOf(preimage.Digest())
}

func parseOCR3(offchainConfig []byte) (*parsedConfig, error) {
	parsed, err := ocr3config.Parse(offchainConfig)
	if err != nil {
		return nil, err
	}
	c := parsed.Config
	return &parsedConfig{
		version: config.OCR3Version, protocol: netfile.OCR3,
		config: netfile.Config{
			DeltaProgress: c.DeltaProgress, DeltaResend: c.DeltaResend, DeltaInitial: c.DeltaInitial, DeltaRound: c.DeltaRound, DeltaGrace: c.DeltaGrace,
			DeltaCertifiedCommitRequest: c.DeltaCertifiedCommitRequest, DeltaStage: c.DeltaStage,
			RMax: c.RMax, S: c.S,
			MaxDurationInitialization:               c.MaxDurationInitialization,
			MaxDurationQuery:                        c.MaxDurationQuery,
			MaxDurationObservation:                  c.MaxDurationObservation,
			MaxDurationShouldAcceptAttestedReport:   c.MaxDurationShouldAcceptAttestedReport,
			MaxDurationShouldTransmitAcceptedReport: c.MaxDurationShouldTransmitAcceptedReport,
			Plugin:                                  netfile.PluginOf(c.ReportingPluginConfig),
		},
		offchainPublicKeys: parsed.OffchainPublicKeys, peerIDs: parsed.PeerIDs, encryptions: parsed.Encryptions,
	}, nil
}

func (ocr3Protocol) lint(network *netfile.Network, _ bool) []config.Finding {
	in, err := network.OCR3SetConfigInput()
	if err != nil {
		return nil // fields says it
	}
	return ocr3config.Lint(in.Complete())
}

func (ocr3Protocol) fields(network *netfile.Network) ([]Field, error) {
	in, err := network.OCR3SetConfigInput()
	if err != nil {
		return nil, err
	}
	if err := checkF(in.F); err != nil {
		return nil, err
	}
	offchainConfig, err := ocr3config.Encode(in.Complete(), config.SharedSecretEncryptions{})
	if err != nil {
		return nil, err
	}
	call := ocr3.SetConfigCall{F: uint8(in.F), OnchainConfig: in.OnchainConfig, OffchainConfigVersion: config.OCR3Version, OffchainConfig: offchainConfig}
	_, call.Transmitters = network.Addresses()
	for _, oracle := range in.Oracles {
		key := make([]byte, network.Contract.Kind.Scheme().PublicKeyLength()) // zeros for an oracle without one, which Check reports
		copy(key, oracle.OnchainPublicKey)
		call.Keys = append(call.Keys, key...)
	}
	return ocr3Fields(&call), nil
}

func (ocr3Protocol) compose(network *netfile.Network, contract common.Address, count uint64, seed []byte, development bool) (*Composed, error) {
	in, err := network.OCR3SetConfigInput()
	if err != nil {
		return nil, err
	}
	keyList, err := network.KeyList()
	if err != nil {
		return nil, err
	}
	secrets, err := ocr3confighelper.DeriveSecrets(seed, purpose(network, contract, count), in)
	if err != nil {
		return nil, err
	}
	args, err := ocr3confighelper.NewSetConfigArgs(level(development), in, secrets)
	clear(secrets.SharedSecret[:])
	clear(secrets.EphemeralSecretKey[:])
	if err != nil {
		return nil, err
	}
	call := ocr3.SetConfigCall{
		Keys: keyList,
		F:    args.F, OnchainConfig: args.OnchainConfig, OffchainConfigVersion: args.OffchainConfigVersion, OffchainConfig: args.OffchainConfig,
	}
	_, call.Transmitters = network.Addresses()
	return &Composed{
		Calldata: ocr3.AppendSetConfig(nil, &call), OnchainConfig: call.OnchainConfig, OffchainConfig: call.OffchainConfig,
		Count: count, Digest: ocr3Digest(network.Chain.ID, contract, count, &call),
	}, nil
}

func (ocr3Protocol) offchainConfig(blob []byte) (*Decoded, error) {
	return formats[config.OCR3Version].decode(blob)
}

func (ocr3Protocol) calldata(blob []byte) (*Decoded, error) {
	switch {
	case bytes.HasPrefix(blob, ocr3.SetConfigSelector[:]):
		var call ocr3.SetConfigCall
		if err := ocr3.DecodeSetConfig(blob, &call); err != nil {
			return nil, err
		}
		return &Decoded{"calldata of setConfig", append(ocr3Fields(&call), secretFields(call.OffchainConfigVersion, call.OffchainConfig)...)}, nil
	case bytes.HasPrefix(blob, ocr3.TransmitSelector[:]):
		return decodeOCR3Transmit(blob)
	}
	contract, err := ocr3ecdsafeed.OCR3ECDSAFeedMetaData.ParseABI()
	if err != nil {
		return nil, err
	}
	return decodeCall(contract, blob)
}

func decodeOCR3Transmit(blob []byte) (*Decoded, error) {
	var call ocr3.TransmitCall
	if err := ocr3.DecodeTransmit(blob, &call); err != nil {
		return nil, err
	}
	d := &Decoded{What: "calldata of transmit", Fields: []Field{
		field("configDigest", hexText(call.ConfigDigest[:])),
		field("seqNr", fmt.Sprint(call.SeqNr)),
	}}
	if report, err := (ocr3Protocol{}).report(call.Report); err == nil {
		d.Fields = append(d.Fields, report.Fields...)
	} else {
		d.Fields = append(d.Fields, field("report", hexText(call.Report)))
	}
	hash := ocr3keyring.ReportHash(call.ConfigDigest, call.SeqNr, call.Report)
	d.Fields = append(d.Fields, attestationFields(hash, call.Attestation)...)
	return d, nil
}

// attestationFields shows who attested a report: with ECDSA, whom the signatures recover to; with BLS, whom the attestation names.
func attestationFields(hash [32]byte, attestation []byte) []Field {
	var sum ocr3.BLSAttestation
	if err := ocr3.DecodeBLSAttestation(attestation, &sum); err == nil {
		return []Field{field("attestation.oracles", fmt.Sprint(namedOracles(sum.Signers))), field("attestation.signature", hexText(sum.Signature[:])), field("attestation.counter", fmt.Sprint(sum.Counter))}
	}
	var list ocr3.ECDSAAttestation
	if err := ocr3.DecodeECDSAAttestation(attestation, &list); err != nil {
		return []Field{field("attestation", hexText(attestation))}
	}
	fields := []Field{field("attestation.oracles", fmt.Sprint(namedOracles(list.Signers)))}
	for i, s := range list.Signatures {
		signer := "not a signature"
		if key, err := crypto.SigToPub(hash[:], slices.Concat(s.R[:], s.S[:], []byte{0})); err == nil {
			signer = crypto.PubkeyToAddress(*key).Hex()
		}
		fields = append(fields, field(fmt.Sprintf("attestation.signatures[%d].signer", i), signer))
	}
	return fields
}

// namedOracles lists the bits of a set.
func namedOracles(set uint32) []int {
	oracles := []int{}
	for i := range 32 {
		if set>>i&1 == 1 {
			oracles = append(oracles, i)
		}
	}
	return oracles
}

func (ocr3Protocol) report(blob []byte) (*Decoded, error) {
	var r ocr3.FeedReport
	if err := ocr3.DecodeFeedReport(blob, &r); err != nil {
		return nil, err
	}
	return &Decoded{What: "report of a feed of OCR3", Fields: []Field{
		field("observationsTimestamp", fmt.Sprint(r.ObservationsTimestamp)), field("answer", r.Answer.String()),
	}}, nil
}

// The feeds of OCR3, by how oracles sign.
var (
	ocr3ECDSAFeed = &ocr3Feed{ocr3ecdsafeed.OCR3ECDSAFeedMetaData.Bin}
	ocr3BLSFeed   = &ocr3Feed{ocr3blsfeed.OCR3BLSFeedMetaData.Bin}
)

// ocr3Feed is a contract that publishes answers of OCR3, and pays nobody.
type ocr3Feed struct {
	bytecode string // hexadecimal, without the constructor's arguments
}

// ocr3ABI is that of both feeds: they differ in what keys and attestations are.
var ocr3ABI = ocr3ecdsafeed.NewOCR3ECDSAFeed()

func (*ocr3Feed) prerequisites(*netfile.Contract) []prerequisite { return nil }

func (f *ocr3Feed) code(c *netfile.Contract) []byte {
	return append(common.FromHex(f.bytecode), ocr3ABI.PackConstructor(c.MinAnswer, c.MaxAnswer, c.Decimals, c.Description)...)
}

func (*ocr3Feed) read(ctx context.Context, r reader, s *State) error {
	return readAnswers(ctx, r, &s.Settings)
}

func (*ocr3Feed) settings() []setting { return fixedSettings(true) }

func (*ocr3Feed) payments() *payments { return nil }

func (*ocr3Feed) lint(*Plan) {}

// status knows the transmitters by the config: the contract does not list them.
func (*ocr3Feed) status(ctx context.Context, r reader, s *Status) error {
	latest, err := query(ctx, r, "latestTransmissionDetails", ocr3ABI.PackLatestTransmissionDetails(), ocr3ABI.UnpackLatestTransmissionDetails)
	if err != nil {
		return err
	}
	s.Digest, s.Position = digestOf(latest.ConfigDigest), []Number{{"seqNr", latest.SeqNr}}
	if s.Config != nil {
		s.transmitters(s.Config.Transmitters)
	}
	return answerStatus(ctx, r, s)
}
