// Package limits computes how much traffic a protocol instance needs between each two of its oracles, from its configuration and
// from what its plugin declared. All oracles of an instance get the same, which is what lets receivers drop what goes beyond.
// The formula of OCR2 is ocr2config.EndpointLimits.
//
// Rates are +Inf where an interval is 0. Lengths, and sums and products of lengths, that do not fit into 31 bits are errors
// (config.ErrSizeOutOfRange): an instance with them cannot run, and trying again does not help.
//
// Source: docs/protocol/transport.md, "Limits".
package limits

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/quorumhelper"
	"github.com/ocrkit/ocrkit/offchain/types"
)

const (
	// MaxOCRMsgLength is the length of the longest message of OCR1, in bytes.
	MaxOCRMsgLength = 10_000
	// OCR1MessagesCapacity is in messages.
	OCR1MessagesCapacity = 16

	overhead           = 256             // bytes allowed beyond the payload of a message
	signatureEntry     = 74              // an Ed25519 signature in a list, with its signer
	onchainEntry       = 10              // beyond an onchain signature in a list
	hashLength         = 32              //
	hashEntry          = hashLength + 10 // a hash in a list
	keyValueEntry      = 10 + 10         // beyond a key and a value in a list
	proofLength        = 256             // hashes in a proof of a key in the state
	chunkBoundLeaves   = 2               // proofs that come with a chunk of the state
	modifiedKeysFactor = 10
)

// OCR1MessagesRate returns the rate, in messages per second, between each two oracles of an OCR1 instance.
func OCR1MessagesRate(deltaResend, deltaProgress, deltaRound time.Duration) float64 {
	sum := config.PerSecond(deltaResend) + config.PerSecond(deltaProgress) + config.PerSecond(deltaRound) +
		config.TimesPerSecond(3, deltaRound) + config.TimesPerSecond(2, deltaRound)
	return sum * 2
}

// OCR1 returns the limits of an OCR1 instance with the given rate and capacity, in messages per second and messages.
func OCR1(messagesRate float64, messagesCapacity int) (types.BinaryNetworkEndpointLimits, error) {
	var s config.Sizes
	bytesCapacity := s.Mul(messagesCapacity, MaxOCRMsgLength)
	if err := s.Err(); err != nil {
		return types.BinaryNetworkEndpointLimits{}, fmt.Errorf("network limits for a capacity of %d messages: %w", messagesCapacity, err)
	}
	return types.BinaryNetworkEndpointLimits{
		MaxMessageLength:          MaxOCRMsgLength,
		MessagesRatePerOracle:     messagesRate,
		MessagesCapacityPerOracle: messagesCapacity,
		BytesRatePerOracle:        messagesRate * MaxOCRMsgLength,
		BytesCapacityPerOracle:    bytesCapacity,
	}, nil
}

// OCR3Config is what the limits of an OCR3 instance follow from.
type OCR3Config struct {
	N, F               int
	RMax               uint64
	DeltaProgress      time.Duration
	DeltaResend        time.Duration
	DeltaInitial       time.Duration
	DeltaRound         time.Duration
	MaxSignatureLength int // of onchain signatures, in bytes
	Plugin             ocr3types.ReportingPluginLimits
}

// OCR3Lengths bounds the serialized length of each kind of message of OCR3, in bytes.
type OCR3Lengths struct {
	NewEpochWish           int
	EpochStartRequest      int
	EpochStart             int
	RoundStart             int
	Observation            int
	Proposal               int
	Prepare                int
	Commit                 int
	ReportSignatures       int
	CertifiedCommitRequest int
	CertifiedCommit        int
}

// OCR3 returns the limits of an OCR3 or Mercury instance.
func OCR3(cfg OCR3Config) (types.BinaryNetworkEndpointLimits, OCR3Lengths, error) {
	var s config.Sizes
	quorum := quorumhelper.ByzQuorumSize(cfg.N, cfg.F)
	signatures := s.Mul(signatureEntry, quorum)
	certificate := s.Add(signatures, cfg.Plugin.MaxOutcomeLength, overhead)
	l := OCR3Lengths{
		NewEpochWish:           overhead,
		EpochStartRequest:      s.Add(certificate, overhead),
		EpochStart:             s.Add(certificate, s.Mul(2, signatures), overhead),
		RoundStart:             s.Add(cfg.Plugin.MaxQueryLength, signatureEntry, overhead),
		Observation:            s.Add(cfg.Plugin.MaxObservationLength, overhead),
		Proposal:               s.Add(s.Mul(s.Add(cfg.Plugin.MaxObservationLength, signatureEntry), cfg.N), signatureEntry, overhead),
		Prepare:                overhead,
		Commit:                 overhead,
		ReportSignatures:       s.Add(s.Mul(s.Add(cfg.MaxSignatureLength, onchainEntry), cfg.Plugin.MaxReportCount), overhead),
		CertifiedCommitRequest: overhead,
		CertifiedCommit:        s.Add(certificate, overhead),
	}
	bytesCapacity := s.Mul(3, s.Add(s.Mul(2, l.NewEpochWish), l.EpochStartRequest, l.EpochStart, l.RoundStart, l.Observation,
		l.Proposal, l.Prepare, l.Commit, l.ReportSignatures, l.CertifiedCommitRequest, l.CertifiedCommit))
	if err := s.Err(); err != nil {
		return types.BinaryNetworkEndpointLimits{}, OCR3Lengths{}, fmt.Errorf(
			"network limits for %d oracles, plugin limits %+v and signatures of %d bytes: %w", cfg.N, cfg.Plugin, cfg.MaxSignatureLength, err)
	}
	resend, round := config.PerSecond(cfg.DeltaResend), config.PerSecond(cfg.DeltaRound)
	epochLength := minEpoch(cfg.DeltaProgress, cfg.DeltaInitial, cfg.RMax, cfg.DeltaRound)
	epoch := perSecond(1, epochLength)
	return types.BinaryNetworkEndpointLimits{
		MaxMessageLength: max(l.NewEpochWish, l.EpochStartRequest, l.EpochStart, l.RoundStart, l.Observation, l.Proposal, l.Prepare,
			l.Commit, l.ReportSignatures, l.CertifiedCommitRequest, l.CertifiedCommit),
		MessagesRatePerOracle: float64(sum(
			resend, perSecond(3, epochLength), config.TimesPerSecond(8, cfg.DeltaRound))) * 1.2,
		MessagesCapacityPerOracle: 36,
		BytesRatePerOracle: sum(
			times(resend, l.NewEpochWish), times(epoch, l.NewEpochWish),
			times(round, l.Prepare), times(round, l.Commit), times(round, l.ReportSignatures),
			times(epoch, l.EpochStart), times(round, l.RoundStart), times(round, l.Proposal),
			times(epoch, l.EpochStartRequest), times(round, l.Observation),
			times(round, l.CertifiedCommitRequest), times(round, l.CertifiedCommit)),
		BytesCapacityPerOracle: bytesCapacity,
	}, l, nil
}

// minEpoch returns how long the shortest epoch lasts, in nanoseconds.
func minEpoch(deltaProgress, deltaInitial time.Duration, rMax uint64, round time.Duration) float64 {
	return min(float64(deltaProgress), min(float64(deltaInitial), float64(rMax)*float64(round)))
}

// perSecond returns how many messages per second there are when an interval, in nanoseconds, has the given number of them.
func perSecond(messages int, interval float64) float64 {
	return float64(messages) * float64(time.Second) / interval
}

// times and sum keep the compiler from fusing a product with a sum, which would change the last digit: oracles need equal limits.
func times(rate float64, length int) float64 { return float64(rate * float64(length)) }

func sum(terms ...float64) float64 {
	total := 0.0
	for _, term := range terms {
		total += term
	}
	return total
}

func bitLength(n int) int { return bits.Len(uint(n)) }
