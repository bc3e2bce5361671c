package ocr1sim

import (
	"math/big"
	"time"

	gen "github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// dueReports: an honest oracle signs a report only if one is due, by what it was told of the contract. The rule is written here
// once more, in the plainest way.
type dueReports struct{ sim *simulation }

func (c *dueReports) Called(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr1.SignOnchain)
	if !ok {
		return
	}
	var report gen.Report
	if err := gen.DecodeReport(e.Report, &report); err != nil || len(report.Observations) == 0 {
		c.sim.Violated("due reports", "oracle %d signs in round %s what is no report: %v", n.ID, e.Round, err)
		return
	}
	if in := n.view.inputs; in == nil || !c.due(n.Time(), report.Observations[len(report.Observations)/2], in) {
		c.sim.Violated("due reports", "oracle %d signs a report of round %s, though none is due by %+v", n.ID, e.Round, in)
	}
}

func (c *dueReports) due(now time.Time, median *big.Int, in *ocr1.ReportInputsDone) bool {
	if in.Err != nil {
		return true // what the contract has is not known
	}
	alphaPPB, deltaC := c.sim.options.Timing.AlphaPPB, c.sim.options.Timing.DeltaC
	if in.Override != nil {
		alphaPPB, deltaC = in.Override.AlphaPPB, in.Override.DeltaC
	}
	if in.Contract.Round.Epoch == 0 && in.Contract.Round.Round == 0 {
		return true // the first report
	}
	answer := in.Contract.LatestAnswer
	if answer.Sign() == 0 {
		if median.Sign() != 0 {
			return true
		}
	} else {
		change := new(big.Rat).SetFrac(new(big.Int).Sub(median, answer), answer)
		alpha := new(big.Rat).SetFrac(new(big.Int).SetUint64(alphaPPB), big.NewInt(1_000_000_000))
		if change.Abs(change).Cmp(alpha) >= 0 {
			return true
		}
	}
	if now.Sub(in.Contract.LatestTimestamp) > deltaC {
		return true
	}
	requested, latest := in.Requested.Round, in.Contract.Round
	return in.Requested.ConfigDigest == c.sim.digest &&
		(requested.Epoch > latest.Epoch || requested.Epoch == latest.Epoch && requested.Round >= latest.Round)
}

// enoughEchoes: an honest oracle passes on one report of a round, and completes a round only if no report is due, or if more than f
// oracles passed a report on to it.
type enoughEchoes struct{ sim *simulation }

func (c *enoughEchoes) Left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr1.Broadcast)
	if !ok {
		return
	}
	if m, ok := e.Message.(*ocr1wire.FinalEcho); ok {
		round := ocr1.Round{Epoch: m.Final.Epoch, Round: m.Final.Round}
		if n.view.echoed[round] {
			c.sim.Violated("enough echoes", "oracle %d echoes a second report of round %s", n.ID, round)
		}
		n.view.echoed[round] = true
	}
}

func (c *enoughEchoes) Stepped(n *node, _ any, before, after *ocr1.Status) {
	same := before.Epoch == after.Epoch && before.Round == after.Round
	if !after.CompletedRound || before.CompletedRound && same || n.view.inputs != nil || after.Round > c.sim.RMax {
		return
	}
	round := ocr1.Round{Epoch: after.Epoch, Round: after.Round}
	count := 0
	for set := n.view.echoes[round]; set != 0; set &= set - 1 {
		count++
	}
	if count <= c.sim.F {
		c.sim.Violated("enough echoes", "oracle %d completes round %s after echoes of %d oracles", n.ID, round, count)
	}
}

// acceptance: what an honest oracle accepts is newer than what it accepted before in this life, and than what it was told the
// contract has; and so is, by the contract, what it transmits.
type acceptance struct{ sim *simulation }

func (c *acceptance) Stepped(n *node, _ any, before, after *ocr1.Status) {
	if after.LatestAccepted == before.LatestAccepted {
		return
	}
	if !before.LatestAccepted.Less(after.LatestAccepted) || !c.newer(n, after.LatestAccepted) {
		c.sim.Violated("acceptance", "oracle %d accepts the report of round %s after that of %s, when told of the contract: %+v",
			n.ID, after.LatestAccepted, before.LatestAccepted, n.view.told[after.LatestAccepted])
	}
	if _, ok := n.view.accepted[after.LatestAccepted]; !ok {
		n.view.accepted[after.LatestAccepted] = n.Time()
	}
}

// newer tells whether a round is after that on the contract, as far as the oracle knows.
func (c *acceptance) newer(n *node, round ocr1.Round) bool {
	known := n.view.told[round]
	return known != nil && known.Err == nil && known.Contract.ConfigDigest == c.sim.digest &&
		known.Contract.Round.Less(round)
}

func (c *acceptance) Left(n *node, effect kernel.Effect) {
	if e, ok := effect.(ocr1.CallTransmit); ok && !c.newer(n, e.Round) {
		c.sim.Violated("acceptance", "oracle %d transmits the report of round %s, when told of the contract: %+v", n.ID, e.Round, n.view.told[e.Round])
	}
}

// inTurn: an honest oracle transmits only what it accepted, in this life or before, and not before its turn.
type inTurn struct{ sim *simulation }

func (c *inTurn) Left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr1.CallTransmit)
	if !ok {
		return
	}
	round := e.Round
	turn := c.sim.schedule.Delays(round.Epoch, round.Round)[n.ID]
	accepted, ok := n.view.accepted[round]
	slack := time.Microsecond + turn.Delay/10_000 // clocks that are wrong
	if !ok || !turn.Transmits || n.Time().Before(accepted.Add(turn.Delay-slack)) {
		c.sim.Violated("in turn", "oracle %d transmits the report of round %s at %s, accepted (%t) at %s, in turn %+v", n.ID, round, n.Time(), ok, accepted, turn)
	}
}

// calm is how long after healing there may still be calls under way that take too long.
func (s *simulation) calm() time.Duration {
	t := &s.options.Timing
	return max(t.DataSourceTimeout+t.DataSourceGracePeriod, t.BlockchainTimeout) + time.Second
}

// timelyRounds: after the network has healed, an epoch with an honest leader makes progress in time, as long as all honest oracles
// are with it, and there was no round in which a report was due for some of them only, f or fewer: they wait for the others in vain.
type timelyRounds struct {
	sim *simulation
	// reporting counts the honest oracles that reported, by round; of the latest epochs.
	reporting map[ocr1.Round]int
}

func (c *timelyRounds) Left(_ *node, effect kernel.Effect) {
	e, ok := effect.(ocr1.Send)
	if !ok || e.Message.Kind() != ocr1wire.KindReport {
		return
	}
	epoch, number := e.Message.Position()
	for round := range c.reporting {
		if round.Epoch+4 < epoch {
			delete(c.reporting, round)
		}
	}
	c.reporting[ocr1.Round{Epoch: epoch, Round: number}]++
}

func (c *timelyRounds) Stepped(n *node, ev any, before, _ *ocr1.Status) {
	fired, ok := ev.(rounds.TimerFired)
	t := &c.sim.options.Timing
	needed := 2*t.DeltaRound + c.sim.options.roundTime()
	if !ok || fired.Timer != rounds.TimerProgress || !c.sim.Healed || t.DeltaRound < c.sim.options.roundTime() || t.DeltaProgress < needed {
		return
	}
	leader := c.sim.Leaders.Leader(before.Epoch)
	if !c.sim.nodes[leader].Honest() {
		return
	}
	last := engine.Instant(0)
	for _, other := range c.sim.nodes {
		if !other.Honest() {
			continue
		}
		wish := other.status.WishedEpoch
		if other == n {
			wish = before.WishedEpoch
		}
		if other.status.Epoch != before.Epoch || wish != before.Epoch || other.view.enteredAt < c.sim.HealedAt+c.sim.calm() {
			return // who is not there, or about to leave, cannot be counted on
		}
		last = max(last, other.view.enteredAt)
	}
	if c.sim.Now < last+needed {
		return // somebody came late
	}
	for round, count := range c.reporting {
		if round.Epoch == before.Epoch && count <= c.sim.F {
			return
		}
	}
	c.sim.Violated("timely rounds", "in epoch %d, of honest leader %d, the progress timer of oracle %d fires, with all honest oracles there",
		before.Epoch, leader, n.ID)
}

// delivery: after the network has healed, what an honest oracle accepts and is scheduled to transmit soon is on the contract, or
// something newer.
type delivery struct {
	sim     *simulation
	pending []promise // by time of acceptance
}

type promise struct {
	round ocr1.Round
	due   engine.Instant
}

func (c *delivery) Stepped(n *node, _ any, before, after *ocr1.Status) {
	s := c.sim
	if after.LatestAccepted != before.LatestAccepted && s.Healed && s.Now > s.HealedAt+s.calm() {
		round := after.LatestAccepted
		if turn := s.schedule.Delays(round.Epoch, round.Round)[n.ID]; turn.Transmits {
			slack := turn.Delay/100 + 2*s.options.Timing.DeltaStage + 3*time.Second
			c.pending = append(c.pending, promise{round: round, due: s.Now + turn.Delay + slack})
		}
	}
	c.look()
}

// look looks at what is due.
func (c *delivery) look() {
	kept := c.pending[:0]
	latest := c.sim.contract.landed.Latest()
	for _, p := range c.pending {
		switch {
		case latest != nil && !latest.round().Less(p.round):
		case c.sim.Now > p.due:
			c.sim.Violated("delivery", "the report of round %s was accepted by an honest oracle that was to transmit it, but is not on the contract", p.round)
		default:
			kept = append(kept, p)
		}
	}
	c.pending = kept
}

func (c *delivery) Ended() { c.look() }
