package ragep2p

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// conn is an authenticated connection.
type conn struct {
	peer    *peer
	id      link.ConnID
	inbound bool
	raw     *rawConn
	tls     *tls.Conn

	// Guarded by peer.mu.
	waiting bool // the writer waits for wake
	kept    bool // the socket has not taken all that was written
	// allowance is what we take the peer's bucket of raw bytes to be (P1), as long as it is of interest.
	allowance link.ConnectionBucket
	paceUntil time.Duration
	ending    bool
	why       string // why we end it

	// heard says that a message has arrived since the last one that was written at once.
	heard atomic.Bool

	wake       chan struct{} // has room for one
	stop       chan struct{} // is closed when the connection shall end
	writerDone chan struct{}
}

func newConn(p *peer, raw *rawConn, t *tls.Conn, inbound bool) *conn {
	return &conn{peer: p, raw: raw, tls: t, inbound: inbound, wake: make(chan struct{}, 1), stop: make(chan struct{}), writerDone: make(chan struct{})}
}

// cancel makes reader and writer return soon. peer.mu must be held.
func (c *conn) cancel(why string) {
	if c.ending {
		return
	}
	c.ending, c.why = true, why
	close(c.stop)
	// A writer that is in the middle of a frame cannot be waited for: the successor waits.
	_ = c.raw.SetDeadline(time.Now())
	if c.waiting {
		c.waiting = false
		c.wake <- struct{}{}
	}
}

// serve reads until the connection ends. It starts the writer and waits for it; then it closes the connection.
func (c *conn) serve() {
	go c.write()
	err := c.read()
	p := c.peer
	p.mu.Lock()
	why := c.why
	c.cancel("")
	p.mu.Unlock()
	<-c.writerDone
	// Close sends the alert, if the writer was not stopped in the middle of a record, with a deadline of its own.
	c.tls.Close()

	fields := commontypes.LogFields{"remoteAddr": c.raw.RemoteAddr(), "inbound": c.inbound}
	switch {
	case why != "":
		fields["reason"] = why
		p.log.Info("connection ended", fields)
	case errors.Is(err, wire.ErrProtocol) || errors.Is(err, errRawLimit):
		fields["error"] = err
		p.log.Warn("connection ended: peer violates the protocol", fields)
	case errors.Is(err, io.EOF):
		p.log.Info("connection ended by the peer", fields)
	default:
		fields["error"] = err
		p.log.Info("connection ended", fields)
	}
	p.ended(c)
}

// fail ends the connection because of an error of the writer.
func (c *conn) fail(err error) {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	why := "cannot write: " + err.Error()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		why = "peer does not read"
	}
	c.cancel(why)
}

// read handles what arrives, until an error.
func (c *conn) read() error {
	p := c.peer
	var overhead *link.Overhead
	var admit func(n int) bool
	if p.host.config.Protocol == wire.P2 {
		overhead = &link.Overhead{}
		admit = func(n int) bool {
			overhead.RawRead(n)
			return true
		}
	} else {
		admit = func(n int) bool {
			p.rx.Lock()
			defer p.rx.Unlock()
			return p.demux.Bucket.Read(p.host.now(), n)
		}
	}
	c.raw.admit.Store(&admit)

	var now time.Duration
	var wall time.Time
	r := link.NewReceiver(p.host.config.Protocol, overhead, func(h *wire.Header) (link.Verdict, *link.InStream) {
		p.rx.Lock()
		defer p.rx.Unlock()
		return p.demux.Admit(now, wall, h)
	})
	var e link.Event
	for {
		n, err := c.tls.Read(r.Space())
		if n > 0 {
			wall = time.Now()
			now = wall.Sub(p.host.origin)
			r.Added(n)
			if err := c.handle(r, &e); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// handle handles the frames that have arrived.
func (c *conn) handle(r *link.Receiver, e *link.Event) error {
	p := c.peer
	defer func() {
		processed, skipped := r.Counts()
		p.metrics.processed.Add(processed)
		p.metrics.skipped.Add(skipped)
	}()
	for {
		err := r.Next(e)
		switch e.Kind {
		case link.Admitted:
			if !c.heard.Load() {
				c.heard.Store(true)
			}
			e.Stream.Tag.(*stream).deliver(e.Header.Type, e.Header.Request, e.Payload)
		case link.Dropped:
			c.dropped(e)
		case link.OpenFrame:
			c.remoteOpened(e)
		case link.CloseFrame:
			p.mu.Lock()
			p.out.RemoteClosed(e.Header.Stream)
			p.mu.Unlock()
		}
		if err != nil {
			return err
		}
		if e.Kind == link.NoEvent {
			return nil
		}
	}
}

func (c *conn) dropped(e *link.Event) {
	p := c.peer
	if e.Stream == nil {
		p.drops.drop(dropReason(e.Verdict), p.log, e.Header.Stream.String(), int(e.Header.PayloadLength))
		return
	}
	s := e.Stream.Tag.(*stream)
	s.drops.drop(dropReason(e.Verdict), p.log, s.name, int(e.Header.PayloadLength))
}

func (c *conn) remoteOpened(e *link.Event) {
	p := c.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.out.RemoteOpened(e.Header.Stream)
	if s != nil && s.Name != string(e.Payload) {
		p.log.Warn("peer has another name for a stream", commontypes.LogFields{"streamName": s.Name, "remoteStreamName": string(e.Payload)})
	}
	if s != nil {
		c.bothOpen(s.ID)
	}
	p.wakeWriter()
}
