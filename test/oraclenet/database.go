package oraclenet

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// Database is the database of OCR1 or OCR2 in memory, with the signed round. What it holds outlives the oracle that used it, so that a
// restart can be tried. It is safe for concurrent use.
//
// C is the protocol's config, D its digest, T its report timestamp, P its pending transmission.
type Database[C any, D comparable, T comparable, P any] struct {
	digestOf func(T) D
	timeOf   func(P) time.Time

	mu      sync.Mutex
	config  *C
	states  map[D]types.PersistentState
	rounds  map[D]signedRound
	pending map[T]P
	before  func(ctx context.Context, call string) error
	calls   map[string]int
}

type signedRound struct {
	epoch uint32
	round uint8
}

// NewDatabase returns an empty database.
func NewDatabase[C any, D comparable, T comparable, P any](digestOf func(T) D, timeOf func(P) time.Time) *Database[C, D, T, P] {
	return &Database[C, D, T, P]{
		digestOf: digestOf,
		timeOf:   timeOf,
		states:   map[D]types.PersistentState{},
		rounds:   map[D]signedRound{},
		pending:  map[T]P{},
		calls:    map[string]int{},
	}
}

// Before has f called before each call, which is named by its method; an error makes the call fail. f may block.
func (d *Database[C, D, T, P]) Before(f func(ctx context.Context, call string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = f
}

// Calls returns how often a method was called.
func (d *Database[C, D, T, P]) Calls(method string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[method]
}

// SetConfig replaces the stored config.
func (d *Database[C, D, T, P]) SetConfig(cc C) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.config = &cc
}

// State returns the stored state and signed round of a config digest.
func (d *Database[C, D, T, P]) State(cd D) (state types.PersistentState, epoch uint32, round uint8) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.states[cd], d.rounds[cd].epoch, d.rounds[cd].round
}

// Pending returns the number of stored pending transmissions.
func (d *Database[C, D, T, P]) Pending() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.pending)
}

// call runs f on the content, unless the hook objects.
func (d *Database[C, D, T, P]) call(ctx context.Context, method string, f func()) error {
	d.mu.Lock()
	d.calls[method]++
	before := d.before
	d.mu.Unlock()
	if before != nil {
		if err := before(ctx, method); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	return nil
}

func (d *Database[C, D, T, P]) ReadConfig(ctx context.Context) (cc *C, err error) {
	err = d.call(ctx, "ReadConfig", func() { cc = d.config })
	return cc, err
}

func (d *Database[C, D, T, P]) WriteConfig(ctx context.Context, cc C) error {
	return d.call(ctx, "WriteConfig", func() { d.config = &cc })
}

func (d *Database[C, D, T, P]) ReadState(ctx context.Context, cd D) (state *types.PersistentState, err error) {
	err = d.call(ctx, "ReadState", func() {
		if s, ok := d.states[cd]; ok {
			state = &s
		}
	})
	return state, err
}

func (d *Database[C, D, T, P]) WriteState(ctx context.Context, cd D, state types.PersistentState) error {
	return d.call(ctx, "WriteState", func() { d.states[cd] = state })
}

func (d *Database[C, D, T, P]) ReadSignedRound(ctx context.Context, cd D) (epoch uint32, round uint8, ok bool, err error) {
	err = d.call(ctx, "ReadSignedRound", func() {
		var r signedRound
		r, ok = d.rounds[cd]
		epoch, round = r.epoch, r.round
	})
	return epoch, round, ok, err
}

func (d *Database[C, D, T, P]) WriteSignedRound(ctx context.Context, cd D, epoch uint32, round uint8) error {
	return d.call(ctx, "WriteSignedRound", func() { d.rounds[cd] = signedRound{epoch, round} })
}

func (d *Database[C, D, T, P]) StorePendingTransmission(ctx context.Context, ts T, p P) error {
	return d.call(ctx, "StorePendingTransmission", func() { d.pending[ts] = p })
}

func (d *Database[C, D, T, P]) PendingTransmissionsWithConfigDigest(ctx context.Context, cd D) (pending map[T]P, err error) {
	err = d.call(ctx, "PendingTransmissionsWithConfigDigest", func() {
		pending = maps.Clone(d.pending)
		maps.DeleteFunc(pending, func(ts T, _ P) bool { return d.digestOf(ts) != cd })
	})
	return pending, err
}

func (d *Database[C, D, T, P]) DeletePendingTransmission(ctx context.Context, ts T) error {
	return d.call(ctx, "DeletePendingTransmission", func() { delete(d.pending, ts) })
}

func (d *Database[C, D, T, P]) DeletePendingTransmissionsOlderThan(ctx context.Context, t time.Time) error {
	return d.call(ctx, "DeletePendingTransmissionsOlderThan", func() {
		maps.DeleteFunc(d.pending, func(_ T, p P) bool { return d.timeOf(p).Before(t) })
	})
}
