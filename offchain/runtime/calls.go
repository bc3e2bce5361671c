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
	ctx    context.Context // ends with the instance
	logger logging.Logger
	post   func(do func())
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
	id       kernel.CallID
	method   *method
	due      time.Time
	deadline *time.Timer // for the answer; later for being late
	cancel   context.CancelFunc
	state    callState
	work     func(context.Context) any
	fail     func(error) any
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
	if m.stuck > 0 {
		// Not at once: the effects of the current step come first.
		c.post(func() { c.answer(fail(fmt.Errorf("%s: %w", m.name, errStuck))) })
		return
	}
	k := &call{id: id, method: m, due: time.Now().Add(timeout), work: work, fail: fail}
	c.open[id] = k
	k.deadline = time.AfterFunc(timeout, func() { c.post(func() { c.expire(k) }) })
	if m.givenUp > 0 {
		m.waiting = append(m.waiting, k)
		return
	}
	c.launch(k)
}

func (c *calls) launch(k *call) {
	k.state = callRunning
	ctx, cancel := context.WithDeadline(c.ctx, k.due)
	k.cancel = cancel
	work := k.work
	k.work = nil
	c.running.Go(func() {
		event := work(ctx)
		cancel()
		c.post(func() { c.returned(k, event) })
	})
}

// returned is what happens when a call is over.
func (c *calls) returned(k *call, event any) {
	k.deadline.Stop()
	state := k.state
	k.state = callReturned
	switch state {
	case callRunning:
		delete(c.open, k.id)
		c.answer(event)
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
	k.deadline.Stop()
	if k.state == callWaiting {
		k.state = callReturned
		k.method.waiting = slices.DeleteFunc(k.method.waiting, func(w *call) bool { return w == k })
		return
	}
	k.state = callGivenUp
	k.method.givenUp++
	k.cancel()
	k.deadline = time.AfterFunc(k.method.late, func() { c.post(func() { c.late(k) }) })
}

// late finds that a call which was given up does not return.
func (c *calls) late(k *call) {
	if k.state != callGivenUp {
		return
	}
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
		w.deadline.Stop()
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
