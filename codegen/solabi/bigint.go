package solabi

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// wordsPerBig is how many digits of a big.Int make a word of the ABI.
const wordsPerBig = 256 / bits.UintSize

// PutBigUint writes v as an unsigned integer of the given width, 8 to 256 bits. It returns false, and writes nothing,
// if v is nil, negative or too large.
func PutBigUint(w []byte, v *big.Int, width int) bool {
	if v == nil || v.Sign() < 0 || v.BitLen() > width {
		return false
	}
	putMagnitude(w, v)
	return true
}

// PutBigInt writes v as a signed integer of the given width, 8 to 256 bits, in two's complement. It returns false, and
// writes nothing, if v is nil or out of range.
func PutBigInt(w []byte, v *big.Int, width int) bool {
	if v == nil {
		return false
	}
	length := v.BitLen()
	if v.Sign() >= 0 {
		if length >= width {
			return false
		}
		putMagnitude(w, v)
		return true
	}
	// The most negative number has one bit more than the most positive.
	if length >= width && (length > width || v.TrailingZeroBits() != uint(width-1)) {
		return false
	}
	putMagnitude(w, v)
	negate(w)
	return true
}

// BigUint reads an unsigned integer of the given width, 8 to 256 bits; it returns nil if the word holds a larger one.
func BigUint(w []byte, width int) *big.Int {
	if !fitsUint(w, width) {
		return nil
	}
	v, digits := new(big.Int), make([]big.Word, wordsPerBig)
	setUnsigned(v, digits, w)
	return v
}

// BigInt reads a signed integer of the given width, 8 to 256 bits; it returns nil if the word holds one out of range.
func BigInt(w []byte, width int) *big.Int {
	if !fitsInt(w, width) {
		return nil
	}
	v, digits := new(big.Int), make([]big.Word, wordsPerBig)
	setSigned(v, digits, w)
	return v
}

// BigUints reads consecutive words as unsigned integers of the given width. If one is out of range it returns nil and
// the index of the first such. All of them share three allocations.
func BigUints(b []byte, width int) (vs []*big.Int, bad int) {
	for i := range len(b) / WordSize {
		if !fitsUint(b[WordSize*i:], width) {
			return nil, i
		}
	}
	return bigSlab(b, width, setUnsigned), 0
}

// BigInts reads consecutive words as signed integers of the given width. If one is out of range it returns nil and the
// index of the first such. All of them share three allocations.
func BigInts(b []byte, width int) (vs []*big.Int, bad int) {
	for i := range len(b) / WordSize {
		if !fitsInt(b[WordSize*i:], width) {
			return nil, i
		}
	}
	return bigSlab(b, width, setSigned), 0
}

// bigSlab makes all integers of an array out of one slab of numbers and one of digits. Each keeps to its own digits, as
// its capacity ends where the next one's begin.
func bigSlab(b []byte, width int, set func(*big.Int, []big.Word, []byte)) []*big.Int {
	n := len(b) / WordSize
	digits := (width + bits.UintSize - 1) / bits.UintSize
	pointers, numbers, slab := make([]*big.Int, n), make([]big.Int, n), make([]big.Word, n*digits)
	for i := range pointers {
		pointers[i] = &numbers[i]
		set(&numbers[i], slab[i*digits:(i+1)*digits:(i+1)*digits], b[WordSize*i:])
	}
	return pointers
}

func putMagnitude(w []byte, v *big.Int) {
	_ = w[31]
	if bits.UintSize == 64 {
		var limbs [4]uint64
		for i, d := range v.Bits() {
			limbs[i] = uint64(d)
		}
		binary.BigEndian.PutUint64(w[0:], limbs[3])
		binary.BigEndian.PutUint64(w[8:], limbs[2])
		binary.BigEndian.PutUint64(w[16:], limbs[1])
		binary.BigEndian.PutUint64(w[24:], limbs[0])
		return
	}
	v.FillBytes(w[:WordSize])
}

// negate turns a word into its two's complement.
func negate(w []byte) {
	a, b, c, d := limbs(w)
	d, carry := bits.Add64(^d, 1, 0)
	c, carry = bits.Add64(^c, 0, carry)
	b, carry = bits.Add64(^b, 0, carry)
	a, _ = bits.Add64(^a, 0, carry)
	putLimbs(w, a, b, c, d)
}

func limbs(w []byte) (a, b, c, d uint64) {
	_ = w[31]
	return binary.BigEndian.Uint64(w[0:]), binary.BigEndian.Uint64(w[8:]),
		binary.BigEndian.Uint64(w[16:]), binary.BigEndian.Uint64(w[24:])
}

func putLimbs(w []byte, a, b, c, d uint64) {
	_ = w[31]
	binary.BigEndian.PutUint64(w[0:], a)
	binary.BigEndian.PutUint64(w[8:], b)
	binary.BigEndian.PutUint64(w[16:], c)
	binary.BigEndian.PutUint64(w[24:], d)
}

// limbOf returns which of the four limbs, counted from the most significant, holds the highest bit of a number of the
// given width, and how many bits of that limb lie above it.
func limbOf(width int) (limb, unused int) {
	unused = 256 - width
	return unused / 64, unused % 64
}

func fitsUint(w []byte, width int) bool {
	a, b, c, d := limbs(w)
	l := [4]uint64{a, b, c, d}
	limb, unused := limbOf(width)
	for _, x := range l[:limb] {
		if x != 0 {
			return false
		}
	}
	return l[limb]<<unused>>unused == l[limb]
}

func fitsInt(w []byte, width int) bool {
	a, b, c, d := limbs(w)
	l := [4]uint64{a, b, c, d}
	limb, unused := limbOf(width)
	top := int64(l[limb])
	sign := uint64(top >> 63)
	for _, x := range l[:limb] {
		if x != sign {
			return false
		}
	}
	return top<<unused>>unused == top
}

func setUnsigned(v *big.Int, digits []big.Word, w []byte) {
	a, b, c, d := limbs(w)
	setLimbs(v, digits, a, b, c, d)
}

func setSigned(v *big.Int, digits []big.Word, w []byte) {
	a, b, c, d := limbs(w)
	if int64(a) >= 0 {
		setLimbs(v, digits, a, b, c, d)
		return
	}
	d, carry := bits.Add64(^d, 1, 0)
	c, carry = bits.Add64(^c, 0, carry)
	b, carry = bits.Add64(^b, 0, carry)
	a, _ = bits.Add64(^a, 0, carry)
	setLimbs(v, digits, a, b, c, d)
	v.Neg(v)
}

// setLimbs makes v out of digits, of which there are as many as the value needs at most.
func setLimbs(v *big.Int, digits []big.Word, a, b, c, d uint64) {
	l := [4]uint64{d, c, b, a}
	for i := range digits {
		digits[i] = big.Word(l[i*bits.UintSize/64] >> (i * bits.UintSize % 64))
	}
	v.SetBits(digits)
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
