package offchain_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
)

// What the tests of all protocols share.

// watchSigned sees every message and fails the test when an oracle signs, or announces, two different things in one place. describe
// says of a message what it is and what makes it differ from another one; what is empty for messages that do not count.
func watchSigned(t *testing.T, links *inmemory.Network, fault inmemory.Fault, describe func(from commontypes.OracleID, payload []byte) (what, signed string)) {
	var mu sync.Mutex
	seen := map[string]string{}
	links.SetFault(func(e inmemory.Envelope) inmemory.Outcome {
		if what, signed := describe(e.From, e.Payload); what != "" {
			what = e.ConfigDigest.Hex() + " " + what
			mu.Lock()
			if before, ok := seen[what]; ok && before != signed {
				t.Errorf("two different ones: %s", what)
			}
			seen[what] = signed
			mu.Unlock()
		}
		if fault != nil {
			return fault(e)
		}
		return inmemory.Outcome{}
	})
}

// lossy loses, delays and repeats messages.
func lossy() inmemory.Fault {
	var count atomic.Uint64
	return func(inmemory.Envelope) inmemory.Outcome {
		k := count.Add(1)
		return inmemory.Outcome{
			Drop:       k%50 == 0,
			Delay:      time.Duration(k*7919%90) * time.Millisecond,
			Duplicates: int(k % 13 / 12),
		}
	}
}

// garbageFrom replaces what one oracle sends by bytes without sense, of all lengths below the given one.
func garbageFrom(traitor commontypes.OracleID, length uint64) inmemory.Fault {
	var count atomic.Uint64
	return func(e inmemory.Envelope) inmemory.Outcome {
		if e.From != traitor {
			return inmemory.Outcome{}
		}
		k := count.Add(1)
		garbage := make([]byte, k*101%length)
		for i := range garbage {
			garbage[i] = byte(i*int(k) + 251)
		}
		return inmemory.Outcome{Payload: garbage}
	}
}

// failingNowAndThen is a hook of a database that fails a quarter of all calls, and lets one in twelve run into its deadline.
func failingNowAndThen(seed int) func(ctx context.Context, call string) error {
	random := rand.New(rand.NewPCG(1, uint64(seed)))
	var mu sync.Mutex
	return func(ctx context.Context, _ string) error {
		mu.Lock()
		k := random.IntN(12)
		mu.Unlock()
		switch {
		case k < 3:
			return errors.New("disk full")
		case k == 3:
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
}

// callWatch is told of the calls into what an oracle was given, and that it has been closed: then there must be none any more.
type callWatch struct {
	t      *testing.T
	name   string
	closed atomic.Bool
	inside atomic.Int32
}

func newCallWatch(t *testing.T, oracle int, moment time.Duration) *callWatch {
	return &callWatch{t: t, name: fmt.Sprintf("closed after %v: oracle %d", moment, oracle)}
}

// during is a call that takes a while.
func (w *callWatch) during(ctx context.Context, what string) error {
	if w.closed.Load() {
		w.t.Errorf("%s calls %s afterwards", w.name, what)
	}
	w.inside.Add(1)
	defer w.inside.Add(-1)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(5 * time.Millisecond): // virtual time
		return nil
	}
}

// wasClosed says that Close has returned.
func (w *callWatch) wasClosed() {
	if n := w.inside.Load(); n != 0 {
		w.t.Errorf("%s still has %d calls under way", w.name, n)
	}
	w.closed.Store(true)
}

// restarts has oracles stop and start again, one after the other and now and then all of them, with reports in between. waitFor waits
// for the contract to have so many, and returns how many it has.
func restarts(oracles int, waitFor func(reports int) int, stop func(oracle int), stopAll, startAll func()) {
	startAll()
	reports := waitFor(5)
	for restart := range 12 {
		stop(restart % oracles)
		if restart%3 == 0 {
			stopAll()
		}
		startAll()
		reports = waitFor(reports + 1 + restart%3)
	}
}

// inShort is how fine a test goes: coarse under -short, with which the race detector runs these tests, so that they end in time.
func inShort(coarse, fine time.Duration) time.Duration {
	if testing.Short() {
		return coarse
	}
	return fine
}
