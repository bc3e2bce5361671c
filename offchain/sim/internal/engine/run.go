package engine

import (
	"fmt"
	"runtime/debug"
	"time"
)

// Violation is an invariant that did not hold.
type Violation struct {
	// Invariant is its name in the documentation of the protocol. There are some of every simulator besides: "report" if a report
	// on the contract is not as Options.CheckReport or the simulator wants it, "wire" if a message of an honest oracle is refused,
	// "determinism" if the plugin gives different results for equal inputs, "plugin order" or "plugin" if it fails to close,
	// "panic" for a panic.
	Invariant string
	// Detail says what happened and to whom.
	Detail string
	// At is the virtual time since the start of the run.
	At Instant
}

// String is one line, except for a panic.
func (v Violation) String() string { return fmt.Sprintf("%s at %s: %s", v.Invariant, v.At, v.Detail) }

// Violated ends the run.
func (w *World[M]) Violated(invariant, format string, args ...any) {
	if w.Violation == nil {
		w.Violation = &Violation{Invariant: invariant, Detail: fmt.Sprintf(format, args...), At: w.Now}
		w.TraceLine("violation of %q: %s", invariant, w.Violation.Detail)
	}
}

// T is the part of testing.TB that a run needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Verdict fails a test if its run has a violation. replay says how to see it again.
func Verdict(t T, seed uint64, replay string, v *Violation) {
	t.Helper()
	if v == nil {
		return
	}
	if replay == "" {
		replay = fmt.Sprintf("the same options with Seed: %d", seed)
	}
	t.Errorf("seed %d violates %s\nreplay: %s", seed, v, replay)
}

// Plan says how a run goes.
type Plan[M any] struct {
	// Begin plans what happens from the start.
	Begin func()
	// Happens hands what happens to an oracle.
	Happens func(*Happening[M])
	// Reached tells whether the run has reached its end, except for what follows from what happened so far; for that there is
	// Settle more time, or until Settled (nil: never) says that there is nothing left.
	Reached func() bool
	Settle  time.Duration
	Settled func() bool
	// Deadline is when the end must have been reached; if it was not, Missed says what is missing.
	Deadline Instant
	Missed   func() string
	// Ended checks what can be checked only now.
	Ended func()
}

// Run lets everything happen, until the end is reached, or it is clear that it never will, or there is a violation.
func (w *World[M]) Run(p *Plan[M]) {
	defer func() {
		if r := recover(); r != nil {
			w.Violated("panic", "%v\n%s", r, debug.Stack())
		}
	}()
	p.Begin()
	end := Instant(-1)
	for w.Queue.Len() > 0 && w.Violation == nil {
		at, h := w.Queue.Pop()
		if end >= 0 && at > end {
			w.Now = end
			break
		}
		w.Now = max(w.Now, at)
		if end >= 0 && p.Settled != nil && p.Settled() {
			break
		}
		if end < 0 && w.Now > p.Deadline {
			w.Violated("progress", "%s", p.Missed())
			break
		}
		w.stamp(&h)
		if h.Kind == Action {
			h.Do()
		} else {
			p.Happens(&h)
		}
		if end < 0 && w.Healed && p.Reached() {
			end = w.Now + p.Settle
		}
	}
	if w.Violation == nil && end < 0 {
		w.Violated("progress", "nothing happens any more")
	}
	if w.Violation == nil {
		p.Ended()
	}
}
