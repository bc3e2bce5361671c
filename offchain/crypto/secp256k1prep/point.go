package secp256k1prep

// Arithmetic on y² = x³ + 7. The group has prime order, so that no point but
// infinity is its own inverse, and no y is 0.

// affine is a point other than infinity.
type affine struct{ x, y fe }

// point has x = X/ZZ and y = Y/ZZZ with ZZ³ = ZZZ² ("XYZZ" coordinates); it is
// infinity if ZZ is 0. The formulas are Sutherland's ("madd-2008-s",
// "dbl-2008-s-1", "mdbl-2008-s-1" in the Explicit-Formulas Database). They do
// not hold for all pairs of points: the exceptions are told apart, since who
// makes a signature can provoke them.
type point struct{ x, y, zz, zzz fe }

func (p *point) isInfinity() bool { return p.zz.isZero() }

func (p *point) set(q *affine) { *p = point{q.x, q.y, feOne, feOne} }

// add sets p to p + q, or to p - q if neg.
func (p *point) add(q *affine, neg bool) {
	qy := q.y
	if neg {
		qy.sub(&fe{}, &qy)
	}
	if p.isInfinity() {
		p.set(&affine{q.x, qy})
		return
	}
	var u, r, uu, uuu, v, t fe
	u.mul(&q.x, &p.zz)
	u.sub(&u, &p.x)
	r.mul(&qy, &p.zzz)
	r.sub(&r, &p.y)
	if u.isZero() { // the same x: equal or inverse points
		if r.isZero() {
			p.set(&affine{q.x, qy})
			p.double(1)
		} else {
			*p = point{}
		}
		return
	}
	uu.square(&u)
	uuu.mul(&u, &uu)
	v.mul(&p.x, &uu)
	p.x.square(&r)
	p.x.sub(&p.x, &uuu)
	p.x.sub(&p.x, &v)
	p.x.sub(&p.x, &v)
	v.sub(&v, &p.x)
	t.mul(&p.y, &uuu)
	p.y.mul(&r, &v)
	p.y.sub(&p.y, &t)
	p.zz.mul(&p.zz, &uu)
	p.zzz.mul(&p.zzz, &uuu)
}

// double sets p to 2^n·p. Infinity stays infinity, as ZZ stays 0.
func (p *point) double(n int) {
	var u, v, w, s, m, t fe
	for range n {
		u.add(&p.y, &p.y)
		v.square(&u)
		w.mul(&u, &v)
		s.mul(&p.x, &v)
		m.square(&p.x)
		t.add(&m, &m)
		m.add(&m, &t)
		p.x.square(&m)
		p.x.sub(&p.x, &s)
		p.x.sub(&p.x, &s)
		s.sub(&s, &p.x)
		t.mul(&w, &p.y)
		p.y.mul(&m, &s)
		p.y.sub(&p.y, &t)
		p.zz.mul(&p.zz, &v)
		p.zzz.mul(&p.zzz, &w)
	}
}

// hasX tells whether p, which must not be infinity, has the coordinate x.
func (p *point) hasX(x *fe) bool {
	var t fe
	t.mul(x, &p.zz)
	t.sub(&t, &p.x)
	return t.isZero()
}

// yIsOdd is the parity of the coordinate y of p, which must not be infinity.
func (p *point) yIsOdd() bool {
	var t fe
	t.invert(&p.zzz)
	t.mul(&t, &p.y)
	t = t.normal()
	return t[0]&1 == 1
}

// toAffine converts points, none of which may be infinity, with one inversion
// for all of them.
func toAffine(dst []affine, points []point) {
	// prefix[i] is the product of the first i ZZZ.
	prefix := make([]fe, len(points)+1)
	prefix[0] = feOne
	for i := range points {
		prefix[i+1].mul(&prefix[i], &points[i].zzz)
	}
	var inv, t fe
	inv.invert(&prefix[len(points)])
	for i := len(points) - 1; i >= 0; i-- {
		p := &points[i]
		t.mul(&inv, &prefix[i]) // 1/ZZZ
		inv.mul(&inv, &p.zzz)
		dst[i].y.mul(&p.y, &t)
		t.mul(&t, &p.zz) // ZZ/ZZZ, whose square is 1/ZZ
		t.square(&t)
		dst[i].x.mul(&p.x, &t)
	}
}
