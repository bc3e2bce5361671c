package ocr2

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestAttestationVectors(t *testing.T) {
	type verdict struct {
		Valid bool
		Why   string
	}
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr2-signing.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"verifyAttestedReportMany": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                 string
					AttributedSignatures []struct {
						Signature vectors.Hex
						Signer    commontypes.OracleID
					}
					ExtraHash        vectors.Hex
					OnchainAddresses []vectors.Hex
					Report           vectors.Hex
					ReportQuorum     int
					ReportTimestamp  struct {
						ConfigDigest vectors.Hex
						Epoch        uint32
						Round        uint8
					}
				}](t, c.Input)
				want := vectors.DecodeStrict[verdict](t, c.Output)
				n := len(in.OnchainAddresses)
				core := newCore(Config{
					ConfigDigest: in.ReportTimestamp.ConfigDigest.Array32(t), Config: rounds.Config{N: n, F: (n - 1) / 3}, ReportQuorum: in.ReportQuorum,
				})
				f := &ocr2wire.Final{Epoch: in.ReportTimestamp.Epoch, Round: in.ReportTimestamp.Round, H: in.ExtraHash.Array32(t)}
				f.AttestedReport.Report = in.Report
				for _, s := range in.AttributedSignatures {
					f.AttestedReport.AttributedSignatures = append(f.AttestedReport.AttributedSignatures,
						types.AttributedOnchainSignature{Signature: s.Signature, Signer: s.Signer})
				}
				why, valid := core.checkFinal(f)
				if valid {
					for _, check := range core.finalSignatures(f) {
						if check.Kind != kernel.OnchainSignature {
							t.Fatalf("kind of signature %d", check.Kind)
						}
						address := common.Address(in.OnchainAddresses[check.Signer])
						valid = valid && evmVerify(address, *check.Context, check.Report, check.Signature)
					}
				}
				if valid != want.Valid {
					t.Errorf("got %v (%s), want %v (%s)", valid, why.Text, want.Valid, want.Why)
				}
			},
			"verifyAttestedReportOneSkip": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind              string
					Report, Signature vectors.Hex
				}](t, c.Input)
				want := vectors.DecodeStrict[verdict](t, c.Output)
				if got := checkSkip(&ocr2wire.AttestedReportOne{Skip: true, Report: in.Report, Signature: in.Signature}); got != want.Valid {
					t.Errorf("got %v, want %v (%s)", got, want.Valid, want.Why)
				}
			},
		},
		Elsewhere: map[string]string{
			"signedObservation":       "offchain/wire/ocr2wire",
			"verifySignedObservation": "offchain/wire/ocr2wire",
			"extraHash":               "offchain/wire/ocr2wire",
			"evmReportSignature":      "offchain/evm",
			"ocr1NetworkDigest":       "offchain/config",
		},
	})
}

func TestFinalizationWindowVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr2-limits.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"expirationAgeRounds": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind         string
					DeltaRoundNs vectors.Ns
				}](t, c.Input)
				want := vectors.DecodeStrict[struct{ Rounds int64 }](t, c.Output).Rounds
				if got := expirationAgeRounds(in.DeltaRoundNs.D()); got != want {
					t.Errorf("got %d rounds, want %d", got, want)
				}
			},
		},
		Elsewhere: map[string]string{
			"ocr2EndpointLimits": "offchain/config/ocr2config",
			"ocr2LocalConfig":    "offchain/localconfig",
		},
	})
}

// TestFinalHash checks that no two different finals share a hash by the way their parts are put together.
func TestFinalHash(t *testing.T) {
	base := func() *ocr2wire.Final {
		return &ocr2wire.Final{Epoch: 1, Round: 2, AttestedReport: ocr2wire.AttestedReportMany{
			Report: []byte{1, 2}, AttributedSignatures: []types.AttributedOnchainSignature{{Signature: []byte{3}, Signer: 4}, {Signature: []byte{5}, Signer: 6}},
		}}
	}
	seen := map[[32]byte]string{finalHash(base()): "base"}
	for name, change := range map[string]func(*ocr2wire.Final){
		"epoch":          func(f *ocr2wire.Final) { f.Epoch++ },
		"round":          func(f *ocr2wire.Final) { f.Round++ },
		"h":              func(f *ocr2wire.Final) { f.H[31]++ },
		"report":         func(f *ocr2wire.Final) { f.AttestedReport.Report[0]++ },
		"shorter report": func(f *ocr2wire.Final) { f.AttestedReport.Report = f.AttestedReport.Report[:1] },
		"signer":         func(f *ocr2wire.Final) { f.AttestedReport.AttributedSignatures[0].Signer++ },
		"signature":      func(f *ocr2wire.Final) { f.AttestedReport.AttributedSignatures[1].Signature[0]++ },
		"one signature": func(f *ocr2wire.Final) {
			f.AttestedReport.AttributedSignatures = f.AttestedReport.AttributedSignatures[:1]
		},
		"long report": func(f *ocr2wire.Final) { f.AttestedReport.Report = make([]byte, 5000) },
	} {
		f := base()
		change(f)
		if other, ok := seen[finalHash(f)]; ok {
			t.Errorf("a change of %s gives the same hash as %s", name, other)
		}
		seen[finalHash(f)] = name
	}
}
