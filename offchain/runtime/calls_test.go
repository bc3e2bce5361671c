package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// callBench makes calls on a turn of its own and records the answers, each with the time since the start.
type callBench struct {
	calls   calls
	box     mailbox
	running tasks
	log     logRecorder
	start   time.Time
	mu      sync.Mutex
	answers []string
	method  *method
}

func newCallBench(t *testing.T) *callBench {
	b := &callBench{start: time.Now(), method: &method{name: "Method", late: lateAfter}}
	b.box = mailbox{rest: func() {}, handle: func(m mail) {
		if m.do != nil {
			m.do.take()
		} else {
			b.calls.answer(m.event)
		}
	}}
	b.calls = calls{
		logger: logging.New(&b.log), running: &b.running, open: map[kernel.CallID]*call{},
		box: &b.box,
		answer: func(e any) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.answers = append(b.answers, fmt.Sprintf("%dms %v", time.Since(b.start).Milliseconds(), e))
		},
	}
	b.box.open(mail{do: turnFunc(func() {})})
	t.Cleanup(func() {
		b.box.close()
		b.calls.halt()
		b.running.Wait()
	})
	return b
}

// do runs f on the turn and waits until everything that follows from it at once has happened.
func (b *callBench) do(f func()) {
	b.box.post(mail{do: turnFunc(f)})
	synctest.Wait()
}

// invoke makes a call with a deadline of 1 s that takes the given time, or, if it respects its context, until that ends.
func (b *callBench) invoke(id kernel.CallID, takes time.Duration, respectful bool) {
	b.do(func() {
		b.calls.invoke(b.method, id, time.Second, func(ctx context.Context) any {
			done := ctx.Done()
			if !respectful {
				done = nil
			}
			select {
			case <-time.After(takes):
				return fmt.Sprintf("call %d done", id)
			case <-done:
				time.Sleep(time.Millisecond) // virtual time; so that the answer at the deadline comes first
				return fmt.Sprintf("call %d canceled", id)
			}
		}, func(err error) any {
			switch {
			case errors.Is(err, context.DeadlineExceeded):
				return fmt.Sprintf("call %d too slow", id)
			case errors.Is(err, errStuck):
				return fmt.Sprintf("call %d refused", id)
			}
			return err
		})
	})
}

// pass lets time pass and everything happen that is due.
func (b *callBench) pass(d time.Duration) {
	time.Sleep(d) // virtual time
	synctest.Wait()
}

func (b *callBench) expect(t *testing.T, want ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if got := strings.Join(b.answers, "; "); got != strings.Join(want, "; ") {
		t.Errorf("answers:\n got %s\nwant %s", got, strings.Join(want, "; "))
	}
}

func TestCallsAnswerAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newCallBench(t)
		b.invoke(1, 300*time.Millisecond, true)
		b.invoke(2, 5*time.Second, true) // together with the first: methods may be called concurrently
		b.pass(2 * time.Second)
		b.expect(t, "300ms call 1 done", "1000ms call 2 too slow")
		if b.log.worst() != "" {
			t.Errorf("a call that heeds its context was reported: %v", b.log.lines)
		}
	})
}

func TestCallsThatAreStuckBlockTheirMethodOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newCallBench(t)
		b.invoke(1, 3*time.Second, false)
		b.pass(1050 * time.Millisecond)
		b.expect(t, "1000ms call 1 too slow")
		b.invoke(2, time.Millisecond, true) // it waits for the first, which may yet return
		b.expect(t, "1000ms call 1 too slow")
		b.pass(100 * time.Millisecond)
		b.expect(t, "1000ms call 1 too slow", "1100ms call 2 refused")
		if b.log.count("error Method is taking too long") != 1 {
			t.Errorf("the stuck call was not reported: %v", b.log.lines)
		}
		b.invoke(3, time.Millisecond, true)
		b.method = &method{name: "Other", late: lateAfter}
		b.invoke(4, time.Millisecond, true)
		b.pass(time.Millisecond)
		b.expect(t, "1000ms call 1 too slow", "1100ms call 2 refused", "1150ms call 3 refused", "1151ms call 4 done")
	})
}

func TestCallsResumeWhenTheStuckOneReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newCallBench(t)
		b.invoke(1, 3*time.Second, false)
		b.pass(2 * time.Second)
		b.invoke(2, 0, true)
		b.pass(1 * time.Second) // the first returns
		b.invoke(3, 100*time.Millisecond, true)
		b.pass(1 * time.Second)
		b.expect(t, "1000ms call 1 too slow", "2000ms call 2 refused", "3100ms call 3 done")
	})
}

func TestCallsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newCallBench(t)
		b.invoke(1, 30*time.Millisecond, false)
		b.invoke(2, 500*time.Millisecond, true)
		b.do(func() { b.calls.abandon(1); b.calls.abandon(1); b.calls.abandon(99) })
		b.do(func() { b.calls.abandon(2) })
		b.invoke(3, 10*time.Millisecond, true) // waits for the first
		b.invoke(4, 10*time.Millisecond, true)
		b.do(func() { b.calls.abandon(4) }) // while it waits
		b.expect(t)
		b.pass(2 * time.Second)
		b.expect(t, "40ms call 3 done")
		if len(b.calls.open) != 0 || b.method.givenUp != 0 || b.method.stuck != 0 || len(b.method.waiting) != 0 {
			t.Errorf("something is left: %+v, %v", b.method, b.calls.open)
		}
	})
}

func TestCallsWaitingHaveTheirDeadlineToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newCallBench(t)
		b.method.late = 10 * time.Second
		b.invoke(1, 3*time.Second, false)
		b.pass(1500 * time.Millisecond)
		b.invoke(2, time.Millisecond, true)
		b.pass(3 * time.Second)
		b.expect(t, "1000ms call 1 too slow", "2500ms call 2 too slow")
	})
}

func TestTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var due []string
		box := mailbox{rest: func() {}, handle: func(m mail) { m.do.take() }}
		box.open(mail{do: turnFunc(func() {})})
		var tm timers
		tm.fire = func(id kernel.TimerID) {
			box.post(mail{do: turnFunc(func() {
				if tm.isDue(id, time.Now()) {
					due = append(due, fmt.Sprintf("%d@%v", id, time.Since(start)))
				}
			})})
		}
		do := func(f func()) { box.post(mail{do: turnFunc(f)}); synctest.Wait() }
		pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() } // virtual time
		do(func() {
			tm.set(1, time.Second)
			tm.set(3, 2*time.Second)
			tm.set(2, -time.Second)
			tm.set(5, 0)
			tm.cancel(5)
			tm.cancel(4)
		})
		pass(500 * time.Millisecond)
		do(func() { tm.set(1, time.Second); tm.cancel(3) }) // replaces; disarms
		pass(3 * time.Second)
		do(func() { tm.set(3, time.Second) })
		pass(3 * time.Second)
		// Fired and set anew before the firing is noticed: only the new one counts.
		do(func() {
			tm.set(1, time.Second)
			time.Sleep(2 * time.Second)
			tm.set(1, time.Second)
		})
		pass(10 * time.Second)
		if got, want := fmt.Sprint(due), "[2@0s 1@1.5s 3@4.5s 1@9.5s]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		do(func() { tm.set(1, time.Hour); tm.stopAll() })
		box.close()
	})
}
