package types

import "time"

// EnableDangerousDevelopmentMode is the value of LocalConfig.DevelopmentMode that turns development mode on.
const EnableDangerousDevelopmentMode = "enable dangerous development mode"

// LocalConfig holds what each node sets for itself; nothing in it needs to be equal on all oracles. There are no defaults:
// each field must be set, within the bounds given here (which are inclusive). Package localconfig checks them.
type LocalConfig struct {
	// BlockchainTimeout bounds a read from the chain by the protocol itself (ContractTransmitter.LatestConfigDigestAndEpoch).
	// 1 s to 20 s.
	BlockchainTimeout time.Duration

	// ContractConfigConfirmations is the number of blocks, counting its own, that must carry a config before the oracle acts
	// upon it. 1 to 100, also when SkipContractConfigConfirmations is set.
	ContractConfigConfirmations uint16

	// SkipContractConfigConfirmations makes the oracle act upon a config as soon as it is seen. For chains with instant
	// finality, or where the heights that the tracker reports cannot be compared with the block that set the config.
	SkipContractConfigConfirmations bool

	// ContractConfigTrackerPollInterval is the interval at which the oracle looks for a new config. 1 s to 120 s.
	ContractConfigTrackerPollInterval time.Duration

	// ContractConfigLoadTimeout bounds one poll: all calls to the ContractConfigTracker and the check of the digest together.
	// 1 s to 1 h.
	ContractConfigLoadTimeout time.Duration

	// ContractTransmitterTransmitTimeout bounds one call to ContractTransmitter.Transmit. 1 s to 1 min.
	ContractTransmitterTransmitTimeout time.Duration

	// DatabaseTimeout bounds each database call. 100 ms to 10 s.
	DatabaseTimeout time.Duration

	// DefaultMaxDurationInitialization bounds the construction of the reporting plugin where the config on chain does not say
	// how long it may take. 1 s to 1 h.
	DefaultMaxDurationInitialization time.Duration

	// MinOCR2MaxDurationQuery is a lower bound, for this node only, of how long an OCR2 plugin's Query may take: where the config
	// on chain allows less, the node allows this much. Any value.
	MinOCR2MaxDurationQuery time.Duration

	// EnableTransmissionTelemetry turns on telemetry about the transmission of reports: schedules, and the plugin's decisions
	// to accept and to transmit.
	EnableTransmissionTelemetry bool

	// DevelopmentMode turns development mode on when it is exactly EnableDangerousDevelopmentMode; any other text does nothing.
	// In development mode this struct is not checked, and configs on chain that are well-formed but unfit for production (for
	// example with intervals so short that they exhaust resources) are accepted. Never use it in production.
	DevelopmentMode string
}
