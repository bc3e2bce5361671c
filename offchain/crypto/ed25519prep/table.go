package ed25519prep

import (
	"sync"

	"filippo.io/edwards25519"
)

// A scalar is written in signed digits of a fixed width w, so that a multiple
// of a point Q is a sum over the positions i of digit·2^(wi)·Q; tables hold
// those terms for the digits 1 to 2^(w-1), the others follow by negation.
//
// For the base point, which all keys share, there is a table for each
// position. For a key, where tables are many and memory counts, there is one
// for every third position: the positions between are reached by ten doublings
// in all (see addMultiple).
const (
	baseWidth     = 8
	basePositions = 32 // 8·32 = 256 bits
	baseEntries   = 1 << (baseWidth - 1)

	keyWidth     = 5
	keyPositions = 51 // 5·51 = 255 bits
	keyEntries   = 1 << (keyWidth - 1)
	keyStride    = 3
	keyTables    = keyPositions / keyStride
)

// digits writes the little-endian number s, which must be below 2²⁵³, in
// len(out) signed digits of width bits, least significant first. Digits are
// above -2^(width-1) and at most 2^(width-1). width is at most 8 and
// width·len(out) at least 255, so that no carry is left over.
func digits(out []int16, s *[32]byte, width uint) {
	carry := int16(0)
	for i := range out {
		bit := uint(i) * width
		v := uint(s[bit/8]) >> (bit % 8)
		if bit/8+1 < 32 {
			v |= uint(s[bit/8+1]) << (8 - bit%8)
		}
		d := int16(v&(1<<width-1)) + carry
		carry = 0
		if d > 1<<(width-1) {
			d -= 1 << width
			carry = 1
		}
		out[i] = d
	}
}

// addDigit adds d times the point that row was made for.
func (p *extended) addDigit(row []niels, d int16) {
	switch {
	case d > 0:
		p.add(&row[d-1], false)
	case d < 0:
		p.add(&row[-d-1], true)
	}
}

// keyTable holds at [j][d-1] the point d·2^(15j)·Q.
type keyTable [keyTables][keyEntries]niels

func newKeyTable(q *edwards25519.Point) *keyTable {
	t := new(keyTable)
	points := make([]*edwards25519.Point, 0, keyTables*keyEntries)
	for range keyTables {
		points = appendMultiples(points, q, keyEntries)
		q = double(q, keyWidth*keyStride)
	}
	flat := make([]niels, len(points))
	toNiels(flat, points)
	for j := range t {
		copy(t[j][:], flat[j*keyEntries:])
	}
	return t
}

// addMultiple adds s times the table's point to p, where p must be the identity
// and s below 2²⁵³.
func (t *keyTable) addMultiple(p *extended, s *[32]byte) {
	var d [keyPositions]int16
	digits(d[:], s, keyWidth)
	for r := keyStride - 1; r >= 0; r-- {
		for j := range t {
			p.addDigit(t[j][:], d[keyStride*j+r])
		}
		if r > 0 {
			p.double(keyWidth)
		}
	}
}

// baseMultiples holds at [i][d-1] the point d·2^(8i)·B: 480 KiB for the whole
// process.
type baseMultiples [basePositions][baseEntries]niels

// baseTable returns the table of the base point, which the first call makes.
var baseTable = sync.OnceValue(func() *baseMultiples {
	t := new(baseMultiples)
	q := edwards25519.NewGeneratorPoint()
	points := make([]*edwards25519.Point, 0, baseEntries)
	for i := range t {
		points = appendMultiples(points[:0], q, baseEntries)
		toNiels(t[i][:], points)
		q = double(q, baseWidth)
	}
	return t
})

// addMultiple adds s times the base point to p, for s below 2²⁵³.
func (t *baseMultiples) addMultiple(p *extended, s *[32]byte) {
	var d [basePositions]int16
	digits(d[:], s, baseWidth)
	for i := range t {
		p.addDigit(t[i][:], d[i])
	}
}

// appendMultiples appends q, 2q, …, n·q.
func appendMultiples(to []*edwards25519.Point, q *edwards25519.Point, n int) []*edwards25519.Point {
	m := q
	for i := range n {
		if i > 0 {
			m = new(edwards25519.Point).Add(m, q)
		}
		to = append(to, m)
	}
	return to
}

// double returns 2^n·q.
func double(q *edwards25519.Point, n int) *edwards25519.Point {
	q = new(edwards25519.Point).Set(q)
	for range n {
		q.Double(q)
	}
	return q
}
