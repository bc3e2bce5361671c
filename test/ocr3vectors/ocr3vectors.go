// Package ocr3vectors is the form that messages, certificates and timestamps of OCR3 have in golden vectors.
package ocr3vectors

import (
	"encoding/json"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// Timestamp is a HighestCertifiedTimestamp.
type Timestamp struct {
	SeqNr                 vectors.U64
	CommittedElsePrepared bool
	Epoch                 vectors.U64
}

// Wire returns the value of package ocr3wire.
func (t Timestamp) Wire() ocr3wire.HighestCertifiedTimestamp {
	return ocr3wire.HighestCertifiedTimestamp{SeqNr: uint64(t.SeqNr), CommittedElsePrepared: t.CommittedElsePrepared, Epoch: uint64(t.Epoch)}
}

// Certificate is a CertifiedPrepare or a CertifiedCommit.
type Certificate struct {
	Kind                string
	Epoch, SeqNr        vectors.U64
	OutcomeInputsDigest vectors.Hex
	Outcome             vectors.Hex
	Signatures          []Signature
}

// Signature is an AttributedSignature.
type Signature struct {
	Signature vectors.Hex
	Signer    commontypes.OracleID
}

func signatures(list []Signature) (result []ocr3wire.AttributedSignature) {
	for _, s := range list {
		result = append(result, ocr3wire.AttributedSignature{Signature: bytes(s.Signature), Signer: s.Signer})
	}
	return result
}

// bytes are nil when empty, as decoders have them.
func bytes(h vectors.Hex) []byte {
	if len(h) == 0 {
		return nil
	}
	return h
}

// Wire returns the value of package ocr3wire.
func (c Certificate) Wire(t testing.TB) ocr3wire.Certificate {
	switch c.Kind {
	case "prepare":
		return &ocr3wire.CertifiedPrepare{
			PrepareEpoch: uint64(c.Epoch), SeqNr: uint64(c.SeqNr), OutcomeInputsDigest: c.OutcomeInputsDigest.Array32(t),
			Outcome: bytes(c.Outcome), Signatures: signatures(c.Signatures),
		}
	case "commit":
		return &ocr3wire.CertifiedCommit{
			CommitEpoch: uint64(c.Epoch), SeqNr: uint64(c.SeqNr), Outcome: bytes(c.Outcome), Signatures: signatures(c.Signatures),
		}
	}
	t.Fatalf("unknown kind of certificate %q", c.Kind)
	return nil
}

// SignedTimestamp is a SignedHighestCertifiedTimestamp.
type SignedTimestamp struct {
	Timestamp              Timestamp
	Signature, Signature31 vectors.Hex
}

func (s SignedTimestamp) wire() ocr3wire.SignedHighestCertifiedTimestamp {
	return ocr3wire.SignedHighestCertifiedTimestamp{
		HighestCertifiedTimestamp: s.Timestamp.Wire(), Signature: bytes(s.Signature), Signature31: bytes(s.Signature31),
	}
}

// Proof is an EpochStartProof.
type Proof struct {
	HighestCertified Certificate
	Proof            []struct {
		Signed SignedTimestamp
		Signer commontypes.OracleID
	}
}

// Wire returns the value of package ocr3wire.
func (p Proof) Wire(t testing.TB) ocr3wire.EpochStartProof {
	result := ocr3wire.EpochStartProof{HighestCertified: p.HighestCertified.Wire(t)}
	for _, entry := range p.Proof {
		result.HighestCertifiedProof = append(result.HighestCertifiedProof, ocr3wire.AttributedSignedHighestCertifiedTimestamp{
			SignedHighestCertifiedTimestamp: entry.Signed.wire(), Signer: entry.Signer,
		})
	}
	return result
}

// Observation is an observation with its signature, and, in lists, with its observer.
type Observation struct {
	Observation, Signature vectors.Hex
	Observer               commontypes.OracleID
}

// Observations returns the values of package ocr3wire.
func Observations(list []Observation) (result []ocr3wire.AttributedSignedObservation) {
	for _, o := range list {
		result = append(result, ocr3wire.AttributedSignedObservation{
			SignedObservation: ocr3wire.SignedObservation{Observation: bytes(o.Observation), Signature: bytes(o.Signature)}, Observer: o.Observer,
		})
	}
	return result
}

// Message reads a message object.
func Message(t testing.TB, raw json.RawMessage) ocr3wire.Message {
	t.Helper()
	m := vectors.DecodeStrict[struct {
		Type              string
		Epoch, SeqNr      vectors.U64
		HighestCertified  Certificate
		SignedTimestamp   SignedTimestamp
		EpochStartProof   Proof
		Signature31       vectors.Hex
		Query             vectors.Hex
		SignedObservation Observation
		Observations      []Observation
		Signature         vectors.Hex
		Signatures        []vectors.Hex
		CertifiedCommit   Certificate
	}](t, raw)
	epoch, seqNr := uint64(m.Epoch), uint64(m.SeqNr)
	switch m.Type {
	case "NEW-EPOCH-WISH":
		return &ocr3wire.NewEpochWish{Epoch: epoch}
	case "EPOCH-START-REQUEST":
		return &ocr3wire.EpochStartRequest{Epoch: epoch, HighestCertified: m.HighestCertified.Wire(t), SignedHighestCertifiedTimestamp: m.SignedTimestamp.wire()}
	case "EPOCH-START":
		return &ocr3wire.EpochStart{Epoch: epoch, EpochStartProof: m.EpochStartProof.Wire(t), Signature31: bytes(m.Signature31)}
	case "ROUND-START":
		return &ocr3wire.RoundStart{Epoch: epoch, SeqNr: seqNr, Query: bytes(m.Query), Signature31: bytes(m.Signature31)}
	case "OBSERVATION":
		return &ocr3wire.Observation{Epoch: epoch, SeqNr: seqNr, SignedObservation: Observations([]Observation{m.SignedObservation})[0].SignedObservation}
	case "PROPOSAL":
		return &ocr3wire.Proposal{Epoch: epoch, SeqNr: seqNr, Observations: Observations(m.Observations), Signature31: bytes(m.Signature31)}
	case "PREPARE":
		return &ocr3wire.Prepare{Epoch: epoch, SeqNr: seqNr, Signature: bytes(m.Signature)}
	case "COMMIT":
		return &ocr3wire.Commit{Epoch: epoch, SeqNr: seqNr, Signature: bytes(m.Signature)}
	case "REPORT-SIGNATURES":
		result := &ocr3wire.ReportSignatures{SeqNr: seqNr}
		for _, s := range m.Signatures {
			result.Signatures = append(result.Signatures, bytes(s))
		}
		return result
	case "CERTIFIED-COMMIT-REQUEST":
		return &ocr3wire.CertifiedCommitRequest{SeqNr: seqNr}
	case "CERTIFIED-COMMIT":
		return &ocr3wire.CertifiedCommitMessage{CertifiedCommit: *m.CertifiedCommit.Wire(t).(*ocr3wire.CertifiedCommit)}
	}
	t.Fatalf("unknown type of message %q", m.Type)
	return nil
}
