package ragep2p

import (
	"errors"
	"net"
	"sync/atomic"
)

// errRawLimit ends a connection whose peer sends more raw bytes than its streams allow.
var errRawLimit = errors.New("peer sends more than its streams allow")

// rawConn is the TCP connection below TLS: it counts, and stops a peer that sends too much.
type rawConn struct {
	net.Conn
	metrics *peerMetrics // of the peer that is expected
	// admit, set when the handshake is done, decides on n bytes that were read.
	admit atomic.Pointer[func(n int) bool]
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
	n, err := c.Conn.Write(b)
	c.metrics.rawWritten.Add(uint64(n))
	return n, err
}
