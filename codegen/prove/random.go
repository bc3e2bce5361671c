package prove

import (
	"hash/fnv"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ocrkit/ocrkit/codegen/solabi"
)

// Rounds is how many random values a generated test looks at.
const Rounds = 300

// Rand makes values. The same test gets the same ones in every run.
type Rand struct {
	*rand.Rand
}

// NewRand returns the source of random values for a test.
func NewRand(t testing.TB) Rand {
	h := fnv.New64a()
	h.Write([]byte(t.Name()))
	return Rand{rand.New(rand.NewPCG(h.Sum64(), 0x6f6372))}
}

// Uint is an unsigned integer of the given width, 64 bits at most; often 0, 1 or the largest.
func (r Rand) Uint(width int) uint64 {
	largest := ^uint64(0) >> (64 - width)
	switch r.IntN(8) {
	case 0:
		return 0
	case 1:
		return 1
	case 2:
		return largest
	case 3:
		return r.Uint64() & largest >> r.IntN(width)
	}
	return r.Uint64() & largest
}

// Int is a signed integer of the given width, 64 bits at most.
func (r Rand) Int(width int) int64 {
	unused := 64 - width
	switch r.IntN(8) {
	case 0:
		return -1
	case 1:
		return int64(-1) << (width - 1)
	}
	return int64(r.Uint(width)<<unused) >> unused
}

// BigUint is an unsigned integer of the given width.
func (r Rand) BigUint(width int) *big.Int {
	one := big.NewInt(1)
	largest := new(big.Int).Sub(new(big.Int).Lsh(one, uint(width)), one)
	switch r.IntN(8) {
	case 0:
		return new(big.Int)
	case 1:
		return one
	case 2:
		return largest
	}
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	v := new(big.Int).SetBytes(b)
	v.And(v, largest)
	return v.Rsh(v, uint(r.IntN(width)/2))
}

// BigInt is a signed integer of the given width.
func (r Rand) BigInt(width int) *big.Int {
	v := r.BigUint(width - 1)
	switch r.IntN(4) {
	case 0:
		return v
	case 1:
		return v.Neg(v)
	}
	return v.Not(v)
}

// Bool is either.
func (r Rand) Bool() bool { return r.IntN(2) == 1 }

// Len is the length of an array or of bytes: mostly short, often 0 or around a word.
func (r Rand) Len() int {
	switch r.IntN(4) {
	case 0:
		return r.IntN(3)
	case 1:
		return 31 + r.IntN(3)
	}
	return r.IntN(40)
}

// Bytes are n bytes.
func (r Rand) Bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Address is an address.
func (r Rand) Address() common.Address { return common.Address(r.Bytes(20)) }

// Slice is n values.
func Slice[T any](n int, value func() T) []T {
	vs := make([]T, n)
	for i := range vs {
		vs[i] = value()
	}
	return vs
}

// Mutate returns an encoding that is like the given one but for one thing: words and bytes change, come and go.
func (r Rand) Mutate(data []byte) []byte {
	b := append([]byte(nil), data...)
	at := 0
	if len(b) >= solabi.WordSize {
		at = solabi.WordSize * r.IntN(len(b)/solabi.WordSize)
	}
	switch r.IntN(8) {
	case 0:
		return b[:r.IntN(len(b)+1)]
	case 1:
		return append(b, r.Bytes(1+r.IntN(64))...)
	case 2: // a word comes in
		return append(b[:at:at], append(r.Bytes(solabi.WordSize), b[at:]...)...)
	case 3: // a word goes
		return append(b[:at:at], b[min(at+solabi.WordSize, len(b)):]...)
	case 4: // a word becomes a small number: offsets and lengths
		if at+solabi.WordSize <= len(b) {
			solabi.PutUint64(b[at:], uint64(r.IntN(len(b)+64)))
		}
	case 5: // a word becomes a number that only looks like another
		if at+solabi.WordSize <= len(b) {
			b[at+r.IntN(solabi.WordSize)] ^= 1 << r.IntN(8)
		}
	case 6:
		if at+solabi.WordSize <= len(b) {
			copy(b[at:], r.Bytes(solabi.WordSize))
		}
	default:
		if len(b) > 0 {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
	}
	return b
}
