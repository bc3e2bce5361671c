package ocr3wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/wire/wirefield"
)

//go:generate go run ../../../internal/cmd/genproto ocr3pb

// The schema is ocr3pb/offchainreporting3_messages.proto. The codec is written by hand (one allocation per message, no
// reflection); tests hold it against the code generated from the schema, field by field and on arbitrary bytes.

// Encode returns the canonical bytes of a message: fields in ascending order, minimal varints, zero values left out,
// sub-messages always present. The result is a new slice. It fails on nil, and on a message without its certificate.
//
// Source: docs/protocol/ocr3.md, "Wire messages".
func Encode(m Message) ([]byte, error) {
	e, ok := m.(encodable)
	if !ok || m == nil {
		return nil, fmt.Errorf("ocr3wire: cannot encode a message of type %T", m)
	}
	switch m := m.(type) {
	case *EpochStartRequest:
		if m.HighestCertified == nil {
			return nil, fmt.Errorf("ocr3wire: %s without a certificate", m.Kind())
		}
	case *EpochStart:
		if m.EpochStartProof.HighestCertified == nil {
			return nil, fmt.Errorf("ocr3wire: %s without a certificate", m.Kind())
		}
	}
	size := e.size()
	b := make([]byte, 0, 1+wirefield.SizeBytes(size))
	b = protowire.AppendTag(b, protowire.Number(m.Kind()), protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	return e.append(b), nil
}

// EncodeCertificate returns the bytes under which a certificate is stored.
func EncodeCertificate(c Certificate) []byte {
	return appendCertificate(make([]byte, 0, sizeCertificate(c)), c)
}

// EncodePacemakerState returns the bytes under which a pacemaker state is stored.
func EncodePacemakerState(s PacemakerState) []byte {
	return wirefield.AppendUint(wirefield.AppendUint(nil, 1, s.Epoch), 2, s.HighestSentNewEpochWish)
}

// encodable is a message or a part of one: size is the number of bytes that append adds.
type encodable interface {
	size() int
	append(b []byte) []byte
}

func sizeRound(epoch, seqNr uint64) int { return wirefield.SizeUint(epoch) + wirefield.SizeUint(seqNr) }

func appendRound(b []byte, epoch, seqNr uint64) []byte {
	return wirefield.AppendUint(wirefield.AppendUint(b, 1, epoch), 2, seqNr)
}

func (m *NewEpochWish) size() int              { return wirefield.SizeUint(m.Epoch) }
func (m *NewEpochWish) append(b []byte) []byte { return wirefield.AppendUint(b, 1, m.Epoch) }

func (m *EpochStartRequest) size() int {
	return wirefield.SizeUint(m.Epoch) + wirefield.SizeBytes(sizeCertificate(m.HighestCertified)) +
		wirefield.SizeBytes(m.SignedHighestCertifiedTimestamp.size())
}

func (m *EpochStartRequest) append(b []byte) []byte {
	b = wirefield.AppendUint(b, 1, m.Epoch)
	b = wirefield.StartMessage(b, 2, sizeCertificate(m.HighestCertified))
	b = appendCertificate(b, m.HighestCertified)
	b = wirefield.StartMessage(b, 3, m.SignedHighestCertifiedTimestamp.size())
	return m.SignedHighestCertifiedTimestamp.append(b)
}

func (m *EpochStart) size() int {
	return wirefield.SizeUint(m.Epoch) + wirefield.SizeBytes(m.EpochStartProof.size()) + wirefield.SizeOptionalBytes(m.Signature31)
}

func (m *EpochStart) append(b []byte) []byte {
	b = wirefield.AppendUint(b, 1, m.Epoch)
	b = wirefield.StartMessage(b, 2, m.EpochStartProof.size())
	b = m.EpochStartProof.append(b)
	return wirefield.AppendBytes(b, 3, m.Signature31)
}

func (m *RoundStart) size() int {
	return sizeRound(m.Epoch, m.SeqNr) + wirefield.SizeOptionalBytes(m.Query) + wirefield.SizeOptionalBytes(m.Signature31)
}

func (m *RoundStart) append(b []byte) []byte {
	b = appendRound(b, m.Epoch, m.SeqNr)
	return wirefield.AppendBytes(wirefield.AppendBytes(b, 3, m.Query), 4, m.Signature31)
}

func (m *Observation) size() int {
	return sizeRound(m.Epoch, m.SeqNr) + wirefield.SizeBytes(m.SignedObservation.size())
}

func (m *Observation) append(b []byte) []byte {
	b = appendRound(b, m.Epoch, m.SeqNr)
	b = wirefield.StartMessage(b, 3, m.SignedObservation.size())
	return m.SignedObservation.append(b)
}

func (m *Proposal) size() int {
	size := sizeRound(m.Epoch, m.SeqNr) + wirefield.SizeOptionalBytes(m.Signature31)
	for i := range m.Observations {
		size += wirefield.SizeBytes(m.Observations[i].size())
	}
	return size
}

func (m *Proposal) append(b []byte) []byte {
	b = appendRound(b, m.Epoch, m.SeqNr)
	for i := range m.Observations {
		b = wirefield.StartMessage(b, 3, m.Observations[i].size())
		b = m.Observations[i].append(b)
	}
	return wirefield.AppendBytes(b, 4, m.Signature31)
}

func (m *Prepare) size() int {
	return sizeRound(m.Epoch, m.SeqNr) + wirefield.SizeOptionalBytes(m.Signature)
}

func (m *Prepare) append(b []byte) []byte {
	return wirefield.AppendBytes(appendRound(b, m.Epoch, m.SeqNr), 3, m.Signature)
}

func (m *Commit) size() int {
	return sizeRound(m.Epoch, m.SeqNr) + wirefield.SizeOptionalBytes(m.Signature)
}

func (m *Commit) append(b []byte) []byte {
	return wirefield.AppendBytes(appendRound(b, m.Epoch, m.SeqNr), 3, m.Signature)
}

func (m *ReportSignatures) size() int {
	size := wirefield.SizeUint(m.SeqNr)
	for _, s := range m.Signatures {
		size += wirefield.SizeBytes(len(s))
	}
	return size
}

func (m *ReportSignatures) append(b []byte) []byte {
	b = wirefield.AppendUint(b, 1, m.SeqNr)
	for _, s := range m.Signatures {
		b = wirefield.AppendPresentBytes(b, 2, s)
	}
	return b
}

func (m *CertifiedCommitRequest) size() int              { return wirefield.SizeUint(m.SeqNr) }
func (m *CertifiedCommitRequest) append(b []byte) []byte { return wirefield.AppendUint(b, 1, m.SeqNr) }

func (m *CertifiedCommitMessage) size() int { return wirefield.SizeBytes(m.CertifiedCommit.size()) }

func (m *CertifiedCommitMessage) append(b []byte) []byte {
	return m.CertifiedCommit.append(wirefield.StartMessage(b, 1, m.CertifiedCommit.size()))
}

// certificateBody returns the certificate with the number of its case in the oneof.
func certificateBody(c Certificate) (encodable, protowire.Number) {
	switch c := c.(type) {
	case *CertifiedPrepare:
		return c, 1
	case *CertifiedCommit:
		return c, 2
	}
	return new(CertifiedCommit), 2 // there is no other
}

func sizeCertificate(c Certificate) int {
	body, _ := certificateBody(c)
	return wirefield.SizeBytes(body.size())
}

func appendCertificate(b []byte, c Certificate) []byte {
	body, number := certificateBody(c)
	return body.append(wirefield.StartMessage(b, number, body.size()))
}

func (c *CertifiedPrepare) size() int {
	return sizeRound(c.PrepareEpoch, c.SeqNr) + wirefield.SizeBytes(len(c.OutcomeInputsDigest)) +
		wirefield.SizeOptionalBytes(c.Outcome) + sizeSignatures(c.Signatures)
}

func (c *CertifiedPrepare) append(b []byte) []byte {
	b = appendRound(b, c.PrepareEpoch, c.SeqNr)
	b = wirefield.AppendBytes(b, 3, c.OutcomeInputsDigest[:])
	b = wirefield.AppendBytes(b, 4, c.Outcome)
	return appendSignatures(b, 5, c.Signatures)
}

func (c *CertifiedCommit) size() int {
	return sizeRound(c.CommitEpoch, c.SeqNr) + wirefield.SizeOptionalBytes(c.Outcome) + sizeSignatures(c.Signatures)
}

func (c *CertifiedCommit) append(b []byte) []byte {
	b = appendRound(b, c.CommitEpoch, c.SeqNr)
	b = wirefield.AppendBytes(b, 3, c.Outcome)
	return appendSignatures(b, 4, c.Signatures)
}

func (s *AttributedSignature) size() int {
	return wirefield.SizeOptionalBytes(s.Signature) + wirefield.SizeUint(uint64(s.Signer))
}

func sizeSignatures(list []AttributedSignature) (size int) {
	for i := range list {
		size += wirefield.SizeBytes(list[i].size())
	}
	return size
}

func appendSignatures(b []byte, number protowire.Number, list []AttributedSignature) []byte {
	for i := range list {
		b = wirefield.StartMessage(b, number, list[i].size())
		b = wirefield.AppendBytes(b, 1, list[i].Signature)
		b = wirefield.AppendUint(b, 2, uint64(list[i].Signer))
	}
	return b
}

func (t *HighestCertifiedTimestamp) size() int {
	size := wirefield.SizeUint(t.SeqNr) + wirefield.SizeUint(t.Epoch)
	if t.CommittedElsePrepared {
		size += 2
	}
	return size
}

func (t *HighestCertifiedTimestamp) append(b []byte) []byte {
	b = wirefield.AppendUint(b, 1, t.SeqNr)
	b = wirefield.AppendUint(b, 2, protowire.EncodeBool(t.CommittedElsePrepared))
	return wirefield.AppendUint(b, 3, t.Epoch)
}

func (s *SignedHighestCertifiedTimestamp) size() int {
	return wirefield.SizeBytes(s.HighestCertifiedTimestamp.size()) +
		wirefield.SizeOptionalBytes(s.Signature) + wirefield.SizeOptionalBytes(s.Signature31)
}

func (s *SignedHighestCertifiedTimestamp) append(b []byte) []byte {
	b = wirefield.StartMessage(b, 1, s.HighestCertifiedTimestamp.size())
	b = s.HighestCertifiedTimestamp.append(b)
	return wirefield.AppendBytes(wirefield.AppendBytes(b, 2, s.Signature), 3, s.Signature31)
}

func (a *AttributedSignedHighestCertifiedTimestamp) size() int {
	return wirefield.SizeBytes(a.SignedHighestCertifiedTimestamp.size()) + wirefield.SizeUint(uint64(a.Signer))
}

func (a *AttributedSignedHighestCertifiedTimestamp) append(b []byte) []byte {
	b = wirefield.StartMessage(b, 1, a.SignedHighestCertifiedTimestamp.size())
	b = a.SignedHighestCertifiedTimestamp.append(b)
	return wirefield.AppendUint(b, 2, uint64(a.Signer))
}

func (p *EpochStartProof) size() int {
	size := wirefield.SizeBytes(sizeCertificate(p.HighestCertified))
	for i := range p.HighestCertifiedProof {
		size += wirefield.SizeBytes(p.HighestCertifiedProof[i].size())
	}
	return size
}

func (p *EpochStartProof) append(b []byte) []byte {
	b = wirefield.StartMessage(b, 1, sizeCertificate(p.HighestCertified))
	b = appendCertificate(b, p.HighestCertified)
	for i := range p.HighestCertifiedProof {
		b = wirefield.StartMessage(b, 2, p.HighestCertifiedProof[i].size())
		b = p.HighestCertifiedProof[i].append(b)
	}
	return b
}

func (o *SignedObservation) size() int {
	return wirefield.SizeOptionalBytes(o.Observation) + wirefield.SizeOptionalBytes(o.Signature)
}

func (o *SignedObservation) append(b []byte) []byte {
	return wirefield.AppendBytes(wirefield.AppendBytes(b, 1, o.Observation), 2, o.Signature)
}

func (o *AttributedSignedObservation) size() int {
	return wirefield.SizeBytes(o.SignedObservation.size()) + wirefield.SizeUint(uint64(o.Observer))
}

func (o *AttributedSignedObservation) append(b []byte) []byte {
	b = wirefield.StartMessage(b, 1, o.SignedObservation.size())
	b = o.SignedObservation.append(b)
	return wirefield.AppendUint(b, 2, uint64(o.Observer))
}
