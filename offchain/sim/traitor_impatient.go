package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Impatient sends messages before their time and out of order: reports before they are asked for, a Final before there are
// attestations, one with too few or too many, a ReportReq with too few observations, rounds left out and gone back to. It
// tries to make the others skip a step.
type Impatient struct{ Obedient }

func (*Impatient) Name() string { return "impatient" }

func (*Impatient) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.ObserveReq:
		h.Send(to, &ocr2wire.Final{Epoch: m.Epoch, Round: m.Round})
		h.Send(to, &ocr2wire.ReportReq{Epoch: m.Epoch, Round: m.Round, Query: m.Query})
		h.Send(to, m)
		if m.Round > 1 {
			h.Send(to, &ocr2wire.ObserveReq{Epoch: m.Epoch, Round: m.Round - 1, Query: m.Query})
		}
	case *ocr2wire.ReportReq:
		short, twice := *m, *m
		short.Observations = m.Observations[:2*h.F()]
		twice.Observations = append(append([]ocr2wire.AttributedSignedObservation(nil), m.Observations...), m.Observations[0])
		h.Send(to, &short)
		h.Send(to, &twice)
		h.Send(to, m)
		h.Send(to, m)
	case *ocr2wire.Final:
		few, many := *m, *m
		signatures := m.AttestedReport.AttributedSignatures
		few.AttestedReport.AttributedSignatures = signatures[:len(signatures)-1]
		many.AttestedReport.AttributedSignatures = append(append([]types.AttributedOnchainSignature(nil), signatures...), signatures[0])
		h.Send(to, &few)
		h.Send(to, &many)
		h.Send(to, m)
	case *ocr2wire.Observe:
		h.Send(to, &ocr2wire.Report{Epoch: m.Epoch, Round: m.Round, AttestedReport: ocr2wire.AttestedReportOne{Skip: true}})
		h.Send(to, m)
	default:
		h.Send(to, m)
	}
}

// Tick pretends to lead.
func (*Impatient) Tick(h *Hand) {
	h.Broadcast(&ocr2wire.ObserveReq{Epoch: h.Epoch(), Round: 1 + uint8(h.Random.IntN(int(h.RMax())+1))})
	h.Broadcast(&ocr2wire.Final{Epoch: h.Epoch(), Round: 1})
}
