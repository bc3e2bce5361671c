package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// benchMachine is a machine with 100 groups of the same 31 oracles, all of which it has found, and what each of them would say.
func benchMachine(b *testing.B) (m *Machine, peers []p2ptypes.PeerID, all []announcement.Announcement) {
	c := newCast(b)
	m, err := New(Config{Self: c.id("self"), OwnAddresses: []p2ptypes.Address{"198.51.100.1:6690"}, DeltaReconcile: time.Minute, Sign: c.key("self").Sign})
	if err != nil {
		b.Fatal(err)
	}
	peers = append(peers, c.id("self"))
	for i := range 30 {
		name := fmt.Sprintf("o%d", i)
		peers = append(peers, c.id(name))
		all = append(all, c.announce(name, 7, p2ptypes.Address(fmt.Sprintf("192.0.2.%d:6690", i)), p2ptypes.Address(fmt.Sprintf("10.0.0.%d:6690", i))))
	}
	for i := range 100 {
		if err := m.AddGroup(0, digestOf(i), peers, nil); err != nil {
			b.Fatal(err)
		}
	}
	m.Receive(0, peers[1], reconcileOf(all...))
	m.Effects()
	return m, peers, all
}

// BenchmarkReceiveKnown: a reconcile of 31 oracles that has nothing new, which is what comes in nearly always.
func BenchmarkReceiveKnown(b *testing.B) {
	m, peers, all := benchMachine(b)
	message := reconcileOf(append(all, m.self.best.Announcement)...)
	b.ReportAllocs()
	for b.Loop() {
		m.Receive(0, peers[1], message)
	}
	if m.counters.Verifications != 30 {
		b.Errorf("%d signatures were checked", m.counters.Verifications)
	}
}

// BenchmarkReceiveNews: the same, all of it new.
func BenchmarkReceiveNews(b *testing.B) {
	m, peers, all := benchMachine(b)
	message := reconcileOf(all...)
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range m.peers {
			if p != m.self {
				p.best = nil
			}
		}
		m.Receive(0, peers[1], message)
		m.Effects()
	}
}

// BenchmarkReconcile: what goes out each DeltaReconcile to 30 peers in 100 groups.
func BenchmarkReconcile(b *testing.B) {
	m, _, _ := benchMachine(b)
	now := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		now += time.Minute
		m.reconcile(now)
		m.Effects()
	}
}
