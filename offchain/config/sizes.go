package config

import (
	"errors"
	"math"
	"time"
)

// ErrSizeOutOfRange: a message length or capacity, or a number on the way to it, is negative or does not fit into 31 bits.
var ErrSizeOutOfRange = errors.New("message size outside 0 to 2147483647")

// Sizes does sums and products of message sizes in 31 bits and remembers whether one went out of range. The zero value is
// ready. It is not safe for concurrent use.
type Sizes struct {
	outOfRange bool
}

func (s *Sizes) check(v int64) int64 {
	if v < 0 || v > math.MaxInt32 {
		s.outOfRange = true
		return 0
	}
	return v
}

// Add returns the sum of the terms. Each term and each partial sum must be in range.
func (s *Sizes) Add(terms ...int) int {
	sum := int64(0)
	for _, term := range terms {
		sum = s.check(sum + s.check(int64(term)))
	}
	return int(sum)
}

// Mul returns a times b. Both and the product must be in range.
func (s *Sizes) Mul(a, b int) int {
	return int(s.check(s.check(int64(a)) * s.check(int64(b))))
}

// Err returns ErrSizeOutOfRange when anything was out of range; then all results are void.
func (s *Sizes) Err() error {
	if s.outOfRange {
		return ErrSizeOutOfRange
	}
	return nil
}

// RoundMessagesCapacity is how many messages an oracle of OCR1 or OCR2 may send to another at once.
const RoundMessagesCapacity = 16

// RoundMessagesRate returns how many messages per second an oracle of OCR1 or OCR2 may send to another. It is +Inf where an
// interval is 0. All oracles must get the same, to the last digit: so the order of the sum matters.
func RoundMessagesRate(deltaResend, deltaProgress, deltaRound time.Duration) float64 {
	sum := PerSecond(deltaResend) + PerSecond(deltaProgress) + PerSecond(deltaRound) + TimesPerSecond(3, deltaRound) + TimesPerSecond(2, deltaRound)
	return sum * 2
}

// PerSecond returns how many intervals fit into a second; +Inf for an interval of 0.
func PerSecond(interval time.Duration) float64 {
	return TimesPerSecond(1, interval)
}

// TimesPerSecond returns how many messages per second there are when each interval has the given number of them. It
// multiplies before it divides, which in the last digit is not the same as multiplying PerSecond.
func TimesPerSecond(messages int, interval time.Duration) float64 {
	return float64(messages) * float64(time.Second) / float64(interval)
}
