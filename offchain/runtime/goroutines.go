package runtime

import (
	"sync"
	"time"
)

const (
	// maxParked is the number of goroutines that are kept for reuse when they have nothing to do.
	maxParked = 32
	// parkFor is about how long one is kept. A round of the protocol takes less, the pause between rounds often more.
	parkFor = time.Second
)

// runner is something to do on another goroutine: a pointer to what that takes, or a runnerFunc.
type runner interface{ run() }

type runnerFunc func()

func (f runnerFunc) run() { f() }

// goroutines lends goroutines. One that is done waits for a while for something else to do: its stack has grown by then, which is
// a good part of what a short piece of work on a fresh goroutine costs.
//
// There is one for the program, sharedGoroutines. It keeps nothing while no process runs, which users tells.
type goroutines struct {
	mu     sync.Mutex
	users  int
	parked []*parkedGoroutine // the longest parked first
	sweep  *time.Timer        // nil when nobody is parked
}

type parkedGoroutine struct {
	work chan runner // nil says to go
	// old tells that a sweep has passed while it was parked.
	old bool
}

var sharedGoroutines goroutines

// enter and leave bracket the life of a process.
func (g *goroutines) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.users++
}

// leave dismisses everything parked if it is the last.
func (g *goroutines) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.users--
	if g.users == 0 {
		g.dismiss(len(g.parked))
	}
}

// run has r run on a goroutine.
func (g *goroutines) run(r runner) {
	g.mu.Lock()
	last := len(g.parked) - 1
	if last < 0 {
		g.mu.Unlock()
		go g.work(r)
		return
	}
	p := g.parked[last]
	g.parked[last] = nil
	g.parked = g.parked[:last]
	g.mu.Unlock()
	p.work <- r
}

func (g *goroutines) work(r runner) {
	p := &parkedGoroutine{work: make(chan runner, 1)}
	for r != nil {
		r.run()
		if !g.park(p) {
			return
		}
		r = <-p.work
	}
}

// park offers a goroutine for reuse; it reports false if it is not needed.
func (g *goroutines) park(p *parkedGoroutine) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users == 0 || len(g.parked) >= maxParked {
		return false
	}
	p.old = false
	g.parked = append(g.parked, p)
	if g.sweep == nil {
		g.sweep = time.AfterFunc(parkFor, g.sweepOld)
	}
	return true
}

// sweepOld dismisses those that have been parked since the last time.
func (g *goroutines) sweepOld() {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := 0
	for old < len(g.parked) && g.parked[old].old {
		old++
	}
	g.dismiss(old)
	for _, p := range g.parked {
		p.old = true
	}
	if g.sweep != nil {
		g.sweep.Reset(parkFor)
	}
}

// dismiss tells the first n to go. The lock is held.
func (g *goroutines) dismiss(n int) {
	for i := range n {
		g.parked[i].work <- nil
	}
	rest := copy(g.parked, g.parked[n:])
	clear(g.parked[rest:])
	g.parked = g.parked[:rest]
	if rest == 0 && g.sweep != nil {
		g.sweep.Stop()
		g.sweep = nil
	}
}

// tasks is a group of goroutines from sharedGoroutines that can be waited for.
type tasks struct{ wg sync.WaitGroup }

// Go has f called on a goroutine of the group.
func (t *tasks) Go(f func()) {
	t.wg.Add(1)
	sharedGoroutines.run(&task{t, f})
}

// task is a function that belongs to a group.
type task struct {
	of *tasks
	f  func()
}

func (t *task) run() {
	defer t.of.Done()
	t.f()
}

// Add and Done bracket work on another goroutine that belongs to the group as well.
func (t *tasks) Add()  { t.wg.Add(1) }
func (t *tasks) Done() { t.wg.Done() }

// Wait returns when none is running.
func (t *tasks) Wait() { t.wg.Wait() }
