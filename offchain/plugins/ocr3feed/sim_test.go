package ocr3feed_test

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
	"github.com/ocrkit/ocrkit/offchain/sim/ocr3sim"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// market is what the oracles of a simulated network watch, and a notebook of what they agree to report.
type market struct {
	config  median.OffchainConfig
	reports map[uint64]types.Report
	errs    []error
}

// venue is what one oracle sees of the market. Traitors make prices and times up.
type venue struct {
	*market
	env  *ocr3sim.Environment
	seen uint64 // the newest report on chain that it has seen
}

// Observe returns a price that changes by about a hundredth each second, a little different at each venue.
func (v *venue) Observe(context.Context, types.ReportTimestamp) (*big.Int, error) {
	if v.env.Traitor {
		return median.DecodeValue(randomBytes(v.env, 24))
	}
	second := v.env.Now().UnixMilli() / 250 % 400
	return big.NewInt(1_000_000 + 10_000*max(second, 400-second) + v.env.Random.Int64N(500)), nil
}

func randomBytes(env *ocr3sim.Environment, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(env.Random.Uint32())
	}
	return b
}

func (v *venue) now() time.Time {
	if v.env.Traitor {
		return time.Unix(v.env.Random.Int64N(1<<33), 0)
	}
	return v.env.Now()
}

// LatestConfigDigestAndSeqNr is what a feed contract says: it would not take older reports after newer ones.
func (v *venue) LatestConfigDigestAndSeqNr(context.Context) (types.ConfigDigest, uint64, error) {
	if latest := v.env.Contract.Latest(); latest != nil {
		v.seen = max(v.seen, latest.SeqNr)
	}
	return v.env.Digest, v.seen, nil
}

// NewReportingPlugin makes plugins that note down what they report.
func (v *venue) NewReportingPlugin(ctx context.Context, config ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[struct{}], ocr3types.ReportingPluginInfo, error) {
	plugin, info, err := ocr3feed.Factory{DataSource: v, Contract: v, Now: v.now}.NewReportingPlugin(ctx, config)
	return noting{plugin, v}, info, err
}

type noting struct {
	ocr3types.ReportingPlugin[struct{}]
	venue *venue
}

func (p noting) Reports(ctx context.Context, seqNr uint64, outcome ocr3types.Outcome) ([]ocr3types.ReportPlus[struct{}], error) {
	list, err := p.ReportingPlugin.Reports(ctx, seqNr, outcome)
	if !p.venue.env.Traitor {
		if err != nil {
			p.venue.errs = append(p.venue.errs, err)
		}
		for _, r := range list {
			p.venue.reports[seqNr] = r.ReportWithInfo.Report
		}
	}
	return list, err
}

var simBounds = median.OnchainConfig{Min: big.NewInt(0), Max: big.NewInt(1_000_000_000)}

// simulate runs a network of seven oracles, two of them traitors.
func simulate(t *testing.T, seed uint64, rounds int, config median.OffchainConfig, traitors ...ocr3sim.Traitor) (*ocr3sim.Result, *market) {
	t.Helper()
	onchain, err := median.StandardOnchainConfigCodec{}.Encode(t.Context(), simBounds)
	if err != nil {
		t.Fatal(err)
	}
	m := &market{config: config, reports: map[uint64]types.Report{}}
	result := ocr3sim.Run(t, ocr3sim.Options{
		Seed: seed, N: 7, Rounds: rounds, OnchainConfig: onchain, PluginConfig: config.Encode(),
		Plugin: ocr3sim.PluginFor(func(env *ocr3sim.Environment) ocr3types.ReportingPluginFactory[struct{}] {
			return &venue{market: m, env: env}
		}),
		Traitors: traitors, Faults: ocr3sim.Rough(), HealAfter: 5 * time.Second, WireBytes: true, CheckReport: honest,
	})
	for _, err := range m.errs {
		t.Errorf("seed %d: %v", seed, err)
	}
	m.check(t, seed)
	return result, m
}

// honest says that answer and time of a report lie between those of honest oracles.
func honest(r ocr3sim.LandedReport, list []ocr3sim.HonestObservation) error {
	report, err := ocr3feed.DecodeReport(r.Report)
	if err != nil {
		return err
	}
	var prices []ocr3feed.Price
	for _, o := range list {
		price, err := ocr3feed.DecodeObservation(o.Observation)
		if err != nil {
			return err
		}
		prices = append(prices, price.Price)
	}
	if len(prices) == 0 {
		return fmt.Errorf("report %+v of no honest observation", report)
	}
	outside := func(name string, compare func(a, b ocr3feed.Price) int) error {
		if low, high := slices.MinFunc(prices, compare), slices.MaxFunc(prices, compare); compare(report, low) < 0 || compare(report, high) > 0 {
			return fmt.Errorf("%s of %+v is not between those of honest oracles, %+v and %+v", name, report, low, high)
		}
		return nil
	}
	if err := outside("answer", func(a, b ocr3feed.Price) int { return a.Value.Cmp(b.Value) }); err != nil {
		return err
	}
	return outside("time", func(a, b ocr3feed.Price) int { return int(int64(a.Time) - int64(b.Time)) })
}

// check says that every report had a reason: the one before it. (An outcome that no honest oracle has learned of is no reason for
// the next either, as the next is made of it.)
func (m *market) check(t *testing.T, seed uint64) {
	t.Helper()
	var last *ocr3feed.Price
	for _, seqNr := range slices.Sorted(maps.Keys(m.reports)) {
		report, err := ocr3feed.DecodeReport(m.reports[seqNr])
		if err != nil {
			t.Fatal(err)
		}
		if !due(m.config, simBounds.Min, simBounds.Max, last, report, false) {
			t.Errorf("seed %d: report %+v of sequence number %d after %+v has no reason", seed, report, seqNr, last)
		}
		last = &report
	}
}

// TestSimulatedFeeds runs networks with faults of all kinds and two traitors, who besides lie about the price and the time.
func TestSimulatedFeeds(t *testing.T) {
	traitors := func() []ocr3sim.Traitor { // each run needs its own
		return []ocr3sim.Traitor{
			&ocr3sim.Splitter{}, &ocr3sim.DoubleVoter{}, &ocr3sim.Forger{}, &ocr3sim.TwoQueries{}, &ocr3sim.Withholding{}, &ocr3sim.Rewinder{},
			&ocr3sim.Replayer{}, &ocr3sim.Silent{}, &ocr3sim.Boaster{}, &ocr3sim.Delayer{},
		}
	}
	kinds := len(traitors())
	deviations, heartbeats := median.OffchainConfig{AlphaReportPPB: 5_000_000, DeltaC: time.Hour}, median.OffchainConfig{AlphaReportInfinite: true, DeltaC: 3 * time.Second}
	for seed := range uint64(20) {
		config := deviations
		if seed%2 == 1 {
			config = heartbeats
		}
		first, second := traitors()[seed%uint64(kinds)], traitors()[(seed/2+1)%uint64(kinds)]
		result, m := simulate(t, seed, 20, config, first, second)
		if len(result.Reports) == 0 || len(m.reports) >= result.Stats.Rounds {
			t.Errorf("seed %d: %d reports on chain, %d agreed on, in %d rounds", seed, len(result.Reports), len(m.reports), result.Stats.Rounds)
		}
	}
}

// TestThousandRounds is one long run.
func TestThousandRounds(t *testing.T) {
	result, m := simulate(t, 1, 1000, median.OffchainConfig{AlphaReportPPB: 5_000_000, DeltaC: 5 * time.Second}, &ocr3sim.Splitter{}, &ocr3sim.DoubleVoter{})
	if len(result.Reports) < 100 || len(m.reports) < len(result.Reports) || result.Stats.Rounds < 1000 {
		t.Errorf("%d reports on chain, %d agreed on, in %d rounds", len(result.Reports), len(m.reports), result.Stats.Rounds)
	}
	t.Logf("%d reports on chain, %d agreed on, in %d rounds, %d transmissions", len(result.Reports), len(m.reports), result.Stats.Rounds, result.Stats.Transmissions)
}
