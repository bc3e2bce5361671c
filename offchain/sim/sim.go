package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Result is what came of a run.
type Result struct {
	// Options are those of the run, with defaults filled in.
	Options Options
	// Violation is the first invariant that did not hold, nil if all did.
	Violation *Violation
	// Reports landed on the contract, in this order; at most the latest few thousand.
	Reports []LandedReport
	Stats   Stats
	// Fingerprint is a hash of everything that happened. Runs of equal options have equal ones.
	Fingerprint uint64
}

// Stats count what happened in a run.
type Stats struct {
	Time          time.Duration // virtual
	Steps         int           // of machines
	Messages      int
	Rounds        int // announced by honest leaders
	Epochs        int // the highest that was entered
	Landed        int // reports on the contract
	Transmissions int

	Lost, Partitions, Crashes, DiskErrors, PluginFaults int
	Faults                                              int // all others
	Refused                                             int // messages that did not decode or were too large
}

// T is the part of testing.TB that Run needs.
type T = engine.T

// Run simulates a network and fails the test if an invariant does not hold.
func Run(t T, o Options) *Result {
	t.Helper()
	result, err := Simulate(o)
	if err != nil {
		t.Fatalf("%v", err)
		return nil
	}
	engine.Verdict(t, o.Seed, o.Replay, result.Violation)
	return result
}

// Simulate simulates a network. The error is about the options or the plugin factory; what happens in the run is in the
// result.
func Simulate(o Options) (*Result, error) {
	o.setDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	s := newSimulation(o)
	if err := s.setUp(); err != nil {
		return nil, err
	}
	s.Play(s.settleTime(), s.checkers.Ended)
	for _, n := range s.nodes {
		s.stats.Epochs = max(s.stats.Epochs, int(n.status.Epoch))
	}
	engine.CopyCounts(&s.stats, &s.Counts)
	engine.CopyCounts(&s.stats, &s.Traffic)
	s.stats.Faults = s.Counts.Faults + s.Traffic.Faults
	s.stats.Time = s.Now
	return &Result{
		Options: o, Violation: s.Violation, Reports: s.contract.landed.All(), Stats: s.stats, Fingerprint: s.Fingerprint,
	}, nil
}

// simulation is one run.
type simulation struct {
	simulator
	options  Options
	digest   types.ConfigDigest
	keys     signatures
	nodes    []*node
	contract *Contract
	checkers *checkers
	unique   bool // the plugin asks for unique reports
	stats    Stats
}

func newSimulation(o Options) *simulation {
	t, f := &o.Timing, &o.Faults
	s := &simulation{options: o}
	s.World = engine.NewWorld(engine.Setting[ocr2wire.Message]{
		Seed: o.Seed, N: o.N, F: o.F, Trace: o.Trace, WireBytes: o.WireBytes,
		Kind: func(m ocr2wire.Message) uint64 { return uint64(m.Kind()) }, Encode: ocr2wire.Encode,
	})
	s.Settings = roundsim.Settings[ocr2wire.Message]{
		Rounds: o.Rounds, HealAfter: o.HealAfter,
		DeltaProgress: t.DeltaProgress, DeltaResend: t.DeltaResend, DeltaRound: t.DeltaRound, DeltaStage: t.DeltaStage, RMax: t.RMax, S: t.S,
		Crashes: f.Crashes, MaxDowntime: f.MaxDowntime, ClockSkew: f.ClockSkew, ClockDriftPPM: f.ClockDriftPPM, DiskDelay: f.Disk.Delay, Breaks: o.breaks,
		LeavesOut:    f.PluginErrors > 0 || f.PluginSlow > 0, // where a query failed
		Observations: func(m ocr2wire.Message) int { return len(m.(*ocr2wire.ReportReq).Observations) },
		Transmission: func(effect kernel.Effect) (kernel.CallID, ocr2.Round, bool) {
			e, ok := effect.(ocr2.CallTransmit)
			return e.ID, roundOf(e.Context.ReportTimestamp), ok
		},
		Harmless: []string{"transmitting a report failed"}, // another oracle was faster
		NewEpoch: func(epoch uint32) ocr2wire.Message { return &ocr2wire.NewEpoch{Epoch: epoch} },
		ObserveReq: func(epoch uint32, round uint8) ocr2wire.Message {
			return &ocr2wire.ObserveReq{Epoch: epoch, Round: round}
		},
	}
	return s
}

func (s *simulation) setUp() error {
	o := &s.options
	ids := s.SetUp(s.digest[:], len(o.Traitors), o.TraitorIDs)
	s.keys = newSeals(o.Seed)
	if o.RealKeys {
		keys, err := engine.NewKeys(o.Seed, o.N)
		if err != nil {
			return err
		}
		s.keys = &realKeys{keys}
	}
	s.contract = &Contract{sim: s, random: s.Stream("contract")}
	s.Network = engine.NewNetwork(&s.World, o.N, o.Faults.Network)
	for i := range o.N {
		s.newNode(slices.Index(ids, commontypes.OracleID(i)))
	}
	// One plugin more than is used, to learn what all plugins want; and to have an error of the factory here.
	plugin, info, err := s.nodes[0].factory.NewReportingPlugin(context.Background(), s.pluginConfig(0))
	if err != nil {
		return fmt.Errorf("sim: the plugin factory failed: %w", err)
	}
	if err := plugin.Close(); err != nil {
		return fmt.Errorf("sim: closing a plugin: %w", err)
	}
	s.unique = info.UniqueReports
	s.contract.quorum = s.quorum(true)
	cfg := s.config(0)
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("sim: Options.Timing: %w", err)
	}
	s.checkers = newCheckers(s)
	return nil
}

func (s *simulation) newNode(traitor int) {
	n := &node{sim: s}
	s.NewOracle(&n.oracle, n, traitor >= 0, roundsim.DiskFaults(s.options.Faults.Disk))
	s.nodes = append(s.nodes, n)
	if traitor >= 0 {
		t := s.options.Traitors[traitor]
		n.hand = &Hand{Hand: n.NewHand(t.Name), node: n, traitor: t}
	}
	env := &Environment{
		OracleID: n.ID, Traitor: traitor >= 0, Contract: s.contract, Random: s.Stream("plugin", uint64(n.ID)), Digest: s.digest,
		Now: n.Time,
	}
	switch {
	case s.options.PluginFor != nil:
		n.factory = s.options.PluginFor(env)
	case s.options.Plugin != nil:
		n.factory = s.options.Plugin
	default:
		n.factory = NewTestPlugin(env, false, 0)
	}
}

// quorum returns the number of signatures of a final report; as broken says whether with the defect that a test may inject.
func (s *simulation) quorum(asBroken bool) int {
	if s.unique && !(asBroken && s.options.breaks.LowUniqueQuorum) {
		return (s.options.N+s.options.F)/2 + 1
	}
	return s.options.F + 1
}

// config returns the configuration of one machine.
func (s *simulation) config(id commontypes.OracleID) ocr2.Config {
	t := &s.options.Timing
	return ocr2.Config{
		ConfigDigest: s.digest, Config: s.RoundsConfig(id, t.DeltaGrace),
		MaxDurationQuery: t.MaxDurationQuery, MaxDurationObservation: t.MaxDurationObservation, MaxDurationReport: t.MaxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  t.MaxDurationShouldAccept,
		MaxDurationShouldTransmitAcceptedReport: t.MaxDurationShouldTransmit,
		ContractTransmitterTransmitTimeout:      t.TransmitTimeout,
		ReportQuorum:                            s.quorum(true),
	}
}

func (s *simulation) pluginConfig(id commontypes.OracleID) types.ReportingPluginConfig {
	t := &s.options.Timing
	return types.ReportingPluginConfig{
		ConfigDigest: s.digest, OracleID: id, N: s.options.N, F: s.options.F,
		OnchainConfig: s.options.OnchainConfig, OffchainConfig: s.options.PluginConfig,
		EstimatedRoundInterval: t.DeltaRound,
		MaxDurationQuery:       t.MaxDurationQuery, MaxDurationObservation: t.MaxDurationObservation, MaxDurationReport: t.MaxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  t.MaxDurationShouldAccept,
		MaxDurationShouldTransmitAcceptedReport: t.MaxDurationShouldTransmit,
	}
}

// makePlugin makes the plugin of an oracle that starts. The factory worked before, so that it must work again.
func (s *simulation) makePlugin(n *node) (types.ReportingPlugin, types.ReportingPluginLimits) {
	plugin, info, err := n.factory.NewReportingPlugin(context.Background(), s.pluginConfig(n.ID))
	if err != nil {
		panic(fmt.Errorf("the plugin factory of oracle %d failed: %w", n.ID, err))
	}
	if info.UniqueReports != s.unique {
		panic(fmt.Errorf("the plugin of oracle %d says UniqueReports = %t, others %t", n.ID, info.UniqueReports, s.unique))
	}
	return plugin, info.Limits
}

// settleTime is how long what is finalized may take to be finalized by all.
func (s *simulation) settleTime() time.Duration {
	return totalityTime + 4*(s.options.Faults.Disk.Delay+engine.DiskRetry) + time.Millisecond
}

// index counts rounds up to r, if all epochs have all their rounds; see docs/protocol/ocr2.md, "Report finalization".
func (s *simulation) index(r ocr2.Round) int64 {
	return int64(s.options.Timing.RMax)*int64(r.Epoch) + int64(r.Round)
}

// window is the number of rounds in which a report can be finalized.
func (s *simulation) window() int64 {
	deltaRound := s.options.Timing.DeltaRound
	rounds := (10*time.Minute + deltaRound - 1) / deltaRound
	return min(max(int64(rounds), 10), 1000)
}
