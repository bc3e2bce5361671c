package link

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// unit is a token in the unit of the balance: a rate of one millitoken a second adds one in a microsecond.
const unit = 1_000_000_000

// TokenBucket limits a rate. It fills with tokens as time passes, up to its capacity; a take that is refused empties it, so who
// sends faster than the rate gets little through. The zero value is empty and stays so.
type TokenBucket struct {
	rate     uint64 // millitokens per second
	capacity uint32 // tokens
	balance  uint64 // 1e-9 tokens
	updated  time.Duration
}

// NewTokenBucket returns a bucket, full or empty. The rate is in millitokens a second, the capacity in tokens.
func NewTokenBucket(rate uint64, capacity uint32, full bool, now time.Duration) TokenBucket {
	b := TokenBucket{rate: rate, capacity: capacity, updated: now}
	if full {
		b.balance = uint64(capacity) * unit
	}
	return b
}

// Millitokens converts a rate in tokens a second to one in millitokens a second, rounding up. What is too large for a bucket
// becomes the largest rate that it can have.
func Millitokens(rate float64) uint64 {
	m := math.Ceil(rate * 1000)
	if m >= math.MaxUint64 {
		return math.MaxUint64
	}
	if m > 0 { // false for NaN too
		return uint64(m)
	}
	return 0
}

// bucketFrom returns a full bucket of parameters as users give them.
func bucketFrom(p p2ptypes.TokenBucketParams, now time.Duration) TokenBucket {
	return NewTokenBucket(Millitokens(p.Rate), p.Capacity, true, now)
}

func (b *TokenBucket) update(now time.Duration) {
	if now < b.updated {
		b.updated = now
	}
	elapsed := uint64((now - b.updated) / time.Microsecond)
	b.updated += time.Duration(elapsed) * time.Microsecond
	hi, added := bits.Mul64(elapsed, b.rate)
	if hi != 0 {
		added = math.MaxUint64
	}
	b.balance = min(saturatingAdd(b.balance, added), uint64(b.capacity)*unit)
}

func saturatingAdd(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}

// Take takes n tokens and returns true, or empties the bucket and returns false if there are not as many.
func (b *TokenBucket) Take(now time.Duration, n uint64) bool {
	if b.TryTake(now, n) {
		return true
	}
	b.balance = 0
	return false
}

// TryTake takes n tokens and returns true, or takes none and returns false if there are not as many.
func (b *TokenBucket) TryTake(now time.Duration, n uint64) bool {
	b.update(now)
	hi, cost := bits.Mul64(n, unit)
	if hi != 0 || cost > b.balance {
		return false
	}
	b.balance -= cost
	return true
}

// Add adds n tokens. They are clipped to the capacity when the bucket is used next.
func (b *TokenBucket) Add(n uint32) {
	b.balance = saturatingAdd(b.balance, uint64(n)*unit)
}

// SetRate changes the rate, in millitokens a second, from now on.
func (b *TokenBucket) SetRate(now time.Duration, rate uint64) {
	b.update(now)
	b.rate = rate
}

// SetCapacity changes the capacity, in tokens.
func (b *TokenBucket) SetCapacity(capacity uint32) { b.capacity = capacity }

// Until returns how long it takes until n tokens are there; 0 if they are, and false if they never will be.
func (b *TokenBucket) Until(now time.Duration, n uint32) (time.Duration, bool) {
	b.update(now)
	need := uint64(n) * unit
	if need <= b.balance {
		return 0, true
	}
	if n > b.capacity || b.rate == 0 {
		return 0, false
	}
	microseconds := (need - b.balance + b.rate - 1) / b.rate
	if microseconds > uint64(math.MaxInt64/time.Microsecond)-1 {
		return 0, false
	}
	// What was elapsed but is less than a microsecond counts too; one more is never too early.
	return time.Duration(microseconds+1) * time.Microsecond, true
}

// Params returns the rate in millitokens a second and the capacity in tokens.
func (b *TokenBucket) Params() (rate uint64, capacity uint32) { return b.rate, b.capacity }

// String describes the bucket as of its last use.
func (b *TokenBucket) String() string {
	return fmt.Sprintf("%d/%d tokens, %d.%03d/s", b.balance/unit, b.capacity, b.rate/1000, b.rate%1000)
}
