// Package field256 is arithmetic modulo p = (2²⁵⁶ - c)/e for small c and e, as
// the fields of curve25519 (c = 38, e = 2) and secp256k1 (c = 2³² + 977, e = 1)
// have it. Any of the numbers below 2²⁵⁶ that are congruent to an element
// stands for it.
//
// The special form makes reduction much cheaper than the general (Montgomery)
// method: since 2²⁵⁶ = c modulo p, the upper half of a product counts c times.
//
// c must be below 2³⁴. Results may be stored where arguments are. Inversion
// takes variable time, the rest constant time.
package field256

import "math/bits"

// Element is a number, least significant limb first.
type Element [4]uint64

// Less compares numbers, not elements.
func (x *Element) Less(y *Element) bool {
	_, b := bits.Sub64(x[0], y[0], 0)
	_, b = bits.Sub64(x[1], y[1], b)
	_, b = bits.Sub64(x[2], y[2], b)
	_, b = bits.Sub64(x[3], y[3], b)
	return b != 0
}

// Add sets z to x + y.
func Add(z, x, y *Element, c uint64) {
	z0, carry := bits.Add64(x[0], y[0], 0)
	z1, carry := bits.Add64(x[1], y[1], carry)
	z2, carry := bits.Add64(x[2], y[2], carry)
	z3, carry := bits.Add64(x[3], y[3], carry)
	z0, carry = bits.Add64(z0, -carry&c, 0)
	z1, carry = bits.Add64(z1, 0, carry)
	z2, carry = bits.Add64(z2, 0, carry)
	z3, carry = bits.Add64(z3, 0, carry)
	// After a second carry the number is below c: no third one.
	z[0], z[1], z[2], z[3] = z0+-carry&c, z1, z2, z3
}

// Sub sets z to x - y.
func Sub(z, x, y *Element, c uint64) {
	z0, b := bits.Sub64(x[0], y[0], 0)
	z1, b := bits.Sub64(x[1], y[1], b)
	z2, b := bits.Sub64(x[2], y[2], b)
	z3, b := bits.Sub64(x[3], y[3], b)
	z0, b = bits.Sub64(z0, -b&c, 0)
	z1, b = bits.Sub64(z1, 0, b)
	z2, b = bits.Sub64(z2, 0, b)
	z3, b = bits.Sub64(z3, 0, b)
	// After a second borrow the number is at least 2²⁵⁶ - c: no third one.
	z[0], z[1], z[2], z[3] = z0-(-b&c), z1, z2, z3
}

// mulGeneric sets z to x·y.
func mulGeneric(z, x, y *Element, c uint64) {
	y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
	var carry uint64

	v := x[0]
	h0, r0 := bits.Mul64(v, y0)
	h1, r1 := bits.Mul64(v, y1)
	h2, r2 := bits.Mul64(v, y2)
	h3, r3 := bits.Mul64(v, y3)
	r1, carry = bits.Add64(r1, h0, 0)
	r2, carry = bits.Add64(r2, h1, carry)
	r3, carry = bits.Add64(r3, h2, carry)
	r4 := h3 + carry

	v = x[1]
	h0, l0 := bits.Mul64(v, y0)
	h1, l1 := bits.Mul64(v, y1)
	h2, l2 := bits.Mul64(v, y2)
	h3, l3 := bits.Mul64(v, y3)
	l1, carry = bits.Add64(l1, h0, 0)
	l2, carry = bits.Add64(l2, h1, carry)
	l3, carry = bits.Add64(l3, h2, carry)
	h3 += carry
	r1, carry = bits.Add64(r1, l0, 0)
	r2, carry = bits.Add64(r2, l1, carry)
	r3, carry = bits.Add64(r3, l2, carry)
	r4, carry = bits.Add64(r4, l3, carry)
	r5 := h3 + carry

	v = x[2]
	h0, l0 = bits.Mul64(v, y0)
	h1, l1 = bits.Mul64(v, y1)
	h2, l2 = bits.Mul64(v, y2)
	h3, l3 = bits.Mul64(v, y3)
	l1, carry = bits.Add64(l1, h0, 0)
	l2, carry = bits.Add64(l2, h1, carry)
	l3, carry = bits.Add64(l3, h2, carry)
	h3 += carry
	r2, carry = bits.Add64(r2, l0, 0)
	r3, carry = bits.Add64(r3, l1, carry)
	r4, carry = bits.Add64(r4, l2, carry)
	r5, carry = bits.Add64(r5, l3, carry)
	r6 := h3 + carry

	v = x[3]
	h0, l0 = bits.Mul64(v, y0)
	h1, l1 = bits.Mul64(v, y1)
	h2, l2 = bits.Mul64(v, y2)
	h3, l3 = bits.Mul64(v, y3)
	l1, carry = bits.Add64(l1, h0, 0)
	l2, carry = bits.Add64(l2, h1, carry)
	l3, carry = bits.Add64(l3, h2, carry)
	h3 += carry
	r3, carry = bits.Add64(r3, l0, 0)
	r4, carry = bits.Add64(r4, l1, carry)
	r5, carry = bits.Add64(r5, l2, carry)
	r6, carry = bits.Add64(r6, l3, carry)
	r7 := h3 + carry

	z.reduce(r0, r1, r2, r3, r4, r5, r6, r7, c)
}

// squareGeneric sets z to x². It spares six of the sixteen products of
// mulGeneric, which come twice.
func squareGeneric(z, x *Element, c uint64) {
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	var carry uint64

	// The products of different limbs,
	h1, r1 := bits.Mul64(x0, x1)
	h2, r2 := bits.Mul64(x0, x2)
	h3, r3 := bits.Mul64(x0, x3)
	r2, carry = bits.Add64(r2, h1, 0)
	r3, carry = bits.Add64(r3, h2, carry)
	r4 := h3 + carry
	h1, l1 := bits.Mul64(x1, x2)
	h2, l2 := bits.Mul64(x1, x3)
	l2, carry = bits.Add64(l2, h1, 0)
	h2 += carry
	r3, carry = bits.Add64(r3, l1, 0)
	r4, carry = bits.Add64(r4, l2, carry)
	r5 := h2 + carry
	r6, l3 := bits.Mul64(x2, x3)
	r5, carry = bits.Add64(r5, l3, 0)
	r6 += carry

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
	r1, carry = bits.Add64(r1, h0, 0)
	h1, l1 = bits.Mul64(x1, x1)
	r2, carry = bits.Add64(r2, l1, carry)
	r3, carry = bits.Add64(r3, h1, carry)
	h2, l2 = bits.Mul64(x2, x2)
	r4, carry = bits.Add64(r4, l2, carry)
	r5, carry = bits.Add64(r5, h2, carry)
	h3, l3 = bits.Mul64(x3, x3)
	r6, carry = bits.Add64(r6, l3, carry)
	r7 += h3 + carry

	z.reduce(r0, r1, r2, r3, r4, r5, r6, r7, c)
}

// reduce sets z to the product with the limbs r0 to r7.
func (z *Element) reduce(r0, r1, r2, r3, r4, r5, r6, r7, c uint64) {
	var carry uint64
	// The upper half counts c times; what that carries out, once more.
	h0, l0 := bits.Mul64(r4, c)
	h1, l1 := bits.Mul64(r5, c)
	h2, l2 := bits.Mul64(r6, c)
	h3, l3 := bits.Mul64(r7, c)
	r0, carry = bits.Add64(r0, l0, 0)
	r1, carry = bits.Add64(r1, l1, carry)
	r2, carry = bits.Add64(r2, l2, carry)
	r3, carry = bits.Add64(r3, l3, carry)
	h3 += carry
	r1, carry = bits.Add64(r1, h0, 0)
	r2, carry = bits.Add64(r2, h1, carry)
	r3, carry = bits.Add64(r3, h2, carry)
	h3 += carry
	h0, l0 = bits.Mul64(h3, c)
	r0, carry = bits.Add64(r0, l0, 0)
	r1, carry = bits.Add64(r1, h0, carry)
	r2, carry = bits.Add64(r2, 0, carry)
	r3, carry = bits.Add64(r3, 0, carry)
	// If that carries, what is left is below 2⁶⁷.
	r0, carry = bits.Add64(r0, -carry&c, 0)
	z[0], z[1], z[2], z[3] = r0, r1+carry, r2, r3
}

// Digits writes the number in len(out) signed digits of width bits, least
// significant first. Digits are above -2^(width-1) and at most 2^(width-1).
// width is at most 15, and the digits are enough for the number and a carry.
func (x *Element) Digits(out []int16, width uint) {
	carry := 0
	for i := range out {
		bit := uint(i) * width
		v := uint64(0)
		if bit < 256 {
			v = x[bit/64] >> (bit % 64)
			if bit/64 < 3 {
				v |= x[bit/64+1] << (64 - bit%64) // a shift by 64 gives 0
			}
		}
		d := int(v&(1<<width-1)) + carry
		carry = 0
		if d > 1<<(width-1) {
			d -= 1 << width
			carry = 1
		}
		out[i] = int16(d)
	}
}
