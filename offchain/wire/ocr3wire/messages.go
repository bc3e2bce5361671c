// Package ocr3wire holds the messages that OCR3 oracles exchange, as plain Go values, with their mapping to and from the
// protobuf bytes that travel on the network, and the certificates, digests and signed structures that they carry.
//
// The protocol machines (offchain/protocol/ocr3) speak these values and never see bytes; the runtime encodes and decodes
// at the edge. Values are immutable once sent: a receiver may share the slices of a message but must not write to them.
//
// Source: docs/protocol/ocr3.md, "Wire messages".
package ocr3wire

import "github.com/ocrkit/ocrkit/offchain/commontypes"

// Message is one of the eleven OCR3 messages. All are used by pointer.
type Message interface {
	// Kind tells which message it is.
	Kind() Kind
	isOCR3Message()
}

// EpochMessage is a message that belongs to an epoch, and is handled in that epoch only.
type EpochMessage interface {
	Message
	// InEpoch returns the epoch.
	InEpoch() uint64
}

// Kind names a message type. The values are the field numbers of the wrapper's oneof.
type Kind uint8

const (
	KindNewEpochWish           Kind = 17
	KindEpochStartRequest      Kind = 18
	KindEpochStart             Kind = 19
	KindRoundStart             Kind = 20
	KindObservation            Kind = 21
	KindProposal               Kind = 22
	KindPrepare                Kind = 23
	KindCommit                 Kind = 24
	KindReportSignatures       Kind = 25
	KindCertifiedCommitRequest Kind = 26
	KindCertifiedCommit        Kind = 27
)

// String returns the name used in logs and transcripts, for example "EpochStart".
func (k Kind) String() string {
	if k < KindNewEpochWish || k > KindCertifiedCommit {
		return "unknown message kind"
	}
	return [...]string{
		"NewEpochWish", "EpochStartRequest", "EpochStart", "RoundStart", "Observation", "Proposal", "Prepare", "Commit",
		"ReportSignatures", "CertifiedCommitRequest", "CertifiedCommit",
	}[k-KindNewEpochWish]
}

// NewEpochWish announces that its sender wishes to enter Epoch.
type NewEpochWish struct {
	Epoch uint64
}

// EpochStartRequest tells the leader of an epoch the highest certificate that its sender holds.
type EpochStartRequest struct {
	Epoch                           uint64
	HighestCertified                Certificate
	SignedHighestCertifiedTimestamp SignedHighestCertifiedTimestamp
}

// EpochStart begins an epoch: the leader proves what the highest certificate among a quorum is.
type EpochStart struct {
	Epoch           uint64
	EpochStartProof EpochStartProof
	Signature31     []byte
}

// RoundStart starts a round: the leader asks every oracle for an observation.
type RoundStart struct {
	Epoch       uint64
	SeqNr       uint64
	Query       []byte
	Signature31 []byte
}

// Observation carries a follower's observation to the leader.
type Observation struct {
	Epoch             uint64
	SeqNr             uint64
	SignedObservation SignedObservation
}

// Proposal hands the collected observations, in the order that counts, to every oracle, which computes the outcome from them.
type Proposal struct {
	Epoch        uint64
	SeqNr        uint64
	Observations []AttributedSignedObservation
	Signature31  []byte // empty when produced
}

// Prepare is the vote for an outcome.
type Prepare struct {
	Epoch     uint64
	SeqNr     uint64
	Signature []byte
}

// Commit is the vote to commit an outcome that a quorum has prepared.
type Commit struct {
	Epoch     uint64
	SeqNr     uint64
	Signature []byte
}

// ReportSignatures carries the sender's onchain signatures on all reports of an outcome, by index of the report.
type ReportSignatures struct {
	SeqNr      uint64
	Signatures [][]byte
}

// CertifiedCommitRequest asks for the certified commit of SeqNr.
type CertifiedCommitRequest struct {
	SeqNr uint64
}

// CertifiedCommitMessage answers a CertifiedCommitRequest.
type CertifiedCommitMessage struct {
	CertifiedCommit CertifiedCommit
}

// SignedObservation is an observation with its observer's Ed25519 signature.
type SignedObservation struct {
	Observation []byte
	Signature   []byte
}

// AttributedSignedObservation says who made a signed observation.
type AttributedSignedObservation struct {
	SignedObservation
	Observer commontypes.OracleID
}

// AttributedSignature says who made a signature.
type AttributedSignature struct {
	Signature []byte
	Signer    commontypes.OracleID
}

// Certificate is a *CertifiedPrepare or a *CertifiedCommit.
type Certificate interface {
	// Timestamp orders certificates.
	Timestamp() HighestCertifiedTimestamp
	// CertifiedOutcome returns the outcome that is certified.
	CertifiedOutcome() []byte
	isCertificate()
}

// CertifiedPrepare proves that a quorum has prepared an outcome in an epoch.
type CertifiedPrepare struct {
	PrepareEpoch        uint64
	SeqNr               uint64
	OutcomeInputsDigest [32]byte // zeros for an outcome that was proposed again
	Outcome             []byte
	Signatures          []AttributedSignature // exactly a Byzantine quorum
}

// CertifiedCommit proves that a quorum has committed an outcome.
type CertifiedCommit struct {
	CommitEpoch uint64
	SeqNr       uint64
	Outcome     []byte
	Signatures  []AttributedSignature // exactly a Byzantine quorum; none in the genesis
}

// Genesis returns the certificate that stands for the state before the first outcome.
func Genesis() *CertifiedCommit { return &CertifiedCommit{} }

// IsGenesis tells whether the commit is the genesis.
func (c *CertifiedCommit) IsGenesis() bool {
	return c.CommitEpoch == 0 && c.SeqNr == 0 && len(c.Outcome) == 0 && len(c.Signatures) == 0
}

// HighestCertifiedTimestamp is the position of a certificate in the order of certificates: by sequence number, then committed
// after prepared, then by epoch.
type HighestCertifiedTimestamp struct {
	SeqNr                 uint64
	CommittedElsePrepared bool
	Epoch                 uint64
}

// SignedHighestCertifiedTimestamp is the claim to hold a certificate with that timestamp and none above it. Signature leaves
// out the epoch of the timestamp, Signature31 covers it; both must be right.
type SignedHighestCertifiedTimestamp struct {
	HighestCertifiedTimestamp HighestCertifiedTimestamp
	Signature                 []byte
	Signature31               []byte
}

// AttributedSignedHighestCertifiedTimestamp says who made a claim.
type AttributedSignedHighestCertifiedTimestamp struct {
	SignedHighestCertifiedTimestamp
	Signer commontypes.OracleID
}

// EpochStartProof proves that a certificate is the highest among those of a quorum.
type EpochStartProof struct {
	HighestCertified      Certificate
	HighestCertifiedProof []AttributedSignedHighestCertifiedTimestamp // exactly a Byzantine quorum
}

// PacemakerState is what the pacemaker keeps across restarts.
type PacemakerState struct {
	Epoch                   uint64
	HighestSentNewEpochWish uint64
}

// Timestamp implements Certificate.
func (c *CertifiedPrepare) Timestamp() HighestCertifiedTimestamp {
	return HighestCertifiedTimestamp{c.SeqNr, false, c.PrepareEpoch}
}

// Timestamp implements Certificate.
func (c *CertifiedCommit) Timestamp() HighestCertifiedTimestamp {
	return HighestCertifiedTimestamp{c.SeqNr, true, c.CommitEpoch}
}

// CertifiedOutcome implements Certificate.
func (c *CertifiedPrepare) CertifiedOutcome() []byte { return c.Outcome }

// CertifiedOutcome implements Certificate.
func (c *CertifiedCommit) CertifiedOutcome() []byte { return c.Outcome }

// Compare returns -1, 0 or 1 as t comes before, equals or comes after o.
func (t HighestCertifiedTimestamp) Compare(o HighestCertifiedTimestamp) int {
	switch {
	case t == o:
		return 0
	case t.SeqNr != o.SeqNr:
		return less(t.SeqNr < o.SeqNr)
	case t.CommittedElsePrepared != o.CommittedElsePrepared:
		return less(o.CommittedElsePrepared)
	}
	return less(t.Epoch < o.Epoch)
}

func less(is bool) int {
	if is {
		return -1
	}
	return 1
}

func (*NewEpochWish) Kind() Kind           { return KindNewEpochWish }
func (*EpochStartRequest) Kind() Kind      { return KindEpochStartRequest }
func (*EpochStart) Kind() Kind             { return KindEpochStart }
func (*RoundStart) Kind() Kind             { return KindRoundStart }
func (*Observation) Kind() Kind            { return KindObservation }
func (*Proposal) Kind() Kind               { return KindProposal }
func (*Prepare) Kind() Kind                { return KindPrepare }
func (*Commit) Kind() Kind                 { return KindCommit }
func (*ReportSignatures) Kind() Kind       { return KindReportSignatures }
func (*CertifiedCommitRequest) Kind() Kind { return KindCertifiedCommitRequest }
func (*CertifiedCommitMessage) Kind() Kind { return KindCertifiedCommit }

func (m *EpochStartRequest) InEpoch() uint64 { return m.Epoch }
func (m *EpochStart) InEpoch() uint64        { return m.Epoch }
func (m *RoundStart) InEpoch() uint64        { return m.Epoch }
func (m *Observation) InEpoch() uint64       { return m.Epoch }
func (m *Proposal) InEpoch() uint64          { return m.Epoch }
func (m *Prepare) InEpoch() uint64           { return m.Epoch }
func (m *Commit) InEpoch() uint64            { return m.Epoch }

func (*NewEpochWish) isOCR3Message()           {}
func (*EpochStartRequest) isOCR3Message()      {}
func (*EpochStart) isOCR3Message()             {}
func (*RoundStart) isOCR3Message()             {}
func (*Observation) isOCR3Message()            {}
func (*Proposal) isOCR3Message()               {}
func (*Prepare) isOCR3Message()                {}
func (*Commit) isOCR3Message()                 {}
func (*ReportSignatures) isOCR3Message()       {}
func (*CertifiedCommitRequest) isOCR3Message() {}
func (*CertifiedCommitMessage) isOCR3Message() {}

func (*CertifiedPrepare) isCertificate() {}
func (*CertifiedCommit) isCertificate()  {}
