package ocr1types

import (
	"context"
	"time"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// PersistentState is what the pacemaker keeps across restarts; the same as OCR2's.
type PersistentState = types.PersistentState

// PendingTransmission is a report that the oracle accepted and is to transmit when its turn comes, ready to be sent.
type PendingTransmission struct {
	// Time is when the transmission is due.
	Time time.Time
	// Median is the report's answer.
	Median           Observation
	SerializedReport []byte
	// Rs, Ss and Vs are the signatures; Vs[i] is v of the i-th one.
	Rs [][32]byte
	Ss [][32]byte
	Vs [32]byte
}

// Database keeps what an OCR1 oracle must still know after a restart. A database belongs to one oracle (one identity on one
// contract) and must never be shared by two that run at the same time. Each call has a context that ends after
// LocalConfig.DatabaseTimeout. What is written must survive a crash of the process and of the machine.
type Database interface {
	// ReadState returns the state last written for the digest, or nil and no error when there is none.
	ReadState(ctx context.Context, configDigest ConfigDigest) (*PersistentState, error)
	// WriteState replaces the state for the digest.
	WriteState(ctx context.Context, configDigest ConfigDigest, state PersistentState) error

	// ReadConfig returns the stored config, or nil and no error when there is none.
	ReadConfig(ctx context.Context) (*ContractConfig, error)
	// WriteConfig replaces the stored config.
	WriteConfig(ctx context.Context, config ContractConfig) error

	// StorePendingTransmission stores a report that awaits its transmission, replacing what was stored under the timestamp.
	StorePendingTransmission(context.Context, ReportTimestamp, PendingTransmission) error
	// PendingTransmissionsWithConfigDigest returns everything stored for the digest; an empty or nil map when there is nothing.
	PendingTransmissionsWithConfigDigest(context.Context, ConfigDigest) (map[ReportTimestamp]PendingTransmission, error)
	// DeletePendingTransmission deletes what is stored under the timestamp. It is no error when there is nothing.
	DeletePendingTransmission(context.Context, ReportTimestamp) error
	// DeletePendingTransmissionsOlderThan deletes everything, of all digests, whose PendingTransmission.Time is before the
	// given time.
	DeletePendingTransmissionsOlderThan(context.Context, time.Time) error
}
