package ragep2p

import (
	"errors"
	"fmt"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

var errStreamClosed = errors.New("stream is closed already")

// stream is what the streams of both kinds have in common.
type stream struct {
	peer     *peer
	id       wire.StreamID
	name     string
	priority p2ptypes.StreamPriority
	drops    drops

	// The limit on what is sent stays as it was at the beginning.
	maxSendLength int

	out *link.OutStream // guarded by peer.mu
	in  *link.InStream  // guarded by peer.rx

	// mu guards what follows. It is held while receive runs: one call at a time, none after close.
	mu      sync.Mutex
	closed  bool
	receive func(p2ptypes.InboundBinaryMessage)
	sink    sink
}

// sink is where messages wait that are not pushed. All methods are called with the lock of the stream.
type sink interface {
	// accept takes a message that has arrived and returns how many were dropped, and why.
	accept(t wire.FrameType, handle p2ptypes.RequestHandle, payload []byte) (dropped int, reason dropReason)
	// drain passes on what waits.
	drain(receive func(p2ptypes.InboundBinaryMessage))
	setCapacity(capacity int, lock *sync.Mutex) (dropped int)
	close() (finish func())
}

// deliver is called by the reader of the connection.
func (s *stream) deliver(t wire.FrameType, handle p2ptypes.RequestHandle, payload []byte) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	if s.receive != nil {
		s.receive(inbound(t, handle, payload))
		s.mu.Unlock()
		return
	}
	dropped, reason := s.sink.accept(t, handle, payload)
	s.mu.Unlock()
	for range dropped {
		s.drops.drop(reason, s.peer.log, s.name, len(payload))
	}
}

func inbound(t wire.FrameType, handle p2ptypes.RequestHandle, payload []byte) p2ptypes.InboundBinaryMessage {
	switch t {
	case wire.FrameRequest:
		return p2ptypes.InboundBinaryMessageRequest{RequestHandle: handle, Payload: payload}
	case wire.FrameResponse:
		return p2ptypes.InboundBinaryMessageResponse{Payload: payload}
	default:
		return p2ptypes.InboundBinaryMessagePlain{Payload: payload}
	}
}

// Other returns the peer at the other end.
func (s *stream) Other() p2ptypes.PeerID { return s.peer.id }

// Name returns the name under which both peers have opened the stream.
func (s *stream) Name() string { return s.name }

// SetReceiver makes receive get every message instead of the channel; see p2ptypes.PushStream. Messages that wait are passed on
// at once. receive must not close the stream.
func (s *stream) SetReceiver(receive func(p2ptypes.InboundBinaryMessage)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receive = receive
	s.sink.drain(receive)
}

// Close ends the stream; its channel is closed. It returns when the receiver is not running and will not run again. A second
// call returns an error.
func (s *stream) Close() error {
	return s.peer.closeStream(s)
}

// end closes the receiving end.
func (s *stream) end() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	s.receive = nil
	finish := s.sink.close()
	s.mu.Unlock()
	finish()
}

// send queues a message that has been checked.
func (s *stream) send(m link.Message) {
	dropped := s.peer.send(s, m)
	if dropped {
		s.drops.drop(dropOutgoingFull, s.peer.log, s.name, len(m.Payload))
	}
}

// tooLong drops a message that is longer than allowed.
func (s *stream) tooLong(n, limit int) bool {
	if n <= limit {
		return false
	}
	s.drops.drop(dropSendTooLong, s.peer.log, s.name, n)
	return true
}

// Stream carries plain messages. It implements p2ptypes.Stream and p2ptypes.PushStream. All methods may be called concurrently.
type Stream struct {
	stream
	sink plainSink
}

var (
	_ p2ptypes.Stream     = (*Stream)(nil)
	_ p2ptypes.PushStream = (*Stream)(nil)
)

type plainSink struct{ inbox[[]byte] }

func (p *plainSink) accept(t wire.FrameType, _ p2ptypes.RequestHandle, payload []byte) (int, dropReason) {
	if t != wire.FrameData {
		return 1, dropNotPlain
	}
	return p.push(payload), dropIncomingFull
}

func (p *plainSink) drain(receive func(p2ptypes.InboundBinaryMessage)) {
	p.inbox.drain(func(b []byte) { receive(p2ptypes.InboundBinaryMessagePlain{Payload: b}) })
}

func (p *plainSink) setCapacity(capacity int, lock *sync.Mutex) int {
	return p.inbox.setCapacity(capacity, lock)
}

// SendMessage queues data. It never blocks: a message above the stream's limit is dropped, and where the queue is full its oldest
// message gives way. The caller must not change data afterwards.
func (s *Stream) SendMessage(data []byte) {
	if !s.tooLong(len(data), s.maxSendLength) {
		s.send(link.Message{Type: wire.FrameData, Payload: data})
	}
}

// ReceiveMessages returns the channel of arriving messages, always the same one. Close closes it.
func (s *Stream) ReceiveMessages() <-chan []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink.channel()
}

// stream2 carries messages, requests and responses.
type stream2 struct {
	stream
	sink anySink
}

var (
	_ p2ptypes.Stream2    = (*stream2)(nil)
	_ p2ptypes.PushStream = (*stream2)(nil)
)

type anySink struct {
	inbox[p2ptypes.InboundBinaryMessage]
}

func (p *anySink) accept(t wire.FrameType, handle p2ptypes.RequestHandle, payload []byte) (int, dropReason) {
	return p.push(inbound(t, handle, payload)), dropIncomingFull
}

func (p *anySink) drain(receive func(p2ptypes.InboundBinaryMessage)) { p.inbox.drain(receive) }

func (p *anySink) setCapacity(capacity int, lock *sync.Mutex) int {
	return p.inbox.setCapacity(capacity, lock)
}

// Send queues a message.
func (s *stream2) Send(msg p2ptypes.OutboundBinaryMessage) {
	switch m := msg.(type) {
	case p2ptypes.OutboundBinaryMessagePlain:
		if !s.tooLong(len(m.Payload), s.maxSendLength) {
			s.send(link.Message{Type: wire.FrameData, Payload: m.Payload})
		}
	case p2ptypes.OutboundBinaryMessageRequest:
		policy, ok := m.ResponsePolicy.(*p2ptypes.SingleUseSizedLimitedResponsePolicy)
		if !ok || policy == nil {
			s.invalid("request has no response policy", len(m.Payload))
			return
		}
		if !s.tooLong(len(m.Payload), s.maxSendLength) {
			s.send(link.Message{Type: wire.FrameRequest, Payload: m.Payload, Request: &link.RequestInfo{Policy: *policy}})
		}
	case p2ptypes.OutboundBinaryMessageResponse:
		handle := m.RequestHandle()
		if handle == (p2ptypes.RequestHandle{}) {
			s.invalid("response was not made from the handle of a request", len(m.Payload))
			return
		}
		if !s.tooLong(len(m.Payload), p2ptypes.MaxMessageLength) {
			s.send(link.Message{Type: wire.FrameResponse, Payload: m.Payload, Request: &link.RequestInfo{Handle: handle}})
		}
	default:
		s.invalid(fmt.Sprintf("message is a %T", msg), 0)
	}
}

func (s *stream2) invalid(why string, length int) {
	s.peer.log.Error("message cannot be sent: "+why, map[string]any{"streamName": s.name})
	s.drops.drop(dropSendInvalid, s.peer.log, s.name, length)
}

// Receive returns the channel of arriving messages, always the same one. Close closes it.
func (s *stream2) Receive() <-chan p2ptypes.InboundBinaryMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink.channel()
}

// UpdateLimits changes the limits of the stream.
func (s *stream2) UpdateLimits(limits p2ptypes.Stream2Limits) error {
	if err := limits.Validate(); err != nil {
		return fmt.Errorf("stream %q: %w", s.name, err)
	}
	return s.peer.updateLimits(&s.stream, limits)
}
