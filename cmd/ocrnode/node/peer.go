package node

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/networking"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// tcpPeer is a peer on the real network.
type tcpPeer struct {
	endpoints     types.BinaryNetworkEndpointFactory
	bootstrappers types.BootstrapperFactory
	close         func() error
}

func (p *tcpPeer) PeerID() string                                { return p.endpoints.PeerID() }
func (p *tcpPeer) Endpoints() types.BinaryNetworkEndpointFactory { return p.endpoints }
func (p *tcpPeer) Bootstrappers() types.BootstrapperFactory      { return p.bootstrappers }
func (p *tcpPeer) Close() error                                  { return p.close() }

// newPeer starts to listen and to dial.
func newPeer(n *Node) (peer, error) {
	network := n.config.Network
	config := networking.PeerConfig{
		PeerKeyring:          n.keys.Peer,
		Logger:               n.logger,
		V2ListenAddresses:    network.Listen,
		V2AnnounceAddresses:  network.Announce,
		V2DeltaReconcile:     time.Duration(network.DeltaReconcile),
		V2DeltaDial:          time.Duration(network.DeltaDial),
		V2DiscovererDatabase: n.database.Announcements(n.keys.Peer.PeerID().String()),
		V2EndpointConfig:     networking.EndpointConfigV2{IncomingMessageBufferSize: network.IncomingMessages, OutgoingMessageBufferSize: network.OutgoingMessages},
		MetricsRegisterer:    n.registry,
	}
	if network.Protocol == "experimental" {
		config.EnableExperimentalRageP2P = networking.DangerDangerEnableExperimentalRageP2P
	}
	if network.LatencyProbes {
		config.LatencyMetricsServiceConfigs = rageping.DefaultConfigs()
	}
	p, err := networking.NewPeer(config)
	if err != nil {
		return nil, err
	}
	return &tcpPeer{p.OCR2BinaryNetworkEndpointFactory(), p.OCR2BootstrapperFactory(), p.Close}, nil
}
