package ocr1wire

import (
	"bytes"
	"fmt"
	"math/big"

	"github.com/ocrkit/ocrkit/offchain/bigbigendian"
)

// Observation is an int192 in the form in which it travels and is signed: 24 bytes, big-endian two's complement. Every value
// of the type is one.
type Observation [24]byte

// NewObservation returns v as an observation; nil counts as 0. It fails if v is below -2^191, or 2^191 or above.
func NewObservation(v *big.Int) (o Observation, err error) {
	if v == nil {
		return o, nil
	}
	b, err := bigbigendian.SerializeSigned(len(o), v)
	if err != nil {
		return o, fmt.Errorf("ocr1wire: %d is no int192: %w", v, err)
	}
	return Observation(b), nil
}

// Int returns the value, in memory of its own.
func (o Observation) Int() *big.Int {
	v, err := bigbigendian.DeserializeSigned(len(o), o[:])
	if err != nil { // not for 24 bytes
		panic(err)
	}
	return v
}

// Compare is negative if o is less than p, 0 if they are equal, positive if o is greater.
func (o Observation) Compare(p Observation) int {
	// With the sign bit the other way around, two's complement is in the order of its bytes.
	o[0] ^= 0x80
	p[0] ^= 0x80
	return bytes.Compare(o[:], p[:])
}

// String returns the value in decimal digits.
func (o Observation) String() string { return o.Int().String() }
