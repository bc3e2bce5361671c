package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// awaitingPollInterval is the interval between polls, at most, while a new config waits for its confirmations.
const awaitingPollInterval = 15 * time.Second

// poller looks for a new config on the contract.
//
// Source: docs/protocol/ocr2.md, "Runtime" (tracking).
type poller struct {
	tracker types.ContractConfigTracker
	// check tells whether a config is what its digest says.
	check         func(context.Context, types.ContractConfig) error
	confirmations uint16
	// skipConfirmations makes a config count at once.
	skipConfirmations bool
	logger            logging.Logger
}

// checkedBy returns a check of configs by their digester.
func checkedBy(digester types.OffchainConfigDigester) func(context.Context, types.ContractConfig) error {
	return func(ctx context.Context, cc types.ContractConfig) error {
		return config.CheckContractConfig(ctx, digester, cc)
	}
}

// finding is the outcome of a poll.
type finding struct {
	// change is a config with another digest than the current one; nil if there is none.
	change *types.ContractConfig
	// awaiting tells that there probably will be a change soon: look again earlier than usual.
	awaiting bool
	// problem says why the poll did not come to an end; empty if it did.
	problem string
}

// poll asks once. current is the digest of the config in force, zero if there is none.
func (p poller) poll(ctx context.Context, current types.ConfigDigest) finding {
	// The height is read first: so it is never newer than the details, and a config never seems deeper than it is.
	height, err := p.tracker.LatestBlockHeight(ctx)
	if err != nil {
		return p.fail(ctx, false, fmt.Errorf("reading the block height: %w", err))
	}
	changedInBlock, digest, err := p.tracker.LatestConfigDetails(ctx)
	if err != nil {
		return p.fail(ctx, false, fmt.Errorf("reading the details of the latest config: %w", err))
	}
	if digest == (types.ConfigDigest{}) {
		p.logger.Warn("tracker: the contract has not been configured yet", nil)
		return finding{problem: "the contract has not been configured yet"}
	}
	if digest == current {
		return finding{}
	}
	if !p.skipConfirmations && !isDeepEnough(height, changedInBlock, p.confirmations) {
		return finding{awaiting: true}
	}
	cc, err := p.tracker.LatestConfig(ctx, changedInBlock)
	if err != nil {
		return p.fail(ctx, true, fmt.Errorf("reading the config set in block %d: %w", changedInBlock, err))
	}
	if cc.ConfigDigest != digest {
		return p.fail(ctx, false, fmt.Errorf("the config set in block %d has digest %s, announced was %s", changedInBlock, cc.ConfigDigest, digest))
	}
	if err := p.check(ctx, cc); err != nil {
		return p.fail(ctx, false, fmt.Errorf("the config set in block %d is not what it claims to be: %w", changedInBlock, err))
	}
	return finding{change: &cc}
}

func (p poller) fail(ctx context.Context, awaiting bool, err error) finding {
	p.logger.ErrorUnlessCanceled(ctx, "tracker: could not find out about the latest config", commontypes.LogFields{"error": err})
	return finding{awaiting: awaiting, problem: err.Error()}
}

// isDeepEnough tells whether a block carries the given number of confirmations, counting itself. With 0, which only
// development mode allows, a block counts as soon as its predecessor exists.
func isDeepEnough(height, block uint64, confirmations uint16) bool {
	if confirmations == 0 {
		return height >= block || block-height == 1
	}
	return height >= block && height-block >= uint64(confirmations)-1
}

// pollAfter returns the time until the next poll.
func pollAfter(f finding, interval time.Duration) time.Duration {
	if f.awaiting {
		return min(interval, awaitingPollInterval)
	}
	return interval
}
