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
	// loses tells, of a report that would land, whether it is lost: then the contract does not have it.
	loses   func(ocr3sim.LandedReport) bool
	onChain uint64               // the newest report that the contract has
	landed  map[uint64]time.Time // reports that were not lost
}

// take is what the contract does with a report.
func (m *market) take(r ocr3sim.LandedReport) {
	if m.loses == nil || !m.loses(r) {
		m.onChain = max(m.onChain, r.SeqNr) // it would not take older reports after newer ones
		m.landed[r.SeqNr] = r.Time
	}
}

// venue is what one oracle sees of the market. Traitors make prices and times up.
type venue struct {
	*market
	env  *ocr3sim.Environment
	lies int
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

// LatestConfigDigestAndSeqNr is what the contract says. Traitors deny reports and make them up. (The source of randomness belongs to
// Observe, which may run at the same time.)
func (v *venue) LatestConfigDigestAndSeqNr(context.Context) (types.ConfigDigest, uint64, error) {
	if v.env.Traitor {
		v.lies++
		return v.env.Digest, []uint64{0, v.onChain, 1 << 60, ocr3feed.Unread}[v.lies/7%4], nil
	}
	return v.env.Digest, v.onChain, nil
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
func simulate(t *testing.T, o ocr3sim.Options, config median.OffchainConfig, loses func(ocr3sim.LandedReport) bool) (*ocr3sim.Result, *market) {
	t.Helper()
	onchain, err := median.StandardOnchainConfigCodec{}.Encode(t.Context(), simBounds)
	if err != nil {
		t.Fatal(err)
	}
	m := &market{config: config, reports: map[uint64]types.Report{}, loses: loses, landed: map[uint64]time.Time{}}
	o.N, o.OnchainConfig, o.PluginConfig = 7, onchain, config.Encode()
	o.Plugin = ocr3sim.PluginFor(func(env *ocr3sim.Environment) ocr3types.ReportingPluginFactory[struct{}] {
		return &venue{market: m, env: env}
	})
	o.Faults, o.HealAfter, o.WireBytes = ocr3sim.Rough(), 5*time.Second, true
	o.CheckReport = func(r ocr3sim.LandedReport, list []ocr3sim.HonestObservation) error {
		m.take(r)
		return honest(r, list)
	}
	result := ocr3sim.Run(t, o)
	for _, err := range m.errs {
		t.Errorf("seed %d: %v", o.Seed, err)
	}
	m.check(t, o.Seed)
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
	missing := false
	for _, seqNr := range slices.Sorted(maps.Keys(m.reports)) {
		report, err := ocr3feed.DecodeReport(m.reports[seqNr])
		if err != nil {
			t.Fatal(err)
		}
		if !due(m.config, simBounds.Min, simBounds.Max, last, report, missing) {
			t.Errorf("seed %d: report %+v of sequence number %d after %+v has no reason", seed, report, seqNr, last)
		}
		last = &report
		at, ok := m.landed[seqNr]
		missing = !ok || at.Unix() > int64(report.Time)+int64(ocr3feed.RepeatAfter/time.Second)-clocksApart
	}
}

// clocksApart is by how many seconds the clocks of honest oracles, of which each is a second wrong at most, and drifts, and the
// seconds in which they count, may be apart.
const clocksApart = 4

// agreed returns the times of all reports.
func (m *market) agreed(t *testing.T) (times []time.Time) {
	t.Helper()
	for _, seqNr := range slices.Sorted(maps.Keys(m.reports)) {
		report, err := ocr3feed.DecodeReport(m.reports[seqNr])
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Unix(int64(report.Time), 0))
	}
	return times
}

// twoTraitors returns different ones for different seeds. Each run needs its own.
func twoTraitors(seed uint64) []ocr3sim.Traitor {
	all := func() []ocr3sim.Traitor {
		return []ocr3sim.Traitor{
			&ocr3sim.Splitter{}, &ocr3sim.DoubleVoter{}, &ocr3sim.Forger{}, &ocr3sim.TwoQueries{}, &ocr3sim.Withholding{}, &ocr3sim.Rewinder{},
			&ocr3sim.Replayer{}, &ocr3sim.Silent{}, &ocr3sim.Boaster{}, &ocr3sim.Delayer{},
		}
	}
	kinds := uint64(len(all()))
	return []ocr3sim.Traitor{all()[seed%kinds], all()[(seed/2+1)%kinds]}
}

// TestSimulatedFeeds runs networks with faults of all kinds and two traitors, who besides lie about price, time and contract.
func TestSimulatedFeeds(t *testing.T) {
	deviations, heartbeats := median.OffchainConfig{AlphaReportPPB: 5_000_000, DeltaC: time.Hour}, median.OffchainConfig{AlphaReportInfinite: true, DeltaC: 3 * time.Second}
	for seed := range uint64(20) {
		config := deviations
		if seed%2 == 1 {
			config = heartbeats
		}
		result, m := simulate(t, ocr3sim.Options{Seed: seed, Rounds: 20, Traitors: twoTraitors(seed)}, config, nil)
		if len(result.Reports) == 0 || len(m.reports) >= result.Stats.Rounds {
			t.Errorf("seed %d: %d reports on chain, %d agreed on, in %d rounds", seed, len(result.Reports), len(m.reports), result.Stats.Rounds)
		}
	}
}

// TestThousandRounds is one long run.
func TestThousandRounds(t *testing.T) {
	result, m := simulate(t, ocr3sim.Options{Seed: 1, Rounds: 1000, Traitors: []ocr3sim.Traitor{&ocr3sim.Splitter{}, &ocr3sim.DoubleVoter{}}},
		median.OffchainConfig{AlphaReportPPB: 5_000_000, DeltaC: 5 * time.Second}, nil)
	if len(result.Reports) < 100 || len(m.reports) < len(result.Reports) || result.Stats.Rounds < 1000 {
		t.Errorf("%d reports on chain, %d agreed on, in %d rounds", len(result.Reports), len(m.reports), result.Stats.Rounds)
	}
	t.Logf("%d reports on chain, %d agreed on, in %d rounds, %d transmissions", len(result.Reports), len(m.reports), result.Stats.Rounds, result.Stats.Transmissions)
}

// TestLostReports: the contract loses whatever comes in the first minutes, and neither price nor heartbeat make another report. The
// report is repeated until it lands, soon after the contract takes it, and then no more, whatever the traitors say.
func TestLostReports(t *testing.T) {
	const (
		losing = 150 * time.Second
		soon   = 15 * time.Second // some rounds, some of them of traitors
	)
	for seed := range uint64(6) {
		var first time.Time
		_, m := simulate(t, ocr3sim.Options{Seed: seed, Rounds: 200, Timing: ocr3sim.Timing{DeltaRound: 2 * time.Second}, Traitors: twoTraitors(seed)},
			median.OffchainConfig{AlphaReportInfinite: true, DeltaC: 24 * time.Hour},
			func(r ocr3sim.LandedReport) bool {
				if first.IsZero() {
					first = r.Time
				}
				return r.Time.Sub(first) < losing
			})
		if len(m.landed) != 1 {
			t.Errorf("seed %d: %d reports landed, want 1; first %v, landed %v, agreed %v", seed, len(m.landed), first, m.landed, m.agreed(t))
		}
		for _, at := range m.landed {
			if after := at.Sub(first); after > losing+ocr3feed.RepeatAfter+soon {
				t.Errorf("seed %d: landed %v after it was lost first", seed, after)
			}
		}
		times := m.agreed(t)
		for i, at := range times[1:] {
			if pause := at.Sub(times[i]); pause > ocr3feed.RepeatAfter+soon { // check sees to it that it is not less than RepeatAfter
				t.Errorf("seed %d: repeated after %v", seed, pause)
			}
		}
	}
}
