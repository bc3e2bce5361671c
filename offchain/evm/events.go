package evm

import (
	"context"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
)

// reorgDepth is how many of the newest blocks are searched again each time, since they may be replaced.
const reorgDepth = 64

// newestEvent finds the newest event of one kind of a contract, E decoded, and remembers how far it has searched. It is safe for
// concurrent use.
type newestEvent[E any] struct {
	client   Client
	contract common.Address
	name     string
	topic    common.Hash
	decode   func(*ethtypes.Log, *E) error

	mu       sync.Mutex
	searched uint64 // blocks up to this one were searched
	found    *E
	block    uint64 // of found
}

func newNewestEvent[E any](client Client, contract common.Address, name string, topic common.Hash, decode func(*ethtypes.Log, *E) error) *newestEvent[E] {
	return &newestEvent[E]{client: client, contract: contract, name: name, topic: topic, decode: decode}
}

// within returns the newest event, or nil when there was none within lookback. The first call searches the logs of that time (at
// most maxLogSearch blocks), later ones what came since. What was found stays found when it is older than lookback. The result must
// not be changed.
func (e *newestEvent[E]) within(ctx context.Context, lookback time.Duration) (*E, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	head, err := e.client.BlockNumber(ctx)
	if err != nil {
		return nil, explain(err, "block number")
	}
	from := e.searched - min(e.searched, reorgDepth)
	if e.searched == 0 || head < from {
		if from, err = blockBefore(ctx, e.client, head, lookback); err != nil {
			return nil, err
		}
		e.found = nil
	}
	if e.found != nil && e.block >= from {
		e.found = nil // found again, if it is still there
	}
	log, err := newestLog(ctx, e.client, e.contract, e.name, e.topic, from, head)
	if err != nil {
		e.searched = 0
		return nil, err
	}
	if log != nil {
		var event E
		if err := e.decode(log, &event); err != nil {
			e.searched = 0
			return nil, fmt.Errorf("evm: cannot decode the %s log of contract %s in block %d, transaction %s: %w", e.name, e.contract, log.BlockNumber, log.TxHash, err)
		}
		e.found, e.block = &event, log.BlockNumber
	}
	e.searched = head
	return e.found, nil
}

// blockBefore returns a block that is at least lookback older than head, or the oldest that may be searched.
func blockBefore(ctx context.Context, client Client, head uint64, lookback time.Duration) (uint64, error) {
	timeOf := func(number uint64) (uint64, error) {
		header, err := client.HeaderByNumber(ctx, new(big.Int).SetUint64(number))
		if err != nil {
			return 0, explain(err, "header of block %d", number)
		}
		return header.Time, nil
	}
	now, err := timeOf(head)
	if err != nil {
		return 0, err
	}
	limit := now - min(now, uint64(max(lookback, 0)/time.Second))
	for distance := uint64(64); ; distance *= 4 {
		if distance >= head || distance >= maxLogSearch {
			return head - min(head, maxLogSearch), nil
		}
		at, err := timeOf(head - distance)
		if err != nil {
			return 0, err
		}
		if at <= limit {
			return head - distance, nil
		}
	}
}
