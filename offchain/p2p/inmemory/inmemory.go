// Package inmemory is a network within one process: for tests, demonstrations and benchmarks. A [Network] carries any
// number of protocol instances, told apart by config digest. Its [Peer] implements types.BinaryNetworkEndpointFactory and
// types.BootstrapperFactory, so that oracles run on it unchanged.
//
// Delivery is reliable and in order unless a [Fault] hook says otherwise or a receiver is too slow: sending never
// blocks, and when a receiver's buffer is full the oldest message in it gives way ([Endpoint.Dropped] counts them). A
// message to an oracle that has no started endpoint is lost, as on a real network.
//
// An endpoint delivers either through its Receive channel or, without any goroutine of its own, by calling the function
// given to SetReceiver.
package inmemory

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// BufferedMessagesPerOracle is the capacity of the Receive channel of an endpoint, per oracle of the instance.
const BufferedMessagesPerOracle = 32

// Envelope is a message on its way, as a [Fault] sees it.
type Envelope struct {
	ConfigDigest types.ConfigDigest
	From, To     commontypes.OracleID
	// Payload must not be changed: other receivers may share it. To tamper, set Outcome.Payload.
	Payload []byte
}

// Outcome is what a [Fault] makes of a message. The zero value delivers it unharmed.
type Outcome struct {
	// Drop loses the message.
	Drop bool
	// Delay delivers it later than now; it may then be overtaken.
	Delay time.Duration
	// Payload, if not nil, is delivered instead.
	Payload []byte
	// Duplicates is the number of further copies that are delivered.
	Duplicates int
}

// Fault decides on the fate of each message, those to oneself included. It is called from the sender's goroutine, possibly
// concurrently, and must not block.
type Fault func(Envelope) Outcome

// Network connects peers. It is safe for concurrent use.
type Network struct {
	fault atomic.Pointer[Fault]

	mu    sync.Mutex
	rooms map[types.ConfigDigest]*room
}

// room is what belongs to one config digest.
type room struct {
	// mu guards what follows. It is never held while messages are delivered.
	mu        sync.RWMutex
	endpoints map[string]*Endpoint // started ones, by peer id
}

// NewNetwork returns a network without faults.
func NewNetwork() *Network {
	return &Network{rooms: map[types.ConfigDigest]*room{}}
}

// SetFault makes f decide on every message from now on; nil means no faults.
func (n *Network) SetFault(f Fault) {
	if f == nil {
		n.fault.Store(nil)
		return
	}
	n.fault.Store(&f)
}

// Peer returns the peer with the given id. The id may be any text that the oracles' config uses.
func (n *Network) Peer(peerID string) *Peer {
	return &Peer{n, peerID}
}

func (n *Network) room(cd types.ConfigDigest) *room {
	n.mu.Lock()
	defer n.mu.Unlock()
	r, ok := n.rooms[cd]
	if !ok {
		r = &room{endpoints: map[string]*Endpoint{}}
		n.rooms[cd] = r
	}
	return r
}

// Peer is one participant's access to a [Network].
type Peer struct {
	network *Network
	peerID  string
}

var (
	_ types.BinaryNetworkEndpointFactory = (*Peer)(nil)
	_ types.BootstrapperFactory          = (*Peer)(nil)
)

// PeerID returns the peer's id.
func (p *Peer) PeerID() string { return p.peerID }

// NewEndpoint makes an [Endpoint]. It fails if the peer is not among peerIDs or is there twice. The network is not
// limited: of limits, only the length of messages is enforced (a longer one is lost, as on a real network).
func (p *Peer) NewEndpoint(
	cd types.ConfigDigest,
	peerIDs []string,
	_ []commontypes.BootstrapperLocator,
	_ int,
	limits types.BinaryNetworkEndpointLimits,
) (commontypes.BinaryNetworkEndpoint, error) {
	self := slices.Index(peerIDs, p.peerID)
	if self < 0 {
		return nil, fmt.Errorf("in-memory network: peer %s is not among the %d oracles of config %s", p.peerID, len(peerIDs), cd)
	}
	if slices.Contains(peerIDs[self+1:], p.peerID) {
		return nil, fmt.Errorf("in-memory network: peer %s is listed twice in config %s", p.peerID, cd)
	}
	if len(peerIDs) > types.MaxOracles {
		return nil, fmt.Errorf("in-memory network: config %s has %d oracles, at most %d are possible", cd, len(peerIDs), types.MaxOracles)
	}
	e := &Endpoint{
		network:   p.network,
		room:      p.network.room(cd),
		cd:        cd,
		peerIDs:   slices.Clone(peerIDs),
		self:      commontypes.OracleID(self),
		maxLength: limits.MaxMessageLength,
	}
	e.quiet.L = &e.mu
	return e, nil
}

// NewBootstrapper makes a bootstrapper, which on this network has nothing to do: every peer finds every other.
func (p *Peer) NewBootstrapper(types.ConfigDigest, []string, []commontypes.BootstrapperLocator, int) (commontypes.Bootstrapper, error) {
	return &bootstrapper{}, nil
}

// phase is where an endpoint or a bootstrapper is in its life.
type phase int

const (
	unstarted phase = iota
	started
	closed
)

var (
	errNotUnstarted  = errors.New("in-memory network: Start on what was started before")
	errAlreadyClosed = errors.New("in-memory network: Close on what is closed")
)

type bootstrapper struct {
	mu    sync.Mutex
	phase phase
}

func (b *bootstrapper) Start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.phase != unstarted {
		return errNotUnstarted
	}
	b.phase = started
	return nil
}

func (b *bootstrapper) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.phase == closed {
		return errAlreadyClosed
	}
	b.phase = closed
	return nil
}
