package ocr2wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/types"
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
	b := make([]byte, 0, sizeBytes(size))
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
	return sizeBytes(m.size())
}

// All field numbers are below 16: a tag takes one byte.

// sizeBytes is the size of a field that is present with n bytes of content.
func sizeBytes(n int) int { return 1 + protowire.SizeVarint(uint64(n)) + n }

// sizeOptionalBytes is the size of a bytes field, which is left out when empty.
func sizeOptionalBytes(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	return sizeBytes(len(b))
}

// sizeUint is the size of an integer field, which is left out when zero.
func sizeUint(v uint64) int {
	if v == 0 {
		return 0
	}
	return 1 + protowire.SizeVarint(v)
}

func appendTag(b []byte, num protowire.Number, typ protowire.Type) []byte {
	return append(b, byte(protowire.EncodeTag(num, typ)))
}

func appendUint(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(appendTag(b, num, protowire.VarintType), v)
}

func appendBytes(b []byte, num protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return protowire.AppendBytes(appendTag(b, num, protowire.BytesType), v)
}

// startMessage appends tag and length of a sub-message, which is present also when empty.
func startMessage(b []byte, num protowire.Number, size int) []byte {
	return protowire.AppendVarint(appendTag(b, num, protowire.BytesType), uint64(size))
}

func sizeEpochRound(epoch uint32, round uint8) int {
	return sizeUint(uint64(epoch)) + sizeUint(uint64(round))
}

func appendEpochRound(b []byte, epoch uint32, round uint8) []byte {
	return appendUint(appendUint(b, 1, uint64(epoch)), 2, uint64(round))
}

func (m *NewEpoch) size() int { return sizeUint(uint64(m.Epoch)) }

func (m *NewEpoch) append(b []byte) []byte { return appendUint(b, 1, uint64(m.Epoch)) }

func (m *ObserveReq) size() int { return sizeEpochRound(m.Epoch, m.Round) + sizeOptionalBytes(m.Query) }

func (m *ObserveReq) append(b []byte) []byte {
	b = appendEpochRound(b, m.Epoch, m.Round)
	return appendBytes(b, 3, m.Query)
}

func (o *SignedObservation) size() int {
	return sizeOptionalBytes(o.Observation) + sizeOptionalBytes(o.Signature)
}

func (o *SignedObservation) append(b []byte) []byte {
	return appendBytes(appendBytes(b, 1, o.Observation), 2, o.Signature)
}

func (m *Observe) size() int {
	return sizeEpochRound(m.Epoch, m.Round) + sizeBytes(m.SignedObservation.size())
}

func (m *Observe) append(b []byte) []byte {
	b = appendEpochRound(b, m.Epoch, m.Round)
	b = startMessage(b, 3, m.SignedObservation.size())
	return m.SignedObservation.append(b)
}

func (o *AttributedSignedObservation) size() int {
	return sizeBytes(o.SignedObservation.size()) + sizeUint(uint64(o.Observer))
}

func (o *AttributedSignedObservation) append(b []byte) []byte {
	b = startMessage(b, 1, o.SignedObservation.size())
	b = o.SignedObservation.append(b)
	return appendUint(b, 2, uint64(o.Observer))
}

func (m *ReportReq) size() int {
	n := sizeEpochRound(m.Epoch, m.Round) + sizeOptionalBytes(m.Query)
	for i := range m.Observations {
		n += sizeBytes(m.Observations[i].size())
	}
	return n
}

func (m *ReportReq) append(b []byte) []byte {
	b = appendEpochRound(b, m.Epoch, m.Round)
	b = appendBytes(b, 3, m.Query)
	for i := range m.Observations {
		b = startMessage(b, 4, m.Observations[i].size())
		b = m.Observations[i].append(b)
	}
	return b
}

func (r *AttestedReportOne) size() int {
	n := sizeOptionalBytes(r.Report) + sizeOptionalBytes(r.Signature)
	if r.Skip {
		n += 2
	}
	return n
}

func (r *AttestedReportOne) append(b []byte) []byte {
	if r.Skip {
		b = appendUint(b, 3, 1)
	}
	return appendBytes(appendBytes(b, 4, r.Report), 5, r.Signature)
}

func (m *Report) size() int {
	return sizeEpochRound(m.Epoch, m.Round) + sizeBytes(m.AttestedReport.size())
}

func (m *Report) append(b []byte) []byte {
	b = appendEpochRound(b, m.Epoch, m.Round)
	b = startMessage(b, 3, m.AttestedReport.size())
	return m.AttestedReport.append(b)
}

func sizeSignature(s *types.AttributedOnchainSignature) int {
	return sizeOptionalBytes(s.Signature) + sizeUint(uint64(s.Signer))
}

func (r *AttestedReportMany) size() int {
	n := sizeOptionalBytes(r.Report)
	for i := range r.AttributedSignatures {
		n += sizeBytes(sizeSignature(&r.AttributedSignatures[i]))
	}
	return n
}

func (r *AttestedReportMany) append(b []byte) []byte {
	b = appendBytes(b, 3, r.Report)
	for i := range r.AttributedSignatures {
		s := &r.AttributedSignatures[i]
		b = startMessage(b, 4, sizeSignature(s))
		b = appendUint(appendBytes(b, 1, s.Signature), 2, uint64(s.Signer))
	}
	return b
}

func (m *Final) size() int {
	return sizeEpochRound(m.Epoch, m.Round) + sizeBytes(len(m.H)) + sizeBytes(m.AttestedReport.size())
}

func (m *Final) append(b []byte) []byte {
	b = appendEpochRound(b, m.Epoch, m.Round)
	b = appendBytes(b, 4, m.H[:])
	b = startMessage(b, 5, m.AttestedReport.size())
	return m.AttestedReport.append(b)
}

func (m *FinalEcho) size() int { return sizeBytes(m.Final.size()) }

func (m *FinalEcho) append(b []byte) []byte {
	return m.Final.append(startMessage(b, 1, m.Final.size()))
}
