package store

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Bounds of protocol states. A certificate holds an outcome of up to 5 MiB.
const (
	MaxProtocolStateKeyLength = 256
	MaxProtocolStateBytes     = 8 << 20
)

var _ ocr3types.Database = (*DB)(nil)

// ReadProtocolState implements ocr3types.ProtocolStateDatabase.
func (db *DB) ReadProtocolState(ctx context.Context, configDigest types.ConfigDigest, key string) ([]byte, error) {
	value, err := readRow(ctx, db, db.protocolStateKey(configDigest, key), fmt.Sprintf("protocol state %q of digest %s", key, configDigest), decodeProtocolState)
	if value == nil || err != nil {
		return nil, err
	}
	return *value, nil
}

// WriteProtocolState implements ocr3types.ProtocolStateDatabase. The value is copied.
func (db *DB) WriteProtocolState(ctx context.Context, configDigest types.ConfigDigest, key string, value []byte) error {
	if key == "" || len(key) > MaxProtocolStateKeyLength {
		return fmt.Errorf("store: the key of a protocol state has %d bytes, must have 1 to %d", len(key), MaxProtocolStateKeyLength)
	}
	if len(value) > MaxProtocolStateBytes {
		return fmt.Errorf("store: protocol state %q has %d bytes, at most %d are allowed", key, len(value), MaxProtocolStateBytes)
	}
	row := db.protocolStateKey(configDigest, key)
	if value == nil {
		return db.store.write(ctx, func(batch *pebble.Batch) error { return batch.Delete(row, nil) })
	}
	return db.writeRow(ctx, row, func(e *encoder) { e.bytes("value", value) })
}

func (db *DB) protocolStateKey(configDigest types.ConfigDigest, key string) []byte {
	return append(db.key(kindProtocolState, &configDigest), key...)
}

func decodeProtocolState(d *decoder) []byte { return d.bytes() }
