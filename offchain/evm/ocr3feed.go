package evm

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3ecdsafeed"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// FeedContract reads an OCR3 feed, of whatever signature scheme. It is safe for concurrent use.
type FeedContract struct {
	client   Client
	contract common.Address
	feed     *ocr3ecdsafeed.OCR3ECDSAFeed // the ABI of all feeds
}

// NewFeedContract makes a reader of the contract.
func NewFeedContract(client Client, contract common.Address) *FeedContract {
	return &FeedContract{client: client, contract: contract, feed: ocr3ecdsafeed.NewOCR3ECDSAFeed()}
}

// FeedTransmission is what the last report left in a feed.
type FeedTransmission struct {
	// ConfigDigest is that of the config in force, SeqNr the sequence number of the last report under it, 0 if there was none.
	ConfigDigest types.ConfigDigest
	SeqNr        uint64
	// Answer is the last one, under whatever config, ObservationTime when it was observed, TransmissionTime that of the block that
	// has it. They are 0 and the Unix epoch if there was none.
	Answer                            *big.Int
	ObservationTime, TransmissionTime time.Time
}

// LatestTransmissionDetails returns what the last report left in the contract.
func (c *FeedContract) LatestTransmissionDetails(ctx context.Context) (FeedTransmission, error) {
	details, err := call(ctx, c.client, c.contract, "latestTransmissionDetails", c.feed.PackLatestTransmissionDetails(), c.feed.UnpackLatestTransmissionDetails)
	if err != nil {
		return FeedTransmission{}, err
	}
	return FeedTransmission{
		ConfigDigest: details.ConfigDigest, SeqNr: details.SeqNr, Answer: details.Answer,
		ObservationTime: time.Unix(int64(details.ObservationsTimestamp), 0), TransmissionTime: time.Unix(int64(details.TransmissionTimestamp), 0),
	}, nil
}

// LatestConfigDigestAndSeqNr returns two fields of LatestTransmissionDetails. It implements ocr3feed.Contract.
func (c *FeedContract) LatestConfigDigestAndSeqNr(ctx context.Context) (configDigest types.ConfigDigest, seqNr uint64, err error) {
	details, err := c.LatestTransmissionDetails(ctx)
	return details.ConfigDigest, details.SeqNr, err
}

// Scheme asks the contract for the signature scheme of its attestations. It fails if that is none of this package's.
func (c *FeedContract) Scheme(ctx context.Context) (ocr3keyring.Scheme, error) {
	name, err := call(ctx, c.client, c.contract, "attestationScheme", c.feed.PackAttestationScheme(), c.feed.UnpackAttestationScheme)
	if err != nil {
		return nil, err
	}
	scheme, err := ocr3keyring.SchemeNamed(name)
	if err != nil {
		return nil, fmt.Errorf("evm: contract %s: %w", c.contract, err)
	}
	return scheme, nil
}
