package ocr1

import (
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
		if m.Round == g.Follower.Round && !g.Follower.SentReport && g.echoes.count > g.cfg.F {
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
	ts := g.timestamp(g.Follower.Current())
	call := kernel.Call(&g.Desk, func(ev ObserveDone) {
		if g.Follower.Failed(ev.Err, "the data source failed; following the round without an observation") {
			return
		}
		o, err := ocr1wire.NewObservation(ev.Value)
		if g.Follower.Failed(err, "the data source's value cannot be reported; following the round without an observation") {
			return
		}
		g.Follower.SignObservation(ocr1wire.SignedMessage(ts, o), func(signature []byte) ocr1wire.Message {
			signed := ocr1wire.SignedObservation{Observation: o, Signature: signature}
			g.Observed(signed)
			return &ocr1wire.Observe{Epoch: ts.Epoch, Round: ts.Round, SignedObservation: signed}
		})
	})
	g.Follower.Busy(rounds.StepObserving, call)
	g.Emit(CallObserve{call, ts, g.cfg.DataSourceTimeout, g.cfg.DataSourceGracePeriod})
}

// reportReq handles a ReportReq for the current round: the leader asks for a report.
func (g *generation) reportReq(m *ocr1wire.ReportReq) {
	if why, ok := g.checkObservations(m.Observations); !ok {
		g.Drop(g.Follower.LeaderID, m.Kind(), why)
		return
	}
	list := make([]ocr1wire.AttributedObservation, len(m.Observations))
	var unknown []kernel.SignatureCheck
	for i := range m.Observations {
		o := &m.Observations[i]
		list[i] = o.Attributed()
		if !g.Known(m.Round, o.Observer, o.SignedObservation) {
			unknown = append(unknown, g.observationSignature(g.Follower.Current(), &o.SignedObservation, o.Observer))
		}
	}
	g.Follower.VerifyReportReq(unknown, func() { g.callReportInputs(list) })
}

// callReportInputs finds out whether a report is due, and signs it if it is.
func (g *generation) callReportInputs(list []ocr1wire.AttributedObservation) {
	for _, o := range list {
		if o.Observer == g.cfg.OracleID {
			g.Emit(Count{Counter: rounds.CountIncludedObservations})
		}
	}
	ts := g.timestamp(g.Follower.Current())
	g.Record(g.Follower.Current())
	call := kernel.Call(&g.Desk, func(ev ReportInputsDone) {
		if ev.Err != nil {
			g.Log(kernel.LogError, "the contract's state is unknown; reporting without it", "epoch", ts.Epoch, "round", ts.Round, "error", ev.Err)
		}
		if !g.cfg.reportDue(g.Now, list, ev) {
			g.Follower.Complete()
			g.Follower.Idle()
			return
		}
		report, err := g.onchainReport(g.Follower.Current(), list)
		if g.Follower.Failed(err, "making the report failed") {
			return
		}
		call := g.Follower.SignReport(func(signature []byte) ocr1wire.Message {
			r := ocr1wire.AttestedReportOne{Observations: list, Signature: signature}
			g.Reported.Set(ts.Round, r)
			return &ocr1wire.Report{Epoch: ts.Epoch, Round: ts.Round, AttestedReport: r}
		})
		g.Emit(SignOnchain{call, ts, report})
	})
	g.Follower.Busy(rounds.StepReporting, call)
	g.Emit(CallReportInputs{call, ts, g.cfg.DeltaC, g.cfg.BlockchainTimeout})
}
