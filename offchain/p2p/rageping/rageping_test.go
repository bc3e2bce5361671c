package rageping

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptest"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func host(t testing.TB, network *p2ptest.Network, i byte) *p2ptest.Host {
	t.Helper()
	k, err := peerid.NewPrivateKeyKeyring(ed25519.NewKeyFromSeed(slices.Repeat([]byte{i}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	h := network.NewHost(k, nil, nil, nil)
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func wait(d time.Duration) {
	time.Sleep(d) // virtual: tests run in synctest bubbles
	synctest.Wait()
}

// gather returns the metrics about a remote peer, by name and ping size; a histogram gives its count.
func gather(t testing.TB, registry *prometheus.Registry, remote p2ptypes.PeerID) map[string]uint64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]uint64{}
	for _, f := range families {
		for _, m := range f.Metric {
			labels := map[string]string{}
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			if len(labels) != 6 || labels["min_period"] == "" || labels["max_period"] == "" || labels["timeout"] == "" || labels["peer_id"] == "" {
				t.Errorf("%s has labels %v", f.GetName(), labels)
			}
			if labels["remote_peer_id"] == remote.String() {
				values[f.GetName()+"/"+labels["ping_size"]] = uint64(m.GetCounter().GetValue()) + m.GetHistogram().GetSampleCount()
			}
		}
	}
	return values
}

func TestService(t *testing.T) {
	for _, options := range []p2ptest.Options{{}, {Channels: true}} {
		synctest.Test(t, func(t *testing.T) {
			network := p2ptest.NewNetwork(options)
			t.Cleanup(network.Close)
			a, b, c := host(t, network, 1), host(t, network, 2), host(t, network, 3)
			registry := prometheus.NewRegistry()
			sa := NewLatencyMetricsService(a, registry, nil, DefaultConfigs())
			sb := NewLatencyMetricsService(b, nil, nil, DefaultConfigs())
			sa.RegisterPeers([]p2ptypes.PeerID{a.ID(), b.ID(), c.ID()})
			sa.RegisterPeers([]p2ptypes.PeerID{b.ID()})
			sb.RegisterPeers([]p2ptypes.PeerID{a.ID()})
			wait(time.Hour)
			got := gather(t, registry, b.ID())
			// Every 10 to 20 seconds, and every 2 to 3 minutes.
			for size, bounds := range map[int][2]uint64{20: {170, 360}, 200 << 10: {19, 31}} {
				sent, measured := got[fmt.Sprintf("rageping_sent_requests_total/%d", size)], got[fmt.Sprintf("rageping_round_trip_latency_seconds/%d", size)]
				received := got[fmt.Sprintf("rageping_received_requests_total/%d", size)]
				if sent < bounds[0] || sent > bounds[1] || received < bounds[0] || received > bounds[1] || measured < sent-1 {
					t.Errorf("%d bytes: %d pings sent, %d measured, %d received; want %v", size, sent, measured, received, bounds)
				}
				if got[fmt.Sprintf("rageping_invalid_messages_received_total/%d", size)] != 0 {
					t.Errorf("invalid messages: %v", got)
				}
			}
			// Nobody answers at c, which has no service.
			got = gather(t, registry, c.ID())
			if sent, timedOut := got["rageping_sent_requests_total/20"], got["rageping_timed_out_requests_total/20"]; sent < 100 || timedOut < sent-1 {
				t.Errorf("of %d pings to nobody %d timed out", sent, timedOut)
			}

			// b was registered twice, c once.
			sa.UnregisterPeers([]p2ptypes.PeerID{b.ID(), c.ID()})
			wait(time.Second)
			if got := gather(t, registry, c.ID()); a.OpenStreams() != 2 || len(got) != 0 {
				t.Errorf("%d streams are open, want 2; metrics %v", a.OpenStreams(), got)
			}
			sa.UnregisterPeers([]p2ptypes.PeerID{b.ID(), b.ID(), c.ID()}) // once too often
			wait(time.Second)
			if a.OpenStreams() != 0 {
				t.Errorf("%d streams are open, want none", a.OpenStreams())
			}
			sa.RegisterPeers([]p2ptypes.PeerID{b.ID()})
			wait(2 * time.Minute)
			if gather(t, registry, b.ID())["rageping_round_trip_latency_seconds/20"] == 0 {
				t.Error("a peer that was registered anew is not probed")
			}
			sa.Close()
			sa.Close()
			sa.RegisterPeers([]p2ptypes.PeerID{b.ID()})
			sb.Close()
			if got := gather(t, registry, b.ID()); a.OpenStreams()+b.OpenStreams() != 0 || len(got) != 0 {
				t.Errorf("after Close: %d streams, metrics %v", a.OpenStreams()+b.OpenStreams(), got)
			}
			if drops := network.Drops(); drops["limits"]+drops["length"]+drops["send"] != 0 {
				t.Errorf("messages were refused: %v", drops)
			}
		})
	}
}

// TestStreamTaken: a stream that cannot be opened is tried again.
func TestStreamTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		t.Cleanup(network.Close)
		a, b := host(t, network, 1), host(t, network, 2)
		configs := DefaultConfigs()[:1]
		taken, err := a.NewStream(b.ID(), configs[0].profile().StreamName(), 1, 1, 1, p2ptypes.TokenBucketParams{}, p2ptypes.TokenBucketParams{})
		if err != nil {
			t.Fatal(err)
		}
		registry := prometheus.NewRegistry()
		sa := NewLatencyMetricsService(a, registry, nil, configs)
		sb := NewLatencyMetricsService(b, nil, nil, configs)
		defer sa.Close()
		defer sb.Close()
		sa.RegisterPeers([]p2ptypes.PeerID{b.ID()})
		sb.RegisterPeers([]p2ptypes.PeerID{a.ID()})
		wait(3 * time.Minute)
		if got := gather(t, registry, b.ID())["rageping_sent_requests_total/20"]; got != 0 {
			t.Errorf("%d pings were sent without a stream", got)
		}
		if err := taken.Close(); err != nil {
			t.Fatal(err)
		}
		wait(3 * time.Minute)
		if got := gather(t, registry, b.ID())["rageping_round_trip_latency_seconds/20"]; got == 0 {
			t.Error("nothing was measured after the stream had become free")
		}
	})
}

func TestBadProfiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		t.Cleanup(network.Close)
		a := host(t, network, 1)
		small, twice, unsorted := DefaultConfigs()[0], DefaultConfigs()[0], DefaultConfigs()[1]
		small.PingSize = 19
		unsorted.Buckets = []float64{1, 1}
		s := NewLatencyMetricsService(a, nil, nil, []*LatencyMetricsServiceConfig{small, nil, twice, twice, unsorted})
		s.RegisterPeers([]p2ptypes.PeerID{{1}})
		wait(time.Second)
		if a.OpenStreams() != 1 {
			t.Errorf("%d streams are open, want that of the only good profile", a.OpenStreams())
		}
		s.Close()
		none := NewLatencyMetricsService(a, nil, nil, nil)
		none.RegisterPeers([]p2ptypes.PeerID{{1}})
		none.Close()
	})
}
