// Package ocr1wire holds the messages that OCR1 oracles exchange, as plain Go values, and their mapping to and from the
// protobuf bytes that travel on the network; also the bytes that oracles sign.
//
// The protocol machine (offchain/protocol/ocr1) speaks these values and never sees bytes; the runtime encodes and decodes at
// the edge. Values are immutable once sent: a receiver may share the slices of a message but must not write to them.
//
// Source: docs/protocol/ocr1.md, "Wire messages".
package ocr1wire

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Message is one of the seven OCR1 messages: [NewEpoch], [ObserveReq], [Observe], [ReportReq], [Report], [Final],
// [FinalEcho]. All are used by pointer.
type Message interface {
	// Kind tells which message it is.
	Kind() Kind
	// Position is the epoch and the round that the message is about; round 0 in NewEpoch.
	Position() (epoch uint32, round uint8)
	// String is one line for logs, transcripts and traces.
	String() string
	body
}

// Kind names a message type; the same as OCR2's.
type Kind = roundwire.Kind

const (
	KindNewEpoch   = roundwire.KindNewEpoch
	KindObserveReq = roundwire.KindObserveReq
	KindObserve    = roundwire.KindObserve
	KindReportReq  = roundwire.KindReportReq
	KindReport     = roundwire.KindReport
	KindFinal      = roundwire.KindFinal
	KindFinalEcho  = roundwire.KindFinalEcho
)

// NewEpoch announces that its sender wishes to enter Epoch.
type NewEpoch struct {
	Epoch uint32
}

// ObserveReq starts a round: the leader asks every oracle for an observation.
type ObserveReq struct {
	Epoch uint32
	Round uint8
}

// SignedObservation is an observation with its observer's Ed25519 signature over [SignedMessage].
type SignedObservation struct {
	Observation Observation
	Signature   []byte
}

// AttributedSignedObservation says who made a signed observation.
type AttributedSignedObservation struct {
	SignedObservation
	Observer commontypes.OracleID
}

// AttributedObservation says who made an observation.
type AttributedObservation struct {
	Observation Observation
	Observer    commontypes.OracleID
}

// Attributed returns the observation without its signature.
func (o *AttributedSignedObservation) Attributed() AttributedObservation {
	return AttributedObservation{o.Observation, o.Observer}
}

// Observe carries a follower's observation to the leader.
type Observe struct {
	Epoch             uint32
	Round             uint8
	SignedObservation SignedObservation
}

// ReportReq hands the collected observations, ascending by value, to every oracle, which makes the report of them.
type ReportReq struct {
	Epoch        uint32
	Round        uint8
	Observations []AttributedSignedObservation
}

// AttestedReportOne is what a report is made of, with the signature of one oracle over [OnchainReport].
type AttestedReportOne struct {
	Observations []AttributedObservation
	Signature    []byte
}

// Report carries a follower's attested report to the leader.
type Report struct {
	Epoch          uint32
	Round          uint8
	AttestedReport AttestedReportOne
}

// AttestedReportMany is what a report is made of, with the signatures of more than f oracles over [OnchainReport]. Who signed
// is not said: the signatures themselves tell.
type AttestedReportMany struct {
	Observations []AttributedObservation
	Signatures   [][]byte
}

// Final carries the attested report of a round from the leader to every oracle.
type Final struct {
	Epoch          uint32
	Round          uint8
	AttestedReport AttestedReportMany
}

// FinalEcho passes a Final on, so that oracles learn that others know it. It is valid in its epoch and round only.
type FinalEcho struct {
	Final Final
}

func (*NewEpoch) Kind() Kind   { return KindNewEpoch }
func (*ObserveReq) Kind() Kind { return KindObserveReq }
func (*Observe) Kind() Kind    { return KindObserve }
func (*ReportReq) Kind() Kind  { return KindReportReq }
func (*Report) Kind() Kind     { return KindReport }
func (*Final) Kind() Kind      { return KindFinal }
func (*FinalEcho) Kind() Kind  { return KindFinalEcho }

func (m *NewEpoch) Position() (uint32, uint8)   { return m.Epoch, 0 }
func (m *ObserveReq) Position() (uint32, uint8) { return m.Epoch, m.Round }
func (m *Observe) Position() (uint32, uint8)    { return m.Epoch, m.Round }
func (m *ReportReq) Position() (uint32, uint8)  { return m.Epoch, m.Round }
func (m *Report) Position() (uint32, uint8)     { return m.Epoch, m.Round }
func (m *Final) Position() (uint32, uint8)      { return m.Epoch, m.Round }
func (m *FinalEcho) Position() (uint32, uint8)  { return m.Final.Epoch, m.Final.Round }
