package link

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// MaxControlFrames is how many open and close frames may go over one connection in one direction. The receiver of one more
// closes the connection.
const MaxControlFrames = 2 * p2ptypes.MaxStreamsPerPeer

// Message is a message that waits to be written.
type Message struct {
	// Type is FrameData, FrameRequest or FrameResponse.
	Type    wire.FrameType
	Payload []byte
	// Request is what requests and responses have beside the payload; nil for plain messages.
	Request *RequestInfo
}

// RequestInfo is what a request or a response has beside the payload.
type RequestInfo struct {
	// Handle is the id of the request that a response answers. Requests get their id when they are written.
	Handle p2ptypes.RequestHandle
	// Policy says which response to a request is admitted.
	Policy p2ptypes.SingleUseSizedLimitedResponsePolicy
}

// Frame is what Outgoing hands to the writer: an open frame (the payload is the name of the stream), a close frame or a
// message.
type Frame struct {
	Message
	Stream wire.StreamID
}

// size is what a frame costs the connection, in bytes.
func (m *Message) size() int { return wire.HeaderLength + len(m.Payload) }

var (
	// ErrStreamOpen says that a stream is open already.
	ErrStreamOpen = errors.New("stream is open already")
	// ErrTooManyStreams says that a peer has as many streams as it may have.
	ErrTooManyStreams = fmt.Errorf("too many streams with this peer: at most %d are allowed", p2ptypes.MaxStreamsPerPeer)
	// ErrUnknownStream says that a stream is not open.
	ErrUnknownStream = errors.New("stream is not open")
)

// Outgoing is the sending half of the streams to one peer.
//
// A stream carries messages when both sides have it open: the peer says so by an open frame on the current connection. Until
// then, and between connections, messages wait in the ring of the stream. Notifications, i.e. open and close frames of our own,
// go before messages; messages of default priority go before those of low priority seven times out of eight. Streams of the
// same priority take turns by bytes, so that none can crowd out another by the length of its messages.
type Outgoing struct {
	streams map[wire.StreamID]*OutStream
	// remoteOpen holds the streams that the peer has open, whether we have or not. The number of control frames on a
	// connection bounds it.
	remoteOpen map[wire.StreamID]struct{}
	connected  bool

	// pending tells what the peer has not been told yet; queue has the same streams in the order of the news, and some that
	// are no longer in pending.
	pending map[wire.StreamID]wire.FrameType
	queue   []wire.StreamID

	ready [2]readyList // default and low
	pops  uint64
}

// NewOutgoing returns the machine of a peer without streams and connection.
func NewOutgoing() *Outgoing {
	return &Outgoing{
		streams:    map[wire.StreamID]*OutStream{},
		remoteOpen: map[wire.StreamID]struct{}{},
		pending:    map[wire.StreamID]wire.FrameType{},
	}
}

// OutStream is an open stream.
type OutStream struct {
	ID   wire.StreamID
	Name string

	class  int // index in Outgoing.ready
	on     bool
	open   bool
	ring   Ring[Message]
	credit int // bytes that it may write before its turn ends; negative: what it has taken too much

	// Neighbours in the ready list; both nil for the only one in it.
	prev, next *OutStream
	listed     bool
}

// Open opens a stream. The error is ErrStreamOpen or ErrTooManyStreams.
func (o *Outgoing) Open(id wire.StreamID, name string, priority p2ptypes.StreamPriority, capacity int) (*OutStream, error) {
	if _, ok := o.streams[id]; ok {
		return nil, ErrStreamOpen
	}
	if len(o.streams) >= p2ptypes.MaxStreamsPerPeer {
		return nil, ErrTooManyStreams
	}
	s := &OutStream{ID: id, Name: name, ring: NewRing[Message](capacity), open: true, credit: quantum}
	if priority == p2ptypes.StreamPriorityLow {
		s.class = 1
	}
	o.streams[id] = s
	if o.connected {
		o.notify(id, wire.FrameOpen)
	}
	return s, nil
}

// Close closes a stream; what waits in it is lost. last tells that no stream is left: then the peer is not told, the
// connection ends. The error is ErrUnknownStream.
func (o *Outgoing) Close(s *OutStream) (last bool, err error) {
	if !s.open || o.streams[s.ID] != s {
		return false, ErrUnknownStream
	}
	delete(o.streams, s.ID)
	s.open = false
	o.switchOff(s)
	s.ring = Ring[Message]{}
	if len(o.streams) == 0 {
		o.forget()
		return true, nil
	}
	if o.connected {
		o.notify(s.ID, wire.FrameClose)
	}
	return false, nil
}

// Len returns the number of open streams.
func (o *Outgoing) Len() int { return len(o.streams) }

func (o *Outgoing) notify(id wire.StreamID, t wire.FrameType) {
	if _, ok := o.pending[id]; !ok {
		// Entries that were taken back are left in the queue; do not let them add up.
		if len(o.queue) > 2*len(o.pending)+64 {
			o.queue = slices.DeleteFunc(o.queue, func(id wire.StreamID) bool { _, ok := o.pending[id]; return !ok })
		}
		o.queue = append(o.queue, id)
	}
	o.pending[id] = t
}

func (o *Outgoing) forget() {
	clear(o.pending)
	o.queue = nil
}

// Connected says that there is a connection. The peer will be told of every stream.
func (o *Outgoing) Connected() {
	o.Disconnected()
	o.connected = true
	for _, id := range slices.SortedFunc(maps.Keys(o.streams), func(a, b wire.StreamID) int {
		return strings.Compare(o.streams[a].Name, o.streams[b].Name)
	}) {
		o.notify(id, wire.FrameOpen)
	}
}

// Disconnected says that the connection has ended. Messages wait for the next one.
func (o *Outgoing) Disconnected() {
	o.connected = false
	o.forget()
	clear(o.remoteOpen)
	for _, s := range o.streams {
		o.switchOff(s)
	}
}

// RemoteOpened handles an open frame. It returns our stream of that id if the frame concerns one: then messages may flow.
func (o *Outgoing) RemoteOpened(id wire.StreamID) *OutStream {
	if !o.connected {
		return nil
	}
	if _, ok := o.remoteOpen[id]; ok {
		return nil
	}
	o.remoteOpen[id] = struct{}{}
	s := o.streams[id]
	if s != nil {
		o.switchOn(s)
	}
	return s
}

// RemoteClosed handles a close frame. It returns our stream of that id if the frame concerns one: then no messages flow.
func (o *Outgoing) RemoteClosed(id wire.StreamID) *OutStream {
	if !o.connected {
		return nil
	}
	if _, ok := o.remoteOpen[id]; !ok {
		return nil
	}
	delete(o.remoteOpen, id)
	s := o.streams[id]
	if s != nil {
		o.switchOff(s)
	}
	return s
}

// Push queues a message. It returns whether there is something new to Take, and whether the oldest message of the stream gave
// way. A message for a closed stream is forgotten.
func (o *Outgoing) Push(s *OutStream, m Message) (ready, dropped bool) {
	if !s.open {
		return false, false
	}
	_, dropped = s.ring.Push(m)
	if s.on && !s.listed {
		o.ready[s.class].append(s)
		return true, dropped
	}
	return false, dropped
}

// SetCapacity changes how many messages a stream buffers, and returns how many of the oldest gave way.
func (o *Outgoing) SetCapacity(s *OutStream, capacity int) (dropped int) {
	return s.ring.SetCapacity(capacity)
}

// On tells whether messages of a stream flow.
func (s *OutStream) On() bool { return s.on }

func (o *Outgoing) switchOn(s *OutStream) {
	s.on = true
	if s.ring.Len() > 0 && !s.listed {
		o.ready[s.class].append(s)
	}
}

func (o *Outgoing) switchOff(s *OutStream) {
	s.on = false
	if s.listed {
		o.ready[s.class].remove(s)
	}
}

// Pending tells whether there is something to take.
func (o *Outgoing) Pending() bool {
	return len(o.pending) > 0 || o.ready[0].head != nil || o.ready[1].head != nil
}

// Take appends to dst what is to be written next, in this order, until the frames come to maxBytes or there are maxFrames.
func (o *Outgoing) Take(dst []Frame, maxFrames, maxBytes int) []Frame {
	if !o.connected {
		return dst
	}
	for size := 0; len(dst) < maxFrames && size < maxBytes; {
		f, ok := o.takeNotification()
		if !ok {
			if f, ok = o.takeMessage(); !ok {
				break
			}
		}
		dst = append(dst, f)
		size += f.size()
	}
	return dst
}

func (o *Outgoing) takeNotification() (Frame, bool) {
	for len(o.queue) > 0 {
		id := o.queue[0]
		o.queue = o.queue[1:]
		t, ok := o.pending[id]
		if !ok {
			continue
		}
		delete(o.pending, id)
		f := Frame{Message{Type: t}, id}
		if t == wire.FrameOpen {
			s, ok := o.streams[id]
			if !ok {
				continue // closing it has set pending to close: it cannot be
			}
			f.Payload = []byte(s.Name)
			if _, ok := o.remoteOpen[id]; ok {
				o.switchOn(s)
			}
		}
		return f, true
	}
	o.queue = nil
	return Frame{}, false
}

// lowEvery is the length of the cycle in which messages of low priority go first once.
const lowEvery = 8

func (o *Outgoing) takeMessage() (Frame, bool) {
	o.pops++
	first := 0
	if o.pops%lowEvery == 0 {
		first = 1
	}
	list := &o.ready[first]
	if list.head == nil {
		list = &o.ready[1-first]
	}
	s := list.nextTurn()
	if s == nil {
		return Frame{}, false
	}
	m, _ := s.ring.Pop()
	s.credit = max(s.credit-m.size(), -maxDebt)
	if s.ring.Len() == 0 {
		list.remove(s)
	}
	return Frame{m, s.ID}, true
}

const (
	// quantum is how many bytes a stream may write in its turn.
	quantum = 16 << 10
	// maxDebt bounds what a stream pays back after a long message, in bytes, so that a turn is found in a few rounds.
	maxDebt = 8 * quantum
)

// readyList holds the streams of one priority that have something to write, the one whose turn it is first.
type readyList struct{ head, tail *OutStream }

func (l *readyList) append(s *OutStream) {
	s.listed = true
	s.prev, s.next = l.tail, nil
	if l.tail != nil {
		l.tail.next = s
	} else {
		l.head = s
	}
	l.tail = s
}

func (l *readyList) remove(s *OutStream) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		l.head = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		l.tail = s.prev
	}
	s.prev, s.next, s.listed = nil, nil, false
}

// nextTurn returns the stream whose turn it is; nil if there is none.
func (l *readyList) nextTurn() *OutStream {
	for {
		s := l.head
		if s == nil || s.credit > 0 || s.next == nil {
			return s
		}
		s.credit += quantum
		l.remove(s)
		l.append(s)
	}
}

// String describes the machine: one line for each stream, in the order of names.
func (o *Outgoing) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "connected=%t remote-open=%d pending=%d\n", o.connected, len(o.remoteOpen), len(o.pending))
	for _, s := range slices.SortedFunc(maps.Values(o.streams), func(a, b *OutStream) int { return strings.Compare(a.Name, b.Name) }) {
		_, remote := o.remoteOpen[s.ID]
		fmt.Fprintf(&b, "%s on=%t remote-open=%t low=%t queued=%d/%d\n", s.Name, s.on, remote, s.class == 1, s.ring.Len(), s.ring.Capacity())
	}
	return b.String()
}

// RemoteOpen tells whether the peer has a stream open on the current connection.
func (o *Outgoing) RemoteOpen(id wire.StreamID) bool {
	_, ok := o.remoteOpen[id]
	return ok
}

// Queued returns how many messages wait in a stream.
func (s *OutStream) Queued() int { return s.ring.Len() }
