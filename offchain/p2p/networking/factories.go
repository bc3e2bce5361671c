package networking

import (
	"fmt"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/p2p/limits"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR1DigestToConfigDigest returns the digest under which the network layer knows an OCR1 instance; see ocr1types.NetworkDigest.
func OCR1DigestToConfigDigest(digest ocr1types.ConfigDigest) types.ConfigDigest {
	return ocr1types.NetworkDigest(digest)
}

// OCR1DigestFromConfigDigest is the inverse of OCR1DigestToConfigDigest. It fails for a digest that is not of OCR1.
func OCR1DigestFromConfigDigest(digest types.ConfigDigest) (ocr1types.ConfigDigest, error) {
	narrow, err := ocr1types.FromNetworkDigest(digest)
	if err != nil {
		return ocr1types.ConfigDigest{}, fmt.Errorf("networking: %w", err)
	}
	return narrow, nil
}

// OCR1BinaryNetworkEndpointFactory returns the factory for endpoints of OCR1 instances.
func (p *concretePeer) OCR1BinaryNetworkEndpointFactory() *ocr1EndpointFactory {
	return &ocr1EndpointFactory{p}
}

// OCR2BinaryNetworkEndpointFactory returns the factory for endpoints of OCR2, OCR3 and Mercury instances, a
// types.BinaryNetworkEndpointFactory.
func (p *concretePeer) OCR2BinaryNetworkEndpointFactory() *ocr2EndpointFactory {
	return &ocr2EndpointFactory{p}
}

// OCR3_1BinaryNetworkEndpointFactory returns the factory for endpoints of OCR3.1 instances, a types.BinaryNetworkEndpoint2Factory.
// The peer must speak the newer protocol.
func (p *concretePeer) OCR3_1BinaryNetworkEndpointFactory() *ocr31EndpointFactory {
	return &ocr31EndpointFactory{p}
}

// OCR1BootstrapperFactory returns the factory for bootstrappers of OCR1 instances.
func (p *concretePeer) OCR1BootstrapperFactory() *ocr1BootstrapperFactory {
	return &ocr1BootstrapperFactory{p}
}

// OCR2BootstrapperFactory returns the factory for bootstrappers of all later instances, a types.BootstrapperFactory.
func (p *concretePeer) OCR2BootstrapperFactory() *ocr2BootstrapperFactory {
	return &ocr2BootstrapperFactory{p}
}

// PeerGroupFactory returns the factory for peer groups.
func (p *concretePeer) PeerGroupFactory() *peerGroupFactory { return &peerGroupFactory{p} }

var (
	_ types.BinaryNetworkEndpointFactory  = (*ocr2EndpointFactory)(nil)
	_ types.BinaryNetworkEndpoint2Factory = (*ocr31EndpointFactory)(nil)
	_ types.BootstrapperFactory           = (*ocr2BootstrapperFactory)(nil)
	_ PeerGroupFactory                    = (*peerGroupFactory)(nil)
)

type ocr1EndpointFactory struct{ peer *concretePeer }

// PeerID returns the text form of the peer's id.
func (f *ocr1EndpointFactory) PeerID() string { return f.peer.PeerID() }

// NewEndpoint makes the endpoint of an OCR1 instance: pids are the peer ids by oracle id, the own one among them. Rate and
// capacity are in messages per second and messages; see limits.OCR1MessagesRate. The other parameter is not used.
func (f *ocr1EndpointFactory) NewEndpoint(
	configDigest ocr1types.ConfigDigest, pids []string, v2bootstrappers []commontypes.BootstrapperLocator, _ int,
	messagesRatePerOracle float64, messagesCapacityPerOracle int,
) (commontypes.BinaryNetworkEndpoint, error) {
	digest := OCR1DigestToConfigDigest(configDigest)
	endpointLimits, err := limits.OCR1(messagesRatePerOracle, messagesCapacityPerOracle)
	if err != nil {
		return nil, fmt.Errorf("networking: config digest %s: %w", digest.Hex(), err)
	}
	return f.peer.endpointOf(digest, pids, v2bootstrappers, endpointLimits)
}

func (p *concretePeer) endpointOf(
	digest types.ConfigDigest, pids []string, bootstrappers []commontypes.BootstrapperLocator, endpointLimits types.BinaryNetworkEndpointLimits,
) (commontypes.BinaryNetworkEndpoint, error) {
	g, err := parseGroup(digest, pids, bootstrappers)
	if err != nil {
		return nil, err
	}
	e, err := p.newEndpoint(g, endpointLimits)
	if err != nil {
		return nil, err // no interface around a nil pointer
	}
	return e, nil
}

type ocr2EndpointFactory struct{ peer *concretePeer }

// PeerID implements types.BinaryNetworkEndpointFactory.
func (f *ocr2EndpointFactory) PeerID() string { return f.peer.PeerID() }

// NewEndpoint implements types.BinaryNetworkEndpointFactory. It fails for peer ids and bootstrappers that do not parse, for lists
// without the own peer id or with one twice, for limits out of range, and while another endpoint, bootstrapper or peer group
// of the peer uses the digest.
func (f *ocr2EndpointFactory) NewEndpoint(
	configDigest types.ConfigDigest, pids []string, v2bootstrappers []commontypes.BootstrapperLocator, _ int,
	endpointLimits types.BinaryNetworkEndpointLimits,
) (commontypes.BinaryNetworkEndpoint, error) {
	return f.peer.endpointOf(configDigest, pids, v2bootstrappers, endpointLimits)
}

type ocr31EndpointFactory struct{ peer *concretePeer }

// PeerID implements types.BinaryNetworkEndpoint2Factory.
func (f *ocr31EndpointFactory) PeerID() string { return f.peer.PeerID() }

// NewEndpoint implements types.BinaryNetworkEndpoint2Factory. It fails like ocr2EndpointFactory.NewEndpoint does, and on a peer that
// does not speak the newer protocol.
func (f *ocr31EndpointFactory) NewEndpoint(
	configDigest types.ConfigDigest, pids []string, v2bootstrappers []commontypes.BootstrapperLocator,
	defaultPriorityConfig types.BinaryNetworkEndpoint2Config, lowPriorityConfig types.BinaryNetworkEndpoint2Config,
) (types.BinaryNetworkEndpoint2, error) {
	g, err := parseGroup(configDigest, pids, v2bootstrappers)
	if err != nil {
		return nil, err
	}
	var configs [2]types.BinaryNetworkEndpoint2Config
	configs[priorityIndex(types.BinaryMessagePriorityDefault)] = defaultPriorityConfig
	configs[priorityIndex(types.BinaryMessagePriorityLow)] = lowPriorityConfig
	e, err := f.peer.newEndpoint2(g, configs)
	if err != nil {
		return nil, err
	}
	return e, nil
}

type ocr1BootstrapperFactory struct{ peer *concretePeer }

// NewBootstrapper makes a bootstrapper for an OCR1 instance. The last parameter is not used.
func (f *ocr1BootstrapperFactory) NewBootstrapper(
	configDigest ocr1types.ConfigDigest, peerIDs []string, v2bootstrappers []commontypes.BootstrapperLocator, _ int,
) (commontypes.Bootstrapper, error) {
	return f.peer.bootstrapperOf(OCR1DigestToConfigDigest(configDigest), peerIDs, v2bootstrappers)
}

type ocr2BootstrapperFactory struct{ peer *concretePeer }

// NewBootstrapper implements types.BootstrapperFactory. The bootstrapper may be among v2bootstrappers or not.
func (f *ocr2BootstrapperFactory) NewBootstrapper(
	configDigest types.ConfigDigest, peerIDs []string, v2bootstrappers []commontypes.BootstrapperLocator, _ int,
) (commontypes.Bootstrapper, error) {
	return f.peer.bootstrapperOf(configDigest, peerIDs, v2bootstrappers)
}

func (p *concretePeer) bootstrapperOf(
	digest types.ConfigDigest, peerIDs []string, bootstrappers []commontypes.BootstrapperLocator,
) (commontypes.Bootstrapper, error) {
	g, err := parseGroup(digest, peerIDs, bootstrappers)
	if err != nil {
		return nil, err
	}
	// Others list this peer among the bootstrappers: it must, too, to be told about the oracles and to tell.
	r, err := p.register(g.digest, g.oracles, g.bootstrappers)
	if err != nil {
		return nil, err
	}
	return &bootstrapper{registration: r}, nil
}

// bootstrapper relays the announcements of the oracles of an instance, from its making to Close.
type bootstrapper struct {
	registration *registration

	mu    sync.Mutex
	phase phase
}

// Start does nothing but check that it is the first call; the bootstrapper has been at work since it was made.
func (b *bootstrapper) Start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.phase {
	case started:
		return errNotUnstarted
	case closed:
		return errClosed
	}
	b.phase = started
	return nil
}

// Close ends the work. A second call does nothing.
func (b *bootstrapper) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.phase = closed
	b.registration.release()
	return nil
}
