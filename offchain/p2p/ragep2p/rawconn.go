package ragep2p

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// errRawLimit ends a connection whose peer sends more raw bytes than its streams allow.
var errRawLimit = errors.New("peer sends more than its streams allow")

// rawConn is the TCP connection below TLS: it counts, and stops a peer that sends too much. It can write without waiting: what
// the socket does not take is kept for the writer.
type rawConn struct {
	net.Conn
	metrics *peerMetrics // of the peer that is expected
	// admit, set when the handshake is done, decides on n bytes that were read.
	admit atomic.Pointer[func(n int) bool]

	// What follows belongs to whoever writes.
	try      *tryWrite // nil if the connection cannot write without waiting
	trying   bool      // Write does not wait
	kept     []byte    // was written but the socket did not take it
	deadline time.Time
}

func newRawConn(c net.Conn, metrics *peerMetrics) *rawConn {
	return &rawConn{Conn: c, metrics: metrics, try: newTryWrite(c)}
}

func (c *rawConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.metrics.rawRead.Add(uint64(n))
		if admit := c.admit.Load(); admit != nil && !(*admit)(n) {
			c.Conn.Close() // at once: without an alert
			return 0, errRawLimit
		}
	}
	return n, err
}

func (c *rawConn) Write(b []byte) (int, error) {
	if c.trying {
		n := 0
		if len(c.kept) == 0 {
			var err error
			if n, err = c.try.write(b); err != nil {
				return n, err
			}
			c.metrics.rawWritten.Add(uint64(n))
		}
		c.kept = append(c.kept, b[n:]...)
		return len(b), nil
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.write(b)
}

// flush writes what was kept.
func (c *rawConn) flush() error {
	if len(c.kept) == 0 {
		return nil
	}
	_, err := c.write(c.kept)
	c.kept = nil
	return err
}

func (c *rawConn) write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.metrics.rawWritten.Add(uint64(n))
	return n, err
}

// deadlineSlack is how much earlier than asked for a write deadline may be, so that it need not be set for each write.
const deadlineSlack = time.Second

// extend makes what is written from now on have about d time.
func (c *rawConn) extend(d time.Duration) error {
	deadline := time.Now().Add(d)
	if deadline.Sub(c.deadline) < min(deadlineSlack, d/2) {
		return nil
	}
	c.deadline = deadline
	return c.Conn.SetWriteDeadline(deadline)
}

// tryWrite writes to a socket as much as it takes at once.
type tryWrite struct {
	raw syscall.RawConn
	// Arguments and results of attempt, which is made once so that a write allocates nothing.
	attempt func(fd uintptr) bool
	b       []byte
	n       int
	err     error
}

func newTryWrite(c net.Conn) *tryWrite {
	tcp, ok := c.(*net.TCPConn)
	if !ok || !canTryWrite {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	t := &tryWrite{raw: raw}
	t.attempt = func(fd uintptr) bool {
		t.n, t.err = writeNow(fd, t.b)
		return true
	}
	return t
}

// write returns how many bytes the socket took.
func (t *tryWrite) write(b []byte) (int, error) {
	t.b, t.n, t.err = b, 0, nil
	err := t.raw.Write(t.attempt)
	t.b = nil
	if err == nil {
		err = t.err
	}
	return t.n, err
}
