package runtime

import (
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Phase says what a [Process] is doing.
type Phase string

const (
	PhaseUnstarted  Phase = "unstarted"
	PhaseRestoring  Phase = "restoring" // reading the last config from the database
	PhaseNoConfig   Phase = "no config" // waiting for the contract to have one
	PhaseStarting   Phase = "starting"  // an instance is being started
	PhaseRunning    Phase = "running"   // an instance runs
	PhaseRetrying   Phase = "retrying"  // an instance could not be started; it will be tried again
	PhaseNotRunning Phase = "dead"      // an instance cannot run under the current config; a new config is waited for
	PhaseStopping   Phase = "stopping"  // an instance is being stopped, for a new config or for the end
	PhaseClosed     Phase = "closed"
)

// Status is what a process is doing, for pages and bug reports. It holds no secret.
type Status struct {
	Phase Phase
	// Reason says why no instance is running, in the phases in which one might be; empty otherwise.
	Reason string
	// NextAttempt is when an instance is tried again, in PhaseRetrying.
	NextAttempt time.Time

	// ConfigDigest is that of the config in force; zero if there is none.
	ConfigDigest types.ConfigDigest
	// LastPoll is when the contract was last asked for a new config; PollProblem says what went wrong then, if anything.
	LastPoll    time.Time
	PollProblem string
	// AwaitingConfirmations tells that a new config on the contract waits for its confirmations.
	AwaitingConfirmations bool

	// Instance is nil unless an OCR2 instance is running, OCR1 unless an OCR1 instance is, OCR3 unless an OCR3 instance is.
	Instance *InstanceStatus
	OCR1     *OCR1InstanceStatus `json:",omitempty"`
	OCR3     *OCR3InstanceStatus `json:",omitempty"`
}

// CommonStatus is what the status of an instance says whatever its protocol.
type CommonStatus struct {
	OracleID  commontypes.OracleID
	N, F      int
	StartedAt time.Time

	// SentObservations counts the observations that this oracle sent to leaders, IncludedObservations those of them that leaders
	// made use of.
	SentObservations, IncludedObservations uint64

	// LastTransmit is when the contract transmitter last took a report; zero if never. LastTransmitError is what the last attempt
	// failed with, empty if it did not.
	LastTransmit      time.Time
	LastTransmitError string

	// HeldMessages is the number of messages and transmissions that wait for the database.
	HeldMessages int
	// The numbers of messages dropped so far: those that could not be decoded, those that came in a flood, and those that the
	// protocol had no use for.
	Malformed, Flooded, Dropped uint64
}

// OCR1InstanceStatus is what a running OCR1 instance is doing.
type OCR1InstanceStatus struct {
	RoundsStatus
	// ConfigDigest is the digest as OCR1 has it; Status.ConfigDigest is the same one in the form that the network uses.
	ConfigDigest ocr1types.ConfigDigest

	// LastTransmitted is the report that was transmitted last; zero if none.
	LastTransmitted ocr1types.ReportTimestamp

	// Machine says more about the state of the protocol: phases, queues, what is being waited for.
	Machine ocr1.Status
}

// OCR3InstanceStatus is what a running OCR3 instance is doing.
type OCR3InstanceStatus struct {
	CommonStatus
	PluginName string

	LedCommittedRounds uint64

	// LastTransmitted is the sequence number of the outcome of the report that was transmitted last; zero if none.
	LastTransmitted uint64

	// Machine is the state of the protocol: epoch, leader, rounds, phases, queues.
	Machine ocr3.Status
}

// RoundsStatus is what the status of an instance of OCR1 or OCR2 says.
type RoundsStatus struct {
	CommonStatus

	Epoch  uint32
	Leader commontypes.OracleID
	// Round is the round of Epoch that the oracle follows; 0 before the first.
	Round uint8

	CompletedRounds, LedCompletedRounds uint64
}

// InstanceStatus is what a running OCR2 instance is doing.
type InstanceStatus struct {
	RoundsStatus
	PluginName string

	// LastTransmitted is the report that was transmitted last; zero if none.
	LastTransmitted types.ReportTimestamp

	// Machine says more about the state of the protocol: phases, queues, what is being waited for.
	Machine ocr2.Status
}

// statusBoard holds a status that is written by one and read by many.
type statusBoard struct {
	mu      sync.Mutex
	status  Status
	running running
}

func (b *statusBoard) setRunning(r running) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = r
}

func (b *statusBoard) getRunning() running {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.running
}

func (b *statusBoard) update(f func(*Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.status)
}

func (b *statusBoard) read() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}
