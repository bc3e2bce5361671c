package ocr1sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/sim"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
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

// Stats count what happened in a run. PluginFaults are those of data sources, and of the contract when it is read.
type Stats = sim.Stats

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

// Simulate simulates a network. The error is about the options; what happens in the run is in the result.
func Simulate(o Options) (*Result, error) {
	o.setDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	s := newSimulation(o)
	if err := s.setUp(); err != nil {
		return nil, err
	}
	s.requestRounds()
	s.Play(o.Timing.DeltaRound, s.checkers.Ended)
	var stats Stats
	for _, n := range s.nodes {
		stats.Epochs = max(stats.Epochs, int(n.status.Epoch))
	}
	engine.CopyCounts(&stats, &s.Counts)
	engine.CopyCounts(&stats, &s.Traffic)
	stats.Faults = s.Counts.Faults + s.Traffic.Faults
	stats.Time = s.Now
	return &Result{
		Options: o, Violation: s.Violation, Reports: s.contract.landed.All(), Stats: stats, Fingerprint: s.Fingerprint,
	}, nil
}

// simulation is one run.
type simulation struct {
	simulator
	options  Options
	digest   ocr1types.ConfigDigest
	schedule config.ScheduleV1
	keys     signatures
	nodes    []*node
	contract *Contract
	checkers *checkers
}

func newSimulation(o Options) *simulation {
	t, f := &o.Timing, &o.Faults
	s := &simulation{options: o}
	s.World = engine.NewWorld(engine.Setting[ocr1wire.Message]{
		Seed: o.Seed, N: o.N, F: o.F, Trace: o.Trace, WireBytes: o.WireBytes,
		Kind: func(m ocr1wire.Message) uint64 { return uint64(m.Kind()) }, Encode: ocr1wire.Encode,
	})
	s.Settings = roundsim.Settings[ocr1wire.Message]{
		Rounds: o.Rounds, HealAfter: o.HealAfter,
		DeltaProgress: t.DeltaProgress, DeltaResend: t.DeltaResend, DeltaRound: t.DeltaRound, DeltaStage: t.DeltaStage, RMax: t.RMax, S: t.S,
		Crashes: f.Crashes, MaxDowntime: f.MaxDowntime, ClockSkew: f.ClockSkew, ClockDriftPPM: f.ClockDriftPPM, DiskDelay: f.Disk.Delay, Breaks: o.breaks,
		Observations: func(m ocr1wire.Message) int { return len(m.(*ocr1wire.ReportReq).Observations) },
		Transmission: func(effect kernel.Effect) (kernel.CallID, ocr1.Round, bool) {
			e, ok := effect.(ocr1.CallTransmit)
			return e.ID, e.Round, ok
		},
		Harmless: []string{
			"transmitting a report failed",                                 // another oracle was faster
			"all rounds of the epoch are over; waiting for the next epoch", // which takes longer than DeltaRound
		},
		NewEpoch: func(epoch uint32) ocr1wire.Message { return &ocr1wire.NewEpoch{Epoch: epoch} },
		ObserveReq: func(epoch uint32, round uint8) ocr1wire.Message {
			return &ocr1wire.ObserveReq{Epoch: epoch, Round: round}
		},
	}
	return s
}

func (s *simulation) setUp() error {
	o := &s.options
	ids := s.SetUp(s.digest[:], len(o.Traitors), o.TraitorIDs)
	cfg := s.config(0)
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("ocr1sim: Options.Timing: %w", err)
	}
	s.schedule = config.NewScheduleV1(o.N, s.OrderKey, s.digest[:], config.NewStages(o.N, o.Timing.S, o.Timing.DeltaStage))
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
		n := &node{sim: s}
		traitor := slices.Index(ids, commontypes.OracleID(i))
		s.NewOracle(&n.oracle, n, traitor >= 0, roundsim.DiskFaults(o.Faults.Disk))
		if traitor >= 0 {
			t := o.Traitors[traitor]
			n.hand = &Hand{Hand: n.NewHand(t.Name), node: n, traitor: t}
		}
		if o.Override != nil {
			n.override = o.Override(n.ID)
		}
		s.nodes = append(s.nodes, n)
	}
	s.checkers = newCheckers(s)
	return nil
}

// config returns the configuration of one machine.
func (s *simulation) config(id commontypes.OracleID) ocr1.Config {
	t := &s.options.Timing
	return ocr1.Config{
		ConfigDigest: s.digest, Config: s.RoundsConfig(id, t.DeltaGrace),
		DeltaC: t.DeltaC, AlphaPPB: t.AlphaPPB,
		DataSourceTimeout: t.DataSourceTimeout, DataSourceGracePeriod: t.DataSourceGracePeriod,
		BlockchainTimeout: t.BlockchainTimeout, ContractTransmitterTransmitTimeout: t.TransmitTimeout,
	}
}

// requestRounds has rounds requested on the contract, by whoever may.
func (s *simulation) requestRounds() {
	random := s.Stream("requests")
	for range s.options.RoundRequests {
		s.At(engine.Between(random, 0, max(s.options.HealAfter, 3*time.Second)), s.contract.request)
	}
}

func (s *simulation) timestamp(r ocr1.Round) ocr1types.ReportTimestamp {
	return ocr1types.ReportTimestamp{ConfigDigest: s.digest, Epoch: r.Epoch, Round: r.Round}
}
