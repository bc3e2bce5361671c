package ragep2p

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// peer is a peer that the host has streams with. It exists from the opening of the first stream until the last one is closed and
// everything that belongs to it has ended.
type peer struct {
	host       *Host
	id         p2ptypes.PeerID
	log        logging.Logger
	metrics    *peerMetrics
	unregister func()
	// drops are those of messages for streams that are not open.
	drops drops

	// mu guards what follows. The lock of the host may be held when it is taken, not the other way round.
	mu       sync.Mutex
	out      *link.Outgoing
	life     *link.Lifecycle
	streams  map[*stream]struct{}
	stopping bool // no stream is left, or the host closes
	timer    *time.Timer
	attempts map[uint64]attempt
	conns    map[link.ConnID]*conn // those that are authenticated and not closed
	live     *conn

	// rx guards the receiving half. mu may be held when it is taken, not the other way round.
	rx    sync.Mutex
	demux *link.Demux
}

func newPeer(h *Host, id p2ptypes.PeerID) *peer {
	now := h.now()
	p := &peer{
		host: h,
		id:   id,
		log:  h.log.Child(commontypes.LogFields{"remotePeerID": id}),
		out:  link.NewOutgoing(),
		life: link.NewLifecycle(link.LifecycleConfig{
			Self: h.id, Peer: id, DeltaDial: h.config.DurationBetweenDials, Uniform: rand.Float64,
		}, now),
		streams:  map[*stream]struct{}{},
		stopping: true, // until there is a stream
		attempts: map[uint64]attempt{},
		conns:    map[link.ConnID]*conn{},
		demux:    link.NewDemux(h.config.Protocol, now),
	}
	p.metrics = newPeerMetrics(p, h.config.Protocol)
	p.timer = time.AfterFunc(time.Hour, p.timerFired)
	p.timer.Stop()
	return p
}

// step feeds an event to the lifecycle and carries out what it wants. mu must be held.
func (p *peer) step(event link.LifecycleEvent) {
	for _, effect := range p.life.Step(p.host.now(), event) {
		switch e := effect.(type) {
		case link.SetTimer:
			p.timer.Reset(e.After)
		case link.FindAddresses:
			a := attempt{number: e.Attempt}
			a.ctx, a.cancel = context.WithCancel(p.host.ctx)
			p.attempts[e.Attempt] = a
			p.host.goRun(func() { p.find(a) })
		case link.Dial:
			a := p.attempts[e.Attempt]
			p.host.goRun(func() { p.dial(a, e.Address) })
		case link.AbortDial:
			p.endAttempt(e.Attempt)
		case link.Run:
			p.run(e)
		case link.Cancel:
			p.conns[e.Conn].cancel(e.Why)
		case link.Refuse:
			c := p.conns[e.Conn]
			delete(p.conns, e.Conn)
			p.log.Debug("connection refused", commontypes.LogFields{"remoteAddr": c.raw.RemoteAddr(), "inbound": c.inbound, "reason": e.Why})
			p.host.goRun(func() { c.tls.Close(); p.host.release(p) })
		}
	}
}

// attempt is an attempt to connect; ctx ends when it is given up.
type attempt struct {
	number uint64
	ctx    context.Context
	cancel context.CancelFunc
}

// endAttempt releases what belongs to an attempt. mu must be held.
func (p *peer) endAttempt(number uint64) {
	if a, ok := p.attempts[number]; ok {
		delete(p.attempts, number)
		a.cancel()
	}
}

// happened is step for those who do not hold mu.
func (p *peer) happened(event link.LifecycleEvent) {
	p.mu.Lock()
	p.step(event)
	p.mu.Unlock()
}

func (p *peer) timerFired() {
	p.happened(link.TimerFired{})
}

// run makes a connection the live one. mu must be held.
func (p *peer) run(e link.Run) {
	c := p.conns[e.Conn]
	p.live = c
	c.begin()
	p.out.Connected()
	p.rx.Lock()
	p.demux.Bucket.Connected()
	p.rx.Unlock()
	p.metrics.established.Add(1)
	if c.inbound {
		p.metrics.establishedInbound.Add(1)
	}
	p.log.Info("connection established", commontypes.LogFields{"remoteAddr": c.raw.RemoteAddr(), "inbound": c.inbound})
	p.host.goRun(c.serve)
}

// connected registers an authenticated connection. mu must be held; the caller tells the lifecycle.
func (p *peer) connected(c *conn) {
	c.id = link.ConnID(p.host.connIDs.Add(1))
	p.conns[c.id] = c
}

// ended says that a live connection is closed and its goroutines have returned.
func (p *peer) ended(c *conn) {
	p.mu.Lock()
	p.out.Disconnected()
	p.live = nil
	delete(p.conns, c.id)
	p.step(link.Ended{Conn: c.id})
	p.mu.Unlock()
	p.host.release(p)
}

// idle tells whether nothing is left of a peer without streams. mu must be held.
func (p *peer) idle() bool {
	return p.stopping && len(p.streams) == 0 && p.life.Idle() && len(p.conns) == 0 && len(p.attempts) == 0
}

// openStream opens s with limits. The lock of the host is held, so the peer cannot be released.
func (p *peer) openStream(s *stream, limits p2ptypes.Stream2Limits) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	out, err := p.out.Open(s.id, s.name, s.priority, limits.MaxOutgoingBufferedMessages)
	if err != nil {
		return err
	}
	s.out = out
	p.streams[s] = struct{}{}
	p.rx.Lock()
	s.in = p.demux.Open(p.host.now(), s.id, limits.MaxMessageLength, limits.MessagesLimit, limits.BytesLimit, s)
	p.warnIfExcessive()
	p.rx.Unlock()
	if p.live != nil && p.out.RemoteOpen(s.id) {
		p.live.bothOpen(s.id)
	}
	if p.stopping {
		p.stopping = false
		if p.host.isRunning() {
			p.step(link.Started{})
		}
	}
	p.wakeWriter()
	return nil
}

// warnIfExcessive warns of limits that allow the peer too much. rx must be held.
func (p *peer) warnIfExcessive() {
	if p.host.config.Protocol != wire.P2 {
		return
	}
	if why := p.demux.Totals.Excessive(); why != "" {
		p.log.Warn("the limits of all streams with this peer are very high", commontypes.LogFields{"reason": why})
	}
}

func (p *peer) updateLimits(s *stream, limits p2ptypes.Stream2Limits) error {
	p.mu.Lock()
	if _, ok := p.streams[s]; !ok {
		p.mu.Unlock()
		return errStreamClosed
	}
	outgoing := p.out.SetCapacity(s.out, limits.MaxOutgoingBufferedMessages)
	p.rx.Lock()
	p.demux.Update(p.host.now(), s.in, limits.MaxMessageLength, limits.MessagesLimit, limits.BytesLimit)
	p.warnIfExcessive()
	p.rx.Unlock()
	p.mu.Unlock()
	s.mu.Lock()
	incoming := s.sink.setCapacity(limits.MaxIncomingBufferedMessages, &s.mu)
	s.mu.Unlock()
	for range outgoing {
		s.drops.drop(dropOutgoingFull, p.log, s.name, 0)
	}
	for range incoming {
		s.drops.drop(dropIncomingFull, p.log, s.name, 0)
	}
	return nil
}

func (p *peer) closeStream(s *stream) error {
	p.mu.Lock()
	if _, ok := p.streams[s]; !ok {
		p.mu.Unlock()
		return fmt.Errorf("stream %q with %v: %w", s.name, p.id, errStreamClosed)
	}
	p.removeStream(s)
	p.mu.Unlock()
	s.end()
	p.host.release(p)
	return nil
}

// removeStream takes a stream out of the machines. mu must be held.
func (p *peer) removeStream(s *stream) {
	delete(p.streams, s)
	// The stream is open: closing it cannot fail.
	last, _ := p.out.Close(s.out)
	p.rx.Lock()
	p.demux.Close(p.host.now(), s.in)
	p.rx.Unlock()
	if last {
		p.stopping = true
		p.timer.Stop()
		p.step(link.Stopped{})
	}
	p.wakeWriter()
}

// stop ends the connection and all streams: the host closes.
func (p *peer) stop() {
	p.mu.Lock()
	streams := make([]*stream, 0, len(p.streams))
	for s := range p.streams {
		streams = append(streams, s)
	}
	if !p.stopping {
		p.stopping = true
		p.timer.Stop()
		p.step(link.Stopped{})
	}
	p.mu.Unlock()
	for _, s := range streams {
		s.end()
	}
}

// send queues a message of a stream. It returns whether one gave way to it, or it was dropped itself.
func (p *peer) send(s *stream, m link.Message) (dropped bool) {
	p.mu.Lock()
	ready, dropped := p.out.Push(s.out, m)
	c := p.live
	switch {
	case !ready || c == nil || !c.waiting:
		p.mu.Unlock()
	case c.answersAtOnce(&m):
		// The writer has nothing to do: then this message is all that there is.
		c.waiting = false
		b := batches.Get().(*batch)
		b.frames = p.out.Take(b.frames[:0], 1, 1)
		p.mu.Unlock()
		c.writeAtOnce(b)
	default:
		p.wakeWriter()
		p.mu.Unlock()
	}
	return dropped
}

// wakeWriter tells the writer, if it waits, that there is something to write. mu must be held.
func (p *peer) wakeWriter() {
	if c := p.live; c != nil && c.waiting && p.out.Pending() {
		c.waiting = false
		c.wake <- struct{}{}
	}
}

// sums returns the limits of all streams together, and the streams.
func (p *peer) sums() (limitSums, []*stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	streams := make([]*stream, 0, len(p.streams))
	for s := range p.streams {
		streams = append(streams, s)
	}
	p.rx.Lock()
	defer p.rx.Unlock()
	t := p.demux.Totals
	sums := limitSums{
		messagesRate: t.MessagesRate, messagesCapacity: float64(t.MessagesCapacity),
		payloadRate: t.BytesRate, payloadCapacity: float64(t.BytesCapacity),
	}
	if p.host.config.Protocol == wire.P1 {
		rate, capacity := p.demux.Bucket.Params()
		sums.rawRate, sums.rawCapacity = float64(rate)/1000, float64(capacity)
	}
	return sums, streams
}

// String describes what the host knows about the peer.
func (p *peer) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%v %v\n%v", p.id, p.life, p.out)
}
