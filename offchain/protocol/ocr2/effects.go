package ocr2

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// The String methods of effects give one line each, for transcripts and traces. They are stable and leave times of day out,
// so that a run with the same events gives the same text.

// String returns epoch/round.
func (r Round) String() string { return fmt.Sprintf("%d/%d", r.Epoch, r.Round) }

func position(ts types.ReportTimestamp) string {
	return Round{Epoch: ts.Epoch, Round: ts.Round}.String()
}

func (e Send) String() string      { return fmt.Sprintf("send to=%d %s", e.To, e.Message) }
func (e Broadcast) String() string { return fmt.Sprintf("broadcast %s", e.Message) }

func (e PersistState) String() string {
	return fmt.Sprintf("persist-state epoch=%d wish=%d wishes=%v",
		e.State.Epoch, e.State.HighestSentEpoch, e.State.HighestReceivedEpoch)
}
func (e PersistRound) String() string { return fmt.Sprintf("persist-round %s", e.Round) }
func (e StorePending) String() string {
	return fmt.Sprintf("store-pending %s report=%x", position(e.Timestamp), e.Pending.Report)
}
func (e DeletePending) String() string {
	return fmt.Sprintf("delete-pending %s", position(e.Timestamp))
}

func (e CallQuery) String() string {
	return fmt.Sprintf("call=%d query %s", e.ID, position(e.Timestamp))
}
func (e CallObservation) String() string {
	return fmt.Sprintf("call=%d observation %s query=%x", e.ID, position(e.Timestamp), []byte(e.Query))
}
func (e CallReport) String() string {
	var list strings.Builder
	for i, o := range e.Observations {
		if i > 0 {
			list.WriteByte(' ')
		}
		fmt.Fprintf(&list, "%d:%x", o.Observer, []byte(o.Observation))
	}
	return fmt.Sprintf("call=%d report %s query=%x observations=[%s]", e.ID, position(e.Timestamp), []byte(e.Query), &list)
}
func (e CallShouldAccept) String() string {
	return fmt.Sprintf("call=%d should-accept %s report=%x", e.ID, position(e.Timestamp), []byte(e.Report))
}
func (e CallShouldTransmit) String() string {
	return fmt.Sprintf("call=%d should-transmit %s report=%x", e.ID, position(e.Timestamp), []byte(e.Report))
}
func (e CallTransmit) String() string {
	return fmt.Sprintf("call=%d transmit %s report=%x signatures=%d",
		e.ID, position(e.Context.ReportTimestamp), []byte(e.Report), len(e.Signatures))
}
func (e SignReport) String() string {
	return fmt.Sprintf("call=%d sign-report %s report=%x", e.ID, position(e.Context.ReportTimestamp), []byte(e.Report))
}

func (e EpochStarted) String() string {
	return fmt.Sprintf("epoch-started epoch=%d leader=%d", e.Epoch, e.Leader)
}
func (e RoundStarted) String() string {
	return fmt.Sprintf("round-started %s leader=%d", Round{Epoch: e.Epoch, Round: e.Round}, e.Leader)
}
func (e ScheduleComputed) String() string {
	var list strings.Builder
	for i, oracle := range slices.Sorted(maps.Keys(e.Delays)) {
		if i > 0 {
			list.WriteByte(' ')
		}
		fmt.Fprintf(&list, "%d:%s", oracle, e.Delays[oracle])
	}
	return fmt.Sprintf("schedule-computed %s delays=[%s]", position(e.Timestamp), &list)
}
func (e AcceptComputed) String() string {
	return fmt.Sprintf("accept-computed %s result=%t ok=%t", position(e.Timestamp), e.Result, e.OK)
}
func (e TransmitComputed) String() string {
	return fmt.Sprintf("transmit-computed %s result=%t ok=%t", position(e.Timestamp), e.Result, e.OK)
}
func (e Count) String() string { return fmt.Sprintf("count %s", e.Counter) }

// String returns the name of the metric.
func (c Counter) String() string {
	switch c {
	case CountSentObservations:
		return "ocr2_sent_observations_total"
	case CountIncludedObservations:
		return "ocr2_included_observations_total"
	case CountCompletedRounds:
		return "ocr2_completed_rounds_total"
	case CountLedCompletedRounds:
		return "ocr2_led_completed_rounds_total"
	}
	return "unknown counter"
}

// TimerName names a timer of the machine for logs and transcripts.
func TimerName(timer kernel.TimerID) string {
	switch timer {
	case TimerResend:
		return "resend"
	case TimerProgress:
		return "progress"
	case TimerRound:
		return "round"
	case TimerGrace:
		return "grace"
	case TimerTransmit:
		return "transmit"
	}
	return fmt.Sprintf("unknown timer %d", timer)
}
