package ragep2p

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// testKeyring returns the keyring of a seed.
func testKeyring(t testing.TB, seed []byte) *peerid.PrivateKeyKeyring {
	t.Helper()
	keyring, err := peerid.NewPrivateKeyKeyring(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return keyring
}

// seed returns the seed of the i-th peer.
func seed(i int) []byte {
	s := make([]byte, ed25519.SeedSize)
	s[0], s[1] = byte(i), byte(i>>8)
	return s
}

// directory is a discoverer to which tests tell addresses.
type directory struct {
	mu        sync.Mutex
	addresses map[p2ptypes.PeerID][]p2ptypes.Address
	started   bool
	closed    bool
	startErr  error
}

func (d *directory) Start(p2ptypes.Host, p2ptypes.PeerKeyring, commontypes.Logger) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.started = true
	return d.startErr
}

func (d *directory) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	return nil
}

func (d *directory) FindPeer(peer p2ptypes.PeerID) ([]p2ptypes.Address, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.addresses[peer], nil
}

func (d *directory) set(peer p2ptypes.PeerID, addresses ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.addresses == nil {
		d.addresses = map[p2ptypes.PeerID][]p2ptypes.Address{}
	}
	d.addresses[peer] = nil
	for _, a := range addresses {
		d.addresses[peer] = append(d.addresses[peer], p2ptypes.Address(a))
	}
}

// testLogger writes to the test's log if OCRKIT_TEST_LOG is set, and remembers messages.
type testLogger struct {
	t       testing.TB
	name    string
	verbose bool
	mu      sync.Mutex
	done    bool
	lines   []string
}

func newTestLogger(t testing.TB, name string) *testLogger {
	l := &testLogger{t: t, name: name, verbose: os.Getenv("OCRKIT_TEST_LOG") != ""}
	t.Cleanup(func() { l.mu.Lock(); l.done = true; l.mu.Unlock() })
	return l
}

func (l *testLogger) log(level, msg string, fields commontypes.LogFields) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := fmt.Sprint(level, " ", msg, " ", fields)
	if len(l.lines) < 1000 {
		l.lines = append(l.lines, line)
	}
	if l.verbose && !l.done {
		l.t.Log(time.Now().Format("05.000000"), l.name, line)
	}
}

func (l *testLogger) Trace(msg string, fields commontypes.LogFields) {}
func (l *testLogger) Debug(msg string, fields commontypes.LogFields) { l.log("debug", msg, fields) }
func (l *testLogger) Info(msg string, fields commontypes.LogFields)  { l.log("info", msg, fields) }
func (l *testLogger) Warn(msg string, fields commontypes.LogFields)  { l.log("warn", msg, fields) }
func (l *testLogger) Error(msg string, fields commontypes.LogFields) { l.log("error", msg, fields) }
func (l *testLogger) Critical(msg string, fields commontypes.LogFields) {
	l.log("critical", msg, fields)
}

// testHost is a started host on a loopback port.
type testHost struct {
	*Host
	dir      *directory
	logger   *testLogger
	registry *prometheus.Registry
}

func startHost(t testing.TB, name string, seed []byte, config HostConfig) *testHost {
	t.Helper()
	return startHostWith(t, name, seed, config, func(*options) {})
}

// startHostWith starts a host with other options than users get.
func startHostWith(t testing.TB, name string, seed []byte, config HostConfig, change func(*options)) *testHost {
	t.Helper()
	if config.DurationBetweenDials == 0 {
		config.DurationBetweenDials = 100 * time.Millisecond
	}
	h := &testHost{dir: &directory{}, logger: newTestLogger(t, name), registry: prometheus.NewRegistry()}
	o := defaultOptions(config)
	change(&o)
	var err error
	h.Host, err = newHost(config, testKeyring(t, seed), []string{"127.0.0.1:0"}, h.dir, h.logger, h.registry, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// knows makes h know the addresses of others.
func (h *testHost) knows(others ...*testHost) *testHost {
	for _, o := range others {
		h.dir.set(o.ID(), o.ListenAddresses()...)
	}
	return h
}

// plenty are limits that do not bind.
var plenty = TokenBucketParams{Rate: 1e9, Capacity: 1 << 30}

func (h *testHost) open(t testing.TB, other p2ptypes.PeerID, name string) *Stream {
	t.Helper()
	s, err := h.NewStream(other, name, 100, 100, 1<<20, plenty, plenty)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// receive waits for a message.
func receive[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case v, ok := <-ch:
		if !ok {
			t.Fatal("channel is closed")
		}
		return v
	case <-timeout.C:
		t.Fatal("nothing arrives")
	}
	panic("not reached")
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("never happens: %s", what)
		}
		<-ticker.C
	}
}

// peerOf returns what h knows about another; nil if nothing.
func (h *testHost) peerOf(id p2ptypes.PeerID) *peer {
	h.Host.mu.Lock()
	defer h.Host.mu.Unlock()
	return h.peers[id]
}

// liveConn returns the live connection with another; nil if there is none.
func (h *testHost) liveConn(id p2ptypes.PeerID) *conn {
	p := h.peerOf(id)
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live
}

var protocols = []wire.Protocol{P1, P2}

// metric returns the value of the metric with these labels (names and values in turn); it fails the test if there is none.
func (h *testHost) metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	families, err := h.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
	next:
		for _, m := range f.GetMetric() {
			has := map[string]string{}
			for _, l := range m.GetLabel() {
				has[l.GetName()] = l.GetValue()
			}
			for i := 0; i < len(labels); i += 2 {
				if has[labels[i]] != labels[i+1] {
					continue next
				}
			}
			switch {
			case m.GetCounter() != nil:
				return m.GetCounter().GetValue()
			case m.GetGauge() != nil:
				return m.GetGauge().GetValue()
			default:
				return float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	t.Fatalf("no metric %s %v", name, labels)
	return 0
}
