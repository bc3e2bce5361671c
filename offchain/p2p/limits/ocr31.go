package limits

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr31types"
	"github.com/ocrkit/ocrkit/offchain/quorumhelper"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR31Config is what the limits of an OCR3.1 instance follow from. Values that a configuration may leave out are those in
// effect.
type OCR31Config struct {
	N, F          int
	RMax          uint64
	DeltaProgress time.Duration
	DeltaResend   time.Duration
	DeltaInitial  time.Duration
	DeltaRound    time.Duration
	DeltaGrace    time.Duration

	DeltaStateSyncSummaryInterval                time.Duration
	DeltaBlockSyncMinRequestToSameOracleInterval time.Duration
	DeltaTreeSyncMinRequestToSameOracleInterval  time.Duration
	DeltaBlobOfferMinRequestToSameOracleInterval time.Duration
	DeltaBlobChunkMinRequestToSameOracleInterval time.Duration

	MaxBlocksPerBlockSyncResponse       int
	MaxTreeSyncChunkKeys                int
	MaxTreeSyncChunkKeysPlusValuesBytes int
	BlobChunkBytes                      int

	MaxSignatureLength int // of onchain signatures, in bytes
	Plugin             ocr31types.ReportingPluginLimits
}

// OCR31Limits are the limits of an OCR3.1 instance, by priority.
type OCR31Limits struct {
	DefaultPriority types.BinaryNetworkEndpointLimits
	LowPriority     types.BinaryNetworkEndpointLimits
	Lengths         OCR31Lengths
}

// OCR31Lengths bounds the serialized length of each kind of message of OCR3.1, in bytes. The lengths of responses are the
// bounds that requests set for them.
type OCR31Lengths struct {
	MaxLenMsgNewEpoch                    int
	MaxLenMsgEpochStartRequest           int
	MaxLenMsgEpochStart                  int
	MaxLenMsgRoundStart                  int
	MaxLenMsgObservation                 int
	MaxLenMsgProposal                    int
	MaxLenMsgPrepare                     int
	MaxLenMsgCommit                      int
	MaxLenMsgReportSignatures            int
	MaxLenMsgReportsPlusPrecursorRequest int
	MaxLenMsgReportsPlusPrecursor        int
	MaxLenMsgStateSyncSummary            int
	MaxLenMsgBlockSyncRequest            int
	MaxLenMsgBlockSyncResponse           int
	MaxLenMsgTreeSyncChunkRequest        int
	MaxLenMsgTreeSyncChunkResponse       int
	MaxLenMsgBlobOffer                   int
	MaxLenMsgBlobOfferResponse           int
	MaxLenMsgBlobChunkRequest            int
	MaxLenMsgBlobChunkResponse           int
}

// OCR31 returns the limits of an OCR3.1 instance.
func OCR31(cfg OCR31Config) (OCR31Limits, error) {
	var s config.Sizes
	l, err := ocr31Lengths(cfg, &s)
	if err != nil {
		return OCR31Limits{}, err
	}
	defaultCapacity := s.Mul(3, s.Add(s.Mul(2, l.MaxLenMsgNewEpoch), l.MaxLenMsgEpochStartRequest, l.MaxLenMsgEpochStart,
		l.MaxLenMsgRoundStart, l.MaxLenMsgProposal, l.MaxLenMsgPrepare, l.MaxLenMsgCommit, l.MaxLenMsgReportSignatures,
		l.MaxLenMsgReportsPlusPrecursorRequest, l.MaxLenMsgBlobOffer, l.MaxLenMsgBlobChunkRequest))
	lowCapacity := s.Mul(3, s.Add(l.MaxLenMsgStateSyncSummary, l.MaxLenMsgBlockSyncRequest, l.MaxLenMsgTreeSyncChunkRequest))
	if err := s.Err(); err != nil {
		return OCR31Limits{}, fmt.Errorf("network limits for %d oracles, plugin limits %+v and signatures of %d bytes: %w",
			cfg.N, cfg.Plugin, cfg.MaxSignatureLength, err)
	}
	roundLength := max(cfg.DeltaRound, cfg.DeltaGrace)
	epochLength := minEpoch(cfg.DeltaProgress, cfg.DeltaInitial, cfg.RMax, roundLength)
	resend, round, epoch := config.PerSecond(cfg.DeltaResend), config.PerSecond(roundLength), perSecond(1, epochLength)
	blobOffer := config.PerSecond(cfg.DeltaBlobOfferMinRequestToSameOracleInterval)
	blobChunk := config.PerSecond(cfg.DeltaBlobChunkMinRequestToSameOracleInterval)
	summary := config.PerSecond(cfg.DeltaStateSyncSummaryInterval)
	blockSync := config.PerSecond(cfg.DeltaBlockSyncMinRequestToSameOracleInterval)
	treeSync := config.PerSecond(cfg.DeltaTreeSyncMinRequestToSameOracleInterval)
	return OCR31Limits{
		DefaultPriority: types.BinaryNetworkEndpointLimits{
			// Responses do not count: the requests bound them.
			MaxMessageLength: max(l.MaxLenMsgNewEpoch, l.MaxLenMsgEpochStartRequest, l.MaxLenMsgEpochStart, l.MaxLenMsgRoundStart,
				l.MaxLenMsgProposal, l.MaxLenMsgPrepare, l.MaxLenMsgCommit, l.MaxLenMsgReportSignatures,
				l.MaxLenMsgReportsPlusPrecursorRequest, l.MaxLenMsgBlobOffer, l.MaxLenMsgBlobChunkRequest),
			MessagesRatePerOracle: sum(
				resend, perSecond(3, epochLength), config.TimesPerSecond(6, roundLength), times(blobOffer, 2), blobChunk) * 1.2,
			MessagesCapacityPerOracle: 39,
			BytesRatePerOracle: sum(
				times(resend, l.MaxLenMsgNewEpoch), times(epoch, l.MaxLenMsgNewEpoch),
				times(round, l.MaxLenMsgPrepare), times(round, l.MaxLenMsgCommit), times(round, l.MaxLenMsgReportSignatures),
				times(epoch, l.MaxLenMsgEpochStart), times(round, l.MaxLenMsgRoundStart), times(round, l.MaxLenMsgProposal),
				times(epoch, l.MaxLenMsgEpochStartRequest), times(round, l.MaxLenMsgReportsPlusPrecursorRequest),
				times(blobOffer, l.MaxLenMsgBlobOffer), times(blobChunk, l.MaxLenMsgBlobChunkRequest)),
			BytesCapacityPerOracle: defaultCapacity,
		},
		LowPriority: types.BinaryNetworkEndpointLimits{
			MaxMessageLength:          max(l.MaxLenMsgStateSyncSummary, l.MaxLenMsgBlockSyncRequest, l.MaxLenMsgTreeSyncChunkRequest),
			MessagesRatePerOracle:     sum(blockSync, treeSync, summary) * 1.2,
			MessagesCapacityPerOracle: 9,
			BytesRatePerOracle: sum(times(summary, l.MaxLenMsgStateSyncSummary), times(blockSync, l.MaxLenMsgBlockSyncRequest),
				times(treeSync, l.MaxLenMsgTreeSyncChunkRequest)),
			BytesCapacityPerOracle: lowCapacity,
		},
		Lengths: l,
	}, nil
}

func ocr31Lengths(cfg OCR31Config, s *config.Sizes) (OCR31Lengths, error) {
	if cfg.BlobChunkBytes <= 0 {
		return OCR31Lengths{}, fmt.Errorf("network limits: BlobChunkBytes is %d, must be positive", cfg.BlobChunkBytes)
	}
	p := cfg.Plugin
	signatures := s.Mul(signatureEntry, quorumhelper.ByzQuorumSize(cfg.N, cfg.F))
	certificate := s.Add(signatures, 5*hashLength, overhead)
	keyValues := s.Mul(modifiedKeysFactor, p.MaxKeyValueModifiedKeys)
	block := s.Add(certificate, p.MaxKeyValueModifiedKeysPlusValuesBytes, keyValues)
	proofs := s.Mul(chunkBoundLeaves, s.Add(10, 2*hashLength, s.Mul(proofLength, hashEntry)))
	blobChunks := s.Add(p.MaxBlobPayloadBytes, cfg.BlobChunkBytes-1) / cfg.BlobChunkBytes
	return OCR31Lengths{
		MaxLenMsgNewEpoch:                    overhead,
		MaxLenMsgEpochStartRequest:           s.Add(certificate, overhead),
		MaxLenMsgEpochStart:                  s.Add(certificate, signatures, overhead),
		MaxLenMsgRoundStart:                  s.Add(p.MaxQueryBytes, overhead),
		MaxLenMsgObservation:                 s.Add(p.MaxObservationBytes, overhead),
		MaxLenMsgProposal:                    s.Add(s.Mul(s.Add(p.MaxObservationBytes, signatureEntry), cfg.N), overhead),
		MaxLenMsgPrepare:                     overhead,
		MaxLenMsgCommit:                      overhead,
		MaxLenMsgReportSignatures:            s.Add(s.Mul(s.Add(cfg.MaxSignatureLength, onchainEntry), p.MaxReportCount), overhead),
		MaxLenMsgReportsPlusPrecursorRequest: overhead,
		MaxLenMsgReportsPlusPrecursor:        s.Add(p.MaxReportsPlusPrecursorBytes, overhead),
		MaxLenMsgStateSyncSummary:            overhead,
		MaxLenMsgBlockSyncRequest:            overhead,
		MaxLenMsgBlockSyncResponse:           s.Add(s.Mul(cfg.MaxBlocksPerBlockSyncResponse, block), overhead),
		MaxLenMsgTreeSyncChunkRequest:        overhead,
		MaxLenMsgTreeSyncChunkResponse: s.Add(overhead, proofs, cfg.MaxTreeSyncChunkKeysPlusValuesBytes,
			s.Mul(s.Mul(cfg.MaxTreeSyncChunkKeys, 10), keyValueEntry)),
		MaxLenMsgBlobOffer:         hashLength + overhead,
		MaxLenMsgBlobOfferResponse: hashLength + signatureEntry + overhead,
		MaxLenMsgBlobChunkRequest:  hashLength + overhead,
		MaxLenMsgBlobChunkResponse: s.Add(hashLength, cfg.BlobChunkBytes, s.Mul(bitLength(blobChunks)+1, hashEntry), overhead),
	}, nil
}
