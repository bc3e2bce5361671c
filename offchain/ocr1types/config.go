package ocr1types

import (
	"context"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// MaxOracles is the largest number of oracles in one protocol instance.
const MaxOracles = types.MaxOracles

// ContractConfig is a config as the contract publishes it.
type ContractConfig struct {
	// ConfigDigest is the digest that the contract computed.
	ConfigDigest ConfigDigest
	// Signers are the addresses of the keys that sign reports, by oracle id.
	Signers []common.Address
	// Transmitters are the accounts from which the oracles send their transactions, by oracle id.
	Transmitters []common.Address
	// Threshold is f, the number of faulty oracles that are tolerated. 3*Threshold must be less than the number of oracles.
	Threshold uint8
	// EncodedConfigVersion tells the encoding of Encoded. It is 1.
	EncodedConfigVersion uint64
	// Encoded is the part of the config that the contract only passes on.
	Encoded []byte
}

// ContractConfigTracker tells what config is set on the contract. One goroutine per oracle or bootstrap node makes the calls,
// one after the other, each with a context that ends after LocalConfig.BlockchainTimeout.
type ContractConfigTracker interface {
	// SubscribeToNewConfigs asks to be told of configs as they are set. What the subscription delivers only makes the next poll
	// happen at once. Where it fails it is tried again after LocalConfig.ContractConfigTrackerSubscribeInterval; polling goes on
	// all the same.
	SubscribeToNewConfigs(ctx context.Context) (ContractConfigSubscription, error)

	// LatestConfigDetails returns the block in which the latest config was set and the digest of that config. Where no config
	// has been set it returns the zero digest, and no error.
	LatestConfigDetails(ctx context.Context) (changedInBlock uint64, configDigest ConfigDigest, err error)

	// ConfigFromLogs returns the config that was set in exactly the given block; the last one, if that block set several.
	ConfigFromLogs(ctx context.Context, changedInBlock uint64) (ContractConfig, error)

	// LatestBlockHeight returns the height of the chain as seen now. A config is acted upon when enough blocks lie on top of
	// it (LocalConfig.ContractConfigConfirmations).
	LatestBlockHeight(ctx context.Context) (blockheight uint64, err error)
}

// ContractConfigSubscription delivers configs as they are set.
type ContractConfigSubscription interface {
	// Configs returns the channel of new configs; always the same one. The subscription closes it when it has broken; a new
	// subscription is made then.
	Configs() <-chan ContractConfig
	// Close ends the subscription and closes the channel. It is called exactly once.
	Close()
}

// ConfigOverride replaces parts of the config on one node. The values apply to this node's own decisions only: the others do
// not know of them.
type ConfigOverride struct {
	// AlphaPPB is the relative deviation from which a report is worth its transmission, in parts per billion.
	AlphaPPB uint64
	// DeltaC is the age of the contract's answer from which a report is due whatever the deviation.
	DeltaC time.Duration
}

// ConfigOverrider lets a node hibernate a feed, or wake it up, without a change of the config on chain.
type ConfigOverrider interface {
	// ConfigOverride returns the override in force, or nil when there is none. It is called before each decision and must
	// return at once.
	ConfigOverride() *ConfigOverride
}
