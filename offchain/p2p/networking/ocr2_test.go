package networking_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/p2p/networking"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/ocr2net"
)

// polled is a tracker that does not notify: a channel has one reader, and this one has it already.
type polled struct{ types.ContractConfigTracker }

func (polled) Notify() <-chan struct{} { return nil }

// TestOCR2 runs a whole OCR2 network over real sockets: four oracles, which know nothing of each other but the address of a
// bootstrapper, make reports; one of them restarts; the config changes.
func TestOCR2(t *testing.T) {
	n := ocr2net.New(t, 4, 1)
	database, err := store.OpenInMemory(store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()

	bootKey, err := keys.GeneratePeerKey(rand.NewChaCha8([32]byte{9}))
	if err != nil {
		t.Fatal(err)
	}
	bootLog := &ocr2net.Log{}
	boot := startPeer(t, database, bootKey, bootLog, freeAddress(t))
	defer boot.close(t)
	bootstrapper, err := offchain.NewBootstrapper(offchain.BootstrapperArgs{
		BootstrapperFactory:    boot.bootstrappers,
		ContractConfigTracker:  polled{n.Nodes[0].Args.ContractConfigTracker},
		Database:               ocr2net.NewDatabase(),
		LocalConfig:            n.Nodes[0].Args.LocalConfig,
		Logger:                 bootLog,
		OffchainConfigDigester: n.Nodes[0].Args.OffchainConfigDigester,
	})
	if err != nil {
		t.Fatal(err)
	}
	n.SetConfig(nil)
	if err := bootstrapper.Start(); err != nil {
		t.Fatal(err)
	}
	defer bootstrapper.Close()

	peers := make([]*runningPeer, len(n.Nodes))
	start := func(i int) {
		t.Helper()
		node := n.Nodes[i]
		peers[i] = startPeer(t, database, node.PeerKey, node.Log, freeAddress(t))
		node.Args.BinaryNetworkEndpointFactory = peers[i].endpoints
		node.Args.V2Bootstrappers = []commontypes.BootstrapperLocator{boot.locator}
		n.Start(node)
	}
	for i := range n.Nodes {
		start(i)
	}
	reports := 0
	more := func(what string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		if !n.Contract.WaitFor(ctx, func(got []ocr2net.Transmission) bool { return len(got) >= reports+3 }) {
			for _, node := range n.Nodes {
				t.Logf("oracle %d: %v", node.Index, node.Log.Bad())
			}
			t.Fatalf("%s: %d reports were transmitted, want %d", what, len(n.Contract.Transmissions()), reports+3)
		}
		reports = len(n.Contract.Transmissions())
	}
	more("at first")

	n.Stop(n.Nodes[2])
	peers[2].close(t)
	more("with one oracle down")
	start(2)
	more("after a restart at another address")

	digest := n.SetConfig(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	if !n.Contract.WaitFor(ctx, func(got []ocr2net.Transmission) bool { return got[len(got)-1].Context.ConfigDigest == digest }) {
		t.Fatal("no report under the new config")
	}
	n.StopAll()
	for _, p := range peers {
		p.close(t)
	}
}

// runningPeer is a peer and what it has to offer.
type runningPeer struct {
	endpoints     types.BinaryNetworkEndpointFactory
	bootstrappers types.BootstrapperFactory
	locator       commontypes.BootstrapperLocator
	stop          func() error
}

func startPeer(t testing.TB, database *store.Store, key *keys.PeerKey, logger commontypes.Logger, address string) *runningPeer {
	t.Helper()
	peer, err := networking.NewPeer(networking.PeerConfig{
		PeerKeyring:                  key,
		Logger:                       logger,
		V2ListenAddresses:            []string{address},
		V2DeltaReconcile:             2 * time.Second,
		V2DeltaDial:                  200 * time.Millisecond,
		V2DiscovererDatabase:         database.Announcements(key.PeerID().String()),
		V2EndpointConfig:             networking.DefaultEndpointConfigV2(),
		LatencyMetricsServiceConfigs: rageping.DefaultConfigs(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &runningPeer{
		peer.OCR2BinaryNetworkEndpointFactory(), peer.OCR2BootstrapperFactory(),
		commontypes.BootstrapperLocator{PeerID: peer.PeerID(), Addrs: []string{address}}, peer.Close,
	}
}

func (p *runningPeer) close(t testing.TB) {
	t.Helper()
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

// freeAddress finds an address to listen at, outside of the range from which the system takes the ports of outgoing connections.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}
