package bn254bls

import (
	"crypto/subtle"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

// Multiplication of points by secret numbers: the same doublings and additions
// whatever the number is, by formulas that have no special cases.

// field are the operations on coordinates that the addition of points needs; it
// is satisfied by pointers to fp.Element (for G1) and to bn254.E2 (for G2).
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
func multiply[E any, F field[E]](x, y *E, k *[SecretKeySize]byte, b3 *E) (result projective[E, F]) {
	var table [16]projective[E, F]
	F(&table[0].y).SetOne()
	F(&table[1].x).Set(x)
	F(&table[1].y).Set(y)
	F(&table[1].z).SetOne()
	for i := 2; i < len(table); i++ {
		table[i].add(&table[i-1], &table[1], b3)
	}
	result = table[0]
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
	return result
}

// multiplyG1 returns k·p, p being a point of G1 other than infinity.
func multiplyG1(p *bn254.G1Affine, k *[SecretKeySize]byte) (result bn254.G1Affine) {
	product := multiply[fp.Element, *fp.Element](&p.X, &p.Y, k, &b3G1)
	inverse := invert(&product.z)
	result.X.Mul(&product.x, &inverse)
	result.Y.Mul(&product.y, &inverse)
	return result
}

// multiplyG2 returns k·p, p being a point of G2 other than infinity.
func multiplyG2(p *bn254.G2Affine, k *[SecretKeySize]byte) (result bn254.G2Affine) {
	product := multiply[bn254.E2, *bn254.E2](&p.X, &p.Y, k, &b3G2)
	// 1/(a + bu) = (a - bu)/(a² + b²)
	var norm, square fp.Element
	norm.Square(&product.z.A0)
	square.Square(&product.z.A1)
	norm.Add(&norm, &square)
	norm = invert(&norm)
	var inverse bn254.E2
	inverse.Conjugate(&product.z).MulByElement(&inverse, &norm)
	result.X.Mul(&product.x, &inverse)
	result.Y.Mul(&product.y, &inverse)
	return result
}

// invert returns 1/e, and 0 for 0, by Fermat's theorem: the sequence of operations
// does not depend on e.
func invert(e *fp.Element) (inverse fp.Element) {
	inverse.Exp(*e, inverseExponent)
	return inverse
}

var (
	inverseExponent = new(big.Int).Sub(fp.Modulus(), big.NewInt(2))
	// b3G1 is three times the constant of y² = x³ + 3.
	b3G1 = fp.NewElement(9)
	// b3G2 is three times the constant of the twist, y² = x³ + 3/(9 + u).
	b3G2 = func() bn254.E2 {
		var b3, nine bn254.E2
		nine.A0.SetUint64(9)
		b3.A0.SetUint64(9)
		nine.A1.SetOne()
		b3.Div(&b3, &nine)
		return b3
	}()
)
