package ocr2

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Config is what a machine must know of the running configuration. All oracles of an instance hold equal values, except
// for OracleID.
type Config struct {
	ConfigDigest types.ConfigDigest
	rounds.Config

	// Deadlines of the plugin calls and of the transmission. MaxDurationQuery is the effective one (the greater of the
	// config's and the local minimum).
	MaxDurationQuery                        time.Duration
	MaxDurationObservation                  time.Duration
	MaxDurationReport                       time.Duration
	MaxDurationShouldAcceptFinalizedReport  time.Duration
	MaxDurationShouldTransmitAcceptedReport time.Duration
	ContractTransmitterTransmitTimeout      time.Duration

	// ReportQuorum is the number of signatures that a final report carries: F+1, or more than (N+F)/2 for plugins with
	// UniqueReports.
	ReportQuorum int
}

// What OCR2 shares with OCR1; see package rounds. An event is [Start], [MessageReceived], [rounds.TimerFired], or a result of a
// call ([QueryDone], [ObservationDone], [ReportDone], [ShouldAcceptDone], [ShouldTransmitDone], [rounds.TransmitDone],
// [kernel.Signed], [kernel.Verified]). The sizes of a message received are within the plugin's limits.
type (
	Round           = rounds.Round
	Event           = rounds.Event
	Start           = rounds.Start[types.PendingTransmission]
	MessageReceived = rounds.MessageReceived[ocr2wire.Message]
	Send            = rounds.Send[ocr2wire.Message]
	Broadcast       = rounds.Broadcast[ocr2wire.Message]
	StorePending    = rounds.StorePending[types.PendingTransmission]
)

// QueryDone answers [CallQuery].
type QueryDone struct {
	ID    kernel.CallID
	Query types.Query
	Err   error
}

// ObservationDone answers [CallObservation].
type ObservationDone struct {
	ID          kernel.CallID
	Observation types.Observation
	Err         error
}

// ReportDone answers [CallReport].
type ReportDone struct {
	ID           kernel.CallID
	ShouldReport bool
	Report       types.Report
	Err          error
}

// ShouldAcceptDone answers [CallShouldAccept].
type ShouldAcceptDone struct {
	ID     kernel.CallID
	Accept bool
	Err    error
}

// ShouldTransmitDone answers [CallShouldTransmit].
type ShouldTransmitDone struct {
	ID       kernel.CallID
	Transmit bool
	Err      error
}

// Call is the call that an event answers.
func (e QueryDone) Call() kernel.CallID          { return e.ID }
func (e ObservationDone) Call() kernel.CallID    { return e.ID }
func (e ReportDone) Call() kernel.CallID         { return e.ID }
func (e ShouldAcceptDone) Call() kernel.CallID   { return e.ID }
func (e ShouldTransmitDone) Call() kernel.CallID { return e.ID }

// Effects of the machine, besides those of packages kernel and rounds.
type (
	// CallQuery calls the plugin's Query. Answered by [QueryDone].
	CallQuery struct {
		ID        kernel.CallID
		Timestamp types.ReportTimestamp
		Timeout   time.Duration
	}
	// CallObservation calls the plugin's Observation. Answered by [ObservationDone].
	CallObservation struct {
		ID        kernel.CallID
		Timestamp types.ReportTimestamp
		Query     types.Query
		Timeout   time.Duration
	}
	// CallReport calls the plugin's Report. Answered by [ReportDone].
	CallReport struct {
		ID           kernel.CallID
		Timestamp    types.ReportTimestamp
		Query        types.Query
		Observations []types.AttributedObservation
		Timeout      time.Duration
	}
	// CallShouldAccept calls the plugin's ShouldAcceptFinalizedReport. Answered by [ShouldAcceptDone].
	CallShouldAccept struct {
		ID        kernel.CallID
		Timestamp types.ReportTimestamp
		Report    types.Report
		Timeout   time.Duration
	}
	// CallShouldTransmit calls the plugin's ShouldTransmitAcceptedReport. Answered by [ShouldTransmitDone].
	CallShouldTransmit struct {
		ID        kernel.CallID
		Timestamp types.ReportTimestamp
		Report    types.Report
		Timeout   time.Duration
	}
	// CallTransmit hands a report to the contract transmitter. Answered by [rounds.TransmitDone].
	CallTransmit struct {
		ID         kernel.CallID
		Context    types.ReportContext
		Report     types.Report
		Signatures []types.AttributedOnchainSignature
		Timeout    time.Duration
	}
	// SignReport asks for a signature by the oracle's own onchain key. Answered by [kernel.Signed].
	SignReport struct {
		ID      kernel.CallID
		Context types.ReportContext
		Report  types.Report
	}

	// ScheduleComputed, AcceptComputed and TransmitComputed are telemetry, as are
	// [rounds.EpochStarted] and [rounds.RoundStarted].
	ScheduleComputed struct {
		Timestamp types.ReportTimestamp
		At        time.Time
		// Delays by oracle; oracles that do not transmit are absent.
		Delays map[commontypes.OracleID]time.Duration
	}
	AcceptComputed struct {
		Timestamp  types.ReportTimestamp
		Result, OK bool
	}
	TransmitComputed struct {
		Timestamp  types.ReportTimestamp
		Result, OK bool
	}
)
