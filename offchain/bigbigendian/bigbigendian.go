// Package bigbigendian encodes integers of any size as big-endian two's complement of a fixed number of bytes, like the signed
// integer types of Solidity.
package bigbigendian

import (
	"errors"
	"fmt"
	"math/big"
)

// MaxSize is the largest size, in bytes, that this package encodes and decodes.
const MaxSize = 128

// SerializeSigned returns i in size bytes. It fails when i is nil, when size is not in 1..MaxSize, and when i is outside
// -2^(8*size-1) .. 2^(8*size-1)-1. i is not changed.
func SerializeSigned(size int, i *big.Int) ([]byte, error) {
	if i == nil {
		return nil, errors.New("bigbigendian: integer is nil")
	}
	if err := checkSize(size); err != nil {
		return nil, err
	}
	// In two's complement, x < 0 and -x-1 = ^x have the same digits, inverted.
	magnitude := i
	if i.Sign() < 0 {
		magnitude = new(big.Int).Not(i)
	}
	if bits := magnitude.BitLen(); bits > 8*size-1 {
		return nil, fmt.Errorf("bigbigendian: integer needs %d bits and a sign, which do not fit into %d bytes", bits, size)
	}
	b := magnitude.FillBytes(make([]byte, size))
	if i.Sign() < 0 {
		for k := range b {
			b[k] = ^b[k]
		}
	}
	return b, nil
}

// DeserializeSigned returns the integer that b encodes. It fails when size is not in 1..MaxSize and when b is not exactly size
// bytes long. b is not changed.
func DeserializeSigned(size int, b []byte) (*big.Int, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	if len(b) != size {
		return nil, fmt.Errorf("bigbigendian: got %d bytes, want %d", len(b), size)
	}
	i := new(big.Int).SetBytes(b)
	if b[0]&0x80 != 0 {
		i.Sub(i, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	return i, nil
}

func checkSize(size int) error {
	if size < 1 || size > MaxSize {
		return fmt.Errorf("bigbigendian: size %d is not in 1..%d", size, MaxSize)
	}
	return nil
}
