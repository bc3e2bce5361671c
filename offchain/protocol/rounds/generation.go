package rounds

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Generation makes reports, round by round, in one epoch. It is thrown away when the epoch ends. Every oracle has the
// follower's part, and the leader of the epoch the leader's as well. O is an observation with its signature, R a report with
// its.
type Generation[M Message, O, R any] struct {
	Follower Follower[M]
	Leader   Leader[O, R]

	same func(a, b O) bool
	// What this oracle itself signed in a round needs no verification when it comes back.
	observed Own[O]
	Reported Own[R]
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

// Init prepares for an epoch. same compares observations, with their signatures; reported is called with each report that the
// leader collects.
func (g *Generation[M, O, R]) Init(
	c *Core, epoch uint32, leader commontypes.OracleID, rules FollowerRules[M],
	same func(a, b O) bool, reported func(from commontypes.OracleID),
) {
	g.same = same
	g.Follower.Init(c, epoch, leader, rules)
	g.Leader.Init(c, epoch, leader == c.Config.OracleID, reported)
}

// Observed notes the observation that this oracle signed in the current round.
func (g *Generation[M, O, R]) Observed(o O) { g.observed.Set(g.Follower.Round, o) }

// Known tells whether an observation in a round is known to be valid: because this oracle made it, or because it verified it
// as leader.
func (g *Generation[M, O, R]) Known(round uint8, observer commontypes.OracleID, o O) bool {
	own := g.Follower.Config.OracleID
	if observer == own && g.observed.Is(round, o, g.same) {
		return true
	}
	if !g.Leader.leads || round != g.Leader.Round {
		return false
	}
	known, ok := g.Leader.Observations.Get(observer)
	return ok && g.same(known, o)
}

// Receive sorts the messages of the epoch: those to the follower; collect takes those to the leader.
func (g *Generation[M, O, R]) Receive(from commontypes.OracleID, m M, collect func(commontypes.OracleID, M)) {
	f := &g.Follower
	switch kind := m.Kind(); kind {
	case roundwire.KindObserveReq, roundwire.KindReportReq, roundwire.KindFinal:
		if from != f.LeaderID {
			f.Drop(from, kind, DropNotFromLeader)
			return
		}
		f.Receive(from, m)
	case roundwire.KindObserve, roundwire.KindReport:
		if !g.Leader.leads {
			f.Drop(from, kind, DropNotLeading)
			return
		}
		collect(from, m)
	case roundwire.KindFinalEcho:
		f.Receive(from, m)
	}
}
