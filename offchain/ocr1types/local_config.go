package ocr1types

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// EnableDangerousDevelopmentMode is the value of LocalConfig.DevelopmentMode that turns development mode on.
const EnableDangerousDevelopmentMode = types.EnableDangerousDevelopmentMode

// LocalConfig holds what each node sets for itself; nothing in it needs to be equal on all oracles. There are no defaults:
// each field must be set, within the bounds given here (which are inclusive). Package localconfig checks them.
type LocalConfig struct {
	// BlockchainTimeout bounds each call that reads from the chain. 1 s to 20 s.
	BlockchainTimeout time.Duration

	// ContractConfigConfirmations is the number of blocks, counting its own, that must carry a config before the oracle acts
	// upon it. 1 to 100, also when SkipContractConfigConfirmations is set.
	ContractConfigConfirmations uint16

	// SkipContractConfigConfirmations makes the oracle act upon a config as soon as it is seen. For chains with instant
	// finality, or where the heights that the tracker reports cannot be compared with the block that set the config.
	SkipContractConfigConfirmations bool

	// ContractConfigTrackerPollInterval is the interval at which the oracle looks for a new config. 15 s to 120 s.
	ContractConfigTrackerPollInterval time.Duration

	// ContractConfigTrackerSubscribeInterval is the pause after a failed attempt to subscribe to new configs. 1 min to 5 min.
	ContractConfigTrackerSubscribeInterval time.Duration

	// ContractTransmitterTransmitTimeout bounds one call to ContractTransmitter.Transmit. 1 s to 1 min.
	ContractTransmitterTransmitTimeout time.Duration

	// DatabaseTimeout bounds each database call. 100 ms to 10 s.
	DatabaseTimeout time.Duration

	// DataSourceTimeout bounds the context of DataSource.Observe. 1 s to 20 s. It should be well below the config's DeltaProgress.
	DataSourceTimeout time.Duration

	// DataSourceGracePeriod is how long after DataSourceTimeout a value is still taken: time for the data source to
	// aggregate what it has got when its context ends. 10 ms to 2 s, and at most DataSourceTimeout.
	DataSourceGracePeriod time.Duration

	// DevelopmentMode turns development mode on when it is exactly EnableDangerousDevelopmentMode; any other text does nothing.
	// In development mode this struct is not checked, and configs on chain that are well-formed but unfit for production are
	// accepted. Never use it in production.
	DevelopmentMode string
}
