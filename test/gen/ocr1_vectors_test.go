package gen_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// ocr1ReportVector writes a report from what it holds, and reads it again.
func ocr1ReportVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct {
		ConfigDigest vectors.Hex
		Epoch        vectors.U64
		Round        uint8
		Observations []struct {
			Observer byte
			Value    vectors.Dec
		}
	}](t, c.Input)
	out := vectors.Decode[struct{ Report, SignedHash vectors.Hex }](t, c.Output)

	context := ocr1.ReportContext{ConfigDigest: in.ConfigDigest.Array16(t), Epoch: uint32(in.Epoch), Round: in.Round}
	rawContext, err := ocr1.AppendReportContext(nil, &context)
	if err != nil {
		t.Fatal(err)
	}
	report := &ocr1.Report{RawReportContext: [32]byte(rawContext)}
	for i, o := range in.Observations {
		report.RawObservers[i] = o.Observer
		report.Observations = append(report.Observations, o.Value.Int)
	}
	encoded, err := ocr1.AppendReport(nil, report)
	if err != nil || !bytes.Equal(encoded, out.Report) {
		t.Fatalf("encodes to %x (%v), not to %v", encoded, err, out.Report)
	}
	if hash := crypto.Keccak256(encoded); !bytes.Equal(hash, out.SignedHash) {
		t.Errorf("hash is %x, not %v", hash, out.SignedHash)
	}
	if len(encoded) != ocr1.ReportSize(len(report.Observations)) {
		t.Errorf("size is %d, not %d", ocr1.ReportSize(len(report.Observations)), len(encoded))
	}

	var decoded ocr1.Report
	if err := ocr1.DecodeReport(out.Report, &decoded); err != nil {
		t.Fatal(err)
	}
	var decodedContext ocr1.ReportContext
	if err := ocr1.DecodeReportContext(decoded.RawReportContext[:], &decodedContext); err != nil || decodedContext != context {
		t.Errorf("context is %+v (%v), not %+v", decodedContext, err, context)
	}
	if again, err := ocr1.AppendReport(nil, &decoded); err != nil || !bytes.Equal(again, encoded) {
		t.Errorf("encodes to %x (%v) when it was decoded", again, err)
	}
}

// ocr1DigestInput has the threshold under two names: f in some files.
type ocr1DigestInput struct {
	ContractAddress      common.Address
	ConfigCount          vectors.U64
	Signers              []common.Address
	Transmitters         []common.Address
	F, Threshold         uint8
	EncodedConfigVersion vectors.U64
	Encoded              vectors.Hex
}

func (in ocr1DigestInput) preimage() *ocr1.ConfigPreimage {
	return &ocr1.ConfigPreimage{
		ContractAddress: in.ContractAddress, ConfigCount: uint64(in.ConfigCount), Signers: in.Signers,
		Transmitters: in.Transmitters, Threshold: max(in.F, in.Threshold),
		EncodedConfigVersion: uint64(in.EncodedConfigVersion), Encoded: in.Encoded,
	}
}

func ocr1DigestVector(t *testing.T, _ vectors.File, c vectors.Case) {
	preimage := vectors.Decode[ocr1DigestInput](t, c.Input).preimage()
	out := vectors.Decode[struct{ ConfigDigest, Preimage vectors.Hex }](t, c.Output)
	if got := preimage.Append(nil); out.Preimage != nil && !bytes.Equal(got, out.Preimage) {
		t.Errorf("preimage is %x", got)
	}
	if got := preimage.Digest(); !bytes.Equal(got[:], out.ConfigDigest) {
		t.Errorf("digest is %x, not %v", got, out.ConfigDigest)
	}
}

func TestOCR1DigestVectors(t *testing.T) {
	elsewhere := "offchain/types, offchain/config or offchain/evm/evmutil"
	vectors.EachKind(t, "testdata", []string{"config-digest.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"ocr1Digest": ocr1DigestVector},
		Elsewhere: map[string]string{
			"evmDigest": elsewhere, "evmDigestFromContractConfig": elsewhere, "ocr2ToOCR1Digest": elsewhere, "digestText": elsewhere,
			"digestParse": elsewhere, "digestFromBytes": elsewhere, "prefixes": elsewhere, "checkContractConfig": elsewhere,
			"evmReportContext": elsewhere, "evmOCR3ReportHashes": elsewhere, "splitSignature": elsewhere,
		},
	})
}

// malformed has the reasons for which a configuration cannot be decoded at all. What the decoded values must be like is no
// matter of the codec.
var malformed = []string{
	"nothing to decode",
	"encoding ends inside the last array",
	"encoding ends inside the last word",
	"first word is not a sign-extended int64",
	"uint8 word has high bits set",
	"uint64 word has high bits set",
	"tuple offset beyond the end",
}

func TestOCR1EncodedConfigVectors(t *testing.T) {
	elsewhere := "offchain/config/ocr1config"
	vectors.EachKind(t, "testdata", []string{"config-ocr1.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"setConfigEndToEnd":     encodedConfigVector,
			"integrationTestHelper": encodedConfigVector,
			"decode":                looseEncodedConfigVector,
		},
		Elsewhere: map[string]string{"sharedConfig": elsewhere, "onchainSign": elsewhere, "chainClasses": elsewhere},
	})
}

// publicConfig is what the vectors say is in an encoded configuration.
type publicConfig struct {
	DeltaProgress, DeltaResend, DeltaRound, DeltaGrace, DeltaC, DeltaStage vectors.Ns
	AlphaPPB                                                               vectors.U64
	RMax                                                                   uint8
	S                                                                      []uint8
	OracleIdentities                                                       []struct {
		OffchainPublicKey vectors.Hex
		PeerID            string
	}
}

func (p publicConfig) check(t *testing.T, got *ocr1.EncodedConfig) {
	t.Helper()
	durations := []int64{got.DeltaProgress, got.DeltaResend, got.DeltaRound, got.DeltaGrace, got.DeltaC, got.DeltaStage}
	for i, want := range []vectors.Ns{p.DeltaProgress, p.DeltaResend, p.DeltaRound, p.DeltaGrace, p.DeltaC, p.DeltaStage} {
		if durations[i] != int64(want) {
			t.Errorf("duration %d is %d, not %d", i, durations[i], want)
		}
	}
	if got.AlphaPPB != uint64(p.AlphaPPB) || got.RMax != p.RMax || !slices.Equal(got.S, p.S) {
		t.Errorf("alphaPPB, rMax, s are %d, %d, %v, not %d, %d, %v", got.AlphaPPB, got.RMax, got.S, p.AlphaPPB, p.RMax, p.S)
	}
	var peerIDs []string
	for i, identity := range p.OracleIdentities {
		peerIDs = append(peerIDs, identity.PeerID)
		if i >= len(got.OffchainPublicKeys) || !bytes.Equal(got.OffchainPublicKeys[i][:], identity.OffchainPublicKey) {
			t.Errorf("offchain key %d is not %v", i, identity.OffchainPublicKey)
		}
	}
	if want := strings.Join(peerIDs, ","); got.PeerIDs != want {
		t.Errorf("peer ids are %q, not %q", got.PeerIDs, want)
	}
}

// encodedConfigVector takes a configuration that an encoder made: what it holds, that it is encoded alike, and the digest of the
// call that it is an argument of.
func encodedConfigVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[ocr1DigestInput](t, c.Input)
	out := vectors.Decode[struct {
		ConfigDigest  vectors.Hex
		SetConfigArgs ocr1DigestInput
		PublicConfig  publicConfig
	}](t, c.Output)
	var config ocr1.EncodedConfig
	if err := ocr1.DecodeEncodedConfig(out.SetConfigArgs.Encoded, &config); err != nil {
		t.Fatal(err)
	}
	out.PublicConfig.check(t, &config)
	if len(config.SharedSecretEncryptions.Encryptions) != len(out.SetConfigArgs.Signers) {
		t.Errorf("%d encryptions", len(config.SharedSecretEncryptions.Encryptions))
	}
	again, err := ocr1.AppendEncodedConfig(nil, &config)
	if err != nil || !bytes.Equal(again, out.SetConfigArgs.Encoded) {
		t.Errorf("encodes to %x (%v)", again, err)
	}
	args := out.SetConfigArgs
	args.ContractAddress, args.ConfigCount = in.ContractAddress, in.ConfigCount
	if got := args.preimage().Digest(); !bytes.Equal(got[:], out.ConfigDigest) {
		t.Errorf("digest is %x, not %v", got, out.ConfigDigest)
	}
}

// looseEncodedConfigVector takes configurations that may not be quite what an encoder writes.
func looseEncodedConfigVector(t *testing.T, _ vectors.File, c vectors.Case) {
	encoded := vectors.Decode[struct{ ContractConfig struct{ Encoded vectors.Hex } }](t, c.Input).ContractConfig.Encoded
	out := vectors.Decode[struct {
		Accepted     bool
		Reason       string
		PublicConfig json.RawMessage
	}](t, c.Output)
	var config ocr1.EncodedConfig
	err := ocr1.DecodeEncodedConfigLoose(encoded, &config)
	if (out.Accepted || slices.Contains(malformed, out.Reason)) && (err == nil) != out.Accepted {
		t.Fatalf("decoding ends with %v; %s", err, out.Reason)
	}
	if out.PublicConfig != nil {
		vectors.Decode[publicConfig](t, out.PublicConfig).check(t, &config)
	}
	if ocr1.DecodeEncodedConfig(encoded, &config) == nil {
		if again, _ := ocr1.AppendEncodedConfig(nil, &config); !bytes.Equal(again, encoded) {
			t.Fatalf("the strict decoder accepts a configuration that encodes to %x", again)
		}
	}
}
