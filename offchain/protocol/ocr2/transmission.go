package ocr2

import (
	"cmp"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

const (
	// maxFinalsToAccept is the number of finalized reports that wait for the plugin's decision.
	maxFinalsToAccept = 100
	// maxPendingTransmissions is the number of accepted reports that wait for their time.
	maxPendingTransmissions = 1000
	// maxTransmitAttempts is how often a report is handed to the contract transmitter before it is given up.
	maxTransmitAttempts = 3
	// minRetryDelay is the shortest time between two attempts; DeltaStage, if that is longer.
	minRetryDelay = time.Second
	// restoreOverdue is how long after its time a report is still transmitted after a restart. The plugin decides about
	// each again, so that what has become superfluous is not sent.
	restoreOverdue = 10 * time.Minute
)

// transmission brings finalized reports to the contract, if the plugin wants them there. Oracles take turns: each has a
// delay for each report, so that the later ones find it on chain already. One call to the plugin is under way at a time;
// while the contract transmitter is at work, further reports are accepted, but not transmitted.
//
// Source: docs/protocol/ocr2.md, "Transmission".
type transmission struct {
	*core

	toAccept  []*ocr2wire.Final // in order of arrival; while accepting, the first is the one that the plugin decides about
	accepting kernel.CallID     // ShouldAcceptFinalizedReport is under way

	queue []transmissionItem // ordered by time; equal times by arrival
	due   bool               // the timer for the head of the queue has fired

	item         *transmissionItem // taken from the queue, and not done yet
	deciding     kernel.CallID     // ShouldTransmitAcceptedReport is under way
	transmitting kernel.CallID     // Transmit is under way

	maxAttempts int

	// restored are the extra hashes of the reports that were in the database at the start. This process has taken care of
	// them: when they are finalized once more, they are not planned again.
	restored map[Round][32]byte
}

type transmissionItem struct {
	round    Round
	pending  types.PendingTransmission
	attempts int // so far
}

func newTransmission(c *core) *transmission {
	return &transmission{core: c, maxAttempts: maxTransmitAttempts}
}

// restore takes up what was accepted before a restart.
func (t *transmission) restore(stored map[types.ReportTimestamp]types.PendingTransmission) {
	for ts, pending := range stored {
		if ts.ConfigDigest == t.cfg.ConfigDigest {
			t.queue = append(t.queue, transmissionItem{round: Round{Epoch: ts.Epoch, Round: ts.Round}, pending: pending})
		}
	}
	slices.SortFunc(t.queue, func(a, b transmissionItem) int {
		return cmp.Or(a.pending.Time.Compare(b.pending.Time), a.round.compare(b.round))
	})
	// What is long overdue, and what is too much, is forgotten, the oldest first.
	forget := 0
	for forget < len(t.queue) &&
		(t.queue[forget].pending.Time.Before(t.now.Add(-restoreOverdue)) || len(t.queue)-forget > maxPendingTransmissions) {
		t.delete(t.queue[forget].round)
		forget++
	}
	t.queue = slices.Delete(t.queue, 0, forget)
	t.restored = make(map[Round][32]byte, len(t.queue))
	for i := range t.queue {
		t.restored[t.queue[i].round] = t.queue[i].pending.ExtraHash
	}
	t.armForHead()
}

// accept takes a finalized report.
func (t *transmission) accept(f *ocr2wire.Final) {
	if len(t.toAccept) == maxFinalsToAccept {
		// The first may be the one that the plugin is deciding about.
		oldest := 0
		if t.accepting != 0 {
			oldest = 1
		}
		t.log(kernel.LogWarn, "too many reports wait for the plugin's ShouldAcceptFinalizedReport; the oldest is not transmitted by this oracle",
			"epoch", t.toAccept[oldest].Epoch, "round", t.toAccept[oldest].Round)
		t.toAccept = slices.Delete(t.toAccept, oldest, oldest+1)
	}
	t.toAccept = append(t.toAccept, f)
	t.next()
}

// next begins what is next, if the plugin is free.
func (t *transmission) next() {
	if t.accepting != 0 || t.deciding != 0 {
		return
	}
	if len(t.toAccept) > 0 {
		f := t.toAccept[0]
		t.accepting = t.open(callShouldAccept, t.cfg.OracleID)
		t.emit(CallShouldAccept{
			t.accepting, t.timestamp(Round{Epoch: f.Epoch, Round: f.Round}), f.AttestedReport.Report, t.cfg.MaxDurationShouldAcceptFinalizedReport,
		})
		return
	}
	if t.due && t.item == nil && len(t.queue) > 0 {
		t.due = false
		t.item = &transmissionItem{}
		*t.item = t.queue[0]
		t.queue = slices.Delete(t.queue, 0, 1)
		t.deciding = t.open(callShouldTransmit, t.cfg.OracleID)
		t.emit(CallShouldTransmit{
			t.deciding, t.timestamp(t.item.round), t.item.pending.Report, t.cfg.MaxDurationShouldTransmitAcceptedReport,
		})
	}
}

// shouldAcceptDone handles the plugin's decision about a finalized report.
func (t *transmission) shouldAcceptDone(ev ShouldAcceptDone) {
	if t.accepting == 0 || t.accepting != ev.ID {
		return
	}
	t.accepting = 0
	f := t.toAccept[0]
	t.toAccept = slices.Delete(t.toAccept, 0, 1)
	ts := t.timestamp(Round{Epoch: f.Epoch, Round: f.Round})
	if ev.Err != nil {
		t.log(kernel.LogError, "the plugin's ShouldAcceptFinalizedReport failed; the report is not transmitted by this oracle",
			"epoch", f.Epoch, "round", f.Round, "error", ev.Err)
	}
	accepted := ev.Err == nil && ev.Accept
	t.emit(AcceptComputed{ts, accepted, ev.Err == nil})
	if accepted {
		t.enqueue(f)
	}
	t.next()
}

// enqueue plans the transmission of an accepted report.
func (t *transmission) enqueue(f *ocr2wire.Final) {
	round := Round{Epoch: f.Epoch, Round: f.Round}
	schedule := t.schedule.Delays(f.Epoch, f.Round)
	delays := make(map[commontypes.OracleID]time.Duration, len(schedule))
	for i, d := range schedule {
		if d.Transmits {
			delays[commontypes.OracleID(i)] = d.Delay
		}
	}
	t.emit(ScheduleComputed{t.timestamp(round), t.now, delays})
	own := schedule[t.cfg.OracleID]
	if !own.Transmits {
		return
	}
	item := transmissionItem{round: round, pending: types.PendingTransmission{
		Time:                 t.now.Add(own.Delay),
		ExtraHash:            f.H,
		Report:               f.AttestedReport.Report,
		AttributedSignatures: f.AttestedReport.AttributedSignatures,
	}}
	if h, ok := t.restored[round]; ok && h == f.H {
		return // restored from the database, then finalized again
	}
	if len(t.queue) == maxPendingTransmissions {
		t.log(kernel.LogWarn, "too many reports wait to be transmitted; the one that is due first is given up",
			"epoch", t.queue[0].round.Epoch, "round", t.queue[0].round.Round)
		t.delete(t.queue[0].round)
		t.queue = slices.Delete(t.queue, 0, 1)
	}
	t.emit(StorePending{t.timestamp(round), item.pending})
	t.insert(item)
	if t.queue[0].round == round {
		t.emit(kernel.SetTimer{Timer: TimerTransmit, After: own.Delay})
	}
}

// insert puts an item behind those that are not later.
func (t *transmission) insert(item transmissionItem) {
	i := len(t.queue)
	for i > 0 && t.queue[i-1].pending.Time.After(item.pending.Time) {
		i--
	}
	t.queue = slices.Insert(t.queue, i, item)
}

// transmitFired handles the timer for the head of the queue.
func (t *transmission) transmitFired() {
	t.due = true
	t.next()
}

// shouldTransmitDone handles the plugin's decision about an accepted report whose time has come.
func (t *transmission) shouldTransmitDone(ev ShouldTransmitDone) {
	if t.deciding == 0 || t.deciding != ev.ID {
		return
	}
	t.deciding = 0
	if ev.Err != nil {
		t.log(kernel.LogError, "the plugin's ShouldTransmitAcceptedReport failed; the report is not transmitted by this oracle",
			"epoch", t.item.round.Epoch, "round", t.item.round.Round, "error", ev.Err)
	}
	transmit := ev.Err == nil && ev.Transmit
	t.emit(TransmitComputed{t.timestamp(t.item.round), transmit, ev.Err == nil})
	if !transmit {
		t.done()
		return
	}
	t.item.attempts++
	t.transmitting = t.open(callTransmit, t.cfg.OracleID)
	t.emit(CallTransmit{
		ID:         t.transmitting,
		Context:    types.ReportContext{ReportTimestamp: t.timestamp(t.item.round), ExtraHash: t.item.pending.ExtraHash},
		Report:     t.item.pending.Report,
		Signatures: t.item.pending.AttributedSignatures,
		Timeout:    t.cfg.ContractTransmitterTransmitTimeout,
	})
	t.next()
}

// transmitDone handles the outcome of a transmission.
func (t *transmission) transmitDone(ev TransmitDone) {
	if t.transmitting == 0 || t.transmitting != ev.ID {
		return
	}
	t.transmitting = 0
	if ev.Err == nil {
		t.done()
		return
	}
	t.log(kernel.LogError, "transmitting a report failed",
		"epoch", t.item.round.Epoch, "round", t.item.round.Round, "attempt", t.item.attempts, "error", ev.Err)
	if t.item.attempts >= t.maxAttempts || len(t.queue) >= maxPendingTransmissions {
		t.done()
		return
	}
	// Once more, later; the plugin is asked again then, in case the report did get there.
	item := *t.item
	t.item = nil
	item.pending.Time = t.now.Add(max(t.cfg.DeltaStage, minRetryDelay))
	t.insert(item)
	t.armForHead()
	t.next()
}

// done ends the work on an item, however it came out.
func (t *transmission) done() {
	t.delete(t.item.round)
	t.item = nil
	t.armForHead()
	t.next()
}

// delete removes a report from the database: it is of no use after a restart.
func (t *transmission) delete(r Round) { t.emit(DeletePending{t.timestamp(r)}) }

// armForHead sets the timer for what is due first.
func (t *transmission) armForHead() {
	t.due = false
	if len(t.queue) > 0 {
		t.emit(kernel.SetTimer{Timer: TimerTransmit, After: max(0, t.queue[0].pending.Time.Sub(t.now))})
	}
}
