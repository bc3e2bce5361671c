package ocr3sim

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// attested (S8): a report that an honest oracle transmits, and one that lands, is one of the agreed outcome, with valid
// signatures of exactly f+1 oracles; if an honest oracle transmits it, by ascending signer, at its turn, and once in a life.
type attested struct {
	sim  *simulation
	sent []map[reportKey]bool
	// ready is when an oracle could first know that a report was attested.
	ready []map[reportKey]time.Time
}

func newAttested(s *simulation) *attested {
	return &attested{s, make([]map[reportKey]bool, s.options.N), make([]map[reportKey]time.Time, s.options.N)}
}

func (c *attested) Started(n *node, _ *ocr3.Start) {
	c.sent[n.ID], c.ready[n.ID] = map[reportKey]bool{}, map[reportKey]time.Time{}
}

func (c *attested) Called(n *node, effect kernel.Effect) {
	switch e := effect.(type) {
	case ocr3.CallShouldAccept:
		if key := (reportKey{e.SeqNr, e.Index}); c.ready[n.ID][key].IsZero() {
			c.ready[n.ID][key] = n.Clock.At(c.sim.Now)
		}
	case ocr3.SignReports:
		if _, ok := c.sim.checkers.book.agreed[e.SeqNr]; !ok {
			c.sim.Violated("attested", "oracle %d signs reports of seqNr %d, of which no outcome is committed", n.ID, e.SeqNr)
		}
	}
}

func (c *attested) Left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr3.CallTransmit)
	if !ok {
		return
	}
	key := reportKey{e.SeqNr, e.Index}
	if c.sent[n.ID][key] {
		c.sim.Violated("attested", "oracle %d transmits report %d of seqNr %d again", n.ID, e.Index, e.SeqNr)
	}
	c.sent[n.ID][key] = true
	reports := c.sim.checkers.book.reports[e.SeqNr]
	if e.Index >= len(reports) {
		c.sim.Violated("attested", "oracle %d transmits report %d of seqNr %d, of which there are %d", n.ID, e.Index, e.SeqNr, len(reports))
		return
	}
	c.check("transmitted by", n.ID, e.SeqNr, reports[e.Index].ReportWithInfo, e.Signatures)
	for i := 1; i < len(e.Signatures); i++ {
		if e.Signatures[i-1].Signer >= e.Signatures[i].Signer {
			c.sim.Violated("attested", "oracle %d transmits report %d of seqNr %d with signers not in order", n.ID, e.Index, e.SeqNr)
		}
	}
	delay := c.sim.turns(e.SeqNr, e.Index)[n.ID]
	if due := c.ready[n.ID][key].Add(delay.Delay); !delay.Transmits || n.Clock.At(c.sim.Now).Before(due.Add(-time.Microsecond)) {
		c.sim.Violated("attested", "oracle %d transmits report %d of seqNr %d out of turn: %+v", n.ID, e.Index, e.SeqNr, delay)
	}
}

// turns returns who transmits a report, and when, by oracle.
func (s *simulation) turns(seqNr uint64, index int) []config.TransmitDelay {
	if o := s.checkers.book.reports[seqNr][index].TransmissionScheduleOverride; o != nil {
		return s.schedule.OverrideDelays(seqNr, uint64(index), o.Transmitters, o.TransmissionDelays)
	}
	return s.schedule.Delays(seqNr, uint64(index))
}

func (c *attested) Landed(r *LandedReport) {
	for _, known := range c.sim.checkers.book.reports[r.SeqNr] {
		if string(known.ReportWithInfo.Report) == string(r.Report) {
			c.check("landed, sent by", r.Transmitter, r.SeqNr, known.ReportWithInfo, r.Signatures)
			if check := c.sim.options.CheckReport; check != nil {
				if err := check(*r, c.sim.checkers.book.honestObservations(r.SeqNr)); err != nil {
					c.sim.Violated("report", "seqNr %d: %v", r.SeqNr, err)
				}
			}
			return
		}
	}
	c.sim.Violated("attested", "a report of seqNr %d landed that is none of the agreed outcome: %x", r.SeqNr, []byte(r.Report))
}

func (c *attested) check(how string, who commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any], signatures []types.AttributedOnchainSignature) {
	var signers oracles
	for _, s := range signatures {
		if int(s.Signer) >= c.sim.options.N || signers.has(s.Signer) || !c.sim.keys.verifyReport(s.Signer, seqNr, report, s.Signature) {
			c.sim.Violated("attested", "a report of seqNr %d, %s %d, has a bad signature of %d", seqNr, how, who, s.Signer)
			return
		}
		signers = signers.with(s.Signer)
	}
	if signers.count() != c.sim.options.F+1 {
		c.sim.Violated("attested", "a report of seqNr %d, %s %d, has %d signatures, want f+1 = %d", seqNr, how, who, signers.count(), c.sim.options.F+1)
	}
}

// delivery (L3, L4): after the network has healed, every honest oracle obtains each commit whose reports are signed, and each
// report that an honest oracle is to transmit lands, unless a plugin declines it.
type delivery struct {
	sim *simulation
	has map[uint64]oracles // who has made the reports of a sequence number
	// next is the first sequence number of which not all is known to be delivered.
	next uint64
}

func newDelivery(s *simulation) *delivery { return &delivery{sim: s, has: map[uint64]oracles{}} }

func (c *delivery) Called(n *node, effect kernel.Effect) {
	if e, ok := effect.(ocr3.CallReports); ok {
		c.has[e.SeqNr] = c.has[e.SeqNr].with(n.ID)
	}
}

// complete tells whether all that must be delivered was.
func (c *delivery) complete() bool { return c.missing() == "" }

func (c *delivery) Ended() {
	if missing := c.missing(); missing != "" {
		c.sim.Violated("delivery", "%s", missing)
	}
}

// missing says what has not been delivered, of the outcomes after the network has healed.
func (c *delivery) missing() string {
	book := c.sim.checkers.book
	for ; c.next <= c.sim.target(); c.next++ {
		seqNr := max(c.next, c.sim.healedSeqNr+1)
		c.next = seqNr
		reports, ok := book.reports[seqNr]
		if !ok {
			return fmt.Sprintf("no honest oracle has made reports of seqNr %d", seqNr)
		}
		for _, n := range c.sim.nodes {
			if len(reports) > 0 && n.Honest() && !c.has[seqNr].has(n.ID) {
				return fmt.Sprintf("oracle %d has not obtained the commit of seqNr %d", n.ID, seqNr)
			}
		}
		for i := range reports {
			if c.sim.contract.Has(seqNr, reports[i].ReportWithInfo.Report) || book.declined[reportKey{seqNr, i}] {
				continue
			}
			for id, turn := range c.sim.turns(seqNr, i) {
				if turn.Transmits && turn.Delay < c.sim.stages()+time.Second && c.sim.nodes[id].Honest() {
					return fmt.Sprintf("report %d of seqNr %d has not landed, though honest oracle %d was to transmit it", i, seqNr, id)
				}
			}
		}
	}
	return ""
}

// stages is how long the usual schedule goes on.
func (s *simulation) stages() time.Duration {
	return time.Duration(len(s.options.Timing.S)) * s.options.Timing.DeltaStage
}
