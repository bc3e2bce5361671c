// Package ocr2wire holds the messages that OCR2 oracles exchange, as plain Go values, and their mapping to and from
// the protobuf bytes that travel on the network.
//
// The protocol machines (offchain/protocol/ocr2) speak these values and never see bytes; the runtime encodes and
// decodes at the edge. Values are immutable once sent: a receiver may share the slices of a message but must not write
// to them.
//
// Source: docs/protocol/ocr2.md, "Wire messages".
package ocr2wire

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Message is one of the seven OCR2 messages: [NewEpoch], [ObserveReq], [Observe], [ReportReq], [Report], [Final],
// [FinalEcho]. All are used by pointer.
type Message interface {
	// Kind tells which message it is.
	Kind() Kind
	// Position is the epoch and the round that the message is about; round 0 in NewEpoch.
	Position() (epoch uint32, round uint8)
	// String is one line for logs, transcripts and traces.
	String() string
	isOCR2Message()
}

// Kind names a message type. The values are the field numbers of the wrapper's oneof.
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
	Query []byte
}

// SignedObservation is an observation with its observer's Ed25519 signature over [ObservationDigest].
type SignedObservation struct {
	Observation []byte
	Signature   []byte
}

// AttributedSignedObservation says who made a signed observation.
type AttributedSignedObservation struct {
	SignedObservation
	Observer commontypes.OracleID
}

// Observe carries a follower's observation to the leader.
type Observe struct {
	Epoch             uint32
	Round             uint8
	SignedObservation SignedObservation
}

// ReportReq hands the collected observations to every oracle, which computes the report from them.
type ReportReq struct {
	Epoch        uint32
	Round        uint8
	Query        []byte
	Observations []AttributedSignedObservation
}

// AttestedReportOne is a report signed by one oracle, or the statement that there is nothing to report (Skip), which
// carries neither report nor signature.
type AttestedReportOne struct {
	Skip      bool
	Report    []byte
	Signature []byte
}

// Report carries a follower's attested report to the leader.
type Report struct {
	Epoch          uint32
	Round          uint8
	AttestedReport AttestedReportOne
}

// AttestedReportMany is a report with the signatures of a report quorum.
type AttestedReportMany struct {
	Report               []byte
	AttributedSignatures []types.AttributedOnchainSignature
}

// Final carries the attested report of a round from the leader to every oracle. H is the extra hash of the round
// ([ExtraHash]), which every signature covers.
type Final struct {
	Epoch          uint32
	Round          uint8
	H              [32]byte
	AttestedReport AttestedReportMany
}

// FinalEcho passes a Final on, so that one oracle that knows an attested report lets all others know it. It is valid in
// any epoch.
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

func (*NewEpoch) isOCR2Message()   {}
func (*ObserveReq) isOCR2Message() {}
func (*Observe) isOCR2Message()    {}
func (*ReportReq) isOCR2Message()  {}
func (*Report) isOCR2Message()     {}
func (*Final) isOCR2Message()      {}
func (*FinalEcho) isOCR2Message()  {}
