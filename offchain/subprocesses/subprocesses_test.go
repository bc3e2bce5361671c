package subprocesses

import (
	"context"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The tests run in bubbles of testing/synctest: time is virtual, and a bubble ends only when all its goroutines have.

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Subprocesses
		s.Wait() // of an empty group
		release := make(chan struct{})
		var ended atomic.Int32
		for range 3 {
			s.Go(func() {
				<-release
				ended.Add(1)
			})
		}
		waited := false
		go func() {
			s.Wait()
			waited = true
		}()
		synctest.Wait()
		if waited {
			t.Error("Wait returned while goroutines were running")
		}
		close(release)
		synctest.Wait()
		if !waited || ended.Load() != 3 {
			t.Errorf("waited: %v, ended: %d", waited, ended.Load())
		}
	})
}

func TestBlockForAtMost(t *testing.T) {
	const d = 10 * time.Second
	for _, c := range []struct {
		name     string
		work     time.Duration // how long f works
		heeds    bool          // whether f returns when its context ends
		cancel   time.Duration // when ctx is cancelled; 0: never
		returned time.Duration // when BlockForAtMost must return
		ok       bool
		over     time.Duration // when the group must be empty
	}{
		{"at once", 0, true, 0, 0, true, 0},
		{"in time", d - 1, true, 0, d - 1, true, d - 1},
		{"too long, deaf", 3 * d, false, 0, d, false, 3 * d},
		{"cancelled, heeding", 3 * d, true, d / 2, d / 2, true, d / 2},
		{"cancelled, deaf, in time", d - 1, false, d / 2, d - 1, true, d - 1},
		{"cancelled, deaf, too long", 3 * d, false, d / 2, d, false, 3 * d},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.cancel != 0 {
					time.AfterFunc(c.cancel, cancel)
				}
				var s Subprocesses
				start := time.Now()
				ok := s.BlockForAtMost(ctx, d, func(ctx context.Context) {
					if deadline, has := ctx.Deadline(); !has || !deadline.Equal(start.Add(d)) {
						t.Errorf("deadline %v, want %v", deadline, start.Add(d))
					}
					done := ctx.Done()
					if !c.heeds {
						done = nil
					}
					select {
					case <-time.After(c.work):
					case <-done:
					}
				})
				if ok != c.ok || time.Since(start) != c.returned {
					t.Errorf("got %v after %v, want %v after %v", ok, time.Since(start), c.ok, c.returned)
				}
				s.Wait()
				if time.Since(start) != c.over {
					t.Errorf("the group was empty after %v, want %v", time.Since(start), c.over)
				}
			})
		})
	}
}

func TestBlockForAtMostContextEndsAtDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Subprocesses
		start := time.Now()
		s.BlockForAtMost(t.Context(), time.Second, func(ctx context.Context) {
			<-ctx.Done()
			if time.Since(start) != time.Second || ctx.Err() != context.DeadlineExceeded {
				t.Errorf("context ended after %v with %v", time.Since(start), ctx.Err())
			}
		})
		s.Wait()
	})
}

func TestBlockForAtMostMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Subprocesses
		work := func(d time.Duration) func(context.Context) {
			return func(context.Context) { <-time.After(d) }
		}
		start := time.Now()
		ok, oks := s.BlockForAtMostMany(t.Context(), 3*time.Second, work(5*time.Second), work(time.Second), work(4*time.Second), work(2*time.Second))
		if ok || !slices.Equal(oks, []bool{false, true, false, true}) || time.Since(start) != 3*time.Second {
			t.Errorf("got %v, %v after %v", ok, oks, time.Since(start))
		}
		s.Wait()
		if time.Since(start) != 5*time.Second {
			t.Errorf("Wait returned after %v", time.Since(start))
		}
		start = time.Now()
		ok, oks = s.BlockForAtMostMany(t.Context(), 3*time.Second, work(2*time.Second), work(time.Second))
		if !ok || !slices.Equal(oks, []bool{true, true}) || time.Since(start) != 2*time.Second {
			t.Errorf("got %v, %v after %v", ok, oks, time.Since(start))
		}
		if ok, oks = s.BlockForAtMostMany(t.Context(), time.Second); !ok || len(oks) != 0 {
			t.Errorf("of nothing: got %v, %v", ok, oks)
		}
		s.Wait()
	})
}

func TestRepeatWithCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Subprocesses
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		var runs []time.Duration
		s.RepeatWithCancel("repeater", time.Minute, ctx, func() {
			runs = append(runs, time.Since(start))
			if len(runs) == 2 {
				<-time.After(150 * time.Second) // more than two intervals
			}
		})
		<-time.After(6*time.Minute + time.Second)
		synctest.Wait()
		// The second run takes from 2:00 to 4:30. The tick of 3:00 is late, and that of 4:00 is left out.
		want := []time.Duration{1 * time.Minute, 2 * time.Minute, 270 * time.Second, 5 * time.Minute, 6 * time.Minute}
		if !slices.Equal(runs, want) {
			t.Errorf("ran at %v, want %v", runs, want)
		}
		cancel()
		s.Wait()
		if got := time.Since(start); got != 6*time.Minute+time.Second {
			t.Errorf("ended %v after the start, not when cancelled", got)
		}
		if len(runs) != len(want) {
			t.Errorf("ran again after the end: %v", runs)
		}
	})
}

func TestRepeatWithCancelOfEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Subprocesses
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s.RepeatWithCancel("repeater", time.Second, ctx, func() { t.Error("ran") })
		s.Wait()
	})
}

func TestRepeatWithCancelIsLabelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Subprocesses
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		running := make(chan struct{})
		s.RepeatWithCancel("the-repeater", time.Second, ctx, func() {
			close(running)
			<-ctx.Done()
		})
		<-running
		var profile strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(profile.String(), `"subprocess":"the-repeater"`) {
			t.Errorf("no goroutine has the label")
		}
		cancel()
		s.Wait()
	})
}
