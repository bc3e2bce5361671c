package bn254bls

import (
	"crypto/subtle"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

// Multiplication of points by secret numbers: the same doublings and additions
// whatever the number is, by formulas that have no special cases.

// field are the operations on coordinates that the addition of points needs.
type field[E any] interface {
	*E
	Set(*E) *E
	SetOne() *E
	Add(x, y *E) *E
	Sub(x, y *E) *E
	Mul(x, y *E) *E
	Square(x *E) *E
	Double(x *E) *E
	Select(condition int, ifZero, ifNotZero *E) *E
	invert(x *E) *E
}

// projective is the point (x/z, y/z); infinity is (0, 1, 0).
type projective[E any, F field[E]] struct{ x, y, z E }

// add sets p to a + b, for any points of a curve y² = x³ + b of odd order, equal,
// opposite or infinite: algorithm 7 of Renes, Costello and Batina, "Complete addition
// formulas for prime order elliptic curves" (2016). b3 is 3b. p may be a or b.
func (p *projective[E, F]) add(a, b *projective[E, F], b3 *E) {
	var t0, t1, t2, t3, t4, t5, s E
	F(&t0).Mul(&a.x, &b.x)
	F(&t1).Mul(&a.y, &b.y)
	F(&t2).Mul(&a.z, &b.z)
	// t3 = x1·y2 + x2·y1, t4 = y1·z2 + y2·z1, t5 = x1·z2 + x2·z1
	F(&t3).Add(&a.x, &a.y)
	F(&s).Add(&b.x, &b.y)
	F(&t3).Mul(&t3, &s)
	F(&t3).Sub(&t3, &t0)
	F(&t3).Sub(&t3, &t1)
	F(&t4).Add(&a.y, &a.z)
	F(&s).Add(&b.y, &b.z)
	F(&t4).Mul(&t4, &s)
	F(&t4).Sub(&t4, &t1)
	F(&t4).Sub(&t4, &t2)
	F(&t5).Add(&a.x, &a.z)
	F(&s).Add(&b.x, &b.z)
	F(&t5).Mul(&t5, &s)
	F(&t5).Sub(&t5, &t0)
	F(&t5).Sub(&t5, &t2)
	// t0 = 3·x1·x2, t2 = 3b·z1·z2, t5 = 3b·t5
	F(&s).Add(&t0, &t0)
	F(&t0).Add(&s, &t0)
	F(&t2).Mul(b3, &t2)
	F(&t5).Mul(b3, &t5)
	// x3 = t3·(t1 - t2) - t4·t5
	// y3 = (t1 + t2)·(t1 - t2) + t0·t5
	// z3 = (t1 + t2)·t4 + t0·t3
	var sum, difference E
	F(&sum).Add(&t1, &t2)
	F(&difference).Sub(&t1, &t2)
	F(&p.x).Mul(&t3, &difference)
	F(&s).Mul(&t4, &t5)
	F(&p.x).Sub(&p.x, &s)
	F(&p.y).Mul(&sum, &difference)
	F(&s).Mul(&t0, &t5)
	F(&p.y).Add(&p.y, &s)
	F(&p.z).Mul(&sum, &t4)
	F(&s).Mul(&t0, &t3)
	F(&p.z).Add(&p.z, &s)
}

// double sets p to 2a, for any point of such a curve: algorithm 9 of the same article. p may be a.
func (p *projective[E, F]) double(a *projective[E, F], b3 *E) {
	var yy, yz, zz, xy, z8, t, s E
	F(&yy).Square(&a.y)
	F(&yz).Mul(&a.y, &a.z)
	F(&zz).Square(&a.z)
	F(&zz).Mul(b3, &zz)
	F(&xy).Mul(&a.x, &a.y)
	F(&z8).Double(&yy)
	F(&z8).Double(&z8)
	F(&z8).Double(&z8)
	// x3 = 2·x·y·(y² - 9b·z²)
	// y3 = (y² - 9b·z²)·(y² + 3b·z²) + 8·y²·3b·z²
	// z3 = 8·y²·y·z
	F(&p.z).Mul(&yz, &z8)
	F(&s).Mul(&zz, &z8)
	F(&t).Add(&yy, &zz)
	F(&p.y).Double(&zz)
	F(&zz).Add(&p.y, &zz)
	F(&yy).Sub(&yy, &zz)
	F(&p.y).Mul(&yy, &t)
	F(&p.y).Add(&p.y, &s)
	F(&p.x).Mul(&yy, &xy)
	F(&p.x).Double(&p.x)
}

// choose sets p to a if take is 1, and leaves it if take is 0.
func (p *projective[E, F]) choose(take int, a *projective[E, F]) {
	F(&p.x).Select(take, &p.x, &a.x)
	F(&p.y).Select(take, &p.y, &a.y)
	F(&p.z).Select(take, &p.z, &a.z)
}

// multiply returns k·(x, y), k being a big-endian number, by windows of four bits. It looks at the whole
// table for each of them.
func multiply[E any, F field[E]](x, y *E, k *[SecretKeySize]byte, b3 *E) (productX, productY E) {
	var table [16]projective[E, F]
	F(&table[0].y).SetOne()
	F(&table[1].x).Set(x)
	F(&table[1].y).Set(y)
	F(&table[1].z).SetOne()
	for i := 2; i < len(table); i++ {
		table[i].add(&table[i-1], &table[1], b3)
	}
	result := table[0]
	for _, b := range k {
		for _, window := range [2]byte{b >> 4, b & 0xf} {
			for range 4 {
				result.double(&result, b3)
			}
			summand := table[0]
			for i := 1; i < len(table); i++ {
				summand.choose(subtle.ConstantTimeByteEq(uint8(i), window), &table[i])
			}
			result.add(&result, &summand, b3)
		}
	}
	F(&result.z).invert(&result.z)
	F(&productX).Mul(&result.x, &result.z)
	F(&productY).Mul(&result.y, &result.z)
	return productX, productY
}

// multiplyG1 returns k·p, p being a point of G1 other than infinity. If the product is infinity, so is the result.
func multiplyG1(p *bn254.G1Affine, k *[SecretKeySize]byte) bn254.G1Affine {
	baseX, baseY := element(p.X), element(p.Y)
	x, y := multiply(&baseX, &baseY, k, &b3G1)
	return bn254.G1Affine{X: fp.Element(x), Y: fp.Element(y)}
}

// multiplyG2 returns k·p, p being a point of G2 other than infinity. If the product is infinity, so is the result.
func multiplyG2(p *bn254.G2Affine, k *[SecretKeySize]byte) bn254.G2Affine {
	baseX, baseY := newElement2(&p.X), newElement2(&p.Y)
	x, y := multiply(&baseX, &baseY, k, &b3G2)
	return bn254.G2Affine{
		X: bn254.E2{A0: fp.Element(x.re), A1: fp.Element(x.im)},
		Y: bn254.E2{A0: fp.Element(y.re), A1: fp.Element(y.im)},
	}
}

var (
	inverseExponent = new(big.Int).Sub(fp.Modulus(), big.NewInt(2))
	// b3G1 is three times the constant of y² = x³ + 3.
	b3G1 = element(fp.NewElement(9))
	// b3G2 is three times the constant of the twist, y² = x³ + 3/(9 + u).
	b3G2 = func() element2 {
		var b3, nine bn254.E2
		nine.A0.SetUint64(9)
		b3.A0.SetUint64(9)
		nine.A1.SetOne()
		b3.Div(&b3, &nine)
		return newElement2(&b3)
	}()
)
