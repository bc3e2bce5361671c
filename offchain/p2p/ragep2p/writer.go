package ragep2p

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

const (
	// recordSize is the most plaintext that a TLS record takes, in bytes.
	recordSize = 16 << 10
	// tlsOverhead is what TLS adds to a record, in bytes.
	tlsOverhead = 22
	// batchBytes and batchFrames bound what the writer takes at a time.
	batchBytes  = 64 << 10
	batchFrames = 512
	// verbatim is from which length on a payload is not copied into the batch.
	verbatim = 32 << 10
	// quietControlFrames is after how many open and close frames the connection is replaced as soon as there is nothing to
	// write, before there are so many that it must be.
	quietControlFrames = link.MaxControlFrames * 3 / 4
	// paceTime is how long after its begin a connection is paced.
	paceTime = 5 * time.Second
	// pieceSize is how much of a long payload is written under one deadline, in bytes.
	pieceSize = 256 << 10
)

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
		// What does not fill a record goes with what is before it, the rest from where it is, in full records.
		head := len(f.Payload) % recordSize
		b.bytes = append(b.bytes, f.Payload[:head]...)
		if err := c.flush(b); err != nil {
			return err
		}
		for rest := f.Payload[head:]; len(rest) > 0; {
			piece := rest[:min(len(rest), pieceSize)]
			if err := c.writePiece(piece); err != nil {
				return err
			}
			rest = rest[len(piece):]
		}
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
	if err := c.extend(len(piece)); err != nil {
		return err
	}
	n, err := c.tls.Write(piece)
	c.peer.metrics.written.Add(uint64(n))
	return err
}

// writeKept writes what the socket has not taken at once.
func (c *conn) writeKept() error {
	if err := c.extend(0); err != nil {
		return err
	}
	return c.raw.flush()
}

// extend gives the next write, of n bytes, its time. It waits for it at the begin of a connection.
func (c *conn) extend(n int) error {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	for wait := c.pace(n); wait > 0 && !c.ending; wait = c.pace(n) {
		c.peer.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.stop:
		}
		timer.Stop()
		c.peer.mu.Lock()
	}
	if c.ending {
		return context.Canceled // the deadline of cancel must not be overruled
	}
	return c.raw.extend(c.peer.host.timeout)
}

// begin starts what counts from the begin of a connection. peer.mu must be held.
func (c *conn) begin() {
	if c.peer.host.config.Protocol == wire.P1 {
		now := c.peer.host.now()
		c.allowance = link.NewConnectionBucket(now)
		c.allowance.Connected()
		c.paceUntil = now + paceTime
	}
}

// bothOpen says that both sides have a stream open. peer.mu must be held.
func (c *conn) bothOpen(id wire.StreamID) {
	p := c.peer
	if c.paceUntil == 0 {
		return
	}
	p.rx.Lock()
	defer p.rx.Unlock()
	if messages, payload, ok := p.demux.Limits(id); ok {
		c.allowance.StreamOpened(p.host.now(), messages, payload)
		if c.allowance.Unlimited() {
			c.paceUntil = 0
		}
	}
}

// pace charges n bytes and returns 0, or returns how long to wait before they may be written.
//
// A peer of P1 lets us send little more right after connecting than what opens all streams, however large the bursts that its
// streams allow; only then does its bucket fill. What has queued up while there was no connection must not exceed that, or the
// peer ends the connection. Both sides of a stream usually have the same limits. If ours are lower, this costs no more than a
// slow beginning. peer.mu must be held.
func (c *conn) pace(n int) time.Duration {
	if c.paceUntil == 0 {
		return 0
	}
	now := c.peer.host.now()
	if now >= c.paceUntil {
		c.paceUntil = 0
		return 0
	}
	raw := n + tlsOverhead*(1+n/recordSize)
	if wait := c.allowance.Wait(now, raw); wait > 0 {
		return min(wait, c.paceUntil-now)
	}
	c.allowance.Read(now, raw)
	return 0
}

// answersAtOnce tells whether the sender of a message shall write it, instead of waking the writer: that is faster for a short
// answer to a message that has just arrived. Messages that come one after the other are better left to the writer, which takes
// many at a time. The writer waits. peer.mu must be held.
func (c *conn) answersAtOnce(m *link.Message) bool {
	if c.raw.try == nil || len(m.Payload) > recordSize-wire.LongHeaderLength || !c.heard.Load() {
		return false
	}
	if c.paceUntil != 0 && c.allowance.Wait(c.peer.host.now(), wire.LongHeaderLength+len(m.Payload)+tlsOverhead) > 0 {
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
