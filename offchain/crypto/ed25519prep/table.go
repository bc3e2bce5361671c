package ed25519prep

import (
	"sync"

	"filippo.io/edwards25519"

	"github.com/ocrkit/ocrkit/offchain/crypto/internal/hottable"
)

// A scalar is written in signed digits of a fixed width w, so that a multiple
// of a point Q is a sum over the positions i of digit·2^(wi)·Q; tables hold
// those terms for the digits 1 to 2^(w-1), the others follow by negation.
//
// A table may have rows for every position or, where memory counts, for one in
// a few (the stride): the positions between are reached by doubling.
type layout struct {
	width     int // of digits, in bits
	positions int // of digits; width·positions is at least 254
	stride    int // divides positions
}

// The widths and strides are what was fastest with the tables of 31 keys in
// rotation, which do not fit a core's own caches: beyond 8 bits for a key or 10
// for the base point, what fewer additions save is lost in waiting for memory.
var (
	// baseLayout is of the table of the base point, 1.2 MiB, which all keys share.
	baseLayout = layout{width: 10, positions: 26, stride: 1}

	// smallLayout is of the table that a key has from its first use on: 26 KiB.
	smallLayout = layout{width: 5, positions: 51, stride: 3}

	// wideLayout is of the table that a key gets when it is used much: 384 KiB.
	wideLayout = layout{width: 8, positions: 32, stride: 1}
)

// wideTables are the wide tables of all keys. A signature takes some 5 µs less
// with one, and to make one takes some 1300 µs, so that a key that goes on being
// used after its turn, from the 256th to the 511th signature, has got its
// expenses back as many signatures later.
var wideTables = hottable.Budget[table]{
	Max:   MaxWideTables / (32 * 128 * 96),
	After: 256,
}

// MaxWideTables bounds the memory of all wide tables of the process, in bytes.
// It is enough for 170 keys; the others do with small tables.
const MaxWideTables = 64 << 20

// maxPositions bounds positions.
const maxPositions = 51

// entries is the length of a row.
func (l layout) entries() int { return 1 << (l.width - 1) }

// digits writes the little-endian number s, which must be below 2²⁵³: then no
// carry is left over.
func (l layout) digits(out *[maxPositions]int16, s *[32]byte) {
	number := feFromBytes(s[:])
	number.elem().Digits(out[:l.positions], uint(l.width))
}

// table holds multiples of a point Q: at row j, entry d-1 the point
// d·2^(width·stride·j)·Q. The rows are one after the other.
type table struct {
	layout
	points []niels
}

func newTable(q extended, l layout) *table {
	n := l.entries()
	t := &table{l, make([]niels, n*(l.positions/l.stride))}
	multiples, scratch := make([]extended, n), make([]fe, n+1)
	for row := t.points; len(row) > 0; row = row[n:] {
		toNiels(row[:1], []extended{q}, scratch)
		p := q
		for i := range multiples {
			if i > 0 {
				p.add(&row[0], false)
			}
			multiples[i] = p
		}
		toNiels(row[:n], multiples, scratch)
		q.double(l.width * l.stride)
	}
	return t
}

// addMultiple adds s times the table's point to p, for s below 2²⁵³. With a
// stride above 1, p must be the identity.
func (t *table) addMultiple(p *extended, s *[32]byte) {
	var d [maxPositions]int16
	t.digits(&d, s)
	n := t.entries()
	for r := t.stride - 1; r >= 0; r-- {
		row := t.points
		for i := r; i < t.positions; i += t.stride {
			switch d := int(d[i]); {
			case d > 0:
				p.add(&row[d-1], false)
			case d < 0:
				p.add(&row[-d-1], true)
			}
			row = row[n:]
		}
		if r > 0 {
			p.double(t.width)
		}
	}
}

// baseTable returns the table of the base point, which the first call makes.
var baseTable = sync.OnceValue(func() *table {
	return newTable(toExtended(edwards25519.NewGeneratorPoint()), baseLayout)
})
