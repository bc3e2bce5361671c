package ocr3sim

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// Violation is an invariant that did not hold.
type Violation struct {
	// Invariant is its name in docs/protocol/ocr3.md, "Invariants"; or "report" for Options.CheckReport, "determinism" if the
	// plugin gives different results for equal inputs, "wire" if a message of an honest oracle is refused, "plugin" if closing one fails,
	// "panic" for a panic.
	Invariant string
	// Detail says what happened and to whom.
	Detail string
	// At is the virtual time since the start of the run.
	At instant
}

// String is one line, except for a panic.
func (v Violation) String() string { return fmt.Sprintf("%s at %s: %s", v.Invariant, v.At, v.Detail) }

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

// The hooks of checkers. A checker implements those that it needs; all are about honest oracles, except landed.
type (
	startedHook interface {
		started(n *node, start *ocr3.Start)
	}
	deliveredHook interface {
		delivered(n *node, from commontypes.OracleID, m ocr3wire.Message)
	}
	steppedHook interface {
		stepped(n *node, ev ocr3.Event, before, after *ocr3.Status)
	}
	// calledHook sees calls of the plugin and the keys, verification, writes of certificates, and what machines tell.
	calledHook interface {
		called(n *node, effect kernel.Effect)
	}
	// leftHook sees what leaves an oracle.
	leftHook interface {
		left(n *node, effect kernel.Effect)
	}
	landedHook interface{ landed(r *LandedReport) }
	endedHook  interface{ ended() }
)

// checkers holds the checkers, of which each is for one invariant.
type checkers struct {
	sim  *simulation
	book *book
	// delivery says when there is nothing left to wait for.
	delivery *delivery

	onStarted   []startedHook
	onDelivered []deliveredHook
	onStepped   []steppedHook
	onCalled    []calledHook
	onLeft      []leftHook
	onLanded    []landedHook
	onEnded     []endedHook
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
		c.add(checker)
	}
	return c
}

func (c *checkers) add(checker any) {
	used := false
	used = hook(&c.onStarted, checker) || used
	used = hook(&c.onDelivered, checker) || used
	used = hook(&c.onStepped, checker) || used
	used = hook(&c.onCalled, checker) || used
	used = hook(&c.onLeft, checker) || used
	used = hook(&c.onLanded, checker) || used
	used = hook(&c.onEnded, checker) || used
	if !used {
		panic(fmt.Sprintf("ocr3sim: checker %T has no hook", checker))
	}
}

func hook[H any](hooks *[]H, checker any) bool {
	h, ok := checker.(H)
	if ok {
		*hooks = append(*hooks, h)
	}
	return ok
}

func (c *checkers) started(n *node, start *ocr3.Start) {
	n.view.wishes = make([]uint64, c.sim.options.N)
	n.view.signatures = map[string]vote{}
	n.view.enteredAt, n.view.starts, n.view.started, n.view.writeFailed = c.sim.Now, map[startKey]bool{}, map[uint64]bool{}, false
	if n.honest() {
		for _, h := range c.onStarted {
			h.started(n, start)
		}
	}
}

// delivered notes a message that is about to be handed to a machine, with its true sender.
func (c *checkers) delivered(n *node, from commontypes.OracleID, m ocr3wire.Message) {
	if m, ok := m.(*ocr3wire.NewEpochWish); ok {
		n.view.wishes[from] = max(n.view.wishes[from], m.Epoch)
	}
	if n.honest() {
		for _, h := range c.onDelivered {
			h.delivered(n, from, m)
		}
	}
}

func (c *checkers) stepped(n *node, ev ocr3.Event, before, after *ocr3.Status) {
	if after.Epoch != before.Epoch {
		n.view.enteredAt, n.view.writeFailed = c.sim.Now, false
	}
	if written, ok := ev.(ocr3.CertificateWritten); ok && written.Err != nil {
		n.view.writeFailed = true
	}
	if n.honest() {
		for _, h := range c.onStepped {
			h.stepped(n, ev, before, after)
		}
	}
}

func (c *checkers) called(n *node, effect kernel.Effect) {
	if n.hand != nil {
		n.hand.called(effect)
	}
	if n.honest() {
		for _, h := range c.onCalled {
			h.called(n, effect)
		}
	}
}

func (c *checkers) left(n *node, effect kernel.Effect) {
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
	if n.honest() {
		for _, h := range c.onLeft {
			h.left(n, effect)
		}
	}
}

func (c *checkers) landed(r *LandedReport) {
	for _, h := range c.onLanded {
		h.landed(r)
	}
}

func (c *checkers) ended() {
	for _, h := range c.onEnded {
		h.ended()
	}
}

// What honest oracles do is noted in the book.

func (c *checkers) signs(n *node, message, signature []byte) {
	if n.honest() {
		c.book.signs(n, message, signature)
	}
}

func (c *checkers) observes(n *node, call *ocr3.CallObservation, observation types.Observation) {
	if n.honest() {
		c.book.observes(n, call, observation)
	}
}

func (c *checkers) computes(n *node, call *ocr3.CallOutcome, outcome []byte) {
	if n.honest() {
		c.book.computes(n, call, outcome)
	}
}

func (c *checkers) reports(n *node, call *ocr3.CallReports, reports []ocr3types.ReportPlus[any]) {
	if n.honest() {
		c.book.makesReports(n, call, reports)
	}
}

// decided notes that the plugin wants or declines a report, or fails to say.
func (c *checkers) decided(n *node, seqNr uint64, index int, wanted bool) {
	if n.honest() && !wanted {
		c.book.declined[reportKey{seqNr, index}] = true
	}
}

// violated ends the run.
func (s *simulation) violated(invariant, format string, args ...any) {
	if s.violation == nil {
		s.violation = &Violation{Invariant: invariant, Detail: fmt.Sprintf(format, args...), At: s.Now}
		s.traceLine("violation of %q: %s", invariant, s.violation.Detail)
	}
}
