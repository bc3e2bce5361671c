package runtime

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestCallContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		due := time.Now().Add(time.Hour)
		c := &callContext{due: due}
		if at, ok := c.Deadline(); !ok || !at.Equal(due) || c.Err() != nil || c.Value("key") != nil {
			t.Error("the context is not as it should begin")
		}
		// Contexts derived from it need no goroutine, and end with it; what they were stopped from does not happen.
		before := runtime.NumGoroutine()
		child, cancel := context.WithCancel(c)
		defer cancel()
		other, cancelOther := context.WithTimeout(c, time.Minute)
		cancelOther()
		var after, never bool
		context.AfterFunc(c, func() { after = true })
		stop := context.AfterFunc(c, func() { never = true })
		if !stop() || stop() {
			t.Error("what is to happen after the end is not stopped exactly once")
		}
		if n := runtime.NumGoroutine(); n != before {
			t.Errorf("%d goroutines more than before", n-before)
		}
		done := c.Done()
		select {
		case <-done:
			t.Error("it has ended already")
		default:
		}
		why := errors.New("why")
		c.end(why)
		c.end(context.Canceled)
		<-done
		<-c.Done()
		<-child.Done()
		synctest.Wait()
		if c.Err() != why || child.Err() != why || other.Err() != context.Canceled || !after || never {
			t.Errorf("it ended with %v, its children with %v and %v; after: %t %t", c.Err(), child.Err(), other.Err(), after, never)
		}
		late := false
		if stop := c.AfterFunc(func() { late = true }); stop() {
			t.Error("what happens at once was stopped")
		}
		synctest.Wait()
		if !late {
			t.Error("nothing happens after the end")
		}
	})
	// Nobody asks before the end.
	c := &callContext{}
	c.end(context.Canceled)
	<-c.Done()
}

func TestCallsThatTakeLongAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newCallBench(t)
		watched := func(takes time.Duration) {
			b.do(func() {
				b.calls.invokeWatched(b.method, 1, 100*time.Millisecond, time.Second, func(ctx context.Context) any {
					select {
					case <-time.After(takes):
						return "done"
					case <-ctx.Done():
						return ctx.Err()
					}
				}, func(err error) any { return "failed" })
			})
		}
		slow := func() int { return b.log.count("warn Method takes longer than it should") }
		watched(199 * time.Millisecond) // a little more is no news
		b.pass(10 * time.Second)
		if slow() != 0 {
			t.Error("a call was reported although it was not late")
		}
		watched(300 * time.Millisecond)
		b.pass(250 * time.Millisecond)
		if slow() != 1 {
			t.Errorf("%d reports of a slow call, want 1", slow())
		}
		b.pass(10 * time.Second)
		watched(2 * time.Second)
		b.pass(10 * time.Second)
		if slow() != 2 {
			t.Errorf("%d reports of two slow calls, want 2", slow())
		}
		b.expect(t, "199ms done", "10300ms done", "21250ms failed")
	})
}

// TestCallsEndWithTheInstance: the context of a call under way ends when the instance is halted.
func TestCallsEndWithTheInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newCallBench(t)
		var err error
		b.do(func() {
			b.calls.invoke(b.method, 1, time.Hour, func(ctx context.Context) any {
				<-ctx.Done()
				err = ctx.Err()
				return nil
			}, func(error) any { return nil })
		})
		b.box.close()
		b.calls.halt()
		b.running.Wait()
		if err != context.Canceled {
			t.Errorf("the context ended with %v, want that it was canceled", err)
		}
	})
}
