package ocr3sim

import (
	"bufio"
	"fmt"
	"io"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

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
	case ocr3.QueryDone:
		return engine.ResultText(e.ID, "query", e.Err, "%x", []byte(e.Query))
	case ocr3.ObservationDone:
		return engine.ResultText(e.ID, "observation", e.Err, "%x", []byte(e.Observation))
	case ocr3.ObservationValidated:
		return engine.ResultText(e.ID, "validated", e.Err, "bad=%d", e.Bad)
	case ocr3.QuorumDone:
		return engine.ResultText(e.ID, "observation-quorum", e.Err, "%t", e.Reached)
	case ocr3.OutcomeDone:
		return engine.ResultText(e.ID, "outcome", e.Err, "%x", e.Outcome)
	case ocr3.ReportsDone:
		return engine.ResultText(e.ID, "reports", e.Err, "%d", e.Count)
	case ocr3.ReportsSigned:
		return engine.ResultText(e.ID, "reports-signed", e.Err, "%d", len(e.Signatures))
	case ocr3.ReportsVerified:
		return fmt.Sprintf("call=%d reports-verified %v", e.ID, e.Good)
	case ocr3.ShouldAcceptDone:
		return engine.ResultText(e.ID, "should-accept", e.Err, "%t", e.Accept)
	case ocr3.ShouldTransmitDone:
		return engine.ResultText(e.ID, "should-transmit", e.Err, "%t", e.Transmit)
	case ocr3.TransmitDone:
		return engine.ResultText(e.ID, "transmit", e.Err, "done")
	case ocr3.CertificateWritten:
		return engine.ResultText(e.ID, "write-certificate", e.Err, "done")
	}
	return engine.EventText(ev)
}

// NewTraceWriter returns a writer for Options.Trace that writes in large pieces. Flush it after the run.
func NewTraceWriter(w io.Writer) *bufio.Writer { return engine.NewTraceWriter(w) }
