package solabi

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// wordsPerBig is how many digits of a big.Int make a word of the ABI.
const wordsPerBig = 256 / bits.UintSize

// digitsPerLimb is how many digits of a big.Int make 64 bits.
const digitsPerLimb = 64 / bits.UintSize

// limbs are the four parts of a word, highest first.
type limbs [4]uint64

func limbsOf(w []byte) limbs {
	_ = w[31]
	return limbs{
		binary.BigEndian.Uint64(w[0:]), binary.BigEndian.Uint64(w[8:]),
		binary.BigEndian.Uint64(w[16:]), binary.BigEndian.Uint64(w[24:]),
	}
}

func (l *limbs) put(w []byte) {
	_ = w[31]
	binary.BigEndian.PutUint64(w[0:], l[0])
	binary.BigEndian.PutUint64(w[8:], l[1])
	binary.BigEndian.PutUint64(w[16:], l[2])
	binary.BigEndian.PutUint64(w[24:], l[3])
}

// within reports whether no bit outside of a range is set, given the bits that are outside.
func (l *limbs) within(outside *limbs) bool {
	return l[0]&outside[0]|l[1]&outside[1]|l[2]&outside[2]|l[3]&outside[3] == 0
}

// invert turns all bits over if sign is all ones, none if it is zero.
func (l *limbs) invert(sign uint64) {
	l[0], l[1], l[2], l[3] = l[0]^sign, l[1]^sign, l[2]^sign, l[3]^sign
}

// add adds a small number.
func (l *limbs) add(n uint64) {
	var carry uint64
	l[3], carry = bits.Add64(l[3], n, 0)
	l[2], carry = bits.Add64(l[2], 0, carry)
	l[1], carry = bits.Add64(l[1], 0, carry)
	l[0] += carry
}

// outsideUint and outsideInt are, for each width in bytes, the bits of a word that are zero in an unsigned integer, and
// that are all like the sign in a signed one.
var outsideUint, outsideInt [WordSize + 1]limbs

func init() {
	from := func(bit int) (l limbs) {
		for i := range l {
			low := 64 * (3 - i) // first bit of this limb
			if bit < low+64 {
				l[i] = ^uint64(0) << max(bit-low, 0)
			}
		}
		return l
	}
	for size := 1; size <= WordSize; size++ {
		outsideUint[size], outsideInt[size] = from(8*size), from(8*size-1)
	}
}

// subtract takes a small number away.
func (l *limbs) subtract(n uint64) {
	var borrow uint64
	l[3], borrow = bits.Sub64(l[3], n, 0)
	l[2], borrow = bits.Sub64(l[2], 0, borrow)
	l[1], borrow = bits.Sub64(l[1], 0, borrow)
	l[0] -= borrow
}

// PutBigUint writes v as an unsigned integer of the given width, 8 to 256 bits. It returns false, and writes nothing,
// if v is nil, negative or too large.
func PutBigUint(w []byte, v *big.Int, width int) bool {
	if v == nil || v.Sign() < 0 || len(v.Bits()) > wordsPerBig {
		return false
	}
	l := magnitude(v)
	if !l.within(&outsideUint[width/8]) {
		return false
	}
	l.put(w)
	return true
}

// PutBigInt writes v as a signed integer of the given width, 8 to 256 bits, in two's complement. It returns false, and
// writes nothing, if v is nil or out of range.
func PutBigInt(w []byte, v *big.Int, width int) bool {
	if v == nil || len(v.Bits()) > wordsPerBig {
		return false
	}
	l := magnitude(v)
	negative := v.Sign() < 0
	if negative {
		l.subtract(1) // -x is the complement of x-1
	}
	if !l.within(&outsideInt[width/8]) {
		return false
	}
	if negative {
		l.invert(^uint64(0))
	}
	l.put(w)
	return true
}

// PutBigUints writes consecutive words as PutBigUint does. It returns the index of the first that is out of range, or -1.
func PutBigUints(b []byte, vs []*big.Int, width int) (bad int) {
	for i, v := range vs {
		if !PutBigUint(b[WordSize*i:], v, width) {
			return i
		}
	}
	return -1
}

// PutBigInts writes consecutive words as PutBigInt does. It returns the index of the first that is out of range, or -1.
func PutBigInts(b []byte, vs []*big.Int, width int) (bad int) {
	for i, v := range vs {
		if !PutBigInt(b[WordSize*i:], v, width) {
			return i
		}
	}
	return -1
}

// magnitude is the value of an integer that has no more digits than a word holds, without its sign.
func magnitude(v *big.Int) (l limbs) {
	digits := v.Bits()
	if bits.UintSize == 64 {
		for i, d := range digits {
			l[3-i&3] = uint64(d)
		}
		return l
	}
	for i, d := range digits {
		l[3-i/digitsPerLimb] |= uint64(d) << (i % digitsPerLimb * bits.UintSize)
	}
	return l
}

// BigUint reads an unsigned integer of the given width, 8 to 256 bits, into dst, or into a new one if dst is nil; it
// returns nil if the word holds a larger one.
func BigUint(dst *big.Int, w []byte, width int) *big.Int {
	dst = ensureBig(dst)
	if !readUint(dst, roomOf(dst, digitsFor(width)), w, &outsideUint[width/8]) {
		return nil
	}
	return dst
}

// BigInt reads a signed integer of the given width, 8 to 256 bits, into dst, or into a new one if dst is nil; it returns
// nil if the word holds one out of range.
func BigInt(dst *big.Int, w []byte, width int) *big.Int {
	dst = ensureBig(dst)
	if !readInt(dst, roomOf(dst, digitsFor(width)), w, &outsideInt[width/8]) {
		return nil
	}
	return dst
}

// BigUints reads consecutive words as unsigned integers of the given width. If one is out of range it returns nil and
// the index of the first such. It uses dst and the integers in it if there are enough; else all share three allocations.
func BigUints(dst []*big.Int, b []byte, width int) (vs []*big.Int, bad int) {
	return readMany(dst, b, digitsFor(width), &outsideUint[width/8], readUint)
}

// BigInts reads consecutive words as signed integers of the given width. If one is out of range it returns nil and the
// index of the first such. It uses dst and the integers in it if there are enough; else all share three allocations.
func BigInts(dst []*big.Int, b []byte, width int) (vs []*big.Int, bad int) {
	return readMany(dst, b, digitsFor(width), &outsideInt[width/8], readInt)
}

// readMany reads consecutive words by the given function.
func readMany(dst []*big.Int, b []byte, digits int, outside *limbs, read func(*big.Int, []big.Word, []byte, *limbs) bool) (vs []*big.Int, bad int) {
	n := len(b) / WordSize
	if dst != nil && cap(dst) >= n {
		vs = dst[:n]
		for i := range vs {
			vs[i] = ensureBig(vs[i])
			if !read(vs[i], roomOf(vs[i], digits), b[WordSize*i:], outside) {
				return nil, i
			}
		}
		return vs, 0
	}
	// The room for digits has an allocation of its own: the garbage collector need not look into it.
	vs, numbers, room := make([]*big.Int, n), make([]big.Int, n), make([]big.Word, n*digits)
	for i := range vs {
		v := &numbers[i]
		vs[i] = v
		if !read(v, room[:digits:digits], b[WordSize*i:], outside) {
			return nil, i
		}
		room = room[digits:]
	}
	return vs, 0
}

// readUint makes v, out of the given digits, what a word says; it returns false if that is out of range.
func readUint(v *big.Int, digits []big.Word, w []byte, outside *limbs) bool {
	l := limbsOf(w)
	if !l.within(outside) {
		return false
	}
	l.set(v, digits)
	return true
}

// readInt is readUint for two's complement.
func readInt(v *big.Int, digits []big.Word, w []byte, outside *limbs) bool {
	l := limbsOf(w)
	sign := uint64(int64(l[0]) >> 63) // all bits are like the highest
	l.invert(sign)
	if !l.within(outside) {
		return false
	}
	l.add(sign & 1)
	l.set(v, digits)
	if sign != 0 {
		v.Neg(v)
	}
	return true
}

// digitsFor is how many digits of a big.Int the integers of a width need at most.
func digitsFor(width int) int { return (width + bits.UintSize - 1) / bits.UintSize }

// A number is an integer with room for its digits beside it, so that both are one allocation.
type number struct {
	v      big.Int
	digits [wordsPerBig]big.Word
}

func ensureBig(dst *big.Int) *big.Int {
	if dst == nil {
		n := new(number)
		n.v.SetBits(n.digits[:0])
		return &n.v
	}
	return dst
}

// roomOf is the room that an integer has for its digits.
func roomOf(v *big.Int, n int) []big.Word {
	if d := v.Bits(); cap(d) >= n {
		return d[:n]
	}
	return make([]big.Word, n)
}

// set makes v out of digits, of which there are as many as the value needs at most.
func (l *limbs) set(v *big.Int, digits []big.Word) {
	switch {
	case bits.UintSize == 64 && len(digits) == 3: // int192 is what prices are
		digits[0], digits[1], digits[2] = big.Word(l[3]), big.Word(l[2]), big.Word(l[1])
	case bits.UintSize == 64:
		for i := range digits {
			digits[i] = big.Word(l[3-i&3])
		}
	default:
		for i := range digits {
			digits[i] = big.Word(l[3-i/digitsPerLimb] >> (i % digitsPerLimb * bits.UintSize))
		}
	}
	v.SetBits(digits)
}
