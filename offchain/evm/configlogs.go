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

	"github.com/ocrkit/ocrkit/offchain/commontypes"
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

// configLogs finds the ConfigSet logs of a contract: what the trackers of all families of contracts have in common.
type configLogs struct {
	client   Client
	contract common.Address
	topic    common.Hash // of ConfigSet
}

// latest returns the last ConfigSet log of exactly the given block. It is nil when there is none, because the chain was reorganised
// or the node has pruned it; see missing. An error of the node is wrapped, and no log is there for sure; others say what is wrong
// with the answer.
func (c configLogs) latest(ctx context.Context, block uint64) (*ethtypes.Log, error) {
	number := new(big.Int).SetUint64(block)
	logs, err := c.client.FilterLogs(ctx, ethereum.FilterQuery{
		FromBlock: number, ToBlock: number,
		Addresses: []common.Address{c.contract},
		Topics:    [][]common.Hash{{c.topic}},
	})
	if err != nil {
		return nil, noLogsError{explain(err, "ConfigSet logs of contract %s in block %d", c.contract, block)}
	}
	if len(logs) > maxConfigLogsPerBlock {
		return nil, fmt.Errorf("evm: ConfigSet logs of contract %s in block %d: %d logs, more than %d", c.contract, block, len(logs), maxConfigLogsPerBlock)
	}
	var last *ethtypes.Log
	for i := range logs {
		log := &logs[i]
		// Nodes have been seen to answer with more than what was asked for.
		if log.Removed || log.BlockNumber != block || log.Address != c.contract || len(log.Topics) == 0 || log.Topics[0] != c.topic {
			continue
		}
		if last == nil || log.Index > last.Index {
			last = log
		}
	}
	if last != nil && len(last.Data) > maxConfigLogBytes {
		return nil, fmt.Errorf("evm: ConfigSet log of contract %s in block %d has %d bytes, more than %d", c.contract, block, len(last.Data), maxConfigLogBytes)
	}
	return last, nil
}

// subscribe makes a subscription to the logs.
func (c configLogs) subscribe(ctx context.Context, logs chan<- ethtypes.Log) (ethereum.Subscription, error) {
	return c.client.SubscribeFilterLogs(ctx, ethereum.FilterQuery{
		Addresses: []common.Address{c.contract},
		Topics:    [][]common.Hash{{c.topic}},
	}, logs)
}

// ended is the error of a subscription that ended with err.
func (c configLogs) ended(err error) error {
	return fmt.Errorf("evm: subscription to ConfigSet logs of contract %s ended: %w", c.contract, orEOF(err))
}

// LatestBlockHeight returns the height of the chain as the node sees it.
func (c configLogs) LatestBlockHeight(ctx context.Context) (blockHeight uint64, err error) {
	blockHeight, err = c.client.BlockNumber(ctx)
	if err != nil {
		return 0, explain(err, "block number")
	}
	return blockHeight, nil
}

// noLogsError marks the error of a node that did not answer with logs.
type noLogsError struct{ error }

func (e noLogsError) Unwrap() error { return e.error }

// missing is the error of a log that is not there.
func (c configLogs) missing(block uint64) error {
	return fmt.Errorf("evm: contract %s has no ConfigSet log in block %d: the chain was reorganised, or the node has pruned the log", c.contract, block)
}

// undecodable is the error of a log that is no ConfigSet.
func (c configLogs) undecodable(log *ethtypes.Log, err error) error {
	return fmt.Errorf("evm: cannot decode the ConfigSet log of contract %s in block %d, transaction %s, log %d: %w", c.contract, log.BlockNumber, log.TxHash, log.Index, err)
}

// configWatch tells when a contract may have a new config. It is the part of a tracker that does not depend on the family of the
// contract.
type configWatch struct {
	logs   configLogs
	logger commontypes.Logger
	notify chan struct{} // nil without a subscription
	cancel context.CancelFunc
	done   sync.WaitGroup
	after  func(time.Duration) <-chan time.Time // time.After, but in tests
}

// start starts the subscription, if there is to be one.
func (w *configWatch) start(logs configLogs, logger commontypes.Logger, subscribe bool, after func(time.Duration) <-chan time.Time) {
	ctx, cancel := context.WithCancel(context.Background())
	w.logs, w.logger, w.cancel, w.after = logs, logger, cancel, after
	if subscribe {
		w.notify = make(chan struct{}, 1)
		w.done.Go(func() { w.subscribe(ctx) })
	}
}

// Close ends the subscription. It may be called more than once.
func (w *configWatch) Close() error {
	w.cancel()
	w.done.Wait()
	return nil
}

// Notify implements types.ContractConfigTracker. It is nil without a subscription.
func (w *configWatch) Notify() <-chan struct{} { return w.notify }

// LatestBlockHeight implements types.ContractConfigTracker.
func (w *configWatch) LatestBlockHeight(ctx context.Context) (blockHeight uint64, err error) {
	return w.logs.LatestBlockHeight(ctx)
}

// subscribe keeps a subscription to the contract's ConfigSet logs until the context ends.
func (w *configWatch) subscribe(ctx context.Context) {
	pause := minResubscribe
	for {
		logs := make(chan ethtypes.Log, 16)
		subscription, err := w.logs.subscribe(ctx, logs)
		switch {
		case ctx.Err() != nil:
			if err == nil {
				subscription.Unsubscribe()
			}
			return
		case err != nil && subscriptionsUnsupported(err):
			w.log().Info("The node has no subscriptions, the config is polled for", w.fields(nil))
			return
		case err == nil:
			pause = minResubscribe
			// What was set while there was no subscription must not wait for the next poll either.
			w.hint()
			err = w.listen(ctx, subscription, logs)
			if ctx.Err() != nil {
				return
			}
		}
		w.log().Warn("Subscription to configs failed, will try again", w.fields(commontypes.LogFields{"error": err, "pause": pause}))
		select {
		case <-ctx.Done():
			return
		case <-w.after(pause):
		}
		pause = min(2*pause, maxResubscribe)
	}
}

// listen returns when the subscription or the context ends.
func (w *configWatch) listen(ctx context.Context, subscription ethereum.Subscription, logs <-chan ethtypes.Log) error {
	defer subscription.Unsubscribe()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-subscription.Err():
			return w.logs.ended(err)
		case <-logs:
			w.hint() // removed logs too: the config may have gone back to the one before
		}
	}
}

func (w *configWatch) hint() {
	select {
	case w.notify <- struct{}{}:
	default: // one hint is waiting already
	}
}

func (w *configWatch) log() commontypes.Logger { return orDiscard(w.logger) }

func (w *configWatch) fields(more commontypes.LogFields) commontypes.LogFields {
	fields := commontypes.LogFields{"contract": w.logs.contract.Hex()}
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
