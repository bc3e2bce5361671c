package linksim

import (
	"fmt"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

var protocols = []wire.Protocol{wire.P1, wire.P2}

// seeds is how many runs each situation gets.
const seeds = 3

// forSeeds runs a situation several times, with both protocols.
func forSeeds(t *testing.T, run func(t *testing.T, o Options)) {
	for _, protocol := range protocols {
		for seed := range uint64(seeds) {
			t.Run(fmt.Sprintf("%v-%d", protocol, seed), func(t *testing.T) { run(t, Options{Seed: seed, Protocol: protocol, Peers: 5}) })
		}
	}
}

// check fails the test if something was not as it must be.
func check(t *testing.T, s *Sim) {
	t.Helper()
	if s.Violation != nil {
		t.Fatal(s.Violation)
	}
}

// heals checks that a sound network becomes connected, and stays so, and that messages flow.
func heals(t *testing.T, s *Sim) {
	t.Helper()
	check(t, s)
	// Half-open connections are noticed; then the dials.
	s.Run(userTimeout + 6*s.DeltaDial)
	check(t, s)
	if pairs := s.Unconnected(); len(pairs) > 0 {
		t.Fatalf("after %v these are not connected: %v", s.Now(), pairs)
	}
	established, delivered := s.Established, s.Delivered
	s.Run(time.Minute)
	check(t, s)
	if pairs := s.Unconnected(); len(pairs) > 0 {
		t.Fatalf("these lose their connection: %v", pairs)
	}
	liars := false
	for _, k := range s.Kinds {
		liars = liars || k == Liar
	}
	if s.Established != established && !liars {
		t.Fatalf("%d connections are established in a sound network", s.Established-established)
	}
	if s.Delivered == delivered {
		t.Fatal("no messages flow")
	}
}

// All start at the same moment and dial each other: no connection is made twice.
func TestSimultaneousDials(t *testing.T) {
	forSeeds(t, func(t *testing.T, o Options) {
		s := New(o)
		s.Run(2 * time.Second)
		check(t, s)
		if pairs := s.Unconnected(); len(pairs) > 0 {
			t.Errorf("these are not connected at once: %v", pairs)
		}
		// Each connection is established once on either side.
		if want := o.Peers * (o.Peers - 1); s.Established != want {
			t.Errorf("connections are established %d times, want %d", s.Established, want)
		}
		heals(t, s)
	})
}

// Peers of another make, which do nothing against crossing connections, are connected all the same.
func TestAmongPlainPeers(t *testing.T) {
	forSeeds(t, func(t *testing.T, o Options) {
		o.Kinds = map[int]Kind{0: Plain, 1: Plain}
		heals(t, New(o))
	})
}

func TestReconnectStorm(t *testing.T) {
	forSeeds(t, func(t *testing.T, o Options) {
		s := New(o)
		for range 20 {
			s.Run(3 * time.Second)
			s.BreakAll(0.7)
		}
		if s.Established <= o.Peers*(o.Peers-1) {
			t.Error("nothing was broken")
		}
		heals(t, s)
	})
}

func TestHalfOpenConnections(t *testing.T) {
	forSeeds(t, func(t *testing.T, o Options) {
		s := New(o)
		for range 5 {
			s.Run(20 * time.Second)
			s.CutAll(0.5)
		}
		heals(t, s)
	})
}

func TestRestarts(t *testing.T) {
	forSeeds(t, func(t *testing.T, o Options) {
		s := New(o)
		for i := range 20 {
			s.Run(2500 * time.Millisecond)
			s.Restart(i % o.Peers)
		}
		heals(t, s)
	})
}

func TestSlowReaders(t *testing.T) {
	forSeeds(t, func(t *testing.T, o Options) {
		o.Interval = 100 * time.Millisecond
		s := New(o)
		for i := range 10 {
			s.Run(5 * time.Second)
			s.SlowDown(i%o.Peers, time.Duration(i)*2*time.Second)
		}
		heals(t, s)
	})
}

// Peers that lie do not hurt those that are honest.
func TestLiars(t *testing.T) {
	forSeeds(t, func(t *testing.T, o Options) {
		o.Kinds = map[int]Kind{1: Liar, 3: Liar}
		s := New(o)
		s.Run(time.Minute)
		if s.Dropped == 0 {
			t.Error("nothing was dropped")
		}
		heals(t, s)
	})
}

// All at once.
func TestEverything(t *testing.T) {
	forSeeds(t, func(t *testing.T, o Options) {
		o.Peers = 6
		o.Kinds = map[int]Kind{1: Liar, 2: Plain}
		s := New(o)
		for i := range 20 {
			s.Run(5 * time.Second)
			switch i % 4 {
			case 0:
				s.BreakAll(0.3)
			case 1:
				s.CutAll(0.2)
			case 2:
				s.Restart(i % o.Peers)
			case 3:
				s.SlowDown(i%o.Peers, 8*time.Second)
			}
		}
		heals(t, s)
	})
}

// A run is determined by its options.
func TestReplay(t *testing.T) {
	run := func(seed uint64) (uint64, int) {
		s := New(Options{Seed: seed, Peers: 4, Protocol: wire.P2, Kinds: map[int]Kind{1: Liar}})
		s.Run(10 * time.Second)
		s.BreakAll(0.5)
		s.Run(20 * time.Second)
		check(t, s)
		return s.Hash(), s.Responses
	}
	first, responses := run(1)
	if again, _ := run(1); again != first {
		t.Error("the same run differs")
	}
	if other, _ := run(2); other == first {
		t.Error("another seed makes no difference")
	}
	if responses == 0 {
		t.Error("no request was answered")
	}
}
