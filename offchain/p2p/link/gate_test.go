package link

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

func gateConfig() GateConfig {
	return GateConfig{
		MaxWaiting: 5, MaxWaitingPerSource: 3, MaxHandshakes: 4, MaxHandshakesPerPeer: 2, MaxSources: 4,
		ArrivalsPerSource: p2ptypes.TokenBucketParams{Rate: 1, Capacity: 10},
		HandshakesPerPeer: p2ptypes.TokenBucketParams{Rate: 1, Capacity: 3},
	}
}

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

// The oldest connection of a source gives way first, then the oldest of all.
func TestGateEvicts(t *testing.T) {
	g := NewGate(gateConfig())
	arrive := func(source, tag string, want ...string) *Ticket {
		t.Helper()
		ticket, evicted := g.Arrive(0, addr(source), tag)
		var got []string
		for _, e := range evicted {
			got = append(got, e.Tag.(string))
			if g.Read(e) {
				t.Error("a connection that has given way goes on")
			}
			g.Leave(0, e, false)
		}
		if ticket == nil || !slices.Equal(got, want) {
			t.Fatalf("%s makes %v give way, want %v", tag, got, want)
		}
		return ticket
	}
	arrive("10.0.0.1", "a1")
	a2 := arrive("10.0.0.1", "a2")
	arrive("10.0.0.1", "a3")
	arrive("::ffff:10.0.0.1", "a4", "a1")
	arrive("10.0.0.2", "b1")
	if !g.Read(a2) {
		t.Error("a2 has given way")
	}
	arrive("2001:db8::1", "c1")
	arrive("2001:db8::2", "c2")
	arrive("2001:db8::3", "c3", "a3")
	arrive("2001:db8::4", "c4", "c1")
	if g.Waiting() != 5 {
		t.Errorf("%d connections wait", g.Waiting())
	}
}

func TestGateLimitsArrivals(t *testing.T) {
	g := NewGate(gateConfig())
	admitted := 0
	for range 20 {
		if ticket, _ := g.Arrive(0, addr("10.0.0.1"), nil); ticket != nil {
			admitted++
			g.Leave(0, ticket, false)
		}
	}
	if admitted != 10 {
		t.Errorf("%d connections are admitted, want 10", admitted)
	}
	if ticket, _ := g.Arrive(0, addr("10.0.0.2"), nil); ticket == nil {
		t.Error("another source is refused")
	}
	if ticket, _ := g.Arrive(time.Second, addr("10.0.0.1"), nil); ticket == nil {
		t.Error("refused after a second")
	}
	for i := range 100 {
		ticket, _ := g.Arrive(0, netip.AddrFrom4([4]byte{10, 1, 0, byte(i)}), nil)
		g.Leave(0, ticket, false)
	}
	if len(g.sources) > 4 || g.byUse.Len() != len(g.sources) {
		t.Errorf("%d sources are remembered", len(g.sources))
	}
}

// Knocks from elsewhere do not keep a peer out at an address where it was authenticated before.
func TestGateKnownSources(t *testing.T) {
	g := NewGate(gateConfig())
	peer := p2ptypes.PeerID{1}
	knock := func(source string, authenticated bool) (bool, string) {
		ticket, _ := g.Arrive(0, addr(source), nil)
		g.Read(ticket)
		ok, why := g.Knocked(0, ticket, peer)
		g.Leave(0, ticket, authenticated && ok)
		return ok, why
	}
	if ok, why := knock("10.0.0.1", true); !ok {
		t.Fatal(why)
	}
	for i := range 6 {
		ok, why := knock("10.6.6.6", false)
		if want := i < 2; ok != want {
			t.Errorf("replay %d: %v, %s", i, ok, why)
		}
	}
	for range 3 {
		if ok, why := knock("10.0.0.1", true); !ok {
			t.Errorf("the peer itself is refused: %s", why)
		}
	}
	if ok, _ := knock("10.0.0.1", true); ok {
		t.Error("known sources have no limit")
	}
	for i := range 10 {
		g.peers[peer].elsewhere.bucket.Add(1)
		if ok, why := knock(netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}).String(), true); !ok {
			t.Fatal(why)
		}
	}
	if n := len(g.peers[peer].known); n != maxKnownSources {
		t.Errorf("%d sources of the peer are remembered", n)
	}
	g.Forget(peer)
	if len(g.peers) != 0 {
		t.Error("peer is not forgotten")
	}
}

// Whatever happens, nothing exceeds its bound, and nothing is left when everybody has gone.
func TestGateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := gateConfig()
		g := NewGate(config)
		var here []*Ticket
		shaking := map[p2ptypes.PeerID]int{}
		of := map[*Ticket]p2ptypes.PeerID{}
		now := time.Duration(0)
		leave := func(i int, authenticated bool) {
			ticket := here[i]
			g.Leave(now, ticket, authenticated)
			if peer, ok := of[ticket]; ok {
				shaking[peer]--
				delete(of, ticket)
			}
			here = slices.Delete(here, i, i+1)
		}
		t.Repeat(map[string]func(*rapid.T){
			"arrive": func(t *rapid.T) {
				ticket, evicted := g.Arrive(now, netip.AddrFrom4([4]byte{10, 0, 0, rapid.ByteRange(0, 6).Draw(t, "source")}), nil)
				if ticket != nil {
					here = append(here, ticket)
				}
				for _, e := range evicted {
					leave(slices.Index(here, e), false)
				}
			},
			"knock": func(t *rapid.T) {
				if len(here) == 0 {
					return
				}
				ticket := here[rapid.IntRange(0, len(here)-1).Draw(t, "ticket")]
				if _, ok := of[ticket]; ok || !g.Read(ticket) {
					return
				}
				peer := p2ptypes.PeerID{rapid.ByteRange(0, 2).Draw(t, "peer")}
				if ok, _ := g.Knocked(now, ticket, peer); ok {
					of[ticket] = peer
					shaking[peer]++
				}
			},
			"leave": func(t *rapid.T) {
				if len(here) > 0 {
					leave(rapid.IntRange(0, len(here)-1).Draw(t, "ticket"), rapid.Bool().Draw(t, "authenticated"))
				}
			},
			"forget": func(t *rapid.T) { g.Forget(p2ptypes.PeerID{rapid.ByteRange(0, 2).Draw(t, "peer")}) },
			"wait":   func(t *rapid.T) { now += time.Duration(rapid.IntRange(0, 5).Draw(t, "seconds")) * time.Second },
			"": func(t *rapid.T) {
				if g.Waiting() > config.MaxWaiting || g.Handshakes() > config.MaxHandshakes || g.Handshakes() != len(of) {
					t.Fatalf("%d wait, %d shake hands, want %d", g.Waiting(), g.Handshakes(), len(of))
				}
				for _, s := range g.sources {
					if s.waiting.Len() > config.MaxWaitingPerSource {
						t.Fatalf("%d of %v wait", s.waiting.Len(), s.addr)
					}
				}
				if len(g.sources) > config.MaxSources+config.MaxWaiting {
					t.Fatalf("%d sources", len(g.sources))
				}
			},
		})
		for len(here) > 0 {
			leave(0, false)
		}
		if g.Waiting() != 0 || g.Handshakes() != 0 {
			t.Fatalf("%d wait and %d shake hands when everybody has gone", g.Waiting(), g.Handshakes())
		}
	})
}
