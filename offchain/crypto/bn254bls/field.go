package bn254bls

import (
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Arithmetic on coordinates that depend on a secret. Products are those of gnark-crypto; its sums and differences
// branch on whether they have to be reduced, these do not.

// element is a number modulo the field prime, in the representation of fp.Element, below the prime.
type element fp.Element

var primeLimbs, orderLimbs = limbs(fp.Modulus().Bytes()), limbs(fr.Modulus().Bytes())

// limbs returns the four words of a big-endian number of 32 bytes, the lowest first.
func limbs(b []byte) (words [4]uint64) {
	for i := range b {
		words[3-i/8] = words[3-i/8]<<8 | uint64(b[i])
	}
	return words
}

func (z *element) Set(x *element) *element {
	*z = *x
	return z
}

func (z *element) SetOne() *element {
	*z = element(fp.One())
	return z
}

func (z *element) Add(x, y *element) *element {
	var sum, reduced [4]uint64
	var carry, borrow uint64
	for i := range sum {
		sum[i], carry = bits.Add64(x[i], y[i], carry) // the prime has 254 bits: no carry in the end
	}
	for i := range reduced {
		reduced[i], borrow = bits.Sub64(sum[i], primeLimbs[i], borrow)
	}
	// Below the prime if there was a borrow.
	for i := range z {
		z[i] = reduced[i] ^ (-borrow & (reduced[i] ^ sum[i]))
	}
	return z
}

func (z *element) Double(x *element) *element { return z.Add(x, x) }

func (z *element) Sub(x, y *element) *element {
	var borrow, carry uint64
	for i := range z {
		z[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	negative := -borrow
	for i := range z {
		z[i], carry = bits.Add64(z[i], primeLimbs[i]&negative, carry)
	}
	return z
}

func (z *element) Mul(x, y *element) *element {
	(*fp.Element)(z).Mul((*fp.Element)(x), (*fp.Element)(y))
	return z
}

func (z *element) Square(x *element) *element { return z.Mul(x, x) }

func (z *element) Select(condition int, ifZero, ifNotZero *element) *element {
	(*fp.Element)(z).Select(condition, (*fp.Element)(ifZero), (*fp.Element)(ifNotZero))
	return z
}

// invert sets z to 1/x, and to 0 if x is 0, by Fermat's theorem: the sequence of operations does not depend on x.
func (z *element) invert(x *element) *element {
	(*fp.Element)(z).Exp(fp.Element(*x), inverseExponent)
	return z
}

// element2 is re + im·u with u² = -1.
type element2 struct{ re, im element }

func newElement2(e *bn254.E2) element2 { return element2{element(e.A0), element(e.A1)} }

func (z *element2) Set(x *element2) *element2 {
	*z = *x
	return z
}

func (z *element2) SetOne() *element2 {
	z.re.SetOne()
	z.im = element{}
	return z
}

func (z *element2) Add(x, y *element2) *element2 {
	z.re.Add(&x.re, &y.re)
	z.im.Add(&x.im, &y.im)
	return z
}

func (z *element2) Double(x *element2) *element2 { return z.Add(x, x) }

func (z *element2) Sub(x, y *element2) *element2 {
	z.re.Sub(&x.re, &y.re)
	z.im.Sub(&x.im, &y.im)
	return z
}

func (z *element2) Mul(x, y *element2) *element2 {
	var rr, ii, sx, sy element
	rr.Mul(&x.re, &y.re)
	ii.Mul(&x.im, &y.im)
	sx.Add(&x.re, &x.im)
	sy.Add(&y.re, &y.im)
	// (x.re + x.im)·(y.re + y.im) - rr - ii
	z.im.Mul(&sx, &sy)
	z.im.Sub(&z.im, &rr)
	z.im.Sub(&z.im, &ii)
	z.re.Sub(&rr, &ii)
	return z
}

func (z *element2) Square(x *element2) *element2 {
	var sum, difference, product element
	sum.Add(&x.re, &x.im)
	difference.Sub(&x.re, &x.im)
	product.Mul(&x.re, &x.im)
	z.re.Mul(&sum, &difference)
	z.im.Double(&product)
	return z
}

func (z *element2) Select(condition int, ifZero, ifNotZero *element2) *element2 {
	z.re.Select(condition, &ifZero.re, &ifNotZero.re)
	z.im.Select(condition, &ifZero.im, &ifNotZero.im)
	return z
}

// invert sets z to 1/x, and to 0 if x is 0: the conjugate over the norm.
func (z *element2) invert(x *element2) *element2 {
	var norm, square, zero element
	norm.Square(&x.re)
	square.Square(&x.im)
	norm.Add(&norm, &square)
	norm.invert(&norm)
	z.re.Mul(&x.re, &norm)
	z.im.Mul(&x.im, &norm)
	z.im.Sub(&zero, &z.im)
	return z
}
