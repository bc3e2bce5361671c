// Package engine is what the simulators of all OCR versions share: virtual time and what is going to happen, clocks that are
// wrong, links that lose, delay and reorder, disks that are slow and fail, oracles that crash, traitors who need to know no
// protocol, checkers, traces, and sources of randomness that depend on a seed alone.
//
// Nothing here knows a protocol: M is the type of its messages.
package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Instant is virtual time since the start of a run.
type Instant = time.Duration

// World is a run: who takes part in it, its time, and what is still going to happen.
type World[M any] struct {
	Setting[M]
	Network *Network[M]
	// Traitors are the oracles that do not follow the protocol.
	Traitors []commontypes.OracleID

	Now   Instant
	Queue Queue[M]
	// Healed tells that faults are over, HealedAt since when.
	Healed   bool
	HealedAt Instant
	// Traffic counts what happened to messages.
	Traffic Traffic
	// Fingerprint is a hash of everything that happened.
	Fingerprint uint64
	// Violation is the first invariant that did not hold, nil if all did.
	Violation *Violation
}

// Setting is what is known of a run before it begins.
type Setting[M any] struct {
	Seed uint64
	N, F int // oracles, and how many of them may be faulty
	// Trace gets every event and effect as a line of text, if it is not nil.
	Trace io.Writer
	// Kind tells messages apart for the fingerprint; it is never 0. Encode writes a message.
	Kind   func(M) uint64
	Encode func(M) ([]byte, error)
	// WireBytes has messages travel as bytes.
	WireBytes bool
}

// Traffic counts messages and what happened to them.
type Traffic struct{ Messages, Lost, Partitions, Faults int }

// NewWorld returns a world at time 0.
func NewWorld[M any](setting Setting[M]) World[M] {
	return World[M]{Setting: setting, Fingerprint: 14695981039346656037}
}

// IsTraitor tells whether an oracle is one of the traitors.
func (w *World[M]) IsTraitor(id commontypes.OracleID) bool { return slices.Contains(w.Traitors, id) }

// Wire returns a message as it is to travel: as it is, or as bytes.
func (w *World[M]) Wire(m M) (message M, bytes []byte) {
	if !w.WireBytes {
		return m, nil
	}
	bytes, err := w.Encode(m)
	if err != nil {
		w.Violated("wire", "a message cannot be encoded: %v: %v", err, m)
		return m, nil
	}
	return message, bytes
}

// Heal ends the faults.
func (w *World[M]) Heal() {
	w.Healed, w.HealedAt = true, w.Now
	w.TraceLine("heal")
	w.Network.Heal()
}

// At has something done at a virtual time.
func (w *World[M]) At(when Instant, do func()) {
	w.Queue.Add(when, Happening[M]{Kind: Action, Do: do})
}

// Every has something done at once, and then at intervals.
func (w *World[M]) Every(interval time.Duration, do func()) {
	var again func()
	again = func() {
		do()
		w.At(w.Now+interval, again)
	}
	w.At(w.Now, again)
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

// stamp adds a happening to the fingerprint.
func (w *World[M]) stamp(h *Happening[M]) {
	const prime = 1099511628211
	mix := func(v uint64) { w.Fingerprint = (w.Fingerprint ^ v) * prime }
	mix(uint64(w.Now))
	mix(uint64(h.Kind)<<32 | uint64(h.Node)<<16 | uint64(h.From)<<8 | uint64(h.Timer))
	mix(uint64(h.Call)<<8 | uint64(len(h.Bytes)))
	if h.Kind == Message && h.Bytes == nil {
		mix(w.Kind(h.Message))
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

// AddCounts adds the counts of another run: fields that are integers, durations included.
func AddCounts[S any](sum, other *S) {
	to, from := reflect.ValueOf(sum).Elem(), reflect.ValueOf(other).Elem()
	for i := range to.NumField() {
		to.Field(i).SetInt(to.Field(i).Int() + from.Field(i).Int())
	}
}

// CopyCounts copies the fields that both have.
func CopyCounts[S, O any](to *S, from *O) {
	counts := reflect.ValueOf(from).Elem()
	for i := range counts.NumField() {
		if field := reflect.ValueOf(to).Elem().FieldByName(counts.Type().Field(i).Name); field.IsValid() {
			field.SetInt(counts.Field(i).Int())
		}
	}
}

// Random is a source of randomness for the choice of a scenario, and for keys.
func Random(seed uint64) *rand.ChaCha8 {
	var b [32]byte
	binary.BigEndian.PutUint64(b[:], seed)
	return rand.NewChaCha8(b)
}
