package secp256k1prep

import (
	"encoding/binary"

	"github.com/ocrkit/ocrkit/offchain/crypto/internal/field256"
)

// fe is an element of the field of p = 2²⁵⁶ - fold, least significant limb
// first. Any of the numbers below 2²⁵⁶ that are congruent to an element stands
// for it; normal picks the one below p.
type fe field256.Element

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
func (z *fe) less(x *fe) bool { return z.elem().Less(x.elem()) }

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

func (z *fe) elem() *field256.Element { return (*field256.Element)(z) }

func (z *fe) add(x, y *fe) { field256.Add(z.elem(), x.elem(), y.elem(), fold) }
func (z *fe) sub(x, y *fe) { field256.Sub(z.elem(), x.elem(), y.elem(), fold) }
func (z *fe) mul(x, y *fe) { field256.Mul(z.elem(), x.elem(), y.elem(), fold) }
func (z *fe) square(x *fe) { field256.Square(z.elem(), x.elem(), fold) }

var (
	modPrime = field256.NewModulus(*prime.elem())
	modOrder = field256.NewModulus(*feOrder.elem())
)

// invert sets z to 1/x. x must not be 0.
func (z *fe) invert(x *fe) {
	n := x.normal()
	*z = fe(modPrime.Invert(n.elem()))
}
