package types

import "context"

// ContractTransmitter brings OCR2 reports onto the chain.
type ContractTransmitter interface {
	// Transmit sends the report with its context and signatures to the contract. Success means that it was accepted for
	// sending, not that it is on chain: pricing, resending and confirmation are the transmitter's own business. The protocol
	// calls it for one report after the other, in the background, with a context that ends after
	// LocalConfig.ContractTransmitterTransmitTimeout, and does not repeat a call that failed.
	//
	// The signatures are by distinct oracles, exactly as many as the report quorum, in no particular order.
	Transmit(context.Context, ReportContext, Report, []AttributedOnchainSignature) error

	// LatestConfigDigestAndEpoch returns, from the contract, the digest of the config in force and the epoch of the latest
	// report (0 when there is none). A value that lags behind the chain is fine. The protocol asks once, when an instance
	// starts, with a context that ends after LocalConfig.BlockchainTimeout.
	LatestConfigDigestAndEpoch(context.Context) (configDigest ConfigDigest, epoch uint32, err error)

	// FromAccount returns the account from which Transmit sends. The oracle finds itself in the config by it, so it must be
	// written exactly as there.
	FromAccount(context.Context) (Account, error)
}
