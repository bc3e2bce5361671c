package ocr2

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// The follower's part of report generation: the plugin makes its observations and its reports.
//
// Source: docs/protocol/ocr2.md, "Report generation (follower)".

// Follow handles a message of the leader.
func (g *reportGeneration) Follow(_ commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.ObserveReq:
		if g.Follower.Begin(m.Round) {
			g.observe(m.Query)
		}
	case *ocr2wire.ReportReq:
		if g.Follower.TakesReportReq(m.Round) {
			g.reportReq(m)
		}
	case *ocr2wire.Final:
		g.finalMessage(m)
	}
}

// observe has the plugin observe.
func (g *reportGeneration) observe(query types.Query) {
	ts := g.timestamp(g.Follower.Current())
	call := rounds.Await(&g.Follower, rounds.StepObserving, func(ev ObservationDone) {
		if g.Follower.Failed(ev.Err, "the plugin's Observation failed; following the round without one") {
			return
		}
		digest := ocr2wire.ObservationDigest(ts, query, ev.Observation)
		g.Follower.SignObservation(digest[:], func(signature []byte) ocr2wire.Message {
			signed := ocr2wire.SignedObservation{Observation: ev.Observation, Signature: signature}
			g.Observed(observation{query, signed})
			return &ocr2wire.Observe{Epoch: ts.Epoch, Round: ts.Round, SignedObservation: signed}
		})
	})
	g.Emit(CallObservation{call, ts, query, g.cfg.MaxDurationObservation})
}

// reportReq handles a ReportReq for the current round: the leader asks for a report.
func (g *reportGeneration) reportReq(m *ocr2wire.ReportReq) {
	g.TakeReportReq(len(m.Observations), func(i int) (commontypes.OracleID, observation) {
		return m.Observations[i].Observer, observation{m.Query, m.Observations[i].SignedObservation}
	}, func() { g.callReport(m) })
}

// callReport has the plugin make a report, or decide that there is none.
func (g *reportGeneration) callReport(m *ocr2wire.ReportReq) {
	observations := make([]types.AttributedObservation, len(m.Observations))
	for i := range m.Observations {
		o := &m.Observations[i]
		observations[i] = types.AttributedObservation{Observation: o.Observation, Observer: o.Observer}
	}
	ts := g.timestamp(g.Follower.Current())
	call := rounds.Await(&g.Follower, rounds.StepReporting, func(ev ReportDone) {
		switch {
		case g.Follower.Failed(ev.Err, "the plugin's Report failed"):
		case !ev.ShouldReport:
			g.Follower.SendReport(g.attested(report{attested: ocr2wire.AttestedReportOne{Skip: true}}))
			g.Follower.Complete()
			g.Follower.Idle()
		default:
			h := ocr2wire.ExtraHash(m.Query, m.Observations)
			call := g.Follower.SignReport(func(signature []byte) ocr2wire.Message {
				return g.attested(report{h, ocr2wire.AttestedReportOne{Report: ev.Report, Signature: signature}})
			})
			g.Emit(SignReport{call, types.ReportContext{ReportTimestamp: ts, ExtraHash: h}, ev.Report})
		}
	})
	g.Emit(CallReport{call, ts, m.Query, observations, g.cfg.MaxDurationReport})
}

// attested notes the report that this oracle signed, and makes the message with it.
func (g *reportGeneration) attested(r report) *ocr2wire.Report {
	g.Reported.Set(g.Follower.Round, r)
	return &ocr2wire.Report{Epoch: g.Epoch, Round: g.Follower.Round, AttestedReport: r.attested}
}

// finalMessage handles Final: the outcome of the round.
func (g *reportGeneration) finalMessage(m *ocr2wire.Final) {
	if m.Round != g.Follower.Round {
		g.Drop(g.Follower.LeaderID, m.Kind(), rounds.DropWrongRound)
		return
	}
	switch g.checks.check(g.Follower.LeaderID, m.Kind(), m) {
	case verdictValid:
		g.final(m)
		g.Follower.Complete()
	case verdictPending:
		g.Follower.Busy(rounds.StepVerifyingFinal, 0)
	}
}

// finalVerified handles the verdict on the final that the follower waits for. The report itself was handed on already.
func (g *reportGeneration) finalVerified(valid bool) {
	if g.Follower.Step() != rounds.StepVerifyingFinal {
		return
	}
	if valid {
		g.Follower.Complete()
	}
	g.Follower.Idle()
}
