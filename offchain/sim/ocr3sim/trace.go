package ocr3sim

import (
	"bufio"
	"fmt"
	"io"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
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

func (s *simulation) traceEvent(n *node, ev ocr3.Event) {
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

var timerNames = map[kernel.TimerID]string{
	ocr3.TimerResend: "resend", ocr3.TimerProgress: "progress", ocr3.TimerInitial: "initial", ocr3.TimerRound: "round",
	ocr3.TimerGrace: "grace", ocr3.TimerCertifiedCommit: "certified-commit", ocr3.TimerTransmit: "transmit",
}

// eventText describes an event in one line.
func eventText(ev ocr3.Event) string {
	switch e := ev.(type) {
	case ocr3.Start:
		text := "start"
		if e.Pacemaker != nil {
			text += fmt.Sprintf(" epoch=%d wish=%d", e.Pacemaker.Epoch, e.Pacemaker.HighestSentNewEpochWish)
		}
		return text + " certificate=" + ocr3wire.CertificateString(e.Certificate)
	case ocr3.MessageReceived:
		return fmt.Sprintf("from=%d %s", e.From, e.Message)
	case ocr3.TimerFired:
		return "timer " + timerNames[e.Timer]
	case kernel.Verified:
		return fmt.Sprintf("call=%d verified bad=%d", e.ID, e.Bad)
	case kernel.VerifiedEach:
		return fmt.Sprintf("call=%d verified-each good=%t", e.ID, e.Good)
	case kernel.Signed:
		return resultText(e.ID, "signed", e.Err, "%d bytes", len(e.Signature))
	case ocr3.QueryDone:
		return resultText(e.ID, "query", e.Err, "%x", []byte(e.Query))
	case ocr3.ObservationDone:
		return resultText(e.ID, "observation", e.Err, "%x", []byte(e.Observation))
	case ocr3.ObservationValidated:
		return resultText(e.ID, "validated", e.Err, "bad=%d", e.Bad)
	case ocr3.QuorumDone:
		return resultText(e.ID, "observation-quorum", e.Err, "%t", e.Reached)
	case ocr3.OutcomeDone:
		return resultText(e.ID, "outcome", e.Err, "%x", e.Outcome)
	case ocr3.ReportsDone:
		return resultText(e.ID, "reports", e.Err, "%d", e.Count)
	case ocr3.ReportsSigned:
		return resultText(e.ID, "reports-signed", e.Err, "%d", len(e.Signatures))
	case ocr3.ReportsVerified:
		return fmt.Sprintf("call=%d reports-verified %t", e.ID, e.Good)
	case ocr3.ShouldAcceptDone:
		return resultText(e.ID, "should-accept", e.Err, "%t", e.Accept)
	case ocr3.ShouldTransmitDone:
		return resultText(e.ID, "should-transmit", e.Err, "%t", e.Transmit)
	case ocr3.TransmitDone:
		return resultText(e.ID, "transmit", e.Err, "done")
	case ocr3.CertificateWritten:
		return resultText(e.ID, "write-certificate", e.Err, "done")
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
func NewTraceWriter(w io.Writer) *bufio.Writer { return bufio.NewWriterSize(w, 1<<16) }
