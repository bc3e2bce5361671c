package sim

import (
	"crypto/sha256"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
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

func (c *honestQuorum) Left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr2.Broadcast)
	if !ok {
		return
	}
	if m, ok := e.Message.(*ocr2wire.FinalEcho); ok {
		f := &m.Final
		c.check("finalized by honest oracle", n.ID, ocr2.Round{Epoch: f.Epoch, Round: f.Round}, f.H,
			f.AttestedReport.Report, f.AttestedReport.AttributedSignatures)
	}
}

func (c *honestQuorum) Landed(r *LandedReport) {
	c.check("landed, transmitted by", r.Transmitter, roundOf(r.Context.ReportTimestamp), r.Context.ExtraHash, r.Report, r.Signatures)
}

func (c *honestQuorum) check(how string, who commontypes.OracleID, round ocr2.Round, h [32]byte, report []byte, signatures []types.AttributedOnchainSignature) {
	a := attestation{h, sha256.Sum256(report)}
	signers, honest := map[commontypes.OracleID]bool{}, 0
	for _, s := range signatures {
		if signers[s.Signer] || int(s.Signer) >= c.sim.options.N {
			c.sim.Violated("honest quorum", "report of round %s %s %d: signer %d is there twice or no oracle", round, how, who, s.Signer)
			return
		}
		signers[s.Signer] = true
		if !c.sim.nodes[s.Signer].Honest() {
			continue
		}
		honest++
		if !c.sim.checkers.ledger.HasSigned(s.Signer, round, a) {
			c.sim.Violated("honest quorum", "report of round %s %s %d carries a signature of honest oracle %d, who did not sign it",
				round, how, who, s.Signer)
		}
	}
	if len(signers) != c.quorum || honest == 0 {
		c.sim.Violated("honest quorum", "report of round %s %s %d has %d signers, %d of them honest; want %d, at least one honest",
			round, how, who, len(signers), honest, c.quorum)
	}
}

func (c *honestQuorum) Called(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr2.CallReport)
	if !ok {
		return
	}
	var seen [types.MaxOracles]bool
	count := 0
	round := roundOf(e.Timestamp)
	for _, o := range e.Observations {
		if int(o.Observer) >= c.sim.options.N || seen[o.Observer] {
			c.sim.Violated("honest quorum", "oracle %d makes a report of round %s from observations with a bad observer %d", n.ID, round, o.Observer)
			return
		}
		seen[o.Observer] = true
		count++
		if c.sim.nodes[o.Observer].Honest() && !c.sim.checkers.ledger.HasObserved(o.Observer, round, string(o.Observation)) {
			c.sim.Violated("honest quorum", "oracle %d makes a report of round %s with an observation of honest oracle %d, who did not make it",
				n.ID, round, o.Observer)
		}
	}
	if count <= 2*c.sim.options.F {
		c.sim.Violated("honest quorum", "oracle %d makes a report of round %s from %d observations", n.ID, round, count)
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

func (c *uniqueReports) Left(n *node, effect kernel.Effect) {
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
		c.sim.Violated("unique reports", "oracle %d finalizes a second report of round %s", n.ID, round)
	}
	c.finalized[round] = a
	if len(c.finalized) > 2*roundsim.RememberedEpochs {
		for old := range c.finalized {
			if c.sim.index(old) < c.sim.index(round)-roundsim.RememberedEpochs {
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
	first engine.Instant
	by    [types.MaxOracles]bool
	count int
}

// totalityTime is how long an echo may take to reach everybody and to be verified, after the network has healed.
const totalityTime = engine.MaxLatency + 20*engine.MaxVerifyTime

func newTotality(s *simulation) *totality {
	return &totality{sim: s, rounds: map[ocr2.Round]*finalizers{}, once: make([]map[ocr2.Round]bool, s.options.N)}
}

func (c *totality) Started(n *node, _ *ocr2.Start) { c.once[n.ID] = map[ocr2.Round]bool{} }

func (c *totality) Left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr2.Broadcast)
	if !ok {
		return
	}
	m, ok := e.Message.(*ocr2wire.FinalEcho)
	if !ok {
		return
	}
	round := ocr2.Round{Epoch: m.Final.Epoch, Round: m.Final.Round}
	if c.once[n.ID][round] {
		c.sim.Violated("totality", "oracle %d finalizes round %s a second time", n.ID, round)
	}
	c.once[n.ID][round] = true
	if len(c.once[n.ID]) > 2*roundsim.RememberedEpochs {
		for old := range c.once[n.ID] {
			if c.sim.index(old) < c.sim.index(round)-roundsim.RememberedEpochs {
				delete(c.once[n.ID], old)
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
			if other.Honest() && i != int(n.ID) && c.once[i][round] {
				f.by[i] = true
				f.count++
			}
		}
		c.rounds[round] = f
		c.order = append(c.order, round)
	}
	f.by[n.ID] = true
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
		if f.count >= c.sim.Honest() || c.expired(round) {
			continue
		}
		for i, n := range c.sim.nodes {
			if n.Honest() && !f.by[i] {
				c.sim.Violated("totality", "oracle %d has not finalized round %s, which another honest oracle finalized %s before",
					i, round, c.sim.Now-f.first)
				return
			}
		}
	}
}

// slack adds to totalityTime the time for which a disk can hold back an echo.
func (c *totality) slack() time.Duration {
	return totalityTime + 4*(c.sim.options.Faults.Disk.Delay+engine.DiskRetry)
}

func (c *totality) expired(r ocr2.Round) bool {
	return c.sim.index(r) <= c.sim.index(c.latest)-c.sim.window()
}

func (c *totality) Ended() { c.due() }

// boundedMemory: those buffers of a machine that are OCR2's own stay within their bounds.
type boundedMemory struct{ sim *simulation }

func (c *boundedMemory) Stepped(n *node, _ any, _, s *ocr2.Status) {
	oracles := c.sim.N
	for _, buffer := range [...]roundsim.Buffer{
		{Name: "messages for the follower", Length: s.FollowerQueue, Max: 16},
		{Name: "finals being verified", Length: s.FinalChecks, Max: 16*oracles + 1},
		{Name: "finalized rounds", Length: s.Finalized, Max: 2*int(c.sim.window()) + 1},
		{Name: "calls", Length: s.Calls, Max: 16*oracles + 1 + 2*oracles + 8},
	} {
		n.CheckBuffer(buffer)
	}
}

// reportIsFine: what Options.CheckReport says.
type reportIsFine struct{ sim *simulation }

func (c *reportIsFine) Landed(r *LandedReport) {
	check := c.sim.options.CheckReport
	if check == nil {
		return
	}
	honest := c.sim.checkers.honestObservations(c.sim.options.N, roundOf(r.Context.ReportTimestamp))
	if err := check(*r, honest); err != nil {
		c.sim.Violated("report", "report of round %s, transmitted by %d: %v", roundOf(r.Context.ReportTimestamp), r.Transmitter, err)
	}
}
