package link

import (
	"container/list"
	"net/netip"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// GateConfig bounds what unauthenticated connections can cost.
type GateConfig struct {
	// MaxWaiting bounds the connections that have not knocked yet; when there are more, the oldest gives way.
	MaxWaiting int
	// MaxWaitingPerSource bounds them for one source address; when there are more, the oldest of that source gives way.
	MaxWaitingPerSource int
	// MaxHandshakes bounds the TLS handshakes that go on at the same time, MaxHandshakesPerPeer those of one claimed peer.
	MaxHandshakes, MaxHandshakesPerPeer int
	// ArrivalsPerSource limits the connections of one source address.
	ArrivalsPerSource p2ptypes.TokenBucketParams
	// HandshakesPerPeer limits the handshakes of one claimed peer.
	HandshakesPerPeer p2ptypes.TokenBucketParams
	// MaxSources bounds the source addresses that are remembered; those seen longest ago are forgotten.
	MaxSources int
}

// DefaultGateConfig returns bounds for a host whose peers dial once in deltaDial. The hosts of a network may share one source
// address, in tests or behind a NAT.
func DefaultGateConfig(deltaDial time.Duration) GateConfig {
	inbound := NewInboundBucket(deltaDial, 0)
	return GateConfig{
		MaxWaiting:           256,
		MaxWaitingPerSource:  64,
		MaxHandshakes:        64,
		MaxHandshakesPerPeer: 4,
		ArrivalsPerSource:    p2ptypes.TokenBucketParams{Rate: 64, Capacity: 512},
		HandshakesPerPeer:    p2ptypes.TokenBucketParams{Rate: 2 * float64(inbound.rate) / 1000, Capacity: 16},
		MaxSources:           4096,
	}
}

// Gate decides which connections may knock, and which knocks lead to a handshake. A knock can be recorded and replayed, so it
// proves little: handshakes are limited for each claimed peer. Those from an address at which the peer was authenticated before
// have limits of their own, so that replays from elsewhere cannot lock the peer out.
type Gate struct {
	config  GateConfig
	sources map[netip.Addr]*source
	byUse   list.List // of *source, that seen last in front
	waiting list.List // of *Ticket, the oldest in front
	peers   map[p2ptypes.PeerID]*gatePeer

	handshakes int
}

type source struct {
	addr    netip.Addr
	bucket  TokenBucket
	waiting list.List // of *Ticket, the oldest in front
	inUse   *list.Element
}

// gatePeer is what is known of a peer that has knocked. The host's peers are bounded, so these are.
type gatePeer struct {
	elsewhere *lane // for addresses that are not known
	known     []knownSource
}

// lane limits handshakes of one peer.
type lane struct {
	bucket     TokenBucket
	handshakes int
}

// knownSource is an address at which a peer was authenticated.
type knownSource struct {
	addr netip.Addr
	*lane
}

// maxKnownSources bounds the addresses at which a peer was authenticated that are remembered.
const maxKnownSources = 4

// Ticket is a connection that has not been authenticated yet.
type Ticket struct {
	// Tag belongs to the owner of the gate.
	Tag any

	source    netip.Addr
	inWaiting *list.Element // nil once it has knocked or given way
	inSource  *list.Element
	peer      p2ptypes.PeerID
	lane      *lane // not nil while the handshake goes on
}

// NewGate returns a gate that nobody has come to.
func NewGate(config GateConfig) *Gate {
	return &Gate{config: config, sources: map[netip.Addr]*source{}, peers: map[p2ptypes.PeerID]*gatePeer{}}
}

// network returns the address that stands for all those that one who has addr is likely to have.
func network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		prefix, _ := addr.Prefix(64) // no error: an address of version 6 has as many bits
		return prefix.Addr()
	}
	return addr
}

// Arrive handles a new connection from an address. It returns nil if the connection must be closed at once, and the tickets of
// connections that give way to it and must be closed. Whoever gets a ticket calls Leave in the end.
func (g *Gate) Arrive(now time.Duration, addr netip.Addr, tag any) (ticket *Ticket, evicted []*Ticket) {
	addr = network(addr)
	s := g.sources[addr]
	if s == nil {
		s = &source{addr: addr, bucket: bucketFrom(g.config.ArrivalsPerSource, now)}
		s.inUse = g.byUse.PushFront(s)
		g.sources[addr] = s
		g.forgetSources()
	} else {
		g.byUse.MoveToFront(s.inUse)
	}
	if !s.bucket.TryTake(now, 1) {
		return nil, nil
	}
	if s.waiting.Len() >= g.config.MaxWaitingPerSource {
		evicted = append(evicted, g.evict(s.waiting.Front()))
	}
	if g.waiting.Len() >= g.config.MaxWaiting {
		evicted = append(evicted, g.evict(g.waiting.Front()))
	}
	ticket = &Ticket{Tag: tag, source: addr}
	ticket.inWaiting = g.waiting.PushBack(ticket)
	ticket.inSource = s.waiting.PushBack(ticket)
	return ticket, evicted
}

// forgetSources keeps the number of sources in bounds. One that has connections waiting stays; these are bounded too.
func (g *Gate) forgetSources() {
	for e := g.byUse.Back(); e != nil && len(g.sources) > g.config.MaxSources; {
		s := e.Value.(*source)
		e = e.Prev()
		if s.waiting.Len() == 0 && s.inUse != g.byUse.Front() {
			g.byUse.Remove(s.inUse)
			delete(g.sources, s.addr)
		}
	}
}

func (g *Gate) evict(e *list.Element) *Ticket {
	t := e.Value.(*Ticket)
	g.stopWaiting(t)
	return t
}

func (g *Gate) stopWaiting(t *Ticket) {
	if t.inWaiting == nil {
		return
	}
	g.waiting.Remove(t.inWaiting)
	g.sources[t.source].waiting.Remove(t.inSource)
	t.inWaiting, t.inSource = nil, nil
}

// Read says that the knock has been read whole: the connection waits for the peer no longer. It returns false if the connection
// has given way already.
func (g *Gate) Read(t *Ticket) bool {
	if t.inWaiting == nil {
		return false
	}
	g.stopWaiting(t)
	return true
}

// Knocked handles a verified knock of a peer with which the host has streams. It returns whether the handshake may begin, and
// if not why.
func (g *Gate) Knocked(now time.Duration, t *Ticket, peer p2ptypes.PeerID) (ok bool, why string) {
	p := g.peers[peer]
	if p == nil {
		p = &gatePeer{elsewhere: g.newLane(now)}
		g.peers[peer] = p
	}
	l := p.elsewhere
	for _, k := range p.known {
		if k.addr == t.source {
			l = k.lane
		}
	}
	switch {
	case g.handshakes >= g.config.MaxHandshakes:
		return false, "too many handshakes"
	case l.handshakes >= g.config.MaxHandshakesPerPeer:
		return false, "too many handshakes of this peer at the same time"
	case !l.bucket.TryTake(now, 1):
		return false, "too many handshakes of this peer"
	}
	g.handshakes++
	l.handshakes++
	t.peer, t.lane = peer, l
	return true, ""
}

func (g *Gate) newLane(now time.Duration) *lane {
	return &lane{bucket: bucketFrom(g.config.HandshakesPerPeer, now)}
}

// Leave says that a connection is no concern of the gate any more: it was closed, or the peer was authenticated.
func (g *Gate) Leave(now time.Duration, t *Ticket, authenticated bool) {
	g.stopWaiting(t)
	if t.lane == nil {
		return
	}
	g.handshakes--
	t.lane.handshakes--
	t.lane = nil
	p := g.peers[t.peer]
	if !authenticated || p == nil || slices.ContainsFunc(p.known, func(k knownSource) bool { return k.addr == t.source }) {
		return
	}
	if len(p.known) >= maxKnownSources {
		p.known = p.known[1:]
	}
	p.known = append(p.known[:len(p.known):len(p.known)], knownSource{t.source, g.newLane(now)})
}

// Forget says that the host has no streams with a peer any more.
func (g *Gate) Forget(peer p2ptypes.PeerID) { delete(g.peers, peer) }

// Waiting returns how many connections have not knocked yet, Handshakes how many handshakes go on.
func (g *Gate) Waiting() int    { return g.waiting.Len() }
func (g *Gate) Handshakes() int { return g.handshakes }
