package ocr3sim

import (
	"context"
	"fmt"
	"runtime/debug"
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

// add adds the counts of another run.
func (s *Stats) add(o *Stats) {
	s.Time += o.Time
	for _, p := range [][2]*int{
		{&s.Steps, &o.Steps}, {&s.Messages, &o.Messages}, {&s.Rounds, &o.Rounds}, {&s.Epochs, &o.Epochs}, {&s.Proposed, &o.Proposed},
		{&s.Fetched, &o.Fetched}, {&s.Landed, &o.Landed}, {&s.Transmissions, &o.Transmissions}, {&s.Lost, &o.Lost},
		{&s.Partitions, &o.Partitions}, {&s.Crashes, &o.Crashes}, {&s.DiskErrors, &o.DiskErrors}, {&s.PluginFaults, &o.PluginFaults},
		{&s.Rollbacks, &o.Rollbacks}, {&s.Faults, &o.Faults}, {&s.Refused, &o.Refused},
	} {
		*p[0] += *p[1]
	}
}

// T is the part of testing.TB that Run needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Run simulates a network and fails the test if an invariant does not hold.
func Run(t T, o Options) *Result {
	t.Helper()
	result, err := Simulate(o)
	if err != nil {
		t.Fatalf("%v", err)
		return nil
	}
	if result.Violation != nil {
		replay := o.Replay
		if replay == "" {
			replay = fmt.Sprintf("the same options with Seed: %d", o.Seed)
		}
		t.Errorf("seed %d violates %s\nreplay: %s", o.Seed, result.Violation, replay)
	}
	return result
}

// Simulate simulates a network. The error is about the options or the plugin factory; what happens in the run is in the
// result.
func Simulate(o Options) (*Result, error) {
	o.setDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &simulation{World: engine.NewWorld[ocr3wire.Message](o.Seed), options: o}
	if err := s.setUp(); err != nil {
		return nil, err
	}
	s.run()
	s.stats.Time = s.Now
	s.stats.Messages, s.stats.Lost, s.stats.Partitions = s.Traffic.Messages, s.Traffic.Lost, s.Traffic.Partitions
	s.stats.Faults += s.Traffic.Faults
	return &Result{
		Options: o, Violation: s.violation, Reports: s.contract.landed, Stats: s.stats, Fingerprint: s.Fingerprint,
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
	network    *engine.Network[ocr3wire.Message]
	nodes      []*node
	contract   *Contract
	checkers   *checkers
	conspiracy *conspiracy
	healedAt   instant
	// healedSeqNr is the highest sequence number that was committed anywhere when the network healed.
	healedSeqNr uint64
	stats       Stats
	violation   *Violation
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
		real, err := newRealKeys(o.Seed, o.N, s.digest)
		if err != nil {
			return err
		}
		s.keys = real
	}
	s.Healed = o.HealAfter == 0
	s.contract = &Contract{sim: s, has: map[landedKey]bool{}}
	s.network = engine.NewNetwork(&s.World, o.N, o.Faults.Network)
	s.conspiracy = newConspiracy(s)
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
		cfg := s.config(n.id)
		if err := cfg.Validate(); err != nil {
			return fmt.Errorf("ocr3sim: Options.Timing: %w", err)
		}
		n.factory = o.Plugin(n.environment())
		plugin, info, err := n.factory.NewReportingPlugin(context.Background(), s.pluginConfig(n.id))
		if err != nil {
			return fmt.Errorf("ocr3sim: the plugin factory of oracle %d failed: %w", n.id, err)
		}
		n.limits = ocr3wire.SizeLimits{
			N: o.N, Quorum: s.quorum, MaxQueryLength: info.Limits.MaxQueryLength, MaxObservationLength: info.Limits.MaxObservationLength,
			MaxOutcomeLength: info.Limits.MaxOutcomeLength, MaxReportCount: info.Limits.MaxReportCount, MaxSignatureLength: s.keys.maxSignatureLength(),
		}
		n.maxReportLength = info.Limits.MaxReportLength
		if err := plugin.Close(); err != nil {
			return fmt.Errorf("ocr3sim: closing the plugin of oracle %d: %w", n.id, err)
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

// run lets everything happen until enough outcomes were committed, or it is clear that they never will.
func (s *simulation) run() {
	defer func() {
		if r := recover(); r != nil {
			s.violated("panic", "%v\n%s", r, debug.Stack())
		}
	}()
	s.plan()
	deadline := s.options.HealAfter + s.patience()
	settle := instant(-1) // when the run ends
	for s.Queue.Len() > 0 && s.violation == nil {
		h := s.Next()
		if settle >= 0 && (s.Now > settle || s.checkers.delivery.complete()) {
			break
		}
		if settle < 0 && s.Now > deadline {
			s.violated("progress", "outcomes up to %d are committed in %s after everything healed, want %d",
				s.checkers.book.highest, s.patience(), s.target())
			break
		}
		kind := uint64(0)
		if h.Message != nil {
			kind = uint64(h.Message.Kind())
		}
		s.Stamp(&h, kind)
		if h.Kind == engine.Action {
			h.Do()
		} else {
			s.nodes[h.Node].happens(&h)
		}
		if settle < 0 && s.Healed && s.checkers.book.highest >= s.target() {
			settle = s.Now + s.settleTime()
		}
	}
	if s.violation == nil && settle < 0 {
		s.violated("progress", "nothing happens any more")
	}
	if s.violation == nil {
		s.checkers.ended()
	}
	for _, n := range s.nodes {
		s.stats.Epochs = max(s.stats.Epochs, int(min(n.status.Epoch, 1<<30)))
		n.closePlugin()
	}
}

// target is the sequence number that must be committed, and whose reports every honest oracle must obtain and attest. (An oracle
// that restarted takes part in committing only from the next epoch on.)
func (s *simulation) target() uint64 { return s.healedSeqNr + uint64(s.options.Rounds) }

// patience is how long the outcomes may take once everything has healed: a faulty leader costs an epoch, and there may be many in
// a row; a slow one may take nearly DeltaProgress for each round.
func (s *simulation) patience() time.Duration {
	t := &s.options.Timing
	return time.Duration(60+8*s.options.Rounds) * (t.DeltaProgress + t.DeltaResend + t.DeltaInitial + maxLatency)
}

// settleTime is how long it may take until an outcome that is committed everywhere has become reports that have landed.
func (s *simulation) settleTime() time.Duration {
	t := &s.options.Timing
	fetch := time.Duration(s.options.N+2) * (t.DeltaCertifiedCommitRequest + 2*maxLatency)
	return fetch + s.stages() + t.DeltaProgress + 10*(maxTransmitTime+maxPluginTime+maxLatency) + time.Second
}

// plan plans the starts and the faults.
func (s *simulation) plan() {
	random := s.Stream("schedule")
	for _, n := range s.nodes {
		s.At(engine.Between(random, 0, 100*time.Millisecond), n.start)
	}
	for _, n := range s.nodes {
		if n.hand != nil {
			s.At(0, n.hand.tick)
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
	s.network.SchedulePartitions(s.options.HealAfter)
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
	s.Healed, s.healedAt = true, s.Now
	s.traceLine("heal")
	s.network.Heal()
	for _, n := range s.nodes {
		s.healedSeqNr = max(s.healedSeqNr, n.status.CommittedSeqNr)
		n.heal()
	}
	s.healedSeqNr = max(s.healedSeqNr, s.checkers.book.highest)
}

// wire returns a message as it is to travel.
func (s *simulation) wire(m ocr3wire.Message) (ocr3wire.Message, []byte) {
	if !s.options.WireBytes {
		return m, nil
	}
	b, err := ocr3wire.Encode(m)
	if err != nil {
		s.violated("wire", "a %s cannot be encoded: %v", m.Kind(), err)
		return m, nil
	}
	return nil, b
}

// refused notes a message that is not even handed to a machine.
func (s *simulation) refused(n *node, from commontypes.OracleID, err error) {
	s.stats.Refused++
	if s.nodes[from].hand == nil {
		s.violated("wire", "oracle %d refuses a message of honest oracle %d: %v", n.id, from, err)
	}
}

func (s *simulation) reportLanded(r *LandedReport) {
	s.stats.Landed++
	s.traceLine("landed seqNr=%d from=%d report=%x", r.SeqNr, r.Transmitter, []byte(r.Report))
	s.checkers.landed(r)
}

// faulty is the number of oracles that checkers must take for faulty.
func (s *simulation) faulty() int { return len(s.options.Traitors) + s.options.Forgetful }
