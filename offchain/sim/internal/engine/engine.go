// Package engine is what the simulators of all OCR versions share: virtual time and what is going to happen, clocks that are
// wrong, links that lose, delay and reorder, and sources of randomness that depend on a seed alone.
//
// Nothing here knows a protocol: M is the type of its messages.
package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// Instant is virtual time since the start of a run.
type Instant = time.Duration

// World is the time of a run and what is still going to happen in it.
type World[M any] struct {
	Seed  uint64
	Now   Instant
	Queue Queue[M]
	// Healed tells that faults are over.
	Healed bool
	// Traffic counts what happened to messages.
	Traffic Traffic
	// Fingerprint is a hash of everything that happened.
	Fingerprint uint64
}

// Traffic counts messages and what happened to them.
type Traffic struct{ Messages, Lost, Partitions, Faults int }

// NewWorld returns a world at time 0.
func NewWorld[M any](seed uint64) World[M] {
	return World[M]{Seed: seed, Fingerprint: 14695981039346656037}
}

// At has something done at a virtual time.
func (w *World[M]) At(when Instant, do func()) {
	w.Queue.Add(when, Happening[M]{Kind: Action, Do: do})
}

// Next goes on to what happens next; Len of the queue must not be 0.
func (w *World[M]) Next() Happening[M] {
	at, h := w.Queue.Pop()
	w.Now = max(w.Now, at)
	return h
}

// Stream returns a source of randomness for one purpose, so that a change in one part of a run leaves others as they were.
func (w *World[M]) Stream(purpose string, index ...uint64) *rand.Rand {
	b := binary.BigEndian.AppendUint64([]byte(purpose), w.Seed)
	for _, i := range index {
		b = binary.BigEndian.AppendUint64(b, i)
	}
	sum := sha256.Sum256(b)
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))
}

// Stamp adds a happening to the fingerprint. kind is that of its message, 0 without one.
func (w *World[M]) Stamp(h *Happening[M], kind uint64) {
	const prime = 1099511628211
	mix := func(v uint64) { w.Fingerprint = (w.Fingerprint ^ v) * prime }
	mix(uint64(w.Now))
	mix(uint64(h.Kind)<<32 | uint64(h.Node)<<16 | uint64(h.From)<<8 | uint64(h.Timer))
	mix(uint64(h.Call)<<8 | uint64(len(h.Bytes)))
	if kind != 0 {
		mix(kind)
	}
}

// Chance is true with probability p.
func Chance(random *rand.Rand, p float64) bool { return p > 0 && random.Float64() < p }

// Between returns a duration from low to high, both included.
func Between(random *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(random.Int64N(int64(high-low+1)))
}

// Either picks one of its arguments.
func Either[V any](random *rand.Rand, values ...V) V { return values[random.IntN(len(values))] }

// SetDefault sets a value that is zero.
func SetDefault[T comparable](value *T, def T) {
	var zero T
	if *value == zero {
		*value = def
	}
}
