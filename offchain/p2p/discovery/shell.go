package discovery

import (
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/machine"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// shell carries out what the machine wants. One goroutine, run, opens and closes streams, sends and lets time pass; the database
// has another, so that a slow one holds up nobody. The machine is stepped under Ragep2pDiscoverer.mu, and effects are queued
// under it, so that they are carried out in order; nothing else happens under it.
type shell struct {
	d       *Ragep2pDiscoverer
	host    p2ptypes.Host
	log     logging.Logger
	epoch   time.Time
	metrics *metrics
	storage *storage // nil without database

	streams map[p2ptypes.PeerID]*stream // of run alone

	mu      sync.Mutex // guards what follows; taken with or without Ragep2pDiscoverer.mu, never the other way round
	effects []machine.Effect
	ready   []*stream // that have messages
	results []func()  // of the database
	stopped bool

	wake chan struct{} // has room for one
	done chan struct{}
}

// stream is the discovery stream to a peer, with the messages that run has not looked at yet.
type stream struct {
	peer    p2ptypes.PeerID
	stream  p2ptypes.Stream
	waiting [][]byte       // guarded by shell.mu
	reader  sync.WaitGroup // where the host cannot push
}

func newShell(d *Ragep2pDiscoverer, host p2ptypes.Host, log logging.Logger) *shell {
	s := &shell{
		d:       d,
		host:    host,
		log:     log,
		epoch:   time.Now(),
		streams: map[p2ptypes.PeerID]*stream{},
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	if d.db != nil {
		s.storage = newStorage(d.db, s.result)
	}
	s.metrics = newMetrics(s)
	return s
}

func (s *shell) now() time.Duration { return time.Since(s.epoch) }

func (s *shell) start() {
	s.metrics.register(s.d.registerer)
	if s.storage != nil {
		go s.storage.run()
	}
	go s.run()
	s.wakeUp()
}

// close lets run end, after which the last announcements are stored.
func (s *shell) close() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.wakeUp()
	<-s.done
	if s.storage != nil {
		s.storage.close()
	}
	s.metrics.unregister()
}

func (s *shell) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// todo queues effects. The caller holds Ragep2pDiscoverer.mu, so the order is that of the machine.
func (s *shell) todo(effects []machine.Effect) {
	if len(effects) == 0 {
		// Timers may have changed all the same.
		s.wakeUp()
		return
	}
	s.mu.Lock()
	s.effects = append(s.effects, effects...)
	s.mu.Unlock()
	s.wakeUp()
}

// arrived queues a message. As in any buffer of a stream, the oldest gives way.
func (s *shell) arrived(st *stream, message []byte) {
	s.mu.Lock()
	if len(st.waiting) == 0 {
		s.ready = append(s.ready, st)
	} else if len(st.waiting) == bufferSize {
		st.waiting = st.waiting[1:]
	}
	st.waiting = append(st.waiting, message)
	s.mu.Unlock()
	s.wakeUp()
}

// result queues what the database has to say.
func (s *shell) result(f func()) {
	s.mu.Lock()
	s.results = append(s.results, f)
	s.mu.Unlock()
	s.wakeUp()
}

func (s *shell) run() {
	defer close(s.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.wake:
		case <-timer.C:
		}
		if !s.work() {
			break
		}
		s.d.mu.RLock()
		next := s.d.m.NextTick()
		s.d.mu.RUnlock()
		timer.Reset(next - s.now())
	}
	s.step(func(time.Duration) { s.d.m.Stop() })
	s.carryOut()
	for _, st := range s.streams {
		s.closeStream(st)
	}
}

// work does what has come up, and returns false when it is time to stop.
func (s *shell) work() bool {
	s.carryOut()
	s.mu.Lock()
	ready, results, stopped := s.ready, s.results, s.stopped
	s.ready, s.results = nil, nil
	type arrival struct {
		from     p2ptypes.PeerID
		messages [][]byte
	}
	var arrivals []arrival
	for _, st := range ready {
		arrivals = append(arrivals, arrival{st.peer, st.waiting})
		st.waiting = nil
	}
	s.mu.Unlock()
	for _, f := range results {
		f()
	}
	for _, a := range arrivals {
		for _, message := range a.messages {
			s.step(func(now time.Duration) { s.d.m.Receive(now, a.from, message) })
		}
	}
	s.step(s.d.m.Tick)
	s.carryOut()
	return !stopped
}

func (s *shell) step(f func(now time.Duration)) {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	f(s.now())
	if effects := s.d.m.Effects(); len(effects) > 0 {
		s.mu.Lock()
		s.effects = append(s.effects, effects...)
		s.mu.Unlock()
	}
}

// carryOut carries out all effects that are queued.
func (s *shell) carryOut() {
	for {
		s.mu.Lock()
		effects := s.effects
		s.effects = nil
		s.mu.Unlock()
		if len(effects) == 0 {
			return
		}
		for _, e := range effects {
			s.carryOutOne(e)
		}
	}
}

func (s *shell) carryOutOne(e machine.Effect) {
	switch e := e.(type) {
	case machine.Connect:
		s.connect(e.Peer)
		// There may be a new address.
		if host, ok := s.host.RawWrappee().(interface{ AddressesChanged(p2ptypes.PeerID) }); ok {
			host.AddressesChanged(e.Peer)
		}
	case machine.Disconnect:
		if st := s.streams[e.Peer]; st != nil {
			s.closeStream(st)
			delete(s.streams, e.Peer)
		}
	case machine.Send:
		for _, to := range e.To {
			if st := s.streams[to]; st != nil {
				st.stream.SendMessage(e.Message)
			}
		}
	case machine.Load:
		s.storage.load(e.Peers, func(values map[string][]byte, err error) {
			if err != nil {
				s.log.Error("cannot read announcements from the database", map[string]any{"error": err})
			}
			if err != nil && values == nil {
				s.step(func(now time.Duration) { s.d.m.LoadFailed(now, e.Peers) })
				return
			}
			s.step(func(now time.Duration) { s.d.m.Loaded(now, e.Peers, values) })
		})
	case machine.Store:
		s.storage.store(e.Peer, e.Encoded, func(err error) {
			s.log.Error("cannot store an announcement in the database", map[string]any{"owner": e.Peer, "error": err})
			s.step(func(now time.Duration) { s.d.m.StoreFailed(now, e.Peer) })
		})
	case machine.Log:
		if e.Level == machine.Info {
			s.log.Info(e.Message, e.Fields)
		} else {
			s.log.Warn(e.Message, e.Fields)
		}
	}
}

// connect opens the stream to a peer, unless it is open.
func (s *shell) connect(peer p2ptypes.PeerID) {
	if s.streams[peer] != nil {
		return
	}
	rate := float64(2) / s.d.deltaReconcile.Seconds()
	opened, err := s.host.NewStream(peer, StreamName, bufferSize, bufferSize, announcement.MaxMessageLength,
		p2ptypes.TokenBucketParams{Rate: rate, Capacity: messagesCapacity},
		p2ptypes.TokenBucketParams{Rate: rate * announcement.MaxMessageLength, Capacity: messagesCapacity * announcement.MaxMessageLength},
	)
	if err != nil {
		s.log.Error("cannot open the discovery stream to a peer", map[string]any{"remotePeerID": peer, "error": err})
		s.step(func(time.Duration) { s.d.m.ConnectFailed(peer) })
		return
	}
	st := &stream{peer: peer, stream: opened}
	s.streams[peer] = st
	p2ptypes.Listen(opened, &st.reader, func(payload []byte) { s.arrived(st, payload) })
}

func (s *shell) closeStream(st *stream) {
	if err := st.stream.Close(); err != nil {
		s.log.Error("cannot close the discovery stream to a peer", map[string]any{"remotePeerID": st.peer, "error": err})
	}
	st.reader.Wait()
}
