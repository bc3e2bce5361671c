package ocr1sim

import (
	"crypto/sha256"
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Violation is an invariant that did not hold. Its Invariant is a name in docs/protocol/ocr1.md, "Invariants"; or "wire" if a
// message of an honest oracle is refused, "panic" for a panic. Its Detail says what happened and to whom, its At is the virtual
// time since the start of the run.
type Violation = engine.Violation

// checkers holds the checkers of OCR1's own invariants, one for each; those that OCR2 has as well are in package roundsim.
type checkers struct {
	engine.Checkers[*node, ocr1wire.Message, ocr1.Start, ocr1.Status, LandedReport]
	sim *simulation
	// ledger has the hashes of the reports that honest oracles signed.
	ledger roundsim.Ledger[ocr1wire.Observation, [32]byte]
}

// view is what checkers know of one oracle.
type view struct {
	enteredAt engine.Instant // the epoch in which it is
	// inputs are those of the decision whether a report is due, if that was the latest event; asked are the rounds for whose
	// reports it asked for the state of the contract, told is what it was told last for each.
	inputs *ocr1.ReportInputsDone
	asked  map[kernel.CallID]ocr1.Round
	told   map[ocr1.Round]*ocr1.ContractStateDone
	// echoes are the oracles of whom echoes were delivered, echoed the rounds in which it sent one; both in this life.
	echoes map[ocr1.Round]oracles
	echoed map[ocr1.Round]bool
	// accepted is when it accepted the report of a round, on its own clock, in any life.
	accepted map[ocr1.Round]time.Time
}

func newCheckers(s *simulation) *checkers {
	c := &checkers{sim: s, ledger: roundsim.NewLedger[ocr1wire.Observation, [32]byte]()}
	for _, checker := range []any{
		&honestQuorum{s},
		&dueReports{s},
		&enoughEchoes{s},
		&acceptance{s},
		&inTurn{s},
		&boundedMemory{s},
		&timelyRounds{s, map[ocr1.Round]int{}},
		&delivery{sim: s},
	} {
		c.Add(checker)
	}
	return c
}

func (c *checkers) Started(n *node, start *ocr1.Start) {
	v := &n.view
	v.enteredAt, v.inputs = c.sim.Now, nil
	v.asked, v.told = map[kernel.CallID]ocr1.Round{}, map[ocr1.Round]*ocr1.ContractStateDone{}
	v.echoes, v.echoed = map[ocr1.Round]oracles{}, map[ocr1.Round]bool{}
	if v.accepted == nil {
		v.accepted = map[ocr1.Round]time.Time{}
	}
	c.Checkers.Started(n, start)
}

func (c *checkers) Delivered(n *node, from commontypes.OracleID, m ocr1wire.Message) {
	if m.Kind() == roundwire.KindFinalEcho {
		epoch, number := m.Position()
		round := ocr1.Round{Epoch: epoch, Round: number}
		set := n.view.echoes[round]
		set.add(from)
		n.view.echoes[round] = set
	}
	c.Checkers.Delivered(n, from, m)
}

func (c *checkers) Stepped(n *node, ev any, before, after *ocr1.Status) {
	v := &n.view
	if after.Epoch != before.Epoch {
		v.enteredAt = c.sim.Now
		for round := range v.echoes {
			if round.Epoch < after.Epoch {
				delete(v.echoes, round)
			}
		}
		for round := range v.told {
			if round.Epoch+1000 < after.Epoch {
				delete(v.told, round)
			}
		}
	}
	v.inputs = nil
	switch ev := ev.(type) {
	case ocr1.ReportInputsDone:
		v.inputs = &ev
	case ocr1.ContractStateDone:
		v.told[v.asked[ev.ID]] = &ev
		delete(v.asked, ev.ID)
	}
	c.Checkers.Stepped(n, ev, before, after)
}

func (c *checkers) Called(n *node, effect kernel.Effect) {
	if e, ok := effect.(ocr1.CallContractState); ok {
		n.view.asked[e.ID] = e.Round
	}
	c.Checkers.Called(n, effect)
}

// observes and signs note in the ledger what honest oracles do.
func (c *checkers) observes(n *node, call *ocr1.CallObserve, value *big.Int) {
	if o, err := ocr1wire.NewObservation(value); err == nil && n.Honest() {
		c.ledger.Observed(n.ID, call.Round, o)
	}
}

func (c *checkers) signs(n *node, e *ocr1.SignOnchain) {
	if n.Honest() {
		c.ledger.Signed(n.ID, e.Round, sha256.Sum256(e.Report))
	}
}

// honestQuorum: a report that is echoed or transmitted by an honest oracle, and one that lands, has signatures of more than f
// different oracles, of whom the honest ones did sign it; and an honest oracle signs only a report of more than 2f observations
// of different oracles in ascending order, of whom the honest ones did observe that. So the answer, the median, is at least one
// honest observation of that round, and at most another.
type honestQuorum struct{ sim *simulation }

func (c *honestQuorum) Left(n *node, effect kernel.Effect) {
	switch e := effect.(type) {
	case ocr1.Broadcast:
		if m, ok := e.Message.(*ocr1wire.FinalEcho); ok {
			round := ocr1.Round{Epoch: m.Final.Epoch, Round: m.Final.Round}
			report, err := c.sim.report(round, m.Final.AttestedReport.Observations)
			if err != nil {
				c.sim.Violated("honest quorum", "oracle %d echoes in round %s what cannot be a report: %v", n.ID, round, err)
			}
			c.signatures("echoed by", n.ID, round, report, m.Final.AttestedReport.Signatures)
		}
	case ocr1.Send:
		if m, ok := e.Message.(*ocr1wire.Report); ok {
			c.observations("reported by", n.ID, ocr1.Round{Epoch: m.Epoch, Round: m.Round}, m.AttestedReport.Observations)
		}
	case ocr1.CallTransmit:
		c.signatures("transmitted by", n.ID, e.Round, e.Report, joined(e.Rs, e.Ss, e.Vs))
	}
}

// joined puts signatures together again.
func joined(rs, ss [][32]byte, vs [32]byte) (signatures [][]byte) {
	for i := range min(len(rs), len(ss)) {
		signatures = append(signatures, append(append(append([]byte(nil), rs[i][:]...), ss[i][:]...), vs[i]))
	}
	return signatures
}

func (c *honestQuorum) Landed(r *LandedReport) {
	list := make([]ocr1wire.AttributedObservation, len(r.Observations))
	for i, value := range r.Observations {
		o, err := ocr1wire.NewObservation(value)
		if err != nil {
			c.sim.Violated("honest quorum", "the report of round %s has an observation that is no int192: %v", r.round(), err)
		}
		list[i] = ocr1wire.AttributedObservation{Observation: o, Observer: r.Observers[i]}
	}
	c.observations("landed, transmitted by", r.Transmitter, r.round(), list)
	c.signed("landed, transmitted by", r.Transmitter, r.round(), r.Report, r.Signers)
}

func (c *honestQuorum) signatures(how string, who commontypes.OracleID, round ocr1.Round, report []byte, signatures [][]byte) {
	var signers []commontypes.OracleID
	for i, signature := range signatures {
		signer := c.sim.keys.signer(report, signature)
		if signer < 0 || signer >= c.sim.N {
			c.sim.Violated("honest quorum", "signature %d of the report of round %s %s %d is by none of the oracles", i, round, how, who)
			return
		}
		signers = append(signers, commontypes.OracleID(signer))
	}
	c.signed(how, who, round, report, signers)
}

func (c *honestQuorum) signed(how string, who commontypes.OracleID, round ocr1.Round, report []byte, signers []commontypes.OracleID) {
	var seen oracles
	honest := 0
	for _, signer := range signers {
		if seen.add(signer) {
			c.sim.Violated("honest quorum", "report of round %s %s %d: oracle %d signed twice", round, how, who, signer)
		}
		if !c.sim.nodes[signer].Honest() {
			continue
		}
		honest++
		if !c.sim.checkers.ledger.HasSigned(signer, round, sha256.Sum256(report)) {
			c.sim.Violated("honest quorum", "report of round %s %s %d carries a signature of honest oracle %d, who did not sign it", round, how, who, signer)
		}
	}
	if len(signers) <= c.sim.F || honest == 0 {
		c.sim.Violated("honest quorum", "report of round %s %s %d has %d signers, %d of them honest; want more than %d", round, how, who, len(signers), honest, c.sim.F)
	}
}

func (c *honestQuorum) observations(how string, who commontypes.OracleID, round ocr1.Round, list []ocr1wire.AttributedObservation) {
	var seen oracles
	for i, o := range list {
		if int(o.Observer) >= c.sim.N || seen.add(o.Observer) {
			c.sim.Violated("honest quorum", "report of round %s %s %d: observer %d is there twice or no oracle", round, how, who, o.Observer)
			return
		}
		if i > 0 && o.Observation.Int().Cmp(list[i-1].Observation.Int()) < 0 {
			c.sim.Violated("honest quorum", "report of round %s %s %d: observations are not in order", round, how, who)
		}
		if c.sim.nodes[o.Observer].Honest() && !c.sim.checkers.ledger.HasObserved(o.Observer, round, o.Observation) {
			c.sim.Violated("honest quorum", "report of round %s %s %d has an observation of honest oracle %d, who did not make it", round, how, who, o.Observer)
		}
	}
	if len(list) <= 2*c.sim.F {
		c.sim.Violated("honest quorum", "report of round %s %s %d is made of %d observations", round, how, who, len(list))
		return
	}
	var lowest, highest *big.Int
	for i := range c.sim.N {
		for _, o := range c.sim.checkers.ledger.Observations(commontypes.OracleID(i), round) {
			if v := o.Int(); lowest == nil || v.Cmp(lowest) < 0 {
				lowest = v
			}
			if v := o.Int(); highest == nil || v.Cmp(highest) > 0 {
				highest = v
			}
		}
	}
	if answer := list[len(list)/2].Observation.Int(); lowest == nil || answer.Cmp(lowest) < 0 || answer.Cmp(highest) > 0 {
		c.sim.Violated("honest quorum", "report of round %s %s %d: the answer %d is not between honest observations, %d to %d", round, how, who, answer, lowest, highest)
	}
}

// report is what the contract gets of observations.
func (s *simulation) report(round ocr1.Round, list []ocr1wire.AttributedObservation) ([]byte, error) {
	return ocr1wire.OnchainReport(s.timestamp(round), list)
}

// boundedMemory: those buffers of a machine that are OCR1's own stay within their bounds.
type boundedMemory struct{ sim *simulation }

func (c *boundedMemory) Stepped(n *node, _ any, _, s *ocr1.Status) {
	for _, buffer := range [...]roundsim.Buffer{
		{Name: "messages for the follower", Length: s.FollowerQueue, Max: 16 * c.sim.N},
		{Name: "echoes", Length: s.Echoes, Max: c.sim.N},
		{Name: "calls", Length: s.Calls, Max: 2*c.sim.N + 8},
	} {
		n.CheckBuffer(buffer)
	}
}
