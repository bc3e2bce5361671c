package ocr1

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// The leader's part of report generation: a new round begins every DeltaRound, whatever became of the one before.
//
// Source: docs/protocol/ocr1.md, "Report generation (leader)".

// RoundDue begins a round.
func (g *generation) RoundDue() {
	if g.Leader.Begin() {
		g.Leader.Announced()
		g.Emit(Broadcast{Message: &ocr1wire.ObserveReq{Epoch: g.Epoch, Round: g.Leader.Round}})
	}
}

// Collect handles the messages to the leader.
func (g *generation) Collect(from commontypes.OracleID, m ocr1wire.Message) {
	switch m := m.(type) {
	case *ocr1wire.Observe:
		g.TakeObserve(from, m.Round, m.SignedObservation)
	case *ocr1wire.Report:
		if !g.Leader.TakesReport(from, m.Round) {
			return
		}
		if from == g.cfg.OracleID && g.Reported.Is(m.Round, m.AttestedReport, sameAttested) {
			g.Leader.Reports.Add(from, m.AttestedReport)
			return
		}
		report, err := g.onchainReport(g.Leader.Current(), m.AttestedReport.Observations)
		if err != nil {
			g.Drop(from, m.Kind(), rounds.DropBadSignature)
			return
		}
		g.Leader.Reports.Verify(from, m.AttestedReport, kernel.SignatureCheck{
			Kind: kernel.OnchainSignature, Signer: from, Signature: m.AttestedReport.Signature, Report: report,
		})
	}
}

// RequestReports asks for reports of the observations, sorted.
func (g *generation) RequestReports() {
	list := make([]ocr1wire.AttributedSignedObservation, 0, g.Leader.Observations.Count())
	for observer, o := range g.Leader.Observations.All() {
		list = append(list, ocr1wire.AttributedSignedObservation{SignedObservation: o, Observer: observer})
	}
	slices.SortStableFunc(list, byValue)
	g.Emit(Broadcast{Message: &ocr1wire.ReportReq{Epoch: g.Epoch, Round: g.Leader.Round, Observations: list}})
}

// Count counts a valid report, and ends the round when more than f oracles agree: one of them is honest.
func (g *generation) Count(from commontypes.OracleID) {
	agreeing := g.Leader.Agreeing(from, sameReport, g.cfg.F+1)
	if agreeing == nil {
		return
	}
	r, _ := g.Leader.Reports.Get(from)
	final := &ocr1wire.Final{Epoch: g.Epoch, Round: g.Leader.Round}
	final.AttestedReport.Observations = r.Observations
	for _, signer := range agreeing {
		signed, _ := g.Leader.Reports.Get(signer)
		final.AttestedReport.Signatures = append(final.AttestedReport.Signatures, signed.Signature)
	}
	g.valid.Add(finalHash(final)) // each of its signatures was verified
	g.Emit(Broadcast{Message: final})
	g.Leader.Finish()
}
