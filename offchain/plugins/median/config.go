package median

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/gen/ocr2"
)

// OffchainConfig is the plugin's part of the offchain config: the same for all
// oracles, and unknown to the contract.
type OffchainConfig struct {
	// AlphaReportInfinite says that no movement of the median alone, however
	// large, makes a report worth while.
	AlphaReportInfinite bool
	// AlphaReportPPB is by how much, in parts per billion of the answer on
	// chain, the median must have moved to be reported. 0: any round, except
	// that 0 does not deviate from 0.
	AlphaReportPPB uint64
	// AlphaAcceptInfinite says that no report is accepted while another one is
	// pending, however much it differs.
	AlphaAcceptInfinite bool
	// AlphaAcceptPPB is by how much, in parts per billion of the median accepted
	// last, a report must differ to be accepted while that one is pending.
	AlphaAcceptPPB uint64
	// DeltaC is the age of the answer on chain from which on a report is made
	// even if nothing has changed: the heartbeat.
	DeltaC time.Duration
}

// Encode returns the config as bytes for the reporting plugin config of OCR2.
// Equal configs give equal bytes; the zero config gives none.
func (c OffchainConfig) Encode() []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(&NumericalMedianConfigProto{
		AlphaReportInfinite: c.AlphaReportInfinite,
		AlphaReportPpb:      c.AlphaReportPPB,
		AlphaAcceptInfinite: c.AlphaAcceptInfinite,
		AlphaAcceptPpb:      c.AlphaAcceptPPB,
		DeltaCNanoseconds:   uint64(c.DeltaC),
	})
	if err != nil {
		// Only strings that are not UTF-8 and missing required fields make
		// Marshal fail, and the message has neither.
		panic(err)
	}
	return b
}

// DecodeOffchainConfig is the inverse of [OffchainConfig.Encode]. It fails on
// bytes that are no protobuf message of that type and on a negative DeltaC.
// Empty input is the zero config. Unknown fields are ignored.
func DecodeOffchainConfig(b []byte) (OffchainConfig, error) {
	var m NumericalMedianConfigProto
	if err := proto.Unmarshal(b, &m); err != nil {
		return OffchainConfig{}, fmt.Errorf("median: offchain config: %w", err)
	}
	if m.DeltaCNanoseconds > math.MaxInt64 {
		return OffchainConfig{}, fmt.Errorf("median: offchain config: delta_c_nanoseconds (%d) must not be negative", int64(m.DeltaCNanoseconds))
	}
	return OffchainConfig{
		AlphaReportInfinite: m.AlphaReportInfinite,
		AlphaReportPPB:      m.AlphaReportPpb,
		AlphaAcceptInfinite: m.AlphaAcceptInfinite,
		AlphaAcceptPPB:      m.AlphaAcceptPpb,
		DeltaC:              time.Duration(m.DeltaCNanoseconds),
	}, nil
}

// StandardOnchainConfigCodec encodes the onchain config as OCR2 contracts on EVM
// chains keep it: a version byte of 1, Min and Max, each 24 bytes big-endian
// two's complement, 49 bytes in all. The layout is the contract's; package
// gen/ocr2 does the encoding.
type StandardOnchainConfigCodec struct{}

var _ OnchainConfigCodec = StandardOnchainConfigCodec{}

// Encode fails if Min or Max is nil or not from MinValue to MaxValue. It does
// not compare the two.
func (StandardOnchainConfigCodec) Encode(_ context.Context, c OnchainConfig) ([]byte, error) {
	if c.Min == nil || c.Max == nil {
		return nil, errors.New("median: onchain config: Min or Max is nil")
	}
	b, err := ocr2.AppendMedianOnchainConfig(nil, &ocr2.MedianOnchainConfig{MinAnswer: c.Min, MaxAnswer: c.Max})
	if err != nil {
		return nil, fmt.Errorf("median: onchain config: %w", err)
	}
	return b, nil
}

// Decode fails on another length than 49, another version than 1, and Min > Max.
func (StandardOnchainConfigCodec) Decode(_ context.Context, b []byte) (OnchainConfig, error) {
	var c ocr2.MedianOnchainConfig
	if err := ocr2.DecodeMedianOnchainConfig(b, &c); err != nil {
		return OnchainConfig{}, fmt.Errorf("median: onchain config: %w", err)
	}
	if c.MinAnswer.Cmp(c.MaxAnswer) > 0 {
		return OnchainConfig{}, fmt.Errorf("median: onchain config: Min (%d) is above Max (%d)", c.MinAnswer, c.MaxAnswer)
	}
	return OnchainConfig{Min: c.MinAnswer, Max: c.MaxAnswer}, nil
}
