package devnet

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/p2p/networking"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Transports by which the oracles of a devnet speak with each other.
const (
	TransportMemory = "memory" // within the process
	TransportTCP    = "tcp"    // over TCP on this machine, as nodes do, with a bootstrapper
)

// Timing of the transport over TCP: everything is near.
const (
	tcpDeltaReconcile = time.Second
	tcpDeltaDial      = 500 * time.Millisecond
)

// transport connects the oracles.
type transport interface {
	// join returns what the oracle with these keys connects by, and where it asks for the others' addresses.
	join(bundle *keys.Bundle, logger commontypes.Logger) (types.BinaryNetworkEndpointFactory, []commontypes.BootstrapperLocator, error)
	// close ends all connections. The oracles have ended then.
	close() error
}

type memoryTransport struct{ network *inmemory.Network }

func (m memoryTransport) join(bundle *keys.Bundle, _ commontypes.Logger) (types.BinaryNetworkEndpointFactory, []commontypes.BootstrapperLocator, error) {
	return m.network.Peer(bundle.Peer.PeerID().String()), nil, nil
}

func (memoryTransport) close() error { return nil }

// tcpTransport has a peer for each oracle, and one for a bootstrapper.
type tcpTransport struct {
	locators []commontypes.BootstrapperLocator
	closers  []func() error // in the order of opening
}

// openTCP starts a bootstrapper for the oracles of a config.
func openTCP(digest types.ConfigDigest, bundles []*keys.Bundle, bootstrapper *keys.PeerKey, logger commontypes.Logger) (_ *tcpTransport, err error) {
	t := &tcpTransport{}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	peer, address, err := t.peer(bootstrapper, logger)
	if err != nil {
		return nil, err
	}
	t.locators = []commontypes.BootstrapperLocator{{PeerID: bootstrapper.PeerID().String(), Addrs: []string{address}}}
	var ids []string
	for _, bundle := range bundles {
		ids = append(ids, bundle.Peer.PeerID().String())
	}
	service, err := peer.bootstrappers.NewBootstrapper(digest, ids, t.locators, maxFaulty(len(bundles)))
	if err != nil {
		return nil, err
	}
	t.closers = append(t.closers, service.Close)
	return t, service.Start()
}

// tcpPeer is what a peer is used for.
type tcpPeer struct {
	endpoints     types.BinaryNetworkEndpointFactory
	bootstrappers types.BootstrapperFactory
}

func (t *tcpTransport) join(bundle *keys.Bundle, logger commontypes.Logger) (types.BinaryNetworkEndpointFactory, []commontypes.BootstrapperLocator, error) {
	peer, _, err := t.peer(bundle.Peer, logger)
	if err != nil {
		return nil, nil, err
	}
	return peer.endpoints, t.locators, nil
}

func (t *tcpTransport) close() error {
	var errs []error
	for i := len(t.closers) - 1; i >= 0; i-- {
		errs = append(errs, t.closers[i]())
	}
	return errors.Join(errs...)
}

// peer starts a peer at a free port of this machine.
func (t *tcpTransport) peer(key *keys.PeerKey, logger commontypes.Logger) (_ tcpPeer, address string, err error) {
	address, err = freeAddress()
	if err != nil {
		return tcpPeer{}, "", err
	}
	peer, err := networking.NewPeer(networking.PeerConfig{
		PeerKeyring: key, Logger: logger, V2ListenAddresses: []string{address},
		V2DeltaReconcile: tcpDeltaReconcile, V2DeltaDial: tcpDeltaDial,
		V2EndpointConfig: networking.EndpointConfigV2{IncomingMessageBufferSize: 30, OutgoingMessageBufferSize: 10},
	})
	if err != nil {
		return tcpPeer{}, "", fmt.Errorf("peer at %s: %w", address, err)
	}
	t.closers = append(t.closers, peer.Close)
	return tcpPeer{peer.OCR2BinaryNetworkEndpointFactory(), peer.OCR2BootstrapperFactory()}, address, nil
}

// freeAddress returns an address of this machine that nobody listens at.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
