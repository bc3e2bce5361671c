package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Fickle behaves like one traitor for a while and then like another: it tries to combine what each of them achieves.
type Fickle struct {
	Faces []Traitor
	now   int
}

// Name is that of the traitor whose turn it is.
func (t *Fickle) Name() string { return "fickle, now " + t.Faces[t.now].Name() }

// Outgoing is that of the traitor whose turn it is.
func (t *Fickle) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	t.Faces[t.now].Outgoing(h, to, m)
}

// Incoming shows all of them what arrives.
func (t *Fickle) Incoming(h *Hand, from commontypes.OracleID, m ocr2wire.Message) bool {
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
