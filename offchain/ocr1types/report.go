package ocr1types

import (
	"context"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// Observation is a number that an oracle observed, or the contract's answer. It is an int192: at least -2^191 and below 2^191.
// Nil counts as 0.
type Observation *big.Int

// ReportTimestamp is the logical time of a report.
type ReportTimestamp struct {
	ConfigDigest ConfigDigest
	Epoch        uint32
	Round        uint8
}

// DataSource is where an oracle's observations come from.
type DataSource interface {
	// Observe returns the value now. The context ends after LocalConfig.DataSourceTimeout; what comes more than
	// LocalConfig.DataSourceGracePeriod after that is not used. An error, or a value that is no int192, leaves this oracle
	// without an observation in the round.
	Observe(context.Context, ReportTimestamp) (Observation, error)
}

// ContractTransmitter brings reports to the contract and reads its state.
type ContractTransmitter interface {
	// Transmit sends the report with its signatures (r, s, and v of 0 or 1, in the same order) to the contract. Success means
	// that it was accepted for sending, not that it is on chain: pricing, resending and confirmation are the transmitter's own
	// business. The context ends after LocalConfig.ContractTransmitterTransmitTimeout.
	Transmit(ctx context.Context, report []byte, rs, ss [][32]byte, vs [32]byte) error

	// LatestTransmissionDetails returns what the contract says of the latest report: where no report has been transmitted under
	// the config in force, its digest with epoch and round 0. A value that lags behind the chain is fine. The context ends
	// after LocalConfig.BlockchainTimeout, as that of LatestRoundRequested.
	LatestTransmissionDetails(ctx context.Context) (configDigest ConfigDigest, epoch uint32, round uint8, latestAnswer Observation, latestTimestamp time.Time, err error)

	// LatestRoundRequested returns digest, epoch and round of the latest RoundRequested event that is not older than lookback,
	// or zeros when there is none.
	LatestRoundRequested(ctx context.Context, lookback time.Duration) (configDigest ConfigDigest, epoch uint32, round uint8, err error)

	// FromAddress returns the account from which Transmit sends. The oracle finds itself in the config by it.
	FromAddress() common.Address

	// ChainID returns the id of the contract's chain: some bounds of the config depend on it.
	ChainID() *big.Int
}
