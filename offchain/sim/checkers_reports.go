package sim

import (
	"crypto/sha256"
	"math"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// honestQuorum: a finalized report, and one that lands, has a report quorum of different signers, of whom the honest ones did
// sign it; and an honest oracle makes a report only from more than 2f observations of different oracles, of whom the honest
// ones did observe that.
type honestQuorum struct {
	sim    *simulation
	quorum int
}

func newHonestQuorum(s *simulation) *honestQuorum {
	return &honestQuorum{s, s.quorum(true)}
}

func (c *honestQuorum) left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr2.Broadcast)
	if !ok {
		return
	}
	if m, ok := e.Message.(*ocr2wire.FinalEcho); ok {
		f := &m.Final
		c.check("finalized by honest oracle", n.id, ocr2.Round{Epoch: f.Epoch, Round: f.Round}, f.H,
			f.AttestedReport.Report, f.AttestedReport.AttributedSignatures)
	}
}

func (c *honestQuorum) landed(r *LandedReport) {
	c.check("landed, transmitted by", r.Transmitter, roundOf(r.Context.ReportTimestamp), r.Context.ExtraHash, r.Report, r.Signatures)
}

func (c *honestQuorum) check(how string, who commontypes.OracleID, round ocr2.Round, h [32]byte, report []byte, signatures []types.AttributedOnchainSignature) {
	a := attestation{h, sha256.Sum256(report)}
	signers, honest := map[commontypes.OracleID]bool{}, 0
	for _, s := range signatures {
		if signers[s.Signer] || int(s.Signer) >= c.sim.options.N {
			c.sim.violated("honest quorum", "report of round %s %s %d: signer %d is there twice or no oracle", round, how, who, s.Signer)
			return
		}
		signers[s.Signer] = true
		if !c.sim.nodes[s.Signer].honest() {
			continue
		}
		honest++
		if !c.sim.checkers.ledger.hasSigned(s.Signer, round, a) {
			c.sim.violated("honest quorum", "report of round %s %s %d carries a signature of honest oracle %d, who did not sign it",
				round, how, who, s.Signer)
		}
	}
	if len(signers) != c.quorum || honest == 0 {
		c.sim.violated("honest quorum", "report of round %s %s %d has %d signers, %d of them honest; want %d, at least one honest",
			round, how, who, len(signers), honest, c.quorum)
	}
}

func (c *honestQuorum) called(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr2.CallReport)
	if !ok {
		return
	}
	var seen [types.MaxOracles]bool
	count := 0
	round := roundOf(e.Timestamp)
	for _, o := range e.Observations {
		if int(o.Observer) >= c.sim.options.N || seen[o.Observer] {
			c.sim.violated("honest quorum", "oracle %d makes a report of round %s from observations with a bad observer %d", n.id, round, o.Observer)
			return
		}
		seen[o.Observer] = true
		count++
		if c.sim.nodes[o.Observer].honest() && !c.sim.checkers.ledger.hasObserved(o.Observer, round, o.Observation) {
			c.sim.violated("honest quorum", "oracle %d makes a report of round %s with an observation of honest oracle %d, who did not make it",
				n.id, round, o.Observer)
		}
	}
	if count <= 2*c.sim.options.F {
		c.sim.violated("honest quorum", "oracle %d makes a report of round %s from %d observations", n.id, round, count)
	}
}

// uniqueReports: if the plugin asks for unique reports, at most one report for each (e, r) is finalized anywhere.
type uniqueReports struct {
	sim       *simulation
	finalized map[ocr2.Round]attestation
}

func newUniqueReports(s *simulation) *uniqueReports {
	return &uniqueReports{s, map[ocr2.Round]attestation{}}
}

func (c *uniqueReports) left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr2.Broadcast)
	if !ok || !c.sim.unique {
		return
	}
	m, ok := e.Message.(*ocr2wire.FinalEcho)
	if !ok {
		return
	}
	round := ocr2.Round{Epoch: m.Final.Epoch, Round: m.Final.Round}
	a := attestation{m.Final.H, sha256.Sum256(m.Final.AttestedReport.Report)}
	if other, ok := c.finalized[round]; ok && other.report != a.report {
		c.sim.violated("unique reports", "oracle %d finalizes a second report of round %s", n.id, round)
	}
	c.finalized[round] = a
	if len(c.finalized) > 2*ledgerRounds {
		for old := range c.finalized {
			if c.sim.index(old) < c.sim.index(round)-ledgerRounds {
				delete(c.finalized, old)
			}
		}
	}
}

// totality: if an honest oracle finalizes (e, r) once nothing is lost any more, all honest oracles do, in time; and none does
// twice in one life.
type totality struct {
	sim *simulation
	// rounds are those that were finalized after the network healed, and are not yet by all.
	rounds map[ocr2.Round]*finalizers
	order  []ocr2.Round // by time of the first
	once   []map[ocr2.Round]bool
	latest ocr2.Round // finalized anywhere
}

type finalizers struct {
	first instant
	by    [types.MaxOracles]bool
	count int
}

// totalityTime is how long an echo may take to reach everybody and to be verified, after the network has healed.
const totalityTime = maxLatency + 20*maxVerifyTime

func newTotality(s *simulation) *totality {
	return &totality{sim: s, rounds: map[ocr2.Round]*finalizers{}, once: make([]map[ocr2.Round]bool, s.options.N)}
}

func (c *totality) started(n *node, _ *ocr2.Start) { c.once[n.id] = map[ocr2.Round]bool{} }

func (c *totality) left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr2.Broadcast)
	if !ok {
		return
	}
	m, ok := e.Message.(*ocr2wire.FinalEcho)
	if !ok {
		return
	}
	round := ocr2.Round{Epoch: m.Final.Epoch, Round: m.Final.Round}
	if c.once[n.id][round] {
		c.sim.violated("totality", "oracle %d finalizes round %s a second time", n.id, round)
	}
	c.once[n.id][round] = true
	if len(c.once[n.id]) > 2*ledgerRounds {
		for old := range c.once[n.id] {
			if c.sim.index(old) < c.sim.index(round)-ledgerRounds {
				delete(c.once[n.id], old)
			}
		}
	}
	if c.latest.Less(round) {
		c.latest = round
	}
	c.due()
	if !c.sim.Healed {
		return
	}
	f, ok := c.rounds[round]
	if !ok {
		f = &finalizers{first: c.sim.Now}
		for i, other := range c.sim.nodes {
			// Who did it before, at a time when messages could be lost, has done it.
			if other.honest() && i != int(n.id) && c.once[i][round] {
				f.by[i] = true
				f.count++
			}
		}
		c.rounds[round] = f
		c.order = append(c.order, round)
	}
	f.by[n.id] = true
	f.count++
}

// due looks at the rounds whose time is over.
func (c *totality) due() {
	for len(c.order) > 0 {
		round := c.order[0]
		f := c.rounds[round]
		if c.sim.Now <= f.first+c.slack() {
			return
		}
		c.order = c.order[1:]
		delete(c.rounds, round)
		if f.count >= c.sim.honestCount() || c.expired(round) {
			continue
		}
		for i, n := range c.sim.nodes {
			if n.honest() && !f.by[i] {
				c.sim.violated("totality", "oracle %d has not finalized round %s, which another honest oracle finalized %s before",
					i, round, c.sim.Now-f.first)
				return
			}
		}
	}
}

// slack adds to totalityTime the time for which a disk can hold back an echo.
func (c *totality) slack() time.Duration {
	return totalityTime + 4*(c.sim.options.Faults.Disk.Delay+diskRetry)
}

func (c *totality) expired(r ocr2.Round) bool {
	return c.sim.index(r) <= c.sim.index(c.latest)-c.sim.window()
}

func (c *totality) ended() { c.due() }

// noGoingBack: the contract's (e, r) only grows.
type noGoingBack struct {
	sim  *simulation
	last ocr2.Round
}

func (c *noGoingBack) landed(r *LandedReport) {
	round := roundOf(r.Context.ReportTimestamp)
	if !c.last.Less(round) {
		c.sim.violated("no going back", "the report of round %s lands after that of %s", round, c.last)
	}
	c.last = round
}

// boundedMemory: every buffer of a machine stays within its bound.
type boundedMemory struct{ sim *simulation }

func (c *boundedMemory) stepped(n *node, _ ocr2.Event, _, s *ocr2.Status) {
	window := int(c.sim.window())
	oracles := c.sim.options.N
	for _, buffer := range [...]struct {
		name        string
		length, max int
	}{
		{"messages of later epochs", s.FutureMessages, kernel.FutureMessagesPerSender * oracles},
		{"messages for the follower", s.FollowerQueue, 16},
		{"finals being verified", s.FinalChecks, 16*oracles + 1},
		{"finalized rounds", s.Finalized, 2*window + 1},
		{"finals to accept", s.FinalsToAccept, 100},
		{"pending transmissions", s.PendingTransmissions, 1000},
		{"calls", s.Calls, 16*oracles + 1 + 2*oracles + 8},
	} {
		if buffer.length > buffer.max {
			c.sim.violated("bounded memory", "oracle %d holds %d %s, more than %d", n.id, buffer.length, buffer.name, buffer.max)
		}
	}
	if len(n.outbox.held) > math.MaxUint16 {
		c.sim.violated("bounded memory", "oracle %d holds back %d effects", n.id, len(n.outbox.held))
	}
}

// reportIsFine: what Options.CheckReport says.
type reportIsFine struct{ sim *simulation }

func (c *reportIsFine) landed(r *LandedReport) {
	check := c.sim.options.CheckReport
	if check == nil {
		return
	}
	honest := c.sim.checkers.ledger.honestObservations(c.sim.options.N, roundOf(r.Context.ReportTimestamp))
	if err := check(*r, honest); err != nil {
		c.sim.violated("report", "report of round %s, transmitted by %d: %v", roundOf(r.Context.ReportTimestamp), r.Transmitter, err)
	}
}
