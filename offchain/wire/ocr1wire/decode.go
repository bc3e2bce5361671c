package ocr1wire

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
	"github.com/ocrkit/ocrkit/offchain/wire/wirefield"
)

// maxListEntries is the greatest number of entries in a list of a message: one for each oracle of the largest instance.
const maxListEntries = ocr1types.MaxOracles

// Decode reads one message. Like every protobuf reader it skips unknown fields, takes the last of several values of a
// field and merges repeated sub-messages, so that all implementations agree on what a message says. Integers are cut to
// the size of the field in the Go value (epoch 32 bits, round and oracle indices 8 bits) for the same reason.
//
// Signatures share memory with b: b must not be written to as long as the message is in use. Empty byte fields and lists are
// nil.
//
// It fails if b is not protobuf, if no known kind of message is set, if a part that must be present is absent, if an
// observation has not 24 bytes, or if a list has more than 31 entries. It never panics.
//
// Source: docs/protocol/ocr1.md, "Wire messages".
func Decode(b []byte) (Message, error) {
	var d decoder
	if err := wirefield.Each(b, d.member); err != nil {
		return nil, fmt.Errorf("ocr1wire: %w", err)
	}
	if d.kind == 0 {
		return nil, errors.New("ocr1wire: no known kind of message is set")
	}
	m, err := d.message()
	if err != nil {
		return nil, fmt.Errorf("ocr1wire: %s: %w", d.kind, err)
	}
	return m, nil
}

// decoder holds the fields of the message that is being read, of whatever kind it is.
type decoder struct {
	kind  Kind // 0: none yet
	epoch uint32
	round uint8

	part  bool // the required sub-message is present: the signed observation or the attested report
	final bool // FinalEcho: the final is present

	signed     entry   // Observe
	entries    []entry // ReportReq, Report, Final
	signatures [][]byte
	tooMany    bool // a list has more than maxListEntries entries
}

// entry is an observation, or an element of a list of observations.
type entry struct {
	signed    bool // the signed observation is present
	observed  bool // the observation is present
	value     []byte
	signature []byte
	observer  commontypes.OracleID
}

// member reads one member of the wrapper's oneof. A second one of the same kind is merged into the first, one of another
// kind replaces it.
func (d *decoder) member(f wirefield.Field) error {
	kind := Kind(min(f.Num, 255))
	if !f.IsBytes() || kind < KindNewEpoch || kind > KindFinalEcho {
		return nil // an unknown field
	}
	if d.kind != kind {
		*d = decoder{kind: kind}
	}
	if kind == KindReportReq {
		d.entries = withRoom(d.entries, f.Bytes, 3)
	}
	return wirefield.Each(f.Bytes, d.field)
}

// withRoom makes room in a list for what a field of a message will add to it.
func withRoom[T any](list []T, b []byte, num protowire.Number) []T {
	return slices.Grow(list, min(wirefield.Count(b, num), maxListEntries))
}

// field reads a field of a message.
func (d *decoder) field(f wirefield.Field) error {
	if d.kind == KindFinalEcho {
		if f.Num != 1 || !f.IsBytes() {
			return nil
		}
		d.final = true
		return wirefield.Each(f.Bytes, d.roundField)
	}
	return d.roundField(f)
}

// roundField reads a field of any message but the echo, which has but a Final in it.
func (d *decoder) roundField(f wirefield.Field) error {
	if d.kind == KindObserveReq && f.Num <= 2 {
		f.Num = 3 - f.Num // here the fields are the other way around
	}
	switch {
	case d.kind == KindNewEpoch && f.Num != 1:
		return nil
	case roundwire.ReadPosition(&f, &d.epoch, &d.round):
		return nil
	case f.Num != 3 || !f.IsBytes():
		return nil
	}
	switch d.kind {
	case KindObserve:
		d.part = true
		return wirefield.Each(f.Bytes, d.signed.signedField)
	case KindReportReq:
		return d.entry(f.Bytes, (*entry).attributedSignedField)
	case KindReport, KindFinal, KindFinalEcho:
		d.part = true
		d.entries = withRoom(d.entries, f.Bytes, 1)
		if d.kind != KindReport {
			d.signatures = withRoom(d.signatures, f.Bytes, 2)
		}
		return wirefield.Each(f.Bytes, d.reportField)
	}
	return nil
}

// entry reads an element of a list.
func (d *decoder) entry(b []byte, read func(*entry, wirefield.Field) error) error {
	if len(d.entries) == maxListEntries {
		d.tooMany = true // the rest is parsed all the same, but not kept
		d.entries = d.entries[:maxListEntries-1]
	}
	d.entries = append(d.entries, entry{})
	e := &d.entries[len(d.entries)-1]
	return wirefield.Each(b, func(f wirefield.Field) error { return read(e, f) })
}

// reportField reads a field of an attested report, of one signature or of many.
func (d *decoder) reportField(f wirefield.Field) error {
	switch {
	case f.Num == 1 && f.IsBytes():
		return d.entry(f.Bytes, (*entry).attributedField)
	case f.Num == 2 && f.IsBytes() && d.kind == KindReport:
		d.signed.signature = wirefield.Alias(f.Bytes)
	case f.Num == 2 && f.IsBytes() && len(d.signatures) == maxListEntries:
		d.tooMany = true
	case f.Num == 2 && f.IsBytes():
		d.signatures = append(d.signatures, wirefield.Alias(f.Bytes))
	}
	return nil
}

// attributedSignedField reads a field of a signed observation with its observer.
func (e *entry) attributedSignedField(f wirefield.Field) error {
	switch {
	case f.Num == 1 && f.IsBytes():
		e.signed = true
		return wirefield.Each(f.Bytes, e.signedField)
	case f.Num == 2 && f.IsUint:
		e.observer = commontypes.OracleID(f.Uint)
	}
	return nil
}

// signedField reads a field of a signed observation.
func (e *entry) signedField(f wirefield.Field) error {
	if f.Num == 2 && f.IsBytes() {
		e.signature = wirefield.Alias(f.Bytes)
	}
	return e.observationField(f)
}

// attributedField reads a field of an observation with its observer.
func (e *entry) attributedField(f wirefield.Field) error {
	if f.Num == 2 && f.IsUint {
		e.observer = commontypes.OracleID(f.Uint)
	}
	return e.observationField(f)
}

// observationField reads the observation, which is the first field wherever it occurs.
func (e *entry) observationField(f wirefield.Field) error {
	if f.Num != 1 || !f.IsBytes() {
		return nil
	}
	e.observed = true
	return wirefield.Each(f.Bytes, func(f wirefield.Field) error {
		if f.Num == 1 && f.IsBytes() {
			e.value = f.Bytes
		}
		return nil
	})
}

// message makes the message of its fields, if all that must be there are.
func (d *decoder) message() (Message, error) {
	switch {
	case d.kind == KindFinalEcho && !d.final:
		return nil, errors.New("final is absent")
	case d.kind == KindObserve && !d.part:
		return nil, errors.New("signedObservation is absent")
	case d.kind >= KindReport && !d.part:
		return nil, errors.New("report is absent")
	case d.tooMany:
		return nil, fmt.Errorf("a list has more than %d entries", maxListEntries)
	}
	switch d.kind {
	case KindNewEpoch:
		return &NewEpoch{d.epoch}, nil
	case KindObserveReq:
		return &ObserveReq{d.epoch, d.round}, nil
	case KindObserve:
		o, err := d.signed.observation()
		return &Observe{d.epoch, d.round, SignedObservation{o, d.signed.signature}}, err
	case KindReportReq:
		list, err := mapEntries(d.entries, func(e *entry) (a AttributedSignedObservation, err error) {
			if !e.signed {
				return a, errors.New("an entry lacks its signedObservation")
			}
			o, err := e.observation()
			return AttributedSignedObservation{SignedObservation{o, e.signature}, e.observer}, err
		})
		return &ReportReq{d.epoch, d.round, list}, err
	}
	list, err := mapEntries(d.entries, func(e *entry) (AttributedObservation, error) {
		o, err := e.observation()
		return AttributedObservation{o, e.observer}, err
	})
	if d.kind == KindReport {
		return &Report{d.epoch, d.round, AttestedReportOne{list, d.signed.signature}}, err
	}
	final := Final{d.epoch, d.round, AttestedReportMany{list, d.signatures}}
	if d.kind == KindFinal {
		return &final, err
	}
	return &FinalEcho{final}, err
}

func mapEntries[T any](entries []entry, f func(*entry) (T, error)) ([]T, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	list := make([]T, len(entries))
	for i := range entries {
		var err error
		if list[i], err = f(&entries[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// observation is the value, if there is one.
func (e *entry) observation() (o Observation, err error) {
	if !e.observed {
		return o, errors.New("an observation is absent")
	}
	if len(e.value) != len(o) {
		return o, fmt.Errorf("an observation has %d bytes, want %d", len(e.value), len(o))
	}
	return Observation(e.value), nil
}
