package rounds

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Leader is the leader's part of report generation, as far as both protocols agree: the phases of a round, the collections,
// the timers. O is an observation as it is collected, R a report. When a round begins, and when reports suffice, is the
// protocol's business.
//
// Source: docs/protocol/ocr2.md, "Report generation (leader)".
type Leader[O, R any] struct {
	*Core
	epoch uint32
	leads bool
	// silent: this oracle may have led a later round before a restart and must not lead in this epoch.
	silent bool

	Round     uint8 // the current round, 0 before the first one
	Phase     Phase
	announced bool // the current round was, so that answers to it can be there

	Observations Collection[O]
	Reports      Collection[R]
}

// Phase is how far the leader is with a round.
type Phase uint8

const (
	PhaseObserve Phase = iota // observations of a quorum are awaited
	PhaseGrace                // a quorum is there; the others get DeltaGrace
	PhaseReport               // reports are awaited
	PhaseFinal                // done
)

// String names the phase for status pages and transcripts.
func (p Phase) String() string {
	switch p {
	case PhaseObserve:
		return "observe"
	case PhaseGrace:
		return "grace"
	case PhaseReport:
		return "report"
	case PhaseFinal:
		return "final"
	}
	return "unknown phase"
}

// init prepares for an epoch. reported is called with each report that was added to Reports.
func (l *Leader[O, R]) init(c *Core, epoch uint32, leads bool, reported func(from commontypes.OracleID)) {
	l.Core, l.epoch, l.leads = c, epoch, leads
	if !leads {
		return
	}
	l.Observations = newCollection[O](c, roundwire.KindObserve, l.observing, l.observed)
	l.Reports = newCollection[R](c, roundwire.KindReport, l.reporting, reported)
	switch {
	case c.Floor.Epoch > epoch:
		l.silent = true
	case c.Floor.Epoch == epoch:
		l.Round = c.Floor.Round
		l.silent = l.Round > c.Config.RMax
	}
}

func (l *Leader[O, R]) observing() bool { return l.Phase == PhaseObserve || l.Phase == PhaseGrace }
func (l *Leader[O, R]) reporting() bool { return l.Phase == PhaseReport }

// Current is the current round.
func (l *Leader[O, R]) Current() Round { return Round{Epoch: l.epoch, Round: l.Round} }

// mayLead tells whether this oracle leads rounds in this epoch. It warns if it would but for a restart.
func (l *Leader[O, R]) mayLead() bool {
	if l.leads && l.silent {
		l.Log(kernel.LogWarn, "not leading this epoch: its last round may have been led before the restart",
			"epoch", l.epoch, "round", l.Floor.Round)
	}
	return l.leads && !l.silent
}

// began tells whether a round has begun.
func (l *Leader[O, R]) began() bool { return l.leads && !l.silent && l.Round > 0 }

// Begin begins the next round. It is false if all rounds of the epoch are over.
func (l *Leader[O, R]) Begin() bool {
	if l.Round > l.Config.RMax {
		l.Log(kernel.LogWarn, "all rounds of the epoch are over; waiting for the next epoch", "epoch", l.epoch)
		return false
	}
	l.Round++
	l.abandon()
	l.Observations.clear()
	l.Reports.clear()
	if l.Phase == PhaseGrace {
		l.Emit(kernel.CancelTimer{Timer: TimerGrace})
	}
	l.Emit(kernel.SetTimer{Timer: TimerRound, After: l.Config.DeltaRound})
	l.Phase, l.announced = PhaseObserve, false
	l.Record(l.Current())
	return true
}

// Announced says that the current round was announced.
func (l *Leader[O, R]) Announced() { l.announced = true }

// TakesReport tells whether a Report for a round is of use. If not, it is dropped.
func (l *Leader[O, R]) TakesReport(from commontypes.OracleID, round uint8) bool {
	return l.takes(from, roundwire.KindReport, round, l.reporting(), l.Reports.items[from].state)
}

// takes tells whether a message to the leader is of use. If not, it is dropped.
func (l *Leader[O, R]) takes(from commontypes.OracleID, kind roundwire.Kind, round uint8, phase bool, state collected) bool {
	switch {
	case round != l.Round || !l.announced:
		l.Drop(from, kind, DropWrongRound)
	case !phase:
		l.Drop(from, kind, DropWrongPhase)
	case state != missing:
		l.Drop(from, kind, DropDuplicate)
	default:
		return true
	}
	return false
}

func (l *Leader[O, R]) observed(commontypes.OracleID) {
	if l.Phase == PhaseObserve && l.Observations.count > 2*l.Config.F {
		l.Emit(kernel.SetTimer{Timer: TimerGrace, After: l.Config.DeltaGrace})
		l.Phase = PhaseGrace
	}
}

// graceFired handles the end of DeltaGrace. It tells whether the observations are complete now, and reports of them are to be
// asked for.
func (l *Leader[O, R]) graceFired() bool {
	if !l.leads || l.Phase != PhaseGrace {
		l.Log(kernel.LogError, "the grace timer fired out of turn", "epoch", l.epoch, "round", l.Round, "phase", l.Phase.String())
		return false
	}
	l.Phase = PhaseReport
	return true
}

// Agreeing lists the oracles that sent the same report as one of them did, in their order; nil if they are fewer than a
// quorum.
func (l *Leader[O, R]) Agreeing(with commontypes.OracleID, same func(a, b R) bool, quorum int) []commontypes.OracleID {
	var list [types.MaxOracles]commontypes.OracleID
	n := 0
	for i := range l.Reports.items {
		if l.Reports.items[i].state == present && same(l.Reports.items[i].value, l.Reports.items[with].value) {
			list[n] = commontypes.OracleID(i)
			n++
		}
	}
	if n < quorum {
		return nil
	}
	return slices.Clone(list[:n])
}

// Finish ends the round: enough reports agree.
func (l *Leader[O, R]) Finish() {
	l.Phase = PhaseFinal
	l.Emit(Count{Counter: CountLedCompletedRounds})
	l.abandon()
}

// Stop ends the epoch.
func (l *Leader[O, R]) Stop() {
	l.abandon()
	if l.Round > 0 {
		l.Emit(kernel.CancelTimer{Timer: TimerRound})
		l.Emit(kernel.CancelTimer{Timer: TimerGrace})
	}
}

// abandon gives up all verifications.
func (l *Leader[O, R]) abandon() {
	for i := range l.Observations.items {
		l.Observations.abandon(i)
		l.Reports.abandon(i)
	}
}

// PhaseName is the phase, or that this oracle keeps silent.
func (l *Leader[O, R]) PhaseName() string {
	if l.silent {
		return "silent"
	}
	return l.Phase.String()
}
