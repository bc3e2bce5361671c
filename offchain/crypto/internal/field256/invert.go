package field256

import "math/bits"

// Modulus is an odd number. Make one with [NewModulus].
type Modulus struct {
	m      Element
	negInv uint64 // -1/m modulo 2⁶⁴
}

// NewModulus returns the modulus m, which must be odd.
func NewModulus(m Element) *Modulus {
	inv := m[0] // right modulo 2³; each step doubles the number of right bits
	for range 5 {
		inv *= 2 - m[0]*inv
	}
	return &Modulus{m, -inv}
}

// Invert returns 1/x for an x from 1 to m-1 that is coprime to m, by the binary
// variant of Euclid's algorithm. (The library's allocates.)
func (m *Modulus) Invert(x *Element) Element {
	// b·x = u and c·x = v modulo m, u and v odd but for the first u.
	u, v := *x, m.m
	b, c := Element{1}, Element{}
	m.makeOdd(&u, &b)
	for u != v {
		// Their difference is even, and not 0.
		var d Element
		var borrow uint64
		d[0], borrow = bits.Sub64(u[0], v[0], 0)
		d[1], borrow = bits.Sub64(u[1], v[1], borrow)
		d[2], borrow = bits.Sub64(u[2], v[2], borrow)
		d[3], borrow = bits.Sub64(u[3], v[3], borrow)
		if borrow == 0 {
			u = d
			m.sub(&b, &b, &c)
			m.makeOdd(&u, &b)
		} else {
			d[0], borrow = bits.Sub64(v[0], u[0], 0)
			d[1], borrow = bits.Sub64(v[1], u[1], borrow)
			d[2], borrow = bits.Sub64(v[2], u[2], borrow)
			d[3], _ = bits.Sub64(v[3], u[3], borrow)
			v = d
			m.sub(&c, &c, &b)
			m.makeOdd(&v, &c)
		}
	}
	return b // u = v is the greatest common divisor, 1
}

// makeOdd divides u, which is not 0, by the highest power of two that divides
// it, and b by the same modulo m.
func (m *Modulus) makeOdd(u, b *Element) {
	for u[0]&1 == 0 {
		k := uint(min(bits.TrailingZeros64(u[0]), 63))
		shiftRight(u, 0, k)
		// q·m makes up for the lowest k bits of b; the sum is below 2^k·m.
		q := (b[0] * m.negInv) & (1<<k - 1)
		h0, l0 := bits.Mul64(q, m.m[0])
		h1, l1 := bits.Mul64(q, m.m[1])
		h2, l2 := bits.Mul64(q, m.m[2])
		h3, l3 := bits.Mul64(q, m.m[3])
		var c uint64
		l1, c = bits.Add64(l1, h0, 0)
		l2, c = bits.Add64(l2, h1, c)
		l3, c = bits.Add64(l3, h2, c)
		h3 += c
		b[0], c = bits.Add64(b[0], l0, 0)
		b[1], c = bits.Add64(b[1], l1, c)
		b[2], c = bits.Add64(b[2], l2, c)
		b[3], c = bits.Add64(b[3], l3, c)
		shiftRight(b, h3+c, k)
	}
}

// shiftRight shifts x, with top above its highest limb, by k bits, 1 to 63.
func shiftRight(x *Element, top uint64, k uint) {
	l := 64 - k
	x[0] = x[0]>>k | x[1]<<l
	x[1] = x[1]>>k | x[2]<<l
	x[2] = x[2]>>k | x[3]<<l
	x[3] = x[3]>>k | top<<l
}

// sub sets z to x - y modulo m, for x and y below m.
func (m *Modulus) sub(z, x, y *Element) {
	z0, b := bits.Sub64(x[0], y[0], 0)
	z1, b := bits.Sub64(x[1], y[1], b)
	z2, b := bits.Sub64(x[2], y[2], b)
	z3, b := bits.Sub64(x[3], y[3], b)
	mask := -b
	z[0], b = bits.Add64(z0, m.m[0]&mask, 0)
	z[1], b = bits.Add64(z1, m.m[1]&mask, b)
	z[2], b = bits.Add64(z2, m.m[2]&mask, b)
	z[3], _ = bits.Add64(z3, m.m[3]&mask, b)
}
