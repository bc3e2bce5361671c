package ed25519prep

import (
	"encoding/binary"
	"math/bits"

	"github.com/ocrkit/ocrkit/offchain/crypto/internal/field256"
)

// fe is an element of the field of p = 2²⁵⁵ - 19, least significant limb first.
// Any of the numbers below 2²⁵⁶ that are congruent to an element stands for it;
// normal picks the one below p.
type fe field256.Element

// fold is 2²⁵⁶ mod p.
const fold = 38

func (z *fe) elem() *field256.Element { return (*field256.Element)(z) }

func (z *fe) add(x, y *fe) { field256.Add(z.elem(), x.elem(), y.elem(), fold) }
func (z *fe) sub(x, y *fe) { field256.Sub(z.elem(), x.elem(), y.elem(), fold) }
func (z *fe) mul(x, y *fe) { field256.Mul(z.elem(), x.elem(), y.elem(), fold) }
func (z *fe) square(x *fe) { field256.Square(z.elem(), x.elem(), fold) }

var modPrime = field256.NewModulus(field256.Element{^uint64(18), ^uint64(0), ^uint64(0), 1<<63 - 1})

// invert sets z to 1/x. x must not be 0.
func (z *fe) invert(x *fe) {
	n := x.normal()
	*z = fe(modPrime.Invert(n.elem()))
}

// normal returns the representative below p.
func (z *fe) normal() fe {
	// What is above 2²⁵⁵ counts 19 times. That leaves less than 2²⁵⁵ + 19; it is
	// p or more exactly if 19 more make it 2²⁵⁵ or more.
	const low = 1<<63 - 1
	z0, c := bits.Add64(z[0], z[3]>>63*19, 0)
	z1, c := bits.Add64(z[1], 0, c)
	z2, c := bits.Add64(z[2], 0, c)
	z3 := z[3]&low + c
	t0, c := bits.Add64(z0, 19, 0)
	t1, c := bits.Add64(z1, 0, c)
	t2, c := bits.Add64(z2, 0, c)
	t3 := z3 + c
	if t3>>63 == 0 {
		return fe{z0, z1, z2, z3}
	}
	return fe{t0, t1, t2, t3 & low}
}

// bytes is the canonical encoding, least significant byte first.
func (z *fe) bytes() (b [32]byte) {
	for i, limb := range z.normal() {
		binary.LittleEndian.PutUint64(b[8*i:], limb)
	}
	return b
}

// feFromBytes decodes 32 bytes, of which the highest bit counts too.
func feFromBytes(b []byte) (z fe) {
	for i := range z {
		z[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return z
}
