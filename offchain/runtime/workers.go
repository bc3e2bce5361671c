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
	queue   []runner
	head    int // of the queue, up to where it is done
	running int
}

var sharedWorkers workers

// run has r run soon. It must not block.
func (w *workers) run(r runner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.head > 0 && w.head >= len(w.queue)/2 && len(w.queue) == cap(w.queue) { // the room in front will do
		left := copy(w.queue, w.queue[w.head:])
		clear(w.queue[left:])
		w.queue, w.head = w.queue[:left], 0
	}
	w.queue = append(w.queue, r)
	if w.running < runtime.GOMAXPROCS(0) {
		w.running++
		sharedGoroutines.run((*worker)(w))
	}
}

// worker is one goroutine of workers.
type worker workers

func (w *worker) run() {
	for {
		w.mu.Lock()
		if w.head == len(w.queue) {
			if w.queue, w.head = w.queue[:0], 0; cap(w.queue) > keepCapacity {
				w.queue = nil
			}
			w.running--
			w.mu.Unlock()
			return
		}
		r := w.queue[w.head]
		w.queue[w.head] = nil
		w.head++
		w.mu.Unlock()
		r.run()
	}
}

// firstBad finds the lowest index below n for which good is false among those that it looks at, sharing the work among the
// workers, and passes it to done; -1 if all are good. Once something bad is found, no indices above it are looked at any
// more. done is called exactly once, on a worker.
func (w *workers) firstBad(n int, good func(i int) bool, done func(bad int)) {
	chunks := min(n, runtime.GOMAXPROCS(0))
	if chunks == 0 {
		w.run(runnerFunc(func() { done(-1) }))
		return
	}
	var lowestBad, unfinished atomic.Int64
	lowestBad.Store(int64(n))
	unfinished.Store(int64(chunks))
	for c := range chunks {
		w.run(runnerFunc(func() {
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
		}))
	}
}
