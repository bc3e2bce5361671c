package ocr1wire

import (
	"errors"
	"reflect"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
	"github.com/ocrkit/ocrkit/offchain/wire/wirefield"
)

//go:generate go run ../../../internal/cmd/genproto ocr1pb

// The schema is ocr1pb/cl_offchainreporting_messages.proto. The codec is written by hand (one allocation per message, no
// reflection); tests hold it against the code generated from the schema, field by field and on arbitrary bytes.

// Encode returns the canonical bytes of a message: fields in ascending order, minimal varints, zero values left out,
// sub-messages always present. The result is a new slice. It fails only on nil.
//
// Source: docs/protocol/ocr1.md, "Wire messages".
func Encode(m Message) ([]byte, error) {
	if isNil(m) {
		return nil, errors.New("ocr1wire: cannot encode nil")
	}
	size := m.size()
	b := make([]byte, 0, wirefield.SizeBytes(size))
	return m.append(wirefield.StartMessage(b, protowire.Number(m.Kind()), size)), nil
}

// EncodedSize returns the number of bytes that Encode yields, or 0 where Encode fails.
func EncodedSize(m Message) int {
	if isNil(m) {
		return 0
	}
	return wirefield.SizeBytes(m.size())
}

// isNil tells whether a message is nil, or a nil pointer.
func isNil(m Message) bool { return m == nil || reflect.ValueOf(m).IsNil() }

// body is a message or a part of one: size is the number of bytes that append adds.
type body interface {
	size() int
	append(b []byte) []byte
}

func (m *NewEpoch) size() int { return wirefield.SizeUint(uint64(m.Epoch)) }

func (m *NewEpoch) append(b []byte) []byte { return wirefield.AppendUint(b, 1, uint64(m.Epoch)) }

func (m *ObserveReq) size() int { return roundwire.SizePosition(m.Epoch, m.Round) }

// append has the two fields the other way around, as the only message.
func (m *ObserveReq) append(b []byte) []byte {
	return wirefield.AppendUint(wirefield.AppendUint(b, 1, uint64(m.Round)), 2, uint64(m.Epoch))
}

// sizeObservation is the size of an Observation sub-message as field 1.
const sizeObservation = 1 + 1 + 1 + 1 + len(Observation{})

func appendObservation(b []byte, o Observation) []byte {
	return wirefield.AppendBytes(wirefield.StartMessage(b, 1, sizeObservation-2), 1, o[:])
}

func (o *SignedObservation) size() int {
	return sizeObservation + wirefield.SizeOptionalBytes(o.Signature)
}

func (o *SignedObservation) append(b []byte) []byte {
	return wirefield.AppendBytes(appendObservation(b, o.Observation), 2, o.Signature)
}

func (o *AttributedSignedObservation) size() int {
	return wirefield.SizeBytes(o.SignedObservation.size()) + wirefield.SizeUint(uint64(o.Observer))
}

func (o *AttributedSignedObservation) append(b []byte) []byte {
	b = wirefield.StartMessage(b, 1, o.SignedObservation.size())
	return wirefield.AppendUint(o.SignedObservation.append(b), 2, uint64(o.Observer))
}

func (m *Observe) size() int {
	return roundwire.SizePosition(m.Epoch, m.Round) + wirefield.SizeBytes(m.SignedObservation.size())
}

func (m *Observe) append(b []byte) []byte {
	b = roundwire.AppendPosition(b, m.Epoch, m.Round)
	return m.SignedObservation.append(wirefield.StartMessage(b, 3, m.SignedObservation.size()))
}

func (m *ReportReq) size() int {
	n := roundwire.SizePosition(m.Epoch, m.Round)
	for i := range m.Observations {
		n += wirefield.SizeBytes(m.Observations[i].size())
	}
	return n
}

func (m *ReportReq) append(b []byte) []byte {
	b = roundwire.AppendPosition(b, m.Epoch, m.Round)
	for i := range m.Observations {
		b = m.Observations[i].append(wirefield.StartMessage(b, 3, m.Observations[i].size()))
	}
	return b
}

func sizeAttributed(observer commontypes.OracleID) int {
	return sizeObservation + wirefield.SizeUint(uint64(observer))
}

func sizeObservations(list []AttributedObservation) (n int) {
	for _, o := range list {
		n += wirefield.SizeBytes(sizeAttributed(o.Observer))
	}
	return n
}

func appendObservations(b []byte, list []AttributedObservation) []byte {
	for _, o := range list {
		b = wirefield.StartMessage(b, 1, sizeAttributed(o.Observer))
		b = wirefield.AppendUint(appendObservation(b, o.Observation), 2, uint64(o.Observer))
	}
	return b
}

func (r *AttestedReportOne) size() int {
	return sizeObservations(r.Observations) + wirefield.SizeOptionalBytes(r.Signature)
}

func (m *Report) size() int {
	return roundwire.SizePosition(m.Epoch, m.Round) + wirefield.SizeBytes(m.AttestedReport.size())
}

func (m *Report) append(b []byte) []byte {
	b = wirefield.StartMessage(roundwire.AppendPosition(b, m.Epoch, m.Round), 3, m.AttestedReport.size())
	return wirefield.AppendBytes(appendObservations(b, m.AttestedReport.Observations), 2, m.AttestedReport.Signature)
}

func (r *AttestedReportMany) size() int {
	n := sizeObservations(r.Observations)
	for _, signature := range r.Signatures {
		n += wirefield.SizeBytes(len(signature))
	}
	return n
}

func (m *Final) size() int {
	return roundwire.SizePosition(m.Epoch, m.Round) + wirefield.SizeBytes(m.AttestedReport.size())
}

func (m *Final) append(b []byte) []byte {
	b = wirefield.StartMessage(roundwire.AppendPosition(b, m.Epoch, m.Round), 3, m.AttestedReport.size())
	b = appendObservations(b, m.AttestedReport.Observations)
	for _, signature := range m.AttestedReport.Signatures {
		b = wirefield.AppendPresentBytes(b, 2, signature) // a list keeps its empty entries
	}
	return b
}

func (m *FinalEcho) size() int { return wirefield.SizeBytes(m.Final.size()) }

func (m *FinalEcho) append(b []byte) []byte {
	return m.Final.append(wirefield.StartMessage(b, 1, m.Final.size()))
}
