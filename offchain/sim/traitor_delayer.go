package sim

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Delayer sends everything, but late, some of it very late: it tries to slow the network down as much as it can without being
// left behind, and to be heard in rounds and epochs that are over.
type Delayer struct{ Obedient }

func (*Delayer) Name() string { return "delayer" }

func (*Delayer) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	late := engine.Between(h.Random, 0, 100*time.Millisecond)
	if h.Random.IntN(10) == 0 {
		late = engine.Between(h.Random, 0, 5*time.Second)
	}
	h.SendAfter(late, to, m)
}
