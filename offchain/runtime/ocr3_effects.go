package runtime

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
)

// computationTimeout ends calls of the plugin that are pure computation and yet do not return.
const computationTimeout = 10 * time.Minute

// perform carries out an effect that is OCR3's own.
func (in *ocr3Instance[RI]) perform(effect kernel.Effect) bool {
	switch e := any(effect).(type) {
	case ocr3.Send, ocr3.Broadcast:
		in.outbox.leave(e)

	case ocr3.PersistPacemaker:
		in.outbox.require(in.keeper.persist(e.State))
	case ocr3.WriteCertificate:
		in.keeper.keep(e)

	case ocr3.SignReports:
		in.signReports(e)
	case ocr3.VerifyReports:
		in.verifyReports(e)
	case ocr3.ForgetReports:
		delete(in.reports, e.SeqNr)

	case ocr3.CallQuery:
		in.callQuery(e)
	case ocr3.CallObservation:
		in.callObservation(e)
	case ocr3.CallValidateObservations:
		in.callValidateObservations(e)
	case ocr3.CallObservationQuorum:
		in.callObservationQuorum(e)
	case ocr3.CallOutcome:
		in.callOutcome(e)
	case ocr3.CallReports:
		in.callReports(e)
	case ocr3.CallShouldAccept:
		in.callShouldAccept(e)
	case ocr3.CallShouldTransmit:
		in.callShouldTransmit(e)
	case ocr3.CallTransmit:
		in.callTransmit(e)

	case ocr3.EpochStarted:
		in.numbers.epoch.Store(int64(e.Epoch))
		in.numbers.leader.Store(int64(e.Leader))
		in.tell(func(now time.Time) []byte { return in.told.EpochStarted(now, e.Epoch, e.Leader) })
	case ocr3.RoundStarted:
		in.tell(func(now time.Time) []byte { return in.told.RoundStarted(now, e.Epoch, e.SeqNr, e.Round, e.Leader) })
	case ocr3.ScheduleComputed:
		in.tellTransmission(func(now time.Time) []byte {
			return in.told.ScheduleComputed(now, e.SeqNr, e.Index, e.At, e.Override, delaysByOracle(e.Delays), e.OK)
		})
	case ocr3.AcceptComputed:
		in.tellTransmission(func(now time.Time) []byte {
			return in.told.ShouldAcceptComputed(now, e.SeqNr, e.Index, e.Result, e.OK)
		})
	case ocr3.TransmitComputed:
		in.tellTransmission(func(now time.Time) []byte {
			return in.told.ShouldTransmitComputed(now, e.SeqNr, e.Index, e.Result, e.OK)
		})
	case ocr3.CommittedSeqNr:
		in.numbers.committed.Store(e.SeqNr)
	case ocr3.Count:
		in.numbers.counters[e.Counter].Add(1)

	default:
		return false
	}
	return true
}

// release carries out an effect that may leave the oracle now.
func (in *ocr3Instance[RI]) release(effect any) {
	switch e := effect.(type) {
	case ocr3.Send:
		in.sendTo(in.encode(e.Message), e.To)
	case ocr3.Broadcast:
		in.broadcast(in.encode(e.Message))
	}
}

// signReports signs all reports of an outcome.
func (in *ocr3Instance[RI]) signReports(e ocr3.SignReports) {
	reports := in.reports[e.SeqNr]
	in.running.Add()
	sharedWorkers.run(runnerFunc(func() {
		defer in.running.Done()
		result := ocr3.ReportsSigned{ID: e.ID, Signatures: make([][]byte, 0, len(reports))}
		for i := range reports {
			signature, err := in.args.OnchainKeyring.Sign(in.cfg.ConfigDigest, e.SeqNr, reports[i])
			if err != nil {
				result.Err = fmt.Errorf("report %d: %w", i, err)
				break
			}
			result.Signatures = append(result.Signatures, signature)
		}
		in.answerLater(result)
	}))
}

// verifyReports checks lists of signatures on the reports of an outcome.
func (in *ocr3Instance[RI]) verifyReports(e ocr3.VerifyReports) {
	v := &reportVerification[RI]{in: in, VerifyReports: e, reports: in.reports[e.SeqNr], good: make([]bool, len(e.Lists))}
	groups := max(1, min(len(e.Lists), runtime.GOMAXPROCS(0)))
	v.unfinished.Store(int64(groups))
	in.running.Add()
	for range groups {
		sharedWorkers.run(v)
	}
}

// reportVerification is the work on lists of signatures. It is run on some workers, each of which takes lists as long as there
// are any.
type reportVerification[RI any] struct {
	in *ocr3Instance[RI]
	ocr3.VerifyReports
	reports          []ocr3types.ReportWithInfo[RI]
	good             []bool
	next, unfinished atomic.Int64 // lists; workers
}

func (v *reportVerification[RI]) run() {
	for k := int(v.next.Add(1)) - 1; k < len(v.Lists); k = int(v.next.Add(1)) - 1 {
		v.good[k] = v.isGood(&v.Lists[k])
	}
	if v.unfinished.Add(-1) == 0 {
		v.in.answerLater(ocr3.ReportsVerified{ID: v.ID, Good: v.good})
		v.in.running.Done()
	}
}

func (v *reportVerification[RI]) isGood(list *ocr3.SignedReports) bool {
	if len(v.reports) != len(list.Signatures) || int(list.Signer) >= len(v.in.cfg.OracleIdentities) {
		return false
	}
	key := v.in.cfg.OracleIdentities[list.Signer].OnchainPublicKey
	for i := range v.reports {
		if !v.in.args.OnchainKeyring.Verify(key, v.in.cfg.ConfigDigest, v.SeqNr, v.reports[i], list.Signatures[i]) {
			return false
		}
	}
	return true
}

func outcomeContext(c ocr3.OutcomeContext) ocr3types.OutcomeContext {
	return ocr3types.OutcomeContext{SeqNr: c.SeqNr, PreviousOutcome: c.PreviousOutcome, Epoch: c.Epoch, Round: c.Round}
}

// untilEpochEnds is the timeout of calls that should end within limit: they are warned about then, but may go on as long as an
// epoch can last without progress.
func (in *ocr3Instance[RI]) untilEpochEnds(limit time.Duration) time.Duration {
	return max(limit, in.cfg.DeltaProgress)
}

func (in *ocr3Instance[RI]) callQuery(e ocr3.CallQuery) {
	in.calls.invokeWatched(&in.methods.query, e.ID, e.Timeout, in.untilEpochEnds(e.Timeout), func(ctx context.Context) any {
		query, err := in.plugin.Query(ctx, outcomeContext(e.Context))
		if err == nil {
			err = checkLength("query", len(query), in.info.Limits.MaxQueryLength)
		}
		return ocr3.QueryDone{ID: e.ID, Query: query, Err: err}
	}, func(err error) any { return ocr3.QueryDone{ID: e.ID, Err: err} })
}

func (in *ocr3Instance[RI]) callObservation(e ocr3.CallObservation) {
	in.calls.invokeWatched(&in.methods.observation, e.ID, e.Timeout, in.untilEpochEnds(e.Timeout), func(ctx context.Context) any {
		observation, err := in.plugin.Observation(ctx, outcomeContext(e.Context), e.Query)
		if err == nil {
			err = checkLength("observation", len(observation), in.info.Limits.MaxObservationLength)
		}
		return ocr3.ObservationDone{ID: e.ID, Observation: observation, Err: err}
	}, func(err error) any { return ocr3.ObservationDone{ID: e.ID, Err: err} })
}

func (in *ocr3Instance[RI]) callValidateObservations(e ocr3.CallValidateObservations) {
	in.calls.invokeWatched(&in.methods.validate, e.ID, 0, computationTimeout, func(ctx context.Context) any {
		for i, observation := range e.Observations {
			if err := in.plugin.ValidateObservation(ctx, outcomeContext(e.Context), e.Query, observation); err != nil {
				return ocr3.ObservationValidated{ID: e.ID, Bad: i, Err: err}
			}
		}
		return ocr3.ObservationValidated{ID: e.ID, Bad: -1}
	}, func(err error) any { return ocr3.ObservationValidated{ID: e.ID, Bad: 0, Err: err} })
}

func (in *ocr3Instance[RI]) callObservationQuorum(e ocr3.CallObservationQuorum) {
	in.calls.invokeWatched(&in.methods.quorum, e.ID, 0, computationTimeout, func(ctx context.Context) any {
		reached, err := in.plugin.ObservationQuorum(ctx, outcomeContext(e.Context), e.Query, e.Observations)
		return ocr3.QuorumDone{ID: e.ID, Reached: reached, Err: err}
	}, func(err error) any { return ocr3.QuorumDone{ID: e.ID, Err: err} })
}

func (in *ocr3Instance[RI]) callOutcome(e ocr3.CallOutcome) {
	in.calls.invokeWatched(&in.methods.outcome, e.ID, 0, computationTimeout, func(ctx context.Context) any {
		outcome, err := in.plugin.Outcome(ctx, outcomeContext(e.Context), e.Query, e.Observations)
		if err == nil {
			err = checkLength("outcome", len(outcome), in.info.Limits.MaxOutcomeLength)
		}
		return ocr3.OutcomeDone{ID: e.ID, Outcome: outcome, Err: err}
	}, func(err error) any { return ocr3.OutcomeDone{ID: e.ID, Err: err} })
}

func (in *ocr3Instance[RI]) callReports(e ocr3.CallReports) {
	in.calls.invokeWatched(&in.methods.reports, e.ID, 0, computationTimeout, func(ctx context.Context) any {
		list, err := in.plugin.Reports(ctx, e.SeqNr, e.Outcome)
		if err == nil && len(list) > in.info.Limits.MaxReportCount {
			err = fmt.Errorf("the plugin made %d reports, but its ReportingPluginLimits allow at most %d", len(list), in.info.Limits.MaxReportCount)
		}
		reports := make([]ocr3types.ReportWithInfo[RI], len(list))
		done := ocr3.ReportsDone{ID: e.ID, Count: len(list), Schedules: make([]*ocr3.Schedule, len(list))}
		for i, report := range list {
			if err == nil {
				err = checkLength("report", len(report.ReportWithInfo.Report), in.info.Limits.MaxReportLength)
			}
			reports[i] = report.ReportWithInfo
			if o := report.TransmissionScheduleOverride; o != nil {
				done.Schedules[i] = &ocr3.Schedule{Transmitters: o.Transmitters, Delays: o.TransmissionDelays}
			}
		}
		if err != nil {
			return ocr3.ReportsDone{ID: e.ID, Err: err}
		}
		return computedReports[RI]{done, e.SeqNr, reports}
	}, func(err error) any { return ocr3.ReportsDone{ID: e.ID, Err: err} })
}

// computedReports are reports on their way to the instance, which keeps them for the machine.
type computedReports[RI any] struct {
	done    ocr3.ReportsDone
	seqNr   uint64
	reports []ocr3types.ReportWithInfo[RI]
}

// reportOf returns a report that the machine refers to.
func (in *ocr3Instance[RI]) reportOf(seqNr uint64, index int) ocr3types.ReportWithInfo[RI] {
	return in.reports[seqNr][index]
}

func (in *ocr3Instance[RI]) callShouldAccept(e ocr3.CallShouldAccept) {
	report := in.reportOf(e.SeqNr, e.Index)
	in.calls.invoke(&in.methods.shouldAccept, e.ID, e.Timeout, func(ctx context.Context) any {
		accept, err := in.plugin.ShouldAcceptAttestedReport(ctx, e.SeqNr, report)
		return ocr3.ShouldAcceptDone{ID: e.ID, Accept: accept, Err: err}
	}, func(err error) any { return ocr3.ShouldAcceptDone{ID: e.ID, Err: err} })
}

func (in *ocr3Instance[RI]) callShouldTransmit(e ocr3.CallShouldTransmit) {
	report := in.reportOf(e.SeqNr, e.Index)
	in.calls.invoke(&in.methods.shouldTransmit, e.ID, e.Timeout, func(ctx context.Context) any {
		transmit, err := in.plugin.ShouldTransmitAcceptedReport(ctx, e.SeqNr, report)
		return ocr3.ShouldTransmitDone{ID: e.ID, Transmit: transmit, Err: err}
	}, func(err error) any { return ocr3.ShouldTransmitDone{ID: e.ID, Err: err} })
}

func (in *ocr3Instance[RI]) callTransmit(e ocr3.CallTransmit) {
	report := in.reportOf(e.SeqNr, e.Index)
	in.calls.invoke(&in.methods.transmit, e.ID, e.Timeout, func(ctx context.Context) any {
		err := in.args.ContractTransmitter.Transmit(ctx, in.cfg.ConfigDigest, e.SeqNr, report, e.Signatures)
		if err == nil {
			in.transmitted(func() { in.shown.LastTransmitted = e.SeqNr })
		}
		return ocr3.TransmitDone{ID: e.ID, Err: err}
	}, func(err error) any { return ocr3.TransmitDone{ID: e.ID, Err: err} })
}

// delaysByOracle lists the oracles that transmit.
func delaysByOracle(list []config.TransmitDelay) map[commontypes.OracleID]time.Duration {
	delays := make(map[commontypes.OracleID]time.Duration, len(list))
	for i, d := range list {
		if d.Transmits {
			delays[commontypes.OracleID(i)] = d.Delay
		}
	}
	return delays
}

// tellTransmission offers a telemetry event about a transmission, if the operator wants those.
func (in *ocr3Instance[RI]) tellTransmission(event func(now time.Time) []byte) {
	if in.args.LocalConfig.EnableTransmissionTelemetry {
		in.tell(event)
	}
}
