package ocr1

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// follower is what a follower does in OCR1: its observations come from the data source, its reports are made of those of all.
//
// Source: docs/protocol/ocr1.md, "Report generation (follower)".
type follower struct{ *generation }

func (f follower) Progress()     { f.outcome.progress() }
func (f follower) ChangeLeader() { f.outcome.changeLeader() }

// Follow handles a message of the leader, or an echo.
func (f follower) Follow(from commontypes.OracleID, m ocr1wire.Message) {
	switch m := m.(type) {
	case *ocr1wire.ObserveReq:
		if f.Follower.Begin(m.Round) {
			f.observe()
		}
	case *ocr1wire.ReportReq:
		if f.Follower.TakesReportReq(m.Round) {
			f.reportReq(m)
		}
	case *ocr1wire.Final:
		f.finalMessage(m)
	case *ocr1wire.FinalEcho:
		f.finalEcho(from, m)
	}
}

// observe asks the data source.
func (f follower) observe() {
	ts := f.timestamp(f.Follower.Current())
	call := kernel.Call(&f.Desk, func(ev ObserveDone) {
		if f.Follower.Failed(ev.Err, "the data source failed; following the round without an observation") {
			return
		}
		o, err := ocr1wire.NewObservation(ev.Value)
		if f.Follower.Failed(err, "the data source's value cannot be reported; following the round without an observation") {
			return
		}
		f.Follower.SignObservation(ocr1wire.SignedMessage(ts, o), func(signature []byte) ocr1wire.Message {
			signed := ocr1wire.SignedObservation{Observation: o, Signature: signature}
			f.Observed(signed)
			return &ocr1wire.Observe{Epoch: ts.Epoch, Round: ts.Round, SignedObservation: signed}
		})
	})
	f.Follower.Busy(rounds.StepObserving, call)
	f.Emit(CallObserve{call, ts, f.cfg.DataSourceTimeout, f.cfg.DataSourceGracePeriod})
}

// reportReq handles a ReportReq for the current round: the leader asks for a report.
func (f follower) reportReq(m *ocr1wire.ReportReq) {
	if why, ok := f.checkObservations(m.Observations); !ok {
		f.Drop(f.Follower.LeaderID, m.Kind(), why)
		return
	}
	list := make([]ocr1wire.AttributedObservation, len(m.Observations))
	var unknown []kernel.SignatureCheck
	for i := range m.Observations {
		o := &m.Observations[i]
		list[i] = o.Attributed()
		if !f.Known(m.Round, o.Observer, o.SignedObservation) {
			unknown = append(unknown, f.observationSignature(f.Follower.Current(), &o.SignedObservation, o.Observer))
		}
	}
	f.Follower.VerifyReportReq(unknown, func() { f.callReportInputs(list) })
}

// callReportInputs finds out whether a report is due, and signs it if it is.
func (f follower) callReportInputs(list []ocr1wire.AttributedObservation) {
	for _, o := range list {
		if o.Observer == f.cfg.OracleID {
			f.Emit(Count{Counter: CountIncludedObservations})
		}
	}
	ts := f.timestamp(f.Follower.Current())
	f.Record(f.Follower.Current())
	call := kernel.Call(&f.Desk, func(ev ReportInputsDone) {
		if ev.Err != nil {
			f.Log(kernel.LogError, "the contract's state is unknown; reporting without it", "epoch", ts.Epoch, "round", ts.Round, "error", ev.Err)
		}
		if !f.cfg.reportDue(f.Now, list, ev) {
			f.Follower.Complete()
			f.Follower.Idle()
			return
		}
		report, err := ocr1wire.OnchainReport(ts, list)
		if f.Follower.Failed(err, "making the report failed") {
			return
		}
		call := f.Follower.SignReport(func(signature []byte) ocr1wire.Message {
			r := ocr1wire.AttestedReportOne{Observations: list, Signature: signature}
			f.Reported.Set(ts.Round, r)
			return &ocr1wire.Report{Epoch: ts.Epoch, Round: ts.Round, AttestedReport: r}
		})
		f.Emit(SignOnchain{call, ts, report})
	})
	f.Follower.Busy(rounds.StepReporting, call)
	f.Emit(CallReportInputs{call, ts, f.cfg.DeltaC, f.cfg.BlockchainTimeout})
}
