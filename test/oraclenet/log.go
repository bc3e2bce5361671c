package oraclenet

import (
	"fmt"
	"strings"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Log keeps what an oracle logs from level Info up. It is safe for concurrent use.
type Log struct {
	mu    sync.Mutex
	lines []string
}

var _ commontypes.Logger = (*Log)(nil)

func (l *Log) add(level, msg string, fields commontypes.LogFields) {
	line := fmt.Sprintf("%s %s %v", level, msg, map[string]any(fields))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *Log) Trace(string, commontypes.LogFields)               {}
func (l *Log) Debug(string, commontypes.LogFields)               {}
func (l *Log) Info(msg string, fields commontypes.LogFields)     { l.add("info", msg, fields) }
func (l *Log) Warn(msg string, fields commontypes.LogFields)     { l.add("warn", msg, fields) }
func (l *Log) Error(msg string, fields commontypes.LogFields)    { l.add("error", msg, fields) }
func (l *Log) Critical(msg string, fields commontypes.LogFields) { l.add("critical", msg, fields) }

// Lines returns the lines that contain the text.
func (l *Log) Lines(text string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// Bad returns the lines of level Warn and up.
func (l *Log) Bad() (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if !strings.HasPrefix(line, "info ") {
			found = append(found, line)
		}
	}
	return found
}
