// Package ocr3 is the OCR3 protocol as one pure state machine: pacemaker, outcome generation (leader and follower), report
// attestation, transmission. See package kernel for what a machine is and what its driver owes it.
//
// Source: docs/protocol/ocr3.md.
package ocr3

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// Config is what a machine must know of the running configuration. All oracles of an instance hold equal values, except for
// OracleID.
type Config struct {
	ConfigDigest types.ConfigDigest
	OracleID     commontypes.OracleID // own index, below N
	N, F         int                  // 3F < N <= 31

	DeltaProgress               time.Duration
	DeltaResend                 time.Duration
	DeltaInitial                time.Duration
	DeltaRound                  time.Duration
	DeltaGrace                  time.Duration
	DeltaCertifiedCommitRequest time.Duration
	DeltaStage                  time.Duration
	RMax                        uint64
	S                           []int

	// Deadlines of calls. Query and Observation have none in the reference; here the driver ends them after their maximum.
	MaxDurationQuery                        time.Duration
	MaxDurationObservation                  time.Duration
	MaxDurationShouldAcceptAttestedReport   time.Duration
	MaxDurationShouldTransmitAcceptedReport time.Duration
	ContractTransmitterTransmitTimeout      time.Duration

	LeaderSelectionKey   [16]byte
	TransmissionOrderKey [16]byte
}

// Timers of the machine.
const (
	TimerResend          kernel.TimerID = iota + 1 // pacemaker: announce the wished epoch again
	TimerProgress                                  // pacemaker: no round committed for DeltaProgress
	TimerInitial                                   // follower: no EPOCH-START for DeltaInitial
	TimerRound                                     // leader: earliest start of the next round
	TimerGrace                                     // leader: end of the extra wait for observations
	TimerCertifiedCommit                           // attestation: the next request for a missing commit is due
	TimerTransmit                                  // transmission: the head of the queue is due
)

// Event is what happened to a machine: [Start], [MessageReceived], [TimerFired], a result of a call ([QueryDone],
// [ObservationDone], [ObservationValidated], [QuorumDone], [OutcomeDone], [ReportsDone], [ReportsSigned], [ReportsVerified],
// [ShouldAcceptDone], [ShouldTransmitDone], [TransmitDone], [CertificateWritten], [kernel.Signed], [kernel.Verified],
// [kernel.VerifiedEach]).
type Event any

// Start is the first event, and the only one of its kind.
type Start struct {
	// Pacemaker is the persisted state of this config digest, nil if there is none; Certificate likewise.
	Pacemaker   *ocr3wire.PacemakerState
	Certificate ocr3wire.Certificate
}

// MessageReceived is a message from an authenticated oracle of this instance (possibly oneself); sizes are within the limits.
type MessageReceived struct {
	From    commontypes.OracleID
	Message ocr3wire.Message
}

// TimerFired says that a timer is due.
type TimerFired struct{ Timer kernel.TimerID }

// OutcomeContext is what the plugin is told about a round.
type OutcomeContext struct {
	SeqNr           uint64
	PreviousOutcome []byte
	Epoch           uint64
	Round           uint64
}

// Results of calls.
type (
	// QueryDone answers [CallQuery].
	QueryDone struct {
		ID    kernel.CallID
		Query types.Query
		Err   error
	}
	// ObservationDone answers [CallObservation].
	ObservationDone struct {
		ID          kernel.CallID
		Observation types.Observation
		Err         error
	}
	// ObservationValidated answers [CallValidateObservations]: Bad is the index of the first observation that the plugin
	// refuses, or -1.
	ObservationValidated struct {
		ID  kernel.CallID
		Bad int
		Err error // why, if Bad >= 0
	}
	// QuorumDone answers [CallObservationQuorum].
	QuorumDone struct {
		ID      kernel.CallID
		Reached bool
		Err     error
	}
	// OutcomeDone answers [CallOutcome].
	OutcomeDone struct {
		ID      kernel.CallID
		Outcome []byte
		Err     error
	}
	// ReportsDone answers [CallReports]. The driver keeps the reports under the sequence number until [ForgetReports].
	ReportsDone struct {
		ID    kernel.CallID
		Count int
		// Schedules are those that the plugin wants instead of the usual one, by index of the report; nil entries, or a nil
		// slice, mean the usual one.
		Schedules []*Schedule
		Err       error
	}
	// ReportsSigned answers [SignReports]: one signature for each report.
	ReportsSigned struct {
		ID         kernel.CallID
		Signatures [][]byte
		Err        error
	}
	// ReportsVerified answers [VerifyReports]. Good[i] tells whether all signatures of Lists[i] are good.
	ReportsVerified struct {
		ID   kernel.CallID
		Good []bool
	}
	// ShouldAcceptDone answers [CallShouldAccept].
	ShouldAcceptDone struct {
		ID     kernel.CallID
		Accept bool
		Err    error
	}
	// ShouldTransmitDone answers [CallShouldTransmit].
	ShouldTransmitDone struct {
		ID       kernel.CallID
		Transmit bool
		Err      error
	}
	// TransmitDone answers [CallTransmit].
	TransmitDone struct {
		ID  kernel.CallID
		Err error
	}
	// CertificateWritten answers [WriteCertificate].
	CertificateWritten struct {
		ID  kernel.CallID
		Err error
	}
)

// Schedule is a plugin's own schedule of transmission: who, and how long after the report was attested.
type Schedule struct {
	Transmitters []commontypes.OracleID
	Delays       []time.Duration
}

// Effects of the machine, besides those of package kernel.
type (
	// Send sends a message to one oracle (possibly oneself).
	Send struct {
		To      commontypes.OracleID
		Message ocr3wire.Message
	}
	// Broadcast sends a message to all oracles, oneself included.
	Broadcast struct{ Message ocr3wire.Message }

	// PersistPacemaker stores the pacemaker state; a barrier (see package kernel): nothing that was decided with it leaves
	// before it is durable. A failed write is tried again; only the newest state matters.
	PersistPacemaker struct{ State ocr3wire.PacemakerState }
	// WriteCertificate stores the highest certificate, replacing the one before. Answered by [CertificateWritten]; the machine
	// goes on only after success.
	WriteCertificate struct {
		ID          kernel.CallID
		Certificate ocr3wire.Certificate
	}

	// CallQuery calls the plugin's Query. Answered by [QueryDone].
	CallQuery struct {
		ID      kernel.CallID
		Context OutcomeContext
		Timeout time.Duration
	}
	// CallObservation calls the plugin's Observation. Answered by [ObservationDone].
	CallObservation struct {
		ID      kernel.CallID
		Context OutcomeContext
		Query   types.Query
		Timeout time.Duration
	}
	// CallValidateObservations calls the plugin's ValidateObservation for each observation, in order, up to the first that it
	// refuses. Answered by [ObservationValidated].
	CallValidateObservations struct {
		ID           kernel.CallID
		Context      OutcomeContext
		Query        types.Query
		Observations []types.AttributedObservation
	}
	// CallObservationQuorum calls the plugin's ObservationQuorum. Answered by [QuorumDone].
	CallObservationQuorum struct {
		ID           kernel.CallID
		Context      OutcomeContext
		Query        types.Query
		Observations []types.AttributedObservation
	}
	// CallOutcome calls the plugin's Outcome. Answered by [OutcomeDone].
	CallOutcome struct {
		ID           kernel.CallID
		Context      OutcomeContext
		Query        types.Query
		Observations []types.AttributedObservation
	}
	// CallReports calls the plugin's Reports for a committed outcome. Answered by [ReportsDone].
	CallReports struct {
		ID      kernel.CallID
		SeqNr   uint64
		Outcome []byte
	}
	// SignReports signs all reports of a sequence number with the oracle's onchain key. Answered by [ReportsSigned].
	SignReports struct {
		ID    kernel.CallID
		SeqNr uint64
	}
	// VerifyReports checks lists of signatures on all reports of a sequence number. Answered by [ReportsVerified].
	VerifyReports struct {
		ID    kernel.CallID
		SeqNr uint64
		Lists []SignedReports
	}
	// SignedReports is an oracle's list of signatures, as many as there are reports.
	SignedReports struct {
		Signer     commontypes.OracleID
		Signatures [][]byte
	}
	// ForgetReports says that the reports of a sequence number are not referred to any more.
	ForgetReports struct{ SeqNr uint64 }
	// CallShouldAccept calls the plugin's ShouldAcceptAttestedReport. Answered by [ShouldAcceptDone].
	CallShouldAccept struct {
		ID      kernel.CallID
		SeqNr   uint64
		Index   int
		Timeout time.Duration
	}
	// CallShouldTransmit calls the plugin's ShouldTransmitAcceptedReport. Answered by [ShouldTransmitDone].
	CallShouldTransmit struct {
		ID      kernel.CallID
		SeqNr   uint64
		Index   int
		Timeout time.Duration
	}
	// CallTransmit hands a report to the contract transmitter, with f+1 signatures by ascending signer. Answered by
	// [TransmitDone].
	CallTransmit struct {
		ID         kernel.CallID
		SeqNr      uint64
		Index      int
		Signatures []types.AttributedOnchainSignature
		Timeout    time.Duration
	}

	// EpochStarted, RoundStarted, ScheduleComputed, AcceptComputed and TransmitComputed are telemetry.
	EpochStarted struct {
		Epoch  uint64
		Leader commontypes.OracleID
	}
	RoundStarted struct {
		Epoch, SeqNr, Round uint64
		Leader              commontypes.OracleID
	}
	ScheduleComputed struct {
		SeqNr    uint64
		Index    int
		At       time.Time
		Override bool
		Delays   []config.TransmitDelay // by oracle
		OK       bool
	}
	AcceptComputed struct {
		SeqNr      uint64
		Index      int
		Result, OK bool
	}
	TransmitComputed struct {
		SeqNr      uint64
		Index      int
		Result, OK bool
	}
	// CommittedSeqNr says how far the oracle has committed; a gauge.
	CommittedSeqNr struct{ SeqNr uint64 }
	// Count increments a counter of the instance.
	Count struct{ Counter Counter }
)

// Counter names a counter metric.
type Counter uint8

const (
	CountSentObservations     Counter = iota + 1 // ocr3_sent_observations_total
	CountIncludedObservations                    // ocr3_included_observations_total
	CountLedCommittedRounds                      // ocr3_led_committed_rounds_total
)
