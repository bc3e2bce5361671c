package ocr3types

import (
	"context"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// Database keeps what an OCR3 oracle must still know after a restart. A database belongs to one oracle (one identity on one
// contract) and must never be shared by two that run at the same time. Each call has a context that ends after
// LocalConfig.DatabaseTimeout. What is written must survive a crash of the process and of the machine: an oracle that forgets
// what it voted for may vote twice.
type Database interface {
	types.ConfigDatabase
	ProtocolStateDatabase
}

// ProtocolStateDatabase is a small store of values of the protocol's own, by config digest and key.
type ProtocolStateDatabase interface {
	// ReadProtocolState returns the value last written, or nil and no error if there is none. An empty value is as good as none.
	ReadProtocolState(ctx context.Context, configDigest types.ConfigDigest, key string) ([]byte, error)
	// WriteProtocolState replaces the value. A nil value deletes it.
	WriteProtocolState(ctx context.Context, configDigest types.ConfigDigest, key string, value []byte) error
}
