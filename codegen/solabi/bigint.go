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

// BigUint reads an unsigned integer of the given width, 8 to 256 bits, into dst, or into a new one if dst is nil; it
// returns nil if the word holds a larger one.
func BigUint(dst *big.Int, w []byte, width int) *big.Int {
	if !fitsUint(w, width) {
		return nil
	}
	dst = ensureBig(dst)
	setUnsigned(dst, digitsOf(dst, wordsPerBig), w)
	return dst
}

// BigInt reads a signed integer of the given width, 8 to 256 bits, into dst, or into a new one if dst is nil; it returns
// nil if the word holds one out of range.
func BigInt(dst *big.Int, w []byte, width int) *big.Int {
	if !fitsInt(w, width) {
		return nil
	}
	dst = ensureBig(dst)
	setSigned(dst, digitsOf(dst, wordsPerBig), w)
	return dst
}

// BigUints reads consecutive words as unsigned integers of the given width. If one is out of range it returns nil and
// the index of the first such. It uses dst and the integers in it if there are enough; else all share two allocations.
func BigUints(dst []*big.Int, b []byte, width int) (vs []*big.Int, bad int) {
	for i := range len(b) / WordSize {
		if !fitsUint(b[WordSize*i:], width) {
			return nil, i
		}
	}
	return readBigs(dst, b, width, setUnsigned), 0
}

// BigInts reads consecutive words as signed integers of the given width. If one is out of range it returns nil and the
// index of the first such. It uses dst and the integers in it if there are enough; else all share two allocations.
func BigInts(dst []*big.Int, b []byte, width int) (vs []*big.Int, bad int) {
	for i := range len(b) / WordSize {
		if !fitsInt(b[WordSize*i:], width) {
			return nil, i
		}
	}
	return readBigs(dst, b, width, setSigned), 0
}

// A number is an integer with room for its digits beside it, so that both are one allocation.
type number struct {
	v      big.Int
	digits [wordsPerBig]big.Word
}

func newNumber() *big.Int {
	n := new(number)
	n.v.SetBits(n.digits[:0])
	return &n.v
}

func ensureBig(dst *big.Int) *big.Int {
	if dst == nil {
		return newNumber()
	}
	return dst
}

// digitsOf is the room that an integer has for its digits.
func digitsOf(v *big.Int, n int) []big.Word {
	if d := v.Bits(); cap(d) >= n {
		return d[:n]
	}
	return make([]big.Word, n)
}

func readBigs(dst []*big.Int, b []byte, width int, set func(*big.Int, []big.Word, []byte)) []*big.Int {
	n := len(b) / WordSize
	digits := (width + bits.UintSize - 1) / bits.UintSize
	if dst == nil || cap(dst) < n {
		dst = make([]*big.Int, n)
		numbers := make([]number, n)
		for i := range dst {
			dst[i] = &numbers[i].v
			set(dst[i], numbers[i].digits[:digits], b[WordSize*i:])
		}
		return dst
	}
	dst = dst[:n]
	for i := range dst {
		dst[i] = ensureBig(dst[i])
		set(dst[i], digitsOf(dst[i], digits), b[WordSize*i:])
	}
	return dst
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

// fitsUint reports whether all bits above the given width are zero.
func fitsUint(w []byte, width int) bool {
	a, b, c, d := limbs(w)
	switch {
	case width > 192:
		return a>>(width-192-1)>>1 == 0
	case width > 128:
		return a|b>>(width-128-1)>>1 == 0
	case width > 64:
		return a|b|c>>(width-64-1)>>1 == 0
	}
	return a|b|c|d>>(width-1)>>1 == 0
}

// fitsInt reports whether all bits above the given width are the sign.
func fitsInt(w []byte, width int) bool {
	a, b, c, d := limbs(w)
	var above, top uint64
	var unused int
	switch {
	case width > 192:
		above, top, unused = signOf(a), a, 256-width
	case width > 128:
		above, top, unused = a, b, 192-width
	case width > 64:
		above, top, unused = a, c, 128-width
		if b != a {
			return false
		}
	default:
		above, top, unused = a, d, 64-width
		if b != a || c != a {
			return false
		}
	}
	return above == signOf(top) && uint64(int64(top<<unused)>>unused) == top
}

// signOf is 64 times the highest bit.
func signOf(limb uint64) uint64 { return uint64(int64(limb) >> 63) }

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
	if bits.UintSize == 64 && len(digits) >= 3 {
		digits[0], digits[1], digits[2] = big.Word(d), big.Word(c), big.Word(b)
		if len(digits) == 4 {
			digits[3] = big.Word(a)
		}
	} else {
		l := [4]uint64{d, c, b, a}
		for i := range digits {
			digits[i] = big.Word(l[i*bits.UintSize/64] >> (i * bits.UintSize % 64))
		}
	}
	v.SetBits(digits)
}
