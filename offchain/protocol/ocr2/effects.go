package ocr2

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// The String methods of effects give one line each, for transcripts and traces. They are stable and leave times of day out,
// so that a run with the same events gives the same text.

func position(ts types.ReportTimestamp) string {
	return Round{Epoch: ts.Epoch, Round: ts.Round}.String()
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
