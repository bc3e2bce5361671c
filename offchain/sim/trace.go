package sim

import (
	"bufio"

	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
)

// Text describes in one line the events that only OCR2 has.
func (n *node) Text(ev ocr2.Event) string {
	switch e := ev.(type) {
	case ocr2.QueryDone:
		return engine.ResultText(e.ID, "query", e.Err, "%x", []byte(e.Query))
	case ocr2.ObservationDone:
		return engine.ResultText(e.ID, "observation", e.Err, "%x", []byte(e.Observation))
	case ocr2.ReportDone:
		return engine.ResultText(e.ID, "report", e.Err, "should=%t %x", e.ShouldReport, []byte(e.Report))
	case ocr2.ShouldAcceptDone:
		return engine.ResultText(e.ID, "should-accept", e.Err, "%t", e.Accept)
	case ocr2.ShouldTransmitDone:
		return engine.ResultText(e.ID, "should-transmit", e.Err, "%t", e.Transmit)
	case rounds.TransmitDone:
		return engine.ResultText(e.ID, "transmit", e.Err, "done")
	}
	return engine.EventText(ev)
}

// NewTraceWriter returns a writer for Options.Trace that writes in large pieces. Flush it after the run.
func NewTraceWriter(w interface{ Write([]byte) (int, error) }) *bufio.Writer {
	return engine.NewTraceWriter(w)
}
