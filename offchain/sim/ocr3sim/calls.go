package ocr3sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
)

var (
	errPlugin   = errors.New("ocr3sim: the plugin fails")
	errKey      = errors.New("ocr3sim: the key does not sign")
	errDisk     = errors.New("ocr3sim: the disk fails")
	errTransmit = errors.New("ocr3sim: the transmission fails")
)

func outcomeContext(c ocr3.OutcomeContext) ocr3types.OutcomeContext {
	return ocr3types.OutcomeContext{SeqNr: c.SeqNr, PreviousOutcome: c.PreviousOutcome, Epoch: c.Epoch, Round: c.Round}
}

// pureTimeout is how long a computation of the plugin takes that overruns: there is no deadline for it.
const pureTimeout = time.Second

// call makes a call for the machine. The call itself happens at once, in virtual time; its result arrives later.
func (n *node) call(effect kernel.Effect) {
	n.sim.checkers.Called(n, effect)
	ctx := context.Background()
	switch e := effect.(type) {
	case kernel.Verify:
		n.Answer(engine.Between(n.Random, 0, engine.MaxVerifyTime), e.ID, kernel.Verified{ID: e.ID, Bad: n.firstBad(e.Checks)})
	case kernel.VerifyEach:
		good := make([]bool, len(e.Checks))
		for i := range e.Checks {
			good[i] = n.isGood(&e.Checks[i]) || n.sim.options.breaks.acceptAllVotes
		}
		n.Answer(engine.Between(n.Random, 0, engine.MaxVerifyTime), e.ID, kernel.VerifiedEach{ID: e.ID, Good: good})
	case kernel.SignOffchain:
		n.sign(e.ID, func() any {
			signature := n.sim.keys.signOffchain(n.ID, e.Message)
			n.sim.checkers.signs(n, e.Message, signature)
			return kernel.Signed{ID: e.ID, Signature: signature}
		}, kernel.Signed{ID: e.ID, Err: errKey})
	case ocr3.SignReports:
		n.sign(e.ID, func() any {
			signed := ocr3.ReportsSigned{ID: e.ID}
			for _, r := range n.reports[e.SeqNr] {
				signed.Signatures = append(signed.Signatures, n.sim.keys.signReport(n.ID, e.SeqNr, r.ReportWithInfo))
			}
			return signed
		}, ocr3.ReportsSigned{ID: e.ID, Err: errKey})
	case ocr3.VerifyReports:
		n.Answer(engine.Between(n.Random, 0, engine.MaxVerifyTime), e.ID, ocr3.ReportsVerified{ID: e.ID, Good: n.goodReports(&e)})

	case ocr3.CallQuery:
		n.callPlugin(e.ID, n.untilEpochEnds(e.Timeout), func(err error) ocr3.Event {
			var query types.Query
			if err == nil {
				query, err = n.plugin.Query(ctx, outcomeContext(e.Context))
				err = within("query", len(query), n.limits.MaxQueryLength, err)
			}
			return ocr3.QueryDone{ID: e.ID, Query: query, Err: err}
		})
	case ocr3.CallObservation:
		n.callPlugin(e.ID, n.untilEpochEnds(e.Timeout), func(err error) ocr3.Event {
			var observation types.Observation
			if err == nil {
				observation, err = n.plugin.Observation(ctx, outcomeContext(e.Context), e.Query)
				err = within("observation", len(observation), n.limits.MaxObservationLength, err)
			}
			if err == nil {
				n.sim.checkers.observes(n, &e, observation)
			}
			return ocr3.ObservationDone{ID: e.ID, Observation: observation, Err: err}
		})
	case ocr3.CallValidateObservations:
		n.callPlugin(e.ID, 0, func(err error) ocr3.Event {
			for i := 0; i < len(e.Observations) && err == nil; i++ {
				if err = n.plugin.ValidateObservation(ctx, outcomeContext(e.Context), e.Query, e.Observations[i]); err != nil {
					return ocr3.ObservationValidated{ID: e.ID, Bad: i, Err: err}
				}
			}
			if err != nil {
				return ocr3.ObservationValidated{ID: e.ID, Bad: 0, Err: err}
			}
			return ocr3.ObservationValidated{ID: e.ID, Bad: -1}
		})
	case ocr3.CallObservationQuorum:
		n.callPlugin(e.ID, 0, func(err error) ocr3.Event {
			reached := false
			if err == nil {
				reached, err = n.plugin.ObservationQuorum(ctx, outcomeContext(e.Context), e.Query, e.Observations)
			}
			return ocr3.QuorumDone{ID: e.ID, Reached: reached, Err: err}
		})
	case ocr3.CallOutcome:
		n.callPlugin(e.ID, 0, func(err error) ocr3.Event {
			var outcome ocr3types.Outcome
			if err == nil {
				outcome, err = n.plugin.Outcome(ctx, outcomeContext(e.Context), e.Query, e.Observations)
				err = within("outcome", len(outcome), n.limits.MaxOutcomeLength, err)
			}
			if err == nil {
				n.sim.checkers.computes(n, &e, outcome)
			}
			return ocr3.OutcomeDone{ID: e.ID, Outcome: outcome, Err: err}
		})
	case ocr3.CallReports:
		n.callPlugin(e.ID, 0, func(err error) ocr3.Event { return n.makeReports(&e, err) })
	case ocr3.CallShouldAccept:
		report := n.reports[e.SeqNr][e.Index].ReportWithInfo
		n.callPlugin(e.ID, e.Timeout, func(err error) ocr3.Event {
			accept := false
			if err == nil {
				accept, err = n.plugin.ShouldAcceptAttestedReport(ctx, e.SeqNr, report)
			}
			n.sim.checkers.decided(n, e.SeqNr, e.Index, accept && err == nil)
			return ocr3.ShouldAcceptDone{ID: e.ID, Accept: accept, Err: err}
		})
	case ocr3.CallShouldTransmit:
		report := n.reports[e.SeqNr][e.Index].ReportWithInfo
		n.callPlugin(e.ID, e.Timeout, func(err error) ocr3.Event {
			transmit := false
			if err == nil {
				transmit, err = n.plugin.ShouldTransmitAcceptedReport(ctx, e.SeqNr, report)
			}
			n.sim.checkers.decided(n, e.SeqNr, e.Index, transmit && err == nil)
			return ocr3.ShouldTransmitDone{ID: e.ID, Transmit: transmit, Err: err}
		})

	case ocr3.EpochStarted, ocr3.RoundStarted, ocr3.ScheduleComputed, ocr3.AcceptComputed, ocr3.TransmitComputed, ocr3.Count, ocr3.CommittedSeqNr:
	case kernel.Dropped, kernel.Log:
	default:
		panic(fmt.Sprintf("ocr3sim: the machine asks for an unknown effect %T", e))
	}
}

// untilEpochEnds is the deadline of calls that the runtime gives up when no progress is made any more.
func (n *node) untilEpochEnds(limit time.Duration) time.Duration {
	return max(limit, n.sim.options.Timing.DeltaProgress)
}

func (n *node) makeReports(e *ocr3.CallReports, err error) ocr3.Event {
	done := ocr3.ReportsDone{ID: e.ID, Err: err}
	if err != nil {
		return done
	}
	reports, err := n.plugin.Reports(context.Background(), e.SeqNr, e.Outcome)
	if err == nil && len(reports) > n.limits.MaxReportCount {
		err = fmt.Errorf("ocr3sim: the plugin makes %d reports, but its limits allow %d", len(reports), n.limits.MaxReportCount)
	}
	for i := range reports {
		err = within("report", len(reports[i].ReportWithInfo.Report), n.maxReportLength, err)
	}
	if done.Err = err; err != nil {
		return done
	}
	n.sim.checkers.reports(n, e, reports)
	n.reports[e.SeqNr] = reports
	done.Count = len(reports)
	for i := range reports {
		if o := reports[i].TransmissionScheduleOverride; o != nil {
			if done.Schedules == nil {
				done.Schedules = make([]*ocr3.Schedule, len(reports))
			}
			done.Schedules[i] = &ocr3.Schedule{Transmitters: o.Transmitters, Delays: o.TransmissionDelays}
		}
	}
	return done
}

func (n *node) goodReports(e *ocr3.VerifyReports) []bool {
	reports := n.reports[e.SeqNr]
	good := make([]bool, len(e.Lists))
	for k, list := range e.Lists {
		good[k] = len(reports) == len(list.Signatures)
		for i := 0; good[k] && i < len(reports); i++ {
			good[k] = n.sim.keys.verifyReport(list.Signer, e.SeqNr, reports[i].ReportWithInfo, list.Signatures[i])
		}
		good[k] = good[k] || n.sim.options.breaks.acceptAllReports
	}
	return good
}

// within holds a plugin to the limits that it declared.
func within(what string, length, limit int, err error) error {
	if err == nil && length > limit {
		return fmt.Errorf("ocr3sim: the plugin's %s has %d bytes, but its limits allow %d", what, length, limit)
	}
	return err
}

// callPlugin makes a call with a deadline, 0 for none. do is told if the call is to fail.
func (n *node) callPlugin(id kernel.CallID, timeout time.Duration, do func(fails error) ocr3.Event) {
	faults := &n.sim.options.Faults
	took := engine.Between(n.Random, 0, engine.MaxPluginTime)
	if timeout > 0 {
		took = min(took, timeout)
	}
	switch {
	case n.sim.Healed || n.hand != nil:
	case engine.Chance(n.Random, faults.PluginErrors):
		n.sim.stats.PluginFaults++
		n.Answer(took, id, do(errPlugin))
		return
	case engine.Chance(n.Random, faults.PluginSlow):
		n.sim.stats.PluginFaults++
		switch {
		case timeout == 0:
			took = engine.Between(n.Random, took, pureTimeout)
		case n.Random.IntN(2) == 0: // too late, or never
			if n.Random.IntN(2) == 0 {
				do(nil)
			}
			n.Answer(timeout, id, do(context.DeadlineExceeded))
			return
		default:
			took = engine.Between(n.Random, took, timeout)
		}
	}
	n.Answer(took, id, do(nil))
}

// sign has a key sign, or fail.
func (n *node) sign(id kernel.CallID, do func() any, failed ocr3.Event) {
	errors := n.sim.options.Faults.KeyErrors
	if n.hand != nil {
		errors = 0
	}
	n.Sign(id, errors, &n.sim.stats.Faults, do, failed)
}

func (n *node) isGood(c *kernel.SignatureCheck) bool {
	return c.Kind == kernel.OffchainSignature && int(c.Signer) < n.sim.options.N && n.sim.keys.verifyOffchain(c.Signer, c.Message, c.Signature)
}

func (n *node) firstBad(checks []kernel.SignatureCheck) int {
	if n.sim.options.breaks.acceptAllSignatures {
		return -1
	}
	for i := range checks {
		if !n.isGood(&checks[i]) {
			return i
		}
	}
	return -1
}

// transmit sends a report to the contract. The transaction outlives a crash of its sender.
func (n *node) transmit(e ocr3.CallTransmit) {
	report := n.reports[e.SeqNr][e.Index].ReportWithInfo
	fails := !n.sim.Healed && engine.Chance(n.Random, n.sim.options.Faults.TransmitErrors)
	took := engine.Between(n.Random, time.Millisecond, engine.MaxTransmitTime)
	if fails {
		n.sim.stats.Faults++
		if n.Random.IntN(2) == 0 {
			n.sim.stats.Transmissions++
			n.Answer(took, e.ID, ocr3.TransmitDone{ID: e.ID, Err: errTransmit})
			return
		}
	}
	seesRevert := n.Random.IntN(2) == 0
	life := n.Life
	n.sim.transmit(took, n.ID, e.SeqNr, report, e.Signatures, func(err error) {
		if n.Life != life {
			return
		}
		if fails {
			err = errTransmit
		} else if !seesRevert {
			err = nil
		}
		n.Answer(0, e.ID, ocr3.TransmitDone{ID: e.ID, Err: err})
	})
}
