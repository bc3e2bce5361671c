package evm

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// maxSignatures is how many signatures a transmission can carry: their v's share one word.
const maxSignatures = len(ocr2.TransmitCall{}.RawVs)

// TxSender sends transactions from one account. TxManager is one.
type TxSender interface {
	// Send takes over a call of a contract. Success means that it was accepted for sending: pricing, resending and
	// confirmation are up to the sender.
	Send(ctx context.Context, to common.Address, calldata []byte) error
	// From returns the account.
	From() common.Address
}

// Transmitter brings reports to an OCR2 contract. It implements types.ContractTransmitter and is safe for concurrent use.
type Transmitter struct {
	client     Client
	contract   common.Address
	sender     TxSender
	aggregator *ocr2aggregator.OCR2Aggregator
}

var _ types.ContractTransmitter = (*Transmitter)(nil)

// NewTransmitter makes a transmitter for a contract.
func NewTransmitter(client Client, contract common.Address, sender TxSender) *Transmitter {
	return &Transmitter{client: client, contract: contract, sender: sender, aggregator: ocr2aggregator.NewOCR2Aggregator()}
}

// Transmit implements types.ContractTransmitter.
func (t *Transmitter) Transmit(ctx context.Context, repctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) error {
	calldata, err := TransmitCalldata(repctx, report, signatures)
	if err != nil {
		return err
	}
	if err := t.sender.Send(ctx, t.contract, calldata); err != nil {
		return fmt.Errorf("evm: transmit of epoch %d, round %d to contract %s: %w", repctx.Epoch, repctx.Round, t.contract, err)
	}
	return nil
}

// TransmitCalldata returns the calldata with which a report is transmitted. It fails when there are more than 32 signatures,
// or one that is not 65 bytes.
func TransmitCalldata(repctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) ([]byte, error) {
	if len(signatures) > maxSignatures {
		return nil, fmt.Errorf("evm: transmit: %d signatures, at most %d fit", len(signatures), maxSignatures)
	}
	call := ocr2.TransmitCall{
		ReportContext: evmutil.RawReportContext(repctx),
		Report:        report,
		Rs:            make([][32]byte, len(signatures)),
		Ss:            make([][32]byte, len(signatures)),
	}
	for i, signature := range signatures {
		var err error
		if call.Rs[i], call.Ss[i], call.RawVs[i], err = evmutil.SplitSignature(signature.Signature); err != nil {
			return nil, fmt.Errorf("evm: transmit: signature of oracle %d: %w", signature.Signer, err)
		}
	}
	return ocr2.AppendTransmit(nil, &call), nil
}

// LatestConfigDigestAndEpoch implements types.ContractTransmitter. Where the contract says that the epoch is in its logs, it
// comes from the newest one.
func (t *Transmitter) LatestConfigDigestAndEpoch(ctx context.Context) (configDigest types.ConfigDigest, epoch uint32, err error) {
	latest, err := call(ctx, t.client, t.contract, "latestConfigDigestAndEpoch", t.aggregator.PackLatestConfigDigestAndEpoch(), t.aggregator.UnpackLatestConfigDigestAndEpoch)
	if err != nil {
		return types.ConfigDigest{}, 0, err
	}
	if !latest.ScanLogs {
		return latest.ConfigDigest, latest.Epoch, nil
	}
	head, err := t.client.BlockNumber(ctx)
	if err != nil {
		return types.ConfigDigest{}, 0, explain(err, "block number")
	}
	log, err := newestLog(ctx, t.client, t.contract, "Transmitted", ocr2.TransmittedTopic, head-min(head, maxLogSearch), head)
	if err != nil {
		return types.ConfigDigest{}, 0, err
	}
	if log == nil {
		return latest.ConfigDigest, 0, nil
	}
	transmitted, err := t.aggregator.UnpackTransmittedEvent(log)
	if err != nil {
		return types.ConfigDigest{}, 0, fmt.Errorf("evm: cannot decode the Transmitted log of contract %s in block %d, transaction %s: %w", t.contract, log.BlockNumber, log.TxHash, err)
	}
	return transmitted.ConfigDigest, transmitted.Epoch, nil
}

// FromAccount implements types.ContractTransmitter: the address with the checksum of EIP-55.
func (t *Transmitter) FromAccount(context.Context) (types.Account, error) {
	return accountOf(t.sender), nil
}

// accountOf returns the sender's account with the checksum of EIP-55.
func accountOf(sender TxSender) types.Account { return types.Account(sender.From().Hex()) }
