// Package kernel holds what the protocol machines of all OCR versions share: the vocabulary of effects, the pacemaker,
// the buffer for messages of future epochs.
//
// # Machines
//
// A machine is a deterministic state machine: Step(now, event) returns effects. Inside there is no goroutine, channel,
// lock, clock, randomness or I/O. The driver (the runtime, the simulator or a test) owes it the following, in this order:
//
//  1. Call Step from one goroutine at a time. The effects returned are valid until the next call.
//  2. Carry out the effects in the order given. A persist effect that is documented as a barrier must be durable before
//     any message, transmission or signature that follows it (in this or in a later batch) leaves the oracle.
//  3. Answer each call effect (those with a [CallID]) with exactly one result event that carries the same id, unless the
//     call was abandoned by [Abandon]; a result that comes after that is ignored by the machine. A call that outlives its
//     timeout is answered with an error.
//  4. Fire a timer at most once per [SetTimer], not before it is due; [SetTimer] on an armed timer replaces it.
//  5. Hand in messages only from authenticated senders, with a sender index below n, each sender's in the order received.
//
// Source: docs/architecture.md, "Machines".
package kernel

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Effect is something that a machine asks its driver to do. Its String is one line for transcripts and traces; it is
// stable and holds no secret.
type Effect interface{ fmt.Stringer }

// CallID tells the results of a machine's calls apart. Ids are unique within one machine and never 0.
type CallID uint64

// Result is an event that answers a call. Those of the protocols are results, too.
type Result interface {
	// Call is the call that the event answers.
	Call() CallID
}

// TimerID names a timer of a machine. Each protocol defines its own.
type TimerID uint8

// SetTimer arms a timer to fire After from now; an armed timer is replaced.
type SetTimer struct {
	Timer TimerID
	After time.Duration
}

// CancelTimer disarms a timer; it is no error if it is not armed.
type CancelTimer struct {
	Timer TimerID
}

// Abandon says that the machine no longer wants the result of a call: the driver cancels the call's context. A result
// that is already on its way may still be handed in, and is ignored.
type Abandon struct {
	ID CallID
}

// SignatureKind says which key made a signature.
type SignatureKind uint8

const (
	// OffchainSignature is an Ed25519 signature by the oracle's offchain key over SignatureCheck.Message.
	OffchainSignature SignatureKind = iota + 1
	// OnchainSignature is a signature by the oracle's onchain key over (SignatureCheck.Context, SignatureCheck.Report); in OCR1
	// over the report alone.
	OnchainSignature
)

// SignatureCheck is one signature to verify.
type SignatureCheck struct {
	Kind      SignatureKind
	Signer    commontypes.OracleID // below n
	Signature []byte
	Message   []byte               // OffchainSignature only: the bytes signed
	Context   *types.ReportContext // OnchainSignature only; nil in OCR1
	Report    types.Report         // OnchainSignature only
}

// Verify asks for the verdict on signatures; the driver may check them in parallel and may stop at the first bad one.
// Answered by [Verified].
type Verify struct {
	ID     CallID
	Checks []SignatureCheck
}

// Verified is the result event of [Verify].
type Verified struct {
	ID CallID
	// Bad is the index of the bad signature with the lowest index among those checked, or -1 if all are good.
	Bad int
}

// VerifyEach asks for the verdict on each of several signatures. Answered by [VerifiedEach].
type VerifyEach struct {
	ID     CallID
	Checks []SignatureCheck
}

// VerifiedEach is the result event of [VerifyEach]: Good has one element for each check.
type VerifiedEach struct {
	ID   CallID
	Good []bool
}

// SignOffchain asks for an Ed25519 signature over Message by the oracle's own offchain key. Answered by [Signed].
type SignOffchain struct {
	ID      CallID
	Message []byte
}

// Signed is the result event of [SignOffchain] and of the protocols' own signing effects.
type Signed struct {
	ID        CallID
	Signature []byte
	Err       error
}

// Call is the call that an event answers.
func (e Verified) Call() CallID     { return e.ID }
func (e VerifiedEach) Call() CallID { return e.ID }
func (e Signed) Call() CallID       { return e.ID }

// Dropped reports a message that was not processed, so that the driver can count and (rate-limited) log it.
type Dropped struct {
	Sender commontypes.OracleID
	// What is the kind of the message, for example "Observe".
	What string
	// Why is a short constant text; there are few different ones, fit for a metric label.
	Why string
	// Suspicious tells that an honest sender on a working network would not have sent this.
	Suspicious bool
}

// LogLevel is the severity of a [Log] effect.
type LogLevel uint8

const (
	LogDebug LogLevel = iota + 1
	LogInfo
	LogWarn
	LogError
	LogCritical
)

// Log is a message for the operator. Fields are ordered pairs of key and value.
type Log struct {
	Level   LogLevel
	Message string
	Fields  []any
}

func (e SetTimer) String() string    { return fmt.Sprintf("set-timer %d after=%s", e.Timer, e.After) }
func (e CancelTimer) String() string { return fmt.Sprintf("cancel-timer %d", e.Timer) }
func (e Abandon) String() string     { return fmt.Sprintf("abandon call=%d", e.ID) }
func (e Verify) String() string {
	return fmt.Sprintf("verify call=%d signatures=%d", e.ID, len(e.Checks))
}
func (e VerifyEach) String() string {
	return fmt.Sprintf("verify-each call=%d signatures=%d", e.ID, len(e.Checks))
}
func (e SignOffchain) String() string {
	return fmt.Sprintf("sign-offchain call=%d message=%x", e.ID, e.Message)
}
func (e Dropped) String() string {
	return fmt.Sprintf("drop %s from=%d why=%q", e.What, e.Sender, e.Why)
}
func (e Log) String() string { return fmt.Sprintf("log %s %q", e.Level, e.Message) }

// String returns "debug", "info", "warn", "error" or "critical".
func (l LogLevel) String() string {
	switch l {
	case LogDebug:
		return "debug"
	case LogInfo:
		return "info"
	case LogWarn:
		return "warn"
	case LogError:
		return "error"
	case LogCritical:
		return "critical"
	}
	return "unknown level"
}
