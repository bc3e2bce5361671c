package networking

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// endpoint2 is one oracle's access to one instance of OCR3.1. It implements types.BinaryNetworkEndpoint2. To each other oracle it has
// two streams, one for each priority.
type endpoint2 struct {
	peer         *concretePeer
	group        group
	self         commontypes.OracleID
	registration *registration
	delivery     *delivery[types.InboundBinaryMessageWithSender]
	log          logging.Logger
	dropped      dropper

	streams [2][]p2ptypes.Stream2 // by index of the priority and oracle id, nil for oneself
	readers sync.WaitGroup        // of streams that cannot push

	closing sync.Mutex // held while the endpoint is closed
	closed  atomic.Bool
}

var _ types.BinaryNetworkEndpoint2 = (*endpoint2)(nil)

// priorities are those there are, in the order in which their streams are opened.
var priorities = [2]struct {
	outer      types.BinaryMessageOutboundPriority
	inner      p2ptypes.StreamPriority
	nameSuffix string
}{
	{types.BinaryMessagePriorityLow, p2ptypes.StreamPriorityLow, "/priority=low"},
	{types.BinaryMessagePriorityDefault, p2ptypes.StreamPriorityDefault, ""},
}

// priorityIndex returns the index of a priority in priorities, or -1.
func priorityIndex(p types.BinaryMessageOutboundPriority) int {
	for i := range priorities {
		if priorities[i].outer == p {
			return i
		}
	}
	return -1
}

// newEndpoint2 registers the instance and makes its endpoint, which works from then on. configs are by index of the priority.
func (p *concretePeer) newEndpoint2(g group, configs [2]types.BinaryNetworkEndpoint2Config) (*endpoint2, error) {
	fail := func(err error) (*endpoint2, error) {
		return nil, fmt.Errorf("networking: config digest %s: %w", g.digest.Hex(), err)
	}
	host, ok := p.host.(p2ptypes.Host2)
	if !ok {
		return fail(errors.New("OCR3.1 needs the newer protocol: set PeerConfig.EnableExperimentalRageP2P"))
	}
	self, err := p.selfIn(g)
	if err != nil {
		return nil, err
	}
	var limits [2]p2ptypes.Stream2Limits
	for i, c := range configs {
		if limits[i], err = p.stream2Limits(c); err != nil {
			return fail(fmt.Errorf("limits for priority %d: %w", priorities[i].outer, err))
		}
	}
	log := p.log.Child(commontypes.LogFields{"configDigest": g.digest.Hex(), "oid": self})
	if len(g.bootstrappers) == 0 {
		log.Warn("no bootstrappers: oracles are found only at the addresses that they had before", nil)
	}
	registration, err := p.register(g.digest, g.oracles, g.bootstrappers)
	if err != nil {
		return nil, err
	}
	e := &endpoint2{peer: p, group: g, self: self, registration: registration, log: log, dropped: dropper{log: log, counts: p.drops}}
	var capacities []int
	for i := range priorities {
		capacities = append(capacities, slices.Repeat([]int{limits[i].MaxIncomingBufferedMessages}, len(g.oracles))...)
	}
	e.delivery = newDelivery[types.InboundBinaryMessageWithSender](capacities)
	for i, priority := range priorities {
		e.streams[i] = make([]p2ptypes.Stream2, len(g.oracles))
		for id, other := range g.oracles {
			if id == int(self) {
				continue
			}
			s, err := host.NewStream2(other, streamName(g.digest)+priority.nameSuffix, priority.inner, limits[i])
			if err != nil {
				return fail(errors.Join(fmt.Errorf("oracle %d: %w", id, err), e.Close()))
			}
			e.streams[i][id] = s
			e.listen(i, commontypes.OracleID(id), s)
		}
	}
	return e, nil
}

func (p *concretePeer) stream2Limits(c types.BinaryNetworkEndpoint2Config) (p2ptypes.Stream2Limits, error) {
	if err := checkLimits(c.BinaryNetworkEndpointLimits); err != nil {
		return p2ptypes.Stream2Limits{}, err
	}
	messages, bytes := buckets(c.BinaryNetworkEndpointLimits)
	l := p2ptypes.Stream2Limits{
		MaxOutgoingBufferedMessages: p.endpoints.OutgoingMessageBufferSize,
		MaxIncomingBufferedMessages: p.endpoints.IncomingMessageBufferSize,
		MaxMessageLength:            c.MaxMessageLength,
		MessagesLimit:               messages,
		BytesLimit:                  bytes,
	}
	if c.OverrideOutgoingMessageBufferSize != nil {
		l.MaxOutgoingBufferedMessages = *c.OverrideOutgoingMessageBufferSize
	}
	if c.OverrideIncomingMessageBufferSize != nil {
		l.MaxIncomingBufferedMessages = *c.OverrideIncomingMessageBufferSize
	}
	return l, l.Validate()
}

// listen passes on what arrives on the stream of a priority, given by its index.
func (e *endpoint2) listen(priority int, sender commontypes.OracleID, s p2ptypes.Stream2) {
	source := priority*len(e.group.oracles) + int(sender)
	arrived := func(m p2ptypes.InboundBinaryMessage) {
		if e.delivery.arrive(source, types.InboundBinaryMessageWithSender{InboundBinaryMessage: e.inbound(m, priority, sender), Sender: sender}) {
			e.dropped.drop(dropIncomingFull, sender)
		}
	}
	if push, ok := s.(p2ptypes.PushStream); ok {
		push.SetReceiver(arrived)
		return
	}
	e.readers.Go(func() {
		for m := range s.Receive() {
			arrived(m)
		}
	})
}

func (e *endpoint2) inbound(m p2ptypes.InboundBinaryMessage, priority int, sender commontypes.OracleID) types.InboundBinaryMessage {
	outer := priorities[priority].outer
	switch m := m.(type) {
	case p2ptypes.InboundBinaryMessagePlain:
		return types.InboundBinaryMessagePlain{Payload: m.Payload, Priority: outer}
	case p2ptypes.InboundBinaryMessageRequest:
		return types.InboundBinaryMessageRequest{RequestHandle: &requestHandle{e, sender, m.RequestHandle, outer}, Payload: m.Payload, Priority: outer}
	case p2ptypes.InboundBinaryMessageResponse:
		return types.InboundBinaryMessageResponse{Payload: m.Payload, Priority: outer}
	}
	panic(fmt.Sprintf("networking: a stream delivered a %T", m)) // the interface is sealed
}

// requestHandle stands for a request that arrived at an endpoint.
type requestHandle struct {
	endpoint *endpoint2
	from     commontypes.OracleID
	id       p2ptypes.RequestHandle
	priority types.BinaryMessageOutboundPriority
}

var _ types.RequestHandle = (*requestHandle)(nil)

// MakeResponse makes a response with the priority of the request.
func (h *requestHandle) MakeResponse(payload []byte) types.OutboundBinaryMessageResponse {
	return types.MustMakeOutboundBinaryMessageResponse(h, payload, h.priority)
}

// SetReceiver makes the endpoint call f with each message instead of passing it to the Receive channel; those that wait come
// first. f is called for one message of a sender and priority at a time, possibly concurrently for others, by the goroutines that
// read connections or that send to oneself. It must not block, and must not close the endpoint. It keeps the message.
func (e *endpoint2) SetReceiver(f func(types.InboundBinaryMessageWithSender)) {
	e.delivery.setReceiver(f)
}

// SendTo sends a message to one oracle; see types.BinaryNetworkEndpoint2. What cannot be sent is dropped with an error in the log: a
// request without a valid policy, a response to a request that did not come from that oracle by this endpoint, an unknown
// priority, nil.
func (e *endpoint2) SendTo(msg types.OutboundBinaryMessage, to commontypes.OracleID) {
	if e.usable() {
		e.send(msg, to)
	}
}

// Broadcast sends a message to all oracles. Each recipient of a request may respond.
func (e *endpoint2) Broadcast(msg types.OutboundBinaryMessage) {
	if e.usable() {
		for to := range e.group.oracles {
			e.send(msg, commontypes.OracleID(to))
		}
	}
}

// usable tells whether the endpoint is open. It may be closed right afterwards: streams that were closed send nothing.
func (e *endpoint2) usable() bool {
	if e.closed.Load() {
		e.dropped.drop(dropNotOpen, e.self)
		return false
	}
	return true
}

func (e *endpoint2) send(msg types.OutboundBinaryMessage, to commontypes.OracleID) {
	msg = dereference(msg)
	if int(to) >= len(e.group.oracles) {
		e.dropped.drop(dropUnknownOracle, to)
		return
	}
	if to == e.self {
		e.sendSelf(msg)
		return
	}
	var inner p2ptypes.OutboundBinaryMessage
	var priority types.BinaryMessageOutboundPriority
	switch m := msg.(type) {
	case types.OutboundBinaryMessagePlain:
		inner, priority = p2ptypes.OutboundBinaryMessagePlain{Payload: notNil(m.Payload)}, m.Priority
	case types.OutboundBinaryMessageRequest:
		policy, ok := singleUse(m.ResponsePolicy)
		if !ok {
			e.dropped.drop(dropPolicy, to)
			return
		}
		inner, priority = p2ptypes.OutboundBinaryMessageRequest{ResponsePolicy: &policy, Payload: notNil(m.Payload)}, m.Priority
	case types.OutboundBinaryMessageResponse:
		handle, ok := types.MustGetOutboundBinaryMessageResponseRequestHandle(m).(*requestHandle)
		if !ok || handle == nil || handle.endpoint != e || handle.from != to || handle.priority != m.Priority {
			e.dropped.drop(dropHandle, to)
			return
		}
		inner, priority = handle.id.MakeResponse(notNil(m.Payload)), m.Priority
	default:
		e.dropped.drop(dropNil, to)
		return
	}
	i := priorityIndex(priority)
	if i < 0 {
		e.dropped.drop(dropPriority, to)
		return
	}
	e.streams[i][to].Send(inner)
}

// sendSelf delivers a message to oneself. A response needs no policy then.
func (e *endpoint2) sendSelf(msg types.OutboundBinaryMessage) {
	var inbound types.InboundBinaryMessage
	var priority types.BinaryMessageOutboundPriority
	switch m := msg.(type) {
	case types.OutboundBinaryMessagePlain:
		priority = m.Priority
		inbound = types.InboundBinaryMessagePlain{Payload: own(m.Payload), Priority: m.Priority}
	case types.OutboundBinaryMessageRequest:
		priority = m.Priority
		handle := &requestHandle{e, e.self, p2ptypes.RequestHandle{}, m.Priority}
		inbound = types.InboundBinaryMessageRequest{RequestHandle: handle, Payload: own(m.Payload), Priority: m.Priority}
	case types.OutboundBinaryMessageResponse:
		priority = m.Priority
		inbound = types.InboundBinaryMessageResponse{Payload: own(m.Payload), Priority: m.Priority}
	default:
		e.dropped.drop(dropNil, e.self)
		return
	}
	if priorityIndex(priority) < 0 {
		e.dropped.drop(dropPriority, e.self)
		return
	}
	if e.delivery.arriveSelf(types.InboundBinaryMessageWithSender{InboundBinaryMessage: inbound, Sender: e.self}) {
		e.dropped.drop(dropSelfFull, e.self)
	}
}

// dereference makes a message of a pointer to one, which satisfies the interface as well; a nil pointer becomes nil.
func dereference(msg types.OutboundBinaryMessage) types.OutboundBinaryMessage {
	switch m := msg.(type) {
	case *types.OutboundBinaryMessagePlain:
		if m != nil {
			return *m
		}
		return nil
	case *types.OutboundBinaryMessageRequest:
		if m != nil {
			return *m
		}
		return nil
	case *types.OutboundBinaryMessageResponse:
		if m != nil {
			return *m
		}
		return nil
	}
	return msg
}

// singleUse returns the only kind of policy there is, in the terms of streams.
func singleUse(policy types.ResponsePolicy) (p2ptypes.SingleUseSizedLimitedResponsePolicy, bool) {
	switch p := policy.(type) {
	case types.SingleUseSizedLimitedResponsePolicy:
		return p2ptypes.SingleUseSizedLimitedResponsePolicy(p), p.MaxSize >= 0
	case *types.SingleUseSizedLimitedResponsePolicy:
		if p != nil {
			return p2ptypes.SingleUseSizedLimitedResponsePolicy(*p), p.MaxSize >= 0
		}
	}
	return p2ptypes.SingleUseSizedLimitedResponsePolicy{}, false
}

func notNil(payload []byte) []byte {
	if payload == nil {
		return []byte{}
	}
	return payload
}

// own returns a copy, since the receiver of a message owns it.
func own(payload []byte) []byte { return slices.Clone(notNil(payload)) }

// Receive returns the channel of arriving messages, which Close closes.
func (e *endpoint2) Receive() <-chan types.InboundBinaryMessageWithSender {
	return e.delivery.channel()
}

// Close ends sending and receiving and returns when every resource is released. A second call does nothing.
func (e *endpoint2) Close() error {
	e.closing.Lock()
	defer e.closing.Unlock()
	if !e.closed.CompareAndSwap(false, true) {
		return nil
	}
	var errs []error
	for _, streams := range e.streams {
		for _, s := range streams {
			if s != nil {
				errs = append(errs, s.Close())
			}
		}
	}
	e.readers.Wait()
	e.delivery.close()
	e.registration.release()
	return errors.Join(errs...)
}
