package evm

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR3Transmitter brings reports to an OCR3 feed, or to another contract that has the same function transmit. It implements
// ocr3types.ContractTransmitter and is safe for concurrent use. RI is the plugin's type of report info, which is not transmitted.
type OCR3Transmitter[RI any] struct {
	contract common.Address
	scheme   ocr3keyring.Scheme
	sender   TxSender
}

var _ ocr3types.ContractTransmitter[struct{}] = (*OCR3Transmitter[struct{}])(nil)

// NewOCR3Transmitter makes a transmitter for a contract that verifies attestations of the scheme.
func NewOCR3Transmitter[RI any](contract common.Address, scheme ocr3keyring.Scheme, sender TxSender) *OCR3Transmitter[RI] {
	return &OCR3Transmitter[RI]{contract: contract, scheme: scheme, sender: sender}
}

// Transmit implements ocr3types.ContractTransmitter.
func (t *OCR3Transmitter[RI]) Transmit(
	ctx context.Context, configDigest types.ConfigDigest, seqNr uint64, report ocr3types.ReportWithInfo[RI], signatures []types.AttributedOnchainSignature,
) error {
	calldata, err := OCR3TransmitCalldata(t.scheme, configDigest, seqNr, report.Report, signatures)
	if err != nil {
		return err
	}
	if err := t.sender.Send(ctx, t.contract, calldata); err != nil {
		return fmt.Errorf("evm: transmit of sequence number %d to contract %s: %w", seqNr, t.contract, err)
	}
	return nil
}

// OCR3TransmitCalldata returns the calldata with which a report is transmitted. The signatures, by different oracles and in any
// order, are taken for as many as the contract wants, f+1. It fails when there is none, or more than there can be oracles, or one
// that is malformed.
func OCR3TransmitCalldata(
	scheme ocr3keyring.Scheme, configDigest types.ConfigDigest, seqNr uint64, report types.Report, signatures []types.AttributedOnchainSignature,
) ([]byte, error) {
	// Neither the number of oracles nor f is part of an attestation.
	attestation, err := scheme.Attestation(ocr3keyring.MaxOracles, len(signatures)-1, signatures)
	if err != nil {
		return nil, fmt.Errorf("evm: transmit: %w", err)
	}
	call := ocr3.TransmitCall{ConfigDigest: configDigest, SeqNr: seqNr, Report: report, Attestation: attestation}
	return ocr3.AppendTransmit(nil, &call), nil
}

// FromAccount implements ocr3types.ContractTransmitter: the address with the checksum of EIP-55.
func (t *OCR3Transmitter[RI]) FromAccount(context.Context) (types.Account, error) {
	return accountOf(t.sender), nil
}
