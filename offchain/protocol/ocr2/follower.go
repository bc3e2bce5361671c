package ocr2

import (
	"bytes"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// maxFollowerQueue is the number of the leader's messages that wait while the follower is busy. A round has three.
const maxFollowerQueue = 16

// follower answers the leader of an epoch: an observation for each ObserveReq, a report for each ReportReq. It does one
// thing at a time: while the plugin or a key or a verification is at work for it, messages of the leader wait.
//
// Source: docs/protocol/ocr2.md, "Report generation (follower)".
type follower struct {
	*reportGeneration

	round      uint8 // the current round, 0 before the first one
	sentReport bool
	completed  bool

	// What the follower is busy with.
	step  followerStep
	call  kernel.CallID // 0 while idle, and while a final is verified
	query types.Query   // of the observation or report in work
	req   *ocr2wire.ReportReq
	h     [32]byte // of the report in work
	final *ocr2wire.Final

	observation types.Observation // in work
	reportBytes types.Report      // in work

	queue []ocr2wire.Message

	// What this oracle itself signed in the current round needs no verification when it comes back.
	ownObservation ownObservation
	ownReport      ownReport
}

type ownObservation struct {
	round  uint8
	query  []byte
	signed ocr2wire.SignedObservation
}

type ownReport struct {
	round    uint8
	h        [32]byte
	attested ocr2wire.AttestedReportOne
}

type followerStep uint8

const (
	followerIdle followerStep = iota
	followerObserving
	followerSigningObservation
	followerVerifyingReportReq
	followerReporting
	followerSigningReport
	followerVerifyingFinal
)

// String names the step for status pages and transcripts.
func (s followerStep) String() string {
	switch s {
	case followerIdle:
		return "idle"
	case followerObserving:
		return "observing"
	case followerSigningObservation:
		return "signing observation"
	case followerVerifyingReportReq:
		return "verifying observations"
	case followerReporting:
		return "reporting"
	case followerSigningReport:
		return "signing report"
	case followerVerifyingFinal:
		return "verifying final"
	}
	return "unknown step"
}

func (f *follower) current() Round { return Round{Epoch: f.epoch, Round: f.round} }

// receive takes a message of the leader.
func (f *follower) receive(m ocr2wire.Message) {
	if f.step == followerIdle {
		f.handle(m)
		return
	}
	if len(f.queue) == maxFollowerQueue {
		// The oldest goes: the newest round is the one that can still be joined.
		f.drop(f.leaderID, f.queue[0].Kind(), dropQueueFull)
		f.queue = slices.Delete(f.queue, 0, 1)
	}
	f.queue = append(f.queue, m)
}

func (f *follower) handle(m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.ObserveReq:
		f.observeReq(m)
	case *ocr2wire.ReportReq:
		f.reportReq(m)
	case *ocr2wire.Final:
		f.finalMessage(m)
	}
}

// begin notes what the follower is busy with.
func (f *follower) begin(step followerStep, call kernel.CallID) { f.step, f.call = step, call }

// idle ends what the follower was busy with and turns to the messages that wait.
func (f *follower) idle() {
	f.step, f.call = followerIdle, 0
	f.query, f.req, f.final, f.observation, f.reportBytes = nil, nil, nil, nil, nil
	for f.step == followerIdle && len(f.queue) > 0 {
		m := f.queue[0]
		f.queue = slices.Delete(f.queue, 0, 1)
		f.handle(m)
	}
}

// awaits tells whether a result is the one that the follower is waiting for.
func (f *follower) awaits(step followerStep, id kernel.CallID) bool {
	return f.step == step && f.call == id
}

func (f *follower) stop() {
	f.abandon(f.call)
	f.step, f.call, f.queue = followerIdle, 0, nil
}

// superseded tells whether a later round was announced among the messages that wait: then the leader does not take
// anything for the current round any more.
func (f *follower) superseded() bool {
	for _, m := range f.queue {
		if req, ok := m.(*ocr2wire.ObserveReq); ok && req.Round > f.round && req.Round <= f.cfg.RMax+1 {
			return true
		}
	}
	return false
}

// observeReq handles ObserveReq: the leader begins a round.
func (f *follower) observeReq(m *ocr2wire.ObserveReq) {
	switch {
	case m.Round <= f.round:
		f.drop(f.leaderID, m.Kind(), dropWrongRound)
		return
	case m.Round > f.cfg.RMax+1:
		f.drop(f.leaderID, m.Kind(), dropPastRoundMax)
		return
	}
	f.round = m.Round
	if f.round == f.cfg.RMax+1 {
		// There is no such round: the leader has done its part.
		f.outcome.changeLeader()
		return
	}
	f.sentReport = false
	f.completed = false
	f.emit(RoundStarted{f.epoch, f.round, f.leaderID})
	if f.belowFloor(f.current()) {
		f.log(kernel.LogInfo, "not observing in a round that was worked in before the restart", "epoch", f.epoch, "round", f.round)
		return
	}
	if f.superseded() {
		f.drop(f.leaderID, m.Kind(), dropSuperseded)
		return
	}
	f.record(f.current())
	f.query = m.Query
	f.begin(followerObserving, f.open(callObservation, f.leaderID))
	f.emit(CallObservation{f.call, f.timestamp(f.current()), f.query, f.cfg.MaxDurationObservation})
}

// observationDone handles the plugin's observation.
func (f *follower) observationDone(ev ObservationDone) {
	if !f.awaits(followerObserving, ev.ID) {
		return
	}
	if ev.Err != nil {
		f.log(kernel.LogError, "the plugin's Observation failed; following the round without one",
			"epoch", f.epoch, "round", f.round, "error", ev.Err)
		f.idle()
		return
	}
	f.observation = ev.Observation
	f.begin(followerSigningObservation, f.open(callSignObservation, f.leaderID))
	digest := ocr2wire.ObservationDigest(f.timestamp(f.current()), f.query, f.observation)
	f.emit(kernel.SignOffchain{ID: f.call, Message: digest[:]})
}

// observationSigned handles the signature of the own observation.
func (f *follower) observationSigned(ev kernel.Signed) {
	if !f.awaits(followerSigningObservation, ev.ID) {
		return
	}
	if ev.Err != nil {
		f.log(kernel.LogError, "signing the observation failed", "epoch", f.epoch, "round", f.round, "error", ev.Err)
		f.idle()
		return
	}
	signed := ocr2wire.SignedObservation{Observation: f.observation, Signature: ev.Signature}
	f.ownObservation = ownObservation{f.round, f.query, signed}
	f.emit(Send{f.leaderID, &ocr2wire.Observe{Epoch: f.epoch, Round: f.round, SignedObservation: signed}})
	f.emit(Count{CountSentObservations})
	f.idle()
}

// reportReq handles ReportReq: the leader asks for a report.
func (f *follower) reportReq(m *ocr2wire.ReportReq) {
	switch {
	case m.Round != f.round || m.Round == 0 || m.Round > f.cfg.RMax:
		// There are no reports before the first round, nor for the announcement after the last one.
		f.drop(f.leaderID, m.Kind(), dropWrongRound)
		return
	case f.sentReport:
		f.drop(f.leaderID, m.Kind(), dropReportSent)
		return
	case f.completed:
		f.drop(f.leaderID, m.Kind(), dropRoundCompleted)
		return
	case f.belowFloor(f.current()):
		f.drop(f.leaderID, m.Kind(), dropBelowFloor)
		return
	case f.superseded():
		f.drop(f.leaderID, m.Kind(), dropSuperseded)
		return
	}
	if why, ok := f.checkObservations(m.Observations); !ok {
		f.drop(f.leaderID, m.Kind(), why)
		return
	}
	f.req = m
	var unknown []kernel.SignatureCheck
	for i := range m.Observations {
		if !f.knownObservation(m.Query, &m.Observations[i]) {
			if unknown == nil {
				unknown = make([]kernel.SignatureCheck, 0, len(m.Observations)-i)
			}
			unknown = append(unknown,
				f.observationSignature(f.current(), m.Query, &m.Observations[i].SignedObservation, m.Observations[i].Observer))
		}
	}
	if len(unknown) == 0 {
		f.callReport()
		return
	}
	f.begin(followerVerifyingReportReq, f.open(callVerifyReportReq, f.leaderID))
	f.emit(kernel.Verify{ID: f.call, Checks: unknown})
}

// knownObservation tells whether an observation of the current round is known to be valid: because this oracle made it, or
// because it verified it as leader.
func (f *follower) knownObservation(query []byte, o *ocr2wire.AttributedSignedObservation) bool {
	own := &f.ownObservation
	if o.Observer == f.cfg.OracleID && own.round == f.round &&
		bytes.Equal(own.query, query) && sameObservation(&own.signed, &o.SignedObservation) {
		return true
	}
	return f.leads() && f.leader.verified(f.round, query, o)
}

func sameObservation(a, b *ocr2wire.SignedObservation) bool {
	return bytes.Equal(a.Observation, b.Observation) && bytes.Equal(a.Signature, b.Signature)
}

// reportReqVerified handles the verdict on the observations of a ReportReq.
func (f *follower) reportReqVerified(ev kernel.Verified) {
	if !f.awaits(followerVerifyingReportReq, ev.ID) {
		return
	}
	if !allGood(ev) {
		f.drop(f.leaderID, ocr2wire.KindReportReq, dropBadSignature)
		f.idle()
		return
	}
	f.callReport()
}

func (f *follower) callReport() {
	observations := make([]types.AttributedObservation, len(f.req.Observations))
	for i := range f.req.Observations {
		o := &f.req.Observations[i]
		observations[i] = types.AttributedObservation{Observation: o.Observation, Observer: o.Observer}
		if o.Observer == f.cfg.OracleID {
			f.emit(Count{CountIncludedObservations})
		}
	}
	f.record(f.current())
	f.begin(followerReporting, f.open(callReport, f.leaderID))
	f.emit(CallReport{f.call, f.timestamp(f.current()), f.req.Query, observations, f.cfg.MaxDurationReport})
}

// reportDone handles the plugin's report, or its decision that there is none.
func (f *follower) reportDone(ev ReportDone) {
	if !f.awaits(followerReporting, ev.ID) {
		return
	}
	if ev.Err != nil {
		f.log(kernel.LogError, "the plugin's Report failed", "epoch", f.epoch, "round", f.round, "error", ev.Err)
		f.idle()
		return
	}
	if !ev.ShouldReport {
		f.sendReport(ocr2wire.AttestedReportOne{Skip: true})
		f.completeRound()
		f.idle()
		return
	}
	f.h = ocr2wire.ExtraHash(f.req.Query, f.req.Observations)
	f.reportBytes = ev.Report
	f.begin(followerSigningReport, f.open(callSignReport, f.leaderID))
	f.emit(SignReport{f.call, types.ReportContext{ReportTimestamp: f.timestamp(f.current()), ExtraHash: f.h}, f.reportBytes})
}

// reportSigned handles the signature of the own report.
func (f *follower) reportSigned(ev kernel.Signed) {
	if !f.awaits(followerSigningReport, ev.ID) {
		return
	}
	if ev.Err != nil {
		f.log(kernel.LogError, "signing the report failed", "epoch", f.epoch, "round", f.round, "error", ev.Err)
		f.idle()
		return
	}
	f.sendReport(ocr2wire.AttestedReportOne{Report: f.reportBytes, Signature: ev.Signature})
	f.idle()
}

func (f *follower) sendReport(attested ocr2wire.AttestedReportOne) {
	f.sentReport = true
	f.ownReport = ownReport{f.round, f.h, attested}
	f.emit(Send{f.leaderID, &ocr2wire.Report{Epoch: f.epoch, Round: f.round, AttestedReport: attested}})
}

// finalMessage handles Final: the outcome of the round.
func (f *follower) finalMessage(m *ocr2wire.Final) {
	if m.Round != f.round {
		f.drop(f.leaderID, m.Kind(), dropWrongRound)
		return
	}
	switch f.checks.check(f.leaderID, m.Kind(), m) {
	case verdictValid:
		f.outcome.final(m)
		f.completeRound()
	case verdictPending:
		f.final = m
		f.begin(followerVerifyingFinal, 0)
	}
}

// finalVerified handles the verdict on the final that the follower waits for. The report itself was handed on already.
func (f *follower) finalVerified(valid bool) {
	if f.step != followerVerifyingFinal {
		return
	}
	if valid {
		f.completeRound()
	}
	f.idle()
}

// completeRound notes that the round was worth its while.
func (f *follower) completeRound() {
	if f.completed {
		return
	}
	f.completed = true
	f.emit(Count{CountCompletedRounds})
	f.outcome.progress()
}
