package runtime

import (
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logRecorder keeps what is logged.
type logRecorder struct {
	mu    sync.Mutex
	lines []string // LEVEL MESSAGE
}

func (r *logRecorder) log(level, msg string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, level+" "+msg)
}

func (r *logRecorder) Trace(msg string, _ commontypes.LogFields)    { r.log("trace", msg) }
func (r *logRecorder) Debug(msg string, _ commontypes.LogFields)    { r.log("debug", msg) }
func (r *logRecorder) Info(msg string, _ commontypes.LogFields)     { r.log("info", msg) }
func (r *logRecorder) Warn(msg string, _ commontypes.LogFields)     { r.log("warn", msg) }
func (r *logRecorder) Error(msg string, _ commontypes.LogFields)    { r.log("error", msg) }
func (r *logRecorder) Critical(msg string, _ commontypes.LogFields) { r.log("critical", msg) }

// worst returns the highest level of what was logged, of those from warn up.
func (r *logRecorder) worst() string {
	for _, level := range []string{"critical", "error", "warn"} {
		if r.count(level+" ") > 0 {
			return level
		}
	}
	return ""
}

// count returns the number of lines that contain the text.
func (r *logRecorder) count(text string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range r.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
