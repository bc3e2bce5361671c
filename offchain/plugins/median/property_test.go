package median_test

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/evmreportcodec"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// int192 draws numbers, among them small ones and those at the ends.
func int192() *rapid.Generator[*big.Int] {
	return rapid.Custom(func(t *rapid.T) *big.Int {
		switch rapid.IntRange(0, 3).Draw(t, "size") {
		case 0:
			return big.NewInt(rapid.Int64Range(-3, 3).Draw(t, "small"))
		case 1:
			return rapid.SampledFrom([]*big.Int{median.MinValue(), median.MaxValue()}).Draw(t, "end")
		case 2:
			return big.NewInt(rapid.Int64().Draw(t, "word"))
		}
		i, err := median.DecodeValue(rapid.SliceOfN(rapid.Byte(), 24, 24).Draw(t, "bytes"))
		if err != nil {
			t.Fatal(err)
		}
		return i
	})
}

// round is what a leader may send: observations of 2f+1 to n oracles, in any
// order; up to f of them by liars.
type round struct {
	n, f         int
	observations []types.AttributedObservation
	honest       []*big.Int // values of the honest ones, sorted
}

func drawRound(t *rapid.T) round {
	r := round{f: rapid.IntRange(0, 10).Draw(t, "f")}
	r.n = rapid.IntRange(3*r.f+1, 31).Draw(t, "n")
	oracles := rapid.Permutation(slices.Collect(func(yield func(int) bool) {
		for i := range r.n {
			if !yield(i) {
				return
			}
		}
	})).Draw(t, "oracles")
	liars := rapid.IntRange(0, r.f).Draw(t, "liars")
	quorum := rapid.IntRange(2*r.f+1, r.n).Draw(t, "observations")
	isLiar := make([]bool, quorum)
	for i := range liars {
		isLiar[i] = true
	}
	isLiar = rapid.Permutation(isLiar).Draw(t, "order")
	for i, oracle := range oracles[:quorum] {
		var b types.Observation
		if isLiar[i] && rapid.Bool().Draw(t, "malformed") {
			b = rapid.SliceOfN(rapid.Byte(), 0, 92).Draw(t, "garbage")
		} else {
			value := int192().Draw(t, "value")
			if !isLiar[i] {
				r.honest = append(r.honest, value)
			}
			var err error
			b, err = median.EncodeObservation(rapid.Uint32().Draw(t, "timestamp"), value, int192().Draw(t, "juels"), int192().Draw(t, "gas"), rapid.Bool().Draw(t, "include gas"))
			if err != nil {
				t.Fatal(err)
			}
			if len(b) > 92 {
				t.Fatalf("observation of %d bytes", len(b))
			}
		}
		r.observations = append(r.observations, types.AttributedObservation{Observation: b, Observer: commontypes.OracleID(oracle)})
	}
	slices.SortFunc(r.honest, (*big.Int).Cmp)
	return r
}

// TestMedianIsHonest: whatever up to f liars observe, the report has a median
// between honest observations, and all oracles make the same bytes of it.
func TestMedianIsHonest(t *testing.T) {
	codec := evmreportcodec.ReportCodec{}
	rapid.Check(t, func(rt *rapid.T) {
		r := drawRound(rt)
		var first types.Report
		for oracle := range 2 {
			// The contracts of the two differ in what leads to a report, and
			// the second oracle's plugin has made other reports before.
			con := &contract{digest: ownDigest, answer: big.NewInt(int64(oracle)), timestamp: now}
			p, info := newPlugin(t, setting{n: r.n, f: r.f, factory: median.NumericalMedianFactory{ContractTransmitter: con}})
			before := slices.Clone(r.observations)
			for call := range oracle + 1 {
				ts := types.ReportTimestamp{ConfigDigest: ownDigest, Epoch: 1, Round: uint8(call + 1)}
				should, report, err := p.Report(t.Context(), ts, nil, r.observations)
				if err != nil || !should {
					rt.Fatalf("Report: %v, %v; want a report", should, err)
				}
				if len(report) > info.Limits.MaxReportLength {
					rt.Fatalf("report of %d bytes, limit %d", len(report), info.Limits.MaxReportLength)
				}
				if first == nil {
					first = report
				}
				if !bytes.Equal(report, first) {
					rt.Fatalf("reports differ:\n%x\n%x", first, report)
				}
			}
			if !slices.EqualFunc(before, r.observations, types.AttributedObservation.Equal) {
				rt.Fatal("Report changed the list that it was given")
			}
		}

		m, err := codec.MedianFromReport(t.Context(), first)
		if err != nil {
			rt.Fatal(err)
		}
		if m.Cmp(r.honest[0]) < 0 || m.Cmp(r.honest[len(r.honest)-1]) > 0 {
			rt.Fatalf("median %d is outside of what honest oracles observed, %d to %d", m, r.honest[0], r.honest[len(r.honest)-1])
		}

		// The report attributes each value to who observed it.
		byObserver := map[byte]*big.Int{}
		for _, ao := range r.observations {
			if pao, err := median.ParseObservation(ao); err == nil {
				byObserver[byte(ao.Observer)] = pao.Value
			}
		}
		if want := 160 + 32*len(byObserver); len(first) != want {
			rt.Fatalf("report of %d bytes, want %d for %d observations", len(first), want, len(byObserver))
		}
		var last *big.Int
		for i := range len(byObserver) {
			value, err := median.DecodeValue(first[160+32*i+8:][:24])
			if err != nil {
				rt.Fatal(err)
			}
			if want := byObserver[first[32+i]]; want == nil || value.Cmp(want) != 0 {
				rt.Fatalf("observation %d is %d and attributed to oracle %d, who observed %v", i, value, first[32+i], want)
			}
			delete(byObserver, first[32+i])
			if last != nil && value.Cmp(last) < 0 {
				rt.Fatalf("observation %d, %d, is less than the one before, %d", i, value, last)
			}
			last = value
		}
	})
}

// TestDeviation compares with rational arithmetic.
func TestDeviation(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		before, after := int192().Draw(rt, "old"), int192().Draw(rt, "new")
		ppb := rapid.Uint64().Draw(rt, "ppb")
		want := after.Sign() != 0
		if before.Sign() != 0 {
			moved := new(big.Rat).SetFrac(new(big.Int).Sub(after, before), before)
			want = moved.Abs(moved).Cmp(new(big.Rat).SetFrac(new(big.Int).SetUint64(ppb), big.NewInt(1_000_000_000))) >= 0
		}
		got, err := median.DefaultDeviationFunc(t.Context(), ppb, before, after)
		if err != nil || got != want {
			rt.Fatalf("from %d to %d by %d ppb: %v, %v; want %v", before, after, ppb, got, err, want)
		}
	})
}

// TestAcceptedReportsIncrease: whatever comes in whatever order, accepted
// reports are newer than those accepted before and than what is on chain.
func TestAcceptedReportsIncrease(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		con := &contract{digest: ownDigest, answer: new(big.Int), timestamp: now}
		p, _ := newPlugin(t, setting{
			factory:  median.NumericalMedianFactory{ContractTransmitter: con},
			offchain: median.OffchainConfig{AlphaAcceptPPB: rapid.Uint64Range(0, 2_000_000_000).Draw(rt, "ppb")},
		})
		type epochRound struct {
			epoch uint32
			round uint8
		}
		before := func(a, b epochRound) bool { return a.epoch < b.epoch || a.epoch == b.epoch && a.round < b.round }
		var accepted epochRound
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "transmission") {
				con.epoch, con.round = accepted.epoch, accepted.round
			}
			er := epochRound{rapid.Uint32Range(0, 3).Draw(rt, "epoch"), rapid.Uint8Range(0, 3).Draw(rt, "round")}
			value := big.NewInt(rapid.Int64Range(-3, 3).Draw(rt, "median"))
			report, err := evmreportcodec.ReportCodec{}.BuildReport(t.Context(), []median.ParsedAttributedObservation{{Value: value, JuelsPerFeeCoin: value}})
			if err != nil {
				rt.Fatal(err)
			}
			ok, err := p.ShouldAcceptFinalizedReport(t.Context(), types.ReportTimestamp{ConfigDigest: ownDigest, Epoch: er.epoch, Round: er.round}, report)
			if err != nil {
				rt.Fatal(err)
			}
			if ok {
				if !before(accepted, er) || !before(epochRound{con.epoch, con.round}, er) {
					rt.Fatalf("accepted %v after %v, with (%d, %d) on chain", er, accepted, con.epoch, con.round)
				}
				accepted = er
			}
		}
	})
}
