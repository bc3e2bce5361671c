package ocr3types

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Outcome is what the oracles agree on in a round: opaque bytes that only the plugin understands. It is the input of the next
// round, so it can carry state, and the reports are derived from it.
type Outcome []byte

// OutcomeContext says where in the sequence of outcomes a call of the plugin belongs.
type OutcomeContext struct {
	// SeqNr is the number of the outcome that is being worked on. The first one of a config is 1; each that the oracles agree on
	// is one higher than the one before.
	SeqNr uint64

	// PreviousOutcome is the outcome with the number SeqNr-1. It is empty if there is none.
	PreviousOutcome Outcome

	// Epoch is the epoch of the round. Which epoch and round bring an outcome about is an accident of the protocol. A plugin should
	// not look at it.
	//
	// For adapters of older plugins only: a plugin should not depend on it.
	Epoch uint64

	// Round counts the rounds of an epoch from 1.
	//
	// For adapters of older plugins only: a plugin should not depend on it.
	Round uint64
}

// ReportWithInfo is a report and what the application knows about it. Oracles sign the report only.
type ReportWithInfo[RI any] struct {
	Report types.Report
	Info   RI
}

// ReportPlus is a report and how it is to be transmitted.
type ReportPlus[RI any] struct {
	ReportWithInfo ReportWithInfo[RI]

	// TransmissionScheduleOverride says who transmits the report and when. If it is nil, the schedule of the config applies.
	TransmissionScheduleOverride *TransmissionSchedule
}

// TransmissionSchedule says which oracles transmit a report, and when. An oracle with an invalid schedule logs that and does not
// transmit.
type TransmissionSchedule struct {
	// Transmitters are the ids of the oracles that transmit, each below N, none of them twice. Oracles that are not listed do not
	// transmit.
	Transmitters []commontypes.OracleID

	// TransmissionDelays are the times that each of Transmitters waits before it transmits, counted from when it has the attested
	// report. There are as many as Transmitters.
	TransmissionDelays []time.Duration
}
