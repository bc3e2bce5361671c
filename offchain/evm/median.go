package evm

import (
	"context"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// MedianContract reads an OCR2 aggregator for the median plugin. It is safe for concurrent use.
type MedianContract struct {
	client     Client
	contract   common.Address
	aggregator *ocr2aggregator.OCR2Aggregator
	requests   *newestEvent[ocr2.RoundRequested]
}

// NewMedianContract makes a reader of the contract.
func NewMedianContract(client Client, contract common.Address) *MedianContract {
	return &MedianContract{
		client: client, contract: contract, aggregator: ocr2aggregator.NewOCR2Aggregator(),
		requests: newNewestEvent(client, contract, "RoundRequested", ocr2.RoundRequestedTopic, ocr2.DecodeRoundRequested),
	}
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
	request, err := m.requests.within(ctx, lookback)
	if err != nil || request == nil {
		return types.ConfigDigest{}, 0, 0, err
	}
	return request.ConfigDigest, request.Epoch, request.Round, nil
}
