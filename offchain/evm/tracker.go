package evm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocrconfigurationstoreevmsimple"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ConfigTrackerOptions of NewConfigTracker.
type ConfigTrackerOptions struct {
	Client   Client
	Contract common.Address
	// ConfigStore is a contract that stores configs by digest, for chains whose nodes prune logs. Nil when there is none.
	ConfigStore *common.Address
	// Subscribe asks the node to announce configs, so that they are seen at once. Where the node has no subscriptions (plain
	// HTTP), there is only the polling.
	Subscribe bool
	// Logger takes what happens to the subscription. Nil discards it.
	Logger commontypes.Logger
}

// ConfigTracker follows the config of an OCR2 contract. It implements types.ContractConfigTracker and is safe for concurrent
// use. With a subscription it has one goroutine, which Close ends.
type ConfigTracker struct {
	configWatch
	options    ConfigTrackerOptions
	aggregator *ocr2aggregator.OCR2Aggregator
	store      *ocrconfigurationstoreevmsimple.OCRConfigurationStoreEVMSimple

	mu     sync.Mutex
	latest configDetails // the last answer of the contract
}

type configDetails struct {
	block  uint64
	digest types.ConfigDigest
}

var _ types.ContractConfigTracker = (*ConfigTracker)(nil)

// NewConfigTracker starts a tracker. Close ends it.
func NewConfigTracker(options ConfigTrackerOptions) *ConfigTracker {
	return newConfigTracker(options, time.After)
}

func newConfigTracker(options ConfigTrackerOptions, after func(time.Duration) <-chan time.Time) *ConfigTracker {
	t := &ConfigTracker{
		options:    options,
		aggregator: ocr2aggregator.NewOCR2Aggregator(),
		store:      ocrconfigurationstoreevmsimple.NewOCRConfigurationStoreEVMSimple(),
	}
	t.start(configLogs{options.Client, options.Contract, ocr2.ConfigSetTopic}, options.Logger, options.Subscribe, after)
	return t
}

// LatestConfigDetails implements types.ContractConfigTracker, by asking the contract.
func (t *ConfigTracker) LatestConfigDetails(ctx context.Context) (changedInBlock uint64, configDigest types.ConfigDigest, err error) {
	details, err := call(ctx, t.options.Client, t.options.Contract, "latestConfigDetails", t.aggregator.PackLatestConfigDetails(), t.aggregator.UnpackLatestConfigDetails)
	if err != nil {
		return 0, types.ConfigDigest{}, err
	}
	latest := configDetails{uint64(details.BlockNumber), details.ConfigDigest}
	t.mu.Lock()
	t.latest = latest
	t.mu.Unlock()
	return latest.block, latest.digest, nil
}

// LatestConfig implements types.ContractConfigTracker, from the logs of exactly the given block. Where the block has no such
// log, because the chain was reorganised or the node pruned it, the config comes from the config store, if there is one.
func (t *ConfigTracker) LatestConfig(ctx context.Context, changedInBlock uint64) (types.ContractConfig, error) {
	last, err := t.logs.latest(ctx, changedInBlock)
	var noLogs noLogsError
	switch {
	case errors.As(err, &noLogs) && t.options.ConfigStore != nil && ctx.Err() == nil:
		config, storeErr := t.fromStore(ctx, changedInBlock)
		if storeErr != nil {
			return types.ContractConfig{}, errors.Join(err, storeErr)
		}
		return config, nil
	case err != nil:
		return types.ContractConfig{}, err
	case last == nil && t.options.ConfigStore != nil:
		return t.fromStore(ctx, changedInBlock)
	case last == nil:
		return types.ContractConfig{}, t.logs.missing(changedInBlock)
	}
	event, err := t.aggregator.UnpackConfigSetEvent(last)
	if err != nil {
		return types.ContractConfig{}, t.logs.undecodable(last, err)
	}
	return evmutil.ContractConfigFromConfigSetEvent(*event), nil
}

// fromStore reads the config from the config store, by the digest that the contract last answered for the block.
func (t *ConfigTracker) fromStore(ctx context.Context, changedInBlock uint64) (types.ContractConfig, error) {
	t.mu.Lock()
	latest := t.latest
	t.mu.Unlock()
	if latest.block != changedInBlock || latest.digest == (types.ConfigDigest{}) {
		return types.ContractConfig{}, fmt.Errorf("evm: config store %s: the digest of the config of block %d is not known", t.options.ConfigStore, changedInBlock)
	}
	stored, err := call(ctx, t.options.Client, *t.options.ConfigStore, "readConfig("+latest.digest.Hex()+")", t.store.PackReadConfig(latest.digest), t.store.UnpackReadConfig)
	if err != nil {
		return types.ContractConfig{}, err
	}
	if stored.ContractAddress != t.options.Contract {
		return types.ContractConfig{}, fmt.Errorf("evm: config store %s: config %s is of contract %s, not of %s", t.options.ConfigStore, latest.digest, stored.ContractAddress, t.options.Contract)
	}
	return evmutil.ContractConfigFromParts(latest.digest, uint64(stored.ConfigCount), stored.Signers, stored.Transmitters, stored.F,
		stored.OnchainConfig, stored.OffchainConfigVersion, stored.OffchainConfig), nil
}
