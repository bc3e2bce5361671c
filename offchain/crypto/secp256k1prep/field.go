package secp256k1prep

import (
	"encoding/binary"
	"math/bits"
)

// fe is an element of the field of p = 2²⁵⁶ - fold, least significant limb
// first. Any of the numbers below 2²⁵⁶ that are congruent to an element stands
// for it; normal picks the one below p.
//
// The special form of p makes reduction much cheaper than the general
// (Montgomery) method of libraries that have no assembly for this curve.
type fe [4]uint64

// fold is 2²⁵⁶ mod p.
const fold = 1<<32 + 977

var (
	feOne   = fe{1}
	feOrder = fe{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff} // n, the group order
	prime   = fe{1<<64 - fold, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1}
)

func feFromBytes(b *[32]byte) fe {
	return fe{
		binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:]),
		binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[:]),
	}
}

func (z *fe) bytes() (b [32]byte) {
	for i, limb := range z {
		binary.BigEndian.PutUint64(b[24-8*i:], limb)
	}
	return b
}

// less compares numbers, not elements.
func (z *fe) less(x *fe) bool {
	_, b := bits.Sub64(z[0], x[0], 0)
	_, b = bits.Sub64(z[1], x[1], b)
	_, b = bits.Sub64(z[2], x[2], b)
	_, b = bits.Sub64(z[3], x[3], b)
	return b != 0
}

// normal returns the representative below p.
func (z *fe) normal() fe {
	if z.less(&prime) {
		return *z
	}
	return fe{z[0] - prime[0]} // p ≤ z < 2²⁵⁶: all but the lowest limbs agree
}

func (z *fe) isZero() bool {
	return z[0]|z[1]|z[2]|z[3] == 0 || *z == prime
}

func (z *fe) add(x, y *fe) {
	z0, c := bits.Add64(x[0], y[0], 0)
	z1, c := bits.Add64(x[1], y[1], c)
	z2, c := bits.Add64(x[2], y[2], c)
	z3, c := bits.Add64(x[3], y[3], c)
	z0, c = bits.Add64(z0, -c&fold, 0)
	z1, c = bits.Add64(z1, 0, c)
	z2, c = bits.Add64(z2, 0, c)
	z3, c = bits.Add64(z3, 0, c)
	// After a second carry the number is below fold: no third one.
	z[0], z[1], z[2], z[3] = z0+-c&fold, z1, z2, z3
}

func (z *fe) sub(x, y *fe) {
	z0, b := bits.Sub64(x[0], y[0], 0)
	z1, b := bits.Sub64(x[1], y[1], b)
	z2, b := bits.Sub64(x[2], y[2], b)
	z3, b := bits.Sub64(x[3], y[3], b)
	z0, b = bits.Sub64(z0, -b&fold, 0)
	z1, b = bits.Sub64(z1, 0, b)
	z2, b = bits.Sub64(z2, 0, b)
	z3, b = bits.Sub64(z3, 0, b)
	// After a second borrow the number is at least 2²⁵⁶ - fold: no third one.
	z[0], z[1], z[2], z[3] = z0-(-b&fold), z1, z2, z3
}

func (z *fe) mul(x, y *fe) {
	y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
	var c uint64

	v := x[0]
	h0, r0 := bits.Mul64(v, y0)
	h1, r1 := bits.Mul64(v, y1)
	h2, r2 := bits.Mul64(v, y2)
	h3, r3 := bits.Mul64(v, y3)
	r1, c = bits.Add64(r1, h0, 0)
	r2, c = bits.Add64(r2, h1, c)
	r3, c = bits.Add64(r3, h2, c)
	r4 := h3 + c

	v = x[1]
	h0, l0 := bits.Mul64(v, y0)
	h1, l1 := bits.Mul64(v, y1)
	h2, l2 := bits.Mul64(v, y2)
	h3, l3 := bits.Mul64(v, y3)
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	r1, c = bits.Add64(r1, l0, 0)
	r2, c = bits.Add64(r2, l1, c)
	r3, c = bits.Add64(r3, l2, c)
	r4, c = bits.Add64(r4, l3, c)
	r5 := h3 + c

	v = x[2]
	h0, l0 = bits.Mul64(v, y0)
	h1, l1 = bits.Mul64(v, y1)
	h2, l2 = bits.Mul64(v, y2)
	h3, l3 = bits.Mul64(v, y3)
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	r2, c = bits.Add64(r2, l0, 0)
	r3, c = bits.Add64(r3, l1, c)
	r4, c = bits.Add64(r4, l2, c)
	r5, c = bits.Add64(r5, l3, c)
	r6 := h3 + c

	v = x[3]
	h0, l0 = bits.Mul64(v, y0)
	h1, l1 = bits.Mul64(v, y1)
	h2, l2 = bits.Mul64(v, y2)
	h3, l3 = bits.Mul64(v, y3)
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	r3, c = bits.Add64(r3, l0, 0)
	r4, c = bits.Add64(r4, l1, c)
	r5, c = bits.Add64(r5, l2, c)
	r6, c = bits.Add64(r6, l3, c)
	r7 := h3 + c

	// The upper half counts fold times; what that carries out, once more.
	h0, l0 = bits.Mul64(r4, fold)
	h1, l1 = bits.Mul64(r5, fold)
	h2, l2 = bits.Mul64(r6, fold)
	h3, l3 = bits.Mul64(r7, fold)
	r0, c = bits.Add64(r0, l0, 0)
	r1, c = bits.Add64(r1, l1, c)
	r2, c = bits.Add64(r2, l2, c)
	r3, c = bits.Add64(r3, l3, c)
	h3 += c
	r1, c = bits.Add64(r1, h0, 0)
	r2, c = bits.Add64(r2, h1, c)
	r3, c = bits.Add64(r3, h2, c)
	h3 += c
	h0, l0 = bits.Mul64(h3, fold)
	r0, c = bits.Add64(r0, l0, 0)
	r1, c = bits.Add64(r1, h0, c)
	r2, c = bits.Add64(r2, 0, c)
	r3, c = bits.Add64(r3, 0, c)
	// If that carries, what is left is below 2⁶⁷.
	r0, c = bits.Add64(r0, -c&fold, 0)
	z[0], z[1], z[2], z[3] = r0, r1+c, r2, r3
}

// square spares six of the sixteen products of mul, which come twice.
func (z *fe) square(x *fe) {
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	var c uint64

	// The products of different limbs,
	h1, r1 := bits.Mul64(x0, x1)
	h2, r2 := bits.Mul64(x0, x2)
	h3, r3 := bits.Mul64(x0, x3)
	r2, c = bits.Add64(r2, h1, 0)
	r3, c = bits.Add64(r3, h2, c)
	r4 := h3 + c
	h1, l1 := bits.Mul64(x1, x2)
	h2, l2 := bits.Mul64(x1, x3)
	l2, c = bits.Add64(l2, h1, 0)
	h2 += c
	r3, c = bits.Add64(r3, l1, 0)
	r4, c = bits.Add64(r4, l2, c)
	r5 := h2 + c
	r6, l3 := bits.Mul64(x2, x3)
	r5, c = bits.Add64(r5, l3, 0)
	r6 += c

	// twice,
	r7 := r6 >> 63
	r6 = r6<<1 | r5>>63
	r5 = r5<<1 | r4>>63
	r4 = r4<<1 | r3>>63
	r3 = r3<<1 | r2>>63
	r2 = r2<<1 | r1>>63
	r1 <<= 1

	// and the squares of limbs.
	h0, r0 := bits.Mul64(x0, x0)
	r1, c = bits.Add64(r1, h0, 0)
	h1, l1 = bits.Mul64(x1, x1)
	r2, c = bits.Add64(r2, l1, c)
	r3, c = bits.Add64(r3, h1, c)
	h2, l2 = bits.Mul64(x2, x2)
	r4, c = bits.Add64(r4, l2, c)
	r5, c = bits.Add64(r5, h2, c)
	h3, l3 = bits.Mul64(x3, x3)
	r6, c = bits.Add64(r6, l3, c)
	r7 += h3 + c

	// The upper half counts fold times; what that carries out, once more.
	h0, l0 := bits.Mul64(r4, fold)
	h1, l1 = bits.Mul64(r5, fold)
	h2, l2 = bits.Mul64(r6, fold)
	h3, l3 = bits.Mul64(r7, fold)
	r0, c = bits.Add64(r0, l0, 0)
	r1, c = bits.Add64(r1, l1, c)
	r2, c = bits.Add64(r2, l2, c)
	r3, c = bits.Add64(r3, l3, c)
	h3 += c
	r1, c = bits.Add64(r1, h0, 0)
	r2, c = bits.Add64(r2, h1, c)
	r3, c = bits.Add64(r3, h2, c)
	h3 += c
	h0, l0 = bits.Mul64(h3, fold)
	r0, c = bits.Add64(r0, l0, 0)
	r1, c = bits.Add64(r1, h0, c)
	r2, c = bits.Add64(r2, 0, c)
	r3, c = bits.Add64(r3, 0, c)
	// If that carries, what is left is below 2⁶⁷.
	r0, c = bits.Add64(r0, -c&fold, 0)
	z[0], z[1], z[2], z[3] = r0, r1+c, r2, r3
}

// invert sets z to 1/x. x must not be 0.
func (z *fe) invert(x *fe) {
	n := [4]uint64(x.normal())
	*z = modPrime.invert(&n)
}
