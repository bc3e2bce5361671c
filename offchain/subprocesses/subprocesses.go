// Package subprocesses keeps account of goroutines, so that whoever started them can wait until all have ended.
package subprocesses

import (
	"context"
	"runtime/pprof"
	"sync"
	"time"
)

// Subprocesses is a group of goroutines. The zero value is an empty group. A group must not be copied after its first use.
//
// All methods may be called concurrently, with the exception that holds for sync.WaitGroup: while the group is empty, a call
// to Wait must not run concurrently with a call that starts something.
type Subprocesses struct {
	wg sync.WaitGroup
}

// Go runs f on a new goroutine of the group.
func (s *Subprocesses) Go(f func()) {
	s.wg.Go(f)
}

// Wait returns when all goroutines of the group have ended.
func (s *Subprocesses) Wait() {
	s.wg.Wait()
}

// BlockForAtMost runs f on a new goroutine of the group and returns when f has returned (ok is true) or when d is over (ok is
// false), whichever comes first. f gets a context that ends after d at the latest, and with ctx; the end of ctx does not make
// BlockForAtMost itself return.
//
// When ok is false, f may still be running: do not read what it writes.
func (s *Subprocesses) BlockForAtMost(ctx context.Context, d time.Duration, f func(context.Context)) (ok bool) {
	ok, _ = s.BlockForAtMostMany(ctx, d, f)
	return ok
}

// BlockForAtMostMany is BlockForAtMost for several functions, which run concurrently. It returns when all have returned or
// when d is over. oks tells for each function whether it has returned, ok whether all have.
func (s *Subprocesses) BlockForAtMostMany(ctx context.Context, d time.Duration, fs ...func(context.Context)) (ok bool, oks []bool) {
	// The timer is our own: the deadline of childCtx is no later, but it may be earlier, by way of ctx.
	timer := time.NewTimer(d)
	defer timer.Stop()
	childCtx, cancel := context.WithTimeout(ctx, d)

	returned := make(chan int, len(fs)) // has room for all, so that a late f does not get stuck
	var running sync.WaitGroup
	for i, f := range fs {
		running.Add(1)
		s.Go(func() {
			defer running.Done()
			f(childCtx)
			returned <- i
		})
	}
	s.Go(func() {
		running.Wait()
		cancel()
	})

	oks = make([]bool, len(fs))
	for range fs {
		select {
		case i := <-returned:
			oks[i] = true
		case <-timer.C:
			return false, oks
		}
	}
	return true, oks
}

// RepeatWithCancel runs f every interval, beginning one interval from now, until ctx ends. It returns at once; the work happens
// on a goroutine of the group that carries the name as a profiling label. f runs once at a time: a tick that comes while it
// still runs is delayed, and ticks beyond that are left out. It panics when interval is not positive.
func (s *Subprocesses) RepeatWithCancel(name string, interval time.Duration, ctx context.Context, f func()) {
	ticker := time.NewTicker(interval)
	s.Go(func() {
		defer ticker.Stop()
		pprof.Do(ctx, pprof.Labels("subprocess", name), func(ctx context.Context) {
			for {
				select {
				case <-ctx.Done():
					return
				case <-ticker.C:
					if ctx.Err() != nil {
						return
					}
					f()
				}
			}
		})
	})
}
