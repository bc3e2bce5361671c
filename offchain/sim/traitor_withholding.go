package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Withholding does all the work of a round but keeps its outcome back: as a leader it sends Final to one oracle only, as a
// follower it sends no Report. It tries to make oracles differ in what they have finalized.
type Withholding struct{ Obedient }

func (*Withholding) Name() string { return "withholding" }

func (*Withholding) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.Final:
		if int(to) != int(m.Round)%h.N() {
			return
		}
	case *ocr2wire.Report, *ocr2wire.FinalEcho:
		if to != h.ID() {
			return
		}
	}
	h.Send(to, m)
}
