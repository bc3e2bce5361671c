package commontypes

// LogFields are the structured fields of a log line, by name. It may be nil. A Logger must not change it and must not
// keep it after the call.
type LogFields map[string]interface{}

// Logger takes the log lines of everything that this module runs. All methods are called concurrently and on paths that
// matter for latency: they must not block.
//
// The levels, from the least to the most urgent: Trace (per message; large volumes), Debug, Info, Warn, Error (something
// failed and an operator should look), Critical (the process cannot do its work and an operator must act).
type Logger interface {
	Trace(msg string, fields LogFields)
	Debug(msg string, fields LogFields)
	Info(msg string, fields LogFields)
	Warn(msg string, fields LogFields)
	Error(msg string, fields LogFields)
	Critical(msg string, fields LogFields)
}

// MonitoringEndpoint takes telemetry: what an oracle tells those who watch the network. Telemetry is sent as it comes and
// may be dropped; no protocol step depends on it.
type MonitoringEndpoint interface {
	// SendLog hands over one serialized telemetry message. Each oracle or bootstrapper calls it from a single goroutine.
	// While a call blocks, further telemetry of that oracle is dropped and nothing else is affected. The callee may keep log.
	SendLog(log []byte)
}
