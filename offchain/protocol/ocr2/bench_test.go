package ocr2

import (
	"fmt"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// BenchmarkRound measures whole rounds of n machines, from ObserveReq to the end of transmission, with calls that are
// answered at once: what the machines themselves cost, without keys, codec, plugin, disk or network. One operation is one
// round of the whole network.
func BenchmarkRound(b *testing.B) {
	for _, size := range []struct{ n, f int }{{4, 1}, {16, 5}, {31, 10}} {
		b.Run(fmt.Sprintf("n=%d", size.n), func(b *testing.B) {
			cfg := testConfig(size.n, size.f)
			cfg.RMax = 254
			net := newNetwork(cfg, nil)
			net.Answer = instantAnswers
			done := 0
			net.Seen = func(own commontypes.OracleID, effect kernel.Effect) {
				if _, ok := effect.(CallQuery); ok {
					done++
				}
			}
			net.Start(Start{ContractKnown: true})
			net.Run(time.Second)
			done, net.Steps = 0, 0
			b.ReportAllocs()
			b.ResetTimer()
			for done < b.N {
				net.Run(cfg.DeltaRound / 10)
			}
			b.StopTimer()
			b.ReportMetric(float64(net.Steps)/float64(done), "steps/op")
		})
	}
}

var (
	benchSignature   = make([]byte, 65)
	benchObservation = make(types.Observation, 92)
	benchReport      = make(types.Report, 1000)
)

func instantAnswers(_ commontypes.OracleID, effect kernel.Effect) Event {
	switch e := effect.(type) {
	case kernel.Verify:
		return kernel.Verified{ID: e.ID, Bad: -1}
	case kernel.SignOffchain:
		return kernel.Signed{ID: e.ID, Signature: benchSignature[:64]}
	case SignReport:
		return kernel.Signed{ID: e.ID, Signature: benchSignature}
	case CallQuery:
		return QueryDone{ID: e.ID}
	case CallObservation:
		return ObservationDone{ID: e.ID, Observation: benchObservation}
	case CallReport:
		return ReportDone{ID: e.ID, ShouldReport: true, Report: benchReport}
	case CallShouldAccept:
		return ShouldAcceptDone{ID: e.ID, Accept: true}
	case CallShouldTransmit:
		return ShouldTransmitDone{ID: e.ID}
	}
	return nil
}
