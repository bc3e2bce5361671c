package runtime

import (
	"math/rand/v2"
	"time"
)

const (
	firstRetry = 1 * time.Second
	maxRetry   = 2 * time.Minute
)

// backoff yields the pauses between attempts to start an instance: a second first, then about twice as long each time up to
// two minutes, a bit less at random so that a network of oracles does not try in step. The zero value is ready.
//
// Source: docs/protocol/ocr2.md, "Runtime".
type backoff struct {
	last time.Duration
}

// next returns the next pause; u is uniform in [0, 1).
func (b *backoff) next(u float64) time.Duration {
	if b.last == 0 {
		b.last = firstRetry
		return b.last
	}
	b.last = time.Duration(float64(min(2*b.last, maxRetry)) * (1 - u*0.1))
	return b.last
}

func (b *backoff) nextRandom() time.Duration { return b.next(rand.Float64()) }

// Pauses between attempts to write something to the database.
const (
	firstWriteRetry = 100 * time.Millisecond
	maxWriteRetry   = 10 * time.Second
)

// writeRetry returns the pause after the given number of failed attempts, which is at least 1.
func writeRetry(failures int) time.Duration {
	return min(firstWriteRetry<<min(failures-1, 10), maxWriteRetry)
}
