package ocr2

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// follower is what a follower does in OCR2: the plugin makes its observations and its reports.
//
// Source: docs/protocol/ocr2.md, "Report generation (follower)".
type follower struct{ *reportGeneration }

func (f follower) Progress()     { f.outcome.progress() }
func (f follower) ChangeLeader() { f.outcome.changeLeader() }

// Follow handles a message of the leader.
func (f follower) Follow(_ commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.ObserveReq:
		if f.Follower.Begin(m.Round) {
			f.observe(m.Query)
		}
	case *ocr2wire.ReportReq:
		if f.Follower.TakesReportReq(m.Round) {
			f.reportReq(m)
		}
	case *ocr2wire.Final:
		f.finalMessage(m)
	}
}

// observe has the plugin observe.
func (f follower) observe(query types.Query) {
	ts := f.timestamp(f.Follower.Current())
	call := kernel.Call(&f.Desk, func(ev ObservationDone) {
		if f.Follower.Failed(ev.Err, "the plugin's Observation failed; following the round without one") {
			return
		}
		digest := ocr2wire.ObservationDigest(ts, query, ev.Observation)
		f.Follower.SignObservation(digest[:], func(signature []byte) ocr2wire.Message {
			signed := ocr2wire.SignedObservation{Observation: ev.Observation, Signature: signature}
			f.Observed(observation{query, signed})
			return &ocr2wire.Observe{Epoch: ts.Epoch, Round: ts.Round, SignedObservation: signed}
		})
	})
	f.Follower.Busy(rounds.StepObserving, call)
	f.Emit(CallObservation{call, ts, query, f.cfg.MaxDurationObservation})
}

// reportReq handles a ReportReq for the current round: the leader asks for a report.
func (f follower) reportReq(m *ocr2wire.ReportReq) {
	if why, ok := f.checkObservations(m.Observations); !ok {
		f.Drop(f.Follower.LeaderID, m.Kind(), why)
		return
	}
	unknown := make([]kernel.SignatureCheck, 0, len(m.Observations))
	for i := range m.Observations {
		o := &m.Observations[i]
		if !f.Known(m.Round, o.Observer, observation{m.Query, o.SignedObservation}) {
			unknown = append(unknown, f.observationSignature(f.Follower.Current(), m.Query, &o.SignedObservation, o.Observer))
		}
	}
	f.Follower.VerifyReportReq(unknown, func() { f.callReport(m) })
}

// callReport has the plugin make a report, or decide that there is none.
func (f follower) callReport(m *ocr2wire.ReportReq) {
	observations := make([]types.AttributedObservation, len(m.Observations))
	for i := range m.Observations {
		o := &m.Observations[i]
		observations[i] = types.AttributedObservation{Observation: o.Observation, Observer: o.Observer}
		if o.Observer == f.cfg.OracleID {
			f.Emit(Count{Counter: CountIncludedObservations})
		}
	}
	ts := f.timestamp(f.Follower.Current())
	f.Record(f.Follower.Current())
	call := kernel.Call(&f.Desk, func(ev ReportDone) {
		switch {
		case f.Follower.Failed(ev.Err, "the plugin's Report failed"):
		case !ev.ShouldReport:
			f.Follower.SendReport(f.attested(report{attested: ocr2wire.AttestedReportOne{Skip: true}}))
			f.Follower.Complete()
			f.Follower.Idle()
		default:
			h := ocr2wire.ExtraHash(m.Query, m.Observations)
			call := f.Follower.SignReport(func(signature []byte) ocr2wire.Message {
				return f.attested(report{h, ocr2wire.AttestedReportOne{Report: ev.Report, Signature: signature}})
			})
			f.Emit(SignReport{call, types.ReportContext{ReportTimestamp: ts, ExtraHash: h}, ev.Report})
		}
	})
	f.Follower.Busy(rounds.StepReporting, call)
	f.Emit(CallReport{call, ts, m.Query, observations, f.cfg.MaxDurationReport})
}

// attested notes the report that this oracle signed, and makes the message with it.
func (f follower) attested(r report) *ocr2wire.Report {
	f.Reported.Set(f.Follower.Round, r)
	return &ocr2wire.Report{Epoch: f.epoch, Round: f.Follower.Round, AttestedReport: r.attested}
}

// finalMessage handles Final: the outcome of the round.
func (f follower) finalMessage(m *ocr2wire.Final) {
	if m.Round != f.Follower.Round {
		f.Drop(f.Follower.LeaderID, m.Kind(), rounds.DropWrongRound)
		return
	}
	switch f.checks.check(f.Follower.LeaderID, m.Kind(), m) {
	case verdictValid:
		f.outcome.final(m)
		f.Follower.Complete()
	case verdictPending:
		f.Follower.Busy(rounds.StepVerifyingFinal, 0)
	}
}

// finalVerified handles the verdict on the final that the follower waits for. The report itself was handed on already.
func (f follower) finalVerified(valid bool) {
	if f.Follower.Step() != rounds.StepVerifyingFinal {
		return
	}
	if valid {
		f.Follower.Complete()
	}
	f.Follower.Idle()
}
