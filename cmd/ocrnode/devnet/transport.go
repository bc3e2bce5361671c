package devnet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/p2p/networking"
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
type transport struct {
	// memory is nil where the oracles speak over TCP.
	memory        *inmemory.Network
	bootstrappers []commontypes.BootstrapperLocator
	closers       []func() error // in the order of opening
}

// openTransport makes the transport, for TCP with a bootstrapper's peer, which serves no contract yet.
func openTransport(name string, bootstrapper *keys.PeerKey, logger commontypes.Logger) (*transport, *oracle.Peer, error) {
	if name != TransportTCP {
		return &transport{memory: inmemory.NewNetwork()}, nil, nil
	}
	t := &transport{}
	peer, address, err := t.listen(bootstrapper, logger)
	if err != nil {
		return nil, nil, err
	}
	t.bootstrappers = []commontypes.BootstrapperLocator{{PeerID: bootstrapper.PeerID().String(), Addrs: []string{address}}}
	return t, peer, nil
}

// join returns the place on the network of the oracle with this key.
func (t *transport) join(key *keys.PeerKey, logger commontypes.Logger) (*oracle.Peer, error) {
	if t.memory != nil {
		return oracle.InMemoryPeer(t.memory.Peer(key.PeerID().String())), nil
	}
	peer, _, err := t.listen(key, logger)
	return peer, err
}

// close ends all connections. The oracles have ended then.
func (t *transport) close() error {
	var errs []error
	for _, c := range slices.Backward(t.closers) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// listen starts a peer at a free port of this machine.
func (t *transport) listen(key *keys.PeerKey, logger commontypes.Logger) (_ *oracle.Peer, address string, err error) {
	address, err = FreeAddress()
	if err != nil {
		return nil, "", err
	}
	peer, err := oracle.NewPeer(networking.PeerConfig{
		PeerKeyring: key, Logger: logger, V2ListenAddresses: []string{address},
		V2DeltaReconcile: tcpDeltaReconcile, V2DeltaDial: tcpDeltaDial,
		V2EndpointConfig: networking.EndpointConfigV2{IncomingMessageBufferSize: 30, OutgoingMessageBufferSize: 10},
	})
	if err != nil {
		return nil, "", fmt.Errorf("peer at %s: %w", address, err)
	}
	t.closers = append(t.closers, peer.Close)
	return peer, address, nil
}

// Ports to listen at. Systems take the ports of outgoing connections from above these, so that none of them can get in the way
// between the choice of a port and its use.
const (
	firstPort = 20_000
	ports     = 12_000
)

// lastPort counts through the ports, from a random one on, so that no two callers of a process get the same one.
var lastPort atomic.Uint32

func init() { lastPort.Store(rand.Uint32N(ports)) }

// FreeAddress returns an address of this machine that nobody listens at, another one with each call.
func FreeAddress() (string, error) {
	var err error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+lastPort.Add(1)%ports)
		var listener net.Listener
		if listener, err = net.Listen("tcp", address); err == nil {
			return address, listener.Close()
		}
	}
	return "", fmt.Errorf("no free port: %w", err)
}
