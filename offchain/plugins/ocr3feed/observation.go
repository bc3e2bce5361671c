package ocr3feed

import (
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

// ObservationSize is the length of every observation in bytes.
const ObservationSize = 4 + 24

// Price is a number at a time: what an oracle observes, and what the oracles agree on.
type Price struct {
	Time  uint32   // Unix time in seconds
	Value *big.Int // median.MinValue to median.MaxValue, the range of Solidity's int192
}

// EncodeObservation encodes an observation. It fails if the value is nil or out of range.
func EncodeObservation(p Price) ([]byte, error) {
	return p.append(make([]byte, 0, ObservationSize))
}

// DecodeObservation is the inverse of EncodeObservation. It fails on anything but ObservationSize bytes; those all mean something.
func DecodeObservation(b []byte) (Price, error) {
	if len(b) != ObservationSize {
		return Price{}, fmt.Errorf("ocr3feed: observation of %d bytes, want %d", len(b), ObservationSize)
	}
	return decodePrice(b)
}

func (p Price) append(dst []byte) ([]byte, error) {
	value, err := median.EncodeValue(p.Value)
	if err != nil {
		return nil, fmt.Errorf("ocr3feed: %w", err)
	}
	return append(binary.BigEndian.AppendUint32(dst, p.Time), value...), nil
}

// decodePrice decodes ObservationSize bytes.
func decodePrice(b []byte) (Price, error) {
	value, err := median.DecodeValue(b[4:])
	if err != nil {
		return Price{}, fmt.Errorf("ocr3feed: %w", err)
	}
	return Price{binary.BigEndian.Uint32(b), value}, nil
}
