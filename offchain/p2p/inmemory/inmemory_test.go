package inmemory

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	digest = types.ConfigDigest{1}
	limits = types.BinaryNetworkEndpointLimits{MaxMessageLength: 100}
)

// endpoints makes and starts an endpoint for each peer.
func endpoints(t *testing.T, net *Network, cd types.ConfigDigest, peers ...string) []*Endpoint {
	t.Helper()
	var es []*Endpoint
	for _, peer := range peers {
		e, err := net.Peer(peer).NewEndpoint(cd, peers, nil, 0, limits)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		es = append(es, e.(*Endpoint))
	}
	return es
}

// received returns what waits in the channel, as SENDER:PAYLOAD.
func received(e *Endpoint) (got []string) {
	for {
		select {
		case m, ok := <-e.Receive():
			if !ok {
				return append(got, "closed")
			}
			got = append(got, fmt.Sprintf("%d:%s", m.Sender, m.Msg))
		default:
			return got
		}
	}
}

func expect(t *testing.T, e *Endpoint, want ...string) {
	t.Helper()
	if got := received(e); !slices.Equal(got, want) {
		t.Errorf("oracle %d received %v, want %v", e.self, got, want)
	}
}

func TestDelivery(t *testing.T) {
	net := NewNetwork()
	es := endpoints(t, net, digest, "a", "b", "c")
	other := endpoints(t, net, types.ConfigDigest{2}, "c", "b", "a")
	es[0].Broadcast([]byte("hello"))
	es[1].SendTo([]byte("psst"), 2)
	es[2].SendTo([]byte("note to self"), 2)
	es[0].SendTo([]byte("nobody"), 3)
	es[0].SendTo(make([]byte, 101), 1)
	other[0].SendTo([]byte("elsewhere"), 2)
	expect(t, es[0], "0:hello")
	expect(t, es[1], "0:hello")
	expect(t, es[2], "0:hello", "1:psst", "2:note to self")
	expect(t, other[2], "0:elsewhere")
	if es[1].Dropped() != 1 {
		t.Errorf("%d messages were dropped, want 1", es[1].Dropped())
	}
}

func TestSenderIsWhatTheReceiverKnows(t *testing.T) {
	net := NewNetwork()
	a, _ := net.Peer("a").NewEndpoint(digest, []string{"a", "b", "x"}, nil, 0, limits)
	b, _ := net.Peer("b").NewEndpoint(digest, []string{"x", "b", "a"}, nil, 0, limits)
	x, _ := net.Peer("x").NewEndpoint(digest, []string{"x", "b"}, nil, 0, limits)
	for _, e := range []commontypes.BinaryNetworkEndpoint{a, b, x} {
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
	}
	a.SendTo([]byte("m"), 1)
	expect(t, b.(*Endpoint), "2:m")
	a.SendTo([]byte("m"), 2) // x does not know a
	expect(t, x.(*Endpoint))
}

func TestReceiverOwnsMessagesOfTheChannel(t *testing.T) {
	es := endpoints(t, NewNetwork(), digest, "a", "b")
	payload := []byte("hello")
	es[0].Broadcast(payload)
	m := <-es[0].Receive()
	clear(m.Msg)
	expect(t, es[1], "0:hello")
	if string(payload) != "hello" {
		t.Error("a receiver could change the sender's payload")
	}
}

func TestFullBufferDropsTheOldest(t *testing.T) {
	es := endpoints(t, NewNetwork(), digest, "a", "b")
	const capacity = 2 * BufferedMessagesPerOracle
	for i := range capacity + 10 {
		es[0].SendTo(fmt.Appendf(nil, "%d", i), 1)
	}
	got := received(es[1])
	if len(got) != capacity || got[0] != "0:10" || es[1].Dropped() != 10 {
		t.Errorf("%d messages received, the first is %s, %d dropped", len(got), got[0], es[1].Dropped())
	}
}

func TestStartAndClose(t *testing.T) {
	net := NewNetwork()
	es := endpoints(t, net, digest, "a", "b")
	if err := es[0].Start(); err == nil {
		t.Error("a second Start is accepted")
	}
	again, err := net.Peer("a").NewEndpoint(digest, []string{"a", "b"}, nil, 0, limits)
	if err != nil {
		t.Fatal(err)
	}
	again.Broadcast([]byte("not started"))
	if err := again.Start(); err == nil {
		t.Error("two endpoints of one peer for one config are accepted")
	}
	if err := es[0].Close(); err != nil {
		t.Error(err)
	}
	if err := es[0].Close(); err == nil {
		t.Error("a second Close is accepted")
	}
	es[0].Broadcast([]byte("closed"))
	es[1].SendTo([]byte("into the void"), 0)
	expect(t, es[0], "closed")
	expect(t, es[1])
	if err := again.Start(); err != nil {
		t.Errorf("after Close of the first: %v", err)
	}
	es[1].SendTo([]byte("hello again"), 0)
	expect(t, again.(*Endpoint), "1:hello again")

	for _, peers := range [][]string{{"b", "c"}, {"a", "a"}, make([]string, 40)} {
		if len(peers) == 40 {
			for i := range peers {
				peers[i] = fmt.Sprint("p", i)
			}
			peers[7] = "a"
		}
		if _, err := net.Peer("a").NewEndpoint(digest, peers, nil, 0, limits); err == nil {
			t.Errorf("an endpoint of a among %d peers %v is accepted", len(peers), peers)
		}
	}

	b, err := net.Peer("z").NewBootstrapper(digest, nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if b.Start() != nil || b.Start() == nil || b.Close() != nil || b.Close() == nil {
		t.Error("the bootstrapper does not keep to start once, close once")
	}
}

func TestPush(t *testing.T) {
	net := NewNetwork()
	peers := []string{"a", "b", "c", "d"}
	const each = 2000
	var mu sync.Mutex
	next := map[commontypes.OracleID]int{}
	var closed bool
	receiver, err := net.Peer("a").NewEndpoint(digest, peers, nil, 0, limits)
	if err != nil {
		t.Fatal(err)
	}
	receiver.(*Endpoint).SetReceiver(func(m commontypes.BinaryMessageWithSender) {
		mu.Lock()
		defer mu.Unlock()
		if closed {
			t.Error("called after Close")
		}
		if want := fmt.Sprint(next[m.Sender]); string(m.Msg) != want {
			t.Errorf("from %d: got %s, want %s", m.Sender, m.Msg, want)
		}
		next[m.Sender]++
	})
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, peer := range peers[1:] {
		e, err := net.Peer(peer).NewEndpoint(digest, peers, nil, 0, limits)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for i := range each {
				e.SendTo(fmt.Append(nil, i), 0)
			}
		})
	}
	wg.Wait()
	for id := commontypes.OracleID(1); id < 4; id++ {
		if next[id] != each {
			t.Errorf("%d messages from %d, want %d", next[id], id, each)
		}
	}
	if err := receiver.Close(); err != nil {
		t.Error(err)
	}
	closed = true
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := NewNetwork()
		es := endpoints(t, net, digest, "a", "b")
		net.SetFault(func(e Envelope) Outcome {
			if e.ConfigDigest != digest || e.From != 0 {
				t.Errorf("the hook sees %+v", e)
			}
			switch string(e.Payload) {
			case "lost":
				return Outcome{Drop: true}
			case "late":
				return Outcome{Delay: time.Second}
			case "twice":
				return Outcome{Duplicates: 1}
			case "tampered":
				return Outcome{Payload: []byte("TAMPERED")}
			}
			return Outcome{}
		})
		for _, m := range []string{"lost", "late", "twice", "tampered", "fine"} {
			es[0].SendTo([]byte(m), 1)
		}
		synctest.Wait()
		expect(t, es[1], "0:twice", "0:twice", "0:TAMPERED", "0:fine")
		time.Sleep(time.Second) // virtual time
		synctest.Wait()
		expect(t, es[1], "0:late")
		es[0].SendTo([]byte("late"), 1)
		net.SetFault(nil)
		es[0].SendTo([]byte("lost"), 1)
		expect(t, es[1], "0:lost")
		if err := es[1].Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second) // what is late arrives nowhere
		synctest.Wait()
		expect(t, es[1], "closed")
	})
}
