package logging

import "sync/atomic"

// Taper thins out reports of a condition that repeats: the first, second, fourth, eighth, ... occurrence is reported, and
// the end of the condition is, once. The zero value is ready for use. It is safe for concurrent use; the callbacks run
// outside of any lock.
type Taper struct {
	count atomic.Uint64
}

// Trigger counts an occurrence and calls f with the count if that is a power of two. Reports whether it called f.
func (t *Taper) Trigger(f func(count uint64)) bool {
	count := t.count.Add(1)
	if count&(count-1) != 0 {
		return false
	}
	f(count)
	return true
}

// Reset sets the count to 0 and calls f with what it was, unless it was 0 already. Reports whether it called f.
func (t *Taper) Reset(f func(oldCount uint64)) bool {
	oldCount := t.count.Swap(0)
	if oldCount == 0 {
		return false
	}
	f(oldCount)
	return true
}

// Count returns the number of occurrences since the last reset.
func (t *Taper) Count() uint64 { return t.count.Load() }
