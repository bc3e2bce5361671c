// Package nodelog passes the log of the engine on to log/slog.
package nodelog

import (
	"log/slog"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// slogLogger passes the engine's log on to log/slog.
type slogLogger struct{ logger *slog.Logger }

// New makes a logger of the engine from one of the standard library. Trace becomes debug, critical becomes error.
func New(logger *slog.Logger) commontypes.Logger { return slogLogger{logger} }

// With returns a logger that adds attributes (names and values in turn) to each line. A logger that is not from New comes
// back as it is.
func With(l commontypes.Logger, attributes ...any) commontypes.Logger {
	if s, ok := l.(slogLogger); ok {
		return slogLogger{s.logger.With(attributes...)}
	}
	return l
}

func attributes(fields commontypes.LogFields) []any {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	attrs := make([]any, 0, 2*len(names))
	for _, name := range names {
		attrs = append(attrs, name, fields[name])
	}
	return attrs
}

func (l slogLogger) Trace(msg string, f commontypes.LogFields) {
	l.logger.Debug(msg, attributes(f)...)
}
func (l slogLogger) Debug(msg string, f commontypes.LogFields) {
	l.logger.Debug(msg, attributes(f)...)
}
func (l slogLogger) Info(msg string, f commontypes.LogFields) { l.logger.Info(msg, attributes(f)...) }
func (l slogLogger) Warn(msg string, f commontypes.LogFields) { l.logger.Warn(msg, attributes(f)...) }
func (l slogLogger) Error(msg string, f commontypes.LogFields) {
	l.logger.Error(msg, attributes(f)...)
}
func (l slogLogger) Critical(msg string, f commontypes.LogFields) {
	l.logger.Error(msg, attributes(f)...)
}
