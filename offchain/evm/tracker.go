package evm

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocrconfigurationstoreevmsimple"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/types"
)

const (
	// maxConfigLogBytes bounds a ConfigSet log: an off-chain config has at most 2,000,000 bytes, the rest is small.
	maxConfigLogBytes = 4 << 20
	// maxConfigLogsPerBlock bounds the configs that one block may set.
	maxConfigLogsPerBlock = 1000

	// A subscription that fails is tried again after a pause between these bounds, doubled each time.
	minResubscribe = time.Second
	maxResubscribe = time.Minute
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
	options    ConfigTrackerOptions
	aggregator *ocr2aggregator.OCR2Aggregator
	store      *ocrconfigurationstoreevmsimple.OCRConfigurationStoreEVMSimple
	notify     chan struct{}
	cancel     context.CancelFunc
	done       sync.WaitGroup
	after      func(time.Duration) <-chan time.Time // time.After, but in tests

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
	ctx, cancel := context.WithCancel(context.Background())
	t := &ConfigTracker{
		options:    options,
		aggregator: ocr2aggregator.NewOCR2Aggregator(),
		store:      ocrconfigurationstoreevmsimple.NewOCRConfigurationStoreEVMSimple(),
		cancel:     cancel,
		after:      after,
	}
	if options.Subscribe {
		t.notify = make(chan struct{}, 1)
		t.done.Go(func() { t.subscribe(ctx) })
	}
	return t
}

// Close ends the subscription. It may be called more than once.
func (t *ConfigTracker) Close() error {
	t.cancel()
	t.done.Wait()
	return nil
}

// Notify implements types.ContractConfigTracker. It is nil without a subscription.
func (t *ConfigTracker) Notify() <-chan struct{} { return t.notify }

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
	number := new(big.Int).SetUint64(changedInBlock)
	logs, err := t.options.Client.FilterLogs(ctx, ethereum.FilterQuery{
		FromBlock: number, ToBlock: number,
		Addresses: []common.Address{t.options.Contract},
		Topics:    [][]common.Hash{{ocr2.ConfigSetTopic}},
	})
	if err != nil {
		err = explain(err, "ConfigSet logs of contract %s in block %d", t.options.Contract, changedInBlock)
		if t.options.ConfigStore == nil || ctx.Err() != nil {
			return types.ContractConfig{}, err
		}
		config, storeErr := t.fromStore(ctx, changedInBlock)
		if storeErr != nil {
			return types.ContractConfig{}, errors.Join(err, storeErr)
		}
		return config, nil
	}
	if len(logs) > maxConfigLogsPerBlock {
		return types.ContractConfig{}, fmt.Errorf("evm: ConfigSet logs of contract %s in block %d: %d logs, more than %d", t.options.Contract, changedInBlock, len(logs), maxConfigLogsPerBlock)
	}
	var last *ethtypes.Log
	for i := range logs {
		log := &logs[i]
		// Nodes have been seen to answer with more than what was asked for.
		if log.Removed || log.BlockNumber != changedInBlock || log.Address != t.options.Contract || len(log.Topics) == 0 || log.Topics[0] != ocr2.ConfigSetTopic {
			continue
		}
		if last == nil || log.Index > last.Index {
			last = log
		}
	}
	if last == nil {
		if t.options.ConfigStore != nil {
			return t.fromStore(ctx, changedInBlock)
		}
		return types.ContractConfig{}, fmt.Errorf("evm: contract %s has no ConfigSet log in block %d: the chain was reorganised, or the node has pruned the log", t.options.Contract, changedInBlock)
	}
	if len(last.Data) > maxConfigLogBytes {
		return types.ContractConfig{}, fmt.Errorf("evm: ConfigSet log of contract %s in block %d has %d bytes, more than %d", t.options.Contract, changedInBlock, len(last.Data), maxConfigLogBytes)
	}
	event, err := t.aggregator.UnpackConfigSetEvent(last)
	if err != nil {
		return types.ContractConfig{}, fmt.Errorf("evm: cannot decode the ConfigSet log of contract %s in block %d, transaction %s, log %d: %w", t.options.Contract, changedInBlock, last.TxHash, last.Index, err)
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

// LatestBlockHeight implements types.ContractConfigTracker.
func (t *ConfigTracker) LatestBlockHeight(ctx context.Context) (blockHeight uint64, err error) {
	blockHeight, err = t.options.Client.BlockNumber(ctx)
	if err != nil {
		return 0, explain(err, "block number")
	}
	return blockHeight, nil
}

// subscribe keeps a subscription to the contract's ConfigSet logs until the context ends.
func (t *ConfigTracker) subscribe(ctx context.Context) {
	pause := minResubscribe
	for {
		logs := make(chan ethtypes.Log, 16)
		subscription, err := t.options.Client.SubscribeFilterLogs(ctx, ethereum.FilterQuery{
			Addresses: []common.Address{t.options.Contract},
			Topics:    [][]common.Hash{{ocr2.ConfigSetTopic}},
		}, logs)
		switch {
		case ctx.Err() != nil:
			if err == nil {
				subscription.Unsubscribe()
			}
			return
		case err != nil && subscriptionsUnsupported(err):
			t.log().Info("The node has no subscriptions, the config is polled for", t.fields(nil))
			return
		case err == nil:
			pause = minResubscribe
			// What was set while there was no subscription must not wait for the next poll either.
			t.hint()
			err = t.listen(ctx, subscription, logs)
			if ctx.Err() != nil {
				return
			}
		}
		t.log().Warn("Subscription to configs failed, will try again", t.fields(commontypes.LogFields{"error": err, "pause": pause}))
		select {
		case <-ctx.Done():
			return
		case <-t.after(pause):
		}
		pause = min(2*pause, maxResubscribe)
	}
}

// listen returns when the subscription or the context ends.
func (t *ConfigTracker) listen(ctx context.Context, subscription ethereum.Subscription, logs <-chan ethtypes.Log) error {
	defer subscription.Unsubscribe()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-subscription.Err():
			return fmt.Errorf("evm: subscription to ConfigSet logs of contract %s ended: %w", t.options.Contract, orEOF(err))
		case <-logs:
			t.hint() // removed logs too: the config may have gone back to the one before
		}
	}
}

func (t *ConfigTracker) hint() {
	select {
	case t.notify <- struct{}{}:
	default: // one hint is waiting already
	}
}

func (t *ConfigTracker) log() commontypes.Logger { return orDiscard(t.options.Logger) }

func (t *ConfigTracker) fields(more commontypes.LogFields) commontypes.LogFields {
	fields := commontypes.LogFields{"contract": t.options.Contract.Hex()}
	for name, value := range more {
		fields[name] = value
	}
	return fields
}

var errConnectionClosed = errors.New("the connection was closed")

// orEOF names the nil error with which subscriptions end when their connection does.
func orEOF(err error) error {
	if err == nil {
		return errConnectionClosed
	}
	return err
}

// subscriptionsUnsupported tells errors that will not go away by trying again.
func subscriptionsUnsupported(err error) bool {
	const methodNotFound = -32601
	var rpcError rpc.Error
	return errors.Is(err, rpc.ErrNotificationsUnsupported) || errors.As(err, &rpcError) && rpcError.ErrorCode() == methodNotFound
}
