package ocr3feed_test

import (
	"bytes"
	"context"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// int192 draws numbers, among them small ones and those at the ends.
func int192() *rapid.Generator[*big.Int] {
	return rapid.Custom(func(t *rapid.T) *big.Int {
		switch rapid.IntRange(0, 2).Draw(t, "size") {
		case 0:
			return big.NewInt(rapid.Int64Range(-3, 3).Draw(t, "small"))
		case 1:
			return rapid.SampledFrom([]*big.Int{median.MinValue(), median.MaxValue()}).Draw(t, "end")
		}
		i, err := median.DecodeValue(rapid.SliceOfN(rapid.Byte(), 24, 24).Draw(t, "bytes"))
		if err != nil {
			t.Fatal(err)
		}
		return i
	})
}

func prices() *rapid.Generator[ocr3feed.Price] {
	return rapid.Custom(func(t *rapid.T) ocr3feed.Price {
		times := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(now-5, now+5), rapid.Uint32Range(now-120, now+120))
		return ocr3feed.Price{Time: times.Draw(t, "time"), Value: int192().Draw(t, "value")}
	})
}

// observed draws observations for a sequence number.
func observed(seqNr uint64) *rapid.Generator[ocr3feed.Observation] {
	return rapid.Custom(func(t *rapid.T) ocr3feed.Observation {
		onChain := rapid.OneOf(rapid.Uint64Range(0, seqNr), rapid.Just(uint64(0)), rapid.Just(ocr3feed.Unread), rapid.Uint64())
		return ocr3feed.Observation{Price: prices().Draw(t, "price"), OnChain: onChain.Draw(t, "on chain")}
	})
}

func offchainConfigs() *rapid.Generator[median.OffchainConfig] {
	return rapid.Custom(func(t *rapid.T) median.OffchainConfig {
		return median.OffchainConfig{
			AlphaReportInfinite: rapid.Bool().Draw(t, "infinite"),
			AlphaReportPPB:      rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 2_000_000_000)).Draw(t, "ppb"),
			DeltaC:              time.Duration(rapid.OneOf(rapid.Int64Min(0), rapid.Int64Range(0, int64(20*time.Second))).Draw(t, "delta c")),
		}
	})
}

// TestPropertyRounds plays rounds with random observations, some of them lies, and checks each outcome against what a plain model
// says. Another plugin, with another clock, contract and source, and the observations in another order, gets the same bytes.
func TestPropertyRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		f := rapid.IntRange(0, 10).Draw(t, "f")
		n := rapid.IntRange(3*f+1, 31).Draw(t, "n")
		config := offchainConfigs().Draw(t, "config")
		a, b := int192().Draw(t, "bound"), int192().Draw(t, "bound")
		if a.Cmp(b) > 0 {
			a, b = b, a
		}
		onchain, err := median.StandardOnchainConfigCodec{}.Encode(ctx, median.OnchainConfig{Min: a, Max: b})
		if err != nil {
			t.Fatal(err)
		}
		newOracle := func(id commontypes.OracleID) ocr3types.ReportingPlugin[struct{}] {
			p, _, err := ocr3feed.Factory{
				DataSource: &source{value: big.NewInt(int64(id))}, Contract: &contract{seqNr: uint64(id)}, Now: func() time.Time { return time.Unix(int64(id), 0) },
			}.NewReportingPlugin(ctx, ocr3types.ReportingPluginConfig{ConfigDigest: ownDigest, OracleID: id, N: n, F: f, OnchainConfig: onchain, OffchainConfig: config.Encode()})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		plugin := newOracle(0)
		var previous ocr3types.Outcome
		var last *ocr3feed.Price // the model's
		var lastSeqNr uint64
		for seqNr := range uint64(rapid.IntRange(1, 6).Draw(t, "rounds")) {
			count := rapid.IntRange(2*f+1, n).Draw(t, "observations")
			list := rapid.SliceOfN(observed(seqNr+1), count, count).Draw(t, "observed")
			liars := rapid.OneOf(rapid.Just(f), rapid.IntRange(0, f)).Draw(t, "liars") // the first ones
			if rapid.Bool().Draw(t, "sides") {                                         // liars against the others
				say := rapid.OneOf(rapid.Just(uint64(0)), rapid.Just(lastSeqNr), rapid.Just(ocr3feed.Unread))
				lie, truth := say.Draw(t, "lie"), say.Draw(t, "truth")
				for i := range list {
					list[i].OnChain = truth
					if i < liars {
						list[i].OnChain = lie
					}
				}
			}
			outctx := ocr3types.OutcomeContext{SeqNr: seqNr + 1, PreviousOutcome: previous}
			aos := observations(t, list...)
			outcome, err := plugin.Outcome(ctx, outctx, nil, aos)
			if err != nil {
				t.Fatal(err)
			}
			again, err := newOracle(1).Outcome(ctx, outctx, nil, rapid.Permutation(aos).Draw(t, "order"))
			if err != nil || !bytes.Equal(outcome, again) {
				t.Fatalf("another oracle has outcome %x (%v), not %x", again, err, outcome)
			}
			if len(outcome) != ocr3feed.OutcomeSize {
				t.Fatalf("outcome of %d bytes", len(outcome))
			}
			o, err := ocr3feed.DecodeOutcome(outcome)
			if err != nil {
				t.Fatal(err)
			}
			honest := list[liars:]
			less := func(a, b ocr3feed.Observation) int { return a.Value.Cmp(b.Value) }
			if lowest, highest := slices.MinFunc(honest, less), slices.MaxFunc(honest, less); o.Median.Value.Cmp(lowest.Value) < 0 || o.Median.Value.Cmp(highest.Value) > 0 {
				t.Fatalf("median %d is not between %d and %d", o.Median.Value, lowest.Value, highest.Value)
			}
			earlier := func(a, b ocr3feed.Observation) int { return int(int64(a.Time) - int64(b.Time)) }
			if o.Median.Time < slices.MinFunc(honest, earlier).Time || o.Median.Time > slices.MaxFunc(honest, earlier).Time {
				t.Fatalf("time %d is that of no honest oracle", o.Median.Time)
			}
			if !equal(o.Before, last) {
				t.Fatalf("before is %+v, want %+v", o.Before, last)
			}
			if want := due(config, a, b, last, o.Median, without(list, lastSeqNr) >= f+1); o.Report != want {
				t.Fatalf("report is %t, want %t, for %+v after %+v", o.Report, want, o.Median, last)
			}
			if last != nil && without(honest, lastSeqNr) == 0 && o.Report != due(config, a, b, last, o.Median, false) {
				t.Fatalf("%d liars had a report repeated that all others have", liars)
			}
			if without(honest, lastSeqNr) == len(honest) && o.Report != due(config, a, b, last, o.Median, true) {
				t.Fatalf("%d liars kept a report from being repeated that nobody else has", liars)
			}
			reports, err := plugin.Reports(ctx, outctx.SeqNr, outcome)
			if err != nil {
				t.Fatal(err)
			}
			if o.Report {
				last, lastSeqNr = &o.Median, outctx.SeqNr
				if got, err := ocr3feed.DecodeReport(reports[0].ReportWithInfo.Report); err != nil || !equal(&got, last) || len(reports) != 1 || len(reports[0].ReportWithInfo.Report) != ocr3feed.ReportSize {
					t.Fatalf("report %v of %d (%v), want %v", got, len(reports), err, last)
				}
			} else if len(reports) != 0 {
				t.Fatalf("%d reports of a round without", len(reports))
			}
			if o.LastSeqNr != lastSeqNr {
				t.Fatalf("the last report has sequence number %d, want %d", o.LastSeqNr, lastSeqNr)
			}
			previous = outcome
		}
	})
}

// without counts who says that the contract does not have a report.
func without(list []ocr3feed.Observation, seqNr uint64) (count int) {
	for _, o := range list {
		if o.OnChain != ocr3feed.Unread && o.OnChain < seqNr {
			count++
		}
	}
	return count
}

// due is the rule for reports in other words.
func due(config median.OffchainConfig, min, max *big.Int, last *ocr3feed.Price, now ocr3feed.Price, missing bool) bool {
	if now.Value.Cmp(min) < 0 || max.Cmp(now.Value) < 0 {
		return false
	}
	if last == nil {
		return true
	}
	age := new(big.Int).Mul(big.NewInt(int64(now.Time)-int64(last.Time)), big.NewInt(int64(time.Second)))
	if age.CmpAbs(big.NewInt(int64(config.DeltaC))) >= 0 {
		return true
	}
	if missing && int64(now.Time) >= int64(last.Time)+60 {
		return true
	}
	if config.AlphaReportInfinite {
		return false
	}
	if last.Value.Sign() == 0 {
		return now.Value.Sign() != 0
	}
	change := new(big.Rat).SetFrac(new(big.Int).Sub(now.Value, last.Value), last.Value)
	alpha := new(big.Rat).SetFrac(new(big.Int).SetUint64(config.AlphaReportPPB), big.NewInt(1_000_000_000))
	return change.Abs(change).Cmp(alpha) >= 0
}

// TestPropertyEncodings: what is encoded comes back, and has the promised length.
func TestPropertyEncodings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ocr3feed.Outcome{Median: prices().Draw(t, "median"), Report: rapid.Bool().Draw(t, "report")}
		if rapid.Bool().Draw(t, "has before") {
			before := prices().Draw(t, "before")
			o.Before = &before
		}
		if o.Reported() != nil {
			o.LastSeqNr = rapid.Uint64Min(1).Draw(t, "last")
		}
		got, err := ocr3feed.DecodeOutcome(encoded(t, o))
		if err != nil || !equal(&got.Median, &o.Median) || got.Report != o.Report || !equal(got.Before, o.Before) || got.LastSeqNr != o.LastSeqNr {
			t.Fatalf("%+v came back as %+v, %v", o, got, err)
		}
		if want := o.Before; !o.Report && !equal(got.Reported(), want) || o.Report && !equal(got.Reported(), &o.Median) {
			t.Fatalf("reported last is %+v", got.Reported())
		}
		want := observed(7).Draw(t, "observed")
		ao := observations(t, want)[0]
		observation, err := ocr3feed.DecodeObservation(ao.Observation)
		if err != nil || !equal(&observation.Price, &want.Price) || observation.OnChain != want.OnChain {
			t.Fatalf("%v came back as %v, %v", want, observation, err)
		}
		if err := (&ocr3feed.Plugin{}).ValidateObservation(context.Background(), ocr3types.OutcomeContext{}, types.Query{}, ao); err != nil {
			t.Fatal(err)
		}
	})
}
