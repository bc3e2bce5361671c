package link

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// MessageLimits are the limits of a stream on messages that arrive: length, number per second, payload bytes per second. They
// outlive connections.
type MessageLimits struct {
	maxLength int
	messages  TokenBucket
	bytes     TokenBucket
}

// NewMessageLimits returns limits with full buckets.
func NewMessageLimits(maxLength int, messages, bytes p2ptypes.TokenBucketParams, now time.Duration) MessageLimits {
	return MessageLimits{maxLength, bucketFrom(messages, now), bucketFrom(bytes, now)}
}

// Update changes the limits. The buckets keep the tokens that they have.
func (l *MessageLimits) Update(maxLength int, messages, bytes p2ptypes.TokenBucketParams, now time.Duration) {
	l.maxLength = maxLength
	l.messages.SetRate(now, Millitokens(messages.Rate))
	l.messages.SetCapacity(messages.Capacity)
	l.bytes.SetRate(now, Millitokens(bytes.Rate))
	l.bytes.SetCapacity(bytes.Capacity)
}

// Admit decides on a message of n bytes that has arrived: Deliver, TooLong, MessagesLimit or BytesLimit. A message that is too
// long takes no tokens; any other takes from both buckets, whatever the first one says.
func (l *MessageLimits) Admit(now time.Duration, n uint32) Verdict {
	if int64(n) > int64(l.maxLength) {
		return TooLong
	}
	messagesOK := l.messages.Take(now, 1)
	bytesOK := l.bytes.Take(now, uint64(n))
	switch {
	case !messagesOK:
		return MessagesLimit
	case !bytesOK:
		return BytesLimit
	}
	return Deliver
}

const (
	// controlBytes is what it takes to open every stream once.
	controlBytes = p2ptypes.MaxStreamsPerPeer * uint32(wire.HeaderLength+p2ptypes.MaxStreamNameLength)
	// controlSeconds is the time after which it may happen again.
	controlSeconds = 600
	// rawFactor allows for the overhead of TLS.
	rawFactor = 1.5
)

// ConnectionBucket limits the raw bytes that a peer may send, TLS and all, by what its open streams allow (P1 only). It
// outlives connections. The zero value refuses everything; use NewConnectionBucket.
type ConnectionBucket struct {
	bucket    TokenBucket
	unlimited bool
}

// NewConnectionBucket returns the empty bucket of a peer without streams.
func NewConnectionBucket(now time.Duration) ConnectionBucket {
	c := ConnectionBucket{bucket: NewTokenBucket(0, 0, false, now)}
	c.StreamOpened(now, p2ptypes.TokenBucketParams{}, p2ptypes.TokenBucketParams{
		Rate:     float64(p2ptypes.MaxStreamsPerPeer) / controlSeconds * float64(wire.HeaderLength+p2ptypes.MaxStreamNameLength),
		Capacity: controlBytes,
	})
	return c
}

// rawParams returns what a stream with these limits adds to the bucket; false if a bucket cannot express it.
func rawParams(messages, bytes p2ptypes.TokenBucketParams) (rate uint64, capacity uint32, ok bool) {
	const header = float64(wire.HeaderLength)
	// The conversions keep compilers from fusing operations, which would round differently on some machines.
	r := math.Ceil(1000 * rawFactor * (float64(header*messages.Rate) + bytes.Rate))
	c := math.Ceil(rawFactor * (float64(header*float64(messages.Capacity)) + float64(bytes.Capacity)))
	if !(r >= 0 && r < math.MaxUint64 && c >= 0 && c <= math.MaxUint32) { // NaN is refused too
		return 0, 0, false
	}
	return uint64(r), uint32(c), true
}

// StreamOpened adds to rate and capacity what a stream allows. Tokens are not added.
func (c *ConnectionBucket) StreamOpened(now time.Duration, messages, bytes p2ptypes.TokenBucketParams) {
	rate, capacity, ok := rawParams(messages, bytes)
	newRate, rateCarry := bits.Add64(c.bucket.rate, rate, 0)
	newCapacity, capacityCarry := bits.Add32(c.bucket.capacity, capacity, 0)
	c.change(now, newRate, newCapacity, ok && rateCarry == 0 && capacityCarry == 0)
}

// StreamClosed takes from rate and capacity what StreamOpened added.
func (c *ConnectionBucket) StreamClosed(now time.Duration, messages, bytes p2ptypes.TokenBucketParams) {
	rate, capacity, ok := rawParams(messages, bytes)
	newRate, rateBorrow := bits.Sub64(c.bucket.rate, rate, 0)
	newCapacity, capacityBorrow := bits.Sub32(c.bucket.capacity, capacity, 0)
	c.change(now, newRate, newCapacity, ok && rateBorrow == 0 && capacityBorrow == 0)
}

// change sets rate and capacity; what cannot be expressed makes the bucket unlimited for good.
func (c *ConnectionBucket) change(now time.Duration, rate uint64, capacity uint32, ok bool) {
	if c.unlimited {
		return
	}
	if !ok {
		c.unlimited = true
		return
	}
	c.bucket.SetRate(now, rate)
	c.bucket.SetCapacity(capacity)
}

// Connected adds the tokens that it takes to open every stream once.
func (c *ConnectionBucket) Connected() { c.bucket.Add(controlBytes) }

// Read charges n raw bytes. If it returns false the connection must be closed at once.
func (c *ConnectionBucket) Read(now time.Duration, n int) bool {
	return c.unlimited || c.bucket.Take(now, uint64(n))
}

// Wait returns how long it takes until Read of n bytes would return true; 0 if it would now, or never will.
func (c *ConnectionBucket) Wait(now time.Duration, n int) time.Duration {
	if c.unlimited {
		return 0
	}
	wait, _ := c.bucket.Until(now, uint32(min(uint64(n), math.MaxUint32)))
	return wait
}

// Unlimited tells whether the limits of the streams were too large to be added up: then nothing is refused.
func (c *ConnectionBucket) Unlimited() bool { return c.unlimited }

// Params returns the rate in millitokens a second and the capacity in tokens; a token is a byte.
func (c *ConnectionBucket) Params() (rate uint64, capacity uint32) { return c.bucket.Params() }

// overheadAllowance is how many raw bytes of a connection are free of the overhead rule.
const overheadAllowance = 100 << 10

// Overhead bounds what TLS may cost: raw bytes may be twice the bytes of frames, and 100 KiB more (P2 only). It stands against
// floods of tiny TLS records. It belongs to one connection and counts from the end of the handshake.
type Overhead struct {
	raw       uint64
	delivered uint64
}

// RawRead counts raw bytes that were read from the socket.
func (o *Overhead) RawRead(n int) { o.raw += uint64(n) }

// Delivered counts bytes of frames, skipped ones included. If it returns false the connection must be closed.
func (o *Overhead) Delivered(n int) bool {
	o.delivered += uint64(n)
	return o.raw <= overheadAllowance || 2*o.delivered >= o.raw-overheadAllowance
}

// Inbound connections per peer that were authenticated: a burst, and a rate that depends on how often peers dial.
const (
	inboundCapacity    = 4
	inboundPerDial     = 2    // connections in the time between two dials
	inboundMinimumRate = 500  // millitokens per second
	millisecondsPerSec = 1000 // milli
)

// NewInboundBucket returns the full bucket that limits the connections that a peer may establish.
func NewInboundBucket(deltaDial time.Duration, now time.Duration) TokenBucket {
	rate := uint64(inboundMinimumRate)
	if deltaDial > 0 {
		rate = max(rate, uint64(inboundPerDial*millisecondsPerSec/deltaDial.Seconds()))
	}
	return NewTokenBucket(rate, inboundCapacity, true, now)
}

// Totals are the sums of the limits of all streams with a peer, for metrics and for a warning when they are excessive (P2).
type Totals struct {
	MessagesRate, BytesRate         float64
	MessagesCapacity, BytesCapacity uint64
}

// Opened adds the limits of a stream.
func (s *Totals) Opened(messages, bytes p2ptypes.TokenBucketParams) {
	s.MessagesRate += messages.Rate
	s.BytesRate += bytes.Rate
	s.MessagesCapacity += uint64(messages.Capacity)
	s.BytesCapacity += uint64(bytes.Capacity)
}

// Closed takes the limits of a stream away again.
func (s *Totals) Closed(messages, bytes p2ptypes.TokenBucketParams) {
	s.MessagesRate -= messages.Rate
	s.BytesRate -= bytes.Rate
	s.MessagesCapacity -= uint64(messages.Capacity)
	s.BytesCapacity -= uint64(bytes.Capacity)
}

// Excessive says which sum is above what a host can sensibly promise to one peer; "" if none is.
func (s *Totals) Excessive() string {
	switch {
	case s.MessagesRate > 10_000:
		return fmt.Sprintf("%v messages/s, over 10000", s.MessagesRate)
	case s.MessagesCapacity > 50_000:
		return fmt.Sprintf("bursts of %d messages, over 50000", s.MessagesCapacity)
	case s.BytesRate > 1<<30:
		return fmt.Sprintf("%v bytes/s, over 2^30", s.BytesRate)
	case s.BytesCapacity > 5<<30:
		return fmt.Sprintf("bursts of %d bytes, over 5*2^30", s.BytesCapacity)
	}
	return ""
}
