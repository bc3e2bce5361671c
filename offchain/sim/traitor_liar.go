package sim

import (
	"bytes"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Liar is a follower that equivocates: it sends several observations of one round, all signed, the first of them empty or
// absurd, and several reports. It tries to be counted twice, and to make plugins fail on what it observed.
type Liar struct {
	Obedient
	query []byte // of the latest round
}

func (*Liar) Name() string { return "liar" }

func (t *Liar) Incoming(_ *Hand, _ commontypes.OracleID, m ocr2wire.Message) bool {
	if req, ok := m.(*ocr2wire.ObserveReq); ok {
		t.query = req.Query
	}
	return true
}

func (t *Liar) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.Observe:
		lies := [][]byte{nil, bytes.Repeat([]byte{0xff}, len(m.SignedObservation.Observation)), m.SignedObservation.Observation}
		h.Random.Shuffle(len(lies), func(i, j int) { lies[i], lies[j] = lies[j], lies[i] })
		for _, lie := range lies {
			signed := h.SignObservation(h.ID(), h.Timestamp(m.Epoch, m.Round), t.query, lie)
			h.Send(to, &ocr2wire.Observe{Epoch: m.Epoch, Round: m.Round, SignedObservation: signed})
		}
	case *ocr2wire.Report:
		context := types.ReportContext{ReportTimestamp: h.Timestamp(m.Epoch, m.Round)}
		lie := append(bytes.Clone(m.AttestedReport.Report), 1)
		h.Send(to, &ocr2wire.Report{Epoch: m.Epoch, Round: m.Round, AttestedReport: ocr2wire.AttestedReportOne{
			Report: lie, Signature: h.SignReport(h.ID(), context, lie),
		}})
		h.Send(to, &ocr2wire.Report{Epoch: m.Epoch, Round: m.Round, AttestedReport: ocr2wire.AttestedReportOne{Skip: true}})
		h.Send(to, m)
		h.Send(to, m)
	default:
		h.Send(to, m)
	}
}
