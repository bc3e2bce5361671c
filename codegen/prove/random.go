package prove

import (
	"hash/fnv"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"
	"github.com/ocrkit/ocrkit/codegen/solabi"
)

// Rounds is how many random values a generated test looks at: 200, or what the environment says in OCRGEN_ROUNDS.
var Rounds = rounds()

func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("OCRGEN_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 200
}

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

// U256 is an unsigned integer of the given width.
func (r Rand) U256(width int) uint256.Int {
	return *uint256.MustFromBig(r.BigUint(width))
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

// Few is the length of an array of large elements.
func (r Rand) Few() int { return r.IntN(4) }

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

// limit is a number that some integer type just holds, or just does not: there are 256.
func limit(i int) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(1), uint(8*(i/8)))
	if i&1 != 0 {
		v.Rsh(v, 1) // that of a signed type
	}
	if i&2 != 0 {
		v.Sub(v, big.NewInt(1))
	}
	if i&4 != 0 {
		v.Not(v)
	}
	return v
}

// maxLimits bounds how many encodings EachLimit makes, maxLimitWords how many words it changes.
const (
	maxLimits     = 2000
	maxLimitWords = 40
)

// EachLimit calls check with copies of an encoding, in each of which one word has become a number at the limits of some
// integer type: for each of the first words and, if there are few of them, all limits.
func EachLimit(data []byte, check func([]byte)) {
	words := min(len(data)/solabi.WordSize, maxLimitWords)
	step := 1 + words*256/maxLimits
	for word := range words {
		for i := word % step; i < 256; i += step {
			b := append([]byte(nil), data...)
			solabi.PutBigInt(b[word*solabi.WordSize:], limit(i), 256)
			check(b)
		}
	}
}

// Beyond are the integers next to the range of a type, on either side.
func Beyond(width int, signed bool) []*big.Int {
	one := big.NewInt(1)
	if !signed {
		return []*big.Int{big.NewInt(-1), new(big.Int).Lsh(one, uint(width))}
	}
	half := new(big.Int).Lsh(one, uint(width-1))
	return []*big.Int{half, new(big.Int).Not(half)}
}

// Mutations is how many mutations of a value a generated test looks at.
const Mutations = 4

// Mutate returns an encoding that is like the given one but for one thing: words and bytes change, come and go.
func (r Rand) Mutate(data []byte) []byte {
	b := append([]byte(nil), data...)
	at := 0
	if len(b) >= solabi.WordSize {
		at = solabi.WordSize * r.IntN(len(b)/solabi.WordSize)
	}
	switch r.IntN(9) {
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
	case 7: // a word becomes a number at the limits of some type
		if at+solabi.WordSize <= len(b) {
			solabi.PutBigInt(b[at:], limit(r.IntN(256)), 256)
		}
	default:
		if len(b) > 0 {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
	}
	return b
}
