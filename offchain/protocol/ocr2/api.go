package ocr2

import (
	"cmp"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Config is what a machine must know of the running configuration. All oracles of an instance hold equal values, except
// for OracleID.
type Config struct {
	ConfigDigest types.ConfigDigest
	OracleID     commontypes.OracleID // own index, below N
	N, F         int                  // 3F < N <= 31

	DeltaProgress time.Duration
	DeltaResend   time.Duration
	DeltaRound    time.Duration
	DeltaGrace    time.Duration
	DeltaStage    time.Duration
	RMax          uint8 // 1..254
	S             []int

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

	LeaderSelectionKey   [16]byte
	TransmissionOrderKey [16]byte
}

// Timers of the machine.
const (
	TimerResend   kernel.TimerID = iota + 1 // pacemaker: announce the wished epoch again
	TimerProgress                           // pacemaker: no round completed for DeltaProgress
	TimerRound                              // leader: earliest start of the next round
	TimerGrace                              // leader: end of the extra wait for observations
	TimerTransmit                           // transmission: the head of the queue is due
)

// Event is what happened to a machine: [Start], [MessageReceived], [TimerFired], a result of a call
// ([QueryDone], [ObservationDone], [ReportDone], [ShouldAcceptDone], [ShouldTransmitDone], [TransmitDone],
// [kernel.Signed], [kernel.Verified]).
type Event any

// Start is the first event, and the only one of its kind. What could not be read is left out; the driver logs why.
type Start struct {
	// State is the persisted pacemaker state of this config digest, nil if there is none.
	State *types.PersistentState
	// ContractEpoch is the epoch of the latest transmission on the contract under this config digest; valid only if
	// ContractKnown.
	ContractEpoch uint32
	ContractKnown bool
	// SignedRound is the highest round for which a [PersistRound] became durable before, nil if there is none. If the
	// database cannot keep rounds, the driver hands in the last round (255) of the highest epoch that this oracle may
	// have worked in.
	SignedRound *Round
	// Pending are the accepted reports of this config digest that were not yet transmitted.
	Pending map[types.ReportTimestamp]types.PendingTransmission
}

// Round is a position in the protocol; ordered by epoch, then round.
type Round struct {
	Epoch uint32
	Round uint8
}

// Less tells whether r comes before o.
func (r Round) Less(o Round) bool {
	return r.compare(o) < 0
}

func (r Round) compare(o Round) int {
	return cmp.Or(cmp.Compare(r.Epoch, o.Epoch), cmp.Compare(r.Round, o.Round))
}

// MessageReceived is a message from an authenticated oracle of this instance (possibly oneself); sizes are within the
// plugin's limits.
type MessageReceived struct {
	From    commontypes.OracleID
	Message ocr2wire.Message
}

// TimerFired says that a timer is due.
type TimerFired struct{ Timer kernel.TimerID }

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

// TransmitDone answers [CallTransmit].
type TransmitDone struct {
	ID  kernel.CallID
	Err error
}

// Effects of the machine, besides those of package kernel (SetTimer, CancelTimer, Abandon, Verify, SignOffchain, Dropped,
// Log).
type (
	// Send sends a message to one oracle (possibly oneself).
	Send struct {
		To      commontypes.OracleID
		Message ocr2wire.Message
	}
	// Broadcast sends a message to all oracles, oneself included.
	Broadcast struct{ Message ocr2wire.Message }

	// PersistState stores the pacemaker state; no barrier. Only the newest one matters, a failed write is tried again.
	PersistState struct{ State types.PersistentState }
	// PersistRound records that this oracle is about to lead or sign in a round; a barrier (see package kernel).
	PersistRound struct{ Round Round }
	// StorePending stores an accepted report until it is transmitted; no barrier.
	StorePending struct {
		Timestamp types.ReportTimestamp
		Pending   types.PendingTransmission
	}
	// DeletePending removes what StorePending stored; no barrier.
	DeletePending struct{ Timestamp types.ReportTimestamp }

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
	// CallTransmit hands a report to the contract transmitter. Answered by [TransmitDone].
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

	// EpochStarted, RoundStarted, ScheduleComputed, AcceptComputed and TransmitComputed are telemetry.
	EpochStarted struct {
		Epoch  uint32
		Leader commontypes.OracleID
	}
	RoundStarted struct {
		Epoch  uint32
		Round  uint8
		Leader commontypes.OracleID
	}
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

	// Count increments a counter of the instance.
	Count struct{ Counter Counter }
)

// Counter names a counter metric.
type Counter uint8

const (
	CountSentObservations     Counter = iota + 1 // ocr2_sent_observations_total
	CountIncludedObservations                    // ocr2_included_observations_total
	CountCompletedRounds                         // ocr2_completed_rounds_total
	CountLedCompletedRounds                      // ocr2_led_completed_rounds_total
)
