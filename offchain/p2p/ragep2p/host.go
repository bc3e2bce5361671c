package ragep2p

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// Host keeps the connections of one peer. All methods may be called concurrently.
type Host struct {
	config          HostConfig
	timeout         time.Duration // see options
	keyring         p2ptypes.PeerKeyring
	id              p2ptypes.PeerID
	certificate     tls.Certificate
	listenAddresses []string
	discoverer      Discoverer
	log             logging.Logger
	registerer      prometheus.Registerer
	metrics         *hostMetrics
	unregister      func()
	connIDs         atomic.Uint64
	origin          time.Time // of now

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	// mu guards what follows.
	mu        sync.Mutex
	state     hostState
	peers     map[p2ptypes.PeerID]*peer
	listeners []net.Listener
	closed    chan struct{} // is closed when Close has done its work

	running atomic.Bool

	gateMu sync.Mutex
	gate   *link.Gate
}

type hostState byte

const (
	hostNew hostState = iota
	hostStarting
	hostRunning
	hostClosed
)

var (
	errHostStarted = errors.New("host: has been started before")
	errHostClosed  = errors.New("host: is closed")
)

// NewHost makes a host that listens, once it is started, at the given addresses (host:port). The discoverer is started and closed
// with the host. metricsRegisterer may be nil: then there are no metrics. It fails if the configuration makes no sense or the
// keyring does not sign.
func NewHost(
	config HostConfig,
	keyring p2ptypes.PeerKeyring,
	listenAddresses []string,
	discoverer Discoverer,
	logger commontypes.Logger,
	metricsRegisterer prometheus.Registerer,
) (*Host, error) {
	return newHost(config, keyring, listenAddresses, discoverer, logger, metricsRegisterer, defaultOptions(config))
}

// options are what users need not choose.
type options struct {
	gate link.GateConfig
	// timeout bounds the knock, the handshake and each piece that is written.
	timeout time.Duration
}

func defaultOptions(config HostConfig) options {
	return options{link.DefaultGateConfig(config.DurationBetweenDials), networkTimeout}
}

func newHost(
	config HostConfig,
	keyring p2ptypes.PeerKeyring,
	listenAddresses []string,
	discoverer Discoverer,
	logger commontypes.Logger,
	registerer prometheus.Registerer,
	options options,
) (*Host, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	if keyring == nil {
		return nil, errors.New("host: no keyring")
	}
	if discoverer == nil {
		return nil, errors.New("host: no discoverer")
	}
	certificate, err := newCertificate(keyring)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	id := peerid.PeerIDFromKeyring(keyring)
	h := &Host{
		config:          config,
		timeout:         options.timeout,
		keyring:         keyring,
		id:              id,
		certificate:     certificate,
		listenAddresses: slices.Clone(listenAddresses),
		discoverer:      discoverer,
		log:             logging.New(logger).Child(commontypes.LogFields{"id": "ragep2p", "peerID": id}),
		registerer:      registerer,
		metrics:         newHostMetrics(id),
		unregister:      func() {},
		origin:          time.Now(),
		peers:           map[p2ptypes.PeerID]*peer{},
		closed:          make(chan struct{}),
		gate:            link.NewGate(options.gate),
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h, nil
}

// ID returns the host's own peer id.
func (h *Host) ID() p2ptypes.PeerID { return h.id }

// now is the time of all machines of the host.
func (h *Host) now() time.Duration { return time.Since(h.origin) }

func (h *Host) isRunning() bool { return h.running.Load() }

// goRun runs f in a goroutine that Close waits for. It is called while something else that Close waits for runs, or under mu.
func (h *Host) goRun(f func()) { h.wg.Go(f) }

// closeWithHost closes a connection when the host closes, until stop is called.
func (h *Host) closeWithHost(tcp net.Conn) (stop func() bool) {
	return context.AfterFunc(h.ctx, func() { tcp.Close() })
}

// Start begins to listen and to dial. It fails, and leaves the host closed, if an address cannot be listened at or the discoverer
// does not start. A second call returns an error and does no harm.
func (h *Host) Start() error {
	h.mu.Lock()
	if h.state != hostNew {
		defer h.mu.Unlock()
		if h.state == hostClosed {
			return errHostClosed
		}
		return errHostStarted
	}
	h.state = hostStarting
	err := h.bind()
	if err == nil {
		h.unregister = register(h.registerer, h.metrics, h.log)
	}
	h.mu.Unlock()
	if err == nil {
		// The discoverer opens streams.
		if err = h.discoverer.Start(Wrapped(h), h.keyring, h.log); err != nil {
			err = fmt.Errorf("host: discoverer: %w", err)
		}
	}
	if err != nil {
		// Somebody else may have closed the host meanwhile, which is as good.
		if closeErr := h.close(false); closeErr != nil && !errors.Is(closeErr, errHostClosed) {
			err = errors.Join(err, closeErr)
		}
		return err
	}

	h.mu.Lock()
	if h.state != hostStarting {
		h.mu.Unlock()
		return errors.Join(errHostClosed, h.discoverer.Close())
	}
	h.state = hostRunning
	for _, l := range h.listeners {
		h.goRun(func() { h.listen(l) })
	}
	h.running.Store(true)
	for _, p := range h.peers {
		p.mu.Lock()
		if !p.stopping {
			p.step(link.Started{})
		}
		p.mu.Unlock()
	}
	h.mu.Unlock()
	h.log.Info("host started", commontypes.LogFields{"listenAddresses": h.ListenAddresses(), "protocol": h.config.Protocol.String()})
	return nil
}

// bind opens the listeners. mu must be held.
func (h *Host) bind() error {
	for _, address := range h.listenAddresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("host: cannot listen at %s: %w", address, err)
		}
		h.listeners = append(h.listeners, l)
	}
	return nil
}

// ListenAddresses returns the addresses at which the host listens since Start, with the port that was found where port 0 was
// configured.
func (h *Host) ListenAddresses() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	addresses := make([]string, len(h.listeners))
	for i, l := range h.listeners {
		addresses[i] = l.Addr().String()
	}
	return addresses
}

// Close ends all streams and connections and returns when every resource is released. A second call waits for the first and
// returns an error.
func (h *Host) Close() error { return h.close(true) }

func (h *Host) close(closeDiscoverer bool) error {
	h.mu.Lock()
	if h.state == hostClosed {
		h.mu.Unlock()
		<-h.closed
		return errHostClosed
	}
	// While Start is under way it is Start that closes the discoverer.
	closeDiscoverer = closeDiscoverer && h.state == hostRunning
	h.state = hostClosed
	h.mu.Unlock()
	defer close(h.closed)

	var err error
	if closeDiscoverer {
		err = h.discoverer.Close()
	}
	h.mu.Lock()
	h.running.Store(false)
	h.cancel()
	for _, l := range h.listeners {
		l.Close()
	}
	peers := slices.Collect(maps.Values(h.peers))
	h.mu.Unlock()
	for _, p := range peers {
		p.stop()
	}
	h.wg.Wait()
	for _, p := range peers {
		p.timer.Stop()
		p.unregister()
	}
	h.unregister()
	return err
}

// NewStream opens a stream of plain messages; see p2ptypes.Host.
func (h *Host) NewStream(
	other p2ptypes.PeerID,
	streamName string,
	outgoingBufferSize int,
	incomingBufferSize int,
	maxMessageLength int,
	messagesLimit TokenBucketParams,
	bytesLimit TokenBucketParams,
) (*Stream, error) {
	s := &Stream{sink: plainSink{newInbox[[]byte](incomingBufferSize)}}
	s.stream.sink = &s.sink
	err := h.openStream(&s.stream, other, streamName, p2ptypes.StreamPriorityDefault, p2ptypes.Stream2Limits{
		MaxOutgoingBufferedMessages: outgoingBufferSize,
		MaxIncomingBufferedMessages: incomingBufferSize,
		MaxMessageLength:            maxMessageLength,
		MessagesLimit:               messagesLimit,
		BytesLimit:                  bytesLimit,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// NewStream2 opens a stream with a priority; see p2ptypes.Host2. It fails on a host that speaks P1.
func (h *Host) NewStream2(
	other p2ptypes.PeerID,
	streamName string,
	priority p2ptypes.StreamPriority,
	limits p2ptypes.Stream2Limits,
) (p2ptypes.Stream2, error) {
	if h.config.Protocol != wire.P2 {
		return nil, fmt.Errorf("stream %q with %v: requests and priorities need a host that speaks P2", streamName, other)
	}
	if priority != p2ptypes.StreamPriorityLow && priority != p2ptypes.StreamPriorityDefault {
		return nil, fmt.Errorf("stream %q with %v: priority %d is unknown", streamName, other, priority)
	}
	s := &stream2{sink: anySink{newInbox[p2ptypes.InboundBinaryMessage](limits.MaxIncomingBufferedMessages)}}
	s.stream.sink = &s.sink
	if err := h.openStream(&s.stream, other, streamName, priority, limits); err != nil {
		return nil, err
	}
	return s, nil
}

func (h *Host) openStream(s *stream, other p2ptypes.PeerID, name string, priority p2ptypes.StreamPriority, limits p2ptypes.Stream2Limits) error {
	err := limits.Validate()
	switch {
	case other == h.id:
		err = errors.New("the peer is this host")
	case name == "":
		err = errors.New("no name")
	case len(name) > p2ptypes.MaxStreamNameLength:
		err = fmt.Errorf("name has %d bytes, at most %d are allowed", len(name), p2ptypes.MaxStreamNameLength)
	}
	if err == nil {
		err = h.addStream(s, other, name, priority, limits)
	}
	if err != nil {
		return fmt.Errorf("stream %.300q with %v: %w", name, other, err)
	}
	return nil
}

func (h *Host) addStream(s *stream, other p2ptypes.PeerID, name string, priority p2ptypes.StreamPriority, limits p2ptypes.Stream2Limits) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == hostClosed {
		return errHostClosed
	}
	p := h.peers[other]
	if p == nil {
		if len(h.peers) >= p2ptypes.MaxPeersPerHost {
			return fmt.Errorf("the host has %d peers already", len(h.peers))
		}
		p = newPeer(h, other)
		p.unregister = register(h.registerer, p.metrics, p.log)
		h.peers[other] = p
	}
	s.peer, s.id, s.name, s.priority, s.maxSendLength = p, wire.NewStreamID(h.id, other, name), name, priority, limits.MaxMessageLength
	return p.openStream(s, limits)
}

// release forgets a peer of which nothing is left.
func (h *Host) release(p *peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p.mu.Lock()
	idle := p.idle()
	p.mu.Unlock()
	if !idle || h.peers[p.id] != p || h.state == hostClosed {
		return
	}
	delete(h.peers, p.id)
	p.unregister()
	h.gateMu.Lock()
	h.gate.Forget(p.id)
	h.gateMu.Unlock()
}

// peerThatKnocks returns the peer of that id if the host has a stream with it, and has told its lifecycle.
func (h *Host) peerThatKnocks(id p2ptypes.PeerID) *peer {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.peers[id]
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return nil
	}
	p.step(link.HandshakeBegan{})
	return p
}

// AddressesChanged is a hint that FindPeer may know more about a peer than before: if it is time to wait for the next attempt to
// connect, the wait is cut short.
func (h *Host) AddressesChanged(id p2ptypes.PeerID) {
	h.mu.Lock()
	p := h.peers[id]
	h.mu.Unlock()
	if p != nil {
		p.happened(link.AddressesChanged{})
	}
}

// Status describes connections and streams, peer by peer.
func (h *Host) Status() string {
	h.mu.Lock()
	peers := slices.Collect(maps.Values(h.peers))
	h.mu.Unlock()
	lines := make([]string, len(peers))
	for i, p := range peers {
		lines[i] = p.String()
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// Wrapped returns the host behind the interface that discovery, endpoints and latency probes are written against: a
// p2ptypes.Host, and a p2ptypes.Host2 if the host speaks P2.
func Wrapped(host *Host) p2ptypes.Host {
	if host.config.Protocol == wire.P2 {
		return wrapped2{wrapped{host}}
	}
	return wrapped{host}
}

type wrapped struct{ *Host }

var _ p2ptypes.Host = wrapped{}

func (w wrapped) NewStream(other p2ptypes.PeerID, name string, out, in, maxLength int, messages, bytes TokenBucketParams) (p2ptypes.Stream, error) {
	s, err := w.Host.NewStream(other, name, out, in, maxLength, messages, bytes)
	if err != nil {
		return nil, err // no interface around a nil pointer
	}
	return s, nil
}

// NewStream2 hides that of the embedded host: who speaks P1 is no Host2.
func (wrapped) NewStream2() {}

func (w wrapped) RawWrappee() any { return w.Host }

type wrapped2 struct{ wrapped }

var _ p2ptypes.Host2 = wrapped2{}

func (w wrapped2) NewStream2(other p2ptypes.PeerID, name string, priority p2ptypes.StreamPriority, limits p2ptypes.Stream2Limits) (p2ptypes.Stream2, error) {
	return w.Host.NewStream2(other, name, priority, limits)
}
