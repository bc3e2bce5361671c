// Package rageping measures the latency to other peers, for operators: pings of several sizes, timed, as metrics.
//
// Source: docs/protocol/transport.md, "Latency probes".
package rageping

import (
	"crypto/rand"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping/machine"
)

// LatencyMetricsServiceConfig is a profile of probes. Peers measure only where both have the same PingSize, MinPeriod, MaxPeriod and
// Timeout.
type LatencyMetricsServiceConfig struct {
	// PingSize is in bytes, at least 20.
	PingSize int
	// MinPeriod and MaxPeriod bound the time from the end of one probe to the next.
	MinPeriod time.Duration
	MaxPeriod time.Duration
	// Timeout is when a probe is given up.
	Timeout time.Duration
	// StartupDelay comes before the first probe, beyond the period.
	StartupDelay time.Duration
	// Buckets are those of the histogram, in seconds; nil is DefaultLatencyBuckets.
	Buckets []float64
}

func (c *LatencyMetricsServiceConfig) profile() machine.Profile {
	return machine.Profile{PingSize: c.PingSize, MinPeriod: c.MinPeriod, MaxPeriod: c.MaxPeriod, Timeout: c.Timeout, StartupDelay: c.StartupDelay}
}

func (c *LatencyMetricsServiceConfig) validate() error {
	for i := 1; i < len(c.Buckets); i++ {
		if !(c.Buckets[i-1] < c.Buckets[i]) {
			return fmt.Errorf("bucket %d is %v, must be greater than the one before, which is %v", i, c.Buckets[i], c.Buckets[i-1])
		}
	}
	return c.profile().Validate()
}

// DefaultConfigs returns the usual profiles: small pings every 10 to 20 seconds and large ones every 2 to 3 minutes.
func DefaultConfigs() []*LatencyMetricsServiceConfig {
	return []*LatencyMetricsServiceConfig{
		{
			PingSize:     machine.MinPingSize,
			MinPeriod:    10 * time.Second,
			MaxPeriod:    20 * time.Second,
			Timeout:      10 * time.Second,
			StartupDelay: 30 * time.Second,
			Buckets:      DefaultLatencyBuckets(),
		},
		{
			PingSize:     200 << 10,
			MinPeriod:    2 * time.Minute,
			MaxPeriod:    3 * time.Minute,
			Timeout:      30 * time.Second,
			StartupDelay: 30 * time.Second,
			Buckets:      DefaultLatencyBuckets(),
		},
	}
}

// DefaultLatencyBuckets returns the usual buckets, in seconds.
func DefaultLatencyBuckets() []float64 {
	return []float64{.025, .05, .075, .1, .15, .2, .25, .3, .4, .5, .75, 1, 2.5, 5, 10}
}

// LatencyMetricsService probes the peers that are registered. All methods may be called concurrently.
type LatencyMetricsService interface {
	// RegisterPeers begins to probe peers. One that is registered several times is probed until it was unregistered as often. The
	// host's own id is ignored.
	RegisterPeers(peerIDs []p2ptypes.PeerID)
	// UnregisterPeers takes back as many calls of RegisterPeers.
	UnregisterPeers(peerIDs []p2ptypes.PeerID)
	// Close ends all probes and returns when every resource is released. A second call does nothing.
	Close()
}

// NewLatencyMetricsService returns a service that probes over host by the given profiles. Those that make no sense are left out,
// with an error in the log. It holds one goroutine, whatever the number of peers, and none without profiles. registerer may
// be nil.
func NewLatencyMetricsService(
	host p2ptypes.Host, registerer prometheus.Registerer, logger commontypes.Logger, configs []*LatencyMetricsServiceConfig,
) LatencyMetricsService {
	s := &service{
		host:   host,
		log:    logging.New(logger).Child(commontypes.LogFields{"in": "rageping"}),
		epoch:  time.Now(),
		probes: map[p2ptypes.PeerID][]*probe{},
		refs:   map[p2ptypes.PeerID]int{},
		wake:   make(chan struct{}, 1),
		done:   make(chan struct{}),
	}
	names := map[string]bool{}
	for _, c := range configs {
		if c == nil {
			continue
		}
		if err := c.validate(); err != nil {
			s.log.Error("ignoring a profile of latency probes", commontypes.LogFields{"profile": *c, "error": err})
			continue
		}
		if name := c.profile().StreamName(); names[name] {
			s.log.Error("ignoring a profile of latency probes that is there twice", commontypes.LogFields{"profile": *c})
			continue
		} else {
			names[name] = true
		}
		p := &profile{Profile: c.profile(), metrics: newMetrics(c, host.ID())}
		p.metrics.register(registerer, s.log)
		s.profiles = append(s.profiles, p)
	}
	if len(s.profiles) == 0 {
		close(s.done)
		return s
	}
	go s.run()
	return s
}

type service struct {
	host     p2ptypes.Host
	log      logging.Logger
	epoch    time.Time
	profiles []*profile
	probes   map[p2ptypes.PeerID][]*probe // of run alone

	mu     sync.Mutex              // guards what follows
	refs   map[p2ptypes.PeerID]int // of registered peers; at least 1
	ready  []*probe                // that have messages
	closed bool

	wake chan struct{} // has room for one
	done chan struct{}
}

type profile struct {
	machine.Profile
	metrics *metrics
}

// probe is one profile for one peer.
type probe struct {
	profile *profile
	peer    p2ptypes.PeerID
	counts  *counts

	// The rest is of run alone, except for waiting.
	machine *machine.Machine
	stream  p2ptypes.Stream // nil as long as it could not be opened
	retryAt time.Duration
	waiting []arrival      // guarded by service.mu; at most maxWaiting
	reader  sync.WaitGroup // where the host cannot push
}

type arrival struct {
	at      time.Duration
	message []byte
}

const (
	maxWaiting = 2
	retryDelay = time.Minute
)

func (s *service) now() time.Duration { return time.Since(s.epoch) }

func (s *service) RegisterPeers(peerIDs []p2ptypes.PeerID) { s.count(peerIDs, 1) }

func (s *service) UnregisterPeers(peerIDs []p2ptypes.PeerID) { s.count(peerIDs, -1) }

func (s *service) count(peerIDs []p2ptypes.PeerID, change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range peerIDs {
		if id == s.host.ID() || len(s.profiles) == 0 {
			continue
		}
		if s.refs[id] += change; s.refs[id] <= 0 {
			delete(s.refs, id)
		}
	}
	s.wakeUp()
}

func (s *service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wakeUp()
	<-s.done
}

func (s *service) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *service) arrived(p *probe, message []byte) {
	s.mu.Lock()
	if len(p.waiting) == 0 {
		s.ready = append(s.ready, p)
	} else if len(p.waiting) == maxWaiting {
		p.waiting = p.waiting[1:]
	}
	p.waiting = append(p.waiting, arrival{s.now(), message})
	s.mu.Unlock()
	s.wakeUp()
}

func (s *service) run() {
	defer close(s.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.wake:
		case <-timer.C:
		}
		if !s.follow() {
			break
		}
		s.receive()
		timer.Reset(s.tick())
	}
	for _, p := range s.profiles {
		p.metrics.unregister()
	}
}

// follow opens the probes of newly registered peers, and closes those of others. It returns false when all are to end.
func (s *service) follow() bool {
	s.mu.Lock()
	closed, refs := s.closed, maps.Clone(s.refs)
	s.mu.Unlock()
	for id, probes := range s.probes {
		if closed || refs[id] == 0 {
			for _, p := range probes {
				s.close(p)
			}
			delete(s.probes, id)
		}
	}
	if closed {
		return false
	}
	for id := range refs {
		if s.probes[id] != nil {
			continue
		}
		for _, profile := range s.profiles {
			p := &probe{profile: profile, peer: id, counts: profile.metrics.of(id), machine: machine.New(s.now(), profile.Profile, chance{})}
			s.open(p)
			s.probes[id] = append(s.probes[id], p)
		}
	}
	return true
}

func (s *service) open(p *probe) {
	l := p.profile.Limits()
	stream, err := s.host.NewStream(p.peer, p.profile.StreamName(), l.MaxOutgoingBufferedMessages, l.MaxIncomingBufferedMessages,
		l.MaxMessageLength, l.MessagesLimit, l.BytesLimit)
	if err != nil {
		s.log.Error("cannot open a stream for latency probes", commontypes.LogFields{"remotePeerID": p.peer, "stream": p.profile.StreamName(), "error": err})
		p.retryAt = s.now() + retryDelay
		return
	}
	p.stream = stream
	p2ptypes.Listen(stream, &p.reader, func(payload []byte) { s.arrived(p, payload) })
}

func (s *service) close(p *probe) {
	if p.stream != nil {
		if err := p.stream.Close(); err != nil {
			s.log.Error("cannot close a stream for latency probes", commontypes.LogFields{"remotePeerID": p.peer, "error": err})
		}
		p.stream = nil
	}
	p.reader.Wait()
	p.profile.metrics.forget(p.peer)
}

// receive handles the messages that have come in.
func (s *service) receive() {
	s.mu.Lock()
	ready := s.ready
	s.ready = nil
	arrivals := make([][]arrival, len(ready))
	for i, p := range ready {
		arrivals[i], p.waiting = p.waiting, nil
	}
	s.mu.Unlock()
	for i, p := range ready {
		for _, a := range arrivals[i] {
			s.carryOut(p, p.machine.Receive(a.at, a.message))
		}
	}
}

// tick does what is due, and returns the time until something else is.
func (s *service) tick() time.Duration {
	now := s.now()
	next := now + time.Hour
	for _, probes := range s.probes {
		for _, p := range probes {
			if p.stream == nil {
				if now >= p.retryAt {
					s.open(p)
				}
				next = min(next, max(p.retryAt, now+time.Millisecond))
				continue
			}
			s.carryOut(p, p.machine.Tick(now))
			next = min(next, p.machine.NextTick())
		}
	}
	return next - s.now()
}

func (s *service) carryOut(p *probe, o machine.Outcome) {
	if p.stream == nil {
		return
	}
	if o.Send != nil {
		p.stream.SendMessage(o.Send)
	}
	p.counts.observe(o)
	if o.What == machine.Invalid {
		p.counts.taper.Trigger(func(count uint64) {
			s.log.Warn("invalid message on the stream of latency probes", commontypes.LogFields{
				"remotePeerID": p.peer, "stream": p.profile.StreamName(), "count": count})
		})
	}
}

// chance is machine.Random for production.
type chance struct{}

func (chance) Period(min, max time.Duration) time.Duration {
	return min + time.Duration(mathrand.Int64N(int64(max-min)+1))
}

func (chance) Fill(b []byte) { rand.Read(b) } // never fails
