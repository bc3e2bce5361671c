package networking

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/ragep2p"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// tcpNode is a peer on loopback.
type tcpNode struct {
	t        testing.TB
	config   PeerConfig
	log      *log
	registry *prometheus.Registry
	peer     *concretePeer
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

// Which peers speak the newer protocol.
func none(int) bool          { return false }
func all(int) bool           { return true }
func everySecond(i int) bool { return i%2 == 1 }

// tcpNodes returns n peers that run, with intervals that are short enough to wait for.
func tcpNodes(t testing.TB, n int, newer func(i int) bool) (list []*tcpNode) {
	for i := range n {
		node := &tcpNode{t: t, log: &log{}, registry: prometheus.NewRegistry()}
		node.config = PeerConfig{
			PrivKey:                      testKey(i),
			Logger:                       node.log,
			V2ListenAddresses:            []string{freeAddress(t)},
			V2DeltaReconcile:             2 * time.Second,
			V2DeltaDial:                  200 * time.Millisecond,
			V2EndpointConfig:             DefaultEndpointConfigV2(),
			MetricsRegisterer:            node.registry,
			LatencyMetricsServiceConfigs: rageping.DefaultConfigs(),
		}
		if newer(i) {
			node.config.EnableExperimentalRageP2P = DangerDangerEnableExperimentalRageP2P
		}
		node.start()
		list = append(list, node)
	}
	t.Cleanup(func() {
		for _, n := range list {
			n.close()
		}
	})
	return list
}

func (n *tcpNode) start() {
	n.t.Helper()
	var err error
	if n.peer, err = NewPeer(n.config); err != nil {
		n.t.Fatal(err)
	}
}

func (n *tcpNode) close() {
	if n.peer == nil {
		return
	}
	if err := n.peer.Close(); err != nil {
		n.t.Error(err)
	}
	n.peer = nil
}

func (n *tcpNode) locator() commontypes.BootstrapperLocator {
	return commontypes.BootstrapperLocator{PeerID: n.peer.PeerID(), Addrs: n.config.V2ListenAddresses}
}

func tcpPeerIDs(list []*tcpNode) (ids []string) {
	for _, n := range list {
		ids = append(ids, n.peer.PeerID())
	}
	return ids
}

// talk lets all endpoints broadcast until each has heard this text from all. Endpoints deliver by channel.
func talk(t testing.TB, endpoints []commontypes.BinaryNetworkEndpoint, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var listening sync.WaitGroup // to those that have not heard from all
	var readers sync.WaitGroup
	for _, e := range endpoints {
		listening.Add(1)
		readers.Go(func() {
			heard := map[commontypes.OracleID]bool{}
			for {
				select {
				case m := <-e.Receive():
					if !heard[m.Sender] && string(m.Msg) == fmt.Sprintf("%s from %d", text, m.Sender) {
						if heard[m.Sender] = true; len(heard) == len(endpoints) {
							listening.Done()
						}
					}
				case <-ctx.Done():
					if len(heard) < len(endpoints) {
						listening.Done()
						t.Errorf("%s: an oracle has heard from %v only", text, heard)
					}
					return
				}
			}
		})
	}
	readers.Go(func() {
		again := time.NewTicker(100 * time.Millisecond)
		defer again.Stop()
		for ctx.Err() == nil {
			for i, e := range endpoints {
				e.Broadcast(fmt.Appendf(nil, "%s from %d", text, i))
			}
			select {
			case <-again.C:
			case <-ctx.Done():
			}
		}
	})
	listening.Wait()
	cancel()
	readers.Wait()
}

func tcpEndpoint(t testing.TB, n *tcpNode, digest types.ConfigDigest, ids []string, boot []commontypes.BootstrapperLocator) commontypes.BinaryNetworkEndpoint {
	t.Helper()
	e, err := n.peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(digest, ids, boot, 1, testLimits)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	return e
}

func closeEndpoints(t testing.TB, endpoints []commontypes.BinaryNetworkEndpoint) {
	t.Helper()
	for _, e := range endpoints {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTCP: four oracles and a bootstrapper on real sockets find each other, talk, restart, change the config.
func TestTCP(t *testing.T) {
	for name, newer := range map[string]func(int) bool{"production": none, "newer": all, "mixed": everySecond} {
		t.Run(name, func(t *testing.T) {
			nodes := tcpNodes(t, 5, newer)
			oracles, boot := nodes[:4], []commontypes.BootstrapperLocator{nodes[4].locator()}
			ids := tcpPeerIDs(oracles)
			first := types.ConfigDigest{0, 1, 1}
			b, err := nodes[4].peer.OCR2BootstrapperFactory().NewBootstrapper(first, ids, boot, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			var endpoints []commontypes.BinaryNetworkEndpoint
			for _, n := range oracles {
				endpoints = append(endpoints, tcpEndpoint(t, n, first, ids, boot))
			}
			talk(t, endpoints, "first")

			if err := endpoints[1].Close(); err != nil {
				t.Error(err)
			}
			oracles[1].close()
			oracles[1].config.V2ListenAddresses = []string{freeAddress(t)}
			oracles[1].start()
			endpoints[1] = tcpEndpoint(t, oracles[1], first, ids, boot)
			talk(t, endpoints, "after a restart")

			var next []commontypes.BinaryNetworkEndpoint
			for _, n := range oracles {
				next = append(next, tcpEndpoint(t, n, types.ConfigDigest{0, 1, 2}, ids, boot))
			}
			talk(t, next, "new config")
			closeEndpoints(t, endpoints)
			talk(t, next, "new config alone")
			closeEndpoints(t, next)
			checkMetrics(t, nodes[0])
			for i, n := range nodes {
				for _, line := range n.log.all() {
					if strings.HasPrefix(line, "error") || strings.HasPrefix(line, "critical") {
						t.Errorf("node %d: %s", i, line)
					}
				}
			}
		})
	}
}

// checkMetrics looks whether all parts of a running peer have registered their metrics.
func checkMetrics(t testing.TB, n *tcpNode) {
	t.Helper()
	families, err := n.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
	}
	for _, name := range []string{"ragep2p_host_inbound_dials_total", "ragedisco_registered_peers", "ocr_endpoint_dropped_messages_total"} {
		if !names[name] {
			t.Errorf("there is no metric %s", name)
		}
	}
}

// TestTCPManyInstances: a hundred instances share one connection.
func TestTCPManyInstances(t *testing.T) {
	const instances = 100
	nodes := tcpNodes(t, 2, none)
	ids, boot := tcpPeerIDs(nodes), []commontypes.BootstrapperLocator{nodes[0].locator()}
	var endpointsOf [instances][]commontypes.BinaryNetworkEndpoint
	for i := range instances {
		for _, n := range nodes {
			endpointsOf[i] = append(endpointsOf[i], tcpEndpoint(t, n, types.ConfigDigest{0, 1, byte(i)}, ids, boot))
		}
	}
	for i, endpoints := range endpointsOf {
		talk(t, endpoints, fmt.Sprint("instance ", i))
	}
	for _, n := range nodes {
		families, err := n.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "ragep2p_peer_conn_established_total" {
				if connections := f.Metric[0].GetCounter().GetValue(); len(f.Metric) != 1 || connections < 1 || connections > 3 {
					t.Errorf("%d peers, %v connections for %d instances", len(f.Metric), connections, instances)
				}
			}
		}
		host := n.peer.host.RawWrappee().(*ragep2p.Host)
		if status := host.Status(); strings.Count(status, "ocr/") != instances {
			t.Errorf("status does not list %d streams:\n%s", instances, status)
		}
	}
	for _, endpoints := range endpointsOf {
		closeEndpoints(t, endpoints)
	}
}

// TestTCPChurn opens, uses and closes endpoints from many goroutines at once, over one connection.
func TestTCPChurn(t *testing.T) {
	nodes := tcpNodes(t, 2, all)
	ids, boot := tcpPeerIDs(nodes), []commontypes.BootstrapperLocator{nodes[0].locator()}
	steady := []commontypes.BinaryNetworkEndpoint{
		tcpEndpoint(t, nodes[0], types.ConfigDigest{0xff}, ids, boot), tcpEndpoint(t, nodes[1], types.ConfigDigest{0xff}, ids, boot),
	}
	talk(t, steady, "before")
	var workers sync.WaitGroup
	for worker := range 8 {
		for _, n := range nodes {
			workers.Go(func() {
				for i := range 20 {
					digest := types.ConfigDigest{byte(worker), byte(i % 3)}
					e, err := n.peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(digest, ids, boot, 1, testLimits)
					if err != nil {
						t.Error(err)
						return
					}
					e.(*endpoint).SetReceiver(func(commontypes.BinaryMessageWithSender) {})
					if err := e.Start(); err != nil {
						t.Error(err)
					}
					var senders sync.WaitGroup
					for range 2 {
						senders.Go(func() {
							for range 20 {
								e.Broadcast([]byte("churn"))
							}
						})
					}
					if i%2 == 0 {
						senders.Wait()
					}
					if err := e.Close(); err != nil {
						t.Error(err)
					}
					senders.Wait()
				}
			})
		}
	}
	workers.Wait()
	talk(t, steady, "after")
	closeEndpoints(t, steady)
	for _, n := range nodes {
		n.peer.mu.Lock()
		if left := len(n.peer.registrations); left != 0 {
			t.Errorf("%d registrations are left", left)
		}
		n.peer.mu.Unlock()
	}
}

// TestTCPCloseFirst closes peers before what uses them: nothing hangs, nothing is left.
func TestTCPCloseFirst(t *testing.T) {
	nodes := tcpNodes(t, 2, all)
	ids, boot := tcpPeerIDs(nodes), []commontypes.BootstrapperLocator{nodes[0].locator()}
	endpoints := []commontypes.BinaryNetworkEndpoint{tcpEndpoint(t, nodes[0], types.ConfigDigest{1}, ids, boot), tcpEndpoint(t, nodes[1], types.ConfigDigest{1}, ids, boot)}
	e2, err := nodes[0].peer.OCR3_1BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{2}, ids, boot, defaultConfig, lowConfig)
	if err != nil {
		t.Fatal(err)
	}
	e2.Receive()
	talk(t, endpoints, "open")
	for _, n := range nodes {
		n.close()
	}
	for _, e := range endpoints {
		e.Broadcast([]byte("into the void"))
		e.Close()
		e.Close()
	}
	e2.Broadcast(types.OutboundBinaryMessagePlain{Payload: []byte("into the void"), Priority: types.BinaryMessagePriorityLow})
	e2.Close()
	if _, ok := <-e2.Receive(); ok {
		t.Error("a closed endpoint receives")
	}
}

// TestTCPRequests has requests and responses of OCR3.1 between hosts on sockets.
func TestTCPRequests(t *testing.T) {
	nodes := tcpNodes(t, 2, all)
	ids, boot := tcpPeerIDs(nodes), []commontypes.BootstrapperLocator{nodes[0].locator()}
	var endpoints []types.BinaryNetworkEndpoint2
	for _, n := range nodes {
		e, err := n.peer.OCR3_1BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{2}, ids, boot, defaultConfig, lowConfig)
		if err != nil {
			t.Fatal(err)
		}
		endpoints = append(endpoints, e)
	}
	const low = types.BinaryMessagePriorityLow
	large := strings.Repeat("large", 100_000)
	responses := make(chan string, 1)
	for i, e := range endpoints {
		e.(*endpoint2).SetReceiver(func(m types.InboundBinaryMessageWithSender) {
			switch m := m.InboundBinaryMessage.(type) {
			case types.InboundBinaryMessageRequest:
				if i == 1 {
					e.SendTo(m.RequestHandle.MakeResponse([]byte(large)), 0)
				}
			case types.InboundBinaryMessageResponse:
				if m.Priority != low {
					t.Errorf("the response has priority %d", m.Priority)
				}
				select {
				case responses <- string(m.Payload):
				default:
				}
			}
		})
	}
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	timeout := time.After(60 * time.Second)
	for answered := false; !answered; {
		endpoints[0].SendTo(types.OutboundBinaryMessageRequest{
			ResponsePolicy: types.SingleUseSizedLimitedResponsePolicy{MaxSize: len(large), ExpiryTimestamp: time.Now().Add(time.Minute)},
			Payload:        []byte("?"), Priority: low,
		}, 1)
		select {
		case got := <-responses:
			if answered = true; got != large {
				t.Errorf("the response has %d bytes, want %d", len(got), len(large))
			}
		case <-again.C:
		case <-timeout:
			t.Fatal("no response")
		}
	}
	for _, e := range endpoints {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
