package ed25519prep

import "filippo.io/edwards25519"

// Arithmetic on -x² + y² = 1 + dx²y² over GF(2²⁵⁵ - 19), with the formulas of
// Hisil, Wong, Carter and Dawson, "Twisted Edwards Curves Revisited" (2008).
// Since -1 is a square and d is none, they are complete: they hold for all
// pairs of points, the identity, equal points and points of small order
// included.

// extended is a point in extended coordinates: x = X/Z, y = Y/Z, T = XY/Z.
type extended struct{ x, y, z, t fe }

// niels is an affine point in the form that makes it cheapest to add: (y+x)/2,
// (y-x)/2 and dxy. With twice these, as is common, all coordinates of a sum come
// out four times as large, which is the same point, but Z has to be doubled.
type niels struct{ yPlusX, yMinusX, xyd fe }

// half is 1/2, and fourD = -4·121665/121666 four times the curve's constant d.
var half, fourD = func() (half, fourD fe) {
	half.invert(&fe{2})
	fourD.invert(&fe{121666})
	fourD.mul(&fourD, &fe{4 * 121665})
	fourD.sub(&fe{}, &fourD)
	return half, fourD
}()

func identity() extended { return extended{y: fe{1}, z: fe{1}} }

// toExtended takes over a point of the library.
func toExtended(p *edwards25519.Point) extended {
	x, y, z, t := p.ExtendedCoordinates()
	return extended{feFromBytes(x.Bytes()), feFromBytes(y.Bytes()), feFromBytes(z.Bytes()), feFromBytes(t.Bytes())}
}

// add sets p to p + q, or to p - q if neg.
func (p *extended) add(q *niels, neg bool) {
	// Negating q = (x, y) to (-x, y) swaps its first two parts and negates the
	// third; the latter is done by swapping f and g.
	plus, minus := &q.yPlusX, &q.yMinusX
	if neg {
		plus, minus = minus, plus
	}
	var a, b, c, e, f, g, h fe
	a.sub(&p.y, &p.x)
	a.mul(&a, minus)
	b.add(&p.y, &p.x)
	b.mul(&b, plus)
	c.mul(&p.t, &q.xyd)
	e.sub(&b, &a)
	h.add(&b, &a)
	if neg {
		f.add(&p.z, &c)
		g.sub(&p.z, &c)
	} else {
		f.sub(&p.z, &c)
		g.add(&p.z, &c)
	}
	p.x.mul(&e, &f)
	p.y.mul(&g, &h)
	p.z.mul(&f, &g)
	p.t.mul(&e, &h)
}

// double sets p to 2^n·p, for n of at least 1.
func (p *extended) double(n int) {
	var a, b, c, e, f, g, h fe
	for i := range n {
		a.square(&p.x)
		b.square(&p.y)
		c.square(&p.z)
		c.add(&c, &c)
		h.add(&a, &b)
		e.add(&p.x, &p.y)
		e.square(&e)
		e.sub(&h, &e)
		g.sub(&a, &b)
		f.add(&c, &g)
		p.x.mul(&e, &f)
		p.y.mul(&g, &h)
		p.z.mul(&f, &g)
		if i == n-1 { // doubling has no use for t
			p.t.mul(&e, &h)
		}
	}
}

// encode returns the canonical encoding: y, least significant byte first, with
// the parity of x in the highest bit.
func (p *extended) encode() [32]byte {
	var inv fe
	inv.invert(&p.z)
	return p.encodeWith(&inv)
}

// encodeWith is encode with 1/z given.
func (p *extended) encodeWith(inv *fe) [32]byte {
	var x, y fe
	x.mul(&p.x, inv)
	x = x.normal()
	y.mul(&p.y, inv)
	out := y.bytes()
	out[31] |= byte(x[0] << 7)
	return out
}

// encodeAll encodes at most sharedInversion points, with one inversion for all
// of them. No z is ever 0: the addition law is complete.
func encodeAll(dst [][32]byte, points []extended) {
	// product[i] is the product of the z of the first i points.
	var product [sharedInversion + 1]fe
	product[0] = fe{1}
	for i := range points {
		product[i+1].mul(&product[i], &points[i].z)
	}
	var rest, inv fe // rest is the inverse of product[i+1]
	rest.invert(&product[len(points)])
	for i := len(points) - 1; i >= 0; i-- {
		inv.mul(&rest, &product[i])
		rest.mul(&rest, &points[i].z)
		dst[i] = points[i].encodeWith(&inv)
	}
}

// toNiels converts points, with one inversion for all of them. product is
// scratch space for one element more than there are points.
func toNiels(dst []niels, points []extended, product []fe) {
	// product[i] is the product of the z of the first i points.
	product[0] = fe{1}
	for i := range points {
		product[i+1].mul(&product[i], &points[i].z)
	}
	var rest, inv, x, y fe // rest is half of the inverse of product[i+1]
	rest.invert(&product[len(points)])
	rest.mul(&rest, &half)
	for i := len(points) - 1; i >= 0; i-- {
		p, q := &points[i], &dst[i]
		inv.mul(&rest, &product[i])
		rest.mul(&rest, &p.z)
		x.mul(&p.x, &inv) // halves of the coordinates
		y.mul(&p.y, &inv)
		q.yPlusX.add(&y, &x)
		q.yMinusX.sub(&y, &x)
		q.xyd.mul(&x, &y)
		q.xyd.mul(&q.xyd, &fourD)
	}
}
