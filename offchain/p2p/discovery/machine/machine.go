// Package machine is the protocol of peer discovery: who tells whom under which addresses oracles can be dialed.
//
// A [Machine] is a plain structure that is stepped by its caller: it has no goroutine, lock, clock, I/O or randomness. Time is
// an argument, counted from any fixed moment, and never goes back. What the machine wants done comes out of [Machine.Effects],
// in order; whoever steps it carries that out. The caller
//
//   - calls [Machine.Start] first, and then [Machine.Tick] whenever [Machine.NextTick] says so;
//   - reports every message of a discovery stream to [Machine.Receive];
//   - answers each [Load] with [Machine.Loaded] or [Machine.LoadFailed], and each failed [Store] with [Machine.StoreFailed];
//   - treats [Connect] to a peer with an open stream as done, and reports a stream that cannot be opened to
//     [Machine.ConnectFailed].
//
// Source: docs/protocol/transport.md, "Discovery".
package machine

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

const (
	// saveDelay is how long changes are collected before they are stored.
	saveDelay = 5 * time.Second
	// retryDelay is how long the machine waits before it tries again to read or store what failed.
	retryDelay = time.Minute
	// firstReport and reportInterval say when it is logged who was found.
	firstReport    = 10 * time.Second
	reportInterval = 5 * time.Minute
	// maxEarlyDelay bounds how long news is collected before it is passed on outside of the regular reconciles.
	maxEarlyDelay = time.Second
	// suspiciousCounter is a counter that honest restarts do not reach.
	suspiciousCounter = 100_000_000
)

// Config is what a Machine is made of.
type Config struct {
	// Self is the peer whose machine it is.
	Self p2ptypes.PeerID
	// OwnAddresses are announced to others, in this order.
	OwnAddresses []p2ptypes.Address
	// DeltaReconcile is the time between two reconciles to a peer; at least a microsecond.
	DeltaReconcile time.Duration
	// HasDatabase tells whether Load and Store lead anywhere; without, there are none.
	HasDatabase bool
	// Sign signs with the key of Self.
	Sign func([]byte) ([]byte, error)
}

// Machine is the state of one peer's discovery. It is not safe for concurrent use.
type Machine struct {
	cfg     Config
	effects []Effect

	self   *peer
	peers  map[p2ptypes.PeerID]*peer // those with a reference, and self
	groups map[types.ConfigDigest]*group
	// oracles gives each peer with an oracle reference an index, its bit in owner sets.
	oracles     [announcement.MaxOracles]*peer
	oracleCount int
	// allowedStale tells that groups changed since peer.allowed was computed.
	allowedStale bool

	nextReconcile time.Duration
	nextEarly     time.Duration // never, unless a peer is marked
	nextSave      time.Duration // never, unless something is to be stored
	nextLoad      time.Duration // never, unless something is to be read again
	nextReport    time.Duration

	counters Stats
}

const never = time.Duration(math.MaxInt64)

// group is the oracles and bootstrappers of one config, as they were given.
type group struct {
	oracles       []p2ptypes.PeerID
	bootstrappers []p2ptypes.PeerInfo
}

// peer is what the machine knows of a member of any group.
type peer struct {
	id         p2ptypes.PeerID
	oracleRefs int
	bootRefs   int
	configured []configuredAddress // those of a bootstrapper, in the order in which they became known

	index int // in Machine.oracles; only with oracle references
	// best is the newest announcement of the peer, nil as long as there is none.
	best *known
	// unsaved tells that best is to be stored; loaded, that the database has been asked, before which nothing is stored, lest
	// an older announcement replace a newer one; reload, that asking failed.
	unsaved, loaded, reload bool

	// allowed are the oracles whose announcements the peer may get.
	allowed ownerSet
	// early marks the peer for a reconcile as soon as it accepts one.
	early bool
	// unconnected tells that the stream could not be opened.
	unconnected bool
	// pace is when all messages so far are paid for; see maySend.
	pace time.Duration

	badMessages, badAnnouncements uint64
}

type configuredAddress struct {
	address p2ptypes.Address
	refs    int
}

// known is a verified announcement and its encoded form.
type known struct {
	announcement.Announcement
	encoded []byte
}

// ownerSet is a set of indices into Machine.oracles.
type ownerSet [(announcement.MaxOracles + 63) / 64]uint64

func (s *ownerSet) add(i int)     { s[i/64] |= 1 << (i % 64) }
func (s ownerSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s *ownerSet) union(t ownerSet) {
	for i := range s {
		s[i] |= t[i]
	}
}

// New makes a machine, which signs its first own announcement. It fails when there is no address to announce, or too many, and
// when signing fails.
func New(cfg Config) (*Machine, error) {
	if cfg.DeltaReconcile < time.Microsecond {
		return nil, fmt.Errorf("discovery: time between reconciles is %v, must be at least a microsecond", cfg.DeltaReconcile)
	}
	m := &Machine{
		cfg:           cfg,
		peers:         map[p2ptypes.PeerID]*peer{},
		groups:        map[types.ConfigDigest]*group{},
		nextReconcile: never,
		nextEarly:     never,
		nextSave:      never,
		nextLoad:      never,
		nextReport:    never,
	}
	m.cfg.OwnAddresses = slices.Clone(cfg.OwnAddresses)
	own, err := m.sign(0)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	m.self = m.peer(cfg.Self)
	m.self.best = own
	return m, nil
}

func (m *Machine) sign(counter uint64) (*known, error) {
	a, err := announcement.Sign(m.cfg.OwnAddresses, counter, p2ptypes.PeerPublicKey(m.cfg.Self), m.cfg.Sign)
	if err != nil {
		return nil, err
	}
	return &known{a, a.Encode()}, nil
}

// Start begins the work.
func (m *Machine) Start(now time.Duration) {
	m.nextReconcile = now
	m.nextReport = now + firstReport
}

// Stop ends the work: what is not stored yet is to be stored.
func (m *Machine) Stop() {
	m.save()
	m.nextReconcile, m.nextEarly, m.nextSave, m.nextLoad, m.nextReport = never, never, never, never, never
}

// NextTick returns when Tick is to be called next.
func (m *Machine) NextTick() time.Duration {
	return min(m.nextReconcile, m.nextEarly, m.nextSave, m.nextLoad, m.nextReport)
}

// Tick does what is due.
func (m *Machine) Tick(now time.Duration) {
	if now >= m.nextReconcile {
		m.reconcile(now)
		m.nextReconcile = now + m.cfg.DeltaReconcile
	}
	if now >= m.nextEarly {
		m.reconcileEarly(now)
	}
	if now >= m.nextSave {
		m.save()
	}
	if now >= m.nextLoad {
		m.reload()
	}
	if now >= m.nextReport {
		m.report()
		m.nextReport = now + reportInterval
	}
}

// AddGroup begins to keep the addresses of the oracles of a config. Peers may be in any number of groups, in both roles. It
// fails, and changes nothing, when the digest is in use or when there would be more than announcement.MaxOracles oracles.
func (m *Machine) AddGroup(now time.Duration, digest types.ConfigDigest, oracles []p2ptypes.PeerID, bootstrappers []p2ptypes.PeerInfo) error {
	if m.groups[digest] != nil {
		return fmt.Errorf("discovery: there is a group with config digest %s already", digest.Hex())
	}
	unknown := map[p2ptypes.PeerID]struct{}{}
	for _, id := range oracles {
		if p := m.peers[id]; p == nil || p.oracleRefs == 0 {
			unknown[id] = struct{}{}
		}
	}
	if n := m.oracleCount + len(unknown); n > announcement.MaxOracles {
		return fmt.Errorf("discovery: with the group with config digest %s there would be %d oracles in all groups, more than %d",
			digest.Hex(), n, announcement.MaxOracles)
	}
	g := &group{oracles: slices.Clone(oracles)}
	for _, b := range bootstrappers {
		g.bootstrappers = append(g.bootstrappers, p2ptypes.PeerInfo{ID: b.ID, Addrs: slices.Clone(b.Addrs)})
	}
	m.groups[digest] = g
	m.allowedStale = true

	var load []p2ptypes.PeerID
	for _, id := range g.oracles {
		p := m.join(now, id)
		if p.oracleRefs++; p.oracleRefs == 1 {
			m.addOracle(p)
			load = append(load, id)
		}
	}
	for _, b := range g.bootstrappers {
		p := m.join(now, b.ID)
		p.bootRefs++
		for _, address := range b.Addrs {
			p.configure(address)
		}
	}
	m.load(load)
	return nil
}

// join returns the peer, connected.
func (m *Machine) join(now time.Duration, id p2ptypes.PeerID) *peer {
	p := m.peer(id)
	if p != m.self {
		m.emit(Connect{id})
		m.markEarly(now, p)
	}
	return p
}

func (m *Machine) peer(id p2ptypes.PeerID) *peer {
	p := m.peers[id]
	if p == nil {
		p = &peer{id: id}
		m.peers[id] = p
	}
	return p
}

func (m *Machine) addOracle(p *peer) {
	p.index = slices.Index(m.oracles[:], nil)
	m.oracles[p.index] = p
	m.oracleCount++
	p.unsaved = p == m.self
}

// ConnectFailed says that the stream to a peer could not be opened. It is tried again with the next reconcile.
func (m *Machine) ConnectFailed(id p2ptypes.PeerID) {
	if p := m.peers[id]; p != nil {
		p.unconnected = true
	}
}

// RemoveGroup forgets a group, and what is known only because of it. It fails when there is none with this digest.
func (m *Machine) RemoveGroup(digest types.ConfigDigest) error {
	g := m.groups[digest]
	if g == nil {
		return fmt.Errorf("discovery: there is no group with config digest %s", digest.Hex())
	}
	delete(m.groups, digest)
	m.allowedStale = true
	for _, id := range g.oracles {
		p := m.peers[id]
		if p.oracleRefs--; p.oracleRefs > 0 {
			continue
		}
		m.store(p)
		m.oracles[p.index] = nil
		m.oracleCount--
		p.loaded, p.reload, p.unsaved = false, false, false
		if p != m.self {
			p.best = nil
		}
	}
	for _, b := range g.bootstrappers {
		p := m.peers[b.ID]
		if p.bootRefs--; p.bootRefs == 0 {
			p.configured = nil
		}
		for _, address := range b.Addrs {
			p.unconfigure(address)
		}
	}
	m.leave(g)
	return nil
}

// leave disconnects from members of g that are in no other group.
func (m *Machine) leave(g *group) {
	gone := func(id p2ptypes.PeerID) {
		p := m.peers[id]
		if p == nil || p == m.self || p.oracleRefs+p.bootRefs > 0 {
			return
		}
		delete(m.peers, id)
		m.emit(Disconnect{id})
	}
	for _, id := range g.oracles {
		gone(id)
	}
	for _, b := range g.bootstrappers {
		gone(b.ID)
	}
}

func (p *peer) configure(address p2ptypes.Address) {
	for i := range p.configured {
		if p.configured[i].address == address {
			p.configured[i].refs++
			return
		}
	}
	p.configured = append(p.configured, configuredAddress{address, 1})
}

func (p *peer) unconfigure(address p2ptypes.Address) {
	p.configured = slices.DeleteFunc(p.configured, func(c configuredAddress) bool { return c.address == address && c.refs == 1 })
	for i := range p.configured {
		if p.configured[i].address == address {
			p.configured[i].refs--
		}
	}
}

// FindPeer returns the addresses of a peer: those that were configured, then those that it announced, each once.
func (m *Machine) FindPeer(id p2ptypes.PeerID) []p2ptypes.Address {
	p := m.peers[id]
	if p == nil {
		return nil
	}
	var addresses []p2ptypes.Address
	for _, c := range p.configured {
		addresses = append(addresses, c.address)
	}
	if p.best != nil {
		for _, address := range p.best.Addresses {
			if !slices.Contains(addresses, address) {
				addresses = append(addresses, address)
			}
		}
	}
	return addresses
}

// Stats are numbers for metrics.
type Stats struct {
	Oracles       int // that are in any group
	Discovered    int // of which there is an announcement, oneself included
	Bootstrappers int // that are in any group
	// Since the start:
	Verifications    uint64 // of signatures
	BadMessages      uint64 // that were dropped as a whole
	BadAnnouncements uint64 // that were refused
}

// Stats returns the present numbers.
func (m *Machine) Stats() Stats {
	s := m.counters
	s.Oracles = m.oracleCount
	for _, p := range m.peers {
		if p.best != nil {
			s.Discovered++
		}
		if p.bootRefs > 0 {
			s.Bootstrappers++
		}
	}
	return s
}

// sortedPeers returns all peers by id, so that equal histories lead to equal effects.
func (m *Machine) sortedPeers() []*peer {
	return slices.SortedFunc(maps.Values(m.peers), func(a, b *peer) int { return slices.Compare(a.id[:], b.id[:]) })
}

var errNotOracle = errors.New("its owner is not an oracle of any group")
