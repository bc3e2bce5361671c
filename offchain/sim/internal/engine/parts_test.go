package engine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// TestMoved: a copy, with the fields that it has changed, also where the message is all in another one.
func TestMoved(t *testing.T) {
	type inner struct {
		Epoch uint32
		Round uint8
		Text  string
	}
	type outer struct{ Inner inner }
	to := map[string]uint64{"Epoch": 7, "Round": 3, "SeqNr": 9}
	plain := &inner{1, 2, "as it was"}
	if got, want := *Moved(plain, to), (inner{7, 3, "as it was"}); got != want || *plain != (inner{1, 2, "as it was"}) {
		t.Errorf("got %+v, want %+v, and the message unchanged: %+v", got, want, *plain)
	}
	if got, want := *Moved(&outer{*plain}, to), (outer{inner{7, 3, "as it was"}}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestOutboxHolds: what comes after a barrier waits for it, in order; what comes before does not.
func TestOutboxHolds(t *testing.T) {
	var left []string
	o := NewOutbox(5, func(e kernel.Effect) { left = append(left, e.String()) })
	effect := func(i int) kernel.Effect { return kernel.Abandon{ID: kernel.CallID(i)} }
	want := func(ids ...int) {
		t.Helper()
		var texts []string
		for _, id := range ids {
			texts = append(texts, effect(id).String())
		}
		if !slices.Equal(left, texts) {
			t.Errorf("left: %v, want %v", left, texts)
		}
	}
	o.Require(5)
	o.Leave(effect(1))
	want(1)
	o.Require(6)
	o.Leave(effect(2))
	o.Require(8)
	o.Leave(effect(3))
	want(1)
	o.BecameDurable(6)
	want(1, 2)
	o.BecameDurable(4)
	o.Leave(effect(4))
	if want(1, 2); o.Held() != 2 {
		t.Errorf("%d are held back, want 2", o.Held())
	}
	o.BecameDurable(9)
	want(1, 2, 3, 4)
}

// TestDiskIsDurableInOrder: writes of a kind are done in order, where only the newest matters some are left out, a crash loses
// what is behind the first one, and one that may fail says so.
func TestDiskIsDurableInOrder(t *testing.T) {
	for seed := range uint64(50) {
		w := NewWorld(Setting[int]{Seed: seed})
		n := NewNode(&w, 0)
		n.Begin()
		failed := 0
		d := NewDisk(&n, 10, 0.3, &failed, DiskKind{}, DiskKind{Newest: true}, DiskKind{MayFail: true})
		var durable [3][]int
		said := 0
		write := func(kind, value int) {
			d.Write(kind, DiskWrite{Apply: func() { durable[kind] = append(durable[kind], value) }, Done: func(ok bool) {
				if !ok {
					said++
				}
			}})
		}
		for i := range 20 {
			for kind := range durable {
				write(kind, i)
			}
		}
		for w.Queue.Len() > 0 {
			at, h := w.Queue.Pop()
			w.Now = at
			h.Do()
		}
		if len(durable[0]) != 20 || !slices.IsSorted(durable[0]) {
			t.Errorf("seed %d: durable are %v", seed, durable[0])
		}
		if !slices.Equal(durable[1], []int{0, 19}) {
			t.Errorf("seed %d: durable are %v, want the first and the last", seed, durable[1])
		}
		if missing := 20 - len(durable[2]); said < missing || missing > 0 && failed == 0 {
			t.Errorf("seed %d: %d are missing, %d failures were reported", seed, missing, said)
		}
		write(0, 20)
		write(0, 21)
		n.End()
		d.Crash()
		if slices.Contains(durable[0], 21) {
			t.Errorf("seed %d: a write that had not begun was done", seed)
		}
	}
}

// TestCheckersWatch: methods of the known names are called; a checker with others is refused.
func TestCheckersWatch(t *testing.T) {
	var c Checkers[fake, int, string, int, float64]
	c.Add(&watcher{})
	w := &watcher{}
	c.Add(w)
	c.Stepped(1, "event", new(int), new(int))
	c.Stepped(0, "event", new(int), new(int)) // not honest
	c.Delivered(1, 2, 3)
	c.Landed(new(float64))
	if got := fmt.Sprint(w.seen); got != "[stepped delivered landed]" {
		t.Errorf("got %s", got)
	}
	for _, bad := range []any{&struct{}{}, wrong{}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T is taken", bad)
				}
			}()
			c.Add(bad)
		}()
	}
}

type fake int

func (f fake) Honest() bool { return f == 1 }

type watcher struct{ seen []string }

func (w *watcher) Stepped(fake, any, *int, *int)             { w.seen = append(w.seen, "stepped") }
func (w *watcher) Delivered(fake, commontypes.OracleID, int) { w.seen = append(w.seen, "delivered") }
func (w *watcher) Landed(*float64)                           { w.seen = append(w.seen, "landed") }

type wrong struct{}

func (wrong) Ended()     {}
func (wrong) Landed(int) {}
