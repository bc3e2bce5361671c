package ragep2p

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// What the socket does not take at once is kept, in order, and goes out before what is written later.
func TestWriteWithoutWaiting(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	tcp, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	other, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	c := newRawConn(tcp, &peerMetrics{})
	if c.try == nil {
		if canTryWrite {
			t.Fatal("a TCP connection cannot write without waiting")
		}
		return
	}
	var want []byte
	write := func() {
		t.Helper()
		b := bytes.Repeat([]byte{byte(len(want) >> 12)}, 5000)
		if n, err := c.Write(b); n != len(b) || err != nil {
			t.Fatalf("wrote %d bytes, %v", n, err)
		}
		want = append(want, b...)
	}
	c.trying = true
	for len(c.kept) == 0 {
		write() // nobody reads: the socket is full at some time
	}
	write()
	if got, sum := c.metrics.rawWritten.Load(), uint64(len(want)-len(c.kept)); got != sum {
		t.Errorf("%d bytes are counted, want %d", got, sum)
	}
	c.trying = false
	var wg sync.WaitGroup
	var got []byte
	wg.Go(func() { got, _ = io.ReadAll(other) })
	write()
	if len(c.kept) != 0 {
		t.Error("bytes are left")
	}
	tcp.Close()
	wg.Wait()
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrive, want %d; or others", len(got), len(want))
	}
	c.trying = true
	if _, err := c.Write([]byte{1}); err == nil {
		t.Error("a closed connection takes bytes")
	}
}

// Many goroutines, streams and sizes in both directions: every message arrives, in order, whether its sender or the writer wrote
// it.
func TestConcurrentUse(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol.String(), func(t *testing.T) {
			a, b := linked(t, protocol)
			var wg sync.WaitGroup
			for i := range 6 {
				name := fmt.Sprint("s", i)
				sa, sb := a.open(t, b.ID(), name), b.open(t, a.ID(), name)
				size := []int{4, 100, 20_000}[i%3]
				// The other side echoes: from the reader of its connection, or from a goroutine.
				if i%2 == 0 {
					sb.SetReceiver(func(m p2ptypes.InboundBinaryMessage) { sb.SendMessage(m.(p2ptypes.InboundBinaryMessagePlain).Payload) })
				} else {
					wg.Go(func() {
						for m := range sb.ReceiveMessages() {
							sb.SendMessage(m)
						}
					})
				}
				wg.Go(func() {
					defer sb.Close()
					const messages, window = 400, 20
					content := func(n int) []byte { return bytes.Repeat([]byte{byte(n), byte(n >> 8)}, size/2) }
					for n := range messages + window {
						if n < messages {
							sa.SendMessage(content(n))
						}
						if back := n - window; back >= 0 {
							if m := <-sa.ReceiveMessages(); !bytes.Equal(m, content(back)) {
								t.Errorf("%s: message %d comes back as another", name, back)
								return
							}
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
