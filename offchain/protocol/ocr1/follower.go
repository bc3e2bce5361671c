package ocr1

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// The follower's part of report generation: its observations come from the data source, its reports are made of those of all.
//
// Source: docs/protocol/ocr1.md, "Report generation (follower)".

// Follow handles a message of the leader, or an echo.
func (g *generation) Follow(from commontypes.OracleID, m ocr1wire.Message) {
	switch m := m.(type) {
	case *ocr1wire.ObserveReq:
		before := g.Follower.Round
		observe := g.Follower.Begin(m.Round)
		if g.Follower.Round != before && g.Follower.Round <= g.cfg.RMax {
			g.echoes = echoes{}
		}
		if observe {
			g.observe()
		}
	case *ocr1wire.ReportReq:
		if m.Round == g.Follower.Round && !g.Follower.SentReport && g.echoes.received.Len() > g.cfg.F {
			g.Drop(from, m.Kind(), dropComplete) // the echoes were faster
		} else if g.Follower.TakesReportReq(m.Round) {
			g.reportReq(m)
		}
	case *ocr1wire.Final:
		g.finalMessage(m)
	case *ocr1wire.FinalEcho:
		g.finalEcho(from, m)
	}
}

// observe asks the data source.
func (g *generation) observe() {
	round := g.Follower.Current()
	call := rounds.Await(&g.Follower, rounds.StepObserving, func(ev ObserveDone) {
		if g.Follower.Failed(ev.Err, "the data source failed; following the round without an observation") {
			return
		}
		o, err := ocr1wire.NewObservation(ev.Value)
		if g.Follower.Failed(err, "the data source's value cannot be reported; following the round without an observation") {
			return
		}
		g.Follower.SignObservation(ocr1wire.SignedMessage(g.timestamp(round), o), func(signature []byte) ocr1wire.Message {
			signed := ocr1wire.SignedObservation{Observation: o, Signature: signature}
			g.Observed(signed)
			return &ocr1wire.Observe{Epoch: round.Epoch, Round: round.Round, SignedObservation: signed}
		})
	})
	g.Emit(CallObserve{call, round, g.cfg.DataSourceTimeout, g.cfg.DataSourceGracePeriod})
}

// reportReq handles a ReportReq for the current round: the leader asks for a report.
func (g *generation) reportReq(m *ocr1wire.ReportReq) {
	if !slices.IsSortedFunc(m.Observations, byValue) {
		g.Drop(g.Follower.LeaderID, m.Kind(), dropUnsorted)
		return
	}
	g.TakeReportReq(len(m.Observations), func(i int) (commontypes.OracleID, ocr1wire.SignedObservation) {
		return m.Observations[i].Observer, m.Observations[i].SignedObservation
	}, func() { g.callReportInputs(m.Observations) })
}

// callReportInputs finds out whether a report is due, and signs it if it is.
func (g *generation) callReportInputs(observations []ocr1wire.AttributedSignedObservation) {
	list := make([]ocr1wire.AttributedObservation, len(observations))
	for i := range observations {
		list[i] = observations[i].Attributed()
	}
	round := g.Follower.Current()
	call := rounds.Await(&g.Follower, rounds.StepReporting, func(ev ReportInputsDone) {
		if ev.Err != nil {
			g.Log(kernel.LogError, "the contract's state is unknown; reporting without it", "epoch", round.Epoch, "round", round.Round, "error", ev.Err)
		}
		if !g.cfg.reportDue(g.Now, list, ev) {
			g.Follower.Complete()
			g.Follower.Idle()
			return
		}
		report, err := g.onchainReport(round, list)
		if g.Follower.Failed(err, "making the report failed") {
			return
		}
		call := g.Follower.SignReport(func(signature []byte) ocr1wire.Message {
			r := ocr1wire.AttestedReportOne{Observations: list, Signature: signature}
			g.Reported.Set(round.Round, r)
			return &ocr1wire.Report{Epoch: round.Epoch, Round: round.Round, AttestedReport: r}
		})
		g.Emit(SignOnchain{call, round, report})
	})
	g.Emit(CallReportInputs{call, round, g.cfg.DeltaC, g.cfg.BlockchainTimeout})
}
