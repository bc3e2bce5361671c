package runtime

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/ocrkit/ocrkit/offchain/internal/logging"
)

func TestMailboxHandlesInOrderOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		var inside atomic.Int32
		box := mailbox{rest: func() {}, handle: func(m mail) {
			if inside.Add(1) != 1 {
				t.Error("two mails are handled at the same time")
			}
			m.do.take()
			inside.Add(-1)
		}}
		post := func(i int) bool { return box.post(mail{do: turnFunc(func() { got = append(got, i) })}) }
		post(1)
		post(2)
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("mail was handled before the mailbox was opened")
		}
		box.open(mail{do: turnFunc(func() { got = append(got, 0) })})
		synctest.Wait()
		for i := 3; i < 500; i++ {
			post(i)
		}
		synctest.Wait()
		for i, g := range got {
			if g != i {
				t.Fatalf("mail %d was handled in place of %d", g, i)
			}
		}
		if len(got) != 500 {
			t.Fatalf("%d mails were handled, want 500", len(got))
		}
		box.close()
		if post(0) {
			t.Error("a closed mailbox takes mail")
		}
	})
}

func TestMailboxManySenders(t *testing.T) {
	const senders, each = 8, 1000
	next := make([]int, senders)
	total := 0
	done := make(chan struct{})
	box := mailbox{rest: func() {}, handle: func(m mail) { m.do.take() }}
	box.open(mail{do: turnFunc(func() {})})
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				box.post(mail{do: turnFunc(func() {
					if next[s] != i {
						t.Errorf("sender %d: got %d, want %d", s, i, next[s])
					}
					next[s]++
					if total++; total == senders*each {
						close(done)
					}
				})})
			}
		})
	}
	<-done
	wg.Wait()
	box.close()
}

func TestMailboxCloseWaitsForTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		handled := 0
		box := mailbox{rest: func() {}, handle: func(m mail) { m.do.take(); handled++ }}
		box.open(mail{do: turnFunc(func() { <-release })})
		synctest.Wait() // the handler is at work
		box.post(mail{do: turnFunc(func() { t.Error("mail was handled after close") })})
		closed := make(chan struct{})
		go func() { box.close(); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("close returned while mail was being handled")
		default:
		}
		close(release)
		<-closed
		if handled != 1 {
			t.Errorf("%d mails were handled, want 1", handled)
		}
	})
}

func TestWorkersFindTheFirstBad(t *testing.T) {
	for n := range 40 {
		for bad := -1; bad < n; bad++ {
			var w workers
			var looked [40]atomic.Int32
			result := make(chan int, 1)
			w.firstBad(n, func(i int) bool {
				looked[i].Add(1)
				return bad < 0 || i < bad
			}, func(got int) { result <- got })
			if got := <-result; got != bad {
				t.Errorf("of %d, from %d on bad: got %d", n, bad, got)
			}
			for i := range n {
				if c := looked[i].Load(); c > 1 || c == 0 && (bad < 0 || i <= bad) {
					t.Errorf("of %d, from %d on bad: index %d was looked at %d times", n, bad, i, c)
				}
			}
		}
	}
}

func TestTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logRecorder
		endpoint := &slowEndpoint{release: make(chan struct{})}
		tel := newTelemetry(endpoint, logging.New(&log))
		event := func(i int) func() []byte { return func() []byte { return []byte{byte(i)} } }
		// One is with the endpoint, a hundred wait.
		tel.offer(event(0))
		synctest.Wait()
		for i := range telemetryCapacity {
			if !tel.offer(event(i + 1)) {
				t.Fatalf("event %d was dropped", i+1)
			}
		}
		for range 4 {
			if tel.offer(func() []byte { t.Error("an event was made for which there is no room"); return nil }) {
				t.Error("an event was taken for which there is no room")
			}
		}
		if n := log.count("warn dropping telemetry"); n != 3 { // the 1st, 2nd and 4th
			t.Errorf("%d warnings, want 3", n)
		}
		close(endpoint.release)
		synctest.Wait()
		if !tel.offer(event(telemetryCapacity + 1)) {
			t.Error("an event was dropped although there is room")
		}
		synctest.Wait()
		if n := log.count("no longer being dropped"); n != 1 {
			t.Errorf("%d lines about the end of dropping, want 1", n)
		}
		for i, b := range endpoint.got {
			if b[0] != byte(i) {
				t.Fatalf("event %d came in place of %d", b[0], i)
			}
		}
		if len(endpoint.got) != telemetryCapacity+2 {
			t.Errorf("%d events came, want %d", len(endpoint.got), telemetryCapacity+2)
		}
		tel.stop()
		if tel.offer(event(0)) {
			t.Error("an event was taken after stop")
		}

		none := newTelemetry(nil, logging.Logger{})
		if none.wanted() || none.offer(event(0)) {
			t.Error("telemetry is taken although there is no endpoint")
		}
		none.stop()
	})
}

type slowEndpoint struct {
	release chan struct{}
	got     [][]byte
}

func (e *slowEndpoint) SendLog(b []byte) {
	<-e.release
	e.got = append(e.got, b)
}
