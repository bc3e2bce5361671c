package evm

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
)

// OCR1Transmitter brings reports to an OCR1 contract and reads its state. It implements ocr1types.ContractTransmitter and is safe
// for concurrent use.
type OCR1Transmitter struct {
	client     Client
	contract   common.Address
	sender     TxSender
	chainID    *big.Int
	aggregator *offchainaggregator.OffchainAggregator
	requests   *newestEvent[ocr1.RoundRequested]
}

var _ ocr1types.ContractTransmitter = (*OCR1Transmitter)(nil)

// NewOCR1Transmitter makes a transmitter for a contract. chainID is that of the client's chain.
func NewOCR1Transmitter(client Client, contract common.Address, sender TxSender, chainID *big.Int) *OCR1Transmitter {
	return &OCR1Transmitter{
		client: client, contract: contract, sender: sender, chainID: new(big.Int).Set(chainID),
		aggregator: offchainaggregator.NewOffchainAggregator(),
		requests:   newNewestEvent(client, contract, "RoundRequested", ocr1.RoundRequestedTopic, ocr1.DecodeRoundRequested),
	}
}

// Transmit implements ocr1types.ContractTransmitter.
func (t *OCR1Transmitter) Transmit(ctx context.Context, report []byte, rs, ss [][32]byte, vs [32]byte) error {
	calldata, err := OCR1TransmitCalldata(report, rs, ss, vs)
	if err != nil {
		return err
	}
	if err := t.sender.Send(ctx, t.contract, calldata); err != nil {
		return fmt.Errorf("evm: transmit of %s to contract %s: %w", reportName(report), t.contract, err)
	}
	return nil
}

// OCR1TransmitCalldata returns the calldata with which a report is transmitted. It fails when there are not as many halves r as
// halves s of signatures, or more than 32.
func OCR1TransmitCalldata(report []byte, rs, ss [][32]byte, vs [32]byte) ([]byte, error) {
	if len(rs) != len(ss) || len(rs) > len(vs) {
		return nil, fmt.Errorf("evm: transmit: signatures have %d halves r and %d halves s, want as many of each, and at most %d", len(rs), len(ss), len(vs))
	}
	return ocr1.AppendTransmit(nil, &ocr1.TransmitCall{Report: report, Rs: rs, Ss: ss, RawVs: vs}), nil
}

// reportName says in an error which report it is.
func reportName(report []byte) string {
	var repctx ocr1.ReportContext
	if len(report) < ocr1.ReportContextSize || ocr1.DecodeReportContext(report[:ocr1.ReportContextSize], &repctx) != nil {
		return fmt.Sprintf("a report of %d bytes", len(report))
	}
	return fmt.Sprintf("epoch %d, round %d", repctx.Epoch, repctx.Round)
}

// LatestTransmissionDetails implements ocr1types.ContractTransmitter. The time is that of the block. Before the first report these
// are the digest of the config, zeros, and the Unix epoch.
func (t *OCR1Transmitter) LatestTransmissionDetails(ctx context.Context) (
	configDigest ocr1types.ConfigDigest, epoch uint32, round uint8, latestAnswer ocr1types.Observation, latestTimestamp time.Time, err error,
) {
	details, err := call(ctx, t.client, t.contract, "latestTransmissionDetails", t.aggregator.PackLatestTransmissionDetails(), t.aggregator.UnpackLatestTransmissionDetails)
	if err != nil {
		return ocr1types.ConfigDigest{}, 0, 0, nil, time.Time{}, err
	}
	return details.ConfigDigest, details.Epoch, details.Round, details.LatestAnswer, time.Unix(int64(details.LatestTimestamp), 0), nil
}

// LatestRoundRequested implements ocr1types.ContractTransmitter. The first call searches the logs of lookback (at most 100,000
// blocks), later ones what came since.
func (t *OCR1Transmitter) LatestRoundRequested(ctx context.Context, lookback time.Duration) (configDigest ocr1types.ConfigDigest, epoch uint32, round uint8, err error) {
	request, err := t.requests.within(ctx, lookback)
	if err != nil || request == nil {
		return ocr1types.ConfigDigest{}, 0, 0, err
	}
	return request.ConfigDigest, request.Epoch, request.Round, nil
}

// FromAddress implements ocr1types.ContractTransmitter.
func (t *OCR1Transmitter) FromAddress() common.Address { return t.sender.From() }

// ChainID implements ocr1types.ContractTransmitter. The result is the caller's own.
func (t *OCR1Transmitter) ChainID() *big.Int { return new(big.Int).Set(t.chainID) }
