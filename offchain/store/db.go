package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// MaxPendingTransmissions bounds how many pending transmissions of one config digest are read back. Oracles delete them as
// they are done with them, so that there are rarely more than a few.
const MaxPendingTransmissions = 10_000

// DB is the part of a Store that belongs to one job. It implements types.Database and keeps the last signed round. All its
// methods are safe for concurrent use; writes take effect in the order in which they were called.
type DB struct {
	store  *Store
	name   string
	prefix []byte
}

var _ types.Database = (*DB)(nil)

func newDB(s *Store, name string) *DB {
	return &DB{store: s, name: name, prefix: jobPrefix(name)}
}

// Name returns the name of the job.
func (db *DB) Name() string { return db.name }

// ReadConfig implements types.ConfigDatabase.
func (db *DB) ReadConfig(ctx context.Context) (*types.ContractConfig, error) {
	return readRow(ctx, db, db.key(kindConfig, nil), "config", decodeConfig)
}

// WriteConfig implements types.ConfigDatabase.
func (db *DB) WriteConfig(ctx context.Context, config types.ContractConfig) error {
	return db.writeRow(ctx, db.key(kindConfig, nil), func(e *encoder) { encodeConfig(e, config) })
}

// ReadState implements types.Database.
func (db *DB) ReadState(ctx context.Context, configDigest types.ConfigDigest) (*types.PersistentState, error) {
	return readRow(ctx, db, db.key(kindState, &configDigest), "state of digest "+configDigest.Hex(), decodeState)
}

// WriteState implements types.Database.
func (db *DB) WriteState(ctx context.Context, configDigest types.ConfigDigest, state types.PersistentState) error {
	return db.writeRow(ctx, db.key(kindState, &configDigest), func(e *encoder) { encodeState(e, state) })
}

// ReadSignedRound returns the last round that was recorded for the digest by WriteSignedRound; ok is false when there is none.
func (db *DB) ReadSignedRound(ctx context.Context, configDigest types.ConfigDigest) (epoch uint32, round uint8, ok bool, err error) {
	r, err := readRow(ctx, db, db.key(kindRound, &configDigest), "signed round of digest "+configDigest.Hex(), decodeSignedRound)
	if r == nil || err != nil {
		return 0, 0, false, err
	}
	return r.epoch, r.round, true, nil
}

// WriteSignedRound records that the oracle is about to sign in a round, so that it does not sign differently in it after a
// crash. The record only goes forward: a round before the recorded one (by epoch, then round) is refused with
// ErrRoundGoesBack; the recorded one again is fine.
func (db *DB) WriteSignedRound(ctx context.Context, configDigest types.ConfigDigest, epoch uint32, round uint8) error {
	key, next := db.key(kindRound, &configDigest), signedRound{epoch, round}
	value, err := seal(key, func(e *encoder) { encodeSignedRound(e, next) })
	if err != nil {
		return err
	}
	return db.store.write(ctx, func(batch *pebble.Batch) error {
		recorded, err := getRow(batch, key, "signed round of digest "+configDigest.Hex(), decodeSignedRound)
		switch {
		case err != nil:
			return err
		case recorded != nil && next.before(*recorded):
			return fmt.Errorf("%w: digest %s: have (%d, %d), got (%d, %d)", ErrRoundGoesBack, configDigest, recorded.epoch, recorded.round, epoch, round)
		case recorded != nil && *recorded == next:
			return nil
		}
		return batch.Set(key, value, nil)
	})
}

// StorePendingTransmission implements types.Database.
func (db *DB) StorePendingTransmission(ctx context.Context, t types.ReportTimestamp, pending types.PendingTransmission) error {
	return db.pending().store(ctx, t, pending)
}

// PendingTransmissionsWithConfigDigest implements types.Database. When rows are corrupt it returns all the others together
// with an error that names each corrupt one. It returns the newest MaxPendingTransmissions, with an error when there are more.
func (db *DB) PendingTransmissionsWithConfigDigest(ctx context.Context, configDigest types.ConfigDigest) (map[types.ReportTimestamp]types.PendingTransmission, error) {
	return db.pending().withDigest(ctx, configDigest)
}

// DeletePendingTransmission implements types.Database.
func (db *DB) DeletePendingTransmission(ctx context.Context, t types.ReportTimestamp) error {
	return db.pending().delete(ctx, t)
}

// DeletePendingTransmissionsOlderThan implements types.Database. It also deletes rows that are corrupt, since they can never be
// transmitted, and returns an error that names them.
func (db *DB) DeletePendingTransmissionsOlderThan(ctx context.Context, limit time.Time) error {
	return db.pending().deleteOlderThan(ctx, limit)
}

// pending are the rows of OCR2's pending transmissions.
func (db *DB) pending() pendingRows[types.PendingTransmission] {
	return pendingRows[types.PendingTransmission]{
		db: db, kind: kindPending, encode: encodePending, decode: decodePending,
		due: func(pending types.PendingTransmission) time.Time { return pending.Time },
	}
}

// writeRow encodes in the caller's goroutine, so that the caller may change its arguments afterwards.
func (db *DB) writeRow(ctx context.Context, key []byte, encode func(*encoder)) error {
	value, err := seal(key, encode)
	if err != nil {
		return err
	}
	return db.store.write(ctx, func(batch *pebble.Batch) error { return batch.Set(key, value, nil) })
}

// readRow returns nil where there is no row.
func readRow[T any](ctx context.Context, db *DB, key []byte, row string, decode func(*decoder) T) (*T, error) {
	return read(ctx, db.store, func() (*T, error) { return getRow(db.store.db, key, row, decode) })
}

func getRow[T any](reader pebble.Reader, key []byte, row string, decode func(*decoder) T) (*T, error) {
	value, closer, err := reader.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: cannot read %s: %w", row, err)
	}
	defer closer.Close()
	var decoded T
	if err := unseal(row, key, value, func(d *decoder) { decoded = decode(d) }); err != nil {
		return nil, err
	}
	return &decoded, nil
}

var errStopScan = errors.New("stop")

// scan calls f for each row with the prefix, the greatest key first, until f returns an error or the context ends.
func scan(ctx context.Context, reader pebble.Reader, prefix []byte, f func(key, value []byte) error) (err error) {
	iterator, err := reader.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: prefix, UpperBound: prefixEnd(prefix)})
	if err != nil {
		return fmt.Errorf("store: cannot read: %w", err)
	}
	defer func() {
		if closeErr := iterator.Close(); closeErr != nil && err == nil {
			err = fmt.Errorf("store: cannot read: %w", closeErr)
		}
	}()
	for valid := iterator.Last(); valid; valid = iterator.Prev() {
		if err := ctx.Err(); err != nil {
			return err
		}
		value, err := iterator.ValueAndErr()
		if err != nil {
			return fmt.Errorf("store: cannot read: %w", err)
		}
		if err := f(iterator.Key(), value); err == errStopScan {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}
