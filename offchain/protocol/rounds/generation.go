package rounds

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
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

	rules Rules[M]
	same  func(a, b O) bool
	// What this oracle itself signed in a round needs no verification when it comes back.
	observed Own[O]
	Reported Own[R]
}

// Rules are the protocol's part of report generation.
type Rules[M Message] interface {
	// Follow handles a message when the follower is idle. It may become busy.
	Follow(from commontypes.OracleID, m M)
	// Collect handles an Observe or a Report, if this oracle leads.
	Collect(from commontypes.OracleID, m M)
	// Count is called with each report that the leader has collected.
	Count(from commontypes.OracleID)
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

// Init prepares for an epoch. same compares observations, with their signatures.
func (g *Generation[M, O, R]) Init(
	c *Core, epoch uint32, leader commontypes.OracleID, rules Rules[M], outcome Outcome, same func(a, b O) bool,
) {
	g.core, g.Epoch, g.rules, g.same = c, epoch, rules, same
	g.Follower = Follower[M]{Core: c, epoch: epoch, LeaderID: leader, rules: rules, outcome: outcome}
	g.Leader.init(c, epoch, leader == c.Config.OracleID, rules.Count)
}

// Observed notes the observation that this oracle signed in the current round.
func (g *Generation[M, O, R]) Observed(o O) { g.observed.Set(g.Follower.Round, o) }

// Known tells whether an observation in a round is known to be valid: because this oracle made it, or because it verified it
// as leader.
func (g *Generation[M, O, R]) Known(round uint8, observer commontypes.OracleID, o O) bool {
	if observer == g.core.Config.OracleID && g.observed.Is(round, o, g.same) {
		return true
	}
	if !g.Leader.leads || round != g.Leader.Round {
		return false
	}
	known, ok := g.Leader.Observations.Get(observer)
	return ok && g.same(known, o)
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
