package linksim

import (
	"encoding/binary"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// recordOverhead is what TLS adds to each record, in bytes.
const recordOverhead = 22

// tcp is a connection.
type tcp struct {
	sim     *Sim
	ends    [2]*end
	latency time.Duration
	cut     bool
}

func (t *tcp) dead() bool { return t.ends[0].closed && t.ends[1].closed }

// end is one end of a connection.
type end struct {
	*side
	tcp *tcp
	id  link.ConnID

	running  bool
	closed   bool
	closedAt time.Duration
	receiver *link.Receiver
	overhead *link.Overhead

	inbox     [][]byte // has arrived and was not read
	unacked   int      // bytes written that the other end has not read
	sentAt    time.Duration
	writing   bool // a write waits for room
	remoteEnd bool // the other end has closed: reading ends after what has arrived
}

func (e *end) otherEnd() *end {
	if e.tcp.ends[0] == e {
		return e.tcp.ends[1]
	}
	return e.tcp.ends[0]
}

// close closes this end; the other one is told, if anything arrives there.
func (e *end) close() {
	if e.closed {
		return
	}
	s := e.tcp.sim
	e.closed, e.closedAt = true, s.now
	other := e.otherEnd()
	s.after(e.tcp.latency, func() {
		if !e.tcp.cut && !other.closed {
			other.remoteEnd = true
			other.read()
		}
	})
}

// end ends a live connection some time from now: reader and writer return, then the connection is closed.
func (e *end) end(d time.Duration) {
	e.tcp.sim.after(d, func() {
		e.close()
		if l := e.side; l != nil && l.live == e && !l.gone {
			l.live = nil
			e.running = false
			l.out.Disconnected()
			delete(l.conns, e.id)
			e.tcp.sim.record("end %d %d", l.number, l.other.number)
			l.step(link.Ended{Conn: e.id})
		}
	})
}

// die ends a connection because of an error.
func (e *end) die() {
	if e.closed {
		return
	}
	if e.running {
		e.end(0)
	} else {
		// Whoever makes it live will find it dead.
		e.remoteEnd = true
	}
}

// write hands what there is to write to the socket, as long as there is room.
func (e *end) write() {
	s := e.tcp.sim
	l := e.side
	if !e.running || e.closed || e.writing || l.live != e || l.kind == Liar {
		return
	}
	for e.unacked < socketBuffer {
		frames := l.out.Take(nil, 64, 16<<10)
		if len(frames) == 0 {
			return
		}
		var b []byte
		for i := range frames {
			f := &frames[i]
			h := wire.Header{Type: f.Type, Stream: f.Stream, PayloadLength: uint32(len(f.Payload))}
			switch f.Type {
			case wire.FrameRequest:
				binary.BigEndian.PutUint64(h.Request[:], s.rng.Uint64())
				binary.BigEndian.PutUint64(h.Request[8:], s.rng.Uint64())
				l.demux.Responses.Requested(wallClock(s.now), h.Request, f.Stream, f.Request.Policy)
			case wire.FrameResponse:
				h.Request = f.Request.Handle
			}
			b = append(wire.AppendHeader(b, &h), f.Payload...)
		}
		e.send(b)
	}
	// No room: the writer waits, for a while.
	e.writing = true
	sentAt := e.sentAt
	s.after(writeTimeout, func() {
		if e.writing && e.sentAt == sentAt && !e.closed {
			e.end(0)
		}
	})
}

// send puts bytes on their way.
func (e *end) send(b []byte) {
	s := e.tcp.sim
	if e.unacked == 0 {
		s.after(userTimeout, e.checkProgress)
	}
	e.unacked += len(b)
	e.sentAt = s.now
	other := e.otherEnd()
	s.after(e.tcp.latency, func() {
		if e.tcp.cut || other.closed {
			return
		}
		other.inbox = append(other.inbox, b)
		other.read()
	})
}

// checkProgress ends a connection on which bytes stay unacknowledged although the other end could read.
func (e *end) checkProgress() {
	if e.unacked > 0 && e.tcp.cut {
		e.die()
	}
}

// read handles what has arrived.
func (e *end) read() {
	s := e.tcp.sim
	if !e.running || e.closed {
		return
	}
	if wait := e.node.readsFrom - s.now; wait > 0 {
		s.after(wait, e.read)
		return
	}
	for len(e.inbox) > 0 {
		b := e.inbox[0]
		e.inbox = e.inbox[1:]
		if !e.handle(b) {
			return
		}
		other, n := e.otherEnd(), len(b)
		s.after(e.tcp.latency, func() {
			if !e.tcp.cut {
				other.unacked -= n
				other.writing = false
				other.write()
			}
		})
	}
	if e.remoteEnd {
		e.end(0)
	}
}

// handle handles bytes. It returns false if the connection has ended.
func (e *end) handle(b []byte) bool {
	s, l := e.tcp.sim, e.side
	raw := len(b) + recordOverhead*(1+len(b)/(16<<10))
	if e.overhead != nil {
		e.overhead.RawRead(raw)
	} else if !l.demux.Bucket.Read(s.now, raw) {
		if l.other.kind != Liar {
			s.violation("%d stops %d because of too many bytes", l.number, l.other.number)
		}
		e.end(0)
		return false
	}
	for len(b) > 0 {
		n := copy(e.receiver.Space(), b)
		b = b[n:]
		e.receiver.Added(n)
		for {
			var event link.Event
			err := e.receiver.Next(&event)
			switch event.Kind {
			case link.OpenFrame:
				l.out.RemoteOpened(event.Header.Stream)
				s.after(0, e.write)
			case link.CloseFrame:
				l.out.RemoteClosed(event.Header.Stream)
			case link.Admitted:
				event.Stream.Tag.(*chat).receive(&event)
			case link.Dropped:
				s.Dropped++
				if v := event.Verdict; l.other.kind != Liar && v < link.ResponseUnknown {
					s.violation("%d drops a message of %d: %v", l.number, l.other.number, v)
				}
			}
			if err != nil {
				if l.other.kind != Liar {
					s.violation("%d finds that %d breaks the rules: %v", l.number, l.other.number, err)
				}
				e.end(0)
				return false
			}
			if event.Kind == link.NoEvent {
				break
			}
		}
	}
	return true
}

// lie writes what must not be written.
func (e *end) lie() {
	s, l := e.tcp.sim, e.side
	if e.closed || !e.running {
		return
	}
	stream := l.streams[s.rng.IntN(streamsPerPair)].out.ID
	var b []byte
	frame := func(h wire.Header, payload []byte) {
		h.PayloadLength = uint32(len(payload))
		b = append(wire.AppendHeader(b, &h), payload...)
	}
	switch s.rng.IntN(8) {
	case 0: // a flood of messages
		for range 2000 {
			frame(wire.Header{Type: wire.FrameData, Stream: stream}, make([]byte, s.rng.IntN(50)))
		}
	case 1: // a flood of bytes
		for range 110 {
			frame(wire.Header{Type: wire.FrameData, Stream: stream}, make([]byte, maxMessage))
		}
	case 2:
		frame(wire.Header{Type: wire.FrameData, Stream: stream}, make([]byte, maxMessage+1))
	case 3: // a stream that nobody has
		frame(wire.Header{Type: wire.FrameData, Stream: wire.StreamID{1}}, make([]byte, 5000))
	case 4: // responses to nothing
		for range 10 {
			frame(wire.Header{Type: wire.FrameResponse, Stream: stream, Request: p2ptypes.RequestHandle{byte(s.rng.Uint32())}}, make([]byte, 10))
		}
	case 5: // open and close without end
		for i := range 1000 {
			frame(wire.Header{Type: wire.FrameOpen, Stream: wire.StreamID{byte(i), byte(i >> 8)}}, []byte("x"))
			frame(wire.Header{Type: wire.FrameClose, Stream: wire.StreamID{byte(i), byte(i >> 8)}}, nil)
		}
	case 6:
		b = []byte("garbage")
	case 7: // silence, with the stream open, reading nothing
		frame(wire.Header{Type: wire.FrameOpen, Stream: stream}, []byte("stream 0"))
		e.node.readsFrom = s.now + 20*time.Second
	}
	e.send(b)
	s.after(time.Duration(s.rng.Int64N(int64(4*time.Second))), e.lie)
}
