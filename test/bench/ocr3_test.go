package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/test/ocr3net"
)

// BenchmarkOCR3Rounds runs rounds as fast as they come, as BenchmarkOCR2Rounds does; an iteration is an outcome whose one report
// is signed by f+1 oracles and taken by the contract. Four signatures of every oracle make a round: observation, prepare, commit,
// report.
func BenchmarkOCR3Rounds(b *testing.B) {
	for _, size := range []struct{ n, f int }{{4, 1}, {16, 5}, {31, 10}} {
		b.Run(fmt.Sprintf("n=%d", size.n), func(b *testing.B) {
			net := ocr3net.New(b, size.n, size.f)
			for _, node := range net.Nodes {
				node.Args.Logger = nil
				node.Plugin.Reports = 1
			}
			net.SetConfig(func(cfg *ocr3config.PublicConfig) {
				cfg.DeltaProgress = 20 * time.Second
				cfg.DeltaResend = 5 * time.Second
				cfg.DeltaInitial = 5 * time.Second
				cfg.DeltaRound = time.Millisecond
				cfg.DeltaGrace = 0
				cfg.DeltaStage = 5 * time.Second
				cfg.RMax = 1 << 20
			})
			net.StartAll()
			reach := func(reports int) {
				ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
				defer cancel()
				if !net.Contract.WaitFor(ctx, func(got []ocr3net.Transmission) bool { return len(got) >= reports }) {
					b.Fatalf("%d reports only, want %d", len(net.Contract.Transmissions()), reports)
				}
			}
			reach(5)
			before := committed(net)
			cpu := cpuTime(b)
			b.ReportAllocs()
			b.ResetTimer()
			reach(len(net.Contract.Transmissions()) + b.N)
			b.StopTimer()
			cpu = cpuTime(b) - cpu
			done := committed(net) - before
			net.StopAll()
			b.ReportMetric(float64(cpu.Microseconds())/1000/float64(done), "cpu-ms/round")
			b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "rounds/s")
		})
	}
}

// committed returns the highest sequence number that an oracle has committed.
func committed(net *ocr3net.Network) (most uint64) {
	for _, node := range net.Nodes {
		if s := node.Status().OCR3; s != nil {
			most = max(most, s.Machine.CommittedSeqNr)
		}
	}
	return most
}
