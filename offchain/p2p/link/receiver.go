package link

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

const (
	// receiveBuffer is the size of the buffer in which frames arrive, in bytes: two TLS records.
	receiveBuffer = 32 << 10
	// directRead is from how many missing bytes on a payload is read where it will stay, not through the buffer.
	directRead = 4 << 10
	// headRead is how much is read at once where a long message is expected, in bytes: what comes with the header need not be
	// moved. What TLS has decrypted beyond waits there, at no cost.
	headRead = 512
	// firstChunk is how much room is made for a long payload before any of it has arrived; the room doubles as it fills. So
	// memory costs a peer as much to claim as to send, beyond that.
	firstChunk = 4 << 20
)

// EventKind tells what a Receiver has found.
type EventKind byte

const (
	// NoEvent: more bytes are needed.
	NoEvent EventKind = iota
	// OpenFrame: the peer has opened the stream Header.Stream; Payload is the name, valid until the next call of Space.
	OpenFrame
	// CloseFrame: the peer has closed a stream.
	CloseFrame
	// Admitted: a message has arrived whole. Payload is its own and never nil.
	Admitted
	// Dropped: a message was not admitted; Verdict says why. Its payload is skipped as it arrives.
	Dropped
)

// Event is what a Receiver has found.
type Event struct {
	Kind    EventKind
	Verdict Verdict
	Header  wire.Header
	Payload []byte
	// Stream is the stream of a message, nil if it is unknown.
	Stream *InStream
}

// Receiver turns the plaintext of one connection into frames. Its owner reads into Space, calls Added and then Next until there
// is no event.
type Receiver struct {
	protocol wire.Protocol
	admit    func(*wire.Header) (Verdict, *InStream)

	buf  []byte
	r, w int // what is in buf and not yet taken: buf[r:w]

	header  wire.Header
	stream  *InStream
	inside  bool   // between the header and the end of an admitted payload
	payload []byte // the part of an admitted payload that there is room for
	filled  int
	long    bool   // the last message was long
	skip    uint64 // bytes of a dropped payload that are yet to come
	control int

	overhead  *Overhead
	fresh     int // bytes that overhead has not been told of
	processed uint64
	skipped   uint64
}

// NewReceiver returns the receiver of a new connection. admit decides on messages as Demux.Admit does. overhead, if not nil, is
// told how many bytes were taken.
func NewReceiver(protocol wire.Protocol, overhead *Overhead, admit func(*wire.Header) (Verdict, *InStream)) *Receiver {
	return &Receiver{protocol: protocol, admit: admit, overhead: overhead, buf: make([]byte, receiveBuffer)}
}

// Space returns where the next bytes go; it is not empty as long as Next is called until there is no event.
func (r *Receiver) Space() []byte {
	if r.direct() {
		return r.payload[r.filled:]
	}
	// What is left is less than a header and a name.
	r.w = copy(r.buf, r.buf[r.r:r.w])
	r.r = 0
	if r.long && !r.inside {
		return r.buf[r.w : r.w+headRead]
	}
	return r.buf[r.w:]
}

// direct tells whether the next bytes go into the payload at once.
func (r *Receiver) direct() bool {
	return r.inside && r.r == r.w && len(r.payload)-r.filled >= directRead
}

// Added says that n bytes were read into what Space returned.
func (r *Receiver) Added(n int) {
	if r.direct() {
		r.filled += n
		r.process(n)
		return
	}
	r.w += n
}

// process counts bytes of frames that are not skipped.
func (r *Receiver) process(n int) {
	r.processed += uint64(n)
	r.fresh += n
}

// Counts returns how many bytes were processed and skipped since the last call.
func (r *Receiver) Counts() (processed, skipped uint64) {
	processed, skipped = r.processed, r.skipped
	r.processed, r.skipped = 0, 0
	return processed, skipped
}

// Idle tells whether nothing has arrived of the next frame yet.
func (r *Receiver) Idle() bool { return !r.inside && r.skip == 0 && r.r == r.w }

// Next stores the next event in e: NoEvent if more bytes are needed. An error wraps wire.ErrProtocol and ends the connection.
func (r *Receiver) Next(e *Event) error {
	e.Kind = NoEvent
	err := r.next(e)
	if err == nil && r.overhead != nil && r.fresh > 0 {
		if !r.overhead.Delivered(r.fresh) {
			return fmt.Errorf("%w: too many raw bytes for the frames they carry", wire.ErrProtocol)
		}
		r.fresh = 0
	}
	return err
}

func (r *Receiver) next(e *Event) error {
	if r.inside {
		if !r.fillPayload() {
			return nil
		}
		*e = Event{Kind: Admitted, Header: r.header, Payload: r.payload, Stream: r.stream}
		r.inside, r.payload, r.stream = false, nil, nil
		return nil
	}
	if r.skip > 0 {
		n := int(min(r.skip, uint64(r.w-r.r)))
		r.r += n
		r.skip -= uint64(n)
		r.skipped += uint64(n)
		r.fresh += n
	}
	if r.control > MaxControlFrames {
		return fmt.Errorf("%w: more than %d open and close frames on one connection", wire.ErrProtocol, MaxControlFrames)
	}
	h := &r.header
	n, err := wire.DecodeHeader(r.protocol, r.buf[r.r:r.w], h)
	if n == 0 || err != nil {
		return err
	}
	if h.Type == wire.FrameOpen || h.Type == wire.FrameClose {
		end := n + int(h.PayloadLength)
		if r.w-r.r < end {
			return nil
		}
		*e = Event{Kind: OpenFrame, Header: *h, Payload: r.buf[r.r+n : r.r+end]}
		if h.Type == wire.FrameClose {
			e.Kind = CloseFrame
		}
		r.r += end
		r.process(end)
		r.control++
		return nil
	}
	r.r += n
	r.process(n)
	verdict, stream := r.admit(h)
	if verdict != Deliver {
		*e = Event{Kind: Dropped, Verdict: verdict, Header: *h, Stream: stream}
		r.skip = uint64(h.PayloadLength)
		if verdict == TooLong && r.protocol == wire.P1 {
			return fmt.Errorf("%w: message of %d bytes on stream %v, which allows less", wire.ErrProtocol, h.PayloadLength, h.Stream)
		}
		return nil
	}
	r.inside, r.stream, r.filled = true, stream, 0
	r.long = h.PayloadLength >= receiveBuffer/2
	r.payload = make([]byte, min(h.PayloadLength, firstChunk))
	return r.next(e)
}

// fillPayload moves what is buffered to the payload and tells whether it is whole.
func (r *Receiver) fillPayload() bool {
	for {
		n := copy(r.payload[r.filled:], r.buf[r.r:r.w])
		r.r += n
		r.filled += n
		r.process(n)
		if r.filled < len(r.payload) {
			return false
		}
		if r.filled == int(r.header.PayloadLength) {
			return true
		}
		longer := make([]byte, min(int(r.header.PayloadLength), 2*len(r.payload)))
		copy(longer, r.payload)
		r.payload = longer
	}
}
