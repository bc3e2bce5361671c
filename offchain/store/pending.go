package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// pendingRows are a job's pending transmissions of one protocol, each of which is a P.
type pendingRows[P any] struct {
	db     *DB
	kind   byte
	encode func(*encoder, P)
	decode func(*decoder) P
	due    func(P) time.Time
}

func (r pendingRows[P]) store(ctx context.Context, t types.ReportTimestamp, pending P) error {
	return r.db.writeRow(ctx, r.db.pendingKey(r.kind, t), func(e *encoder) { r.encode(e, pending) })
}

// withDigest returns the undamaged rows of a digest, the newest MaxPendingTransmissions, and errors about what it leaves out.
func (r pendingRows[P]) withDigest(ctx context.Context, configDigest types.ConfigDigest) (map[types.ReportTimestamp]P, error) {
	return read(ctx, r.db.store, func() (map[types.ReportTimestamp]P, error) {
		result := map[types.ReportTimestamp]P{}
		var problems []error
		err := scan(ctx, r.db.store.db, r.db.key(r.kind, &configDigest), func(key, value []byte) error {
			if len(result) == MaxPendingTransmissions {
				problems = append(problems, fmt.Errorf("store: digest %s has more than %d pending transmissions, the oldest were left out", configDigest, MaxPendingTransmissions))
				return errStopScan
			}
			t, pending, err := r.decodeRow(key, value)
			if err != nil {
				problems = append(problems, err)
				return nil
			}
			result[t] = pending
			return nil
		})
		return result, errors.Join(append(problems, err)...)
	})
}

func (r pendingRows[P]) delete(ctx context.Context, t types.ReportTimestamp) error {
	key := r.db.pendingKey(r.kind, t)
	return r.db.store.write(ctx, func(batch *pebble.Batch) error { return batch.Delete(key, nil) })
}

// deleteOlderThan deletes what was due before the limit, and damaged rows, which its error names.
func (r pendingRows[P]) deleteOlderThan(ctx context.Context, limit time.Time) error {
	return r.db.store.write(ctx, func(batch *pebble.Batch) error {
		var old [][]byte
		var problems []error
		err := scan(ctx, batch, r.db.key(r.kind, nil), func(key, value []byte) error {
			_, pending, err := r.decodeRow(key, value)
			if err != nil {
				problems = append(problems, fmt.Errorf("deleted: %w", err))
			} else if !r.due(pending).Before(limit) {
				return nil
			}
			old = append(old, append([]byte(nil), key...))
			return nil
		})
		if err != nil {
			return err
		}
		for _, key := range old {
			if err := batch.Delete(key, nil); err != nil {
				return err
			}
		}
		return errors.Join(problems...)
	})
}

func (r pendingRows[P]) decodeRow(key, value []byte) (types.ReportTimestamp, P, error) {
	var pending P
	t, err := parsePendingKey(key)
	if err != nil {
		return t, pending, &CorruptRowError{Row: "pending transmission", Key: append([]byte(nil), key...), Reason: err.Error()}
	}
	row := fmt.Sprintf("pending transmission of digest %s, epoch %d, round %d", t.ConfigDigest, t.Epoch, t.Round)
	err = unseal(row, key, value, func(d *decoder) { pending = r.decode(d) })
	return t, pending, err
}
