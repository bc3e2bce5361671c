package evmreportcodec

import (
	"fmt"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

func BenchmarkBuildReport(b *testing.B) {
	for _, n := range []int{4, 16, 31} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			var paos []median.ParsedAttributedObservation
			for i := range n {
				paos = append(paos, pao(commontypes.OracleID(i), uint32(i*7%n), int64(i*11%n), int64(i*5%n)))
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (ReportCodec{}).BuildReport(b.Context(), paos); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMedianFromReport(b *testing.B) {
	var paos []median.ParsedAttributedObservation
	for i := range 31 {
		paos = append(paos, pao(commontypes.OracleID(i), 1, int64(i), 1))
	}
	report, err := ReportCodec{}.BuildReport(b.Context(), paos)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (ReportCodec{}).MedianFromReport(b.Context(), report); err != nil {
			b.Fatal(err)
		}
	}
}
