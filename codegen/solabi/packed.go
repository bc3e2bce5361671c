package solabi

import (
	"encoding/binary"
	"math/big"
)

// PackUint64 writes v in len(b) bytes, 1 to 8, highest first. Those above are dropped, so that it serves signed integers too.
func PackUint64(b []byte, v uint64) {
	var w [8]byte
	binary.BigEndian.PutUint64(w[:], v)
	copy(b, w[8-len(b):])
}

// PackBigUint writes v as an unsigned integer of len(b) bytes, 1 to 32. It returns false, and writes nothing, if v is nil,
// negative or too large.
func PackBigUint(b []byte, v *big.Int) bool {
	var w [WordSize]byte
	if !PutBigUint(w[:], v, 8*len(b)) {
		return false
	}
	copy(b, w[WordSize-len(b):])
	return true
}

// PackBigInt writes v as a signed integer of len(b) bytes, 1 to 32, in two's complement. It returns false, and writes
// nothing, if v is nil or out of range.
func PackBigInt(b []byte, v *big.Int) bool {
	var w [WordSize]byte
	if !PutBigInt(w[:], v, 8*len(b)) {
		return false
	}
	copy(b, w[WordSize-len(b):])
	return true
}

// Leading checks the offset word that abi.encode(aStruct) begins with: in the canonical encoding the struct is right behind it.
func Leading(what string, data []byte) error {
	if len(data) < WordSize {
		return TooShort(what, "", 0, WordSize, len(data))
	}
	if at, ok := Length(data, WordSize); !ok || at != WordSize {
		return BadOffset(what, "", 0, WordSize)
	}
	return nil
}

// LooseLeading reads the offset word that abi.encode(aStruct) begins with; it may lead anywhere within data.
func LooseLeading(what string, data []byte) (int, error) {
	if len(data) < WordSize {
		return 0, TooShort(what, "", 0, WordSize, len(data))
	}
	at, ok := Length(data, len(data))
	if !ok {
		return 0, WildOffset(what, "", 0)
	}
	return at, nil
}

// Unsigned64 reads an unsigned integer of up to 8 bytes from a packed encoding.
func Unsigned64(b []byte) uint64 {
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// Signed64 reads a signed integer of up to 8 bytes from a packed encoding.
func Signed64(b []byte) int64 {
	unused := 64 - 8*len(b)
	return int64(Unsigned64(b)<<unused) >> unused
}

// Unsigned reads an unsigned integer of up to 32 bytes from a packed encoding.
func Unsigned(b []byte) *big.Int {
	return new(big.Int).SetBytes(b)
}

// Signed reads a signed integer of up to 32 bytes from a packed encoding.
func Signed(b []byte) *big.Int {
	v := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return v
}
