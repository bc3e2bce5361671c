package ocr2

import (
	"fmt"
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
	*core
	rounds.Transmission[*ocr2wire.Final, types.PendingTransmission]
}

func newTransmission(c *core) *transmission {
	t := &transmission{core: c}
	t.Init(c.Core, t)
	return t
}

func (*transmission) RoundOf(f *ocr2wire.Final) Round {
	return Round{Epoch: f.Epoch, Round: f.Round}
}

func (t *transmission) Accept(f *ocr2wire.Final, done func(bool)) {
	ts := t.timestamp(t.RoundOf(f))
	call := kernel.Call(&t.Desk, func(ev ShouldAcceptDone) {
		accepted := t.decision(ts, ev.Accept, ev.Err, "the plugin's ShouldAcceptFinalizedReport failed; the report is not transmitted by this oracle")
		t.Emit(AcceptComputed{ts, accepted, ev.Err == nil})
		done(accepted)
	})
	t.Emit(CallShouldAccept{call, ts, f.AttestedReport.Report, t.cfg.MaxDurationShouldAcceptFinalizedReport})
}

func (t *transmission) Decide(r Round, p types.PendingTransmission, done func(bool)) {
	ts := t.timestamp(r)
	call := kernel.Call(&t.Desk, func(ev ShouldTransmitDone) {
		transmit := t.decision(ts, ev.Transmit, ev.Err, "the plugin's ShouldTransmitAcceptedReport failed; the report is not transmitted by this oracle")
		t.Emit(TransmitComputed{ts, transmit, ev.Err == nil})
		done(transmit)
	})
	t.Emit(CallShouldTransmit{call, ts, p.Report, t.cfg.MaxDurationShouldTransmitAcceptedReport})
}

// decision is what the plugin decided; no, if it failed.
func (t *transmission) decision(ts types.ReportTimestamp, yes bool, err error, failure string) bool {
	if err != nil {
		t.Log(kernel.LogError, failure, "epoch", ts.Epoch, "round", ts.Round, "error", err)
	}
	return yes && err == nil
}

func (t *transmission) Scheduled(r Round, delays map[commontypes.OracleID]time.Duration) {
	t.Emit(ScheduleComputed{t.timestamp(r), t.Now, delays})
}

func (*transmission) Pending(f *ocr2wire.Final, due time.Time) types.PendingTransmission {
	return types.PendingTransmission{
		Time: due, ExtraHash: f.H, Report: f.AttestedReport.Report, AttributedSignatures: f.AttestedReport.AttributedSignatures,
	}
}

func (*transmission) Due(p types.PendingTransmission) time.Time { return p.Time }

func (t *transmission) Keep(p *rounds.Pending[types.PendingTransmission], _ Round) bool {
	return !p.Time.Before(t.Now.Add(-restoreOverdue))
}

func (*transmission) Identify(p types.PendingTransmission) [32]byte { return p.ExtraHash }

func (*transmission) Summary(p types.PendingTransmission) string {
	return fmt.Sprintf("report=%x", p.Report)
}

func (t *transmission) Transmit(call kernel.CallID, r Round, p types.PendingTransmission) kernel.Effect {
	return CallTransmit{
		ID:         call,
		Context:    types.ReportContext{ReportTimestamp: t.timestamp(r), ExtraHash: p.ExtraHash},
		Report:     p.Report,
		Signatures: p.AttributedSignatures,
		Timeout:    t.cfg.ContractTransmitterTransmitTimeout,
	}
}
