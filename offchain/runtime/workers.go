package runtime

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// workers runs short computations on at most as many goroutines as there are processors, in the order in which they came.
// The goroutines exist only while there is work. All instances of the program share one (sharedWorkers), so that however many
// there are, signature checks do not crowd out everything else.
type workers struct {
	mu      sync.Mutex
	queue   []func()
	running int
}

var sharedWorkers workers

// run has f called soon. f must not block.
func (w *workers) run(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, f)
	if w.running < runtime.GOMAXPROCS(0) {
		w.running++
		sharedGoroutines.run(w.work)
	}
}

func (w *workers) work() {
	for {
		w.mu.Lock()
		if len(w.queue) == 0 {
			w.queue = nil // drop the array: it has no room left in front
			w.running--
			w.mu.Unlock()
			return
		}
		f := w.queue[0]
		w.queue[0] = nil
		w.queue = w.queue[1:]
		w.mu.Unlock()
		f()
	}
}

// firstBad finds the lowest index below n for which good is false among those that it looks at, sharing the work among the
// workers, and passes it to done; -1 if all are good. Once something bad is found, no indices above it are looked at any
// more. done is called exactly once, on a worker.
func (w *workers) firstBad(n int, good func(i int) bool, done func(bad int)) {
	chunks := min(n, runtime.GOMAXPROCS(0))
	if chunks == 0 {
		w.run(func() { done(-1) })
		return
	}
	var lowestBad, unfinished atomic.Int64
	lowestBad.Store(int64(n))
	unfinished.Store(int64(chunks))
	for c := range chunks {
		w.run(func() {
			for i := c * n / chunks; i < (c+1)*n/chunks && int64(i) < lowestBad.Load(); i++ {
				if good(i) {
					continue
				}
				for low := lowestBad.Load(); int64(i) < low && !lowestBad.CompareAndSwap(low, int64(i)); {
					low = lowestBad.Load()
				}
				break
			}
			if unfinished.Add(-1) > 0 {
				return
			}
			if bad := lowestBad.Load(); bad < int64(n) {
				done(int(bad))
			} else {
				done(-1)
			}
		})
	}
}

// each calls f for all indices below n, sharing the work among the workers, and done afterwards, exactly once, on a worker.
func (w *workers) each(n int, f func(i int), done func()) {
	w.firstBad(n, func(i int) bool {
		f(i)
		return true
	}, func(int) { done() })
}
