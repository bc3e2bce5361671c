package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// scriptedDatabase records the calls that succeed.
type scriptedDatabase struct {
	mu     sync.Mutex
	before func(ctx context.Context, call string) error
	done   []string
}

func (d *scriptedDatabase) call(ctx context.Context, call string) error {
	d.mu.Lock()
	before := d.before
	d.mu.Unlock()
	if before != nil {
		if err := before(ctx, call); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = append(d.done, call)
	return nil
}

func (d *scriptedDatabase) ReadState(context.Context, types.ConfigDigest) (*types.PersistentState, error) {
	return nil, nil
}

func (d *scriptedDatabase) WriteState(ctx context.Context, _ types.ConfigDigest, s types.PersistentState) error {
	return d.call(ctx, fmt.Sprintf("state %d/%d", s.Epoch, s.HighestSentEpoch))
}

func (d *scriptedDatabase) WriteSignedRound(ctx context.Context, _ types.ConfigDigest, epoch uint32, round uint8) error {
	return d.call(ctx, fmt.Sprintf("round %d/%d", epoch, round))
}

func (d *scriptedDatabase) ReadSignedRound(context.Context, types.ConfigDigest) (uint32, uint8, bool, error) {
	return 0, 0, false, nil
}

func (d *scriptedDatabase) expect(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.done, want) {
		t.Errorf("written: %q, want %q", d.done, want)
	}
	d.done = nil
}

func (d *scriptedDatabase) hook(f func(ctx context.Context, call string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = f
}

// keeperBench is a keeper with a turn of its own.
type keeperBench struct {
	keeper  keeper
	box     mailbox
	running tasks
	db      scriptedDatabase
	log     logRecorder
	durable int
}

func newKeeperBench(keepsRounds bool) *keeperBench {
	b := &keeperBench{}
	b.box = mailbox{rest: func() {}, handle: func(m mail) { m.do.take() }}
	b.keeper = keeper{
		writes: writes{
			timeout: time.Second, logger: logging.New(&b.log), running: &b.running,
			post: func(do func()) bool { return b.box.post(mail{do: turnFunc(do)}) },
		},
		records: recordsOf(stateDatabase[types.ConfigDigest](&b.db), types.ConfigDigest{}),
		durable: func(ticket) { b.durable++ },
	}
	if !keepsRounds {
		b.keeper.records.readRound, b.keeper.records.writeRound = nil, nil
	}
	b.box.open(mail{do: turnFunc(func() {})})
	return b
}

// store and delete queue writes about the transmission of a round.
func (b *keeperBench) store(round uint8) {
	b.keeper.writePending(pendingWrite{"", ticketOf(0, round), func(ctx context.Context) error { return b.db.call(ctx, fmt.Sprintf("store %d", round)) }})
}

func (b *keeperBench) delete(round uint8) {
	b.keeper.writePending(pendingWrite{"", ticketOf(0, round), func(ctx context.Context) error { return b.db.call(ctx, fmt.Sprintf("delete %d", round)) }})
}

func (b *keeperBench) do(f func()) {
	b.box.post(mail{do: turnFunc(f)})
	synctest.Wait()
}

func (b *keeperBench) close() {
	b.box.close()
	b.running.Wait()
	b.keeper.flush()
}

func state(epoch, sent uint32) types.PersistentState {
	return types.PersistentState{Epoch: epoch, HighestSentEpoch: sent}
}

func TestKeeperWritesTheNewestStateUntilItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newKeeperBench(true)
		release := make(chan struct{})
		failures := 2
		b.db.hook(func(context.Context, string) error {
			<-release
			if failures > 0 {
				failures--
				return errors.New("disk full")
			}
			return nil
		})
		b.do(func() { b.keeper.persistState(state(1, 1)) })
		b.do(func() { b.keeper.persistState(state(1, 2)); b.keeper.persistState(state(2, 2)) })
		close(release)
		synctest.Wait()
		b.db.expect(t)
		time.Sleep(time.Second) // virtual time
		synctest.Wait()
		b.db.expect(t, "state 2/2")
		b.do(func() { b.keeper.persistState(state(2, 2)) }) // as before: nothing to do
		b.do(func() { b.keeper.persistState(state(2, 3)) })
		b.db.expect(t, "state 2/3")
		if b.log.count("error the database failed") != 2 {
			t.Errorf("logged %q", b.log.lines)
		}
		b.close()
	})
}

func TestKeeperFlushesWhatItCouldNotWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newKeeperBench(true)
		b.db.hook(func(context.Context, string) error { return errors.New("disk full") })
		b.do(func() {
			b.keeper.persistState(state(7, 7))
			b.store(1)
			b.store(2)
			b.delete(1)
		})
		b.db.hook(nil)
		b.close()
		b.db.expect(t, "state 7/7", "store 1", "store 2", "delete 1")
	})
}

func TestKeeperWritesPendingTransmissionsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newKeeperBench(true)
		attempts := map[string]int{}
		b.db.hook(func(_ context.Context, call string) error {
			attempts[call]++ // one call at a time
			if call == "store 2" && attempts[call] < 3 || call == "store 3" {
				return errors.New("no")
			}
			return nil
		})
		b.do(func() {
			for round := uint8(1); round <= 4; round++ {
				b.store(round)
			}
			b.delete(4)
		})
		time.Sleep(time.Minute) // virtual time
		synctest.Wait()
		b.db.expect(t, "store 1", "store 2", "store 4", "delete 4")
		if attempts["store 3"] != maxPendingAttempts {
			t.Errorf("the write that always fails was tried %d times", attempts["store 3"])
		}
		// No more than so many wait.
		release := make(chan struct{})
		b.db.hook(func(context.Context, string) error { <-release; return nil })
		b.do(func() {
			for range maxPendingWrites + 5 {
				b.delete(0)
			}
		})
		if n := len(b.keeper.pending); n != maxPendingWrites || b.log.count("warn dropping a write") != 4 {
			t.Errorf("%d writes wait; logged %d drops", n, b.log.count("warn dropping a write"))
		}
		close(release)
		synctest.Wait()
		b.close()
	})
}

func TestKeeperSignedRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newKeeperBench(true)
		release := make(chan struct{}, 10)
		b.db.hook(func(context.Context, string) error { <-release; return nil })
		b.do(func() {
			for round := range uint8(3) {
				if b.keeper.persistRound(ticketOf(5, round+1)) {
					t.Error("a round is durable before it is written")
				}
			}
		})
		release <- struct{}{}
		synctest.Wait()
		b.db.expect(t, "round 5/1")
		release <- struct{}{}
		synctest.Wait()
		b.db.expect(t, "round 5/3")
		b.do(func() {
			if b.durable != 2 || b.keeper.roundDurable != ticketOf(5, 3) {
				t.Errorf("durable %d times, up to %v", b.durable, b.keeper.roundDurable)
			}
			if !b.keeper.persistRound(ticketOf(5, 2)) || !b.keeper.persistRound(ticketOf(4, 9)) {
				t.Error("an earlier round is not durable")
			}
		})
		b.close()
		b.db.expect(t)
	})
}

// A database without rounds: the epoch is written before anything is signed in it.
func TestKeeperEpochStandsForTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newKeeperBench(false)
		b.do(func() {
			if b.keeper.persistRound(ticketOf(1, 1)) {
				t.Error("durable although no state was ever written")
			}
		})
		b.db.expect(t, "state 1/1")
		b.do(func() {
			if !b.keeper.persistRound(ticketOf(1, 200)) {
				t.Error("the epoch is durable, but a round of it is not")
			}
			b.keeper.persistState(state(1, 2))
			b.keeper.persistState(state(3, 4))
			if b.keeper.persistRound(ticketOf(3, 1)) {
				t.Error("durable before it is written")
			}
		})
		b.db.expect(t, "state 1/2", "state 3/4")
		b.do(func() {
			if b.durable != 2 || !b.keeper.persistRound(ticketOf(3, 1)) {
				t.Errorf("durable %d times", b.durable)
			}
		})
		b.close()
	})
}

func TestOutboxHoldsBack(t *testing.T) {
	var left []string
	var refused []ocr2.CallTransmit
	var log logRecorder
	o := outbox{
		logger:  logging.New(&log),
		perform: func(e any) { left = append(left, fmt.Sprint(e)) },
		refuse: func(e any) {
			if transmit, ok := e.(ocr2.CallTransmit); ok {
				refused = append(refused, transmit)
			}
		},
	}
	expect := func(want ...string) {
		t.Helper()
		if !slices.Equal(left, want) {
			t.Errorf("left: %v, want %v", left, want)
		}
		left = nil
	}
	round := func(r uint8) uint64 { return uint64(ticketOf(1, r)) }
	o.leave("a")
	o.require(round(1))
	o.leave("b")
	o.leave("c")
	o.require(round(2))
	o.leave("d")
	expect("a")
	o.becameDurable(round(1))
	expect("b", "c")
	o.leave("e")
	expect()
	o.becameDurable(round(3))
	expect("d", "e")
	o.require(round(2)) // long durable
	o.leave("f")
	expect("f")

	o.require(round(9))
	o.leaveCall(7, ocr2.CallTransmit{ID: 7})
	o.leaveCall(8, ocr2.CallTransmit{ID: 8})
	if !o.abandon(8) || o.abandon(8) || o.abandon(6) {
		t.Error("abandon does not find what is held, or finds what is not")
	}
	for i := range maxHeld {
		o.leave(i)
	}
	if len(o.held) != maxHeld || len(refused) != 1 || refused[0].ID != 7 {
		t.Errorf("%d are held, refused: %v", len(o.held), refused)
	}
	o.becameDurable(round(9))
	if len(left) != maxHeld || left[0] != "0" || log.count("error dropping") != 1 || log.count("no longer") != 1 {
		t.Errorf("%d left, the first is %s; log: %q", len(left), left[0], log.lines)
	}
}
