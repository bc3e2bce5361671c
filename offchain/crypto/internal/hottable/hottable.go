// Package hottable decides which keys get a large table: those that are used
// much, as far as a bound on the memory of all such tables allows.
package hottable

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"weak"
)

// Budget bounds how many tables of type T exist at once in the process. Tables
// that nobody refers to anymore count until the garbage collector has found
// them.
//
// It is safe for concurrent use. Nothing that [Slot.Get] does while the slot
// has a table takes a lock.
type Budget[T any] struct {
	// Max is how many tables there may be, After the number of uses from which
	// a slot applies for one. Both must be above 0 and not change.
	Max, After uint32

	live atomic.Int64

	mu      sync.Mutex
	sweeps  uint32 // how many there were
	holders []weak.Pointer[Slot[T]]
}

// Slot is what holds the table of a key once it has one. It must not be copied.
type Slot[T any] struct {
	table  atomic.Pointer[T]
	uses   atomic.Uint32 // without a table
	busy   atomic.Bool   // someone has the turn
	recent atomic.Bool   // the table was used since the last sweep
	seen   uint32        // value of sweeps at the last refusal; under mu of the budget
}

// Get counts a use and returns the slot's table, or nil while it has none. When
// it is this slot's turn to get one, Get calls build, in which the caller's
// goroutine makes it; others that use the slot meanwhile still get nil.
//
// spread, which should differ from key to key, keeps keys that are used equally
// often from making their tables all at once: the turn comes at some use from
// After to 2·After-1, and if the budget is exhausted then, again after After
// uses each.
func (s *Slot[T]) Get(b *Budget[T], spread uint32, build func() *T) *T {
	if t := s.table.Load(); t != nil {
		if !s.recent.Load() {
			s.recent.Store(true)
		}
		return t
	}
	// Uses are told apart by what Add returns: one in After has the turn. The
	// next turn may come before build is done.
	n := s.uses.Add(1)
	if n < b.After || (n-spread%b.After)%b.After != 0 || !s.busy.CompareAndSwap(false, true) {
		return nil
	}
	defer s.busy.Store(false)
	if s.table.Load() != nil || !b.admit(s) {
		return nil
	}
	t := build()
	b.hold(s, t)
	return t
}

// admit takes a share of the budget, if one is left.
func (b *Budget[T]) admit(s *Slot[T]) bool {
	for {
		n := b.live.Load()
		if n >= int64(b.Max) {
			b.refused(s)
			return false
		}
		if b.live.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// refused makes room for later if there is a table that is not used: one that
// was not used once in the time in which s, which has none, was used After
// times. (That is the time between two refusals of s without a sweep between.)
func (b *Budget[T]) refused(s *Slot[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.seen != b.sweeps {
		s.seen = b.sweeps
		return
	}
	b.sweeps++
	s.seen = b.sweeps
	b.holders = slices.DeleteFunc(b.holders, func(w weak.Pointer[Slot[T]]) bool {
		h := w.Value()
		if h == nil {
			return true
		}
		if h.recent.Swap(false) {
			return false
		}
		h.uses.Store(0)
		h.table.Store(nil)
		return true
	})
}

// hold gives s its table. The share comes back when the table is collected.
func (b *Budget[T]) hold(s *Slot[T], t *T) {
	runtime.AddCleanup(t, func(b *Budget[T]) { b.live.Add(-1) }, b)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holders = append(b.holders, weak.Make(s))
	s.recent.Store(true)
	s.table.Store(t)
}
