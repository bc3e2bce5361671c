package ocr3

import (
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// maxTransmissions bounds the reports that wait for their time. There is no more than one window of rounds with all their reports
// unless the schedule is far longer than that; then the newest are given up.
const maxTransmissions = 100_000

// transmission brings attested reports to the contract, if the plugin wants them there. Oracles take turns: each has a delay
// for each report, so that the later ones find it on chain already.
//
// Source: docs/protocol/ocr3.md, "Transmission".
type transmission struct {
	*core
	queue agenda[attestedReport]
}

// attested plans the transmission of a report.
func (t *transmission) attested(r attestedReport) {
	began := t.now
	delays, ok := t.delays(r)
	t.Emit(ScheduleComputed{SeqNr: r.seqNr, Index: r.index, At: began, Override: r.schedule != nil, OK: ok, Delays: delays})
	if !ok {
		t.Log(kernel.LogError, "the plugin's schedule is invalid; the report is not transmitted", "seqNr", r.seqNr, "index", r.index)
		return
	}
	own := delays[t.cfg.OracleID]
	if !own.Transmits {
		return
	}
	t.holdReports(r.seqNr)
	id := kernel.CallIn(&t.Desk, nil, func(done ShouldAcceptDone) {
		t.Emit(AcceptComputed{r.seqNr, r.index, done.Accept, done.Err == nil})
		if done.Err != nil {
			t.Log(kernel.LogError, "the plugin's ShouldAcceptAttestedReport failed; the report is not transmitted", "seqNr", r.seqNr, "index", r.index, "error", done.Err)
		}
		if done.Err != nil || !done.Accept {
			t.releaseReports(r.seqNr)
			return
		}
		if len(t.queue) >= maxTransmissions {
			t.Log(kernel.LogError, "too many reports wait for their transmission; this one is given up", "seqNr", r.seqNr, "index", r.index)
			t.releaseReports(r.seqNr)
			return
		}
		t.queue.add(began.Add(own.Delay), r)
		t.arm()
	})
	t.Emit(CallShouldAccept{id, r.seqNr, r.index, t.cfg.MaxDurationShouldAcceptAttestedReport})
}

// delays returns the delay of each oracle; it is false if the plugin's own schedule makes no sense.
func (t *transmission) delays(r attestedReport) ([]config.TransmitDelay, bool) {
	if r.schedule == nil {
		return t.schedule.Delays(r.seqNr, uint64(r.index)), true
	}
	if len(r.schedule.Transmitters) != len(r.schedule.Delays) {
		return nil, false
	}
	var seen oracleSet
	for _, id := range r.schedule.Transmitters {
		if t.unseen(&seen, id) != nil {
			return nil, false
		}
	}
	return t.schedule.OverrideDelays(r.seqNr, uint64(r.index), r.schedule.Transmitters, r.schedule.Delays), true
}

func (t *transmission) arm() {
	if after, ok := t.queue.next(t.now); ok {
		t.Emit(kernel.SetTimer{Timer: TimerTransmit, After: after})
	}
}

// transmitFired transmits what is due, if the plugin still wants it.
func (t *transmission) transmitFired() {
	for _, r := range t.queue.due(t.now) {
		t.decide(r)
	}
	t.arm()
}

func (t *transmission) decide(r attestedReport) {
	id := kernel.CallIn(&t.Desk, nil, func(done ShouldTransmitDone) {
		t.Emit(TransmitComputed{r.seqNr, r.index, done.Transmit, done.Err == nil})
		if done.Err != nil {
			t.Log(kernel.LogError, "the plugin's ShouldTransmitAcceptedReport failed; the report is not transmitted", "seqNr", r.seqNr, "index", r.index, "error", done.Err)
		}
		if done.Err != nil || !done.Transmit {
			t.releaseReports(r.seqNr)
			return
		}
		t.transmit(r)
	})
	t.Emit(CallShouldTransmit{id, r.seqNr, r.index, t.cfg.MaxDurationShouldTransmitAcceptedReport})
}

func (t *transmission) transmit(r attestedReport) {
	id := kernel.CallIn(&t.Desk, nil, func(done TransmitDone) {
		if done.Err != nil {
			t.Log(kernel.LogError, "the transmission failed", "seqNr", r.seqNr, "index", r.index, "error", done.Err)
		}
		t.releaseReports(r.seqNr)
	})
	t.Emit(CallTransmit{id, r.seqNr, r.index, append([]types.AttributedOnchainSignature(nil), r.signatures...), t.cfg.ContractTransmitterTransmitTimeout})
}
