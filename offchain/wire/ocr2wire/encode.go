package ocr2wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
	"github.com/ocrkit/ocrkit/offchain/wire/wirefield"
)

//go:generate go run ../../../internal/cmd/genproto ocr2pb

// The schema is ocr2pb/offchainreporting2_messages.proto. The codec is written by hand (one allocation per message, no
// reflection); tests hold it against the code generated from the schema, field by field and on arbitrary bytes.

// Encode returns the canonical bytes of a message: fields in ascending order, minimal varints, zero values left out,
// sub-messages always present. The result is a new slice. It fails only on nil.
//
// Source: docs/protocol/ocr2.md, "Wire messages".
func Encode(m Message) ([]byte, error) {
	switch m := m.(type) {
	case *NewEpoch:
		return encode(m)
	case *ObserveReq:
		return encode(m)
	case *Observe:
		return encode(m)
	case *ReportReq:
		return encode(m)
	case *Report:
		return encode(m)
	case *Final:
		return encode(m)
	case *FinalEcho:
		return encode(m)
	}
	return nil, fmt.Errorf("ocr2wire: cannot encode a message of type %T", m)
}

// EncodedSize returns the number of bytes that Encode yields, or 0 where Encode fails.
func EncodedSize(m Message) int {
	switch m := m.(type) {
	case *NewEpoch:
		return encodedSize(m)
	case *ObserveReq:
		return encodedSize(m)
	case *Observe:
		return encodedSize(m)
	case *ReportReq:
		return encodedSize(m)
	case *Report:
		return encodedSize(m)
	case *Final:
		return encodedSize(m)
	case *FinalEcho:
		return encodedSize(m)
	}
	return 0
}

// body is a message or a part of one: size is the number of bytes that append adds.
type body interface {
	size() int
	append(b []byte) []byte
}

// encode is generic, so that the calls are direct and nothing is boxed.
func encode[T any, M interface {
	*T
	Message
	body
}](m M) ([]byte, error) {
	if m == nil {
		return nil, fmt.Errorf("ocr2wire: cannot encode a nil %T", m)
	}
	size := m.size()
	b := make([]byte, 0, wirefield.SizeBytes(size))
	b = protowire.AppendVarint(b, protowire.EncodeTag(protowire.Number(m.Kind()), protowire.BytesType))
	b = protowire.AppendVarint(b, uint64(size))
	return m.append(b), nil
}

func encodedSize[T any, M interface {
	*T
	Message
	body
}](m M) int {
	if m == nil {
		return 0
	}
	return wirefield.SizeBytes(m.size())
}

func (m *NewEpoch) size() int { return wirefield.SizeUint(uint64(m.Epoch)) }

func (m *NewEpoch) append(b []byte) []byte { return wirefield.AppendUint(b, 1, uint64(m.Epoch)) }

func (m *ObserveReq) size() int {
	return roundwire.SizePosition(m.Epoch, m.Round) + wirefield.SizeOptionalBytes(m.Query)
}

func (m *ObserveReq) append(b []byte) []byte {
	b = roundwire.AppendPosition(b, m.Epoch, m.Round)
	return wirefield.AppendBytes(b, 3, m.Query)
}

func (o *SignedObservation) size() int {
	return wirefield.SizeOptionalBytes(o.Observation) + wirefield.SizeOptionalBytes(o.Signature)
}

func (o *SignedObservation) append(b []byte) []byte {
	return wirefield.AppendBytes(wirefield.AppendBytes(b, 1, o.Observation), 2, o.Signature)
}

func (m *Observe) size() int {
	return roundwire.SizePosition(m.Epoch, m.Round) + wirefield.SizeBytes(m.SignedObservation.size())
}

func (m *Observe) append(b []byte) []byte {
	b = roundwire.AppendPosition(b, m.Epoch, m.Round)
	b = wirefield.StartMessage(b, 3, m.SignedObservation.size())
	return m.SignedObservation.append(b)
}

func (o *AttributedSignedObservation) size() int {
	return wirefield.SizeBytes(o.SignedObservation.size()) + wirefield.SizeUint(uint64(o.Observer))
}

func (o *AttributedSignedObservation) append(b []byte) []byte {
	b = wirefield.StartMessage(b, 1, o.SignedObservation.size())
	b = o.SignedObservation.append(b)
	return wirefield.AppendUint(b, 2, uint64(o.Observer))
}

func (m *ReportReq) size() int {
	n := roundwire.SizePosition(m.Epoch, m.Round) + wirefield.SizeOptionalBytes(m.Query)
	for i := range m.Observations {
		n += wirefield.SizeBytes(m.Observations[i].size())
	}
	return n
}

func (m *ReportReq) append(b []byte) []byte {
	b = roundwire.AppendPosition(b, m.Epoch, m.Round)
	b = wirefield.AppendBytes(b, 3, m.Query)
	for i := range m.Observations {
		b = wirefield.StartMessage(b, 4, m.Observations[i].size())
		b = m.Observations[i].append(b)
	}
	return b
}

func (r *AttestedReportOne) size() int {
	n := wirefield.SizeOptionalBytes(r.Report) + wirefield.SizeOptionalBytes(r.Signature)
	if r.Skip {
		n += 2
	}
	return n
}

func (r *AttestedReportOne) append(b []byte) []byte {
	if r.Skip {
		b = wirefield.AppendUint(b, 3, 1)
	}
	return wirefield.AppendBytes(wirefield.AppendBytes(b, 4, r.Report), 5, r.Signature)
}

func (m *Report) size() int {
	return roundwire.SizePosition(m.Epoch, m.Round) + wirefield.SizeBytes(m.AttestedReport.size())
}

func (m *Report) append(b []byte) []byte {
	b = roundwire.AppendPosition(b, m.Epoch, m.Round)
	b = wirefield.StartMessage(b, 3, m.AttestedReport.size())
	return m.AttestedReport.append(b)
}

func sizeSignature(s *types.AttributedOnchainSignature) int {
	return wirefield.SizeOptionalBytes(s.Signature) + wirefield.SizeUint(uint64(s.Signer))
}

func (r *AttestedReportMany) size() int {
	n := wirefield.SizeOptionalBytes(r.Report)
	for i := range r.AttributedSignatures {
		n += wirefield.SizeBytes(sizeSignature(&r.AttributedSignatures[i]))
	}
	return n
}

func (r *AttestedReportMany) append(b []byte) []byte {
	b = wirefield.AppendBytes(b, 3, r.Report)
	for i := range r.AttributedSignatures {
		s := &r.AttributedSignatures[i]
		b = wirefield.StartMessage(b, 4, sizeSignature(s))
		b = wirefield.AppendUint(wirefield.AppendBytes(b, 1, s.Signature), 2, uint64(s.Signer))
	}
	return b
}

func (m *Final) size() int {
	return roundwire.SizePosition(m.Epoch, m.Round) + wirefield.SizeBytes(len(m.H)) + wirefield.SizeBytes(m.AttestedReport.size())
}

func (m *Final) append(b []byte) []byte {
	b = roundwire.AppendPosition(b, m.Epoch, m.Round)
	b = wirefield.AppendBytes(b, 4, m.H[:])
	b = wirefield.StartMessage(b, 5, m.AttestedReport.size())
	return m.AttestedReport.append(b)
}

func (m *FinalEcho) size() int { return wirefield.SizeBytes(m.Final.size()) }

func (m *FinalEcho) append(b []byte) []byte {
	return m.Final.append(wirefield.StartMessage(b, 1, m.Final.size()))
}
