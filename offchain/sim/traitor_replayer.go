package sim

import (
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Replayer sends again what it has seen, honest oracles' words included: old messages as they were, and old signatures,
// observations and reports in messages of the current round and epoch. It tries to have something counted for a round for
// which it was not meant.
type Replayer struct {
	engine.Replays[*Hand, ocr2wire.Message]
}

// Tick sends what was heard, and a report to the contract as if it were of a later round.
func (t *Replayer) Tick(h *Hand) {
	t.Replay(&h.Hand.Hand, func(m ocr2wire.Message) ocr2wire.Message {
		round := uint8(h.Random.IntN(int(h.RMax()) + 2))
		return roundsim.Moved(m, h.Epoch(), round)
	})
	if len(t.Seen) == 0 {
		return
	}
	if echo, ok := t.Seen[h.Random.IntN(len(t.Seen))].(*ocr2wire.FinalEcho); ok {
		f := &echo.Final
		h.Transmit(types.ReportContext{ReportTimestamp: h.Timestamp(h.Epoch()+1, 1), ExtraHash: f.H},
			f.AttestedReport.Report, f.AttestedReport.AttributedSignatures)
	}
}
