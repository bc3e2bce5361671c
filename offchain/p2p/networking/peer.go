// Package networking is what a node needs of the network: a peer, which keeps one connection to each other peer, finds their
// addresses, and makes the endpoints through which the oracles of any number of instances talk.
//
// [NewPeer] starts a peer. Its factories make endpoints (for OCR1, for OCR2 and OCR3, for OCR3.1), bootstrappers and peer groups.
// What the factories made is closed before the peer.
//
// Source: docs/protocol/transport.md, "Endpoints" and "Peers".
package networking

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/ragep2p"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping"
	"github.com/ocrkit/ocrkit/offchain/types"
)

var errPeerClosed = errors.New("networking: peer is closed")

// concretePeer is a running peer. All methods may be called concurrently.
type concretePeer struct {
	host       p2ptypes.Host
	discoverer discoverer
	probes     rageping.LatencyMetricsService
	endpoints  EndpointConfigV2
	log        logging.Logger
	drops      *dropCounters
	unregister func() // of metrics

	mu            sync.Mutex // guards what follows
	closed        bool
	done          chan struct{} // closed when Close has done its work
	closeErr      error
	registrations map[types.ConfigDigest]*registration
}

// discoverer is what a peer needs of its discoverer.
type discoverer interface {
	AddGroup(digest types.ConfigDigest, oracles []p2ptypes.PeerID, bootstrappers []p2ptypes.PeerInfo) error
	RemoveGroup(digest types.ConfigDigest) error
}

// NewPeer makes a peer and starts it: it listens and, once there are endpoints, dials. It fails if the configuration is not valid
// (the error lists everything that is wrong), or if it cannot listen at an address or announce any.
func NewPeer(c PeerConfig) (*concretePeer, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("networking: invalid peer configuration: %w", err)
	}
	keyring, err := c.keyring()
	if err != nil {
		return nil, fmt.Errorf("networking: %w", err)
	}
	log := logging.New(c.Logger).Child(commontypes.LogFields{"id": "networking", "peerID": peerid.PeerIDFromKeyring(keyring)})
	if c.EnableExperimentalRageP2P != "" && c.EnableExperimentalRageP2P != DangerDangerEnableExperimentalRageP2P {
		log.Warn("EnableExperimentalRageP2P has an unknown value: the peer speaks the production protocol", nil)
	}
	if c.MetricsRegisterer == nil {
		log.Warn("no metrics: MetricsRegisterer is not set", nil)
	}
	announced, _ := c.announceAddresses()
	d := discovery.NewRagep2pDiscoverer(c.V2DeltaReconcile, slices.Clone(announced), c.V2DiscovererDatabase, c.MetricsRegisterer)
	host, err := ragep2p.NewHost(c.hostConfig(), keyring, c.V2ListenAddresses, d, c.Logger, c.MetricsRegisterer)
	if err != nil {
		return nil, fmt.Errorf("networking: %w", err)
	}
	if err := host.Start(); err != nil {
		return nil, fmt.Errorf("networking: %w", err)
	}
	return newPeer(ragep2p.Wrapped(host), d, c, log), nil
}

// newPeer makes a peer of a running host.
func newPeer(host p2ptypes.Host, d discoverer, c PeerConfig, log logging.Logger) *concretePeer {
	if len(c.LatencyMetricsServiceConfigs) == 0 {
		log.Warn("no latency probes: LatencyMetricsServiceConfigs is empty", nil)
	}
	drops := &dropCounters{}
	return &concretePeer{
		drops:         drops,
		unregister:    drops.register(c.MetricsRegisterer, host.ID().String(), log),
		host:          host,
		discoverer:    d,
		probes:        rageping.NewLatencyMetricsService(host, c.MetricsRegisterer, c.Logger, c.LatencyMetricsServiceConfigs),
		endpoints:     c.V2EndpointConfig,
		log:           log,
		done:          make(chan struct{}),
		registrations: map[types.ConfigDigest]*registration{},
	}
}

// PeerID returns the text form of the peer's id.
func (p *concretePeer) PeerID() string { return p.host.ID().String() }

// Close ends all connections and returns when every resource is released, within seconds. What the factories made should have been
// closed before; it sends and receives nothing any more. A second call does nothing and returns what the first did.
func (p *concretePeer) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.done
		return p.closeErr
	}
	p.closed = true
	open := len(p.registrations)
	p.mu.Unlock()
	if open > 0 {
		p.log.Warn("peer is closed before what uses it", commontypes.LogFields{"open": open})
	}
	p.probes.Close()
	p.closeErr = p.host.Close()
	p.unregister()
	close(p.done)
	return p.closeErr
}

// registration tells discovery and probes about the peers of an instance, until it is released.
type registration struct {
	peer    *concretePeer
	digest  types.ConfigDigest
	members []p2ptypes.PeerID
	once    sync.Once
}

// register registers the peers of an instance under its config digest. Only one registration of a digest can exist at a time.
func (p *concretePeer) register(digest types.ConfigDigest, oracles []p2ptypes.PeerID, bootstrappers []p2ptypes.PeerInfo) (*registration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errPeerClosed
	}
	if err := p.discoverer.AddGroup(digest, oracles, bootstrappers); err != nil {
		return nil, fmt.Errorf("networking: cannot register config digest %s: %w", digest.Hex(), err)
	}
	r := &registration{peer: p, digest: digest}
	for _, id := range oracles {
		r.add(id)
	}
	for _, b := range bootstrappers {
		r.add(b.ID)
	}
	p.probes.RegisterPeers(r.members)
	p.registrations[digest] = r
	return r, nil
}

func (r *registration) add(id p2ptypes.PeerID) {
	if !slices.Contains(r.members, id) {
		r.members = append(r.members, id)
	}
}

// release ends the registration. A second call does nothing.
func (r *registration) release() {
	r.once.Do(func() {
		r.peer.mu.Lock()
		defer r.peer.mu.Unlock()
		delete(r.peer.registrations, r.digest)
		r.peer.probes.UnregisterPeers(r.members)
		if r.peer.closed {
			return // and so is discovery
		}
		if err := r.peer.discoverer.RemoveGroup(r.digest); err != nil {
			r.peer.log.Error("cannot unregister", commontypes.LogFields{"configDigest": r.digest, "error": err})
		}
	})
}

// group is the peers of an instance, by oracle id.
type group struct {
	digest        types.ConfigDigest
	oracles       []p2ptypes.PeerID
	bootstrappers []p2ptypes.PeerInfo
}

// maxOracles is the number of oracles for which there are ids.
const maxOracles = 256

// parseGroup reads peer ids and bootstrappers in their text forms.
func parseGroup(digest types.ConfigDigest, peerIDs []string, bootstrappers []commontypes.BootstrapperLocator) (group, error) {
	g := group{digest: digest}
	fail := func(format string, args ...any) (group, error) {
		return group{}, fmt.Errorf("networking: config digest %s: %s", digest.Hex(), fmt.Sprintf(format, args...))
	}
	if len(peerIDs) > maxOracles {
		return fail("%d oracles, at most %d are possible", len(peerIDs), maxOracles)
	}
	for i, text := range peerIDs {
		id, err := peerid.Parse(text)
		if err != nil {
			return fail("oracle %d: %v", i, err)
		}
		if j := slices.Index(g.oracles, id); j >= 0 {
			return fail("oracles %d and %d have the same peer id %s", j, i, id)
		}
		g.oracles = append(g.oracles, id)
	}
	for i, locator := range bootstrappers {
		id, err := peerid.Parse(locator.PeerID)
		if err != nil {
			return fail("bootstrapper %d: %v", i, err)
		}
		info := p2ptypes.PeerInfo{ID: id}
		for _, address := range locator.Addrs {
			info.Addrs = append(info.Addrs, p2ptypes.Address(address))
		}
		g.bootstrappers = append(g.bootstrappers, info)
	}
	return g, nil
}
