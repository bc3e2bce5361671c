package sim

import (
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// oneSignature: at most one observation and one report leave an oracle for each (e, r), also across crashes; and not for a
// round above RMax.
type oneSignature struct {
	sim  *simulation
	sent map[oracleRound]sentSet
}

// sentSet is a set of kinds of messages.
type sentSet uint16

func (s *sentSet) add(k ocr2wire.Kind) (present bool) {
	present = *s>>k&1 == 1
	*s |= 1 << k
	return present
}

func newOneSignature(s *simulation) *oneSignature {
	return &oneSignature{s, map[oracleRound]sentSet{}}
}

func (c *oneSignature) left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr2.Send)
	if !ok {
		return
	}
	var round ocr2.Round
	switch m := e.Message.(type) {
	case *ocr2wire.Observe:
		round = ocr2.Round{Epoch: m.Epoch, Round: m.Round}
	case *ocr2wire.Report:
		round = ocr2.Round{Epoch: m.Epoch, Round: m.Round}
	default:
		return
	}
	if rmax := c.sim.options.Timing.RMax; round.Round > rmax {
		c.sim.violated("one signature", "oracle %d sends %s for round %s, above RMax = %d", n.id, e.Message.Kind(), round, rmax)
	}
	noteSent(c.sim, "one signature", c.sent, n, round, e.Message)
}

func noteSent(s *simulation, invariant string, sent map[oracleRound]sentSet, n *node, round ocr2.Round, m ocr2wire.Message) {
	key := oracleRound{n.id, round}
	set := sent[key]
	if set.add(m.Kind()) {
		s.violated(invariant, "oracle %d sends a second %s for round %s", n.id, m.Kind(), round)
	}
	sent[key] = set
	forgetOld(sent, round)
}

// forgetOld bounds what is remembered of rounds.
func forgetOld(sent map[oracleRound]sentSet, newest ocr2.Round) {
	const most = 1 << 17
	if len(sent) < most || newest.Epoch < ledgerRounds {
		return
	}
	for key := range sent {
		if key.round.Epoch < newest.Epoch-ledgerRounds {
			delete(sent, key)
		}
	}
}

// roundsInOrder: a leader announces rounds in ascending order, none twice, also across crashes, and one after the other if
// no query fails; it sends at most one ReportReq and one Final for a round, to everybody, and only in epochs that it leads.
type roundsInOrder struct {
	sim  *simulation
	sent map[oracleRound]sentSet
	last []ocr2.Round // announced, by oracle
	life []uint32     // in which last was announced
}

func newRoundsInOrder(s *simulation) *roundsInOrder {
	return &roundsInOrder{s, map[oracleRound]sentSet{}, make([]ocr2.Round, s.options.N), make([]uint32, s.options.N)}
}

func (c *roundsInOrder) left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr2.Broadcast)
	if !ok {
		return
	}
	var round ocr2.Round
	switch m := e.Message.(type) {
	case *ocr2wire.ObserveReq:
		round = ocr2.Round{Epoch: m.Epoch, Round: m.Round}
		c.announced(n, round)
	case *ocr2wire.ReportReq:
		round = ocr2.Round{Epoch: m.Epoch, Round: m.Round}
		if len(m.Observations) <= 2*c.sim.options.F {
			c.sim.violated("rounds in order", "oracle %d sends a ReportReq for round %s with %d observations", n.id, round, len(m.Observations))
		}
	case *ocr2wire.Final:
		round = ocr2.Round{Epoch: m.Epoch, Round: m.Round}
	default:
		return
	}
	if leader := c.sim.leaders.Leader(round.Epoch); leader != n.id {
		c.sim.violated("rounds in order", "oracle %d sends %s for epoch %d, which %d leads", n.id, e.Message.Kind(), round.Epoch, leader)
	}
	noteSent(c.sim, "rounds in order", c.sent, n, round, e.Message)
}

func (c *roundsInOrder) announced(n *node, round ocr2.Round) {
	last := c.last[n.id]
	if !last.Less(round) {
		c.sim.violated("rounds in order", "oracle %d announces round %s after %s", n.id, round, last)
	}
	faults := &c.sim.options.Faults
	queriesFail := faults.PluginErrors > 0 || faults.PluginSlow > 0
	if last.Epoch == round.Epoch && c.life[n.id] == n.life && round.Round != last.Round+1 && !queriesFail {
		c.sim.violated("rounds in order", "oracle %d announces round %s next after %s", n.id, round, last)
	}
	c.last[n.id], c.life[n.id] = round, n.life
	c.sim.stats.Rounds++
}

// pluginOrder: Query and Observation of one plugin are each called with (e, r) strictly increasing. Report, too, but it may be
// called again for a round in which it failed.
type pluginOrder struct {
	sim  *simulation
	last [][3]ocr2.Round
}

func newPluginOrder(s *simulation) *pluginOrder {
	return &pluginOrder{s, make([][3]ocr2.Round, s.options.N)}
}

func (c *pluginOrder) started(n *node, _ *ocr2.Start) { c.last[n.id] = [3]ocr2.Round{} }

func (c *pluginOrder) called(n *node, effect kernel.Effect) {
	switch e := effect.(type) {
	case ocr2.CallQuery:
		c.next(n, 0, "Query", roundOf(e.Timestamp))
	case ocr2.CallObservation:
		c.next(n, 1, "Observation", roundOf(e.Timestamp))
	case ocr2.CallReport:
		c.next(n, 2, "Report", roundOf(e.Timestamp))
	}
}

func (c *pluginOrder) next(n *node, method int, name string, round ocr2.Round) {
	last := &c.last[n.id][method]
	if !last.Less(round) && !(name == "Report" && *last == round) {
		c.sim.violated("plugin order", "oracle %d calls %s for round %s after %s", n.id, name, round, *last)
	}
	*last = round
}

// oneTransmission: in one life, an oracle hands a report to the contract transmitter at most once with success.
type oneTransmission struct {
	sim    *simulation
	open   []map[kernel.CallID]ocr2.Round
	landed []map[ocr2.Round]bool
}

func newOneTransmission(s *simulation) *oneTransmission {
	return &oneTransmission{s, make([]map[kernel.CallID]ocr2.Round, s.options.N), make([]map[ocr2.Round]bool, s.options.N)}
}

func (c *oneTransmission) started(n *node, _ *ocr2.Start) {
	c.open[n.id], c.landed[n.id] = map[kernel.CallID]ocr2.Round{}, map[ocr2.Round]bool{}
}

func (c *oneTransmission) left(n *node, effect kernel.Effect) {
	if e, ok := effect.(ocr2.CallTransmit); ok {
		round := roundOf(e.Context.ReportTimestamp)
		if c.landed[n.id][round] {
			c.sim.violated("one transmission", "oracle %d transmits the report of round %s again", n.id, round)
		}
		c.open[n.id][e.ID] = round
	}
}

func (c *oneTransmission) stepped(n *node, ev ocr2.Event, _, _ *ocr2.Status) {
	done, ok := ev.(ocr2.TransmitDone)
	if !ok {
		return
	}
	if done.Err == nil {
		c.landed[n.id][c.open[n.id][done.ID]] = true
	}
	delete(c.open[n.id], done.ID)
}
