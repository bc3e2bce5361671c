package machine

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// The simulation runs whole networks of machines on virtual time, from a seed. Oracles and bootstrappers come and go, move to
// other addresses, lose their databases or go back to old ones; links break; liars replay, forge and garble. Invariants are
// checked all the time, and, when the faults have ended, that everybody finds everybody.

const (
	simDelta = 10 * time.Second
	ringSize = 2
)

type simulation struct {
	t      *testing.T
	cast   *cast
	random *rand.Rand
	now    time.Duration
	queue  []simEvent // by time, then by order of making
	serial int
	nodes  []*simNode
	links  map[[2]int]*simLink
	groups map[types.ConfigDigest]simGroup
	faults bool
	heard  []announcement.Announcement // what liars replay
}

type simEvent struct {
	at     time.Duration
	serial int
	run    func()
}

type simGroup struct{ oracles, bootstrappers []int }

// simNode is a peer; its machine is nil while it is down.
type simNode struct {
	index      int
	name       string
	generation int // of the address
	life       int // number of starts
	m          *Machine
	database   map[string][]byte
	wanted     map[int]bool // open streams
	liar       bool
	seen       map[p2ptypes.PeerID]uint64 // greatest counters while referenced
	ticking    time.Duration
}

// simLink is one direction between two peers: a ring of messages and the receiver's token bucket.
type simLink struct {
	ring    [][]byte
	tokens  float64
	updated time.Duration
	broken  bool
	// opened is when the sender opened its stream. Shortly after, its earlier life may still be on the receiver's account.
	opened time.Duration
}

func newSimulation(t *testing.T, seed uint64, oracles, bootstrappers int) *simulation {
	s := &simulation{
		t: t, cast: newCast(t), random: rand.New(rand.NewPCG(seed, 7)), links: map[[2]int]*simLink{}, groups: map[types.ConfigDigest]simGroup{},
	}
	for i := range oracles + bootstrappers {
		name := fmt.Sprintf("o%d", i)
		if i >= oracles {
			name = fmt.Sprintf("b%d", i)
		}
		s.nodes = append(s.nodes, &simNode{index: i, name: name, database: map[string][]byte{}})
		s.cast.key(name)
	}
	for i := range s.nodes {
		for j := range s.nodes {
			s.links[[2]int{i, j}] = &simLink{tokens: 4}
		}
	}
	return s
}

func (s *simulation) after(d time.Duration, run func()) {
	s.serial++
	e := simEvent{s.now + d, s.serial, run}
	i, _ := slices.BinarySearchFunc(s.queue, e, func(a, b simEvent) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.serial, b.serial)) })
	s.queue = slices.Insert(s.queue, i, e)
}

func (s *simulation) run(until time.Duration) {
	for len(s.queue) > 0 && s.queue[0].at <= until {
		e := s.queue[0]
		s.queue = s.queue[1:]
		s.now = e.at
		e.run()
	}
	s.now = until
}

func (n *simNode) address() p2ptypes.Address {
	return p2ptypes.Address(fmt.Sprintf("10.%d.%d.1:6690", n.index, n.generation))
}

func (s *simulation) start(n *simNode) {
	m, err := New(Config{
		Self: s.cast.id(n.name), OwnAddresses: []p2ptypes.Address{n.address()}, DeltaReconcile: simDelta, HasDatabase: true, Sign: s.cast.key(n.name).Sign,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	n.m, n.wanted, n.seen = m, map[int]bool{}, map[p2ptypes.PeerID]uint64{}
	n.life++
	n.ticking = never
	m.Start(s.now)
	for digest, g := range s.groups {
		s.join(n, digest, g)
	}
	s.drain(n)
}

func (s *simulation) join(n *simNode, digest types.ConfigDigest, g simGroup) {
	if n.m == nil || !slices.Contains(g.oracles, n.index) && !slices.Contains(g.bootstrappers, n.index) {
		return
	}
	var oracles []p2ptypes.PeerID
	for _, i := range g.oracles {
		oracles = append(oracles, s.cast.id(s.nodes[i].name))
	}
	var bootstrappers []p2ptypes.PeerInfo
	for _, i := range g.bootstrappers {
		b := s.nodes[i]
		bootstrappers = append(bootstrappers, p2ptypes.PeerInfo{ID: s.cast.id(b.name), Addrs: []p2ptypes.Address{b.address()}})
	}
	if err := n.m.AddGroup(s.now, digest, oracles, bootstrappers); err != nil {
		s.t.Fatal(err)
	}
	s.drain(n)
}

func (s *simulation) stop(n *simNode, cleanly bool) {
	if n.m == nil {
		return
	}
	if cleanly {
		n.m.Stop()
		s.drain(n)
	}
	n.m = nil
}

// drain carries out what a machine wants, and sees to its next tick.
func (s *simulation) drain(n *simNode) {
	life := n.life
	for _, e := range n.m.Effects() {
		switch e := e.(type) {
		case Connect:
			if i := s.index(e.Peer); s.faults && s.random.IntN(20) == 0 && !n.wanted[i] {
				n.m.ConnectFailed(e.Peer)
			} else if !n.wanted[i] {
				n.wanted[i] = true
				s.links[[2]int{n.index, i}].opened = s.now
				in := s.links[[2]int{i, n.index}]
				in.tokens, in.updated = 4, s.now
			}
		case Disconnect:
			delete(n.wanted, s.index(e.Peer))
			s.links[[2]int{n.index, s.index(e.Peer)}].ring = nil
		case Send:
			s.checkSend(n, e)
			for _, to := range e.To {
				s.send(n, s.index(to), e.Message)
			}
		case Store:
			if s.faults && s.random.IntN(10) == 0 {
				n.m.StoreFailed(s.now, e.Peer)
			} else {
				n.database[e.Peer.String()] = e.Encoded
			}
		case Load:
			s.after(time.Duration(s.random.Int64N(int64(time.Second))), func() {
				if n.life != life || n.m == nil {
					return
				}
				if s.faults && s.random.IntN(10) == 0 {
					n.m.LoadFailed(s.now, e.Peers)
				} else {
					n.m.Loaded(s.now, e.Peers, n.database)
				}
				s.drain(n)
			})
		case Log:
		default:
			s.t.Fatalf("unknown effect %T", e)
		}
	}
	s.checkNode(n)
	if next := n.m.NextTick(); next < n.ticking {
		n.ticking = next
		s.after(next-s.now, func() {
			if n.life != life || n.m == nil {
				return
			}
			n.ticking = never
			n.m.Tick(s.now)
			s.drain(n)
		})
	}
}

func (s *simulation) index(id p2ptypes.PeerID) int {
	name := s.cast.names[id]
	return slices.IndexFunc(s.nodes, func(n *simNode) bool { return n.name == name })
}

// connected: both want the stream, and one of them knows where the other is.
func (s *simulation) connected(i, j int) bool {
	a, b := s.nodes[i], s.nodes[j]
	if a.m == nil || b.m == nil || !a.wanted[j] || !b.wanted[i] || s.links[[2]int{min(i, j), max(i, j)}].broken {
		return false
	}
	return slices.Contains(a.m.FindPeer(s.cast.id(b.name)), b.address()) || slices.Contains(b.m.FindPeer(s.cast.id(a.name)), a.address())
}

func (s *simulation) send(from *simNode, to int, message []byte) {
	link := s.links[[2]int{from.index, to}]
	if !from.wanted[to] {
		return
	}
	if len(link.ring) == ringSize {
		link.ring = link.ring[1:]
	}
	link.ring = append(link.ring, message)
	s.after(time.Duration(s.random.Int64N(int64(300*time.Millisecond))), func() { s.flush(from, to) })
}

// flush delivers what waits, as far as there is a connection.
func (s *simulation) flush(from *simNode, to int) {
	link := s.links[[2]int{from.index, to}]
	if !s.connected(from.index, to) {
		return
	}
	receiver := s.nodes[to]
	waiting := link.ring
	link.ring = nil
	for _, message := range waiting {
		// The receiver's limit: two messages per reconcile interval, four in a burst.
		link.tokens = min(4, link.tokens+2*float64(s.now-link.updated)/float64(simDelta))
		link.updated = s.now
		if link.tokens < 1 {
			link.tokens = 0
			if s.now-link.opened < 4*simDelta {
				continue
			}
			s.t.Errorf("at %v %s sent more to %s than it accepts", s.now, from.name, receiver.name)
			continue
		}
		link.tokens--
		if from.liar && s.faults {
			message = s.lie(from, message)
		}
		if m, err := announcement.DecodeMessage(message); err == nil && len(s.heard) < 1000 {
			s.heard = append(s.heard, m.Announcements...)
		}
		receiver.m.Receive(s.now, s.cast.id(from.name), message)
		s.drain(receiver)
	}
}

func (s *simulation) lie(from *simNode, message []byte) []byte {
	m, err := announcement.DecodeMessage(message)
	if err != nil || len(s.heard) == 0 {
		return message
	}
	old := s.heard[s.random.IntN(len(s.heard))]
	switch s.random.IntN(6) {
	case 0: // replay what anybody once said
		return reconcileOf(append(m.Announcements, old)...)
	case 1: // a greater counter, with the signature of another
		forged := old
		forged.Counter += 1000
		return reconcileOf(forged)
	case 2:
		forged := old
		forged.Addresses = []p2ptypes.Address{"10.99.99.99:1"}
		return announcement.EncodeAnnouncement(forged.Encode())
	case 3: // different addresses for different peers, under one counter
		return reconcileOf(s.cast.announce(from.name, 1<<20+uint64(s.now/time.Minute), p2ptypes.Address(fmt.Sprintf("10.88.0.%d:1", s.random.IntN(4)))))
	case 4:
		return message[:s.random.IntN(len(message)+1)]
	}
	garbled := slices.Clone(message)
	garbled[s.random.IntN(len(garbled))] ^= 1 << s.random.IntN(8)
	return garbled
}

// checkSend: nobody learns of oracles that it shares no group with.
func (s *simulation) checkSend(n *simNode, e Send) {
	m, err := announcement.DecodeMessage(e.Message)
	if err != nil || m.CheckWellFormed() != nil || m.Count == 0 {
		s.t.Fatalf("%s sent %x: %v, %v", n.name, e.Message, err, m.CheckWellFormed())
	}
	for _, a := range m.Announcements {
		id, _ := a.PeerID()
		owner := s.index(id)
		for _, to := range e.To {
			receiver := s.index(to)
			if receiver == n.index {
				s.t.Fatalf("%s sent to itself", n.name)
			}
			shared := false
			for _, g := range s.groups {
				shared = shared || slices.Contains(g.oracles, owner) &&
					(slices.Contains(g.oracles, receiver) || slices.Contains(g.bootstrappers, receiver)) &&
					(slices.Contains(g.oracles, n.index) || slices.Contains(g.bootstrappers, n.index))
			}
			if !shared {
				s.t.Errorf("%s told %s about %s, with whom it shares no group", n.name, s.nodes[receiver].name, s.nodes[owner].name)
			}
		}
	}
}

// checkNode: counters do not go back, and what is kept verifies; the own announcement has the own addresses.
func (s *simulation) checkNode(n *simNode) {
	seen := map[p2ptypes.PeerID]uint64{}
	for id, p := range n.m.peers {
		if p.best == nil {
			continue
		}
		before, ok := n.seen[id]
		if ok && p.best.Counter < before {
			s.t.Errorf("%s: counter of %s went from %d to %d", n.name, s.cast.names[id], before, p.best.Counter)
		}
		if !ok || p.best.Counter > before {
			if err := p.best.VerifySignature(); err != nil || p.best.CheckWellFormed() != nil {
				s.t.Errorf("%s kept %v: %v", n.name, p.best, err)
			}
		}
		seen[id] = p.best.Counter
	}
	n.seen = seen
	if own := n.m.self.best; !slices.Equal(own.Addresses, []p2ptypes.Address{n.address()}) {
		s.t.Errorf("%s at %s announces %v", n.name, n.address(), own.Addresses)
	}
}

// poll delivers what has been waiting for connections.
func (s *simulation) poll() {
	for i, n := range s.nodes {
		for j := range s.nodes {
			if n.m != nil && len(s.links[[2]int{i, j}].ring) > 0 {
				s.flush(n, j)
			}
		}
	}
	s.after(time.Second, s.poll)
}

// setGroup adds or removes a group on all nodes that are up, each a little later than the other.
func (s *simulation) setGroup(digest types.ConfigDigest, g simGroup) {
	s.groups[digest] = g
	for _, n := range s.nodes {
		s.join(n, digest, g)
	}
}

func (s *simulation) removeGroup(digest types.ConfigDigest) {
	g := s.groups[digest]
	for _, n := range s.nodes {
		if n.m != nil && (slices.Contains(g.oracles, n.index) || slices.Contains(g.bootstrappers, n.index)) {
			if err := n.m.RemoveGroup(digest); err != nil {
				s.t.Fatal(err)
			}
			s.drain(n)
		}
	}
	delete(s.groups, digest)
}

// disturb does something unfortunate, and comes again while there are faults.
func (s *simulation) disturb(bootstrappersFrom int) {
	if !s.faults {
		return
	}
	n := s.nodes[s.random.IntN(len(s.nodes))]
	oracle := n.index < bootstrappersFrom
	switch s.random.IntN(9) {
	case 0:
		s.stop(n, s.random.IntN(2) == 0)
	case 1, 2: // restart, perhaps elsewhere, perhaps without memory
		s.stop(n, s.random.IntN(2) == 0)
		if oracle && s.random.IntN(2) == 0 {
			n.generation++
		}
		if s.random.IntN(3) == 0 {
			n.database = map[string][]byte{}
		}
		s.start(n)
	case 3:
		s.links[[2]int{s.random.IntN(len(s.nodes)), s.random.IntN(len(s.nodes))}].broken = true
	case 4:
		for _, link := range s.links {
			link.broken = false
		}
	case 5:
		n.liar = oracle
	case 6:
		digest := digestOf(1 + s.random.IntN(2))
		if _, ok := s.groups[digest]; ok {
			s.removeGroup(digest)
		} else {
			s.setGroup(digest, s.randomGroup(bootstrappersFrom))
		}
	case 7:
		for key, value := range n.database {
			n.database[key] = value[:s.random.IntN(len(value)+1)]
			break
		}
	case 8:
		if n.m == nil {
			s.start(n)
		}
	}
	s.after(time.Duration(s.random.Int64N(int64(simDelta/2))), func() { s.disturb(bootstrappersFrom) })
}

func (s *simulation) randomGroup(bootstrappersFrom int) simGroup {
	var g simGroup
	for i := range s.nodes {
		switch {
		case i >= bootstrappersFrom:
			g.bootstrappers = append(g.bootstrappers, i)
		case s.random.IntN(3) > 0:
			g.oracles = append(g.oracles, i)
		}
	}
	return g
}

// heal ends all faults and brings everybody up.
func (s *simulation) heal() {
	s.faults = false
	for _, link := range s.links {
		link.broken = false
	}
	for _, n := range s.nodes {
		if n.m == nil {
			s.start(n)
		}
	}
}

// checkFound: every member of a group knows the present address of each of its oracles, and is connected to it.
func (s *simulation) checkFound(where string) {
	s.t.Helper()
	for digest, g := range s.groups {
		for _, i := range slices.Concat(g.oracles, g.bootstrappers) {
			n := s.nodes[i]
			for _, j := range g.oracles {
				o := s.nodes[j]
				if p := n.m.peers[s.cast.id(o.name)]; p.best == nil || !slices.Equal(p.best.Addresses, []p2ptypes.Address{o.address()}) {
					s.t.Errorf("%s, group %x: %s knows %v of %s, which is at %s", where, digest[31], n.name, n.m.FindPeer(s.cast.id(o.name)), o.name, o.address())
				} else if i != j && !s.connected(i, j) {
					s.t.Errorf("%s, group %x: %s and %s are not connected", where, digest[31], n.name, o.name)
				}
			}
		}
	}
}

var seeds = flag.Uint64("seeds", 16, "number of seeds that TestSimulation runs")

func TestSimulation(t *testing.T) {
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			oracles := 3 + int(seed%5)
			s := newSimulation(t, seed, oracles, 1+int(seed%2))
			all := simGroup{}
			for i := range s.nodes {
				if i < oracles {
					all.oracles = append(all.oracles, i)
				} else {
					all.bootstrappers = append(all.bootstrappers, i)
				}
			}
			for _, n := range s.nodes {
				s.start(n)
			}
			s.setGroup(digestOf(0), all)
			s.poll()
			// A fresh network: everybody reaches a bootstrapper, which passes on what it hears.
			s.run(2 * simDelta)
			s.checkFound("at first")
			s.faults = true
			s.disturb(oracles)
			s.run(60 * simDelta)
			s.heal()
			// Oracles that moved are found by way of a bootstrapper; one interval for what waits for the regular reconcile.
			s.run(65 * simDelta)
			s.checkFound("in the end")
		})
	}
}

// TestSpread: along a chain of groups, an announcement needs at most one reconcile interval for each hop.
func TestSpread(t *testing.T) {
	const hops = 5
	s := newSimulation(t, 1, hops+1, 0)
	var g simGroup
	for i := range s.nodes {
		g.oracles = append(g.oracles, i)
		s.start(s.nodes[i])
	}
	s.setGroup(digestOf(0), g)
	for i := range s.nodes {
		for j := range s.nodes {
			s.links[[2]int{i, j}].broken = j != i+1 && i != j+1
		}
	}
	// Neighbors know each other's addresses from before; nobody knows the far end.
	for i := range hops {
		a, b := s.nodes[i], s.nodes[i+1]
		if i == hops-1 {
			a, b = b, a
		}
		a.m.Receive(s.now, s.cast.id(b.name), reconcileOf(b.m.self.best.Announcement))
		s.drain(a)
	}
	s.poll()
	for hop := range hops + 1 {
		known := s.nodes[hop].m.peers[s.cast.id(s.nodes[hops].name)].best != nil
		if hop == hops && !known {
			t.Fatal("the peer does not know itself")
		}
	}
	s.run(hops * (simDelta + time.Second))
	for _, n := range s.nodes {
		for _, o := range s.nodes {
			if n.m.peers[s.cast.id(o.name)].best == nil {
				t.Errorf("%s has not heard of %s after %d intervals", n.name, o.name, hops)
			}
		}
	}
}
