package ragep2p

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// bytePeer is a peer that speaks to a host byte by byte: it knows knock and TLS, and nothing of frames.
type bytePeer struct {
	t       testing.TB
	keyring p2ptypes.PeerKeyring
	id      p2ptypes.PeerID
	tcp     net.Conn
	tls     *tls.Conn
	done    chan struct{} // is closed when reading has ended

	mu       sync.Mutex
	received []byte
	err      error
}

func newBytePeer(t testing.TB, seed []byte) *bytePeer {
	keyring := testKeyring(t, seed)
	return &bytePeer{t: t, keyring: keyring, id: peerid.PeerIDFromKeyring(keyring), done: make(chan struct{})}
}

// config returns the TLS configuration for a connection with a host.
func (b *bytePeer) config(host p2ptypes.PeerID) *tls.Config {
	b.t.Helper()
	certificate, err := newCertificate(b.keyring)
	if err != nil {
		b.t.Fatal(err)
	}
	return tlsConfig(certificate, host)
}

// knock connects to a host and sends what a dialer sends first.
func (b *bytePeer) knock(h *testHost) net.Conn {
	b.t.Helper()
	tcp, err := net.Dial("tcp", h.ListenAddresses()[0])
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { tcp.Close() })
	knock, err := wire.NewKnock(b.keyring, h.ID())
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := tcp.Write(knock); err != nil {
		b.t.Fatal(err)
	}
	return tcp
}

// dial connects to a host and shakes hands.
func (b *bytePeer) dial(h *testHost) *bytePeer {
	b.t.Helper()
	b.tcp = b.knock(h)
	b.tls = tls.Client(b.tcp, b.config(h.ID()))
	b.start()
	return b
}

// accept waits for a host at a listener and shakes hands. It returns the knock.
func (b *bytePeer) accept(l net.Listener, host p2ptypes.PeerID) []byte {
	b.t.Helper()
	tcp, err := l.Accept()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { tcp.Close() })
	b.tcp = tcp
	knock := make([]byte, wire.KnockLength)
	// One read, as strict listeners do it.
	if n, err := tcp.Read(knock); err != nil || n != len(knock) {
		b.t.Fatalf("knock has %d bytes, %v", n, err)
	}
	b.tls = tls.Server(tcp, b.config(host))
	b.start()
	return knock
}

func (b *bytePeer) start() {
	b.t.Helper()
	if err := b.tcp.SetDeadline(time.Now().Add(patience)); err != nil {
		b.t.Fatal(err)
	}
	if err := b.tls.Handshake(); err != nil {
		b.t.Fatal(err)
	}
	if err := b.tcp.SetDeadline(time.Time{}); err != nil {
		b.t.Fatal(err)
	}
	go b.read()
	b.t.Cleanup(func() { b.tcp.Close(); <-b.done })
}

func (b *bytePeer) read() {
	defer close(b.done)
	buf := make([]byte, 64<<10)
	for {
		n, err := b.tls.Read(buf)
		b.mu.Lock()
		b.received = append(b.received, buf[:n]...)
		b.err = err
		b.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (b *bytePeer) write(p []byte) {
	b.t.Helper()
	if _, err := b.tls.Write(p); err != nil {
		b.t.Fatal(err)
	}
}

// send writes a frame.
func (b *bytePeer) send(h wire.Header, payload []byte) {
	b.t.Helper()
	h.PayloadLength = uint32(len(payload))
	b.write(append(wire.AppendHeader(nil, &h), payload...))
}

func (b *bytePeer) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.received)
}

// ended waits until the host has closed the connection, and returns the error that reading ended with.
func (b *bytePeer) ended() error {
	b.t.Helper()
	receiveClosed(b.t, b.done)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func receiveClosed(t testing.TB, ch <-chan struct{}) {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-ch:
	case <-timeout.C:
		t.Fatal("nothing happens")
	}
}

// closedOrderly tells whether a connection was closed, not reset.
func closedOrderly(err error) bool { return errors.Is(err, io.EOF) }
