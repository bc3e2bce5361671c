package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Selective follows the protocol towards some oracles and is silent towards the others: it tries to let only some of them
// make progress, so that they do not agree on when to leave an epoch.
type Selective struct {
	Obedient
	chosen  map[commontypes.OracleID]bool
	decided bool
}

func (*Selective) Name() string { return "selective" }

func (t *Selective) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	if !t.decided {
		t.decided, t.chosen = true, map[commontypes.OracleID]bool{}
		for i := range h.N() {
			t.chosen[commontypes.OracleID(i)] = h.Random.IntN(2) == 0
		}
	}
	if t.chosen[to] || to == h.ID() {
		h.Send(to, m)
	}
}
