package machine

import (
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// FuzzReceive feeds a machine arbitrary messages from a member of its group, and arbitrary values from the database: whatever they
// are, what it keeps verifies, and what it sends is well-formed.
func FuzzReceive(f *testing.F) {
	c := newCast(f)
	honest := c.announce("a", 3, "192.0.2.1:1")
	f.Add(reconcileOf(honest), honest.Encode())
	f.Add(announcement.EncodeAnnouncement(c.announce("self", 3, "192.0.2.9:1").Encode()), c.announce("self", 1, "198.51.100.1:6690").Encode())
	f.Add([]byte{0x1a, 0}, []byte{})
	c.key("b") // keys are made here
	f.Fuzz(func(t *testing.T, message, stored []byte) {
		m, err := New(Config{
			Self: c.id("self"), OwnAddresses: []p2ptypes.Address{"198.51.100.1:6690"}, DeltaReconcile: time.Minute, HasDatabase: true, Sign: c.key("self").Sign,
		})
		if err != nil {
			t.Fatal(err)
		}
		m.Start(0)
		peers := []p2ptypes.PeerID{c.id("self"), c.id("a"), c.id("b")}
		if err := m.AddGroup(0, digestOf(1), peers, nil); err != nil {
			t.Fatal(err)
		}
		m.Loaded(0, peers, map[string][]byte{peers[0].String(): stored, peers[1].String(): stored})
		m.Receive(0, peers[1], message)
		m.Receive(0, peers[2], message)
		m.Tick(time.Second)
		m.Tick(10 * time.Second)
		for _, p := range m.peers {
			if p.best != nil && (p.best.CheckWellFormed() != nil || p.best.VerifySignature() != nil) {
				t.Errorf("kept %v", p.best)
			}
		}
		for _, e := range m.Effects() {
			if send, ok := e.(Send); ok {
				if sent, err := announcement.DecodeMessage(send.Message); err != nil || sent.CheckWellFormed() != nil {
					t.Errorf("sent %x", send.Message)
				}
			}
		}
	})
}
