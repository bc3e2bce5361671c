package rounds

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

const (
	// MaxFinalsToAccept is the number of attested reports that wait for the decision whether they are to be transmitted.
	MaxFinalsToAccept = 100
	// MaxPendingTransmissions is the number of accepted reports that wait for their time.
	MaxPendingTransmissions = 1000
	// MaxTransmitAttempts is how often a report is handed to the contract transmitter before it is given up.
	MaxTransmitAttempts = 3
	// minRetryDelay is the shortest time between two attempts; DeltaStage, if that is longer.
	minRetryDelay = time.Second
)

// Transmission brings attested reports to the contract, if they are wanted there. Oracles take turns: each has a delay for
// each report, so that the later ones find it on chain already. One decision is under way at a time; while the contract
// transmitter is at work, further reports are accepted, but not transmitted. F is an attested report, P what is kept of it
// until it is transmitted.
//
// Source: docs/protocol/ocr2.md, "Transmission".
type Transmission[F, P any] struct {
	core  *Core
	rules TransmissionRules[F, P]

	toAccept  []F // in order of arrival; while accepting, the first is the one that is decided about
	accepting bool

	queue []Pending[P] // ordered by time; equal times by arrival
	due   bool         // the timer for the head of the queue has fired

	item         *Pending[P] // taken from the queue, and not done yet
	deciding     bool        // whether item is to be transmitted
	transmitting bool

	// The methods that take the outcomes of what rules do.
	onAccepted, onDecided func(bool)
	onTransmitted         func(TransmitDone)

	// MaxAttempts is how often a report is handed to the contract transmitter.
	MaxAttempts int

	// restored identify the reports that were in the database at the start. This process has taken care of them: when they
	// come once more, they are not planned again.
	restored map[Round][32]byte
}

// Pending is an accepted report.
type Pending[P any] struct {
	Round    Round
	Time     time.Time // when it is due
	Attempts int       // so far
	What     P
}

// TransmissionRules are the protocol's part of transmission.
type TransmissionRules[F, P any] interface {
	// RoundOf is the round of an attested report.
	RoundOf(f F) Round
	// Accept decides whether an attested report is to be transmitted, and calls done.
	Accept(f F, done func(accepted bool))
	// Scheduled says who transmits an accepted report, and after what delays.
	Scheduled(r Round, delays map[commontypes.OracleID]time.Duration)
	// Pending makes what is kept of an accepted report that is due at a time.
	Pending(f F, due time.Time) P
	// Due is that time.
	Due(p P) time.Time
	// Keep tells whether a report that was accepted before a restart is still of use. overdue is the last round of those whose
	// time has passed.
	Keep(stored *Pending[P], overdue Round) bool
	// Identify tells reports of the same round apart.
	Identify(p P) [32]byte
	// Summary describes a report in transcripts.
	Summary(p P) string
	// Decide decides whether a report whose time has come is still to be transmitted, and calls done.
	Decide(r Round, p P, done func(transmit bool))
	// Transmit makes the effect that hands a report to the contract transmitter. It is answered by [TransmitDone].
	Transmit(call kernel.CallID, r Round, p P) kernel.Effect
}

// Init prepares for the first report.
func (t *Transmission[F, P]) Init(c *Core, rules TransmissionRules[F, P]) {
	t.core, t.rules, t.MaxAttempts = c, rules, MaxTransmitAttempts
	t.onAccepted, t.onDecided, t.onTransmitted = t.accepted, t.decided, t.transmitted
}

func (t *Transmission[F, P]) start(ev startEvent) { t.Restore(ev.(Start[P]).Pending) }

// Restore takes up what was accepted before a restart, as far as it is still of use.
func (t *Transmission[F, P]) Restore(stored map[Round]P) {
	list := make([]Pending[P], 0, len(stored))
	var overdue Round
	for round, p := range stored {
		due := t.rules.Due(p)
		list = append(list, Pending[P]{Round: round, Time: due, What: p})
		if due.Before(t.core.Now) && overdue.Less(round) {
			overdue = round
		}
	}
	slices.SortFunc(list, func(a, b Pending[P]) int {
		return cmp.Or(a.Time.Compare(b.Time), a.Round.Compare(b.Round))
	})
	// What is too much is forgotten, too, the oldest first.
	t.restored = make(map[Round][32]byte, len(list))
	for i := range list {
		if len(list)-i > MaxPendingTransmissions || !t.rules.Keep(&list[i], overdue) {
			t.core.Emit(DeletePending{list[i].Round})
			continue
		}
		t.queue = append(t.queue, list[i])
		t.restored[list[i].Round] = t.rules.Identify(list[i].What)
	}
	t.armForHead()
}

// Take takes an attested report whose signatures are valid.
func (t *Transmission[F, P]) Take(f F) {
	if len(t.toAccept) == MaxFinalsToAccept {
		// The first may be the one that is being decided about.
		oldest := 0
		if t.accepting {
			oldest = 1
		}
		r := t.rules.RoundOf(t.toAccept[oldest])
		t.core.Log(kernel.LogWarn, "too many reports wait to be accepted for transmission; the oldest is not transmitted by this oracle",
			"epoch", r.Epoch, "round", r.Round)
		t.toAccept = slices.Delete(t.toAccept, oldest, oldest+1)
	}
	t.toAccept = append(t.toAccept, f)
	t.next()
}

// next begins what is next, if no decision is under way.
func (t *Transmission[F, P]) next() {
	if t.accepting || t.deciding {
		return
	}
	if len(t.toAccept) > 0 {
		t.accepting = true
		t.rules.Accept(t.toAccept[0], t.onAccepted)
		return
	}
	if t.due && t.item == nil && len(t.queue) > 0 {
		t.due = false
		t.item = &Pending[P]{}
		*t.item = t.queue[0]
		t.queue = slices.Delete(t.queue, 0, 1)
		t.deciding = true
		t.rules.Decide(t.item.Round, t.item.What, t.onDecided)
	}
}

func (t *Transmission[F, P]) accepted(accepted bool) {
	t.accepting = false
	f := t.toAccept[0]
	t.toAccept = slices.Delete(t.toAccept, 0, 1)
	if accepted {
		t.enqueue(f)
	}
	t.next()
}

// enqueue plans the transmission of an accepted report.
func (t *Transmission[F, P]) enqueue(f F) {
	round := t.rules.RoundOf(f)
	schedule := t.core.Schedule.Delays(round.Epoch, round.Round)
	delays := make(map[commontypes.OracleID]time.Duration, len(schedule))
	for i, d := range schedule {
		if d.Transmits {
			delays[commontypes.OracleID(i)] = d.Delay
		}
	}
	t.rules.Scheduled(round, delays)
	own, ok := delays[t.core.Config.OracleID]
	if !ok {
		return
	}
	due := t.core.Now.Add(own)
	item := Pending[P]{Round: round, Time: due, What: t.rules.Pending(f, due)}
	if known, ok := t.restored[round]; ok && known == t.rules.Identify(item.What) {
		return // restored from the database, then attested again
	}
	if len(t.queue) == MaxPendingTransmissions {
		t.core.Log(kernel.LogWarn, "too many reports wait to be transmitted; the one that is due first is given up",
			"epoch", t.queue[0].Round.Epoch, "round", t.queue[0].Round.Round)
		t.core.Emit(DeletePending{t.queue[0].Round})
		t.queue = slices.Delete(t.queue, 0, 1)
	}
	t.core.Emit(StorePending[P]{round, item.What, t.rules.Summary})
	t.insert(item)
	if t.queue[0].Round == round {
		t.core.Emit(kernel.SetTimer{Timer: TimerTransmit, After: own})
	}
}

// insert puts an item behind those that are not later.
func (t *Transmission[F, P]) insert(item Pending[P]) {
	i := len(t.queue)
	for i > 0 && t.queue[i-1].Time.After(item.Time) {
		i--
	}
	t.queue = slices.Insert(t.queue, i, item)
}

// Fired handles the timer for the head of the queue.
func (t *Transmission[F, P]) Fired() {
	t.due = true
	t.next()
}

func (t *Transmission[F, P]) decided(transmit bool) {
	t.deciding = false
	if !transmit {
		t.done()
		return
	}
	t.item.Attempts++
	t.transmitting = true
	call := kernel.Call(&t.core.Desk, t.onTransmitted)
	t.core.Emit(t.rules.Transmit(call, t.item.Round, t.item.What))
	t.next()
}

func (t *Transmission[F, P]) transmitted(ev TransmitDone) {
	t.transmitting = false
	if ev.Err == nil {
		t.done()
		return
	}
	t.core.Log(kernel.LogError, "transmitting a report failed",
		"epoch", t.item.Round.Epoch, "round", t.item.Round.Round, "attempt", t.item.Attempts, "error", ev.Err)
	if t.item.Attempts >= t.MaxAttempts || len(t.queue) >= MaxPendingTransmissions {
		t.done()
		return
	}
	// Once more, later; the decision is made anew then, in case the report did get there.
	item := *t.item
	t.item = nil
	item.Time = t.core.Now.Add(max(t.core.Config.DeltaStage, minRetryDelay))
	t.insert(item)
	t.armForHead()
	t.next()
}

// done ends the work on an item, however it came out: it is of no use after a restart.
func (t *Transmission[F, P]) done() {
	t.core.Emit(DeletePending{t.item.Round})
	t.item = nil
	t.armForHead()
	t.next()
}

// armForHead sets the timer for what is due first.
func (t *Transmission[F, P]) armForHead() {
	t.due = false
	if len(t.queue) > 0 {
		t.core.Emit(kernel.SetTimer{Timer: TimerTransmit, After: max(0, t.queue[0].Time.Sub(t.core.Now))})
	}
}

// Queue lists the accepted reports that wait for their time, the first due first. It is valid until the next event.
func (t *Transmission[F, P]) Queue() []Pending[P] { return t.queue }

func (t *Transmission[F, P]) describe(s *Status) {
	s.FinalsToAccept, s.PendingTransmissions, s.Transmitting = len(t.toAccept), len(t.queue), t.transmitting
}

func (t *Transmission[F, P]) draw(b *strings.Builder) {
	fmt.Fprintf(b, "transmission: to-accept=%d pending=%d transmitting=%t\n", len(t.toAccept), len(t.queue), t.transmitting)
	for _, item := range t.queue {
		fmt.Fprintf(b, "  %s in %s attempts=%d\n", item.Round, item.Time.Sub(t.core.Now), item.Attempts)
	}
}
