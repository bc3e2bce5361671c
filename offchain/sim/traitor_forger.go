package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Forger makes up signatures of honest oracles: in lists of observations when it leads, in echoes of reports that nobody
// made, and in transmissions. It also reuses its own signature under other names and other oracles' signatures for other
// content. It tries to have something accepted that no honest oracle has seen.
type Forger struct {
	Obedient
	forgery engine.Forgery
}

func (*Forger) Name() string { return "forger" }

func (t *Forger) Incoming(_ *Hand, _ commontypes.OracleID, m ocr2wire.Message) bool {
	switch m := m.(type) {
	case *ocr2wire.Report:
		t.forgery.Remember(m.AttestedReport.Signature)
	case *ocr2wire.FinalEcho:
		for _, s := range m.Final.AttestedReport.AttributedSignatures {
			t.forgery.Remember(s.Signature)
		}
	}
	return true
}

// forged is something that looks like a signature.
func (t *Forger) forged(h *Hand) []byte {
	return t.forgery.Signature(h.Random, func() []byte { return h.RandomBytes(h.node.sim.keys.maxSignatureLength()) })
}

func (t *Forger) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	req, ok := m.(*ocr2wire.ReportReq)
	if !ok || to == h.ID() {
		h.Send(to, m)
		return
	}
	lie := &ocr2wire.ReportReq{Epoch: req.Epoch, Round: req.Round, Query: req.Query}
	for i := range h.N() {
		lie.Observations = append(lie.Observations, ocr2wire.AttributedSignedObservation{
			SignedObservation: ocr2wire.SignedObservation{Observation: []byte("made up"), Signature: t.forged(h)},
			Observer:          commontypes.OracleID(i),
		})
	}
	h.Send(to, lie)
	h.Send(to, m)
}

func (t *Forger) Tick(h *Hand) {
	epoch, round := h.Epoch(), 1+uint8(h.Random.IntN(int(h.RMax())))
	final := ocr2wire.Final{Epoch: epoch, Round: round, H: [32]byte{byte(h.Random.Uint32())}}
	final.AttestedReport.Report = []byte("made up")
	context := types.ReportContext{ReportTimestamp: h.Timestamp(epoch, round), ExtraHash: final.H}
	for i := range h.Quorum() {
		signer := commontypes.OracleID((int(h.ID()) + i) % h.N())
		signature := t.forged(h)
		if h.IsTraitor(signer) {
			signature = h.SignReport(signer, context, final.AttestedReport.Report)
		}
		final.AttestedReport.AttributedSignatures = append(final.AttestedReport.AttributedSignatures,
			types.AttributedOnchainSignature{Signature: signature, Signer: signer})
	}
	h.Broadcast(&ocr2wire.FinalEcho{Final: final})
	h.Transmit(context, final.AttestedReport.Report, final.AttestedReport.AttributedSignatures)

	// What all traitors can sign together, with one of them twice, or one too few.
	signatures := make([]types.AttributedOnchainSignature, 0, h.Quorum())
	for _, traitor := range h.Traitors() {
		signatures = append(signatures, types.AttributedOnchainSignature{
			Signature: h.SignReport(traitor, context, final.AttestedReport.Report), Signer: traitor,
		})
	}
	few := final
	few.AttestedReport.AttributedSignatures = signatures
	h.Broadcast(&ocr2wire.FinalEcho{Final: few})
	h.Transmit(context, few.AttestedReport.Report, signatures)
	for len(signatures) < h.Quorum() {
		signatures = append(signatures, signatures[0])
	}
	few.AttestedReport.AttributedSignatures = signatures
	h.Broadcast(&ocr2wire.FinalEcho{Final: few})
	h.Transmit(context, few.AttestedReport.Report, signatures)
}
