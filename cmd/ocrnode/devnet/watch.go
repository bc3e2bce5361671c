package devnet

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
)

// watchInterval is how often the chain is asked for new reports.
const watchInterval = 100 * time.Millisecond

// maxWatchFailures is how many times in a row the chain may fail to answer.
const maxWatchFailures = 50

// watcher reads the reports that land on a contract.
type watcher struct {
	chain      *chain
	aggregator common.Address
	protocol   protocol
	market     *market
	next       uint64 // first block not looked at
	idle       func() // called when there is nothing new
}

// watch calls landed with each report, in order, until it returns false, ctx ends or the chain does not answer any more.
func (w *watcher) watch(ctx context.Context, landed func(Report) bool) error {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	failures := 0
	for {
		more, err := w.poll(ctx, landed)
		if !more {
			return nil
		}
		if err != nil {
			if failures++; failures == maxWatchFailures {
				return fmt.Errorf("the chain does not answer: %w", err)
			}
		} else {
			failures = 0
			w.idle()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// poll looks at the blocks that were made since the last call.
func (w *watcher) poll(ctx context.Context, landed func(Report) bool) (more bool, err error) {
	head, err := w.chain.client.BlockNumber(ctx)
	if err != nil || head < w.next {
		return true, err
	}
	logs, err := w.chain.client.FilterLogs(ctx, ethereum.FilterQuery{
		FromBlock: new(big.Int).SetUint64(w.next), ToBlock: new(big.Int).SetUint64(head),
		Addresses: []common.Address{w.aggregator}, Topics: [][]common.Hash{{w.protocol.transmission()}},
	})
	if err != nil {
		return true, err
	}
	reports := make([]Report, 0, len(logs))
	for i := range logs {
		receipt, err := w.chain.client.TransactionReceipt(ctx, logs[i].TxHash)
		if err != nil {
			return true, err
		}
		r, err := w.report(&logs[i])
		if err != nil {
			return true, fmt.Errorf("transmission in block %d: %w", logs[i].BlockNumber, err)
		}
		r.Tx, r.Block, r.Gas = logs[i].TxHash, logs[i].BlockNumber, receipt.GasUsed
		reports = append(reports, r)
	}
	w.next = head + 1
	for _, r := range reports {
		if !landed(r) {
			return false, nil
		}
	}
	return true, nil
}

// report reads the event of a report, and holds its answer against what honest oracles saw.
func (w *watcher) report(log *ethtypes.Log) (Report, error) {
	r, err := w.protocol.report(log)
	if err != nil {
		return r, err
	}
	r.Type = "report"
	if r.OutOfRange == "" {
		if r.Label, err = w.market.check(round{r.Epoch, r.Round}, &r.Answer.Int); err != nil {
			r.OutOfRange = err.Error()
		}
	}
	return r, nil
}

// answerOf asks the contract for the answer of a round, as a consumer would.
func (w *watcher) answerOf(ctx context.Context, roundID uint32) (*big.Int, error) {
	binding := w.protocol.answers()
	calldata := binding.PackGetAnswer(new(big.Int).SetUint64(uint64(roundID)))
	output, err := w.chain.client.CallContract(ctx, ethereum.CallMsg{To: &w.aggregator, Data: calldata}, nil)
	if err != nil {
		return nil, fmt.Errorf("getAnswer: %w", err)
	}
	return binding.UnpackGetAnswer(output)
}
