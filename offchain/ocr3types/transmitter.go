package ocr3types

import (
	"context"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// ContractTransmitter brings OCR3 reports to where they are used.
type ContractTransmitter[RI any] interface {
	// Transmit sends a report of a sequence number with its signatures. Success means that it was accepted for sending, not that
	// it arrived: pricing, resending and confirmation are the transmitter's own business. Calls for several reports may run side
	// by side. The context ends after LocalConfig.ContractTransmitterTransmitTimeout. A call that failed is not repeated.
	//
	// There are exactly F+1 signatures, by distinct oracles, in ascending order of their ids.
	Transmit(context.Context, types.ConfigDigest, uint64, ReportWithInfo[RI], []types.AttributedOnchainSignature) error

	// FromAccount returns the account from which Transmit sends. The oracle finds itself in the config by it, so it must be
	// written exactly as there.
	FromAccount(context.Context) (types.Account, error)
}
