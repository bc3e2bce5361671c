package ocr3feed

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"

	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

const (
	priceSize = 4 + 24
	// ObservationSize is the length of every observation in bytes.
	ObservationSize = priceSize + 8
)

// Unread is in place of the contract's sequence number in the observation of an oracle that could not read it. No report has it.
const Unread uint64 = math.MaxUint64

// Price is a number at a time: what an oracle observes, and what the oracles agree on.
type Price struct {
	Time  uint32   // Unix time in seconds
	Value *big.Int // median.MinValue to median.MaxValue, the range of Solidity's int192
}

// Observation is what an oracle tells in a round.
type Observation struct {
	Price
	// OnChain is the sequence number of the last report that the contract has under the config of this instance: 0 if it has none,
	// or shows another config, and Unread if the oracle could not read it.
	OnChain uint64
}

// EncodeObservation encodes an observation. It fails if the value is nil or out of range.
func EncodeObservation(o Observation) ([]byte, error) {
	b, err := o.Price.append(make([]byte, 0, ObservationSize))
	if err != nil {
		return nil, err
	}
	return binary.BigEndian.AppendUint64(b, o.OnChain), nil
}

// DecodeObservation is the inverse of EncodeObservation. It fails on anything but ObservationSize bytes; those all mean something.
func DecodeObservation(b []byte) (Observation, error) {
	if len(b) != ObservationSize {
		return Observation{}, fmt.Errorf("ocr3feed: observation of %d bytes, want %d", len(b), ObservationSize)
	}
	price, err := decodePrice(b[:priceSize])
	if err != nil {
		return Observation{}, err
	}
	return Observation{price, binary.BigEndian.Uint64(b[priceSize:])}, nil
}

func (p Price) append(dst []byte) ([]byte, error) {
	value, err := median.EncodeValue(p.Value)
	if err != nil {
		return nil, fmt.Errorf("ocr3feed: %w", err)
	}
	return append(binary.BigEndian.AppendUint32(dst, p.Time), value...), nil
}

// decodePrice decodes priceSize bytes.
func decodePrice(b []byte) (Price, error) {
	value, err := median.DecodeValue(b[4:])
	if err != nil {
		return Price{}, fmt.Errorf("ocr3feed: %w", err)
	}
	return Price{binary.BigEndian.Uint32(b), value}, nil
}
