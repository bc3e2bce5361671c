package linksim

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// node is a peer.
type node struct {
	sim         *Sim
	number      int
	id          p2ptypes.PeerID
	kind        Kind
	incarnation uint32
	sides       map[*node]*side
	readsFrom   time.Duration // the readers stand still until then
	conns       link.ConnID
}

func (n *node) start() {
	n.sides = map[*node]*side{}
	for _, other := range n.sim.nodes {
		if other != n {
			n.sides[other] = newSide(n, other)
		}
	}
	for _, other := range n.sim.nodes {
		if l := n.sides[other]; l != nil {
			l.step(link.Started{})
			if n.kind != Liar {
				n.sim.after(time.Duration(n.sim.rng.Int64N(int64(n.sim.Interval))), l.chat)
			}
		}
	}
}

// dialer decides about connections: a link.Lifecycle, or something simpler.
type dialer interface {
	Step(now time.Duration, e link.LifecycleEvent) []link.LifecycleEffect
}

// side is what a peer knows about another.
type side struct {
	*node
	other    *node
	life     dialer
	out      *link.Outgoing
	demux    *link.Demux
	streams  [streamsPerPair]*chat
	live     *end
	conns    map[link.ConnID]*end
	attempts map[uint64]*end
	timer    int
	gone     bool // the peer has restarted
}

// chat is a stream and what is checked about it.
type chat struct {
	*side
	out *link.OutStream
	in  *link.InStream
	// sent counts messages.
	sent uint64
	// The newest message received, of the newest incarnation of the peer.
	incarnation uint32
	received    uint64
	// requests are ours that may be answered: by number, until when.
	requests map[uint64]time.Duration
	messages meter
	bytes    meter
}

// meter checks that what is admitted in any interval is at most capacity + rate * time.
type meter struct {
	limit p2ptypes.TokenBucketParams
	sum   float64
	low   float64 // the least of what was admitted before a moment, less rate times the moment
	used  bool
}

func (m *meter) admit(now time.Duration, n float64) bool {
	level := m.sum - m.limit.Rate*now.Seconds()
	if !m.used || level < m.low {
		m.low, m.used = level, true
	}
	m.sum += n
	return level+n-m.low <= float64(m.limit.Capacity)+m.limit.Rate*1e-6+1e-6
}

func newSide(n, other *node) *side {
	s := n.sim
	l := &side{node: n, other: other, out: link.NewOutgoing(), demux: link.NewDemux(s.Protocol, s.now), conns: map[link.ConnID]*end{}, attempts: map[uint64]*end{}}
	if n.kind == Plain {
		l.life = &rounds{side: l, accepts: link.NewInboundBucket(s.DeltaDial, s.now)}
	} else {
		l.life = link.NewLifecycle(link.LifecycleConfig{Self: n.id, Peer: other.id, DeltaDial: s.DeltaDial, Uniform: s.rng.Float64}, s.now)
	}
	for i := range l.streams {
		name := fmt.Sprint("stream ", i)
		id := wire.NewStreamID(n.id, other.id, name)
		priority := p2ptypes.StreamPriorityDefault
		if i == 1 {
			priority = p2ptypes.StreamPriorityLow
		}
		out, err := l.out.Open(id, name, priority, outgoingBuffer)
		if err != nil {
			panic(err)
		}
		c := &chat{side: l, out: out, requests: map[uint64]time.Duration{}, messages: meter{limit: messagesLimit}, bytes: meter{limit: bytesLimit}}
		c.in = l.demux.Open(s.now, id, maxMessage, messagesLimit, bytesLimit, c)
		l.streams[i] = c
	}
	return l
}

func (l *side) step(e link.LifecycleEvent) {
	s := l.sim
	if l.gone {
		return
	}
	for _, effect := range l.life.Step(s.now, e) {
		switch e := effect.(type) {
		case link.SetTimer:
			l.timer++
			timer := l.timer
			s.after(e.After, func() {
				if timer == l.timer {
					l.step(link.TimerFired{})
				}
			})
		case link.FindAddresses:
			s.after(0, func() { l.step(link.AddressesFound{Attempt: e.Attempt, Addresses: []p2ptypes.Address{"there"}}) })
		case link.Dial:
			l.dial(e.Attempt)
		case link.AbortDial:
			if end := l.attempts[e.Attempt]; end != nil {
				end.close()
			}
		case link.Run:
			l.run(l.conns[e.Conn])
		case link.Cancel:
			l.conns[e.Conn].end(0)
		case link.Refuse:
			l.conns[e.Conn].close()
			delete(l.conns, e.Conn)
		}
	}
}

// dial connects, knocks and shakes hands.
func (l *side) dial(attempt uint64) {
	s := l.sim
	t := &tcp{sim: s, latency: s.latency()}
	ours, theirs := &end{tcp: t, side: l}, &end{tcp: t}
	t.ends = [2]*end{ours, theirs}
	s.tcps = append(s.tcps, t)
	l.attempts[attempt] = ours
	fail := func() {
		if l.attempts[attempt] == ours {
			delete(l.attempts, attempt)
			ours.close()
			l.step(link.DialFailed{Attempt: attempt})
		}
	}
	s.after(max(handshakeLimit, l.sim.DeltaDial), fail) // unless it has ended before
	s.after(2*t.latency, func() {                       // TCP is up: knock and hello
		if ours.closed || l.gone {
			fail()
			return
		}
		s.after(t.latency, func() {
			if t.cut || ours.closed && ours.closedAt+t.latency <= s.now {
				return
			}
			peer := l.other.sides[l.node]
			theirs.side = peer
			peer.step(link.HandshakeBegan{})
			s.after(t.latency, func() { // their part of the handshake arrives: we are done
				if t.cut || ours.closed || l.gone || l.attempts[attempt] != ours {
					s.after(t.latency, func() { peer.step(link.HandshakeFailed{}); theirs.close() })
					fail()
					return
				}
				delete(l.attempts, attempt)
				id := l.register(ours)
				s.after(t.latency, func() { // ours does: they are done
					if t.cut || peer.gone || theirs.closed {
						peer.step(link.HandshakeFailed{})
						return
					}
					peer.step(link.HandshakeSucceeded{Conn: peer.register(theirs)})
				})
				l.step(link.DialSucceeded{Attempt: attempt, Conn: id, RoundTrip: 2 * t.latency})
			})
		})
	})
}

func (l *side) register(e *end) link.ConnID {
	l.node.conns++
	e.id = l.node.conns
	l.conns[e.id] = e
	return e.id
}

// run makes a connection the live one.
func (l *side) run(e *end) {
	s := l.sim
	if l.live != nil {
		s.violation("%d begins a connection with %d while another lives", l.number, l.other.number)
	}
	s.Established++
	s.record("run %d %d", l.number, l.other.number)
	l.live = e
	e.running = true
	var overhead *link.Overhead
	if s.Protocol == wire.P2 {
		overhead = &link.Overhead{}
	}
	e.overhead = overhead
	e.receiver = link.NewReceiver(s.Protocol, overhead, func(h *wire.Header) (link.Verdict, *link.InStream) {
		return l.demux.Admit(s.now, wallClock(s.now), h)
	})
	l.out.Connected()
	l.demux.Bucket.Connected()
	s.after(0, e.read)
	if l.kind == Liar {
		s.after(0, e.lie)
	} else {
		s.after(0, e.write)
	}
}

func wallClock(now time.Duration) time.Time { return time.Unix(1_700_000_000, 0).Add(now) }

// chat sends a message on each stream, now and again.
func (l *side) chat() {
	s := l.sim
	if l.gone || s.quiet {
		return
	}
	for _, c := range l.streams {
		c.send()
	}
	s.after(s.Interval/2+time.Duration(s.rng.Int64N(int64(s.Interval))), l.chat)
	if l.live != nil {
		l.live.write()
	}
}

// content is the message of a number: who sent it, and filling that depends on it.
func content(incarnation uint32, number uint64, length int) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, max(length, 12)), incarnation)
	b = binary.BigEndian.AppendUint64(b, number)
	for i := len(b); i < length; i++ {
		b = append(b, byte(number)+byte(i))
	}
	return b
}

// length returns the length of a message: mostly short, now and then as long as allowed.
func (s *Sim) length() int {
	if s.rng.IntN(10) > 0 {
		return 12 + s.rng.IntN(100)
	}
	return 12 + s.rng.IntN(maxMessage-11)
}

func (c *chat) send() {
	s := c.sim
	c.sent++
	m := link.Message{Type: wire.FrameData, Payload: content(c.node.incarnation, c.sent, s.length())}
	if s.Protocol == wire.P2 && c.sent%requestEvery == 0 {
		m.Type = wire.FrameRequest
		m.Request = &link.RequestInfo{Policy: p2ptypes.SingleUseSizedLimitedResponsePolicy{MaxSize: responseSize, ExpiryTimestamp: wallClock(s.now + responseTimeout)}}
		c.requests[c.sent] = s.now + responseTimeout
		delete(c.requests, c.sent-100*requestEvery)
	}
	c.side.out.Push(c.out, m)
	if c.out.Queued() > outgoingBuffer {
		s.violation("%d messages wait on a stream of %d", c.out.Queued(), c.number)
	}
}

// receive checks a message that was admitted.
func (c *chat) receive(e *link.Event) {
	s := c.sim
	n := len(e.Payload)
	if e.Header.Type == wire.FrameResponse {
		c.receiveResponse(e)
		return
	}
	if !c.messages.admit(s.now, 1) || !c.bytes.admit(s.now, float64(n)) {
		s.violation("%d admits more of %d than its limits allow", c.number, c.other.number)
	}
	if n > maxMessage {
		s.violation("%d admits a message of %d bytes", c.number, n)
	}
	s.Delivered++
	if c.other.kind == Liar {
		return
	}
	incarnation, number := binary.BigEndian.Uint32(e.Payload), binary.BigEndian.Uint64(e.Payload[4:])
	s.record("deliver %d %d %d", c.number, c.other.number, number)
	if cmp.Compare(incarnation, c.incarnation) > 0 {
		c.incarnation, c.received = incarnation, 0
	}
	if incarnation != c.incarnation || number <= c.received || !bytes.Equal(e.Payload, content(incarnation, number, n)) {
		s.violation("%d receives message %d of %d after %d, or a changed one", c.number, number, c.other.number, c.received)
	}
	c.received = number
	if e.Header.Type == wire.FrameRequest {
		// None, one or two answers, some too long, some too late.
		for range s.rng.IntN(3) {
			answer := content(incarnation, number, s.rng.IntN(2*responseSize))
			handle := e.Header.Request
			s.after(time.Duration(s.rng.Int64N(int64(2*responseTimeout))), func() {
				c.side.out.Push(c.out, link.Message{Type: wire.FrameResponse, Payload: answer, Request: &link.RequestInfo{Handle: handle}})
				if c.live != nil {
					c.live.write()
				}
			})
		}
	}
}

func (c *chat) receiveResponse(e *link.Event) {
	s := c.sim
	if c.other.kind == Liar {
		s.violation("%d admits a response of %d, which cannot know of a request", c.number, c.other.number)
		return
	}
	number := binary.BigEndian.Uint64(e.Payload[4:])
	expiry, ok := c.requests[number]
	delete(c.requests, number)
	if !ok || s.now >= expiry || len(e.Payload) > responseSize {
		s.violation("%d admits response %d of %d: expected %v, until %v, %d bytes", c.number, number, c.other.number, ok, expiry, len(e.Payload))
	}
	s.Responses++
}

// rounds dials in rounds, whatever happens, and lets the newest connection win.
type rounds struct {
	*side
	accepts    link.TokenBucket
	attempt    uint64
	live, next link.ConnID
}

func (r *rounds) Step(now time.Duration, event link.LifecycleEvent) []link.LifecycleEffect {
	switch e := event.(type) {
	case link.Started:
		return []link.LifecycleEffect{link.SetTimer{}}
	case link.TimerFired:
		wait := r.sim.DeltaDial + time.Duration(r.sim.rng.Float64()*float64(r.sim.DeltaDial))
		effects := []link.LifecycleEffect{link.SetTimer{After: wait}}
		if r.live == 0 {
			r.attempt++
			effects = append(effects, link.FindAddresses{Attempt: r.attempt})
		}
		return effects
	case link.AddressesFound:
		return []link.LifecycleEffect{link.Dial{Attempt: e.Attempt, Address: e.Addresses[0]}}
	case link.DialSucceeded:
		return r.replace(e.Conn, false)
	case link.HandshakeSucceeded:
		if !r.accepts.Take(now, 1) {
			return []link.LifecycleEffect{link.Refuse{Conn: e.Conn}}
		}
		return r.replace(e.Conn, true)
	case link.Ended:
		if e.Conn == r.live {
			r.live, r.next = r.next, 0
			if r.live != 0 {
				return []link.LifecycleEffect{link.Run{Conn: r.live}}
			}
		}
	}
	return nil
}

func (r *rounds) replace(conn link.ConnID, inbound bool) (effects []link.LifecycleEffect) {
	if r.live == 0 {
		r.live = conn
		return []link.LifecycleEffect{link.Run{Conn: conn, Inbound: inbound}}
	}
	if r.next != 0 {
		effects = append(effects, link.Refuse{Conn: r.next})
	} else {
		effects = append(effects, link.Cancel{Conn: r.live})
	}
	r.next = conn
	return effects
}
