package node

import (
	"time"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/p2p/networking"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping"
)

// newPeer starts to listen and to dial.
func newPeer(n *Node) (*oracle.Peer, error) {
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
	return oracle.NewPeer(config)
}
