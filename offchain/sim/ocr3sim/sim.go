package ocr3sim

import (
	"context"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

type (
	instant   = engine.Instant
	happening = engine.Happening[ocr3wire.Message]
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
	Rounds        int // outcomes that were committed
	Epochs        int // the highest that was entered
	Proposed      int // outcomes that were proposed again
	Fetched       int // commits that were asked for and answered
	Landed        int // reports on the contract
	Transmissions int

	Lost, Partitions, Crashes, DiskErrors, PluginFaults int
	Rollbacks                                           int // disks that came back older than they were
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
	s := &simulation{options: o, World: engine.NewWorld(engine.Setting[ocr3wire.Message]{
		Seed: o.Seed, N: o.N, F: o.F, Trace: o.Trace, WireBytes: o.WireBytes,
		Kind: func(m ocr3wire.Message) uint64 { return uint64(m.Kind()) }, Encode: ocr3wire.Encode,
	})}
	if err := s.setUp(); err != nil {
		return nil, err
	}
	s.Run(s.plan())
	for _, n := range s.nodes {
		s.stats.Epochs = max(s.stats.Epochs, int(min(n.status.Epoch, 1<<30)))
		n.closePlugin()
	}
	s.stats.Time = s.Now
	s.stats.Messages, s.stats.Lost, s.stats.Partitions = s.Traffic.Messages, s.Traffic.Lost, s.Traffic.Partitions
	s.stats.Faults += s.Traffic.Faults
	return &Result{
		Options: o, Violation: s.Violation, Reports: s.contract.landed, Stats: s.stats, Fingerprint: s.Fingerprint,
	}, nil
}

// simulation is one run.
type simulation struct {
	engine.World[ocr3wire.Message]
	options    Options
	digest     types.ConfigDigest
	quorum     int
	leaders    *config.LeadersV3
	schedule   config.ScheduleV3
	leaderKey  [16]byte
	orderKey   [16]byte
	keys       signatures
	nodes      []*node
	contract   *Contract
	checkers   *checkers
	conspiracy conspiracy
	// healedSeqNr is the highest sequence number that was committed anywhere when the network healed.
	healedSeqNr uint64
	stats       Stats
}

func (s *simulation) setUp() error {
	o := &s.options
	random := s.Stream("set up")
	for _, b := range [][]byte{s.digest[:], s.leaderKey[:], s.orderKey[:]} {
		for i := range b {
			b[i] = byte(random.Uint32())
		}
	}
	s.quorum = (o.N+o.F)/2 + 1
	s.leaders = config.NewLeadersV3(o.N, s.leaderKey)
	s.schedule = config.NewScheduleV3(o.N, s.orderKey, config.NewStages(o.N, o.Timing.S, o.Timing.DeltaStage))
	s.keys = newSeals(o.Seed)
	if o.RealKeys {
		keys, err := engine.NewKeys(o.Seed, o.N)
		if err != nil {
			return err
		}
		s.keys = &realKeys{keys, s.digest}
	}
	s.Healed = o.HealAfter == 0
	s.contract = &Contract{sim: s, has: map[landedKey]bool{}}
	s.Network = engine.NewNetwork(&s.World, o.N, o.Faults.Network)
	drawn := random.Perm(o.N)
	ids := o.TraitorIDs
	if ids == nil {
		for _, i := range drawn[:len(o.Traitors)] {
			ids = append(ids, commontypes.OracleID(i))
		}
	}
	for i := range o.N {
		s.nodes = append(s.nodes, newNode(s, commontypes.OracleID(i)))
	}
	for k, id := range ids {
		s.nodes[id].betray(o.Traitors[k])
	}
	forgetful := o.Forgetful
	for _, i := range drawn {
		if n := s.nodes[i]; forgetful > 0 && n.hand == nil {
			n.forgetful = true
			forgetful--
		}
	}
	s.checkers = newCheckers(s)
	for _, n := range s.nodes {
		cfg := s.config(n.ID)
		if err := cfg.Validate(); err != nil {
			return fmt.Errorf("ocr3sim: Options.Timing: %w", err)
		}
		n.factory = o.Plugin(n.environment())
		plugin, info, err := n.factory.NewReportingPlugin(context.Background(), s.pluginConfig(n.ID))
		if err != nil {
			return fmt.Errorf("ocr3sim: the plugin factory of oracle %d failed: %w", n.ID, err)
		}
		n.limits = ocr3wire.SizeLimits{
			N: o.N, Quorum: s.quorum, MaxQueryLength: info.Limits.MaxQueryLength, MaxObservationLength: info.Limits.MaxObservationLength,
			MaxOutcomeLength: info.Limits.MaxOutcomeLength, MaxReportCount: info.Limits.MaxReportCount, MaxSignatureLength: s.keys.maxSignatureLength(),
		}
		n.maxReportLength = info.Limits.MaxReportLength
		if err := plugin.Close(); err != nil {
			return fmt.Errorf("ocr3sim: closing the plugin of oracle %d: %w", n.ID, err)
		}
	}
	return nil
}

// config returns the configuration of one machine.
func (s *simulation) config(id commontypes.OracleID) ocr3.Config {
	t := &s.options.Timing
	return ocr3.Config{
		ConfigDigest: s.digest, OracleID: id, N: s.options.N, F: s.options.F,
		DeltaProgress: t.DeltaProgress, DeltaResend: t.DeltaResend, DeltaInitial: t.DeltaInitial, DeltaRound: t.DeltaRound, DeltaGrace: t.DeltaGrace,
		DeltaCertifiedCommitRequest: t.DeltaCertifiedCommitRequest, DeltaStage: t.DeltaStage, RMax: t.RMax, S: t.S,
		MaxDurationQuery: t.MaxDurationQuery, MaxDurationObservation: t.MaxDurationObservation,
		MaxDurationShouldAcceptAttestedReport:   t.MaxDurationShouldAccept,
		MaxDurationShouldTransmitAcceptedReport: t.MaxDurationShouldTransmit,
		ContractTransmitterTransmitTimeout:      t.TransmitTimeout,
		LeaderSelectionKey:                      s.leaderKey, TransmissionOrderKey: s.orderKey,
	}
}

func (s *simulation) pluginConfig(id commontypes.OracleID) ocr3types.ReportingPluginConfig {
	t := &s.options.Timing
	return ocr3types.ReportingPluginConfig{
		ConfigDigest: s.digest, OracleID: id, N: s.options.N, F: s.options.F,
		OnchainConfig: s.options.OnchainConfig, OffchainConfig: s.options.PluginConfig,
		EstimatedRoundInterval: t.DeltaRound,
		MaxDurationQuery:       t.MaxDurationQuery, MaxDurationObservation: t.MaxDurationObservation,
		MaxDurationShouldAcceptAttestedReport:   t.MaxDurationShouldAccept,
		MaxDurationShouldTransmitAcceptedReport: t.MaxDurationShouldTransmit,
	}
}

// plan: enough outcomes must be committed, and their reports land.
func (s *simulation) plan() *engine.Plan[ocr3wire.Message] {
	return &engine.Plan[ocr3wire.Message]{
		Begin:   s.begin,
		Happens: func(h *happening) { s.nodes[h.Node].happens(h) },
		Reached: func() bool { return s.checkers.book.highest >= s.target() },
		Settle:  s.settleTime(), Settled: func() bool { return s.checkers.delivery.complete() },
		Deadline: s.options.HealAfter + s.patience(),
		Missed: func() string {
			return fmt.Sprintf("outcomes up to %d are committed in %s after everything healed, want %d", s.checkers.book.highest, s.patience(), s.target())
		},
		Ended: s.checkers.Ended,
	}
}

// target is the sequence number that must be committed, and whose reports every honest oracle must obtain and attest. (An oracle
// that restarted takes part in committing only from the next epoch on.)
func (s *simulation) target() uint64 { return s.healedSeqNr + uint64(s.options.Rounds) }

// patience is how long the outcomes may take once everything has healed: a faulty leader costs an epoch, and there may be many in
// a row; a slow one may take nearly DeltaProgress for each round.
func (s *simulation) patience() time.Duration {
	t := &s.options.Timing
	return time.Duration(60+8*s.options.Rounds) * (t.DeltaProgress + t.DeltaResend + t.DeltaInitial + engine.MaxLatency)
}

// settleTime is how long it may take until an outcome that is committed everywhere has become reports that have landed.
func (s *simulation) settleTime() time.Duration {
	t := &s.options.Timing
	fetch := time.Duration(s.options.N+2) * (t.DeltaCertifiedCommitRequest + 2*engine.MaxLatency)
	return fetch + s.stages() + t.DeltaProgress + 10*(engine.MaxTransmitTime+engine.MaxPluginTime+engine.MaxLatency) + time.Second
}

// begin plans the starts and the faults.
func (s *simulation) begin() {
	random := s.Stream("schedule")
	for _, n := range s.nodes {
		s.At(engine.Between(random, 0, 100*time.Millisecond), n.start)
	}
	for _, n := range s.nodes {
		if n.hand != nil {
			s.Every(TickInterval, func() { n.hand.traitor.Tick(n.hand) })
		}
		if n.forgetful {
			s.At(0, n.disk.snapshots)
		} else if s.options.breaks.oldDisk {
			s.At(0, n.disk.snapshots)
		}
	}
	if s.options.HealAfter == 0 {
		return
	}
	s.Network.SchedulePartitions(s.options.HealAfter)
	for range s.options.Faults.Crashes {
		n := s.nodes[random.IntN(len(s.nodes))]
		s.At(engine.Between(random, 0, s.options.HealAfter), func() { n.crashSoon() })
	}
	for _, n := range s.nodes {
		if n.forgetful {
			for range 4 {
				s.At(engine.Between(random, 0, s.options.HealAfter), func() { n.crashSoon() })
			}
		}
	}
	s.At(s.options.HealAfter, s.heal)
}

func (s *simulation) heal() {
	s.Heal()
	for _, n := range s.nodes {
		s.healedSeqNr = max(s.healedSeqNr, n.status.CommittedSeqNr)
		n.heal()
	}
	s.healedSeqNr = max(s.healedSeqNr, s.checkers.book.highest)
}

// refused notes a message that is not even handed to a machine.
func (s *simulation) refused(n *node, from commontypes.OracleID, err error) {
	s.stats.Refused++
	if s.nodes[from].hand == nil {
		s.Violated("wire", "oracle %d refuses a message of honest oracle %d: %v", n.ID, from, err)
	}
}

func (s *simulation) reportLanded(r *LandedReport) {
	s.stats.Landed++
	s.TraceLine("landed seqNr=%d from=%d report=%x", r.SeqNr, r.Transmitter, []byte(r.Report))
	s.checkers.Landed(r)
}

// faulty is the number of oracles that checkers must take for faulty.
func (s *simulation) faulty() int { return len(s.options.Traitors) + s.options.Forgetful }
