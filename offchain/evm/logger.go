package evm

import "github.com/ocrkit/ocrkit/offchain/commontypes"

// discard is a Logger that drops everything.
type discard struct{}

func (discard) Trace(string, commontypes.LogFields)    {}
func (discard) Debug(string, commontypes.LogFields)    {}
func (discard) Info(string, commontypes.LogFields)     {}
func (discard) Warn(string, commontypes.LogFields)     {}
func (discard) Error(string, commontypes.LogFields)    {}
func (discard) Critical(string, commontypes.LogFields) {}

func orDiscard(logger commontypes.Logger) commontypes.Logger {
	if logger == nil {
		return discard{}
	}
	return logger
}
