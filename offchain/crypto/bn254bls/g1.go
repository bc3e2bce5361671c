package bn254bls

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/ethereum/go-ethereum/crypto"
)

// PointSize is the length of an encoded point of G1 in bytes.
const PointSize = 32

// signBit is where the first byte of an encoded point holds the lowest bit of y;
// unusedBit is the bit next to it: the field prime has 254 bits, x never has it.
const (
	signBit   = 0x80
	unusedBit = 0x40
)

// HashToG1 maps a digest to a point of G1 whose discrete logarithm nobody
// knows. It tries to read keccak256(digest ‖ counter), with bit 254 cleared, as an
// encoded point. That works for about 38 of 100 counters; for the others the
// error wraps [ErrCounter].
func HashToG1(digest [32]byte, counter uint8) (bn254.G1Affine, error) {
	encoded := [PointSize]byte(crypto.Keccak256(digest[:], []byte{counter}))
	encoded[0] &^= unusedBit
	point, err := decodeG1(encoded)
	if err != nil {
		return bn254.G1Affine{}, fmt.Errorf("%w: counter %d, digest %x", ErrCounter, counter, digest)
	}
	return point, nil
}

// hashToFirst is HashToG1 with the first counter that is usable. That there is
// none among the 256 is as likely as guessing 175 coins.
func hashToFirst(digest [32]byte) (bn254.G1Affine, uint8, error) {
	for counter := range 256 {
		if point, err := HashToG1(digest, uint8(counter)); err == nil {
			return point, uint8(counter), nil
		}
	}
	return bn254.G1Affine{}, 0, fmt.Errorf("%w: all counters, digest %x", ErrCounter, digest)
}

// decodeG1 decodes a point of G1. There is no encoding of infinity: no point has
// x = 0, because 3 is no square.
func decodeG1(encoded [PointSize]byte) (bn254.G1Affine, error) {
	odd := encoded[0]&signBit != 0
	encoded[0] &^= signBit
	var p bn254.G1Affine
	if err := p.X.SetBytesCanonical(encoded[:]); err != nil {
		return bn254.G1Affine{}, fmt.Errorf("x coordinate of G1 point: %w: not below the field prime", ErrNotReduced)
	}
	var rhs fp.Element
	rhs.Square(&p.X).Mul(&rhs, &p.X)
	rhs.Add(&rhs, &curveB)
	if p.Y.Sqrt(&rhs) == nil {
		return bn254.G1Affine{}, fmt.Errorf("G1 point: %w", ErrNotOnCurve)
	}
	if isOdd(&p.Y) != odd {
		p.Y.Neg(&p.Y)
	}
	return p, nil
}

// encodeG1 encodes a point of G1 that is not infinity.
func encodeG1(p *bn254.G1Affine) [PointSize]byte {
	encoded := p.X.Bytes()
	if isOdd(&p.Y) {
		encoded[0] |= signBit
	}
	return encoded
}

func isOdd(e *fp.Element) bool {
	return e.Bits()[0]&1 != 0
}

// curveB is the constant of y² = x³ + 3.
var curveB = fp.NewElement(3)
