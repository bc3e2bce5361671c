package evm

import (
	"context"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// reorgDepth is how many of the newest blocks are searched again each time, since they may be replaced.
const reorgDepth = 64

// MedianContract reads an OCR2 aggregator for the median plugin. It is safe for concurrent use.
type MedianContract struct {
	client     Client
	contract   common.Address
	aggregator *ocr2aggregator.OCR2Aggregator

	mu        sync.Mutex
	searched  uint64 // blocks up to this one were searched for requests
	requested *roundRequest
}

type roundRequest struct {
	block        uint64
	configDigest types.ConfigDigest
	epoch        uint32
	round        uint8
}

// NewMedianContract makes a reader of the contract.
func NewMedianContract(client Client, contract common.Address) *MedianContract {
	return &MedianContract{client: client, contract: contract, aggregator: ocr2aggregator.NewOCR2Aggregator()}
}

// LatestTransmissionDetails returns when, in protocol time, the latest report was made, its answer and the time of its block.
// Before the first report these are the digest of the config, zeros, and the Unix epoch.
func (m *MedianContract) LatestTransmissionDetails(ctx context.Context) (
	configDigest types.ConfigDigest, epoch uint32, round uint8, latestAnswer *big.Int, latestTimestamp time.Time, err error,
) {
	details, err := call(ctx, m.client, m.contract, "latestTransmissionDetails", m.aggregator.PackLatestTransmissionDetails(), m.aggregator.UnpackLatestTransmissionDetails)
	if err != nil {
		return types.ConfigDigest{}, 0, 0, nil, time.Time{}, err
	}
	return details.ConfigDigest, details.Epoch, details.Round, details.LatestAnswer, time.Unix(int64(details.LatestTimestamp), 0), nil
}

// LatestRoundRequested returns the report that was the latest when a new round was last requested, or zeros when none was
// requested within lookback. The first call searches the logs of that time (at most 100,000 blocks), later ones what came since.
func (m *MedianContract) LatestRoundRequested(ctx context.Context, lookback time.Duration) (configDigest types.ConfigDigest, epoch uint32, round uint8, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	head, err := m.client.BlockNumber(ctx)
	if err != nil {
		return types.ConfigDigest{}, 0, 0, explain(err, "block number")
	}
	from := m.searched - min(m.searched, reorgDepth)
	if m.searched == 0 || head < from {
		if from, err = m.blockBefore(ctx, head, lookback); err != nil {
			return types.ConfigDigest{}, 0, 0, err
		}
		m.requested = nil
	}
	if m.requested != nil && m.requested.block >= from {
		m.requested = nil // found again, if it is still there
	}
	log, err := newestLog(ctx, m.client, m.contract, "RoundRequested", ocr2.RoundRequestedTopic, from, head)
	if err != nil {
		m.searched = 0
		return types.ConfigDigest{}, 0, 0, err
	}
	if log != nil {
		event, err := m.aggregator.UnpackRoundRequestedEvent(log)
		if err != nil {
			m.searched = 0
			return types.ConfigDigest{}, 0, 0, fmt.Errorf("evm: cannot decode the RoundRequested log of contract %s in block %d, transaction %s: %w", m.contract, log.BlockNumber, log.TxHash, err)
		}
		m.requested = &roundRequest{log.BlockNumber, event.ConfigDigest, event.Epoch, event.Round}
	}
	m.searched = head
	if m.requested == nil {
		return types.ConfigDigest{}, 0, 0, nil
	}
	return m.requested.configDigest, m.requested.epoch, m.requested.round, nil
}

// blockBefore returns a block that is at least lookback older than head, or the oldest that may be searched.
func (m *MedianContract) blockBefore(ctx context.Context, head uint64, lookback time.Duration) (uint64, error) {
	timeOf := func(number uint64) (uint64, error) {
		header, err := m.client.HeaderByNumber(ctx, new(big.Int).SetUint64(number))
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
