package ocr2

import (
	"fmt"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
)

var epochStart = roundtest.Epoch

func fakeSign(signer commontypes.OracleID, message []byte) []byte {
	return roundtest.Sign(signer, message)
}

func reportMessage(ctx types.ReportContext, report types.Report) []byte {
	return fmt.Appendf(nil, "%x/%d/%d/%x/%x", ctx.ConfigDigest, ctx.Epoch, ctx.Round, ctx.ExtraHash, []byte(report))
}

// signedBy is the signature that a check is to find.
func signedBy(check *kernel.SignatureCheck) []byte {
	if check.Kind == kernel.OnchainSignature {
		return fakeSign(check.Signer, reportMessage(*check.Context, check.Report))
	}
	return fakeSign(check.Signer, check.Message)
}

func verifyAll(v kernel.Verify) kernel.Verified { return roundtest.Verify(v, signedBy) }

// fakePlugin is deterministic: the query names the round, the observation the round and the oracle, the report the round.
type fakePlugin struct {
	skip     func(Round) bool // nil: never
	transmit bool
}

var errPlugin = roundtest.ErrOutside

// answer returns the result of a call effect, or nil if the effect is none.
func (p *fakePlugin) answer(own commontypes.OracleID, effect kernel.Effect) Event {
	switch e := effect.(type) {
	case kernel.Verify:
		return verifyAll(e)
	case kernel.SignOffchain:
		return kernel.Signed{ID: e.ID, Signature: fakeSign(own, e.Message)}
	case SignReport:
		return kernel.Signed{ID: e.ID, Signature: fakeSign(own, reportMessage(e.Context, e.Report))}
	case CallQuery:
		return QueryDone{ID: e.ID, Query: types.Query{e.Timestamp.Round}}
	case CallObservation:
		return ObservationDone{ID: e.ID, Observation: types.Observation{byte(e.Timestamp.Epoch), e.Timestamp.Round, byte(own)}}
	case CallReport:
		if p.skip != nil && p.skip(Round{Epoch: e.Timestamp.Epoch, Round: e.Timestamp.Round}) {
			return ReportDone{ID: e.ID}
		}
		return ReportDone{ID: e.ID, ShouldReport: true, Report: types.Report{byte(e.Timestamp.Epoch), e.Timestamp.Round}}
	case CallShouldAccept:
		return ShouldAcceptDone{ID: e.ID, Accept: true}
	case CallShouldTransmit:
		return ShouldTransmitDone{ID: e.ID, Transmit: p.transmit}
	case CallTransmit:
		return rounds.TransmitDone{ID: e.ID}
	}
	return nil
}

func testConfig(n, f int) Config {
	return Config{
		ConfigDigest: types.ConfigDigest{1, 2, 3},
		Config: rounds.Config{
			N: n, F: f,
			DeltaProgress: 2 * time.Second, DeltaResend: 10 * time.Second, DeltaRound: 100 * time.Millisecond,
			DeltaGrace: 20 * time.Millisecond, DeltaStage: 20 * time.Millisecond, RMax: 3, S: []int{1, n},
		},
		ReportQuorum: f + 1,
	}
}

func newNetwork(cfg Config, plugin *fakePlugin) *roundtest.Network[ocr2wire.Message] {
	net := roundtest.NewNetwork[ocr2wire.Message](cfg.N, func(own commontypes.OracleID) roundtest.Machine {
		cfg.OracleID = own
		return New(cfg)
	})
	net.Answer = plugin.answer
	return net
}

func TestNetworkMakesReports(t *testing.T) {
	for _, size := range []struct{ n, f int }{{1, 0}, {2, 0}, {4, 1}, {7, 2}, {16, 5}, {31, 10}} {
		t.Run(fmt.Sprintf("n=%d", size.n), func(t *testing.T) {
			net := newNetwork(testConfig(size.n, size.f), &fakePlugin{transmit: true})
			transmitted := map[Round]int{}
			net.Seen = func(own commontypes.OracleID, effect kernel.Effect) {
				if complaint := roundtest.Complaint(own, effect); complaint != "" {
					t.Error(complaint)
				}
				if e, ok := effect.(CallTransmit); ok {
					transmitted[Round{Epoch: e.Context.Epoch, Round: e.Context.Round}]++
				}
			}
			net.Start(Start{ContractKnown: true})
			net.Run(2 * time.Second)
			for epoch := uint32(1); epoch <= 4; epoch++ {
				for round := uint8(1); round <= 3; round++ {
					if got := transmitted[Round{Epoch: epoch, Round: round}]; got != size.n {
						t.Errorf("%d/%d was transmitted by %d oracles, want %d", epoch, round, got, size.n)
					}
				}
			}
			if t.Failed() {
				t.Log(net.Machines[0])
			}
		})
	}
}
