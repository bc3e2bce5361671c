package ocr3sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// Violation is an invariant that did not hold. Its Invariant is a name in docs/protocol/ocr3.md, "Invariants"; or "report" for
// Options.CheckReport, "determinism" if the plugin gives different results for equal inputs, "wire" if a message of an honest
// oracle is refused, "plugin" if closing one fails, "panic" for a panic. Its Detail says what happened and to whom, its At is the
// virtual time since the start of the run.
type Violation = engine.Violation

// view is what checkers know of one oracle.
type view struct {
	wishes []uint64 // what was delivered to it, by sender, in this life
	// signatures are the votes that it signed, in this life.
	signatures map[string]vote
	// What it was told that is durable, over all lives.
	pacemaker   ocr3wire.PacemakerState
	certificate ocr3wire.HighestCertifiedTimestamp

	enteredAt instant // the epoch in which it is
	// starts are the sequence numbers after which an epoch may start for it, according to the valid EPOCH-STARTs that were
	// delivered, and started the epochs of which there was one; writeFailed tells that a certificate could not be written
	// in this epoch.
	starts      map[startKey]bool
	started     map[uint64]bool
	writeFailed bool
}

// startKey is a place where an epoch may start.
type startKey struct{ epoch, seqNr uint64 }

func (v *view) keptPacemaker(s ocr3wire.PacemakerState) {
	v.pacemaker.Epoch = max(v.pacemaker.Epoch, s.Epoch)
	v.pacemaker.HighestSentNewEpochWish = max(v.pacemaker.HighestSentNewEpochWish, s.HighestSentNewEpochWish)
}

func (v *view) keptCertificate(c ocr3wire.Certificate) {
	if t := c.Timestamp(); t.Compare(v.certificate) > 0 {
		v.certificate = t
	}
}

// checkers holds the checkers, of which each is for one invariant.
type checkers struct {
	engine.Checkers[*node, ocr3wire.Message, ocr3.Start, ocr3.Status, LandedReport]
	sim  *simulation
	book *book
	// delivery says when there is nothing left to wait for.
	delivery *delivery
}

func newCheckers(s *simulation) *checkers {
	c := &checkers{sim: s, book: newBook(s), delivery: newDelivery(s)}
	for _, checker := range []any{
		&monotone{s},
		&durable{s},
		&justifiedEpochs{sim: s},
		&startOfEpoch{s},
		newOneVote(s),
		newLocks(s),
		&voteAfterWrite{s},
		&validCertificates{s},
		newAgreement(s),
		newValidity(s),
		newOneLeader(s),
		&previousOutcome{s},
		newAttested(s),
		&boundedMemory{s},
		&noFalseSuspicion{s},
		newFollowing(s),
		&timelyRounds{s},
		c.delivery,
	} {
		c.Add(checker)
	}
	return c
}

func (c *checkers) Started(n *node, start *ocr3.Start) {
	n.view.wishes = make([]uint64, c.sim.options.N)
	n.view.signatures = map[string]vote{}
	n.view.enteredAt, n.view.starts, n.view.started, n.view.writeFailed = c.sim.Now, map[startKey]bool{}, map[uint64]bool{}, false
	c.Checkers.Started(n, start)
}

// delivered notes a message that is about to be handed to a machine, with its true sender.
func (c *checkers) Delivered(n *node, from commontypes.OracleID, m ocr3wire.Message) {
	if m, ok := m.(*ocr3wire.NewEpochWish); ok {
		n.view.wishes[from] = max(n.view.wishes[from], m.Epoch)
	}
	c.Checkers.Delivered(n, from, m)
}

func (c *checkers) Stepped(n *node, ev any, before, after *ocr3.Status) {
	if after.Epoch != before.Epoch {
		n.view.enteredAt, n.view.writeFailed = c.sim.Now, false
	}
	if written, ok := ev.(ocr3.CertificateWritten); ok && written.Err != nil {
		n.view.writeFailed = true
	}
	c.Checkers.Stepped(n, ev, before, after)
}

func (c *checkers) Called(n *node, effect kernel.Effect) {
	if n.hand != nil {
		n.hand.called(effect)
	}
	c.Checkers.Called(n, effect)
}

func (c *checkers) Left(n *node, effect kernel.Effect) {
	switch e := effect.(type) {
	case ocr3.Broadcast:
		if start, ok := e.Message.(*ocr3wire.EpochStart); ok && !start.EpochStartProof.HighestCertified.Timestamp().CommittedElsePrepared {
			c.sim.stats.Proposed++
		}
	case ocr3.Send:
		if e.Message.Kind() == ocr3wire.KindCertifiedCommit {
			c.sim.stats.Fetched++
		}
	}
	c.Checkers.Left(n, effect)
}

// What honest oracles do is noted in the book.

func (c *checkers) signs(n *node, message, signature []byte) {
	if n.Honest() {
		c.book.signs(n, message, signature)
	}
}

func (c *checkers) observes(n *node, call *ocr3.CallObservation, observation types.Observation) {
	if n.Honest() {
		c.book.observes(n, call, observation)
	}
}

func (c *checkers) computes(n *node, call *ocr3.CallOutcome, outcome []byte) {
	if n.Honest() {
		c.book.computes(n, call, outcome)
	}
}

func (c *checkers) reports(n *node, call *ocr3.CallReports, reports []ocr3types.ReportPlus[any]) {
	if n.Honest() {
		c.book.makesReports(n, call, reports)
	}
}

// decided notes that the plugin wants or declines a report, or fails to say.
func (c *checkers) decided(n *node, seqNr uint64, index int, wanted bool) {
	if n.Honest() && !wanted {
		c.book.declined[reportKey{seqNr, index}] = true
	}
}
