package evm

import (
	"context"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3ecdsafeed"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR3ConfigTrackerOptions of NewOCR3ConfigTracker.
type OCR3ConfigTrackerOptions struct {
	Client   Client
	Contract common.Address
	// Subscribe asks the node to announce configs, so that they are seen at once. Where the node has no subscriptions (plain
	// HTTP), there is only the polling.
	Subscribe bool
	// Logger takes what happens to the subscription. Nil discards it.
	Logger commontypes.Logger
}

// OCR3ConfigTracker follows the config of an OCR3 feed, of whatever signature scheme. It implements types.ContractConfigTracker and
// is safe for concurrent use. With a subscription it has one goroutine, which Close ends.
type OCR3ConfigTracker struct {
	configWatch
	feed *ocr3ecdsafeed.OCR3ECDSAFeed // the ABI of all feeds
}

var _ types.ContractConfigTracker = (*OCR3ConfigTracker)(nil)

// NewOCR3ConfigTracker starts a tracker. Close ends it.
func NewOCR3ConfigTracker(options OCR3ConfigTrackerOptions) *OCR3ConfigTracker {
	t := &OCR3ConfigTracker{feed: ocr3ecdsafeed.NewOCR3ECDSAFeed()}
	t.start(configLogs{options.Client, options.Contract, ocr3.ConfigSetTopic}, options.Logger, options.Subscribe, time.After)
	return t
}

// LatestConfigDetails implements types.ContractConfigTracker, by asking the contract.
func (t *OCR3ConfigTracker) LatestConfigDetails(ctx context.Context) (changedInBlock uint64, configDigest types.ConfigDigest, err error) {
	details, err := call(ctx, t.logs.client, t.logs.contract, "latestConfigDetails", t.feed.PackLatestConfigDetails(), t.feed.UnpackLatestConfigDetails)
	return uint64(details.BlockNumber), details.ConfigDigest, err
}

// LatestConfig implements types.ContractConfigTracker, from the logs of exactly the given block. There is nowhere else to read the
// config from when a node has pruned them.
func (t *OCR3ConfigTracker) LatestConfig(ctx context.Context, changedInBlock uint64) (types.ContractConfig, error) {
	log, err := t.logs.latest(ctx, changedInBlock)
	if err != nil {
		return types.ContractConfig{}, err
	}
	if log == nil {
		return types.ContractConfig{}, t.logs.missing(changedInBlock)
	}
	var event ocr3.ConfigSet
	if err := ocr3.DecodeConfigSet(log, &event); err != nil {
		return types.ContractConfig{}, t.logs.undecodable(log, err)
	}
	config, err := evmutil.ContractConfigFromOCR3ConfigSetEvent(&event)
	if err != nil {
		return types.ContractConfig{}, t.logs.undecodable(log, err)
	}
	return config, nil
}
