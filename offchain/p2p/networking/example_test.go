package networking_test

import (
	"crypto/ed25519"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/networking"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/ocr2net"
)

// One peer serves all instances of a node. What is made by its factories is handed to oracles and bootstrappers; here an endpoint is
// used by hand.
func ExampleNewPeer() {
	keyring, err := peerid.NewPrivateKeyKeyring(ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		panic(err)
	}
	id := peerid.PeerIDFromKeyring(keyring).String()
	database, err := store.OpenInMemory(store.Options{})
	if err != nil {
		panic(err)
	}
	defer database.Close()
	peer, err := networking.NewPeer(networking.PeerConfig{
		PeerKeyring:                  keyring,
		Logger:                       &ocr2net.Log{},
		V2ListenAddresses:            []string{"127.0.0.1:0"},
		V2AnnounceAddresses:          []string{"192.0.2.1:6690"},
		V2DeltaReconcile:             networking.DefaultV2DeltaReconcile,
		V2DeltaDial:                  networking.DefaultV2DeltaDial,
		V2DiscovererDatabase:         database.Announcements(id),
		V2EndpointConfig:             networking.DefaultEndpointConfigV2(),
		LatencyMetricsServiceConfigs: rageping.DefaultConfigs(),
	})
	if err != nil {
		panic(err)
	}
	defer peer.Close()

	endpoint, err := peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(
		types.ConfigDigest{0, 1}, []string{id}, []commontypes.BootstrapperLocator{{PeerID: id}}, 0,
		types.BinaryNetworkEndpointLimits{MaxMessageLength: 100, MessagesRatePerOracle: 1, MessagesCapacityPerOracle: 10, BytesRatePerOracle: 100, BytesCapacityPerOracle: 1000})
	if err != nil {
		panic(err)
	}
	defer endpoint.Close() // before the peer
	if err := endpoint.Start(); err != nil {
		panic(err)
	}
	endpoint.Broadcast([]byte("hello"))
	message := <-endpoint.Receive()
	fmt.Printf("%s from oracle %d, which is %s\n", message.Msg, message.Sender, peer.PeerID())
	// Output:
	// hello from oracle 0, which is 12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN
}
