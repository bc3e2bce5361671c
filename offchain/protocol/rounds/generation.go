package rounds

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Generation makes reports, round by round, in one epoch. It is thrown away when the epoch ends. Every oracle has the
// follower's part, and the leader of the epoch the leader's as well. O is an observation with its signature, R a report with
// its.
type Generation[M Message, O, R any] struct {
	core     *Core
	Epoch    uint32
	Follower Follower[M]
	Leader   Leader[O, R]

	rules Rules[M, O]
	// What this oracle itself signed in a round needs no verification when it comes back.
	observed Own[O]
	Reported Own[R]
}

// Rules are the protocol's part of report generation.
type Rules[M Message, O any] interface {
	// Follow handles a message when the follower is idle. It may become busy.
	Follow(from commontypes.OracleID, m M)
	// RoundDue is called at the start of the epoch and whenever DeltaRound has passed, if this oracle leads.
	RoundDue()
	// RequestReports is called when the leader has the observations of a round.
	RequestReports()
	// Collect handles an Observe or a Report, if this oracle leads.
	Collect(from commontypes.OracleID, m M)
	// Count is called with each report that the leader has collected.
	Count(from commontypes.OracleID)
	// SameObservation tells whether two observations are the same, with their signatures.
	SameObservation(a, b O) bool
	// ObservationSignature is the signature of an observation in a round.
	ObservationSignature(round Round, o O, observer commontypes.OracleID) kernel.SignatureCheck
}

// Outcome is where report generation tells what came of its rounds.
type Outcome interface {
	// Progress: a round was completed.
	Progress()
	// ChangeLeader: the leader has led all rounds of the epoch.
	ChangeLeader()
}

// Own is what this oracle signed in a round.
type Own[T any] struct {
	round uint8
	value T
}

// Set notes what was signed.
func (o *Own[T]) Set(round uint8, value T) { o.round, o.value = round, value }

// Is tells whether an item of a round is what was signed in it.
func (o *Own[T]) Is(round uint8, value T, same func(a, b T) bool) bool {
	return o.round == round && same(o.value, value)
}

// Init prepares for an epoch.
func (g *Generation[M, O, R]) Init(c *Core, epoch uint32, leader commontypes.OracleID, rules Rules[M, O], outcome Outcome) {
	g.core, g.Epoch, g.rules = c, epoch, rules
	g.Follower = Follower[M]{Core: c, epoch: epoch, LeaderID: leader, follow: rules.Follow, outcome: outcome}
	g.Leader.init(c, epoch, leader == c.Config.OracleID, rules.Count)
}

// Start begins the first round at once, if this oracle leads.
func (g *Generation[M, O, R]) Start() {
	if g.Leader.mayLead() {
		g.rules.RoundDue()
	}
}

// RoundFired handles the end of DeltaRound.
func (g *Generation[M, O, R]) RoundFired() {
	if g.Leader.began() {
		g.rules.RoundDue()
	}
}

// GraceFired handles the end of DeltaGrace: the list of observations is closed.
func (g *Generation[M, O, R]) GraceFired() {
	if g.Leader.graceFired() {
		g.rules.RequestReports()
	}
}

// Observed notes the observation that this oracle signed in the current round.
func (g *Generation[M, O, R]) Observed(o O) { g.observed.Set(g.Follower.Round, o) }

// TakeObserve collects the observation of an Observe, if it is of use and its signature is valid.
func (g *Generation[M, O, R]) TakeObserve(from commontypes.OracleID, round uint8, o O) {
	l := &g.Leader
	switch {
	case !l.takes(from, roundwire.KindObserve, round, l.observing(), l.Observations.items[from].state):
	case g.known(round, from, o):
		l.Observations.Add(from, o)
	default:
		l.Observations.Verify(from, o, g.rules.ObservationSignature(l.Current(), o, from))
	}
}

// TakeReportReq handles a ReportReq for the current round. It goes on with report if there are enough observations, by distinct
// oracles and with valid signatures. at gives each of them.
func (g *Generation[M, O, R]) TakeReportReq(count int, at func(i int) (observer commontypes.OracleID, o O), report func()) {
	f := &g.Follower
	observer := func(i int) commontypes.OracleID {
		id, _ := at(i)
		return id
	}
	if why, ok := g.core.CheckObservers(count, observer); !ok {
		g.core.Drop(f.LeaderID, roundwire.KindReportReq, why)
		return
	}
	included := false
	unknown := make([]kernel.SignatureCheck, 0, count)
	for i := range count {
		id, o := at(i)
		included = included || id == g.core.Config.OracleID
		if !g.known(f.Round, id, o) {
			unknown = append(unknown, g.rules.ObservationSignature(f.Current(), o, id))
		}
	}
	f.verifyReportReq(unknown, func() {
		if included {
			g.core.Emit(Count{Counter: CountIncludedObservations})
		}
		g.core.Record(f.Current())
		report()
	})
}

// known tells whether an observation in a round is known to be valid: because this oracle made it, or because it verified it
// as leader.
func (g *Generation[M, O, R]) known(round uint8, observer commontypes.OracleID, o O) bool {
	if observer == g.core.Config.OracleID && g.observed.Is(round, o, g.rules.SameObservation) {
		return true
	}
	if !g.Leader.leads || round != g.Leader.Round {
		return false
	}
	known, ok := g.Leader.Observations.Get(observer)
	return ok && g.rules.SameObservation(known, o)
}

// Receive handles a message of the epoch.
func (g *Generation[M, O, R]) Receive(from commontypes.OracleID, m M) {
	switch kind := m.Kind(); kind {
	case roundwire.KindObserveReq, roundwire.KindReportReq, roundwire.KindFinal:
		if from != g.Follower.LeaderID {
			g.core.Drop(from, kind, DropNotFromLeader)
			return
		}
		g.Follower.Receive(from, m)
	case roundwire.KindObserve, roundwire.KindReport:
		if !g.Leader.leads {
			g.core.Drop(from, kind, DropNotLeading)
			return
		}
		g.rules.Collect(from, m)
	case roundwire.KindFinalEcho:
		g.Follower.Receive(from, m)
	}
}

// Stop ends the epoch: nothing of it has an effect any more.
func (g *Generation[M, O, R]) Stop() {
	g.Follower.Stop()
	g.Leader.Stop()
}

// Describe adds what there is to say to a summary of the machine.
func (g *Generation[M, O, R]) Describe(s *Status) {
	f, l := &g.Follower, &g.Leader
	s.Leader, s.Leads = f.LeaderID, l.leads
	s.Round, s.FollowerStep, s.FollowerQueue = f.Round, f.step.String(), len(f.queue)
	s.SentReport, s.CompletedRound = f.SentReport, f.Completed
	if s.Leads {
		s.LedRound, s.LeaderPhase = l.Round, l.PhaseName()
		s.Observations, s.Reports = l.Observations.count, l.Reports.count
	}
}

// Collections are what the leader has.
func (g *Generation[M, O, R]) Collections() (observations, reports fmt.Stringer) {
	return &g.Leader.Observations, &g.Leader.Reports
}
