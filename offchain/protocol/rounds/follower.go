package rounds

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// MaxFollowerQueue is the number of messages of each sender that wait while the follower is busy. In a round, the leader sends
// three.
const MaxFollowerQueue = 16

// Follower is the follower's part of report generation, as far as both protocols agree. It answers the leader of an epoch: an
// observation for each ObserveReq, a report for each ReportReq. It does one thing at a time: while plugin, contract, a key or
// a verification is at work for it, messages wait.
//
// Source: docs/protocol/ocr2.md, "Report generation (follower)".
type Follower[M Message] struct {
	*Core
	epoch    uint32
	LeaderID commontypes.OracleID
	follow   func(from commontypes.OracleID, m M) // handles a message when the follower is idle
	outcome  Outcome

	Round      uint8 // the current round, 0 before the first one
	SentReport bool
	Completed  bool

	step  Step
	call  kernel.CallID // 0 while idle, and while somebody else verifies a final
	queue []letter[M]
}

type letter[M Message] struct {
	from    commontypes.OracleID
	message M
}

// Step is what a follower is busy with.
type Step uint8

const (
	StepIdle Step = iota
	StepObserving
	StepSigningObservation
	StepVerifyingReportReq
	StepReporting
	StepSigningReport
	StepVerifyingFinal
)

// String names the step for status pages and transcripts.
func (s Step) String() string {
	switch s {
	case StepIdle:
		return "idle"
	case StepObserving:
		return "observing"
	case StepSigningObservation:
		return "signing observation"
	case StepVerifyingReportReq:
		return "verifying observations"
	case StepReporting:
		return "reporting"
	case StepSigningReport:
		return "signing report"
	case StepVerifyingFinal:
		return "verifying final"
	}
	return "unknown step"
}

// Current is the current round.
func (f *Follower[M]) Current() Round { return Round{Epoch: f.epoch, Round: f.Round} }

// Step is what the follower is busy with.
func (f *Follower[M]) Step() Step { return f.step }

// Waiting is the number of messages that wait.
func (f *Follower[M]) Waiting() int { return len(f.queue) }

// Receive takes a message for the follower.
func (f *Follower[M]) Receive(from commontypes.OracleID, m M) {
	if f.step == StepIdle {
		f.follow(from, m)
		return
	}
	waiting, oldest := 0, -1
	for i := range f.queue {
		if f.queue[i].from == from {
			waiting++
			if oldest < 0 {
				oldest = i
			}
		}
	}
	if waiting == MaxFollowerQueue {
		// The oldest goes: the newest round is the one that can still be joined.
		f.Drop(from, f.queue[oldest].message.Kind(), DropQueueFull)
		f.queue = slices.Delete(f.queue, oldest, oldest+1)
	}
	f.queue = append(f.queue, letter[M]{from, m})
}

// Busy notes what the follower waits for; call is what Stop abandons, 0 if nothing.
func (f *Follower[M]) Busy(step Step, call kernel.CallID) { f.step, f.call = step, call }

// Await registers a call that the follower waits for; done is called with its result.
func Await[R any, M Message](f *Follower[M], step Step, done func(R)) kernel.CallID {
	f.Busy(step, kernel.Call(&f.Desk, done))
	return f.call
}

// Idle ends what the follower was busy with and turns to the messages that wait.
func (f *Follower[M]) Idle() {
	f.step, f.call = StepIdle, 0
	for f.step == StepIdle && len(f.queue) > 0 {
		next := f.queue[0]
		f.queue = slices.Delete(f.queue, 0, 1)
		f.follow(next.from, next.message)
	}
}

// Stop ends the epoch.
func (f *Follower[M]) Stop() {
	f.Abandon(f.call)
	f.step, f.call, f.queue = StepIdle, 0, nil
}

// superseded tells whether a later round was announced among the messages that wait: then the leader does not take anything
// for the current round any more.
func (f *Follower[M]) superseded() bool {
	for i := range f.queue {
		_, round := f.queue[i].message.Position()
		if f.queue[i].message.Kind() == roundwire.KindObserveReq && round > f.Round && round <= f.Config.RMax+1 {
			return true
		}
	}
	return false
}

// Begin handles the announcement of a round. It tells whether an observation is to be made.
func (f *Follower[M]) Begin(round uint8) bool {
	switch {
	case round <= f.Round:
		f.Drop(f.LeaderID, roundwire.KindObserveReq, DropWrongRound)
		return false
	case round > f.Config.RMax+1:
		f.Drop(f.LeaderID, roundwire.KindObserveReq, DropPastRoundMax)
		return false
	}
	f.Round = round
	if f.Round == f.Config.RMax+1 {
		// There is no such round: the leader has done its part.
		f.outcome.ChangeLeader()
		return false
	}
	f.SentReport, f.Completed = false, false
	f.Emit(RoundStarted{Epoch: f.epoch, Round: f.Round, Leader: f.LeaderID})
	if f.BelowFloor(f.Current()) {
		f.Log(kernel.LogInfo, "not observing in a round that was worked in before the restart", "epoch", f.epoch, "round", f.Round)
		return false
	}
	if f.superseded() {
		f.Drop(f.LeaderID, roundwire.KindObserveReq, DropSuperseded)
		return false
	}
	f.Record(f.Current())
	return true
}

// Failed goes on without what was asked for, if err says that it failed.
func (f *Follower[M]) Failed(err error, what string) bool {
	if err == nil {
		return false
	}
	f.Log(kernel.LogError, what, "epoch", f.epoch, "round", f.Round, "error", err)
	f.Idle()
	return true
}

// SignObservation asks for the signature of an observation, and sends what done makes of it to the leader.
func (f *Follower[M]) SignObservation(message []byte, done func(signature []byte) M) {
	call := f.sign(StepSigningObservation, "signing the observation failed", func(signature []byte) {
		f.Emit(Send[M]{To: f.LeaderID, Message: done(signature)})
		f.Emit(Count{Counter: CountSentObservations})
	})
	f.Emit(kernel.SignOffchain{ID: call, Message: message})
}

// SignReport registers the call of the signature of a report, and sends what done makes of it to the leader.
func (f *Follower[M]) SignReport(done func(signature []byte) M) kernel.CallID {
	return f.sign(StepSigningReport, "signing the report failed", func(signature []byte) { f.SendReport(done(signature)) })
}

func (f *Follower[M]) sign(step Step, failure string, done func(signature []byte)) kernel.CallID {
	return Await(f, step, func(ev kernel.Signed) {
		if !f.Failed(ev.Err, failure) {
			done(ev.Signature)
			f.Idle()
		}
	})
}

// SendReport sends a report to the leader.
func (f *Follower[M]) SendReport(m M) {
	f.SentReport = true
	f.Emit(Send[M]{To: f.LeaderID, Message: m})
}

// TakesReportReq tells whether a ReportReq for a round is of use. If not, it is dropped.
func (f *Follower[M]) TakesReportReq(round uint8) bool {
	switch {
	case round != f.Round || round == 0 || round > f.Config.RMax:
		// There are no reports before the first round, nor for the announcement after the last one.
		f.Drop(f.LeaderID, roundwire.KindReportReq, DropWrongRound)
	case f.SentReport:
		f.Drop(f.LeaderID, roundwire.KindReportReq, DropReportSent)
	case f.Completed:
		f.Drop(f.LeaderID, roundwire.KindReportReq, DropRoundCompleted)
	case f.BelowFloor(f.Current()):
		f.Drop(f.LeaderID, roundwire.KindReportReq, DropBelowFloor)
	case f.superseded():
		f.Drop(f.LeaderID, roundwire.KindReportReq, DropSuperseded)
	default:
		return true
	}
	return false
}

// verifyReportReq goes on with report when the signatures of observations are found to be valid; those known to be are left
// out.
func (f *Follower[M]) verifyReportReq(unknown []kernel.SignatureCheck, report func()) {
	if len(unknown) == 0 {
		report()
		return
	}
	call := Await(f, StepVerifyingReportReq, func(ev kernel.Verified) {
		if !AllGood(ev) {
			f.Drop(f.LeaderID, roundwire.KindReportReq, DropBadSignature)
			f.Idle()
			return
		}
		report()
	})
	f.Emit(kernel.Verify{ID: call, Checks: unknown})
}

// Complete notes that the round was worth its while.
func (f *Follower[M]) Complete() {
	if f.Completed {
		return
	}
	f.Completed = true
	f.Emit(Count{Counter: CountCompletedRounds})
	f.outcome.Progress()
}
