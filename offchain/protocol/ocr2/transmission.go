package ocr2

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// restoreOverdue is how long after its time a report is still transmitted after a restart. The plugin decides about each
// again, so that what has become superfluous is not sent.
const restoreOverdue = 10 * time.Minute

// transmission brings finalized reports to the contract, if the plugin wants them there.
//
// Source: docs/protocol/ocr2.md, "Transmission".
type transmission struct {
	*rounds.Transmission[*ocr2wire.Final, types.PendingTransmission]
	core *core
}

func newTransmission(c *core) *transmission {
	return &transmission{rounds.NewTransmission(c.Core, transmissionRules{c}), c}
}

// restore takes up what was accepted before a restart.
func (t *transmission) restore(stored map[types.ReportTimestamp]types.PendingTransmission) {
	var list []rounds.Pending[types.PendingTransmission]
	for ts, p := range stored {
		if ts.ConfigDigest == t.core.cfg.ConfigDigest {
			list = append(list, rounds.Pending[types.PendingTransmission]{
				Round: Round{Epoch: ts.Epoch, Round: ts.Round}, Time: p.Time, What: p,
			})
		}
	}
	overdue := t.Now.Add(-restoreOverdue)
	t.Restore(list, func(p *rounds.Pending[types.PendingTransmission]) bool { return !p.Time.Before(overdue) })
}

// transmissionRules have the plugin decide.
type transmissionRules struct{ *core }

func (transmissionRules) RoundOf(f *ocr2wire.Final) Round {
	return Round{Epoch: f.Epoch, Round: f.Round}
}

func (t transmissionRules) Accept(f *ocr2wire.Final, done func(bool)) {
	ts := t.timestamp(t.RoundOf(f))
	call := kernel.Call(&t.Desk, func(ev ShouldAcceptDone) {
		accepted := t.decision(ts, ev.Accept, ev.Err, "the plugin's ShouldAcceptFinalizedReport failed; the report is not transmitted by this oracle")
		t.Emit(AcceptComputed{ts, accepted, ev.Err == nil})
		done(accepted)
	})
	t.Emit(CallShouldAccept{call, ts, f.AttestedReport.Report, t.cfg.MaxDurationShouldAcceptFinalizedReport})
}

func (t transmissionRules) Decide(r Round, p types.PendingTransmission, done func(bool)) {
	ts := t.timestamp(r)
	call := kernel.Call(&t.Desk, func(ev ShouldTransmitDone) {
		transmit := t.decision(ts, ev.Transmit, ev.Err, "the plugin's ShouldTransmitAcceptedReport failed; the report is not transmitted by this oracle")
		t.Emit(TransmitComputed{ts, transmit, ev.Err == nil})
		done(transmit)
	})
	t.Emit(CallShouldTransmit{call, ts, p.Report, t.cfg.MaxDurationShouldTransmitAcceptedReport})
}

// decision is what the plugin decided; no, if it failed.
func (t transmissionRules) decision(ts types.ReportTimestamp, yes bool, err error, failure string) bool {
	if err != nil {
		t.Log(kernel.LogError, failure, "epoch", ts.Epoch, "round", ts.Round, "error", err)
	}
	return yes && err == nil
}

func (t transmissionRules) Scheduled(r Round, delays map[commontypes.OracleID]time.Duration) {
	t.Emit(ScheduleComputed{t.timestamp(r), t.Now, delays})
}

func (transmissionRules) Pending(f *ocr2wire.Final, due time.Time) types.PendingTransmission {
	return types.PendingTransmission{
		Time: due, ExtraHash: f.H, Report: f.AttestedReport.Report, AttributedSignatures: f.AttestedReport.AttributedSignatures,
	}
}

func (transmissionRules) Identify(p types.PendingTransmission) [32]byte { return p.ExtraHash }

func (t transmissionRules) Store(r Round, p types.PendingTransmission) {
	t.Emit(StorePending{t.timestamp(r), p})
}

func (t transmissionRules) Delete(r Round) { t.Emit(DeletePending{t.timestamp(r)}) }

func (t transmissionRules) Transmit(r Round, p types.PendingTransmission, done func(error)) {
	t.Emit(CallTransmit{
		ID:         kernel.Call(&t.Desk, func(ev TransmitDone) { done(ev.Err) }),
		Context:    types.ReportContext{ReportTimestamp: t.timestamp(r), ExtraHash: p.ExtraHash},
		Report:     p.Report,
		Signatures: p.AttributedSignatures,
		Timeout:    t.cfg.ContractTransmitterTransmitTimeout,
	})
}
