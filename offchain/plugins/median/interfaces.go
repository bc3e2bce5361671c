package median

import (
	"context"
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// MedianContract reads the contract that receives the reports. It must be safe
// for concurrent use; both methods should return soon after their context ends.
type MedianContract interface {
	// LatestTransmissionDetails returns what the last report left in the
	// contract: the config digest in force and the epoch and round of the last
	// report under it (0, 0 if there was none), the current answer, and when the
	// answer was recorded. The answer must not be nil; it is not changed.
	LatestTransmissionDetails(ctx context.Context) (
		configDigest types.ConfigDigest,
		epoch uint32,
		round uint8,
		latestAnswer *big.Int,
		latestTimestamp time.Time,
		err error,
	)

	// LatestRoundRequested returns the config digest, epoch and round that the
	// newest request for a round carries (those of the last report when it was
	// made), or zeros if there was none. Requests that were made longer than
	// lookback ago may be left out.
	LatestRoundRequested(ctx context.Context, lookback time.Duration) (
		configDigest types.ConfigDigest,
		epoch uint32,
		round uint8,
		err error,
	)
}

// DataSource observes a number, such as a price. It must be safe for concurrent
// use.
type DataSource interface {
	// Observe returns the number as it is now, from -2^191 to 2^191-1, and never
	// nil without an error. It should return soon after the context ends. The
	// timestamp is that of the round and serves logs and caches.
	Observe(context.Context, types.ReportTimestamp) (*big.Int, error)
}

// OnchainConfig is the plugin's part of the configuration in the contract.
type OnchainConfig struct {
	// A median below Min or above Max is not reported.
	Min *big.Int
	Max *big.Int
}

// OnchainConfigCodec encodes the onchain config for the chain.
// [StandardOnchainConfigCodec] is what EVM contracts use.
type OnchainConfigCodec interface {
	Encode(context.Context, OnchainConfig) ([]byte, error)
	// Decode fails unless the bytes are a well-formed config with Min <= Max.
	Decode(context.Context, []byte) (OnchainConfig, error)
}

// ReportCodec makes reports for the chain. All oracles must get the same bytes
// from the same arguments. It must be safe for concurrent use.
type ReportCodec interface {
	// BuildReport makes a report. The observations are those that the leader
	// sent, without malformed ones, sorted by value with the order of equal
	// values as the package comment says. It fails if there are none. It neither
	// changes nor keeps the slice.
	BuildReport(context.Context, []ParsedAttributedObservation) (types.Report, error)

	// MedianFromReport returns the median of a report that BuildReport may have
	// made. The report need not be honest.
	MedianFromReport(context.Context, types.Report) (*big.Int, error)

	// MaxReportLength returns the length in bytes of the longest report that n
	// oracles can make.
	MaxReportLength(ctx context.Context, n int) (int, error)
}

// DeviationFunc tells whether new is so far from old that it should go on
// chain. thresholdPPB is the configured alpha in parts per billion. It must be
// safe for concurrent use and must not change old or new.
type DeviationFunc func(ctx context.Context, thresholdPPB uint64, old *big.Int, new *big.Int) (bool, error)

// ParsedAttributedObservation is one oracle's observation.
type ParsedAttributedObservation struct {
	Timestamp        uint32   // Unix time in seconds
	Value            *big.Int // -2^191 to 2^191-1, as are the next two
	JuelsPerFeeCoin  *big.Int
	GasPriceSubunits *big.Int // 0 if the observer does not report it
	Observer         commontypes.OracleID
}
