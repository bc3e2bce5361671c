// Package p2ptest is a network of hosts within one process, for tests of what runs on hosts: discovery, probes, endpoints. Hosts
// connect as real ones do: two of them that have a stream with each other, one of which knows an address of the other, dial
// within a dial interval. Streams are best effort, with buffers and limits. Time is that of package time, so that a test in a
// testing/synctest bubble runs on virtual time.
package p2ptest

import (
	"slices"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// Options of a network.
type Options struct {
	// DialInterval is the time between two attempts to connect; 1 second if 0.
	DialInterval time.Duration
	// Channels makes streams without SetReceiver, as those of hosts that know channels only.
	Channels bool
}

// Network connects hosts. It is safe for concurrent use.
type Network struct {
	options Options

	mu        sync.Mutex // guards everything in hosts and streams, too
	hosts     []*Host
	connected map[link]bool
	broken    map[link]bool
	dirty     []*stream // that have messages to send
	drops     map[string]int
	requests  uint64

	wake    chan struct{} // has room for one
	closed  chan struct{}
	workers sync.WaitGroup
}

// link is a pair of hosts, the smaller id first.
type link struct{ a, b p2ptypes.PeerID }

func linkOf(a, b p2ptypes.PeerID) link {
	if slices.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return link{a, b}
}

// NewNetwork returns a network without hosts. It must be closed.
func NewNetwork(options Options) *Network {
	if options.DialInterval == 0 {
		options.DialInterval = time.Second
	}
	n := &Network{
		options: options, connected: map[link]bool{}, broken: map[link]bool{}, drops: map[string]int{},
		wake: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	n.workers.Go(n.deliver)
	n.workers.Go(n.dial)
	return n
}

// Close ends deliveries. Hosts are closed by themselves, before.
func (n *Network) Close() {
	close(n.closed)
	n.workers.Wait()
}

// SetBroken breaks the connection between two hosts, or lets them connect again.
func (n *Network) SetBroken(a, b p2ptypes.PeerID, broken bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.broken[linkOf(a, b)] = broken
	if broken {
		delete(n.connected, linkOf(a, b))
	}
}

// Connected tells whether two hosts are connected now.
func (n *Network) Connected(a, b p2ptypes.PeerID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.connected[linkOf(a, b)]
}

// Drops returns how many messages were lost, by reason: those that limits refused, and those that buffers had no room for.
func (n *Network) Drops() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	drops := map[string]int{}
	for reason, count := range n.drops {
		drops[reason] = count
	}
	return drops
}

// dial connects hosts, again and again.
func (n *Network) dial() {
	ticker := time.NewTicker(n.options.DialInterval)
	defer ticker.Stop()
	for {
		select {
		case <-n.closed:
			return
		case <-ticker.C:
			n.connectAll()
		}
	}
}

func (n *Network) connectAll() {
	n.mu.Lock()
	hosts := slices.Clone(n.hosts)
	n.mu.Unlock()
	for i, a := range hosts {
		for _, b := range hosts[i+1:] {
			// Discoverers are asked without the lock: they use the network themselves.
			reachable := a.finds(b) || b.finds(a)
			n.mu.Lock()
			l := linkOf(a.id, b.id)
			switch {
			case !a.started || !b.started || len(a.streams[b.id]) == 0 || len(b.streams[a.id]) == 0:
				delete(n.connected, l)
			case reachable && !n.broken[l] && !n.connected[l]:
				n.connected[l] = true
				for _, streams := range []map[string]*stream{a.streams[b.id], b.streams[a.id]} {
					for _, s := range streams {
						n.markDirty(s)
					}
				}
			}
			n.mu.Unlock()
		}
	}
}

func (n *Network) markDirty(s *stream) {
	if !s.dirty && len(s.outgoing) > 0 {
		s.dirty = true
		n.dirty = append(n.dirty, s)
		select {
		case n.wake <- struct{}{}:
		default:
		}
	}
}

// deliver passes messages on, one at a time.
func (n *Network) deliver() {
	for {
		select {
		case <-n.closed:
			return
		case <-n.wake:
		}
		for n.deliverOne() {
		}
	}
}

func (n *Network) deliverOne() bool {
	n.mu.Lock()
	if len(n.dirty) == 0 {
		n.mu.Unlock()
		return false
	}
	from := n.dirty[0]
	n.dirty = n.dirty[1:]
	from.dirty = false
	var to *stream
	if !from.closed && n.connected[linkOf(from.host.id, from.other)] {
		if i := slices.IndexFunc(n.hosts, func(h *Host) bool { return h.id == from.other }); i >= 0 {
			to = n.hosts[i].streams[from.host.id][from.name]
		}
	}
	if to == nil || len(from.outgoing) == 0 {
		n.mu.Unlock()
		return true // goes on when they connect, or when the other opens the stream
	}
	out := from.outgoing[0]
	from.outgoing = from.outgoing[1:]
	n.markDirty(from)
	message := n.admit(from, to, out)
	n.mu.Unlock()
	if message != nil {
		to.receive(message)
	}
	return true
}

// admit applies the limits of the receiving stream.
func (n *Network) admit(from, to *stream, out p2ptypes.OutboundBinaryMessage) p2ptypes.InboundBinaryMessage {
	switch out := out.(type) {
	case p2ptypes.OutboundBinaryMessagePlain:
		if n.withinLimits(to, len(out.Payload)) {
			return p2ptypes.InboundBinaryMessagePlain{Payload: slices.Clone(out.Payload)}
		}
	case p2ptypes.OutboundBinaryMessageRequest:
		if !n.withinLimits(to, len(out.Payload)) {
			return nil
		}
		n.requests++
		id := p2ptypes.RequestHandle{0: 1, 30: byte(n.requests >> 8), 31: byte(n.requests)}
		from.policies[id] = *out.ResponsePolicy.(*p2ptypes.SingleUseSizedLimitedResponsePolicy)
		return p2ptypes.InboundBinaryMessageRequest{RequestHandle: id, Payload: slices.Clone(out.Payload)}
	case p2ptypes.OutboundBinaryMessageResponse:
		policy, ok := to.policies[out.RequestHandle()]
		delete(to.policies, out.RequestHandle())
		if ok && time.Now().Before(policy.ExpiryTimestamp) && len(out.Payload) <= policy.MaxSize {
			return p2ptypes.InboundBinaryMessageResponse{Payload: slices.Clone(out.Payload)}
		}
		n.drops["response"]++
	}
	return nil
}

func (n *Network) withinLimits(to *stream, size int) bool {
	if size > to.limits.MaxMessageLength {
		n.drops["length"]++
		return false
	}
	now := time.Now()
	messages := to.messages.take(now, to.limits.MessagesLimit, 1)
	bytes := to.bytes.take(now, to.limits.BytesLimit, size)
	if !messages || !bytes {
		n.drops["limits"]++
	}
	return messages && bytes
}

// bucket is a token bucket that a refusal empties, as those of real hosts.
type bucket struct {
	tokens  float64
	updated time.Time
}

func (b *bucket) take(now time.Time, params p2ptypes.TokenBucketParams, n int) bool {
	if b.updated.IsZero() {
		b.tokens, b.updated = float64(params.Capacity), now
	}
	b.tokens = min(float64(params.Capacity), b.tokens+params.Rate*now.Sub(b.updated).Seconds())
	b.updated = now
	if b.tokens < float64(n) {
		b.tokens = 0
		return false
	}
	b.tokens -= float64(n)
	return true
}
