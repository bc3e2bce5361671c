package sim

import (
	"bufio"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
)

// A trace is lines of text, one for each event and each effect. A line is the virtual time in seconds, the oracle, "<" for an
// event or ">" for an effect, and what it is. Lines about the whole network have "-" for the oracle. The format is stable:
// two runs of equal options write the same bytes.

func (s *simulation) traceLine(format string, args ...any) {
	if s.options.Trace != nil {
		s.writeTrace(fmt.Sprintf("%.6f - %s\n", s.Now.Seconds(), fmt.Sprintf(format, args...)))
	}
}

// trace writes a line about one oracle that is neither an event nor an effect.
func (s *simulation) trace(n *node, what string, detail any) {
	if s.options.Trace == nil {
		return
	}
	if detail != nil {
		what = fmt.Sprintf("%s %v", what, detail)
	}
	s.writeTrace(fmt.Sprintf("%.6f %d %s\n", s.Now.Seconds(), n.id, what))
}

func (s *simulation) traceEvent(n *node, ev ocr2.Event) {
	if s.options.Trace != nil {
		s.trace(n, "< "+eventText(ev), nil)
	}
}

func (s *simulation) traceEffect(n *node, effect kernel.Effect) {
	if s.options.Trace != nil {
		s.trace(n, "> "+effect.String(), nil)
	}
}

func (s *simulation) writeTrace(line string) {
	if _, err := s.options.Trace.Write([]byte(line)); err != nil {
		panic(fmt.Errorf("writing the trace: %w", err))
	}
}

// eventText describes an event in one line.
func eventText(ev ocr2.Event) string {
	switch e := ev.(type) {
	case ocr2.Start:
		text := "start"
		if e.State != nil {
			text += fmt.Sprintf(" epoch=%d wish=%d", e.State.Epoch, e.State.HighestSentEpoch)
		}
		if e.ContractKnown {
			text += fmt.Sprintf(" contract-epoch=%d", e.ContractEpoch)
		}
		if e.SignedRound != nil {
			text += fmt.Sprintf(" signed-round=%s", *e.SignedRound)
		}
		return text + fmt.Sprintf(" pending=%d", len(e.Pending))
	case ocr2.MessageReceived:
		return fmt.Sprintf("from=%d %s", e.From, e.Message)
	case ocr2.TimerFired:
		return "timer " + ocr2.TimerName(e.Timer)
	case kernel.Verified:
		return fmt.Sprintf("call=%d verified bad=%d", e.ID, e.Bad)
	case kernel.Signed:
		return resultText(e.ID, "signed", e.Err, "%d bytes", len(e.Signature))
	case ocr2.QueryDone:
		return resultText(e.ID, "query", e.Err, "%x", []byte(e.Query))
	case ocr2.ObservationDone:
		return resultText(e.ID, "observation", e.Err, "%x", []byte(e.Observation))
	case ocr2.ReportDone:
		return resultText(e.ID, "report", e.Err, "should=%t %x", e.ShouldReport, []byte(e.Report))
	case ocr2.ShouldAcceptDone:
		return resultText(e.ID, "should-accept", e.Err, "%t", e.Accept)
	case ocr2.ShouldTransmitDone:
		return resultText(e.ID, "should-transmit", e.Err, "%t", e.Transmit)
	case ocr2.TransmitDone:
		return resultText(e.ID, "transmit", e.Err, "done")
	}
	return fmt.Sprintf("unknown event %T", ev)
}

func resultText(id kernel.CallID, what string, err error, format string, args ...any) string {
	if err != nil {
		return fmt.Sprintf("call=%d %s error=%q", id, what, err.Error())
	}
	return fmt.Sprintf("call=%d %s ", id, what) + fmt.Sprintf(format, args...)
}

// NewTraceWriter returns a writer for Options.Trace that writes in large pieces. Flush it after the run.
func NewTraceWriter(w interface{ Write([]byte) (int, error) }) *bufio.Writer {
	return bufio.NewWriterSize(w, 1<<16)
}
