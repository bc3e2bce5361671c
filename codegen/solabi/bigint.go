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

// limbs are the four parts of a word, highest first. A struct of four words stays in registers, an array does not.
type limbs struct{ a, b, c, d uint64 }

func limbsOf(w []byte) limbs {
	_ = w[31]
	return limbs{
		binary.BigEndian.Uint64(w[0:]), binary.BigEndian.Uint64(w[8:]),
		binary.BigEndian.Uint64(w[16:]), binary.BigEndian.Uint64(w[24:]),
	}
}

func (l limbs) put(w []byte) {
	_ = w[31]
	binary.BigEndian.PutUint64(w[0:], l.a)
	binary.BigEndian.PutUint64(w[8:], l.b)
	binary.BigEndian.PutUint64(w[16:], l.c)
	binary.BigEndian.PutUint64(w[24:], l.d)
}

// within reports whether no bit outside of a range is set, given the bits that are outside.
func (l limbs) within(outside *limbs) bool {
	return l.a&outside.a|l.b&outside.b|l.c&outside.c|l.d&outside.d == 0
}

// xor turns all bits over if sign is all ones, none if it is zero.
func (l limbs) xor(sign uint64) limbs {
	return limbs{l.a ^ sign, l.b ^ sign, l.c ^ sign, l.d ^ sign}
}

// plus adds a small number.
func (l limbs) plus(n uint64) limbs {
	var carry uint64
	l.d, carry = bits.Add64(l.d, n, 0)
	l.c, carry = bits.Add64(l.c, 0, carry)
	l.b, carry = bits.Add64(l.b, 0, carry)
	l.a += carry
	return l
}

// minus takes a small number away.
func (l limbs) minus(n uint64) limbs {
	var borrow uint64
	l.d, borrow = bits.Sub64(l.d, n, 0)
	l.c, borrow = bits.Sub64(l.c, 0, borrow)
	l.b, borrow = bits.Sub64(l.b, 0, borrow)
	l.a -= borrow
	return l
}

// outsideUint and outsideInt are, for each width in bytes, the bits of a word that are zero in an unsigned integer, and
// that are all like the sign in a signed one.
var outsideUint, outsideInt [WordSize + 1]limbs

func init() {
	// ones has all bits of a limb, whose lowest is bit low of the word, from the given bit of the word on.
	ones := func(bit, low int) uint64 {
		if bit >= low+64 {
			return 0
		}
		return ^uint64(0) << max(bit-low, 0)
	}
	for size := 1; size <= WordSize; size++ {
		unsigned, signed := 8*size, 8*size-1
		outsideUint[size] = limbs{ones(unsigned, 192), ones(unsigned, 128), ones(unsigned, 64), ones(unsigned, 0)}
		outsideInt[size] = limbs{ones(signed, 192), ones(signed, 128), ones(signed, 64), ones(signed, 0)}
	}
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
	var sign uint64
	if v.Sign() < 0 {
		l, sign = l.minus(1), ^uint64(0) // -x is the complement of x-1
	}
	if !l.within(&outsideInt[width/8]) {
		return false
	}
	l.xor(sign).put(w)
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
		switch len(digits) {
		case 4:
			l.a = uint64(digits[3])
			fallthrough
		case 3:
			l.b = uint64(digits[2])
			fallthrough
		case 2:
			l.c = uint64(digits[1])
			fallthrough
		case 1:
			l.d = uint64(digits[0])
		}
		return l
	}
	parts := [4]*uint64{&l.d, &l.c, &l.b, &l.a}
	for i, d := range digits {
		*parts[i/digitsPerLimb] |= uint64(d) << (i % digitsPerLimb * bits.UintSize)
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
		for i, v := range vs {
			if v == nil {
				v = ensureBig(nil)
				vs[i] = v
			}
			if !read(v, roomOf(v, digits), b[WordSize*i:], outside) {
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
	sign := uint64(int64(l.a) >> 63) // all bits are like the highest
	l = l.xor(sign)
	if !l.within(outside) {
		return false
	}
	l = l.plus(sign & 1)
	if bits.UintSize == 64 && len(digits) == 3 { // int192 is what prices are
		digits[0], digits[1], digits[2] = big.Word(l.d), big.Word(l.c), big.Word(l.b)
		v.SetBits(digits)
	} else {
		l.set(v, digits)
	}
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
func (l limbs) set(v *big.Int, digits []big.Word) {
	parts := [4]uint64{l.d, l.c, l.b, l.a}
	for i := range digits {
		digits[i] = big.Word(parts[i/digitsPerLimb] >> (i % digitsPerLimb * bits.UintSize))
	}
	v.SetBits(digits)
}
