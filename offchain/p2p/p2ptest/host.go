package p2ptest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// Host is a host on a Network. It speaks both protocols.
type Host struct {
	network    *Network
	id         p2ptypes.PeerID
	keyring    p2ptypes.PeerKeyring
	addresses  []p2ptypes.Address
	discoverer p2ptypes.Discoverer
	logger     commontypes.Logger

	started, closed bool
	streams         map[p2ptypes.PeerID]map[string]*stream
}

var _ p2ptypes.Host2 = (*Host)(nil)

// NewHost returns a host, not started, that can be dialed at the given addresses. discoverer may be nil.
func (n *Network) NewHost(keyring p2ptypes.PeerKeyring, addresses []p2ptypes.Address, discoverer p2ptypes.Discoverer, logger commontypes.Logger) *Host {
	return &Host{
		network: n, id: peerid.PeerIDFromKeyring(keyring), keyring: keyring, addresses: addresses, discoverer: discoverer, logger: logger,
		streams: map[p2ptypes.PeerID]map[string]*stream{},
	}
}

// ID implements p2ptypes.Host.
func (h *Host) ID() p2ptypes.PeerID { return h.id }

// RawWrappee implements p2ptypes.Host.
func (h *Host) RawWrappee() any { return h }

// Start implements p2ptypes.Host.
func (h *Host) Start() error {
	h.network.mu.Lock()
	if h.started || h.closed {
		h.network.mu.Unlock()
		return errors.New("p2ptest: host was started before")
	}
	h.started = true
	h.network.hosts = append(h.network.hosts, h)
	h.network.mu.Unlock()
	if h.discoverer != nil {
		return h.discoverer.Start(h, h.keyring, h.logger)
	}
	return nil
}

// Close implements p2ptypes.Host.
func (h *Host) Close() error {
	h.network.mu.Lock()
	if !h.started || h.closed {
		h.network.mu.Unlock()
		return errors.New("p2ptest: host is not open")
	}
	h.closed = true
	h.network.mu.Unlock()
	var err error
	if h.discoverer != nil {
		err = h.discoverer.Close()
	}
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	h.started = false
	h.network.hosts = slices.DeleteFunc(h.network.hosts, func(other *Host) bool { return other == h })
	for l := range h.network.connected {
		if l.a == h.id || l.b == h.id {
			delete(h.network.connected, l)
		}
	}
	return err
}

// OpenStreams returns the number of open streams.
func (h *Host) OpenStreams() int {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	count := 0
	for _, streams := range h.streams {
		count += len(streams)
	}
	return count
}

// finds tells whether this host knows an address of the other.
func (h *Host) finds(other *Host) bool {
	if h.discoverer == nil {
		return true
	}
	found, err := h.discoverer.FindPeer(other.id)
	return err == nil && slices.ContainsFunc(found, func(a p2ptypes.Address) bool { return slices.Contains(other.addresses, a) })
}

// NewStream implements p2ptypes.Host.
func (h *Host) NewStream(
	other p2ptypes.PeerID, streamName string, outgoingBufferSize int, incomingBufferSize int, maxMessageLength int,
	messagesLimit p2ptypes.TokenBucketParams, bytesLimit p2ptypes.TokenBucketParams,
) (p2ptypes.Stream, error) {
	s, err := h.open(other, streamName, p2ptypes.Stream2Limits{
		MaxOutgoingBufferedMessages: outgoingBufferSize, MaxIncomingBufferedMessages: incomingBufferSize,
		MaxMessageLength: maxMessageLength, MessagesLimit: messagesLimit, BytesLimit: bytesLimit,
	})
	if err != nil {
		return nil, err
	}
	if h.network.options.Channels {
		return &channelStream{stream: s}, nil
	}
	return &plainStream{s}, nil
}

// NewStream2 implements p2ptypes.Host2.
func (h *Host) NewStream2(other p2ptypes.PeerID, streamName string, _ p2ptypes.StreamPriority, limits p2ptypes.Stream2Limits) (p2ptypes.Stream2, error) {
	s, err := h.open(other, streamName, limits)
	if err != nil {
		return nil, err
	}
	if h.network.options.Channels {
		return &channelStream2{stream: s}, nil
	}
	return &stream2{s}, nil
}

func (h *Host) open(other p2ptypes.PeerID, name string, limits p2ptypes.Stream2Limits) (*stream, error) {
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case other == h.id:
		return nil, errors.New("p2ptest: stream with oneself")
	case name == "" || len(name) > p2ptypes.MaxStreamNameLength:
		return nil, fmt.Errorf("p2ptest: stream name of %d bytes", len(name))
	case h.streams[other][name] != nil:
		return nil, fmt.Errorf("p2ptest: stream %q is open", name)
	case h.closed:
		return nil, errors.New("p2ptest: host is closed")
	}
	s := &stream{host: h, other: other, name: name, limits: limits, policies: map[p2ptypes.RequestHandle]p2ptypes.SingleUseSizedLimitedResponsePolicy{}}
	if h.streams[other] == nil {
		h.streams[other] = map[string]*stream{}
	}
	h.streams[other][name] = s
	// What the other has been waiting to send may go now.
	for _, peer := range n.hosts {
		if waiting := peer.streams[h.id][name]; peer.id == other && waiting != nil {
			n.markDirty(waiting)
		}
	}
	return s, nil
}

// stream is guarded by Network.mu, except for delivering.
type stream struct {
	host            *Host
	other           p2ptypes.PeerID
	name            string
	limits          p2ptypes.Stream2Limits
	messages, bytes bucket
	policies        map[p2ptypes.RequestHandle]p2ptypes.SingleUseSizedLimitedResponsePolicy
	outgoing        []p2ptypes.OutboundBinaryMessage
	dirty, closed   bool

	delivering sync.RWMutex // held while receiver runs
	receiver   func(p2ptypes.InboundBinaryMessage)
	early      []p2ptypes.InboundBinaryMessage // before there was a receiver
	ended      bool
}

func (s *stream) Other() p2ptypes.PeerID { return s.other }
func (s *stream) Name() string           { return s.name }

func (s *stream) send(message p2ptypes.OutboundBinaryMessage, length int) {
	n := s.host.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, response := message.(p2ptypes.OutboundBinaryMessageResponse); length > s.limits.MaxMessageLength && !response {
		n.drops["send"]++
		return
	}
	if len(s.outgoing) == s.limits.MaxOutgoingBufferedMessages {
		s.outgoing = s.outgoing[1:]
		n.drops["outgoing"]++
	}
	s.outgoing = append(s.outgoing, message)
	n.markDirty(s)
}

func (s *stream) receive(message p2ptypes.InboundBinaryMessage) {
	s.delivering.RLock()
	defer s.delivering.RUnlock()
	switch {
	case s.ended:
	case s.receiver != nil:
		s.receiver(message)
	case len(s.early) < s.limits.MaxIncomingBufferedMessages: // only the network's one goroutine comes here
		s.early = append(s.early, message)
	}
}

func (s *stream) SetReceiver(receive func(p2ptypes.InboundBinaryMessage)) {
	s.delivering.Lock()
	defer s.delivering.Unlock()
	s.receiver = receive
	for _, message := range s.early {
		receive(message)
	}
	s.early = nil
}

func (s *stream) Close() error {
	n := s.host.network
	n.mu.Lock()
	if s.closed {
		n.mu.Unlock()
		return errors.New("p2ptest: stream is closed")
	}
	s.closed = true
	delete(s.host.streams[s.other], s.name)
	n.mu.Unlock()
	s.delivering.Lock()
	defer s.delivering.Unlock()
	s.ended = true
	return nil
}

// plainStream is a p2ptypes.Stream that pushes.
type plainStream struct{ *stream }

func (s *plainStream) SendMessage(data []byte) {
	s.send(p2ptypes.OutboundBinaryMessagePlain{Payload: data}, len(data))
}
func (s *plainStream) ReceiveMessages() <-chan []byte { panic("p2ptest: this stream pushes") }

// stream2 is a p2ptypes.Stream2 that pushes.
type stream2 struct{ *stream }

func (s *stream2) Send(m p2ptypes.OutboundBinaryMessage) {
	switch m := m.(type) {
	case p2ptypes.OutboundBinaryMessagePlain:
		s.send(m, len(m.Payload))
	case p2ptypes.OutboundBinaryMessageRequest:
		s.send(m, len(m.Payload))
	case p2ptypes.OutboundBinaryMessageResponse:
		s.send(m, len(m.Payload))
	}
}
func (s *stream2) Receive() <-chan p2ptypes.InboundBinaryMessage {
	panic("p2ptest: this stream pushes")
}
func (s *stream2) UpdateLimits(limits p2ptypes.Stream2Limits) error {
	s.host.network.mu.Lock()
	defer s.host.network.mu.Unlock()
	s.limits = limits
	return limits.Validate()
}

// channelStream is a p2ptypes.Stream with a channel and nothing else.
type channelStream struct {
	stream *stream
	once   sync.Once
	ch     chan []byte
}

func (s *channelStream) Other() p2ptypes.PeerID  { return s.stream.other }
func (s *channelStream) Name() string            { return s.stream.name }
func (s *channelStream) SendMessage(data []byte) { (&plainStream{s.stream}).SendMessage(data) }

func (s *channelStream) ReceiveMessages() <-chan []byte {
	s.once.Do(func() {
		s.ch = make(chan []byte, s.stream.limits.MaxIncomingBufferedMessages)
		s.stream.SetReceiver(func(m p2ptypes.InboundBinaryMessage) {
			if plain, ok := m.(p2ptypes.InboundBinaryMessagePlain); ok {
				push(s.ch, plain.Payload)
			}
		})
	})
	return s.ch
}

func (s *channelStream) Close() error {
	err := s.stream.Close()
	if s.ReceiveMessages(); err == nil {
		close(s.ch)
	}
	return err
}

// channelStream2 is a p2ptypes.Stream2 with a channel and nothing else.
type channelStream2 struct {
	stream *stream
	once   sync.Once
	ch     chan p2ptypes.InboundBinaryMessage
}

func (s *channelStream2) Other() p2ptypes.PeerID                { return s.stream.other }
func (s *channelStream2) Name() string                          { return s.stream.name }
func (s *channelStream2) Send(m p2ptypes.OutboundBinaryMessage) { (&stream2{s.stream}).Send(m) }
func (s *channelStream2) UpdateLimits(limits p2ptypes.Stream2Limits) error {
	return (&stream2{s.stream}).UpdateLimits(limits)
}

func (s *channelStream2) Receive() <-chan p2ptypes.InboundBinaryMessage {
	s.once.Do(func() {
		s.ch = make(chan p2ptypes.InboundBinaryMessage, s.stream.limits.MaxIncomingBufferedMessages)
		s.stream.SetReceiver(func(m p2ptypes.InboundBinaryMessage) { push(s.ch, m) })
	})
	return s.ch
}

func (s *channelStream2) Close() error {
	err := s.stream.Close()
	if s.Receive(); err == nil {
		close(s.ch)
	}
	return err
}

// push puts a message into a channel, the oldest giving way. There is one sender at a time.
func push[T any](ch chan T, message T) {
	for {
		select {
		case ch <- message:
			return
		default:
		}
		select {
		case <-ch:
		default:
		}
	}
}
