package field256

import "math/bits"

// Modulus is an odd number. Make one with [NewModulus].
type Modulus struct {
	m   number
	inv uint64 // 1/m modulo 2⁶²
}

// NewModulus returns the modulus m, which must be odd.
func NewModulus(m Element) *Modulus {
	inv := m[0] // right modulo 2³; each step doubles the number of right bits
	for range 5 {
		inv *= 2 - m[0]*inv
	}
	return &Modulus{numberOf(&m), inv & mask}
}

// Inversion is by division steps of Bernstein and Yang, "Fast constant-time gcd
// computation and modular inversion" (2019), in variable time. A step replaces
// two numbers f (odd) and g, beginning with m and x, by others with the same
// common divisors:
//
//	δ > 0 and g odd: δ, f, g = 1-δ, g, (g-f)/2
//	else:            δ, f, g = 1+δ, f, (g+(g mod 2)·f)/2
//
// until g is 0 and f is 1 or -1. What the next 62 steps do depends on the
// lowest 62 bits and δ only: they are done on one limb and applied to the whole
// numbers, and to d and e with d·x = f and e·x = g modulo m, as a matrix.

// number is signed, of limbs of 62 bits, least significant first. All but the
// highest limb are from 0 to 2⁶²-1.
type number [5]int64

const mask = 1<<62 - 1

func numberOf(x *Element) number {
	return number{
		int64(x[0] & mask), int64((x[0]>>62 | x[1]<<2) & mask), int64((x[1]>>60 | x[2]<<4) & mask),
		int64((x[2]>>58 | x[3]<<6) & mask), int64(x[3] >> 56),
	}
}

// element is the opposite of numberOf.
func (x *number) element() Element {
	return Element{
		uint64(x[0]) | uint64(x[1])<<62, uint64(x[1])>>2 | uint64(x[2])<<60,
		uint64(x[2])>>4 | uint64(x[3])<<58, uint64(x[3])>>6 | uint64(x[4])<<56,
	}
}

// add sets x to s·x + y, for an s of 1 or -1.
func (x *number) add(s int64, y *number) {
	carry := int64(0)
	for i := range x {
		carry += s*x[i] + y[i]
		if i < 4 {
			x[i] = carry & mask
			carry >>= 62
		}
	}
	x[4] = carry
}

// matrix is what some division steps do to f and g: u·f + v·g and q·f + r·g,
// divided by 2⁶².
type matrix struct{ u, v, q, r int64 }

// Invert returns 1/x for an x from 1 to m-1 that is coprime to m.
func (m *Modulus) Invert(x *Element) Element {
	f, g := m.m, numberOf(x)
	d, e := number{}, number{1}
	delta := 1
	n := 5 // limbs of f and g that are used; the highest is signed
	for {
		t := matrix{1, 0, 0, 1}
		delta = t.steps(delta, uint64(f[0])|uint64(f[1])<<62, uint64(g[0])|uint64(g[1])<<62)
		m.apply(&t, &d, &e)
		t.apply(f[:n], g[:n])
		any := int64(0)
		for _, limb := range g[:n] {
			any |= limb
		}
		if any == 0 {
			break
		}
		if top := n - 1; n > 2 && uint64(f[top]+1) < 2 && uint64(g[top]+1) < 2 { // 0 or -1: signs only
			f[top-1] |= f[top] << 62
			g[top-1] |= g[top] << 62
			f[top], g[top] = 0, 0
			n--
		}
	}
	// f is 1 or -1; d is between -2m and m.
	if d[4] < 0 {
		d.add(1, &m.m)
	}
	if f[n-1] < 0 {
		d.add(-1, &number{})
	}
	if d[4] < 0 {
		d.add(1, &m.m)
	}
	return d.element()
}

// steps does 62 division steps on the lowest bits of f and g, and returns the
// new δ.
func (t *matrix) steps(delta int, f, g uint64) int {
	u, v, q, r := uint64(1), uint64(0), uint64(0), uint64(1)
	for left := 62; ; {
		// As long as g is even, it is halved; instead, the others are doubled.
		zeros := bits.TrailingZeros64(g | ^uint64(0)<<left)
		g >>= zeros
		u <<= zeros
		v <<= zeros
		delta += zeros
		if left -= zeros; left == 0 {
			break
		}
		if delta > 0 {
			delta = -delta
			f, g = g, -f
			u, q = q, -u
			v, r = r, -v
		}
		// That was the exchange, without the addition. For the next 1-δ steps f
		// stays, and is added to g where that makes it even: all together w
		// times. f·(2-f²) is 1/f modulo 2⁶.
		k := min(1-delta, left, 6)
		w := g * f * (f*f - 2) & (1<<k - 1)
		g += f * w
		q += u * w
		r += v * w
	}
	t.u, t.v, t.q, t.r = int64(u), int64(v), int64(q), int64(r)
	return delta
}

// wide is a signed number of 128 bits.
type wide struct{ hi, lo uint64 }

// addProduct adds a·b.
func (x *wide) addProduct(a, b int64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	hi -= uint64(a>>63&b) + uint64(b>>63&a) // what is taken for positive is 2⁶⁴ too much
	var carry uint64
	x.lo, carry = bits.Add64(x.lo, lo, 0)
	x.hi += hi + carry
}

// shift divides by 2⁶², rounding down.
func (x *wide) shift() {
	x.lo = x.lo>>62 | x.hi<<2
	x.hi = uint64(int64(x.hi) >> 62)
}

// apply applies the matrix to f and g. What it divides off is 0.
func (t *matrix) apply(f, g []int64) {
	var x, y wide
	x.addProduct(t.u, f[0])
	x.addProduct(t.v, g[0])
	y.addProduct(t.q, f[0])
	y.addProduct(t.r, g[0])
	x.shift()
	y.shift()
	last := len(f) - 1
	for i := 1; i <= last; i++ {
		x.addProduct(t.u, f[i])
		x.addProduct(t.v, g[i])
		y.addProduct(t.q, f[i])
		y.addProduct(t.r, g[i])
		f[i-1], g[i-1] = int64(x.lo&mask), int64(y.lo&mask)
		x.shift()
		y.shift()
	}
	f[last], g[last] = int64(x.lo), int64(y.lo)
}

// apply applies the matrix to d and e, which are between -2m and m, and stay
// so: multiples of m are added that make up for their signs and for the bits
// that are divided off.
func (m *Modulus) apply(t *matrix, d, e *number) {
	signD, signE := d[4]>>63, e[4]>>63
	kd, ke := t.u&signD+t.v&signE, t.q&signD+t.r&signE
	var x, y wide
	x.addProduct(t.u, d[0])
	x.addProduct(t.v, e[0])
	y.addProduct(t.q, d[0])
	y.addProduct(t.r, e[0])
	kd -= int64((m.inv*x.lo + uint64(kd)) & mask)
	ke -= int64((m.inv*y.lo + uint64(ke)) & mask)
	x.addProduct(m.m[0], kd)
	y.addProduct(m.m[0], ke)
	x.shift()
	y.shift()
	for i := 1; i < len(d); i++ {
		x.addProduct(t.u, d[i])
		x.addProduct(t.v, e[i])
		x.addProduct(m.m[i], kd)
		y.addProduct(t.q, d[i])
		y.addProduct(t.r, e[i])
		y.addProduct(m.m[i], ke)
		d[i-1], e[i-1] = int64(x.lo&mask), int64(y.lo&mask)
		x.shift()
		y.shift()
	}
	d[4], e[4] = int64(x.lo), int64(y.lo)
}
