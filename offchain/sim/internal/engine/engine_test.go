package engine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// TestQueueKeepsOrder: by time, then by arrival.
func TestQueueKeepsOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var q Queue[int]
	added := uint64(0)
	var lastAt Instant
	lastCall := kernel.CallID(0)
	pop := func() {
		at, h := q.Pop()
		if at < lastAt || at == lastAt && h.Call < lastCall {
			t.Fatalf("%s, number %d comes after %s, number %d", at, h.Call, lastAt, lastCall)
		}
		lastAt, lastCall = at, h.Call
	}
	for range 10_000 {
		if q.Len() > 0 && random.IntN(2) == 0 {
			pop()
			continue
		}
		added++
		q.Add(lastAt+Instant(random.IntN(5)), Happening[int]{Kind: Message, Call: kernel.CallID(added)})
	}
	if len(q.slab) > 1000 {
		t.Errorf("the slab grew to %d for at most %d things at a time", len(q.slab), q.Len())
	}
	for q.Len() > 0 {
		pop()
	}
}

// TestQueueHurries: late messages come soon, in their order, and nothing else changes.
func TestQueueHurries(t *testing.T) {
	var q Queue[int]
	for i, kind := range []HappeningKind{Message, Timer, Message, Message} {
		q.Add(Instant(100-10*i), Happening[int]{Kind: kind, Call: kernel.CallID(i)})
	}
	q.Hurry(75)
	var got []string
	for q.Len() > 0 {
		at, h := q.Pop()
		got = append(got, fmt.Sprintf("%d:%d", at, h.Call))
	}
	if want := "70:3 75:2 75:0 90:1"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestClockDrift(t *testing.T) {
	c := Clock{Skew: time.Hour, Drift: 1000}
	if got, want := c.At(1000*time.Second), Epoch0.Add(time.Hour+1001*time.Second); !got.Equal(want) {
		t.Errorf("a fast clock shows %s, want %s", got, want)
	}
	if got, want := c.Real(1000*time.Second), 999*time.Second; got != want {
		t.Errorf("it advances by 1000 s in %s, want %s", got, want)
	}
}
