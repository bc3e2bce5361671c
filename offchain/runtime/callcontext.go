package runtime

import (
	"context"
	"sync"
	"time"
)

// callContext is the context of one call into user code. It ends at the deadline, when the call is given up, and when the call
// has returned; whoever ends it says why. It costs one timer less than [context.WithDeadline], for the call has one anyway, and
// nothing that nobody asks for. It carries no values.
type callContext struct {
	due time.Time

	mu    sync.Mutex
	done  chan struct{} // nil until somebody asks
	err   error
	after []*func()
}

var _ context.Context = (*callContext)(nil)

// ended is the channel of contexts that were over before somebody asked.
var ended = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Deadline returns when the call is to be over.
func (c *callContext) Deadline() (time.Time, bool) { return c.due, true }

// Done returns a channel that is closed when the context ends.
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.done != nil:
	case c.err != nil:
		c.done = ended
	default:
		c.done = make(chan struct{})
	}
	return c.done
}

// Err returns why the context ended; nil if it has not.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Value returns nil.
func (*callContext) Value(any) any { return nil }

// AfterFunc has f called on a goroutine of its own when the context has ended, unless stop is called before; stop reports whether
// it prevented that. Package context looks for this method: contexts derived from this one then need no goroutine.
func (c *callContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	entry := &f
	c.after = append(c.after, entry)
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i, e := range c.after {
			if e == entry {
				c.after = append(c.after[:i:i], c.after[i+1:]...)
				return true
			}
		}
		return false
	}
}

// end ends the context, unless it has ended.
func (c *callContext) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = why
	if c.done != nil {
		close(c.done)
	}
	for _, f := range c.after {
		go (*f)()
	}
	c.after = nil
}
