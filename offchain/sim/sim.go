package sim

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

type (
	instant   = engine.Instant
	happening = engine.Happening[ocr2wire.Message]
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

// add adds the counts of another run.
func (s *Stats) add(o *Stats) {
	s.Time += o.Time
	s.Steps += o.Steps
	s.Messages += o.Messages
	s.Rounds += o.Rounds
	s.Epochs += o.Epochs
	s.Landed += o.Landed
	s.Transmissions += o.Transmissions
	s.Lost += o.Lost
	s.Partitions += o.Partitions
	s.Crashes += o.Crashes
	s.DiskErrors += o.DiskErrors
	s.PluginFaults += o.PluginFaults
	s.Faults += o.Faults
	s.Refused += o.Refused
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
	s := &simulation{World: engine.NewWorld[ocr2wire.Message](o.Seed), options: o}
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
	engine.World[ocr2wire.Message]
	options    Options
	digest     types.ConfigDigest
	leaders    config.LeadersV1
	leaderKey  [16]byte
	orderKey   [16]byte
	keys       signatures
	network    *engine.Network[ocr2wire.Message]
	nodes      []*node
	contract   *Contract
	checkers   *checkers
	conspiracy *conspiracy
	unique     bool // the plugin asks for unique reports
	landed     int  // since the network healed
	stats      Stats
	violation  *Violation
}

func (s *simulation) setUp() error {
	o := &s.options
	random := s.Stream("set up")
	for _, b := range [][]byte{s.digest[:], s.leaderKey[:], s.orderKey[:]} {
		for i := range b {
			b[i] = byte(random.Uint32())
		}
	}
	s.leaders = config.NewLeadersV1(o.N, s.leaderKey)
	s.keys = newSeals(o.Seed)
	if o.RealKeys {
		real, err := newRealKeys(o.Seed, o.N)
		if err != nil {
			return err
		}
		s.keys = real
	}
	s.Healed = o.HealAfter == 0
	s.contract = &Contract{sim: s, random: s.Stream("contract")}
	s.network = engine.NewNetwork(&s.World, o.N, o.Faults.Network)
	s.conspiracy = newConspiracy(s)
	ids := o.TraitorIDs
	if ids == nil {
		for _, i := range random.Perm(o.N)[:len(o.Traitors)] {
			ids = append(ids, commontypes.OracleID(i))
		}
	}
	for i := range o.N {
		s.nodes = append(s.nodes, s.newNode(commontypes.OracleID(i), slices.Index(ids, commontypes.OracleID(i))))
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

func (s *simulation) newNode(id commontypes.OracleID, traitor int) *node {
	n := &node{sim: s, id: id, random: s.Stream("node", uint64(id))}
	faults := &s.options.Faults
	if traitor >= 0 {
		n.hand = &Hand{node: n, traitor: s.options.Traitors[traitor], Random: s.Stream("traitor", uint64(id))}
		s.conspiracy.members = append(s.conspiracy.members, id)
		n.disk = newDisk(n, DiskFaults{})
	} else {
		n.clock.Skew = engine.Between(n.random, -faults.ClockSkew, faults.ClockSkew)
		if faults.ClockDriftPPM > 0 {
			n.clock.Drift = n.random.Int64N(2*faults.ClockDriftPPM+1) - faults.ClockDriftPPM
		}
		n.disk = newDisk(n, faults.Disk)
	}
	env := &Environment{
		OracleID: id, Traitor: traitor >= 0, Contract: s.contract, Random: s.Stream("plugin", uint64(id)), Digest: s.digest,
		Now: func() time.Time { return n.clock.At(s.Now) },
	}
	switch {
	case s.options.PluginFor != nil:
		n.factory = s.options.PluginFor(env)
	case s.options.Plugin != nil:
		n.factory = s.options.Plugin
	default:
		n.factory = NewTestPlugin(env, false, 0)
	}
	return n
}

// quorum returns the number of signatures of a final report; as broken says whether with the defect that a test may inject.
func (s *simulation) quorum(asBroken bool) int {
	if s.unique && !(asBroken && s.options.breaks.lowUniqueQuorum) {
		return (s.options.N+s.options.F)/2 + 1
	}
	return s.options.F + 1
}

// config returns the configuration of one machine.
func (s *simulation) config(id commontypes.OracleID) ocr2.Config {
	t := &s.options.Timing
	return ocr2.Config{
		ConfigDigest: s.digest, OracleID: id, N: s.options.N, F: s.options.F,
		DeltaProgress: t.DeltaProgress, DeltaResend: t.DeltaResend, DeltaRound: t.DeltaRound, DeltaGrace: t.DeltaGrace,
		DeltaStage: t.DeltaStage, RMax: t.RMax, S: t.S,
		MaxDurationQuery: t.MaxDurationQuery, MaxDurationObservation: t.MaxDurationObservation, MaxDurationReport: t.MaxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  t.MaxDurationShouldAccept,
		MaxDurationShouldTransmitAcceptedReport: t.MaxDurationShouldTransmit,
		ContractTransmitterTransmitTimeout:      t.TransmitTimeout,
		ReportQuorum:                            s.quorum(true),
		LeaderSelectionKey:                      s.leaderKey, TransmissionOrderKey: s.orderKey,
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
	plugin, info, err := n.factory.NewReportingPlugin(context.Background(), s.pluginConfig(n.id))
	if err != nil {
		panic(fmt.Errorf("the plugin factory of oracle %d failed: %w", n.id, err))
	}
	if info.UniqueReports != s.unique {
		panic(fmt.Errorf("the plugin of oracle %d says UniqueReports = %t, others %t", n.id, info.UniqueReports, s.unique))
	}
	return plugin, info.Limits
}

func (s *simulation) closePlugin(n *node) {
	if n.plugin == nil {
		return
	}
	if err := n.plugin.Close(); err != nil {
		s.violated("plugin order", "closing the plugin of oracle %d: %v", n.id, err)
	}
	n.plugin = nil
}

// run lets everything happen until enough reports landed, or it is clear that they never will.
func (s *simulation) run() {
	defer func() {
		if r := recover(); r != nil {
			s.violated("panic", "%v\n%s", r, debug.Stack())
		}
	}()
	s.schedule()
	deadline := s.options.HealAfter + s.patience()
	settle := instant(-1) // when the run ends
	for s.Queue.Len() > 0 && s.violation == nil {
		at, h := s.Queue.Pop()
		if settle >= 0 && at > settle {
			break
		}
		s.Now = max(s.Now, at)
		if s.Now > deadline {
			s.violated("progress", "%d reports landed in %s after everything healed, want %d", s.landed, s.patience(), s.options.Rounds)
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
		if settle < 0 && s.Healed && s.landed >= s.options.Rounds {
			settle = s.Now + totalityTime + 4*(s.options.Faults.Disk.Delay+diskRetry) + time.Millisecond
			deadline = settle + time.Hour
		}
	}
	if s.violation == nil && settle < 0 {
		s.violated("progress", "nothing happens any more")
	}
	if s.violation == nil {
		s.Now = settle
		s.checkers.ended()
	}
	for _, n := range s.nodes {
		s.stats.Epochs = max(s.stats.Epochs, int(n.status.Epoch))
		s.closePlugin(n)
	}
}

// patience is how long reports may take to land once everything has healed: a faulty leader costs an epoch, and there may be
// many in a row; a slow one may take nearly DeltaProgress for each round.
func (s *simulation) patience() time.Duration {
	t := &s.options.Timing
	stages := time.Duration(len(t.S)) * t.DeltaStage
	return time.Duration(60+8*s.options.Rounds)*(t.DeltaProgress+t.DeltaResend+maxLatency) + stages + 10*maxTransmitTime
}

// schedule plans the starts and the faults.
func (s *simulation) schedule() {
	random := s.Stream("schedule")
	for _, n := range s.nodes {
		s.At(engine.Between(random, 0, 100*time.Millisecond), n.start)
	}
	for _, n := range s.nodes {
		if n.hand != nil {
			s.At(0, n.hand.tick)
		}
	}
	if s.options.HealAfter == 0 {
		return
	}
	s.network.SchedulePartitions(s.options.HealAfter)
	for range s.options.Faults.Crashes {
		n := s.nodes[random.IntN(len(s.nodes))]
		s.At(engine.Between(random, 0, s.options.HealAfter), func() {
			if n.up && n.honest() {
				n.crashIn = 1 + n.random.IntN(60)
			}
		})
	}
	s.At(s.options.HealAfter, func() {
		s.Healed = true
		s.traceLine("heal")
		s.network.Heal()
		for _, n := range s.nodes {
			n.heal()
		}
	})
}

// wire returns a message as it is to travel.
func (s *simulation) wire(m ocr2wire.Message) (ocr2wire.Message, []byte) {
	if !s.options.WireBytes {
		return m, nil
	}
	b, err := ocr2wire.Encode(m)
	if err != nil {
		s.violated("wire", "a %s cannot be encoded: %v", m.Kind(), err)
		return m, nil
	}
	return nil, b
}

// refused notes a message that is not even handed to a machine.
func (s *simulation) refused(n *node, from commontypes.OracleID, err error) {
	s.stats.Refused++
	if s.nodes[from].honest() {
		s.violated("wire", "oracle %d refuses a message of honest oracle %d: %v", n.id, from, err)
	}
}

func (s *simulation) reportLanded(r *LandedReport) {
	s.stats.Landed++
	if s.Healed {
		s.landed++
	}
	s.traceLine("landed %s from=%d report=%x", roundOf(r.Context.ReportTimestamp), r.Transmitter, []byte(r.Report))
	s.checkers.landed(r)
}

func (s *simulation) honestCount() int { return s.options.N - len(s.options.Traitors) }

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
