package roundsim

import (
	"math"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// The invariants that OCR1 and OCR2 have in common; see docs/protocol/ocr2.md, "Invariants".

func (s *Sim[M, P]) addCheckers() {
	for _, checker := range []any{
		&epochsGrow[M, P]{s},
		&epochsAreJustified[M, P]{s},
		&wishesAreJustified[M, P]{s},
		&oneSignature[M, P]{s, map[OracleRound]sentSet{}},
		&roundsInOrder[M, P]{s, map[OracleRound]sentSet{}, make([]rounds.Round, s.N), make([]uint32, s.N)},
		&noGoingBack[M, P]{sim: s},
		&boundedMemory[M, P]{s},
		&oneTransmission[M, P]{s, make([]map[kernel.CallID]rounds.Round, s.N), make([]map[rounds.Round]bool, s.N)},
		&noFalseSuspicion[M, P]{s},
		newFollowing(s),
	} {
		s.Checkers.Add(checker)
	}
}

// epochsGrow: e, ne and each remembered wish never decrease; ne >= e once an epoch was entered.
type epochsGrow[M rounds.Message, P any] struct{ sim *Sim[M, P] }

func (c *epochsGrow[M, P]) Stepped(o *Oracle[M, P], _ any, before, after *rounds.Status) {
	if after.Epoch < before.Epoch || after.WishedEpoch < before.WishedEpoch {
		c.sim.Violated("epochs grow", "oracle %d goes from epoch %d, wish %d back to epoch %d, wish %d",
			o.ID, before.Epoch, before.WishedEpoch, after.Epoch, after.WishedEpoch)
	}
	if before.Started && after.Epoch > before.Epoch && after.WishedEpoch < after.Epoch {
		c.sim.Violated("epochs grow", "oracle %d enters epoch %d but wishes for %d only", o.ID, after.Epoch, after.WishedEpoch)
	}
}

// Started: what was durable is not lost, if it could be read.
func (c *epochsGrow[M, P]) Started(o *Oracle[M, P], start *rounds.Start[P]) {
	if durable := o.Disk.state; start.State != nil && (durable == nil || start.State.Epoch < durable.Epoch) {
		c.sim.Violated("epochs grow", "oracle %d starts in epoch %d, but a later one is durable", o.ID, start.State.Epoch)
	}
}

// epochsAreJustified: an epoch is entered only if more than 2f oracles wished for it or a later one.
type epochsAreJustified[M rounds.Message, P any] struct{ sim *Sim[M, P] }

func (c *epochsAreJustified[M, P]) Stepped(o *Oracle[M, P], _ any, before, after *rounds.Status) {
	if !before.Started || after.Epoch == before.Epoch {
		return
	}
	if count := engine.Wishing(o.wishes, after.Epoch); count <= 2*c.sim.F {
		c.sim.Violated("epochs are justified", "oracle %d enters epoch %d, which %d oracles are known to it to wish for, not more than 2f = %d",
			o.ID, after.Epoch, count, 2*c.sim.F)
	}
}

// wishesAreJustified: a wish is raised only by an own timeout, or by the leader's word that it is done, or after more than f
// oracles wished for it or more.
type wishesAreJustified[M rounds.Message, P any] struct{ sim *Sim[M, P] }

func (c *wishesAreJustified[M, P]) Stepped(o *Oracle[M, P], ev any, before, after *rounds.Status) {
	if !before.Started || after.WishedEpoch == before.WishedEpoch {
		return
	}
	if engine.Wishing(o.wishes, after.WishedEpoch) > c.sim.F {
		return
	}
	timer, fired := ev.(rounds.TimerFired)
	leaderDone := after.Round == c.sim.RMax+1
	// A leader may be done in an epoch that is entered in the same step: its word for that was here before.
	next := max(before.WishedEpoch, after.Epoch+1)
	if after.Epoch < math.MaxUint32 && after.WishedEpoch == next && (fired && timer.Timer == rounds.TimerProgress || leaderDone) {
		return
	}
	c.sim.Violated("wishes are justified", "oracle %d in epoch %d wishes for epoch %d after %T, with wishes %v",
		o.ID, before.Epoch, after.WishedEpoch, ev, o.wishes)
}

// OracleRound names a round of one oracle.
type OracleRound struct {
	Oracle commontypes.OracleID
	Round  rounds.Round
}

// sentSet is a set of kinds of messages.
type sentSet uint16

func (s *sentSet) add(k roundwire.Kind) (present bool) {
	present = *s>>k&1 == 1
	*s |= 1 << k
	return present
}

func noteSent[M rounds.Message, P any](s *Sim[M, P], invariant string, sent map[OracleRound]sentSet, o *Oracle[M, P], m M) rounds.Round {
	epoch, number := m.Position()
	round := rounds.Round{Epoch: epoch, Round: number}
	key := OracleRound{o.ID, round}
	set := sent[key]
	if set.add(m.Kind()) {
		s.Violated(invariant, "oracle %d sends a second %s for round %s", o.ID, m.Kind(), round)
	}
	sent[key] = set
	const most = 1 << 17
	if len(sent) >= most && round.Epoch >= RememberedEpochs {
		for key := range sent {
			if key.Round.Epoch < round.Epoch-RememberedEpochs {
				delete(sent, key)
			}
		}
	}
	return round
}

// oneSignature: at most one observation and one report leave an oracle for each (e, r), also across crashes; and not for a
// round above RMax.
type oneSignature[M rounds.Message, P any] struct {
	sim  *Sim[M, P]
	sent map[OracleRound]sentSet
}

func (c *oneSignature[M, P]) Left(o *Oracle[M, P], effect kernel.Effect) {
	e, ok := effect.(rounds.Send[M])
	if !ok || e.Message.Kind() != roundwire.KindObserve && e.Message.Kind() != roundwire.KindReport {
		return
	}
	if _, round := e.Message.Position(); round > c.sim.RMax {
		c.sim.Violated("one signature", "oracle %d sends %s for round %d, above RMax = %d", o.ID, e.Message.Kind(), round, c.sim.RMax)
	}
	noteSent(c.sim, "one signature", c.sent, o, e.Message)
}

// roundsInOrder: a leader announces rounds in ascending order, none twice, also across crashes, and one after the other unless
// it may leave some out; it sends at most one ReportReq and one Final for a round, to everybody, and only in epochs that it leads.
type roundsInOrder[M rounds.Message, P any] struct {
	sim  *Sim[M, P]
	sent map[OracleRound]sentSet
	last []rounds.Round // announced, by oracle
	life []uint32       // in which last was announced
}

func (c *roundsInOrder[M, P]) Left(o *Oracle[M, P], effect kernel.Effect) {
	e, ok := effect.(rounds.Broadcast[M])
	if !ok {
		return
	}
	epoch, number := e.Message.Position()
	round := rounds.Round{Epoch: epoch, Round: number}
	switch e.Message.Kind() {
	case roundwire.KindObserveReq:
		c.announced(o, round)
	case roundwire.KindReportReq:
		if count := c.sim.Observations(e.Message); count <= 2*c.sim.F {
			c.sim.Violated("rounds in order", "oracle %d sends a ReportReq for round %s with %d observations", o.ID, round, count)
		}
	case roundwire.KindFinal:
	default:
		return
	}
	if leader := c.sim.Leaders.Leader(epoch); leader != o.ID {
		c.sim.Violated("rounds in order", "oracle %d sends %s for epoch %d, which %d leads", o.ID, e.Message.Kind(), epoch, leader)
	}
	noteSent(c.sim, "rounds in order", c.sent, o, e.Message)
}

func (c *roundsInOrder[M, P]) announced(o *Oracle[M, P], round rounds.Round) {
	if round.Round > c.sim.RMax+1 { // the one above RMax says that the epoch is over
		c.sim.Violated("rounds in order", "oracle %d announces round %s, with RMax = %d", o.ID, round, c.sim.RMax)
	}
	last := c.last[o.ID]
	if !last.Less(round) {
		c.sim.Violated("rounds in order", "oracle %d announces round %s after %s", o.ID, round, last)
	}
	if last.Epoch == round.Epoch && c.life[o.ID] == o.Life && round.Round != last.Round+1 && !c.sim.LeavesOut {
		c.sim.Violated("rounds in order", "oracle %d announces round %s next after %s", o.ID, round, last)
	}
	c.last[o.ID], c.life[o.ID] = round, o.Life
	c.sim.Counts.Rounds++
}

// noGoingBack: the contract's (e, r) only grows.
type noGoingBack[M rounds.Message, P any] struct {
	sim  *Sim[M, P]
	last rounds.Round
}

func (c *noGoingBack[M, P]) Landed(round *rounds.Round) {
	if !c.last.Less(*round) {
		c.sim.Violated("no going back", "the report of round %s lands after that of %s", *round, c.last)
	}
	c.last = *round
}

// boundedMemory: every buffer of a machine stays within its bound.
type boundedMemory[M rounds.Message, P any] struct{ sim *Sim[M, P] }

func (c *boundedMemory[M, P]) Stepped(o *Oracle[M, P], _ any, _, s *rounds.Status) {
	for _, buffer := range [...]Buffer{
		{"messages of later epochs", s.FutureMessages, kernel.FutureMessagesPerSender * c.sim.N},
		{"finals to accept", s.FinalsToAccept, 100},
		{"pending transmissions", s.PendingTransmissions, 1000},
		{"effects held back", o.Outbox.Held(), math.MaxUint16},
	} {
		o.CheckBuffer(buffer)
	}
}

// Buffer is something that has a bound.
type Buffer struct {
	Name        string
	Length, Max int
}

// CheckBuffer checks that a buffer is within its bound.
func (o *Oracle[M, P]) CheckBuffer(b Buffer) {
	if b.Length > b.Max {
		o.Sim.Violated("bounded memory", "oracle %d holds %d %s, more than %d", o.ID, b.Length, b.Name, b.Max)
	}
}

// oneTransmission: in one life, an oracle hands a report to the contract transmitter at most once with success.
type oneTransmission[M rounds.Message, P any] struct {
	sim    *Sim[M, P]
	open   []map[kernel.CallID]rounds.Round
	landed []map[rounds.Round]bool
}

func (c *oneTransmission[M, P]) Started(o *Oracle[M, P], _ *rounds.Start[P]) {
	c.open[o.ID], c.landed[o.ID] = map[kernel.CallID]rounds.Round{}, map[rounds.Round]bool{}
}

func (c *oneTransmission[M, P]) Left(o *Oracle[M, P], effect kernel.Effect) {
	if id, round, ok := c.sim.Transmission(effect); ok {
		if c.landed[o.ID][round] {
			c.sim.Violated("one transmission", "oracle %d transmits the report of round %s again", o.ID, round)
		}
		c.open[o.ID][id] = round
	}
}

func (c *oneTransmission[M, P]) Stepped(o *Oracle[M, P], ev any, _, _ *rounds.Status) {
	done, ok := ev.(rounds.TransmitDone)
	if !ok {
		return
	}
	if done.Err == nil {
		c.landed[o.ID][c.open[o.ID][done.ID]] = true
	}
	delete(c.open[o.ID], done.ID)
}

// noFalseSuspicion: while the network works, no honest oracle calls a message of another honest one suspicious, whatever the
// traitors do; and if there are no traitors either, none has anything to warn of, except that another oracle was faster in
// transmitting a report.
type noFalseSuspicion[M rounds.Message, P any] struct{ sim *Sim[M, P] }

func (c *noFalseSuspicion[M, P]) Called(o *Oracle[M, P], effect kernel.Effect) {
	if c.sim.HealAfter > 0 || c.sim.Breaks.MistakenSender {
		return
	}
	switch e := effect.(type) {
	case kernel.Dropped:
		if e.Suspicious && c.sim.Oracles[e.Sender].Honest() {
			c.sim.Violated("no false suspicion", "oracle %d suspects honest oracle %d: %s", o.ID, e.Sender, e)
		}
	case kernel.Log:
		if e.Level >= kernel.LogWarn && !slices.Contains(c.sim.Harmless, e.Message) && len(c.sim.Traitors) == 0 {
			c.sim.Violated("no false suspicion", "in a network without faults, oracle %d logs %s %v", o.ID, e, e.Fields)
		}
	}
}

// following: after the network has healed, every honest oracle soon is in the epoch that more than 2f honest ones wish for.
type following[M rounds.Message, P any] struct{ watch engine.Following[M] }

func newFollowing[M rounds.Message, P any](s *Sim[M, P]) *following[M, P] {
	return &following[M, P]{engine.Following[M]{
		World: &s.World, Slack: engine.FollowingSlack(s.DeltaResend, s.DiskDelay),
		Wishes: func() (wishes []uint64) {
			for _, o := range s.Oracles {
				if o.Honest() {
					wishes = append(wishes, uint64(o.Status.WishedEpoch))
				}
			}
			return wishes
		},
	}}
}

func (c *following[M, P]) Stepped(o *Oracle[M, P], _ any, before, after *rounds.Status) {
	c.watch.Check(o.ID, uint64(after.Epoch), after.WishedEpoch != before.WishedEpoch)
}
