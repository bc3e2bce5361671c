package secp256k1prep

import (
	"sync"

	"github.com/ocrkit/ocrkit/offchain/crypto/internal/field256"
)

// A scalar is written in signed digits of a fixed width w, so that a multiple
// of a point Q is a sum over the positions i of digit·2^(wi)·Q; tables hold
// those terms for the digits 1 to 2^(w-1), the others follow by negation.
//
// For the base point G, which all keys share, there is a table for each
// position. For a key, where tables are many and memory counts, there is one
// for every other position: the positions between are reached by doubling.
const (
	baseWidth     = 8
	basePositions = 33 // 256 bits and a carry
	baseEntries   = 1 << (baseWidth - 1)

	keyWidth     = 5
	keyPositions = 52 // 260 bits
	keyEntries   = 1 << (keyWidth - 1)
	keyStride    = 2
	keyTables    = keyPositions / keyStride
)

// addDigit adds d times the point that row was made for.
func (p *point) addDigit(row []affine, d int16) {
	switch {
	case d > 0:
		p.add(&row[d-1], false)
	case d < 0:
		p.add(&row[-d-1], true)
	}
}

// fill makes the table of n entries for each of the positions that are bits
// apart: rows holds them one after the other.
func fill(rows []affine, q affine, n, bits int) {
	points := make([]point, n)
	for ; len(rows) > 0; rows = rows[n:] {
		var p point
		for i := range points {
			p.add(&q, false)
			points[i] = p
		}
		toAffine(rows[:n], points)
		p.set(&q)
		p.double(bits)
		next := make([]affine, 1)
		toAffine(next, []point{p})
		q = next[0]
	}
}

// keyTable holds at [j·keyEntries + d-1] the point d·2^(10j)·Q: 26 KiB.
type keyTable [keyTables * keyEntries]affine

func newKeyTable(q affine) *keyTable {
	t := new(keyTable)
	fill(t[:], q, keyEntries, keyWidth*keyStride)
	return t
}

// addMultiple adds s times the table's point to p, which must be infinity.
func (t *keyTable) addMultiple(p *point, s *[4]uint64) {
	var d [keyPositions]int16
	(*field256.Element)(s).Digits(d[:], keyWidth)
	for r := keyStride - 1; r >= 0; r-- {
		for j := range keyTables {
			p.addDigit(t[j*keyEntries:(j+1)*keyEntries], d[keyStride*j+r])
		}
		if r > 0 {
			p.double(keyWidth)
		}
	}
}

// baseMultiples holds at [i·baseEntries + d-1] the point d·2^(8i)·G: 264 KiB
// for the whole process.
type baseMultiples [basePositions * baseEntries]affine

// generator is G.
var generator = affine{
	x: fe{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac},
	y: fe{0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465},
}

// baseTable returns the table of G, which the first call makes.
var baseTable = sync.OnceValue(func() *baseMultiples {
	t := new(baseMultiples)
	fill(t[:], generator, baseEntries, baseWidth)
	return t
})

// addMultiple adds s times G to p.
func (t *baseMultiples) addMultiple(p *point, s *[4]uint64) {
	var d [basePositions]int16
	(*field256.Element)(s).Digits(d[:], baseWidth)
	for i := range d {
		p.addDigit(t[i*baseEntries:(i+1)*baseEntries], d[i])
	}
}
