package runtime

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestGoroutinesAreReusedAndDismissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g goroutines
		parked := func() int {
			synctest.Wait()
			g.mu.Lock()
			defer g.mu.Unlock()
			return len(g.parked)
		}
		g.run(runnerFunc(func() {}))
		if n := parked(); n != 0 {
			t.Errorf("%d are kept although nobody is there to use them", n)
		}
		g.enter()
		g.enter()
		release := make(chan struct{})
		for range 2 * maxParked {
			g.run(runnerFunc(func() { <-release }))
		}
		close(release)
		if n := parked(); n != maxParked {
			t.Errorf("%d are kept, want %d", n, maxParked)
		}
		done := 0
		g.run(runnerFunc(func() { done++ }))
		synctest.Wait()
		g.run(runnerFunc(func() { done++ }))
		if n := parked(); n != maxParked || done != 2 {
			t.Errorf("after reuse %d are kept, %d pieces of work were done", n, done)
		}
		// What is used stays, what is not goes after at most two sweeps.
		for range 5 {
			time.Sleep(parkFor / 2) // virtual time
			g.run(runnerFunc(func() {}))
		}
		if n := parked(); n != 1 {
			t.Errorf("after a while of little use %d are kept, want 1", n)
		}
		time.Sleep(3 * parkFor)
		if n := parked(); n != 0 || g.sweep != nil {
			t.Errorf("after a while of no use %d are kept, sweeping: %v", n, g.sweep != nil)
		}
		g.leave()
		g.run(runnerFunc(func() {}))
		if n := parked(); n != 1 {
			t.Errorf("%d are kept, want 1", n)
		}
		g.leave()
		if n := parked(); n != 0 || g.sweep != nil {
			t.Errorf("after the last user left %d are kept, sweeping: %v", n, g.sweep != nil)
		}
	})
}
