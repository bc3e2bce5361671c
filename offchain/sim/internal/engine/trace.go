package engine

import (
	"bufio"
	"fmt"
	"io"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// A trace is lines of text, one for each event and each effect. A line is the virtual time in seconds, the oracle, "<" for an
// event or ">" for an effect, and what it is. Lines about the whole network have "-" for the oracle. The format is stable:
// two runs of equal options write the same bytes.

// TraceLine writes a line about the whole network.
func (w *World[M]) TraceLine(format string, args ...any) {
	if w.Trace != nil {
		w.writeTrace(fmt.Sprintf("%.6f - %s\n", w.Now.Seconds(), fmt.Sprintf(format, args...)))
	}
}

// TraceNode writes a line about one oracle; detail may be nil.
func (w *World[M]) TraceNode(id commontypes.OracleID, what string, detail any) {
	if w.Trace == nil {
		return
	}
	if detail != nil {
		what = fmt.Sprintf("%s %v", what, detail)
	}
	w.writeTrace(fmt.Sprintf("%.6f %d %s\n", w.Now.Seconds(), id, what))
}

func (w *World[M]) writeTrace(line string) {
	if _, err := w.Trace.Write([]byte(line)); err != nil {
		panic(fmt.Errorf("writing the trace: %w", err))
	}
}

// ResultText describes the result of a call in one line.
func ResultText(id kernel.CallID, what string, err error, format string, args ...any) string {
	if err != nil {
		return fmt.Sprintf("call=%d %s error=%q", id, what, err.Error())
	}
	return fmt.Sprintf("call=%d %s ", id, what) + fmt.Sprintf(format, args...)
}

// EventText describes the events of package kernel; what is another one it says is unknown.
func EventText(ev any) string {
	switch e := ev.(type) {
	case kernel.Verified:
		return fmt.Sprintf("call=%d verified bad=%d", e.ID, e.Bad)
	case kernel.VerifiedEach:
		return fmt.Sprintf("call=%d verified-each good=%t", e.ID, e.Good)
	case kernel.Signed:
		return ResultText(e.ID, "signed", e.Err, "%d bytes", len(e.Signature))
	}
	return fmt.Sprintf("unknown event %T", ev)
}

// NewTraceWriter returns a writer for traces that writes in large pieces. Flush it after the run.
func NewTraceWriter(w io.Writer) *bufio.Writer { return bufio.NewWriterSize(w, 1<<16) }
