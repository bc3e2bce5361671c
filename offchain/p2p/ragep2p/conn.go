package ragep2p

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

const (
	// recordSize is the most plaintext that a TLS record takes, in bytes.
	recordSize = 16 << 10
	// batchBytes and batchFrames bound what the writer takes at a time.
	batchBytes  = 64 << 10
	batchFrames = 512
	// verbatim is from which length on a payload is not copied into the batch.
	verbatim = 32 << 10
	// quietControlFrames is after how many open and close frames the connection is replaced as soon as there is nothing to
	// write, before there are so many that it must be.
	quietControlFrames = link.MaxControlFrames * 3 / 4
	// pieceSize is how much of a long payload is written under one deadline, in bytes.
	pieceSize = 256 << 10
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
	ending  bool
	why     string // why we end it

	// heard says that a message has arrived since the last one that was written at once.
	heard atomic.Bool

	wake       chan struct{} // has room for one
	writerDone chan struct{}
}

func newConn(p *peer, raw *rawConn, t *tls.Conn, inbound bool) *conn {
	return &conn{peer: p, raw: raw, tls: t, inbound: inbound, wake: make(chan struct{}, 1), writerDone: make(chan struct{})}
}

// cancel makes reader and writer return soon. peer.mu must be held.
func (c *conn) cancel(why string) {
	if c.ending {
		return
	}
	c.ending, c.why = true, why
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
	p.wakeWriter()
}

// batches holds buffers for what writers are about to write.
var batches = sync.Pool{New: func() any {
	return &batch{bytes: make([]byte, 0, batchBytes+verbatim), frames: make([]link.Frame, 0, batchFrames)}
}}

type batch struct {
	bytes  []byte
	frames []link.Frame
	sizes  sizeHistogram
}

// write writes what there is to write, until the connection ends.
func (c *conn) write() {
	defer close(c.writerDone)
	p := c.peer
	var b *batch
	control := 0
	for {
		p.mu.Lock()
		for !c.ending && !c.kept && !p.out.Pending() {
			if control >= quietControlFrames {
				c.cancel("many open and close frames were sent: a new connection allows as many again")
				break
			}
			c.waiting = true
			p.mu.Unlock()
			if b != nil {
				batches.Put(b)
				b = nil
			}
			<-c.wake
			p.mu.Lock()
		}
		if c.ending {
			p.mu.Unlock()
			return
		}
		if b == nil {
			b = batches.Get().(*batch)
		}
		kept := c.kept
		c.kept = false
		b.frames = p.out.Take(b.frames[:0], batchFrames, batchBytes)
		p.mu.Unlock()
		var err error
		if kept {
			err = c.writeKept()
		}
		if err == nil {
			err = c.writeFrames(b, &control)
		}
		clear(b.frames)
		if err != nil {
			c.fail(err)
			return
		}
	}
}

// errControlFrames ends a connection on which nothing can be opened or closed any more.
var errControlFrames = errors.New("as many open and close frames were sent as a connection allows")

// writeFrames writes the frames of a batch.
func (c *conn) writeFrames(b *batch, control *int) error {
	b.bytes = b.bytes[:0]
	for i := range b.frames {
		f := &b.frames[i]
		h := wire.Header{Type: f.Type, Stream: f.Stream, PayloadLength: uint32(len(f.Payload))}
		switch f.Type {
		case wire.FrameOpen, wire.FrameClose:
			if *control++; *control > link.MaxControlFrames {
				return errors.Join(c.flush(b), errControlFrames)
			}
		case wire.FrameRequest:
			if _, err := rand.Read(h.Request[:]); err != nil {
				return err
			}
			c.requested(h.Request, f)
		case wire.FrameResponse:
			h.Request = f.Request.Handle
		}
		if h.Type >= wire.FrameData {
			b.sizes.observe(len(f.Payload))
		}
		b.bytes = wire.AppendHeader(b.bytes, &h)
		if len(f.Payload) < verbatim {
			b.bytes = append(b.bytes, f.Payload...)
			if len(b.bytes) >= batchBytes {
				if err := c.flush(b); err != nil {
					return err
				}
			}
			continue
		}
		// As much of it as fills a record goes with what is before it, the rest from where it is.
		head := recordSize - len(b.bytes)%recordSize
		b.bytes = append(b.bytes, f.Payload[:head]...)
		if err := c.flush(b); err != nil {
			return err
		}
		rest := f.Payload[head:]
		for len(rest) >= recordSize {
			piece := rest[:min(len(rest)/recordSize*recordSize, pieceSize)]
			if err := c.writePiece(piece); err != nil {
				return err
			}
			rest = rest[len(piece):]
		}
		// What does not fill a record goes with what comes next.
		b.bytes = append(b.bytes, rest...)
	}
	return c.flush(b)
}

// requested registers a request before it is written, so that the response finds it.
func (c *conn) requested(id p2ptypes.RequestHandle, f *link.Frame) {
	p := c.peer
	p.rx.Lock()
	defer p.rx.Unlock()
	p.demux.Responses.Requested(time.Now(), id, f.Stream, f.Request.Policy)
}

func (c *conn) flush(b *batch) error {
	if len(b.bytes) == 0 {
		return nil
	}
	err := c.writePiece(b.bytes)
	b.bytes = b.bytes[:0]
	c.peer.metrics.addSizes(&b.sizes)
	return err
}

func (c *conn) writePiece(piece []byte) error {
	if err := c.extend(); err != nil {
		return err
	}
	n, err := c.tls.Write(piece)
	c.peer.metrics.written.Add(uint64(n))
	return err
}

// writeKept writes what the socket has not taken at once.
func (c *conn) writeKept() error {
	if err := c.extend(); err != nil {
		return err
	}
	return c.raw.flush()
}

// extend gives the next write its time.
func (c *conn) extend() error {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	if c.ending {
		return context.Canceled // the deadline of cancel must not be overruled
	}
	return c.raw.extend(c.peer.host.timeout)
}

// answersAtOnce tells whether the sender of a message shall write it, instead of waking the writer: that is faster for a short
// answer to a message that has just arrived. Messages that come one after the other are better left to the writer, which takes
// many at a time. The writer waits.
func (c *conn) answersAtOnce(m *link.Message) bool {
	if c.raw.try == nil || len(m.Payload) > recordSize-wire.LongHeaderLength || !c.heard.Load() {
		return false
	}
	c.heard.Store(false)
	return true
}

// writeAtOnce writes a batch in the place of the writer, which waits, and does not wait itself. What the socket does not take is
// left to the writer.
func (c *conn) writeAtOnce(b *batch) {
	c.raw.trying = true
	control := 0
	err := c.writeFrames(b, &control)
	c.raw.trying = false
	clear(b.frames)
	batches.Put(b)

	p := c.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	c.kept = len(c.raw.kept) > 0
	if err != nil {
		c.cancel("cannot write: " + err.Error())
	}
	if c.ending || c.kept || p.out.Pending() {
		c.wake <- struct{}{}
	} else {
		c.waiting = true
	}
}
