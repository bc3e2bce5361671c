package ragep2p

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// FuzzBeforeAuthentication feeds bytes to everything that an unauthenticated connection reaches: the knock, and behind a good
// one the TLS handshake. Whatever they are, the host closes the connection, has established none, and has said nothing before a
// good knock.
func FuzzBeforeAuthentication(f *testing.F) {
	h, err := newHost(HostConfig{DurationBetweenDials: time.Second}, testKeyring(f, seed(1)), nil, &directory{}, nil, nil,
		options{defaultOptions(HostConfig{}).gate, patience})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { h.Close() })
	b := newBytePeer(f, seed(2))
	if _, err := h.NewStream(b.id, "s", 1, 1, 1, plenty, plenty); err != nil {
		f.Fatal(err)
	}
	knock, err := wire.NewKnock(b.keyring, h.ID())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(false, knock)
	f.Add(false, knock[:50])
	f.Add(true, []byte("garbage"))
	hello := clientHello(f, b.config(h.ID()))
	f.Add(true, hello)
	f.Add(true, append(bytes.Clone(hello), hello...))

	f.Fuzz(func(t *testing.T, knocks bool, data []byte) {
		if knocks {
			data = append(bytes.Clone(knock), data...)
		}
		ours, theirs := net.Pipe()
		var said bytes.Buffer
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.Copy(&said, theirs) })
		wg.Go(func() {
			_, _ = theirs.Write(data)
			_ = theirs.SetReadDeadline(time.Now().Add(patience))
			// The end of what there is to say: a pipe cannot be half closed, so let the host's answer come first.
			if len(data) <= wire.KnockLength || !knocks {
				theirs.Close()
			}
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.gateMu.Lock()
			ticket, _ := h.gate.Arrive(h.now(), netip.Addr{}, ours)
			h.gateMu.Unlock()
			if ticket == nil {
				ours.Close()
				return
			}
			h.admit(ours, ticket)
		}()
		// A hello that wants more bytes gets none.
		timer := time.AfterFunc(20*time.Millisecond, func() { theirs.Close() })
		<-done
		timer.Stop()
		theirs.Close()
		wg.Wait()
		if !knocks && said.Len() > 0 && !bytes.HasPrefix(data, knock) {
			t.Fatalf("host says %x to %x", said.Bytes(), data)
		}
		h.mu.Lock()
		p := h.peers[b.id]
		h.mu.Unlock()
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.conns) != 0 || p.live != nil {
			t.Fatalf("%x establishes a connection", data)
		}
	})
}

// clientHello returns the first bytes of a TLS client.
func clientHello(f *testing.F, config *tls.Config) []byte {
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() { _ = tls.Client(theirs, config).Handshake() }()
	buf := make([]byte, 1<<14)
	n, err := ours.Read(buf)
	if err != nil {
		f.Fatal(err)
	}
	return buf[:n]
}
