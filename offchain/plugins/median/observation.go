package median

import (
	"fmt"
	"math/big"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// maxObservationLength bounds an encoded observation: a timestamp, three
// numbers, and 16 bytes for tags and lengths. All oracles of a network must use
// the same bound, so it is part of the format although none gets as long.
const maxObservationLength = 4 + 3*valueLength + 16

// encodeObservation fails on numbers that are nil or not from MinValue to
// MaxValue, the gas price included, even if that one is to be left out.
func encodeObservation(timestamp uint32, value, juelsPerFeeCoin, gasPriceSubunits *big.Int, includeGasPrice bool) (types.Observation, error) {
	m := NumericalMedianObservationProto{Timestamp: timestamp}
	var err error
	if m.Value, err = EncodeValue(value); err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	if m.JuelsPerFeeCoin, err = EncodeValue(juelsPerFeeCoin); err != nil {
		return nil, fmt.Errorf("juels per fee coin: %w", err)
	}
	if m.GasPriceSubunits, err = EncodeValue(gasPriceSubunits); err != nil {
		return nil, fmt.Errorf("gas price: %w", err)
	}
	if !includeGasPrice {
		m.GasPriceSubunits = nil
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(&m)
}

// parseObservation fails on what is no protobuf message of the type, and on
// numbers of another length than 24 bytes; only the gas price may be missing.
func parseObservation(ao types.AttributedObservation) (ParsedAttributedObservation, error) {
	var m NumericalMedianObservationProto
	if err := proto.Unmarshal(ao.Observation, &m); err != nil {
		return ParsedAttributedObservation{}, err
	}
	value, err := DecodeValue(m.Value)
	if err != nil {
		return ParsedAttributedObservation{}, fmt.Errorf("value: %w", err)
	}
	juelsPerFeeCoin, err := DecodeValue(m.JuelsPerFeeCoin)
	if err != nil {
		return ParsedAttributedObservation{}, fmt.Errorf("juels per fee coin: %w", err)
	}
	gasPriceSubunits := new(big.Int)
	if len(m.GasPriceSubunits) != 0 {
		if gasPriceSubunits, err = DecodeValue(m.GasPriceSubunits); err != nil {
			return ParsedAttributedObservation{}, fmt.Errorf("gas price: %w", err)
		}
	}
	return ParsedAttributedObservation{m.Timestamp, value, juelsPerFeeCoin, gasPriceSubunits, ao.Observer}, nil
}
