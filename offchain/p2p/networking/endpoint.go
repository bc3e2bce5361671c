package networking

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

var (
	errNotUnstarted = errors.New("networking: Start on what was started or closed before")
	errClosed       = errors.New("networking: Start on what is closed")
)

type phase int

const (
	unstarted phase = iota
	started
	closed
)

// endpoint is one oracle's access to one instance of OCR1, OCR2, OCR3 or Mercury. It implements commontypes.BinaryNetworkEndpoint
// and, so that instances need no goroutine for it, the runtime's PushEndpoint.
type endpoint struct {
	peer         *concretePeer
	group        group
	self         commontypes.OracleID
	limits       types.BinaryNetworkEndpointLimits
	registration *registration
	delivery     *delivery[commontypes.BinaryMessageWithSender]
	log          logging.Logger
	dropped      dropper

	life    sync.Mutex     // held while the endpoint is started or closed
	readers sync.WaitGroup // of streams that cannot push

	// mu guards what follows, which changes with life held too. It is not held while anything is waited for: the receiver, for
	// which Close waits, may be sending.
	mu      sync.RWMutex
	phase   phase
	streams []p2ptypes.Stream // by oracle id, nil for oneself; while started
}

var _ commontypes.BinaryNetworkEndpoint = (*endpoint)(nil)

// streamName returns the name of the stream that carries an instance.
func streamName(digest types.ConfigDigest) string { return "ocr/" + digest.Hex() }

// newEndpoint registers the instance and makes its endpoint, not started.
func (p *concretePeer) newEndpoint(g group, limits types.BinaryNetworkEndpointLimits) (*endpoint, error) {
	self, err := p.selfIn(g)
	if err != nil {
		return nil, err
	}
	if err := checkLimits(limits); err != nil {
		return nil, fmt.Errorf("networking: config digest %s: limits: %w", g.digest.Hex(), err)
	}
	log := p.log.Child(commontypes.LogFields{"configDigest": g.digest.Hex(), "oid": self})
	if len(g.bootstrappers) == 0 {
		log.Warn("no bootstrappers: oracles are found only at the addresses that they had before", nil)
	}
	registration, err := p.register(g.digest, g.oracles, g.bootstrappers)
	if err != nil {
		return nil, err
	}
	capacities := slices.Repeat([]int{p.endpoints.IncomingMessageBufferSize}, len(g.oracles))
	return &endpoint{
		peer: p, group: g, self: self, limits: limits, registration: registration, log: log,
		delivery: newDelivery[commontypes.BinaryMessageWithSender](capacities),
		dropped:  dropper{log: log, counts: p.drops},
	}, nil
}

// selfIn returns the peer's own oracle id.
func (p *concretePeer) selfIn(g group) (commontypes.OracleID, error) {
	self := slices.Index(g.oracles, p.host.ID())
	if self < 0 {
		return 0, fmt.Errorf("networking: config digest %s: the own peer id %s is not among the %d oracles", g.digest.Hex(), p.PeerID(), len(g.oracles))
	}
	return commontypes.OracleID(self), nil
}

func checkLimits(l types.BinaryNetworkEndpointLimits) error {
	var errs []error
	for _, value := range []struct {
		name string
		is   int
		most int64
	}{
		{"MaxMessageLength", l.MaxMessageLength, p2ptypes.MaxMessageLength},
		{"MessagesCapacityPerOracle", l.MessagesCapacityPerOracle, math.MaxUint32},
		{"BytesCapacityPerOracle", l.BytesCapacityPerOracle, math.MaxUint32},
	} {
		if value.is < 0 || int64(value.is) > value.most {
			errs = append(errs, fmt.Errorf("%s is %d, must be 0 to %d", value.name, value.is, value.most))
		}
	}
	for _, rate := range []struct {
		name string
		is   float64
	}{{"MessagesRatePerOracle", l.MessagesRatePerOracle}, {"BytesRatePerOracle", l.BytesRatePerOracle}} {
		if !(rate.is >= 0) {
			errs = append(errs, fmt.Errorf("%s is %v, must be at least 0", rate.name, rate.is))
		}
	}
	return errors.Join(errs...)
}

func buckets(l types.BinaryNetworkEndpointLimits) (messages, bytes p2ptypes.TokenBucketParams) {
	return p2ptypes.TokenBucketParams{Rate: l.MessagesRatePerOracle, Capacity: uint32(l.MessagesCapacityPerOracle)},
		p2ptypes.TokenBucketParams{Rate: l.BytesRatePerOracle, Capacity: uint32(l.BytesCapacityPerOracle)}
}

// SetReceiver makes the endpoint call f with each message instead of passing it to the Receive channel. It is called before Start.
// f is called for one message of a sender at a time, possibly concurrently for different senders, by the goroutines that
// read connections or that send to oneself. It must not block, and must not close the endpoint. It keeps the message.
func (e *endpoint) SetReceiver(f func(commontypes.BinaryMessageWithSender)) {
	e.delivery.setReceiver(f)
}

// Start opens the streams to the other oracles. It fails when called a second time, which does no harm, and when a stream cannot
// be opened, after which the endpoint is closed.
func (e *endpoint) Start() error {
	e.life.Lock()
	defer e.life.Unlock()
	switch e.phase {
	case started:
		return errNotUnstarted
	case closed:
		return errClosed
	}
	messages, bytes := buckets(e.limits)
	sizes := e.peer.endpoints
	streams := make([]p2ptypes.Stream, len(e.group.oracles))
	for i, other := range e.group.oracles {
		if i == int(e.self) {
			continue
		}
		s, err := e.peer.host.NewStream(other, streamName(e.group.digest), sizes.OutgoingMessageBufferSize, sizes.IncomingMessageBufferSize,
			e.limits.MaxMessageLength, messages, bytes)
		if err != nil {
			e.enter(closed, nil)
			e.end(streams)
			return fmt.Errorf("networking: config digest %s: oracle %d: %w", e.group.digest.Hex(), i, err)
		}
		streams[i] = s
	}
	e.enter(started, streams)
	for i, s := range streams {
		if s != nil {
			e.listen(commontypes.OracleID(i), s)
		}
	}
	return nil
}

// enter begins a phase, and returns the streams of the one before. life is held.
func (e *endpoint) enter(phase phase, streams []p2ptypes.Stream) (before []p2ptypes.Stream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before = e.streams
	e.phase, e.streams = phase, streams
	return before
}

func (e *endpoint) listen(sender commontypes.OracleID, s p2ptypes.Stream) {
	p2ptypes.Listen(s, &e.readers, func(payload []byte) {
		if e.delivery.arrive(int(sender), commontypes.BinaryMessageWithSender{Msg: payload, Sender: sender}) {
			e.dropped.drop(dropIncomingFull, sender)
		}
	})
}

// SendTo sends payload to one oracle; see commontypes.BinaryNetworkEndpoint. What cannot be sent is dropped with an error in
// the log. nil counts as an empty message.
func (e *endpoint) SendTo(payload []byte, to commontypes.OracleID) {
	if streams := e.usable(); streams != nil {
		e.send(streams, payload, to)
	}
}

// Broadcast sends payload to all oracles.
func (e *endpoint) Broadcast(payload []byte) {
	streams := e.usable()
	for to := range streams {
		e.send(streams, payload, commontypes.OracleID(to))
	}
}

// usable returns the streams, nil if the endpoint is not started. They are used without the lock, so that sending to oneself may
// come from within the receiver; a stream that was closed meanwhile sends nothing.
func (e *endpoint) usable() []p2ptypes.Stream {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.phase != started {
		e.dropped.drop(dropNotOpen, e.self)
		return nil
	}
	return e.streams
}

func (e *endpoint) send(streams []p2ptypes.Stream, payload []byte, to commontypes.OracleID) {
	if payload == nil {
		payload = []byte{}
	}
	switch {
	case int(to) >= len(streams):
		e.dropped.drop(dropUnknownOracle, to)
	case to == e.self:
		if e.delivery.arriveSelf(commontypes.BinaryMessageWithSender{Msg: slices.Clone(payload), Sender: e.self}) {
			e.dropped.drop(dropSelfFull, to)
		}
	default:
		streams[to].SendMessage(payload)
	}
}

// Receive returns the channel of arriving messages, which Close closes.
func (e *endpoint) Receive() <-chan commontypes.BinaryMessageWithSender { return e.delivery.channel() }

// Close ends sending and receiving and returns when every resource is released. A second call does nothing.
func (e *endpoint) Close() error {
	e.life.Lock()
	defer e.life.Unlock()
	if e.phase == closed {
		return nil
	}
	return e.end(e.enter(closed, nil))
}

// end releases what the endpoint has.
func (e *endpoint) end(streams []p2ptypes.Stream) error {
	var errs []error
	for _, s := range streams {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	e.readers.Wait()
	e.delivery.close()
	e.registration.release()
	return errors.Join(errs...)
}
