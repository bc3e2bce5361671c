package ocr1

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type vectorOverride struct {
	AlphaPPB vectors.U64
	DeltaCNs vectors.Ns
}

func (o *vectorOverride) override() *ocr1types.ConfigOverride {
	if o == nil {
		return nil
	}
	return &ocr1types.ConfigOverride{AlphaPPB: uint64(o.AlphaPPB), DeltaC: o.DeltaCNs.D()}
}

type vectorRound struct {
	Epoch uint32
	Round uint8
}

func (r vectorRound) round() Round { return Round{Epoch: r.Epoch, Round: r.Round} }

func TestDecisionVectors(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr1-decisions.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"deviates": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind         string
					Old, New     vectors.Dec
					ThresholdPPB vectors.U64
				}](t, c.Input)
				want := vectors.DecodeStrict[struct{ Deviates bool }](t, c.Output).Deviates
				if got := deviates(in.Old.Int, in.New.Int, uint64(in.ThresholdPPB)); got != want {
					t.Errorf("got %t, want %t", got, want)
				}
			},
			"shouldReport": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind         string
					AlphaPPB     vectors.U64
					ConfigDigest vectors.Hex
					DeltaCNs     vectors.Ns
					Contract     struct {
						ConfigDigest         vectors.Hex
						Epoch                uint32
						Round                uint8
						Error, Timeout       bool
						LatestAnswer         *vectors.Dec
						LatestTimestampAgeNs vectors.Ns
					}
					RoundRequested struct {
						ConfigDigest   vectors.Hex
						Epoch          uint32
						Round          uint8
						Error, Timeout bool
					}
					Override           *vectorOverride
					SortedObservations []vectors.Dec
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					ShouldReport bool
					Note         string
				}](t, c.Output)
				cfg := Config{ConfigDigest: in.ConfigDigest.Array16(t), AlphaPPB: uint64(in.AlphaPPB), DeltaC: in.DeltaCNs.D()}
				var list []ocr1wire.AttributedObservation
				for i, v := range in.SortedObservations {
					o, err := ocr1wire.NewObservation(v.Int)
					if err != nil {
						t.Fatal(err)
					}
					list = append(list, ocr1wire.AttributedObservation{Observation: o, Observer: commontypes.OracleID(i)})
				}
				inputs := ReportInputsDone{
					Contract: ContractState{
						ConfigDigest: in.Contract.ConfigDigest.Array16(t), Round: Round{Epoch: in.Contract.Epoch, Round: in.Contract.Round},
						LatestTimestamp: now.Add(-in.Contract.LatestTimestampAgeNs.D()),
					},
					Requested: RequestedRound{in.RoundRequested.ConfigDigest.Array16(t), Round{Epoch: in.RoundRequested.Epoch, Round: in.RoundRequested.Round}},
					Override:  in.Override.override(),
				}
				if in.Contract.LatestAnswer != nil {
					inputs.Contract.LatestAnswer = in.Contract.LatestAnswer.Int
				}
				if in.Contract.Error || in.Contract.Timeout || in.RoundRequested.Error || in.RoundRequested.Timeout {
					inputs.Err = errors.New("not there")
				}
				if got := cfg.reportDue(now, list, inputs); got != want.ShouldReport {
					t.Errorf("got %t, want %t: %s", got, want.ShouldReport, want.Note)
				}
			},
			"shouldTransmit": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind             string
					AlphaPPB         vectors.U64
					Contract, Latest vectorRound
					LatestMedian     *vectors.Dec
					Override         *vectorOverride
					Report           struct {
						Epoch  uint32
						Round  uint8
						Median vectors.Dec
					}
				}](t, c.Input)
				want := vectors.DecodeStrict[struct{ ShouldTransmit bool }](t, c.Output).ShouldTransmit
				cfg := Config{AlphaPPB: uint64(in.AlphaPPB)}
				alphaPPB, _ := cfg.thresholds(in.Override.override())
				var accepted *big.Int
				if in.LatestMedian != nil {
					accepted = in.LatestMedian.Int
				}
				got := worthTransmitting(Round{Epoch: in.Report.Epoch, Round: in.Report.Round}, in.Contract.round(), in.Latest.round(),
					in.Report.Median.Int, accepted, alphaPPB)
				if got != want {
					t.Errorf("got %t, want %t", got, want)
				}
			},
		},
	})
}

func TestAttestationVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr1-signing.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"verifyAttestedReportMany": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                   string
					F                      int
					AttributedObservations []struct {
						Observation vectors.Dec
						Observer    commontypes.OracleID
					}
					OnchainAddresses, Signatures []vectors.Hex
					ReportContext                struct {
						ConfigDigest vectors.Hex
						Epoch        uint32
						Round        uint8
					}
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					Valid bool
					Why   string
				}](t, c.Output)
				var report ocr1wire.AttestedReportMany
				for _, o := range in.AttributedObservations {
					value, err := ocr1wire.NewObservation(o.Observation.Int)
					if err != nil {
						t.Fatal(err)
					}
					report.Observations = append(report.Observations, ocr1wire.AttributedObservation{Observation: value, Observer: o.Observer})
				}
				for _, signature := range in.Signatures {
					report.Signatures = append(report.Signatures, signature)
				}
				var addresses []common.Address
				for _, address := range in.OnchainAddresses {
					addresses = append(addresses, common.Address(address))
				}
				ts := ocr1types.ReportTimestamp{
					ConfigDigest: in.ReportContext.ConfigDigest.Array16(t), Epoch: in.ReportContext.Epoch, Round: in.ReportContext.Round,
				}
				b, err := ocr1wire.OnchainReport(ts, report.Observations)
				if err != nil {
					t.Fatal(err)
				}
				core := newCore(Config{Config: rounds.Config{N: len(addresses), F: in.F}})
				valid := core.checkSignatures(&report)
				if valid {
					_, valid = core.checkSigners(len(report.Signatures), recoverSigners(b, report.Signatures, addresses))
				}
				if valid != want.Valid {
					t.Errorf("got %t, want %t: %s", valid, want.Valid, want.Why)
				}
			},
		},
		Elsewhere: map[string]string{
			"signedObservation":   "offchain/wire/ocr1wire",
			"report":              "offchain/wire/ocr1wire",
			"observationEncoding": "offchain/wire/ocr1wire",
		},
	})
}
