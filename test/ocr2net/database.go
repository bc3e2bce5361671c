package ocr2net

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Database is a types.Database and runtime.SignedRoundDatabase in memory. What it holds outlives the oracle that used it, so
// that a restart can be tried. It is safe for concurrent use.
type Database struct {
	mu      sync.Mutex
	config  *types.ContractConfig
	states  map[types.ConfigDigest]types.PersistentState
	rounds  map[types.ConfigDigest]signedRound
	pending map[types.ReportTimestamp]types.PendingTransmission
	before  func(ctx context.Context, call string) error
	calls   map[string]int
}

type signedRound struct {
	epoch uint32
	round uint8
}

var (
	_ types.Database              = (*Database)(nil)
	_ runtime.SignedRoundDatabase = (*Database)(nil)
)

// NewDatabase returns an empty database.
func NewDatabase() *Database {
	return &Database{
		states:  map[types.ConfigDigest]types.PersistentState{},
		rounds:  map[types.ConfigDigest]signedRound{},
		pending: map[types.ReportTimestamp]types.PendingTransmission{},
		calls:   map[string]int{},
	}
}

// Before has f called before each call, which is named by its method; an error makes the call fail. f may block.
func (d *Database) Before(f func(ctx context.Context, call string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = f
}

// Calls returns how often a method was called.
func (d *Database) Calls(method string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[method]
}

// SetConfig replaces the stored config.
func (d *Database) SetConfig(cc types.ContractConfig) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.config = &cc
}

// State returns the stored state and signed round of a config digest.
func (d *Database) State(cd types.ConfigDigest) (state types.PersistentState, epoch uint32, round uint8) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.states[cd], d.rounds[cd].epoch, d.rounds[cd].round
}

// Pending returns the number of stored pending transmissions.
func (d *Database) Pending() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.pending)
}

// call runs f on the content, unless the hook objects.
func (d *Database) call(ctx context.Context, method string, f func()) error {
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

func (d *Database) ReadConfig(ctx context.Context) (cc *types.ContractConfig, err error) {
	err = d.call(ctx, "ReadConfig", func() { cc = d.config })
	return cc, err
}

func (d *Database) WriteConfig(ctx context.Context, cc types.ContractConfig) error {
	return d.call(ctx, "WriteConfig", func() { d.config = &cc })
}

func (d *Database) ReadState(ctx context.Context, cd types.ConfigDigest) (state *types.PersistentState, err error) {
	err = d.call(ctx, "ReadState", func() {
		if s, ok := d.states[cd]; ok {
			state = &s
		}
	})
	return state, err
}

func (d *Database) WriteState(ctx context.Context, cd types.ConfigDigest, state types.PersistentState) error {
	return d.call(ctx, "WriteState", func() { d.states[cd] = state })
}

func (d *Database) ReadSignedRound(ctx context.Context, cd types.ConfigDigest) (epoch uint32, round uint8, ok bool, err error) {
	err = d.call(ctx, "ReadSignedRound", func() {
		var r signedRound
		r, ok = d.rounds[cd]
		epoch, round = r.epoch, r.round
	})
	return epoch, round, ok, err
}

func (d *Database) WriteSignedRound(ctx context.Context, cd types.ConfigDigest, epoch uint32, round uint8) error {
	return d.call(ctx, "WriteSignedRound", func() { d.rounds[cd] = signedRound{epoch, round} })
}

func (d *Database) StorePendingTransmission(ctx context.Context, ts types.ReportTimestamp, p types.PendingTransmission) error {
	return d.call(ctx, "StorePendingTransmission", func() { d.pending[ts] = p })
}

func (d *Database) PendingTransmissionsWithConfigDigest(ctx context.Context, cd types.ConfigDigest) (pending map[types.ReportTimestamp]types.PendingTransmission, err error) {
	err = d.call(ctx, "PendingTransmissionsWithConfigDigest", func() {
		pending = maps.Clone(d.pending)
		maps.DeleteFunc(pending, func(ts types.ReportTimestamp, _ types.PendingTransmission) bool { return ts.ConfigDigest != cd })
	})
	return pending, err
}

func (d *Database) DeletePendingTransmission(ctx context.Context, ts types.ReportTimestamp) error {
	return d.call(ctx, "DeletePendingTransmission", func() { delete(d.pending, ts) })
}

func (d *Database) DeletePendingTransmissionsOlderThan(ctx context.Context, t time.Time) error {
	return d.call(ctx, "DeletePendingTransmissionsOlderThan", func() {
		maps.DeleteFunc(d.pending, func(_ types.ReportTimestamp, p types.PendingTransmission) bool { return p.Time.Before(t) })
	})
}

// PlainDatabase is a Database that does not keep the signed round.
type PlainDatabase struct{ types.Database }
