package ragep2p

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// linked returns two hosts of which the first knows the second.
func linked(t testing.TB, protocol wire.Protocol) (a, b *testHost) {
	a = startHost(t, "A", seed(1), HostConfig{Protocol: protocol})
	b = startHost(t, "B", seed(2), HostConfig{Protocol: protocol})
	a.knows(b)
	return a, b
}

func limits2(out, in int) p2ptypes.Stream2Limits {
	return p2ptypes.Stream2Limits{
		MaxOutgoingBufferedMessages: out, MaxIncomingBufferedMessages: in, MaxMessageLength: 1000, MessagesLimit: plenty, BytesLimit: plenty,
	}
}

// What was queued while there was no connection, and what was queued while it was broken, goes out in order.
func TestReconnect(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			a, b := linked(t, protocol)
			sa := a.open(t, b.ID(), "s")
			sa.SendMessage([]byte("early"))
			sb := b.open(t, a.ID(), "s")
			if m := receive(t, sb.ReceiveMessages()); string(m) != "early" {
				t.Fatalf("got %q", m)
			}
			for i := range 3 {
				broken := a.liveConn(b.ID())
				broken.raw.Close()
				eventually(t, "another connection", func() bool {
					c := a.liveConn(b.ID())
					return c != nil && c != broken
				})
				m := fmt.Sprint("after break ", i)
				sa.SendMessage([]byte(m))
				if got := receive(t, sb.ReceiveMessages()); string(got) != m {
					t.Fatalf("got %q, want %q", got, m)
				}
			}
			if n := a.metric(t, "ragep2p_peer_conn_established_total", "remote_peer_id", b.ID().String()); n < 4 {
				t.Errorf("%v connections were established, want at least 4", n)
			}
		})
	}
}

// Peers that dial each other at the same moment have one connection in the end, and use it.
func TestSimultaneousDials(t *testing.T) {
	const n = 5
	var hosts [n]*testHost
	for i := range hosts {
		hosts[i] = startHost(t, fmt.Sprint("host ", i), seed(i+1), HostConfig{Protocol: protocols[i%2], DurationBetweenDials: 2 * time.Second})
	}
	for _, h := range hosts {
		h.knows(hosts[:]...)
	}
	streams := map[[2]int]*Stream{}
	for i := range hosts {
		for j := range hosts {
			if i != j {
				streams[[2]int{i, j}] = hosts[i].open(t, hosts[j].ID(), "s")
			}
		}
	}
	for pair, s := range streams {
		s.SendMessage([]byte(fmt.Sprint(pair)))
	}
	for pair := range streams {
		back := streams[[2]int{pair[1], pair[0]}]
		if m := receive(t, back.ReceiveMessages()); string(m) != fmt.Sprint(pair) {
			t.Errorf("got %q, want %v", m, pair)
		}
	}
	for _, h := range hosts {
		for _, o := range hosts {
			if p := h.peerOf(o.ID()); p != nil {
				p.mu.Lock()
				if len(p.conns) > 2 {
					t.Errorf("%d connections", len(p.conns))
				}
				p.mu.Unlock()
			}
		}
	}
}

// The last stream with a peer takes the connection and everything else along; a new one begins anew.
func TestLastStreamEndsConnection(t *testing.T) {
	a, b := linked(t, P1)
	for range 3 {
		sa, sb := a.open(t, b.ID(), "s"), b.open(t, a.ID(), "s")
		sa.SendMessage([]byte("hello"))
		receive(t, sb.ReceiveMessages())
		if err := sa.Close(); err != nil {
			t.Fatal(err)
		}
		if err := sb.Close(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "peers are forgotten", func() bool { return a.peerOf(b.ID()) == nil && b.peerOf(a.ID()) == nil })
	}
	families, err := a.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "ragep2p_peer") {
			t.Errorf("metric %s is still registered", f.GetName())
		}
	}
}

// Closing and opening streams goes on for longer than one connection allows.
func TestStreamChurn(t *testing.T) {
	a, b := linked(t, P1)
	sa, sb := a.open(t, b.ID(), "lasting"), b.open(t, a.ID(), "lasting")
	sa.SendMessage(nil)
	receive(t, sb.ReceiveMessages())
	for i := range 2500 {
		if err := a.open(t, b.ID(), fmt.Sprint(i)).Close(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "messages flow", func() bool {
		sa.SendMessage([]byte("hello"))
		select {
		case <-sb.ReceiveMessages():
			return true
		default:
			return false
		}
	})
	for _, h := range []*testHost{a, b} {
		h.logger.mu.Lock()
		for _, line := range h.logger.lines {
			if strings.Contains(line, "violat") {
				t.Error(line)
			}
		}
		h.logger.mu.Unlock()
	}
}

func TestReceiver(t *testing.T) {
	a, b := linked(t, P2)
	sa, err := a.NewStream2(b.ID(), "s", p2ptypes.StreamPriorityDefault, limits2(100, 100))
	if err != nil {
		t.Fatal(err)
	}
	sb, err := b.NewStream2(a.ID(), "s", p2ptypes.StreamPriorityDefault, limits2(100, 100))
	if err != nil {
		t.Fatal(err)
	}
	send := func(s string) { sa.Send(p2ptypes.OutboundBinaryMessagePlain{Payload: []byte(s)}) }
	send("before")
	inner := &sb.(*stream2).sink
	eventually(t, "the first message waits", func() bool {
		sb.(*stream2).mu.Lock()
		defer sb.(*stream2).mu.Unlock()
		return inner.ring.Len() == 1
	})
	got := make(chan string, 100)
	sb.(p2ptypes.PushStream).SetReceiver(func(m p2ptypes.InboundBinaryMessage) {
		got <- string(m.(p2ptypes.InboundBinaryMessagePlain).Payload)
	})
	send("after")
	for _, want := range []string{"before", "after"} {
		if m := receive(t, got); m != want {
			t.Errorf("got %q, want %q", m, want)
		}
	}
	if err := sb.Close(); err != nil {
		t.Fatal(err)
	}
	close(got) // a call from now on would panic
	send("late")
	again, err := b.NewStream2(a.ID(), "other", p2ptypes.StreamPriorityDefault, limits2(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.NewStream2(b.ID(), "other", p2ptypes.StreamPriorityDefault, limits2(1, 1)); err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// A host that speaks P2 gives a stream of plain messages no requests.
func TestPlainStreamDropsRequests(t *testing.T) {
	a, b := linked(t, P2)
	sa, err := a.NewStream2(b.ID(), "s", p2ptypes.StreamPriorityDefault, limits2(10, 10))
	if err != nil {
		t.Fatal(err)
	}
	sb := b.open(t, a.ID(), "s")
	sa.Send(p2ptypes.OutboundBinaryMessageRequest{
		ResponsePolicy: &p2ptypes.SingleUseSizedLimitedResponsePolicy{MaxSize: 1, ExpiryTimestamp: time.Now().Add(time.Hour)}, Payload: []byte("request"),
	})
	sa.Send(p2ptypes.OutboundBinaryMessagePlain{Payload: []byte("plain")})
	if m := receive(t, sb.ReceiveMessages()); string(m) != "plain" {
		t.Errorf("got %q", m)
	}
	if n := sb.drops[dropNotPlain].Load(); n != 1 {
		t.Errorf("%d messages were dropped, want 1", n)
	}
}

func TestUpdateLimits(t *testing.T) {
	a, b := linked(t, P2)
	sa, err := a.NewStream2(b.ID(), "s", p2ptypes.StreamPriorityDefault, limits2(1000, 1))
	if err != nil {
		t.Fatal(err)
	}
	sb, err := b.NewStream2(a.ID(), "s", p2ptypes.StreamPriorityDefault, limits2(1, 4))
	if err != nil {
		t.Fatal(err)
	}
	drops := &sb.(*stream2).drops
	next, dropped := 0, uint64(0)
	channel := sb.Receive()
	// check sends n messages and expects the newest keep of them.
	check := func(n, keep int) {
		t.Helper()
		for i := range n {
			sa.Send(p2ptypes.OutboundBinaryMessagePlain{Payload: fmt.Append(nil, next+i)})
		}
		next += n
		dropped += uint64(n - keep)
		eventually(t, "the oldest are dropped", func() bool { return drops[dropIncomingFull].Load() == dropped })
		for i := next - keep; i < next; i++ {
			if m := receive(t, channel).(p2ptypes.InboundBinaryMessagePlain); string(m.Payload) != fmt.Sprint(i) {
				t.Fatalf("got %s, want %d", m.Payload, i)
			}
		}
	}
	check(10, 4)
	update := func(l p2ptypes.Stream2Limits) {
		t.Helper()
		if err := sb.UpdateLimits(l); err != nil {
			t.Fatal(err)
		}
	}
	update(limits2(1, 2))
	check(10, 2)
	update(limits2(1, 100))
	// One is under way to the channel, which has room for four.
	for i := range 100 {
		sa.Send(p2ptypes.OutboundBinaryMessagePlain{Payload: fmt.Append(nil, next+i)})
	}
	for i := range 100 {
		if m := receive(t, channel).(p2ptypes.InboundBinaryMessagePlain); string(m.Payload) != fmt.Sprint(next+i) {
			t.Fatalf("got %s, want %d", m.Payload, next+i)
		}
	}
	if err := sb.UpdateLimits(limits2(0, 1)); err == nil {
		t.Error("bad limits are accepted")
	}
	short := limits2(1, 100)
	short.MaxMessageLength = 2
	update(short)
	sa.Send(p2ptypes.OutboundBinaryMessagePlain{Payload: []byte("long")})
	sa.Send(p2ptypes.OutboundBinaryMessagePlain{Payload: []byte("ok")})
	if m := receive(t, channel).(p2ptypes.InboundBinaryMessagePlain); string(m.Payload) != "ok" {
		t.Errorf("got %s", m.Payload)
	}
	if err := sb.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := <-channel; ok {
		t.Error("channel is open")
	}
	if sb.UpdateLimits(limits2(1, 1)) == nil {
		t.Error("limits of a closed stream can be changed")
	}
}

// The names of metrics are an interface to operators.
func TestMetricNames(t *testing.T) {
	for _, protocol := range protocols {
		a, b := linked(t, protocol)
		// b first: before it has a stream for a it turns a's connection away, and a dials once more.
		sb := b.open(t, a.ID(), "s")
		sa := a.open(t, b.ID(), "s")
		sa.SendMessage(bytes.Repeat([]byte{1}, 1000))
		receive(t, sb.ReceiveMessages())
		names := []string{
			"ragep2p_experimental_peer_message_bytes",
			"ragep2p_host_inbound_dials_total",
			"ragep2p_host_refused_connections_total",
			"ragep2p_peer_conn_established_inbound_total",
			"ragep2p_peer_conn_established_total",
			"ragep2p_peer_conn_read_processed_bytes_total",
			"ragep2p_peer_conn_read_skipped_bytes_total",
			"ragep2p_peer_conn_written_bytes_total",
			"ragep2p_peer_rawconn_rate_limit_capacity",
			"ragep2p_peer_rawconn_rate_limit_rate",
			"ragep2p_peer_rawconn_read_bytes_total",
			"ragep2p_peer_rawconn_written_bytes_total",
		}
		if protocol == P2 {
			names = append(names, "ragep2p_peer_bytes_rate_limit_capacity", "ragep2p_peer_bytes_rate_limit_rate",
				"ragep2p_peer_messages_rate_limit_capacity", "ragep2p_peer_messages_rate_limit_rate")
			slices.Sort(names)
		}
		families, err := a.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range families {
			got = append(got, f.GetName())
		}
		if !slices.Equal(got, names) {
			t.Errorf("%v: metrics are\n%v, want\n%v", protocol, got, names)
		}
		open := wire.HeaderLength + 1
		eventually(t, "what is written is counted", func() bool {
			return a.metric(t, "ragep2p_peer_conn_written_bytes_total") == float64(open+wire.HeaderLength+1000)
		})
		eventually(t, "what is read is counted", func() bool {
			return b.metric(t, "ragep2p_peer_conn_read_processed_bytes_total") == float64(open+wire.HeaderLength+1000)
		})
		if n := a.metric(t, "ragep2p_experimental_peer_message_bytes"); n != 1 {
			t.Errorf("%v messages are counted, want 1", n)
		}
		if n := b.metric(t, "ragep2p_host_inbound_dials_total"); n != 1 {
			t.Errorf("%v inbound dials, want 1", n)
		}
		a.Close()
		if families, err := a.registry.Gather(); err != nil || len(families) > 0 {
			t.Errorf("%d metrics are left, %v", len(families), err)
		}
	}
	// Two hosts on one registry, and a failure to register, do no harm.
	registry := prometheus.NewRegistry()
	for range 2 {
		h, err := NewHost(HostConfig{DurationBetweenDials: time.Second}, testKeyring(t, seed(1)), nil, &directory{}, nil, registry)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Start(); err != nil {
			t.Fatal(err)
		}
		defer h.Close()
	}
}

func TestSizeHistogram(t *testing.T) {
	var h sizeHistogram
	for n, bucket := range map[int]int{0: 0, 256: 0, 257: 1, 1024: 1, 1 << 28: 10, 1<<28 + 1: 11, 1 << 30: 11} {
		before := h.counts[bucket]
		h.observe(n)
		if h.counts[bucket] != before+1 {
			t.Errorf("%d is not counted in bucket %d", n, bucket)
		}
	}
}

func TestStatus(t *testing.T) {
	a, b := linked(t, P1)
	sa, sb := a.open(t, b.ID(), "s"), b.open(t, a.ID(), "s")
	sa.SendMessage([]byte{})
	receive(t, sb.ReceiveMessages())
	status := a.Status()
	for _, want := range []string{b.ID().String(), "live=1 outbound", "s on=true remote-open=true"} {
		if !strings.Contains(status, want) {
			t.Errorf("status is %q, want %q in it", status, want)
		}
	}
	a.AddressesChanged(b.ID())
	a.AddressesChanged(p2ptypes.PeerID{1})
}

// What has queued up before there was a connection does not make a peer of P1 end it because of too many bytes.
func TestBurstAfterConnecting(t *testing.T) {
	a, b := linked(t, P1)
	const messages, size = 100, 100_000
	open := func(h *testHost, other p2ptypes.PeerID) *Stream {
		s, err := h.NewStream(other, "s", messages, messages, size, TokenBucketParams{Rate: 100, Capacity: 2 * messages}, TokenBucketParams{Rate: 3e7, Capacity: 2 * messages * size})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	sa := open(a, b.ID())
	for i := range messages {
		sa.SendMessage(bytes.Repeat([]byte{byte(i)}, size))
	}
	sb := open(b, a.ID())
	for i := range messages {
		if m := receive(t, sb.ReceiveMessages()); len(m) != size || m[0] != byte(i) {
			t.Fatalf("message %d is that of %d", i, m[0])
		}
	}
	if n := a.metric(t, "ragep2p_peer_conn_established_total"); n != 1 {
		t.Errorf("%v connections were established, want 1", n)
	}
}
