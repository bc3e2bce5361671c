package ed25519prep

import (
	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
)

// Arithmetic on -x² + y² = 1 + dx²y² over GF(2²⁵⁵ - 19), with the formulas of
// Hisil, Wong, Carter and Dawson, "Twisted Edwards Curves Revisited" (2008).
// Since -1 is a square and d is none, they are complete: they hold for all
// pairs of points, the identity, equal points and points of small order
// included.

// extended is a point in extended coordinates: x = X/Z, y = Y/Z, T = XY/Z.
type extended struct {
	x, y, z, t field.Element
}

// niels is an affine point in the form that makes it cheapest to add: (y+x)/2,
// (y-x)/2 and dxy. With twice these, as is common, all coordinates of a sum come
// out four times as large, which is the same point, but Z has to be doubled.
type niels struct {
	yPlusX, yMinusX, xyd field.Element
}

// half is 1/2, and d = -121665/121666 the curve's constant.
var half, d = func() (half, d field.Element) {
	var n field.Element
	half.Mult32(new(field.Element).One(), 2)
	half.Invert(&half)
	n.Mult32(new(field.Element).One(), 121665)
	n.Negate(&n)
	d.Mult32(new(field.Element).One(), 121666)
	d.Invert(&d)
	d.Multiply(&d, &n)
	return half, d
}()

func identity() (p extended) {
	p.y.One()
	p.z.One()
	return p
}

// add sets p to p + q, or to p - q if neg.
func (p *extended) add(q *niels, neg bool) {
	// Negating q = (x, y) to (-x, y) swaps its first two parts and negates the
	// third; the latter is done by swapping f and g.
	plus, minus := &q.yPlusX, &q.yMinusX
	if neg {
		plus, minus = minus, plus
	}
	var a, b, c, e, f, g, h field.Element
	a.Subtract(&p.y, &p.x)
	a.Multiply(&a, minus)
	b.Add(&p.y, &p.x)
	b.Multiply(&b, plus)
	c.Multiply(&p.t, &q.xyd)
	e.Subtract(&b, &a)
	h.Add(&b, &a)
	if neg {
		f.Add(&p.z, &c)
		g.Subtract(&p.z, &c)
	} else {
		f.Subtract(&p.z, &c)
		g.Add(&p.z, &c)
	}
	p.x.Multiply(&e, &f)
	p.y.Multiply(&g, &h)
	p.z.Multiply(&f, &g)
	p.t.Multiply(&e, &h)
}

// double sets p to 2^n·p, for n of at least 1.
func (p *extended) double(n int) {
	var a, b, c, e, f, g, h field.Element
	for i := range n {
		a.Square(&p.x)
		b.Square(&p.y)
		c.Square(&p.z)
		c.Add(&c, &c)
		h.Add(&a, &b)
		e.Add(&p.x, &p.y)
		e.Square(&e)
		e.Subtract(&h, &e)
		g.Subtract(&a, &b)
		f.Add(&c, &g)
		p.x.Multiply(&e, &f)
		p.y.Multiply(&g, &h)
		p.z.Multiply(&f, &g)
		if i == n-1 { // doubling has no use for t
			p.t.Multiply(&e, &h)
		}
	}
}

// encode returns the canonical encoding: y, least significant byte first, with
// the parity of x in the highest bit.
func (p *extended) encode() [32]byte {
	var inv field.Element
	return p.encodeWith(inv.Invert(&p.z))
}

// encodeWith is encode with 1/z given.
func (p *extended) encodeWith(inv *field.Element) [32]byte {
	var x, y field.Element
	x.Multiply(&p.x, inv)
	y.Multiply(&p.y, inv)
	out := [32]byte(y.Bytes())
	out[31] |= byte(x.IsNegative() << 7)
	return out
}

// encodeAll encodes at most sharedInversion points, with one inversion for all
// of them. No z is ever 0: the addition law is complete.
func encodeAll(dst [][32]byte, points []extended) {
	// product[i] is the product of the z of the first i points.
	var product [sharedInversion + 1]field.Element
	product[0].One()
	for i := range points {
		product[i+1].Multiply(&product[i], &points[i].z)
	}
	var rest, inv field.Element // rest is the inverse of product[i+1]
	rest.Invert(&product[len(points)])
	for i := len(points) - 1; i >= 0; i-- {
		inv.Multiply(&rest, &product[i])
		rest.Multiply(&rest, &points[i].z)
		dst[i] = points[i].encodeWith(&inv)
	}
}

// toNiels converts points, with one inversion for all of them.
func toNiels(dst []niels, points []*edwards25519.Point) {
	// prefix[i] is the product of the first i denominators.
	prefix := make([]field.Element, len(points)+1)
	prefix[0].One()
	for i, p := range points {
		_, _, z, _ := p.ExtendedCoordinates()
		prefix[i+1].Multiply(&prefix[i], z)
	}
	var inv, zInv, x, y field.Element
	inv.Invert(&prefix[len(points)])
	for i := len(points) - 1; i >= 0; i-- {
		px, py, pz, _ := points[i].ExtendedCoordinates()
		zInv.Multiply(&inv, &prefix[i])
		inv.Multiply(&inv, pz)
		x.Multiply(px, &zInv)
		y.Multiply(py, &zInv)
		dst[i].yPlusX.Add(&y, &x)
		dst[i].yPlusX.Multiply(&dst[i].yPlusX, &half)
		dst[i].yMinusX.Subtract(&y, &x)
		dst[i].yMinusX.Multiply(&dst[i].yMinusX, &half)
		dst[i].xyd.Multiply(&x, &y)
		dst[i].xyd.Multiply(&dst[i].xyd, &d)
	}
}
