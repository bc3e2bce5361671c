package discovery

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptest"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const delta = time.Minute

// database is a DiscovererDatabase in memory.
type database struct {
	mu     sync.Mutex
	values map[string][]byte
	stores int
	err    error
	block  chan struct{} // nil, or what calls wait for
}

func (db *database) call(ctx context.Context) error {
	db.mu.Lock()
	block := db.block
	db.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.err
}

func (db *database) StoreAnnouncement(ctx context.Context, peerID string, ann []byte) error {
	if err := db.call(ctx); err != nil {
		return err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.stores++
	db.values[peerID] = slices.Clone(ann)
	return nil
}

func (db *database) ReadAnnouncements(ctx context.Context, peerIDs []string) (map[string][]byte, error) {
	if err := db.call(ctx); err != nil {
		return nil, err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	values := map[string][]byte{}
	for _, id := range peerIDs {
		if value, ok := db.values[id]; ok {
			values[id] = value
		}
	}
	return values, nil
}

// node is a peer with a host on the test network.
type node struct {
	keyring p2ptypes.PeerKeyring
	id      p2ptypes.PeerID
	address p2ptypes.Address
	db      *database
	d       *Ragep2pDiscoverer
	host    *p2ptest.Host
}

func newNode(t testing.TB, i int) *node {
	k, err := peerid.NewPrivateKeyKeyring(ed25519.NewKeyFromSeed(slices.Repeat([]byte{byte(i + 1)}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return &node{
		keyring: k, id: peerid.PeerIDFromKeyring(k), address: p2ptypes.Address(fmt.Sprintf("10.0.0.%d:6690", i+1)),
		db: &database{values: map[string][]byte{}},
	}
}

func (n *node) start(t testing.TB, network *p2ptest.Network, registerer prometheus.Registerer) {
	t.Helper()
	n.d = NewRagep2pDiscoverer(delta, []string{string(n.address)}, n.db, registerer)
	n.host = network.NewHost(n.keyring, []p2ptypes.Address{n.address}, n.d, nil)
	if err := n.host.Start(); err != nil {
		t.Fatal(err)
	}
}

func (n *node) close(t testing.TB) {
	t.Helper()
	if err := n.host.Close(); err != nil {
		t.Error(err)
	}
}

func ids(nodes []*node) (ids []p2ptypes.PeerID) {
	for _, n := range nodes {
		ids = append(ids, n.id)
	}
	return ids
}

func wait(d time.Duration) {
	time.Sleep(d) // virtual: tests run in synctest bubbles
	synctest.Wait()
}

// gather returns the metrics of a peer.
func gather(t testing.TB, registry *prometheus.Registry, peer p2ptypes.PeerID) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			if len(m.Label) != 1 || m.Label[0].GetName() != "peer_id" || m.Label[0].GetValue() != peer.String() {
				t.Errorf("%s has labels %v", f.GetName(), m.Label)
			}
			values[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return values
}

func checkFound(t testing.TB, nodes []*node, oracles []*node) {
	t.Helper()
	for _, n := range nodes {
		for _, o := range oracles {
			if found, err := n.d.FindPeer(o.id); err != nil || !slices.Equal(found, []p2ptypes.Address{o.address}) {
				t.Errorf("%v knows %v (%v) of %v", n.address, found, err, o.address)
			}
		}
	}
}

func TestNetwork(t *testing.T) {
	for _, options := range []p2ptest.Options{{}, {Channels: true}} {
		synctest.Test(t, func(t *testing.T) {
			network := p2ptest.NewNetwork(options)
			defer network.Close()
			var oracles []*node
			for i := range 4 {
				oracles = append(oracles, newNode(t, i))
			}
			boot := newNode(t, 9)
			all := append(slices.Clone(oracles), boot)
			bootstrappers := []p2ptypes.PeerInfo{{ID: boot.id, Addrs: []p2ptypes.Address{boot.address}}}
			digest := types.ConfigDigest{1}
			join := func(n *node, digest types.ConfigDigest) {
				t.Helper()
				if err := n.d.AddGroup(digest, ids(oracles), bootstrappers); err != nil {
					t.Fatal(err)
				}
			}
			registry := prometheus.NewRegistry()
			for i, n := range all {
				if i == 0 {
					n.start(t, network, registry)
				} else {
					n.start(t, network, nil)
				}
				join(n, digest)
			}
			wait(delta / 2) // long before the regular reconcile
			checkFound(t, all, oracles)
			for _, a := range oracles {
				for _, b := range oracles {
					if a != b && !network.Connected(a.id, b.id) {
						t.Errorf("%v and %v are not connected", a.address, b.address)
					}
				}
			}
			want := map[string]float64{
				"ragedisco_bootstappers": 1, "ragedisco_discovered_peers": 4, "ragedisco_registered_peers": 4,
				"ragedisco_dropped_messages_total": 0, "ragedisco_refused_announcements_total": 0,
			}
			if got := gather(t, registry, oracles[0].id); !maps.Equal(got, want) {
				t.Errorf("metrics %v, want %v", got, want)
			}

			// An oracle moves: the others hear of it, by way of the bootstrapper.
			oracles[1].close(t)
			oracles[1].address = "10.0.1.1:6690"
			oracles[1].start(t, network, nil)
			join(oracles[1], digest)
			wait(delta)
			checkFound(t, all, oracles)

			// It forgets everything and moves again.
			oracles[1].close(t)
			oracles[1].address, oracles[1].db = "10.0.1.2:6690", &database{values: map[string][]byte{}}
			oracles[1].start(t, network, nil)
			join(oracles[1], digest)
			wait(2 * delta)
			checkFound(t, all, oracles)

			// The config changes; then everybody restarts, and finds the others without the bootstrapper.
			for _, n := range all {
				join(n, types.ConfigDigest{2})
				if err := n.d.RemoveGroup(digest); err != nil {
					t.Error(err)
				}
			}
			wait(delta)
			checkFound(t, all, oracles)
			for _, n := range all {
				n.close(t)
			}
			for _, n := range oracles {
				n.start(t, network, nil)
				join(n, types.ConfigDigest{3})
			}
			wait(10 * time.Second)
			checkFound(t, oracles, oracles)
			stores := oracles[0].db.stores
			wait(10 * delta)
			if more := oracles[0].db.stores - stores; more > 0 {
				t.Errorf("%d announcements were stored though nothing changed", more)
			}
			for _, n := range oracles {
				if err := n.d.RemoveGroup(types.ConfigDigest{3}); err != nil {
					t.Error(err)
				}
				wait(time.Second)
				if open := n.host.OpenStreams(); open != 0 {
					t.Errorf("%d streams are open without any group", open)
				}
				n.close(t)
			}
			if drops := network.Drops(); drops["limits"]+drops["length"] > 0 {
				t.Errorf("messages were refused: %v", drops)
			}
			if left := gather(t, registry, oracles[0].id); len(left) > 0 {
				t.Errorf("metrics are left: %v", left)
			}
		})
	}
}

// TestSlowDatabase: a database that does not answer holds up nobody, not even Close for long.
func TestSlowDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		a, b := newNode(t, 0), newNode(t, 1)
		nodes := []*node{a, b}
		a.db.block = make(chan struct{})
		info := []p2ptypes.PeerInfo{{ID: a.id, Addrs: []p2ptypes.Address{a.address}}}
		for _, n := range nodes {
			n.start(t, network, nil)
			if err := n.d.AddGroup(types.ConfigDigest{1}, ids(nodes), info); err != nil {
				t.Fatal(err)
			}
		}
		wait(30 * time.Second)
		checkFound(t, nodes, nodes)
		// The read failed and is tried again; then what was heard meanwhile is stored.
		close(a.db.block)
		wait(2 * time.Minute)
		if len(a.db.values) != 2 {
			t.Errorf("stored %v", slices.Collect(maps.Keys(a.db.values)))
		}
		a.db.mu.Lock()
		a.db.block = make(chan struct{})
		a.db.mu.Unlock()
		b.close(t)
		b.address = "10.0.3.3:6690"
		b.start(t, network, nil)
		if err := b.d.AddGroup(types.ConfigDigest{1}, ids(nodes), info); err != nil {
			t.Fatal(err)
		}
		wait(2 * time.Second)
		begun := time.Now()
		a.close(t)
		if took := time.Since(begun); took > closeTimeout+time.Second {
			t.Errorf("Close took %v", took)
		}
		b.close(t)
	})
}

func TestFailingDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		a := newNode(t, 0)
		a.db.err = errors.New("out of order")
		a.start(t, network, nil)
		if err := a.d.AddGroup(types.ConfigDigest{1}, ids([]*node{a, newNode(t, 1)}), nil); err != nil {
			t.Fatal(err)
		}
		wait(5 * time.Minute)
		a.db.mu.Lock()
		a.db.err = nil
		a.db.mu.Unlock()
		wait(2 * time.Minute)
		if len(a.db.values) != 1 {
			t.Errorf("stored %v", a.db.values)
		}
		a.close(t)
	})
}

// TestCloseStores: what has been learned just before the end is not lost.
func TestCloseStores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		a, b := newNode(t, 0), newNode(t, 1)
		nodes := []*node{a, b}
		info := []p2ptypes.PeerInfo{{ID: a.id, Addrs: []p2ptypes.Address{a.address}}}
		for _, n := range nodes {
			n.start(t, network, nil)
			if err := n.d.AddGroup(types.ConfigDigest{1}, ids(nodes), info); err != nil {
				t.Fatal(err)
			}
		}
		wait(3 * time.Second)
		if stores := a.db.stores; stores != 0 {
			t.Fatalf("%d announcements are stored already", stores)
		}
		a.close(t)
		b.close(t)
		for _, n := range nodes {
			if len(n.db.values) != 2 {
				t.Errorf("%v stored %d announcements, want 2", n.address, len(n.db.values))
			}
		}
	})
}

// TestFlood: of messages that come faster than they are looked at, two of each peer wait.
func TestFlood(t *testing.T) {
	s := &shell{wake: make(chan struct{}, 1)}
	a, b := &stream{}, &stream{}
	for i := range 100 {
		s.arrived(a, []byte{byte(i)})
	}
	s.arrived(b, []byte{200})
	if len(s.ready) != 2 || len(a.waiting) != bufferSize || a.waiting[1][0] != 99 || len(b.waiting) != 1 {
		t.Errorf("%d streams are ready, with %v and %v", len(s.ready), a.waiting, b.waiting)
	}
}

func TestLifeCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		a := newNode(t, 0)
		d := NewRagep2pDiscoverer(delta, []string{"192.0.2.1:1"}, nil, nil)
		host := network.NewHost(a.keyring, nil, nil, nil)
		if d.Close() == nil || d.AddGroup(types.ConfigDigest{}, nil, nil) == nil || d.RemoveGroup(types.ConfigDigest{}) == nil {
			t.Error("a discoverer works without having been started")
		}
		if _, err := d.FindPeer(a.id); err == nil {
			t.Error("a discoverer finds without having been started")
		}
		if err := d.Start(host, a.keyring, nil); err != nil {
			t.Fatal(err)
		}
		if err := d.Start(host, a.keyring, nil); err == nil {
			t.Error("started twice")
		}
		if found, err := d.FindPeer(a.id); err != nil || !slices.Equal(found, []p2ptypes.Address{"192.0.2.1:1"}) {
			t.Errorf("after a second start: found %v, %v", found, err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if d.Close() == nil || d.AddGroup(types.ConfigDigest{}, nil, nil) == nil || d.Start(host, a.keyring, nil) == nil {
			t.Error("a closed discoverer works")
		}
	})
}

func TestAnnounceAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		a := newNode(t, 0)
		host := network.NewHost(a.keyring, nil, nil, nil)
		for _, c := range []struct {
			configured []string
			want       string // addresses, or a part of the error
		}{
			{[]string{"0.0.0.0:6690"}, "203.0.113.9:6690,10.0.0.5:6690"},
			{[]string{"[::]:6690"}, "no interface of that kind"},
			{[]string{":6690"}, "not of the form ip:port"},
			{[]string{"example.org:6690"}, "not of the form ip:port"},
			{nil, "none of the announce addresses"},
		} {
			d := NewRagep2pDiscoverer(delta, c.configured, nil, nil)
			d.interfaces = func() (v4, v6 []netip.Addr, err error) {
				return announcement.SplitInterfaces([]string{"10.0.0.5/8", "203.0.113.9/24"})
			}
			err := d.Start(host, a.keyring, nil)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("%q: got %v, want %q", c.configured, err, c.want)
				}
				continue
			}
			if found, _ := d.FindPeer(a.id); announcement.JoinAddresses(found) != c.want {
				t.Errorf("%q: got %v, want %s", c.configured, found, c.want)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestInterfaces looks at the machine that the test runs on.
func TestInterfaces(t *testing.T) {
	if v4, v6, err := interfaces(); err != nil || len(v4)+len(v6) == 0 {
		t.Errorf("interfaces: %v, %v, %v", v4, v6, err)
	}
}

// TestGoroutines: discovery needs two goroutines, however many peers there are.
func TestGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		a := newNode(t, 0)
		a.start(t, network, nil)
		var peers []p2ptypes.PeerID
		for i := range 100 {
			peers = append(peers, p2ptypes.PeerID{1: 1, 2: byte(i)})
		}
		if err := a.d.AddGroup(types.ConfigDigest{1}, peers, nil); err != nil {
			t.Fatal(err)
		}
		wait(time.Second)
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if got := strings.Count(string(stacks), "created by github.com/ocrkit/ocrkit/offchain/p2p/discovery.(*shell)"); got != 2 || a.host.OpenStreams() != 100 {
			t.Errorf("%d goroutines for %d peers, want 2 for 100", got, a.host.OpenStreams())
		}
		a.close(t)
	})
}
