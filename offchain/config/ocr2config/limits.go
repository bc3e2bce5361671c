package ocr2config

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

const (
	messageOverhead      = 256 // bytes allowed beyond the payload of a message
	offchainSignature    = 64  // bytes of an Ed25519 signature
	finalizationWindow   = 10 * time.Minute
	minFinalizationCount = 10
	maxFinalizationCount = 1000
)

// MessageLengths bounds the serialized length of each kind of message in bytes.
type MessageLengths struct {
	NewEpoch   int
	ObserveReq int
	Observe    int
	ReportReq  int
	Report     int
	Final      int
	FinalEcho  int
}

// EndpointLimits computes how much traffic an instance needs between each two of its oracles, from its config, from the
// limits that the reporting plugin declared and from the longest signature of the onchain keyring. All oracles of an instance
// get the same, which is what lets receivers drop what goes beyond.
//
// Rates are +Inf where the config has an interval of 0. It fails with config.ErrSizeOutOfRange when a length or a sum of
// lengths does not fit into 31 bits; such an instance cannot run, and trying again does not help.
//
// Source: docs/protocol/ocr2.md, section "Limits".
func EndpointLimits(
	cfg PublicConfig, limits types.ReportingPluginLimits, maxSignatureLength int,
) (types.BinaryNetworkEndpointLimits, MessageLengths, error) {
	var s config.Sizes
	final := s.Add(limits.MaxReportLength, s.Mul(maxSignatureLength, cfg.N()), messageOverhead)
	lengths := MessageLengths{
		NewEpoch:   messageOverhead,
		ObserveReq: s.Add(limits.MaxQueryLength, messageOverhead),
		Observe:    s.Add(limits.MaxObservationLength, messageOverhead),
		ReportReq:  s.Add(s.Mul(s.Add(limits.MaxObservationLength, offchainSignature), cfg.N()), messageOverhead),
		Report:     s.Add(limits.MaxReportLength, offchainSignature, messageOverhead),
		Final:      final,
		FinalEcho:  final,
	}
	all := s.Add(lengths.NewEpoch, lengths.ObserveReq, lengths.Observe, lengths.ReportReq, lengths.Report, lengths.Final,
		lengths.FinalEcho)
	capacity := s.Mul(2, all)
	if err := s.Err(); err != nil {
		return types.BinaryNetworkEndpointLimits{}, MessageLengths{}, fmt.Errorf(
			"network limits for %d oracles, plugin limits %+v and signatures of %d bytes: %w", cfg.N(), limits, maxSignatureLength, err)
	}

	resend, progress, round := config.PerSecond(cfg.DeltaResend), config.PerSecond(cfg.DeltaProgress), config.PerSecond(cfg.DeltaRound)
	// Order and rounding of the sums matter for equality in the last digit: hence the conversions, which forbid the compiler
	// to fuse a product with a sum.
	bytesRate := float64(resend*float64(lengths.NewEpoch)) + float64(progress*float64(lengths.NewEpoch))
	for _, length := range []int{
		lengths.ObserveReq, lengths.Observe, lengths.ReportReq, lengths.Report, lengths.Final, lengths.FinalEcho,
	} {
		bytesRate += float64(round * float64(length))
	}
	return types.BinaryNetworkEndpointLimits{
		MaxMessageLength: max(lengths.ObserveReq, lengths.Observe, lengths.ReportReq, lengths.Report, lengths.Final,
			lengths.FinalEcho),
		MessagesRatePerOracle:     config.RoundMessagesRate(cfg.DeltaResend, cfg.DeltaProgress, cfg.DeltaRound),
		MessagesCapacityPerOracle: config.RoundMessagesCapacity,
		BytesRatePerOracle:        bytesRate,
		BytesCapacityPerOracle:    capacity,
	}, lengths, nil
}

// CheckPluginLimits reports the limits of a reporting plugin that are out of range. A plugin that declares such limits does
// not run.
func CheckPluginLimits(limits types.ReportingPluginLimits) error {
	var r config.Report
	r.AtMost("MaxQueryLength", limits.MaxQueryLength, types.MaxMaxQueryLength)
	r.AtMost("MaxObservationLength", limits.MaxObservationLength, types.MaxMaxObservationLength)
	r.AtMost("MaxReportLength", limits.MaxReportLength, types.MaxMaxReportLength)
	return r.Err()
}

// FinalizationWindowRounds returns for how many rounds the report finalization remembers what it has seen of a round: those
// of ten minutes when rounds start DeltaRound apart, rounded up, but at least 10 and at most 1000.
//
// Source: docs/protocol/ocr2.md, section "Limits".
func FinalizationWindowRounds(deltaRound time.Duration) int {
	if deltaRound <= 0 {
		return maxFinalizationCount
	}
	rounds := (finalizationWindow + deltaRound - 1) / deltaRound
	if deltaRound > finalizationWindow {
		rounds = 1 // and no overflow in the line above matters
	}
	return int(min(max(rounds, minFinalizationCount), maxFinalizationCount))
}
