package evm

import (
	"context"
	"sync"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1confighelper"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
)

// OCR1ConfigTrackerOptions of NewOCR1ConfigTracker.
type OCR1ConfigTrackerOptions struct {
	Client   Client
	Contract common.Address
	// Subscribe asks the node to announce configs, so that they are seen at once. Where the node has no subscriptions (plain
	// HTTP), there is only the polling.
	Subscribe bool
	// Logger takes what happens to the subscriptions. Nil discards it.
	Logger commontypes.Logger
}

// OCR1ConfigTracker follows the config of an OCR1 contract. It implements ocr1types.ContractConfigTracker and is safe for
// concurrent use. It has no goroutines beside those of its subscriptions.
type OCR1ConfigTracker struct {
	configLogs
	subscribes bool
	logger     commontypes.Logger
	aggregator *offchainaggregator.OffchainAggregator
}

var _ ocr1types.ContractConfigTracker = (*OCR1ConfigTracker)(nil)

// NewOCR1ConfigTracker makes a tracker.
func NewOCR1ConfigTracker(options OCR1ConfigTrackerOptions) *OCR1ConfigTracker {
	return &OCR1ConfigTracker{
		configLogs: configLogs{options.Client, options.Contract, ocr1.ConfigSetTopic},
		subscribes: options.Subscribe,
		logger:     orDiscard(options.Logger),
		aggregator: offchainaggregator.NewOffchainAggregator(),
	}
}

// LatestConfigDetails implements ocr1types.ContractConfigTracker, by asking the contract.
func (t *OCR1ConfigTracker) LatestConfigDetails(ctx context.Context) (changedInBlock uint64, configDigest ocr1types.ConfigDigest, err error) {
	details, err := call(ctx, t.client, t.contract, "latestConfigDetails", t.aggregator.PackLatestConfigDetails(), t.aggregator.UnpackLatestConfigDetails)
	return uint64(details.BlockNumber), details.ConfigDigest, err
}

// ConfigFromLogs implements ocr1types.ContractConfigTracker, from the logs of exactly the given block. The digest is computed from
// the content of the log, which does not have it: that it is the one of LatestConfigDetails shows that the node told the truth.
func (t *OCR1ConfigTracker) ConfigFromLogs(ctx context.Context, changedInBlock uint64) (ocr1types.ContractConfig, error) {
	log, err := t.latest(ctx, changedInBlock)
	if err != nil {
		return ocr1types.ContractConfig{}, err
	}
	if log == nil {
		return ocr1types.ContractConfig{}, t.missing(changedInBlock)
	}
	return t.config(log)
}

func (t *OCR1ConfigTracker) config(log *ethtypes.Log) (ocr1types.ContractConfig, error) {
	var event ocr1.ConfigSet
	if err := ocr1.DecodeConfigSet(log, &event); err != nil {
		return ocr1types.ContractConfig{}, t.undecodable(log, err)
	}
	return ocr1confighelper.ContractConfigFromEvent(t.contract, &event), nil
}

// SubscribeToNewConfigs implements ocr1types.ContractConfigTracker. Where the node has no subscriptions, or none were asked for,
// the result is a subscription that delivers nothing until it is closed.
func (t *OCR1ConfigTracker) SubscribeToNewConfigs(ctx context.Context) (ocr1types.ContractConfigSubscription, error) {
	if !t.subscribes {
		return newOCR1ConfigSubscription(), nil
	}
	logs := make(chan ethtypes.Log, 16)
	subscription, err := t.subscribe(ctx, logs)
	if err != nil && subscriptionsUnsupported(err) {
		t.logger.Info("The node has no subscriptions, the config is polled for", commontypes.LogFields{"contract": t.contract.Hex()})
		return newOCR1ConfigSubscription(), nil
	}
	if err != nil {
		return nil, explain(err, "subscription to ConfigSet logs of contract %s", t.contract)
	}
	s := newOCR1ConfigSubscription()
	s.done.Go(func() { s.run(t, subscription, logs) })
	return s, nil
}

// ocr1ConfigSubscription implements ocr1types.ContractConfigSubscription.
type ocr1ConfigSubscription struct {
	configs chan ocr1types.ContractConfig
	closing chan struct{}
	once    sync.Once // closes configs
	done    sync.WaitGroup
}

func newOCR1ConfigSubscription() *ocr1ConfigSubscription {
	return &ocr1ConfigSubscription{configs: make(chan ocr1types.ContractConfig, 1), closing: make(chan struct{})}
}

func (s *ocr1ConfigSubscription) Configs() <-chan ocr1types.ContractConfig { return s.configs }

func (s *ocr1ConfigSubscription) Close() {
	close(s.closing)
	s.done.Wait()
	s.end()
}

func (s *ocr1ConfigSubscription) end() { s.once.Do(func() { close(s.configs) }) }

// run delivers configs until the subscription is closed, or breaks. A config that nobody took gives way to a newer one.
func (s *ocr1ConfigSubscription) run(t *OCR1ConfigTracker, subscription ethereum.Subscription, logs <-chan ethtypes.Log) {
	defer s.end()
	defer subscription.Unsubscribe()
	for {
		select {
		case <-s.closing:
			return
		case err := <-subscription.Err():
			t.logger.Warn("Subscription to configs broke", commontypes.LogFields{"contract": t.contract.Hex(), "error": t.ended(err)})
			return
		case log := <-logs:
			if log.Removed || log.Address != t.contract || len(log.Data) > maxConfigLogBytes {
				continue
			}
			config, err := t.config(&log)
			if err != nil {
				t.logger.Warn("A config cannot be decoded", commontypes.LogFields{"contract": t.contract.Hex(), "error": err})
				continue
			}
			select {
			case <-s.configs:
			default:
			}
			s.configs <- config // there is room: nobody else sends
		}
	}
}
