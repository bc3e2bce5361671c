package networking

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptest"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ runtime.PushEndpoint = (*endpoint)(nil)

// log keeps the lines that matter.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(level, msg string, fields commontypes.LogFields) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("%s %s %v", level, msg, fields))
}

func (l *log) Trace(string, commontypes.LogFields) {}
func (l *log) Debug(string, commontypes.LogFields) {}
func (l *log) Info(string, commontypes.LogFields)  {}
func (l *log) Warn(msg string, f commontypes.LogFields) {
	l.add("warn", msg, f)
}
func (l *log) Error(msg string, f commontypes.LogFields) {
	l.add("error", msg, f)
}
func (l *log) Critical(msg string, f commontypes.LogFields) {
	l.add("critical", msg, f)
}

func (l *log) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

func testKeyring(t testing.TB, i int) p2ptypes.PeerKeyring {
	t.Helper()
	k, err := peerid.NewPrivateKeyKeyring(testKey(i))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testKey(i int) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(slices.Repeat([]byte{byte(i + 1)}, 32))
}

// node is a peer on the test network.
type node struct {
	t       testing.TB
	network *p2ptest.Network
	address string
	keyring p2ptypes.PeerKeyring
	log     *log
	p1      bool // as if the host spoke the production protocol only

	host *p2ptest.Host
	peer *concretePeer
}

// nodes returns n nodes that are started.
func nodes(t testing.TB, network *p2ptest.Network, n int) (list []*node) {
	for i := range n {
		node := &node{t: t, network: network, address: fmt.Sprintf("10.0.0.%d:6690", i+1), keyring: testKeyring(t, i), log: &log{}}
		node.start()
		list = append(list, node)
	}
	return list
}

type onlyHost struct{ p2ptypes.Host }

func (n *node) start() {
	n.t.Helper()
	d := discovery.NewRagep2pDiscoverer(DefaultV2DeltaReconcile, []string{n.address}, nil, nil)
	n.host = n.network.NewHost(n.keyring, []p2ptypes.Address{p2ptypes.Address(n.address)}, d, n.log)
	if err := n.host.Start(); err != nil {
		n.t.Fatal(err)
	}
	var host p2ptypes.Host = n.host
	if n.p1 {
		host = onlyHost{host}
	}
	n.peer = newPeer(host, d, PeerConfig{
		Logger: n.log, V2EndpointConfig: DefaultEndpointConfigV2(), LatencyMetricsServiceConfigs: rageping.DefaultConfigs(),
	}, logging.New(n.log))
}

func (n *node) close() {
	n.t.Helper()
	if err := n.peer.Close(); err != nil {
		n.t.Error(err)
	}
}

func (n *node) locator() commontypes.BootstrapperLocator {
	return commontypes.BootstrapperLocator{PeerID: n.peer.PeerID(), Addrs: []string{n.address}}
}

func closeAll(list []*node) {
	for _, n := range list {
		n.close()
	}
}

func peerIDs(list []*node) (ids []string) {
	for _, n := range list {
		ids = append(ids, n.peer.PeerID())
	}
	return ids
}

var testLimits = types.BinaryNetworkEndpointLimits{
	MaxMessageLength: 1000, MessagesRatePerOracle: 100, MessagesCapacityPerOracle: 100, BytesRatePerOracle: 10_000, BytesCapacityPerOracle: 20_000,
}

func wait(d time.Duration) {
	time.Sleep(d) // virtual: tests run in synctest bubbles
	synctest.Wait()
}

// collector gathers the messages of an endpoint, either way.
type collector struct {
	mu   sync.Mutex
	got  map[commontypes.OracleID][]string
	done chan struct{}
}

// collect must be called before the endpoint is started.
func collect(e commontypes.BinaryNetworkEndpoint, push bool) *collector {
	c := &collector{got: map[commontypes.OracleID][]string{}, done: make(chan struct{})}
	add := func(m commontypes.BinaryMessageWithSender) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got[m.Sender] = append(c.got[m.Sender], string(m.Msg))
	}
	if push {
		e.(runtime.PushEndpoint).SetReceiver(add)
		close(c.done)
		return c
	}
	ch := e.Receive()
	go func() {
		defer close(c.done)
		for m := range ch {
			add(m)
		}
	}()
	return c
}

// take returns what has come since the last call.
func (c *collector) take() map[commontypes.OracleID][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.got
	c.got = map[commontypes.OracleID][]string{}
	return got
}

func bucketOf(n uint32) p2ptypes.TokenBucketParams {
	return p2ptypes.TokenBucketParams{Rate: float64(n), Capacity: n}
}

// droppedCount returns how many messages the endpoints of a peer dropped, by reason.
func (n *node) droppedCount() map[string]uint64 {
	counts := map[string]uint64{}
	for reason := range n.peer.drops {
		if count := n.peer.drops[reason].Load(); count > 0 {
			counts[drops[reason].label] = count
		}
	}
	return counts
}
