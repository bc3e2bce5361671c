package sim

import (
	"bytes"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Equivocator is a leader with two faces. It splits the others in two halves and runs two reports in one round: the same
// query, but two lists of observations. It collects what each half attests to, adds the signatures of all traitors, and
// sends each half its own Final. It tries to have two reports finalized for one round, which must fail when reports are to
// be unique.
type Equivocator struct {
	Obedient
	epoch uint32
	round uint8
	faces [2]face
}

// face is one of the two reports of a round.
type face struct {
	h       [32]byte
	reports map[string][]types.AttributedOnchainSignature // by report
	sent    bool
}

func (*Equivocator) Name() string { return "equivocator" }

// side tells which face an oracle sees. Traitors see the first.
func (*Equivocator) side(h *Hand, to commontypes.OracleID) int {
	if h.IsTraitor(to) {
		return 0
	}
	return int(to) % 2
}

func (t *Equivocator) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.ReportReq:
		if m.Epoch != t.epoch || m.Round != t.round {
			t.epoch, t.round = m.Epoch, m.Round
			t.faces = [2]face{t.face(m.Query, m.Observations), t.face(m.Query, otherList(h, m))}
		}
		if t.side(h, to) == 1 {
			m = &ocr2wire.ReportReq{Epoch: m.Epoch, Round: m.Round, Query: m.Query, Observations: otherList(h, m)}
		}
		h.Send(to, m)
	case *ocr2wire.Final:
		// Sent when there is a quorum for the face.
	default:
		h.Send(to, m)
	}
}

func (*Equivocator) face(query []byte, list []ocr2wire.AttributedSignedObservation) face {
	return face{h: ocr2wire.ExtraHash(query, list), reports: map[string][]types.AttributedOnchainSignature{}}
}

// otherList is the list with another observation, also signed, of a traitor; or in the opposite order, if there is none.
func otherList(h *Hand, m *ocr2wire.ReportReq) []ocr2wire.AttributedSignedObservation {
	list := slices.Clone(m.Observations)
	for i := range list {
		if h.IsTraitor(list[i].Observer) {
			list[i].SignedObservation = h.SignObservation(list[i].Observer, h.Timestamp(m.Epoch, m.Round), m.Query,
				append(bytes.Clone(list[i].Observation), 7))
			return list
		}
	}
	slices.Reverse(list)
	return list
}

func (t *Equivocator) Incoming(h *Hand, from commontypes.OracleID, m ocr2wire.Message) bool {
	report, ok := m.(*ocr2wire.Report)
	if !ok || report.Epoch != t.epoch || report.Round != t.round || report.AttestedReport.Skip || h.IsTraitor(from) {
		return true
	}
	face := &t.faces[t.side(h, from)]
	key := string(report.AttestedReport.Report)
	face.reports[key] = append(face.reports[key],
		types.AttributedOnchainSignature{Signature: report.AttestedReport.Signature, Signer: from})
	t.trySend(h, face, key)
	return true
}

func (t *Equivocator) trySend(h *Hand, face *face, report string) {
	signatures := slices.Clone(face.reports[report])
	context := types.ReportContext{ReportTimestamp: h.Timestamp(t.epoch, t.round), ExtraHash: face.h}
	for _, traitor := range h.Traitors() {
		signatures = append(signatures, types.AttributedOnchainSignature{
			Signature: h.SignReport(traitor, context, types.Report(report)), Signer: traitor,
		})
	}
	if face.sent || len(signatures) < h.Quorum() {
		return
	}
	face.sent = true
	final := &ocr2wire.Final{Epoch: t.epoch, Round: t.round, H: face.h, AttestedReport: ocr2wire.AttestedReportMany{
		Report: []byte(report), AttributedSignatures: signatures[:h.Quorum()],
	}}
	for i := range h.N() {
		if to := commontypes.OracleID(i); h.IsTraitor(to) || face == &t.faces[t.side(h, to)] {
			h.Send(to, final)
		}
	}
}
