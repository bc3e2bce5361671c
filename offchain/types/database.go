package types

import (
	"context"
	"slices"
	"time"
)

// ConfigDatabase keeps the latest config that the oracle acted upon, so that it can start while the chain is out of reach.
// Each call has a context that ends after LocalConfig.DatabaseTimeout.
type ConfigDatabase interface {
	// ReadConfig returns the stored config, or nil and no error when there is none.
	ReadConfig(ctx context.Context) (*ContractConfig, error)
	// WriteConfig replaces the stored config.
	WriteConfig(ctx context.Context, config ContractConfig) error
}

// Database keeps what an OCR2 oracle must still know after a restart. A database belongs to one oracle (one identity on one
// contract) and must never be shared by two that run at the same time. Each call has a context that ends after
// LocalConfig.DatabaseTimeout. What is written must survive a crash of the process and of the machine.
type Database interface {
	ConfigDatabase

	// ReadState returns the state last written for the digest, or nil and no error when there is none.
	ReadState(ctx context.Context, configDigest ConfigDigest) (*PersistentState, error)
	// WriteState replaces the state for the digest.
	WriteState(ctx context.Context, configDigest ConfigDigest, state PersistentState) error

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

// PersistentState is what the pacemaker of an OCR2 oracle keeps across restarts: enough to never go back to an earlier epoch.
type PersistentState struct {
	// Epoch is the epoch that the oracle is in.
	Epoch uint32
	// HighestSentEpoch is the highest epoch for which the oracle asked in a message.
	HighestSentEpoch uint32
	// HighestReceivedEpoch is, by oracle id, the highest epoch for which each oracle asked.
	HighestReceivedEpoch []uint32
}

// Equal tells whether both states have the same content. A nil and an empty HighestReceivedEpoch are equal.
func (ps PersistentState) Equal(ps2 PersistentState) bool {
	return ps.Epoch == ps2.Epoch &&
		ps.HighestSentEpoch == ps2.HighestSentEpoch &&
		slices.Equal(ps.HighestReceivedEpoch, ps2.HighestReceivedEpoch)
}

// PendingTransmission is a report that the oracle accepted and is to transmit when its turn comes.
type PendingTransmission struct {
	// Time is when the transmission is due.
	Time time.Time
	// ExtraHash belongs to the report's context (ReportContext.ExtraHash).
	ExtraHash [32]byte
	Report    Report
	// AttributedSignatures are the signatures to send along, a quorum of them, by distinct signers.
	AttributedSignatures []AttributedOnchainSignature
}
