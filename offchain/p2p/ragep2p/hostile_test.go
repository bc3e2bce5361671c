package ragep2p

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// What peers can do to a host that mean it ill, before and after they have proven who they are. Each test ends with the host in
// good health: an honest peer exchanges messages with it.

// honest is a peer that behaves, connected to a host by a stream.
type honest struct {
	t            testing.TB
	ours, theirs *Stream
}

// newHonest starts another host and opens a stream between both. It does not wait for the connection.
func newHonest(t testing.TB, h *testHost, i int) *honest {
	t.Helper()
	other := startHost(t, "honest", seed(i), HostConfig{Protocol: h.config.Protocol}).knows(h)
	return &honest{t, h.open(t, other.ID(), "honest"), other.open(t, h.ID(), "honest")}
}

// check exchanges messages.
func (h *honest) check() {
	h.t.Helper()
	for _, pair := range [][2]*Stream{{h.ours, h.theirs}, {h.theirs, h.ours}} {
		pair[0].SendMessage([]byte("hello"))
		if m := receive(h.t, pair[1].ReceiveMessages()); string(m) != "hello" {
			h.t.Fatalf("honest peer gets %q", m)
		}
	}
}

// isClosed waits until a connection is closed from the other side, and returns how many bytes came before.
func isClosed(t testing.TB, c net.Conn) int {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, c)
	if errors.Is(err, errTimeout) {
		t.Fatal("connection is not closed")
	}
	return int(n)
}

var errTimeout error = timeoutError{}

type timeoutError struct{}

func (timeoutError) Error() string { return "timeout" }
func (timeoutError) Is(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func (h *testHost) refusals() int {
	return int(h.metrics.refused.Load())
}

// Connections that say nothing, or one byte of a knock, hold neither goroutines nor memory without bound, and do not keep honest
// peers out.
func TestSlowKnock(t *testing.T) {
	h := startHostWith(t, "victim", seed(1), HostConfig{}, func(o *options) {
		o.gate.MaxWaiting, o.gate.MaxWaitingPerSource = 30, 20
	})
	friend := newHonest(t, h, 2)
	friend.check()
	before := runtime.NumGoroutine()
	var conns []net.Conn
	for i := range 200 {
		c, err := net.Dial("tcp", h.ListenAddresses()[0])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			if _, err := c.Write([]byte{2}); err != nil {
				t.Fatal(err)
			}
		}
		conns = append(conns, c)
	}
	eventually(t, "all have arrived", func() bool { return h.metrics.inboundDials.Load() >= 200 })
	h.gateMu.Lock()
	waiting := h.gate.Waiting()
	h.gateMu.Unlock()
	if waiting > 20 {
		t.Errorf("%d connections wait, at most 20 may", waiting)
	}
	// The oldest give way at once; nothing was said to them.
	for _, c := range conns[:180] {
		if n := isClosed(t, c); n != 0 {
			t.Fatalf("a scanner is sent %d bytes", n)
		}
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before+20+2 })
	newHonest(t, h, 3).check()
	friend.check()
}

// A knock must be complete in time.
func TestKnockTimesOut(t *testing.T) {
	h := startHostWith(t, "victim", seed(1), HostConfig{}, func(o *options) { o.timeout = 20 * time.Millisecond })
	c, err := net.Dial("tcp", h.ListenAddresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n := isClosed(t, c); n != 0 {
		t.Errorf("a scanner is sent %d bytes", n)
	}
	eventually(t, "the refusal is counted", func() bool { return h.refusals() == 1 })
}

// So must a handshake.
func TestSlowHello(t *testing.T) {
	h := startHostWith(t, "victim", seed(1), HostConfig{}, func(o *options) { o.timeout = 50 * time.Millisecond })
	attacker := newBytePeer(t, seed(66))
	h.open(t, attacker.id, "s")
	c := attacker.knock(h)
	if _, err := c.Write([]byte{22, 3, 1}); err != nil { // the beginning of a TLS record
		t.Fatal(err)
	}
	if n := isClosed(t, c); n != 0 {
		t.Errorf("%d bytes are sent before the hello", n)
	}
	eventually(t, "no handshake goes on", func() bool {
		h.gateMu.Lock()
		defer h.gateMu.Unlock()
		return h.gate.Handshakes() == 0
	})
}

// A knock that arrives byte by byte is as good as any.
func TestKnockInPieces(t *testing.T) {
	h := startHost(t, "host", seed(1), HostConfig{})
	b := newBytePeer(t, seed(2))
	s := h.open(t, b.id, "s")
	tcp, err := net.Dial("tcp", h.ListenAddresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	knock, err := wire.NewKnock(b.keyring, h.ID())
	if err != nil {
		t.Fatal(err)
	}
	for _, octet := range knock {
		if _, err := tcp.Write([]byte{octet}); err != nil {
			t.Fatal(err)
		}
	}
	b.tcp, b.tls = tcp, tls.Client(tcp, b.config(h.ID()))
	b.start()
	b.send(wire.Header{Type: wire.FrameData, Stream: s.id}, []byte("hello"))
	if m := receive(t, s.ReceiveMessages()); string(m) != "hello" {
		t.Errorf("got %q", m)
	}
}

// Whoever knocks wrongly gets no byte.
func TestBadKnocks(t *testing.T) {
	h := startHost(t, "victim", seed(1), HostConfig{})
	friend := newBytePeer(t, seed(2))
	h.open(t, friend.id, "s")
	good, err := wire.NewKnock(friend.keyring, h.ID())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := wire.NewKnock(newBytePeer(t, seed(3)).keyring, h.ID())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := wire.NewKnock(friend.keyring, p2ptypes.PeerID{9})
	if err != nil {
		t.Fatal(err)
	}
	self, err := wire.NewKnock(testKeyring(t, seed(1)), h.ID())
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[50] ^= 1
	version := bytes.Clone(good)
	version[0] = 3
	for name, knock := range map[string][]byte{
		"http": []byte("GET / HTTP/1.1\r\nHost: " + strings.Repeat("x", 100) + "\r\n\r\n"), "stranger": stranger,
		"for another listener": elsewhere, "self": self, "bad signature": flipped, "version": version,
	} {
		c, err := net.Dial("tcp", h.ListenAddresses()[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(knock); err != nil {
			t.Fatal(err)
		}
		if n := isClosed(t, c); n != 0 {
			t.Errorf("%s: %d bytes are sent", name, n)
		}
		c.Close()
	}
	if h.liveConn(friend.id) != nil {
		t.Error("there is a connection")
	}
}

// Knocks that were recorded buy few handshakes, and do not keep out the peer that they are of, at an address where it was before.
func TestReplayedKnocks(t *testing.T) {
	h := startHost(t, "victim", seed(1), HostConfig{DurationBetweenDials: time.Minute})
	b := newBytePeer(t, seed(2))
	s := h.open(t, b.id, "s")
	b.dial(h)
	eventually(t, "connection", func() bool { return h.liveConn(b.id) != nil })
	first := h.liveConn(b.id)

	knock, err := wire.NewKnock(b.keyring, h.ID())
	if err != nil {
		t.Fatal(err)
	}
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	for range 100 {
		c, err := from.Dial("tcp", h.ListenAddresses()[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(append(knock, "garbage instead of a hello"...)); err != nil {
			t.Fatal(err)
		}
		isClosed(t, c)
		c.Close()
	}
	eventually(t, "all are refused", func() bool { return h.refusals() == 100 })
	if h.liveConn(b.id) != first {
		t.Error("replayed knocks end a connection")
	}
	p := h.peerOf(b.id)
	if n := p.metrics.rawWritten.Load(); n > 20_000 {
		t.Errorf("replayed knocks make the host send %d bytes", n)
	}
	// The peer itself comes back as if nothing was.
	again := newBytePeer(t, seed(2)).dial(h)
	again.send(wire.Header{Type: wire.FrameData, Stream: s.id}, []byte("hello"))
	if m := receive(t, s.ReceiveMessages()); string(m) != "hello" {
		t.Errorf("got %q", m)
	}
}

// A handshake succeeds with the key that was knocked with, and with no other.
func TestCertificateGames(t *testing.T) {
	h := startHost(t, "victim", seed(1), HostConfig{})
	b := newBytePeer(t, seed(2))
	h.open(t, b.id, "s")
	h.open(t, newBytePeer(t, seed(3)).id, "s")
	good, err := newCertificate(b.keyring)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newCertificate(newBytePeer(t, seed(3)).keyring)
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	for _, certificates := range map[string][]tls.Certificate{
		"none":            nil,
		"another peer's":  {other},
		"two":             {{Certificate: [][]byte{good.Certificate[0], good.Certificate[0]}, PrivateKey: good.PrivateKey}},
		"RSA":             {{Certificate: [][]byte{der}, PrivateKey: key}},
		"without its key": {{Certificate: good.Certificate, PrivateKey: other.PrivateKey}},
	} {
		config := b.config(h.ID())
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(certificates) == 0 {
				return &tls.Certificate{}, nil
			}
			return &certificates[0], nil
		}
		c := tls.Client(b.knock(h), config)
		if err := c.Handshake(); err == nil {
			isClosed(t, c) // the client is done before the server has looked at the certificate
		}
		c.Close()
	}
	old := b.config(h.ID())
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	c := tls.Client(b.knock(h), old)
	if err := c.Handshake(); err == nil {
		t.Error("TLS 1.2 is spoken")
	}
	c.Close()
	eventually(t, "all are refused", func() bool { return h.refusals() == 6 })
	if h.liveConn(b.id) != nil {
		t.Error("there is a connection")
	}
}

// The dialer checks the listener in the same way.
func TestListenerWithAnotherKey(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	h := startHost(t, "victim", seed(1), HostConfig{})
	impostor := newBytePeer(t, seed(3))
	peer := newBytePeer(t, seed(2)).id
	h.dir.set(peer, listener.Addr().String())
	h.open(t, peer, "s")
	tcp, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	if _, err := io.ReadFull(tcp, make([]byte, wire.KnockLength)); err != nil {
		t.Fatal(err)
	}
	c := tls.Server(tcp, impostor.config(h.ID()))
	if err := c.Handshake(); err == nil {
		t.Error("an impostor is taken for the peer")
	}
	eventually(t, "the next attempt", func() bool {
		p := h.peerOf(peer)
		p.mu.Lock()
		defer p.mu.Unlock()
		return strings.Contains(p.life.String(), "attempt=") || strings.Contains(p.life.String(), "failures=")
	})
	if h.liveConn(peer) != nil {
		t.Error("there is a connection")
	}
}

// hostileFrames are byte strings after a good handshake, and whether they end the connection.
func TestHostileFrames(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			// A bucket limits the connections of a peer by how often peers dial. Here each case has one of its own.
			h := startHost(t, "victim", seed(1), HostConfig{Protocol: protocol, DurationBetweenDials: time.Millisecond})
			friend := newHonest(t, h, 2)
			friend.check()
			b := newBytePeer(t, seed(66))
			s, err := h.NewStream(b.id, "s", 10, 10, 1000, plenty, plenty)
			if err != nil {
				t.Fatal(err)
			}
			header := func(frame wire.FrameType, stream wire.StreamID, n uint32) []byte {
				return wire.AppendHeader(nil, &wire.Header{Type: frame, Stream: stream, PayloadLength: n})
			}
			unknown := wire.StreamID{1}
			p1 := protocol == P1
			for _, c := range []struct {
				name  string
				bytes []byte
				ends  bool
			}{
				{"garbage", []byte("garbage"), true},
				{"type 0", header(0, s.id, 0), true},
				{"type 6", header(6, s.id, 0), true},
				{"long name", header(wire.FrameOpen, s.id, 257), true},
				{"empty name", header(wire.FrameOpen, s.id, 0), p1},
				{"close with payload", header(wire.FrameClose, s.id, 1), true},
				{"over 1 GiB", header(wire.FrameData, s.id, 1<<30+1), true},
				{"over 1 GiB, unknown stream", header(wire.FrameData, unknown, 1<<32-1), true},
				{"request", header(wire.FrameRequest, s.id, 0), p1},
				{"unknown stream", append(header(wire.FrameData, unknown, 5), "hello"...), false},
				{"close of a stream never opened", header(wire.FrameClose, unknown, 0), false},
				{"opened twice", append(append(header(wire.FrameOpen, s.id, 1), 's'), append(header(wire.FrameOpen, s.id, 1), 't')...), false},
				{"too long for the stream", append(header(wire.FrameData, s.id, 1001), make([]byte, 1001)...), p1},
			} {
				b := newBytePeer(t, seed(66)).dial(h)
				b.write(c.bytes)
				if c.ends {
					b.ended()
					continue
				}
				// The frame after it is understood.
				b.send(wire.Header{Type: wire.FrameData, Stream: s.id}, []byte(c.name))
				if m := receive(t, s.ReceiveMessages()); string(m) != c.name {
					t.Fatalf("%s: got %q", c.name, m)
				}
			}
			friend.check()
		})
	}
}

// A peer may establish few connections in a short time.
func TestReconnectFlood(t *testing.T) {
	h := startHost(t, "victim", seed(1), HostConfig{DurationBetweenDials: time.Hour})
	b := newBytePeer(t, seed(66))
	h.open(t, b.id, "s")
	for range 10 {
		c := tls.Client(b.knock(h), b.config(h.ID()))
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "handshakes end", func() bool {
		h.gateMu.Lock()
		defer h.gateMu.Unlock()
		return h.gate.Handshakes() == 0 && h.metrics.inboundDials.Load() == 10
	})
	eventually(t, "connections settle", func() bool {
		p := h.peerOf(b.id)
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.conns) <= 1
	})
	if n := h.peerOf(b.id).metrics.established.Load(); n > 4 {
		t.Errorf("%d connections were established, at most 4 may", n)
	}
}

// The frame after the 4001st that opens or closes is not handled any more, and streams that only the peer has cost little.
func TestStreamFlood(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			h := startHost(t, "victim", seed(1), HostConfig{Protocol: protocol})
			friend := newHonest(t, h, 2)
			friend.check()
			b := newBytePeer(t, seed(66))
			h.open(t, b.id, "s")
			b.dial(h)
			eventually(t, "connection", func() bool { return h.liveConn(b.id) != nil })
			before := heap()
			var flood []byte
			name := bytes.Repeat([]byte{'x'}, 200)
			for i := range link.MaxControlFrames {
				flood = wire.AppendHeader(flood, &wire.Header{Type: wire.FrameOpen, Stream: wire.StreamID{byte(i), byte(i >> 8), 1}, PayloadLength: uint32(len(name))})
				flood = append(flood, name...)
			}
			b.write(flood)
			p := h.peerOf(b.id)
			eventually(t, "all are open", func() bool {
				p.mu.Lock()
				defer p.mu.Unlock()
				return strings.Contains(p.out.String(), fmt.Sprintf("remote-open=%d ", link.MaxControlFrames))
			})
			if grown := heap() - before; grown > 3<<20 {
				t.Errorf("%d streams of a peer cost %d bytes", link.MaxControlFrames, grown)
			}
			b.send(wire.Header{Type: wire.FrameOpen, Stream: wire.StreamID{9}}, []byte("one too many"))
			if err := b.ended(); err == nil {
				t.Error("connection goes on")
			}
			friend.check()
		})
	}
}

// A peer that announces long messages and does not send them costs little; one that floods a stream loses its own messages only.
func TestFloods(t *testing.T) {
	h := startHost(t, "victim", seed(1), HostConfig{})
	friend := newHonest(t, h, 2)
	friend.check()
	b := newBytePeer(t, seed(66))
	big, err := h.NewStream(b.id, "big", 1, 1, MaxMessageLength, plenty, TokenBucketParams{Rate: 1, Capacity: 1 << 31})
	if err != nil {
		t.Fatal(err)
	}
	limited, err := h.NewStream(b.id, "limited", 10, 10, 1000, TokenBucketParams{Rate: 0.001, Capacity: 5}, plenty)
	if err != nil {
		t.Fatal(err)
	}
	b.dial(h)
	const sent = 100
	for i := range sent {
		b.send(wire.Header{Type: wire.FrameData, Stream: limited.id}, []byte{byte(i)})
	}
	for i := range 5 {
		if m := receive(t, limited.ReceiveMessages()); len(m) != 1 || m[0] != byte(i) {
			t.Fatalf("message %d is %x", i, m)
		}
	}
	eventually(t, "the others are dropped", func() bool { return limited.drops[link.MessagesLimit].Load() == sent-5 })
	if n := h.metric(t, "ragep2p_dropped_messages_total", "remote_peer_id", b.id.String(), "stream", "limited", "reason", "messages_limit"); n != sent-5 {
		t.Errorf("metric says that %v messages were dropped, want %d", n, sent-5)
	}

	before := heap()
	b.write(wire.AppendHeader(nil, &wire.Header{Type: wire.FrameData, Stream: big.id, PayloadLength: MaxMessageLength}))
	b.write(make([]byte, 1000))
	eventually(t, "the header is read", func() bool {
		big.peer.rx.Lock()
		defer big.peer.rx.Unlock()
		return big.peer.metrics.processed.Load() > uint64(sent*(wire.HeaderLength+1)+wire.HeaderLength) || heap()-before > 1<<20
	})
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("announcing a message of 1 GiB costs %d bytes", grown)
	}
	friend.check()
}

// Many tiny TLS records end a connection of P2; sending more than the streams allow ends one of P1.
func TestRawFloods(t *testing.T) {
	t.Run("tiny records", func(t *testing.T) {
		h := startHost(t, "victim", seed(1), HostConfig{Protocol: P2})
		friend := newHonest(t, h, 2)
		b := newBytePeer(t, seed(66))
		s := h.open(t, b.id, "s")
		b.dial(h)
		frame := wire.AppendHeader(nil, &wire.Header{Type: wire.FrameData, Stream: s.id})
		n := 0
		for ; n < 1_000_000; n++ {
			if _, err := b.tls.Write(frame[n%len(frame):][:1]); err != nil {
				break
			}
		}
		b.ended()
		// 23 raw bytes for each: the allowance of 100 KiB is used up after some 4900. What is in buffers comes on top.
		if n == 1_000_000 {
			t.Errorf("%d tiny records are accepted", n)
		}
		friend.check()
	})
	t.Run("too many bytes", func(t *testing.T) {
		h := startHost(t, "victim", seed(1), HostConfig{Protocol: P1})
		friend := newHonest(t, h, 2)
		b := newBytePeer(t, seed(66))
		if _, err := h.NewStream(b.id, "s", 10, 10, 100, TokenBucketParams{Rate: 1, Capacity: 1}, TokenBucketParams{Rate: 1, Capacity: 100}); err != nil {
			t.Fatal(err)
		}
		b.dial(h)
		// To a stream that is not open, so that nothing but the bytes can be wrong.
		chunk := append(wire.AppendHeader(nil, &wire.Header{Type: wire.FrameData, PayloadLength: 10_000}), make([]byte, 10_000)...)
		n := 0
		for ; n < 100_000; n++ {
			if _, err := b.tls.Write(chunk); err != nil {
				break
			}
		}
		b.ended()
		p := h.peerOf(b.id)
		if got := p.metrics.rawRead.Load(); got > 2_000_000 {
			t.Errorf("%d raw bytes are read", got)
		}
		friend.check()
	})
}

// A peer that does not read loses its connection after a while, and costs no more than the buffers of its streams.
func TestPeerThatDoesNotRead(t *testing.T) {
	h := startHostWith(t, "victim", seed(1), HostConfig{}, func(o *options) { o.timeout = 200 * time.Millisecond })
	friend := newHonest(t, h, 2)
	friend.check()
	b := newBytePeer(t, seed(66))
	s := h.open(t, b.id, "s")
	tcp := b.knock(h)
	c := tls.Client(tcp, b.config(h.ID()))
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(append(wire.AppendHeader(nil, &wire.Header{Type: wire.FrameOpen, Stream: s.id, PayloadLength: 1}), 's')); err != nil {
		t.Fatal(err)
	}
	eventually(t, "connection", func() bool { return h.liveConn(b.id) != nil })
	before := heap()
	message := make([]byte, 100_000)
	eventually(t, "the connection is ended", func() bool {
		for range 200 {
			s.SendMessage(message)
		}
		return h.liveConn(b.id) == nil
	})
	if s.drops[dropOutgoingFull].Load() == 0 {
		t.Error("nothing was dropped")
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("a peer that does not read costs %d bytes", grown)
	}
	friend.check()
}

// A stream whose messages nobody takes keeps the newest, and does not hold up others.
func TestSlowConsumer(t *testing.T) {
	for _, protocol := range protocols {
		a := startHost(t, "A", seed(1), HostConfig{Protocol: protocol})
		b := startHost(t, "B", seed(2), HostConfig{Protocol: protocol}).knows(a)
		slowA, err := a.NewStream(b.ID(), "slow", 1000, 1000, 100, plenty, plenty)
		if err != nil {
			t.Fatal(err)
		}
		slowB, err := b.NewStream(a.ID(), "slow", 1000, 10, 100, plenty, plenty)
		if err != nil {
			t.Fatal(err)
		}
		fastA, fastB := a.open(t, b.ID(), "fast"), b.open(t, a.ID(), "fast")
		messages := slowB.ReceiveMessages()
		for i := range 500 {
			slowA.SendMessage([]byte{byte(i), byte(i >> 8)})
		}
		eventually(t, "the oldest are dropped", func() bool { return slowB.drops[dropIncomingFull].Load() == 490 })
		fastA.SendMessage([]byte("fast"))
		receive(t, fastB.ReceiveMessages())
		for i := 490; i < 500; i++ {
			if m := receive(t, messages); int(m[0])|int(m[1])<<8 != i {
				t.Fatalf("got %x, want %d", m, i)
			}
		}
		if len(messages) != 0 {
			t.Error("too many messages are kept")
		}
	}
}
