package sim

import (
	"context"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/evmreportcodec"
)

// TestMedianNetworks: the median plugin keeps liars out of the answer, in networks with f of them.
func TestMedianNetworks(t *testing.T) {
	for seed := range uint64(30) {
		o := Options{Seed: seed, N: 7, Rounds: 10, Faults: Rough(), HealAfter: 2 * time.Second, WireBytes: true, Traitors: []Traitor{&Liar{}, &Equivocator{}}}
		useMedian(&o, rand.New(rand.NewPCG(seed, 0)))
		Run(t, o)
	}
}

// TestHonestMedian: the checker takes a median at the bounds of the honest observations and refuses one beyond.
func TestHonestMedian(t *testing.T) {
	observation := func(observer commontypes.OracleID, value int64) HonestObservation {
		encoded, err := median.EncodeValue(big.NewInt(value))
		if err != nil {
			t.Fatal(err)
		}
		b, err := proto.Marshal(&median.NumericalMedianObservationProto{Value: encoded})
		if err != nil {
			t.Fatal(err)
		}
		return HonestObservation{observer, b}
	}
	honest := []HonestObservation{observation(1, 10), observation(2, 20)}
	for answer, ok := range map[int64]bool{9: false, 10: true, 15: true, 20: true, 21: false} {
		report, err := evmreportcodec.ReportCodec{}.BuildReport(context.Background(), []median.ParsedAttributedObservation{
			{Value: big.NewInt(answer), JuelsPerFeeCoin: big.NewInt(1), GasPriceSubunits: big.NewInt(0), Observer: 3},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := honestMedian(LandedReport{Report: report}, honest); (err == nil) != ok {
			t.Errorf("answer %d: got %v, want it taken: %t", answer, err, ok)
		}
	}
	if honestMedian(LandedReport{}, honest) == nil || honestMedian(LandedReport{}, nil) == nil {
		t.Error("a report that is none is taken")
	}
}
