package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// Calls that go on for longer than this after their deadline, or after they were canceled, are reported and count as stuck.
const (
	lateAfter         = 100 * time.Millisecond
	lateTransmitAfter = 50 * time.Millisecond
)

// errStuck answers a call to user code that cannot be made because an earlier one does not return.
var errStuck = errors.New("not called: an earlier call ignores its canceled context and has not returned")

// calls makes calls into user code (the plugin, the contract transmitter) on goroutines of their own and sees to it that each
// is answered by its deadline. All its methods are called on the instance's turn.
//
// A method (of the plugin, say) may have several calls for which the machine waits, as the protocol has it. A call that was
// given up and does not return soon is stuck: until it does return, further calls of the method fail at once. Before that, they
// wait for it.
type calls struct {
	logger logging.Logger
	box    *mailbox
	answer func(event any)
	// running counts the goroutines.
	running *tasks

	open map[kernel.CallID]*call
}

// method is one function of the user's.
type method struct {
	name    string
	late    time.Duration
	givenUp int // calls that nobody waits for any more, but for which lateness has not been established
	stuck   int // calls that nobody waits for any more and that are late
	waiting []*call
}

type call struct {
	calls  *calls
	id     kernel.CallID
	method *method
	limit  time.Duration // how long it should take; negative: until it is due
	due    time.Time
	lateAt time.Time   // after it was given up
	timer  *time.Timer // for the warning, then for the answer; later for being late
	ctx    callContext
	state  callState
	work   func(context.Context) any
	fail   func(error) any
	event  any // that work returned
}

type callState uint8

const (
	callWaiting  callState = iota // for an earlier call
	callRunning                   // the machine waits for its answer
	callGivenUp                   // answered at its deadline, or abandoned
	callStuck                     // and did not return in time either
	callReturned                  // or never made
)

// invoke calls work with a context that ends after timeout. The machine gets the event that work returns, or that of fail if
// there is none by then.
func (c *calls) invoke(m *method, id kernel.CallID, timeout time.Duration, work func(context.Context) any, fail func(error) any) {
	c.invokeWatched(m, id, -1, timeout, work, fail)
}

// invokeWatched does the same, and warns if the call takes longer than limit, unless that is negative.
func (c *calls) invokeWatched(
	m *method, id kernel.CallID, limit, timeout time.Duration, work func(context.Context) any, fail func(error) any,
) {
	if m.stuck > 0 {
		// Not at once: the effects of the current step come first.
		c.box.post(mail{event: fail(fmt.Errorf("%s: %w", m.name, errStuck))})
		return
	}
	k := &call{calls: c, id: id, method: m, limit: limit, due: time.Now().Add(timeout), work: work, fail: fail}
	k.ctx.due = k.due
	c.open[id] = k
	if m.givenUp > 0 {
		k.timer = time.AfterFunc(timeout, k.timeUp)
		m.waiting = append(m.waiting, k)
		return
	}
	c.launch(k)
}

func (c *calls) launch(k *call) {
	k.state = callRunning
	next := time.Until(k.due)
	if k.limit >= 0 {
		next = min(next, k.limit+lateAfter)
	}
	if k.timer == nil {
		k.timer = time.AfterFunc(next, k.timeUp)
	} else {
		k.timer.Reset(next)
	}
	c.running.Add()
	sharedGoroutines.run(k)
}

// run makes the call.
func (k *call) run() {
	defer k.calls.running.Done()
	k.event = k.work(&k.ctx)
	k.ctx.end(context.Canceled)
	k.calls.box.post(mail{do: k})
}

// timeUp is called by the timer.
func (k *call) timeUp() {
	k.calls.box.post(mail{do: turnFunc(func() { k.calls.timeUp(k) })})
	if !time.Now().Before(k.due) {
		k.ctx.end(context.DeadlineExceeded) // at once, however long it takes until it is the instance's turn
	}
}

func (c *calls) timeUp(k *call) {
	now := time.Now()
	left := k.due.Sub(now)
	switch {
	case k.state == callGivenUp:
		if !now.Before(k.lateAt) { // or it was given up after this was set off
			c.late(k)
		}
	case left <= 0:
		c.expire(k)
	case k.state == callRunning:
		c.logger.Warn(k.method.name+" takes longer than it should", commontypes.LogFields{"maxDuration": k.limit.String()})
		k.timer.Reset(left)
	}
}

// halt ends the contexts of all calls. Nothing is on the instance's turn any more.
func (c *calls) halt() {
	for _, k := range c.open {
		k.ctx.end(context.Canceled)
	}
}

// take is what happens when a call is over.
func (k *call) take() {
	c := k.calls
	k.timer.Stop()
	state := k.state
	k.state = callReturned
	switch state {
	case callRunning:
		delete(c.open, k.id)
		c.answer(k.event)
	case callGivenUp:
		k.method.givenUp--
		c.resume(k.method)
	case callStuck:
		k.method.stuck--
		c.logger.Info(k.method.name+" has returned after all", commontypes.LogFields{"late": time.Since(k.due)})
		c.resume(k.method)
	}
}

// expire answers a call at its deadline.
func (c *calls) expire(k *call) {
	if k.state != callRunning && k.state != callWaiting {
		return
	}
	err := fmt.Errorf("%s: %w", k.method.name, context.DeadlineExceeded)
	c.giveUp(k)
	c.answer(k.fail(err))
}

// abandon cancels a call whose answer is not wanted any more.
func (c *calls) abandon(id kernel.CallID) {
	if k, ok := c.open[id]; ok {
		c.giveUp(k)
	}
}

// giveUp takes a call from the open ones.
func (c *calls) giveUp(k *call) {
	delete(c.open, k.id)
	k.timer.Stop()
	if k.state == callWaiting {
		k.state = callReturned
		k.method.waiting = slices.DeleteFunc(k.method.waiting, func(w *call) bool { return w == k })
		return
	}
	k.state = callGivenUp
	k.method.givenUp++
	k.ctx.end(context.Canceled)
	k.lateAt = time.Now().Add(k.method.late)
	k.timer.Reset(k.method.late)
}

// late finds that a call which was given up does not return.
func (c *calls) late(k *call) {
	k.state = callStuck
	m := k.method
	m.givenUp--
	m.stuck++
	c.logger.Error(m.name+" is taking too long: it goes on although its context has ended; it is not called again before it returns",
		commontypes.LogFields{"late": time.Since(k.due).String()})
	waiting := m.waiting
	m.waiting = nil
	for _, w := range waiting {
		w.state = callReturned
		w.timer.Stop()
		delete(c.open, w.id)
		c.answer(w.fail(fmt.Errorf("%s: %w", m.name, errStuck)))
	}
}

// resume makes the calls that waited for an earlier one, if none is left of those.
func (c *calls) resume(m *method) {
	if m.givenUp > 0 || m.stuck > 0 {
		return
	}
	waiting := m.waiting
	m.waiting = nil
	for _, w := range waiting {
		c.launch(w)
	}
}
