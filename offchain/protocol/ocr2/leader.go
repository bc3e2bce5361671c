package ocr2

import (
	"bytes"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// leading is what the leader's part of report generation has in OCR2 besides what it has in OCR1: a round begins when
// DeltaRound has passed since the one before began and that one is done, with a query of the plugin's.
//
// Source: docs/protocol/ocr2.md, "Report generation (leader)".
type leading struct {
	query types.Query
	h     [32]byte // extra hash of the list in ReportReq

	// A new round takes both: DeltaRound is over, and the current round is done.
	over, done bool
	// queryFailed: the round is done because it never began.
	queryFailed bool
	queryCall   kernel.CallID // 0 if the plugin is not being asked
}

// RoundDue begins a new round if the current round is done, or once it is.
func (g *reportGeneration) RoundDue() {
	g.leading.over = true
	g.tryStart()
}

// tryStart begins a new round if DeltaRound is over and the current round is done.
func (g *reportGeneration) tryStart() {
	l := &g.leading
	if !l.over || !l.done || !g.Leader.Begin() {
		return
	}
	l.over, l.done, l.queryFailed = false, false, false
	l.queryCall = kernel.Call(&g.Desk, g.queryDone)
	g.Emit(CallQuery{l.queryCall, g.timestamp(g.Leader.Current()), g.cfg.MaxDurationQuery})
}

// queryDone handles the plugin's query.
func (g *reportGeneration) queryDone(ev QueryDone) {
	l, round := &g.leading, g.Leader.Round
	l.queryCall = 0
	if ev.Err != nil {
		g.Log(kernel.LogError, "the plugin's Query failed; there is nothing in this round",
			"epoch", g.Epoch, "round", round, "error", ev.Err)
		if round <= g.cfg.RMax {
			l.queryFailed, l.done = true, true
			g.tryStart()
			return
		}
		// What follows the last round carries no query that matters, and must not be left out.
		ev.Query = nil
	}
	l.query, l.h = ev.Query, [32]byte{}
	g.Leader.Announced()
	g.Emit(Broadcast{Message: &ocr2wire.ObserveReq{Epoch: g.Epoch, Round: round, Query: l.query}})
}

// Collect handles the messages to the leader.
func (g *reportGeneration) Collect(from commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.Observe:
		g.TakeObserve(from, m.Round, observation{g.leading.query, m.SignedObservation})
	case *ocr2wire.Report:
		if !g.Leader.TakesReport(from, m.Round) {
			return
		}
		r := report{g.leading.h, m.AttestedReport}
		switch {
		case r.attested.Skip && !checkSkip(&m.AttestedReport):
			g.Drop(from, m.Kind(), dropSkipWithContent)
		case r.attested.Skip || from == g.cfg.OracleID && g.Reported.Is(m.Round, r, sameAttested):
			g.Leader.Reports.Add(from, r)
		default:
			g.Leader.Reports.Verify(from, r, g.reportSignature(g.Leader.Current(), r.h, &m.AttestedReport, from))
		}
	}
}

// RequestReports asks for reports of the observations.
func (g *reportGeneration) RequestReports() {
	l := &g.leading
	list := make([]ocr2wire.AttributedSignedObservation, 0, g.Leader.Observations.Count())
	for observer, o := range g.Leader.Observations.All() {
		list = append(list, ocr2wire.AttributedSignedObservation{SignedObservation: o.signed, Observer: observer})
	}
	g.Emit(Broadcast{Message: &ocr2wire.ReportReq{Epoch: g.Epoch, Round: g.Leader.Round, Query: l.query, Observations: list}})
	l.h = ocr2wire.ExtraHash(l.query, list)
}

// sameReport tells whether two reports count as one.
func sameReport(a, b report) bool {
	return a.attested.Skip == b.attested.Skip && bytes.Equal(a.attested.Report, b.attested.Report)
}

// sameAttested tells whether two reports are the same, with context and signature.
func sameAttested(a, b report) bool {
	return a.h == b.h && sameReport(a, b) && bytes.Equal(a.attested.Signature, b.attested.Signature)
}

// Count counts a valid report, and ends the round when a quorum agrees.
func (g *reportGeneration) Count(from commontypes.OracleID) {
	r, _ := g.Leader.Reports.Get(from)
	for _, other := range g.Leader.Reports.All() {
		if !r.attested.Skip && !other.attested.Skip && !sameReport(r, other) {
			g.Log(kernel.LogWarn, "oracles made different reports of the same observations", "epoch", g.Epoch, "round", g.Leader.Round)
			break
		}
	}
	agreeing := g.Leader.Agreeing(from, sameReport, g.cfg.ReportQuorum)
	if agreeing == nil {
		return
	}
	if !r.attested.Skip {
		g.broadcastFinal(r.attested.Report, agreeing)
	}
	g.Leader.Finish()
	g.leading.done = true
	g.tryStart()
}

// broadcastFinal sends the report of a quorum with its signatures.
func (g *reportGeneration) broadcastFinal(report types.Report, signers []commontypes.OracleID) {
	final := &ocr2wire.Final{Epoch: g.Epoch, Round: g.Leader.Round, H: g.leading.h}
	final.AttestedReport.Report = report
	final.AttestedReport.AttributedSignatures = make([]types.AttributedOnchainSignature, 0, len(signers))
	for _, signer := range signers {
		signed, _ := g.Leader.Reports.Get(signer)
		final.AttestedReport.AttributedSignatures = append(final.AttestedReport.AttributedSignatures,
			types.AttributedOnchainSignature{Signature: signed.attested.Signature, Signer: signer})
	}
	g.checks.valid.Add(finalHash(final)) // each of its signatures was verified
	g.Emit(Broadcast{Message: final})
}
