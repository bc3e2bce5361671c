package linksim

import (
	"container/heap"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// Options describe a network. Zero values of numbers mean defaults.
type Options struct {
	Seed  uint64
	Peers int
	// Protocol is what all peers speak.
	Protocol wire.Protocol
	// DeltaDial is the time between two dials; 15 s by default.
	DeltaDial time.Duration
	// Latency is the time that bytes take from one peer to another: at least this, at most twice as much; 50 ms by default.
	Latency time.Duration
	// Interval is the time between two messages of a stream; 1 s by default.
	Interval time.Duration
	// Kinds says what the peers are; Honest where it says nothing.
	Kinds map[int]Kind
}

// Kind is a kind of peer.
type Kind byte

const (
	// Honest peers follow the protocol with the machines of package link.
	Honest Kind = iota
	// Plain peers follow the protocol too, but do no more than they must: they dial in fixed rounds, whatever the other side
	// does, and the newest connection wins.
	Plain
	// Liar peers shake hands and then break every rule: floods, long messages, forged responses, streams without end.
	Liar
)

const (
	streamsPerPair  = 2
	outgoingBuffer  = 8
	maxMessage      = 2000
	socketBuffer    = 64 << 10
	writeTimeout    = 5 * time.Second
	handshakeLimit  = 5 * time.Second
	userTimeout     = 30 * time.Second
	keepAliveLimit  = 150 * time.Second
	requestEvery    = 5
	responseTimeout = time.Second
	responseSize    = 100
)

// The limits of every stream. The honest stay below, even if all that is under way arrives at once.
var (
	messagesLimit = p2ptypes.TokenBucketParams{Rate: 50, Capacity: 1500}
	bytesLimit    = p2ptypes.TokenBucketParams{Rate: 100_000, Capacity: 200_000}
)

// Sim is a network under way. It is used by one goroutine.
type Sim struct {
	Options
	// Violation is the first thing that was not as it must be; the run should end.
	Violation error
	// Delivered, Dropped, Responses count messages; Established connections.
	Delivered, Dropped, Responses, Established int

	now    time.Duration
	rng    *rand.Rand
	events eventQueue
	serial uint64
	nodes  []*node
	tcps   []*tcp
	trace  uint64 // hash of what happened
	quiet  bool   // nothing is sent any more
}

type event struct {
	at     time.Duration
	serial uint64
	f      func()
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].serial < q[j].serial
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = event{}
	*q = (*q)[:last]
	return e
}

// New returns a network in which all peers start at the same moment.
func New(o Options) *Sim {
	if o.DeltaDial == 0 {
		o.DeltaDial = 15 * time.Second
	}
	if o.Latency == 0 {
		o.Latency = 50 * time.Millisecond
	}
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	s := &Sim{Options: o, rng: rand.New(rand.NewPCG(o.Seed, 1))}
	for i := range o.Peers {
		n := &node{sim: s, number: i, kind: o.Kinds[i]}
		s.rng.Uint64()
		n.id = p2ptypes.PeerID{byte(s.rng.Uint32()), byte(i)}
		s.nodes = append(s.nodes, n)
	}
	for _, n := range s.nodes {
		n.start()
	}
	return s
}

// Now returns how long the run has lasted.
func (s *Sim) Now() time.Duration { return s.now }

// Hash returns a number that differs between runs in which different things happened.
func (s *Sim) Hash() uint64 { return s.trace }

func (s *Sim) after(d time.Duration, f func()) {
	s.serial++
	heap.Push(&s.events, event{s.now + d, s.serial, f})
}

// Run lets time pass, until there is a violation.
func (s *Sim) Run(d time.Duration) {
	end := s.now + d
	for s.Violation == nil && len(s.events) > 0 && s.events[0].at <= end {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.f()
	}
	s.now = end
}

func (s *Sim) violation(format string, args ...any) {
	if s.Violation == nil {
		s.Violation = fmt.Errorf("after %v: "+format, append([]any{s.now}, args...)...)
	}
}

func (s *Sim) record(format string, args ...any) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d ", s.trace, s.now)
	fmt.Fprintf(h, format, args...)
	s.trace = h.Sum64()
}

func (s *Sim) latency() time.Duration {
	return s.Latency + time.Duration(s.rng.Int64N(int64(s.Latency)+1))
}

// BreakAll closes each connection with a probability, as a broken router does that tells both sides.
func (s *Sim) BreakAll(probability float64) {
	for _, t := range s.tcps {
		if !t.dead() && s.rng.Float64() < probability {
			t.ends[0].die()
			t.ends[1].die()
		}
	}
	s.forgetDead()
}

// CutAll makes each connection half-open with a probability: from now on nothing arrives, and nobody is told.
func (s *Sim) CutAll(probability float64) {
	for _, t := range s.tcps {
		if !t.dead() && !t.cut && s.rng.Float64() < probability {
			t.cut = true
			for _, e := range t.ends {
				s.after(keepAliveLimit, e.die)
			}
		}
	}
	s.forgetDead()
}

func (s *Sim) forgetDead() {
	kept := s.tcps[:0]
	for _, t := range s.tcps {
		if !t.dead() {
			kept = append(kept, t)
		}
	}
	clear(s.tcps[len(kept):])
	s.tcps = kept
}

// Restart restarts a peer: it forgets everything, and its connections are reset.
func (s *Sim) Restart(number int) {
	n := s.nodes[number]
	for _, l := range n.sides {
		l.gone = true
	}
	for _, t := range s.tcps {
		for i, e := range t.ends {
			if e.side != nil && e.node == n && !t.dead() {
				e.closed = true
				other := t.ends[1-i]
				s.after(s.latency(), other.die)
			}
		}
	}
	n.incarnation++
	n.start()
}

// SlowDown makes the reader of a peer stop for a while; 0 lets it go on.
func (s *Sim) SlowDown(number int, d time.Duration) {
	s.nodes[number].readsFrom = s.now + d
}

// Connected reports which pairs of honest or plain peers are not connected.
func (s *Sim) Unconnected() (pairs []string) {
	for i, a := range s.nodes {
		for _, b := range s.nodes[:i] {
			if a.kind == Liar || b.kind == Liar {
				continue
			}
			x, y := a.sides[b].live, b.sides[a].live
			if x == nil || y == nil || x.tcp != y.tcp || x.tcp.cut {
				pairs = append(pairs, fmt.Sprintf("%d-%d", b.number, a.number))
			}
		}
	}
	return pairs
}
