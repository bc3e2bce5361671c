package ocr3sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// Silent sends nothing at all: it tries to stop the network by not being there, above all in the epochs that it leads.
type Silent struct{ Obedient }

func (*Silent) Name() string { return "silent" }

func (*Silent) Outgoing(*Hand, commontypes.OracleID, ocr3wire.Message) {}

// Selective follows the protocol towards some oracles and is silent towards the others: it tries to let only some of them
// make progress, so that they do not agree on when to leave an epoch.
type Selective struct {
	Obedient
	chosen map[commontypes.OracleID]bool
}

func (*Selective) Name() string { return "selective" }

func (t *Selective) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	if t.chosen == nil {
		t.chosen = map[commontypes.OracleID]bool{}
		for i := range h.N() {
			t.chosen[commontypes.OracleID(i)] = h.Random.IntN(2) == 0
		}
	}
	if t.chosen[to] || to == h.ID() {
		h.Send(to, m)
	}
}

// Fickle behaves like one traitor for a while and then like another: it tries to combine what each of them achieves.
type Fickle struct {
	Faces []Traitor
	now   int
}

// Name is that of the traitor whose turn it is.
func (t *Fickle) Name() string { return "fickle, now " + t.Faces[t.now].Name() }

// Outgoing is that of the traitor whose turn it is.
func (t *Fickle) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	t.Faces[t.now].Outgoing(h, to, m)
}

// Incoming shows all of them what arrives.
func (t *Fickle) Incoming(h *Hand, from commontypes.OracleID, m ocr3wire.Message) bool {
	pass := true
	for i, face := range t.Faces {
		if !face.Incoming(h, from, m) && i == t.now {
			pass = false
		}
	}
	return pass
}

// Tick now and then gives the turn to another.
func (t *Fickle) Tick(h *Hand) {
	if h.Random.IntN(4) == 0 {
		t.now = h.Random.IntN(len(t.Faces))
	}
	t.Faces[t.now].Tick(h)
}
