package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Replayer sends again what it has seen, honest oracles' words included: old messages as they were, and old signatures,
// observations and reports in messages of the current round and epoch. It tries to have something counted for a round for
// which it was not meant.
type Replayer struct {
	Obedient
	seen []ocr2wire.Message // the latest few
}

const replayerRemembers = 64

func (*Replayer) Name() string { return "replayer" }

func (t *Replayer) Incoming(h *Hand, _ commontypes.OracleID, m ocr2wire.Message) bool {
	if len(t.seen) < replayerRemembers {
		t.seen = append(t.seen, m)
	} else {
		t.seen[h.Random.IntN(len(t.seen))] = m
	}
	return true
}

func (t *Replayer) Tick(h *Hand) {
	if len(t.seen) == 0 {
		return
	}
	for i := range h.N() {
		m := t.seen[h.Random.IntN(len(t.seen))]
		if h.Random.IntN(2) == 0 {
			m = moved(m, h.Epoch(), uint8(h.Random.IntN(int(h.RMax())+2)))
		}
		h.Send(commontypes.OracleID(i), m)
	}
	if echo, ok := t.seen[h.Random.IntN(len(t.seen))].(*ocr2wire.FinalEcho); ok {
		f := &echo.Final
		h.Transmit(types.ReportContext{ReportTimestamp: h.Timestamp(h.Epoch()+1, 1), ExtraHash: f.H},
			f.AttestedReport.Report, f.AttestedReport.AttributedSignatures)
	}
}

// moved returns a message as if it were of another round.
func moved(m ocr2wire.Message, epoch uint32, round uint8) ocr2wire.Message {
	switch m := m.(type) {
	case *ocr2wire.ObserveReq:
		c := *m
		c.Epoch, c.Round = epoch, round
		return &c
	case *ocr2wire.Observe:
		c := *m
		c.Epoch, c.Round = epoch, round
		return &c
	case *ocr2wire.ReportReq:
		c := *m
		c.Epoch, c.Round = epoch, round
		return &c
	case *ocr2wire.Report:
		c := *m
		c.Epoch, c.Round = epoch, round
		return &c
	case *ocr2wire.Final:
		c := *m
		c.Epoch, c.Round = epoch, round
		return &c
	case *ocr2wire.FinalEcho:
		c := *m
		c.Final.Epoch, c.Final.Round = epoch, round
		return &c
	}
	return m
}
