package devnet

import (
	"log/slog"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// slogLogger passes the engine's log on to log/slog.
type slogLogger struct{ logger *slog.Logger }

// NewLogger makes a logger of the engine from one of the standard library. Trace becomes debug, critical becomes error.
func NewLogger(logger *slog.Logger) commontypes.Logger { return slogLogger{logger} }

func withOracle(l commontypes.Logger, i int) commontypes.Logger {
	if s, ok := l.(slogLogger); ok {
		return slogLogger{s.logger.With("oracle", i)}
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
