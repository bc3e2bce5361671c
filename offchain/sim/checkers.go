package sim

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Violation is an invariant that did not hold.
type Violation struct {
	// Invariant is its name in docs/protocol/ocr2.md, "Invariants"; or "report" for
	// Options.CheckReport, "wire" if a message of an honest oracle is refused, "panic" for a panic.
	Invariant string
	// Detail says what happened and to whom.
	Detail string
	// At is the virtual time since the start of the run.
	At instant
}

// String is one line, except for a panic.
func (v Violation) String() string { return fmt.Sprintf("%s at %s: %s", v.Invariant, v.At, v.Detail) }

// view is what checkers know of one honest oracle.
type view struct {
	state  types.PersistentState // what it last wished to persist
	wishes []uint32              // what was delivered to it, by sender
}

// oracleRound names a round of one oracle.
type oracleRound struct {
	oracle commontypes.OracleID
	round  ocr2.Round
}

// The hooks of checkers. A checker implements those that it needs; all are about honest oracles, except landed.
type (
	startedHook interface {
		started(n *node, start *ocr2.Start)
	}
	steppedHook interface {
		stepped(n *node, ev ocr2.Event, before, after *ocr2.Status)
	}
	// calledHook sees calls of the plugin, the keys and verification.
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

// checkers holds one checker for each invariant.
type checkers struct {
	sim    *simulation
	ledger ledger

	onStarted []startedHook
	onStepped []steppedHook
	onCalled  []calledHook
	onLeft    []leftHook
	onLanded  []landedHook
	onEnded   []endedHook
}

func newCheckers(s *simulation) *checkers {
	c := &checkers{sim: s, ledger: newLedger()}
	for _, checker := range []any{
		&epochsGrow{sim: s},
		&epochsAreJustified{sim: s},
		&wishesAreJustified{sim: s},
		newOneSignature(s),
		newRoundsInOrder(s),
		newHonestQuorum(s),
		newUniqueReports(s),
		newTotality(s),
		&noGoingBack{sim: s},
		&boundedMemory{sim: s},
		newPluginOrder(s),
		newOneTransmission(s),
		&reportIsFine{sim: s},
		&noFalseSuspicion{s},
	} {
		c.add(checker)
	}
	return c
}

func (c *checkers) add(checker any) {
	used := false
	used = hook(&c.onStarted, checker) || used
	used = hook(&c.onStepped, checker) || used
	used = hook(&c.onCalled, checker) || used
	used = hook(&c.onLeft, checker) || used
	used = hook(&c.onLanded, checker) || used
	used = hook(&c.onEnded, checker) || used
	if !used {
		panic(fmt.Sprintf("sim: checker %T has no hook", checker))
	}
}

func hook[H any](hooks *[]H, checker any) bool {
	h, ok := checker.(H)
	if ok {
		*hooks = append(*hooks, h)
	}
	return ok
}

func (c *checkers) started(n *node, start *ocr2.Start) {
	n.view.wishes = make([]uint32, c.sim.options.N)
	n.view.state = types.PersistentState{}
	if start.State != nil {
		n.view.state = *start.State
		copy(n.view.wishes, start.State.HighestReceivedEpoch)
	}
	if n.honest() {
		for _, h := range c.onStarted {
			h.started(n, start)
		}
	}
}

// delivered notes a message that is about to be handed to a machine, with its true sender.
func (c *checkers) delivered(n *node, from commontypes.OracleID, m ocr2wire.Message) {
	if m, ok := m.(*ocr2wire.NewEpoch); ok && m.Epoch > n.view.wishes[from] {
		n.view.wishes[from] = m.Epoch
	}
}

func (c *checkers) stepped(n *node, ev ocr2.Event, before, after *ocr2.Status) {
	if n.honest() {
		for _, h := range c.onStepped {
			h.stepped(n, ev, before, after)
		}
	}
}

func (c *checkers) called(n *node, effect kernel.Effect) {
	if n.honest() {
		for _, h := range c.onCalled {
			h.called(n, effect)
		}
	}
}

func (c *checkers) left(n *node, effect kernel.Effect) {
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

// observes and signs note in the ledger what honest oracles do.
func (c *checkers) observes(n *node, call *ocr2.CallObservation, observation types.Observation) {
	if n.honest() {
		c.ledger.observed(n.id, roundOf(call.Timestamp), observation)
	}
}

func (c *checkers) signs(n *node, e *ocr2.SignReport) {
	if n.honest() {
		c.ledger.signed(n.id, &e.Context, e.Report)
	}
}

// violated ends the run.
func (s *simulation) violated(invariant, format string, args ...any) {
	if s.violation == nil {
		s.violation = &Violation{Invariant: invariant, Detail: fmt.Sprintf(format, args...), At: s.Now}
		s.traceLine("violation of %q: %s", invariant, s.violation.Detail)
	}
}

// wishing counts the oracles that are known to wish for an epoch or a later one.
func wishing(wishes []uint32, epoch uint32) int {
	count := 0
	for _, w := range wishes {
		if w >= epoch {
			count++
		}
	}
	return count
}
