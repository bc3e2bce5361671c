package evm

import (
	"context"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

const (
	// logSearchStep is how many blocks one request for logs spans; nodes refuse much more.
	logSearchStep = 1000
	// maxLogSearch is how many blocks back a log is searched for.
	maxLogSearch = 100_000
)

// newestLog returns the newest log of the contract with the topic in the blocks from, ..., to, by block and position in it. It
// is nil when there is none.
func newestLog(ctx context.Context, client Client, contract common.Address, what string, topic common.Hash, from, to uint64) (*types.Log, error) {
	for from <= to {
		start := max(from, to-min(to, logSearchStep-1))
		logs, err := client.FilterLogs(ctx, ethereum.FilterQuery{
			FromBlock: new(big.Int).SetUint64(start), ToBlock: new(big.Int).SetUint64(to),
			Addresses: []common.Address{contract},
			Topics:    [][]common.Hash{{topic}},
		})
		if err != nil {
			return nil, explain(err, "%s logs of contract %s in blocks %d to %d", what, contract, start, to)
		}
		var newest *types.Log
		for i := range logs {
			log := &logs[i]
			if log.Removed || log.BlockNumber < start || log.BlockNumber > to || log.Address != contract || len(log.Topics) == 0 || log.Topics[0] != topic {
				continue
			}
			// The index of a log counts through the transactions of its block.
			if newest == nil || log.BlockNumber > newest.BlockNumber || log.BlockNumber == newest.BlockNumber && log.Index > newest.Index {
				newest = log
			}
		}
		if newest != nil || start == 0 {
			return newest, nil
		}
		to = start - 1
	}
	return nil, nil
}
