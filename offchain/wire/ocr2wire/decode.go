package ocr2wire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
	"github.com/ocrkit/ocrkit/offchain/wire/wirefield"
)

// maxListEntries is the greatest number of entries in a list of a message: one for each oracle of the largest instance.
const maxListEntries = types.MaxOracles

// Decode reads one message. Like every protobuf reader it skips unknown fields, takes the last of several values of a
// field and merges repeated sub-messages, so that all implementations agree on what a message says. Integers are cut to
// the size of the field in the Go value (epoch 32 bits, round and oracle indices 8 bits) for the same reason.
//
// The message shares memory with b: b must not be written to as long as the message is in use. Empty byte fields and
// lists are nil.
//
// It fails if b is not protobuf, if no known kind of message is set, if a part that must be present is absent, or if a list
// has more than 31 entries. It never panics, and allocates at most a small multiple of what the message needs.
//
// Source: docs/protocol/ocr2.md, "Wire messages".
func Decode(b []byte) (Message, error) {
	var d decoder
	if err := d.wrapper(b); err != nil {
		return nil, fmt.Errorf("ocr2wire: %w", err)
	}
	if d.msg == nil {
		return nil, errors.New("ocr2wire: no known kind of message is set")
	}
	if err := d.complete(); err != nil {
		return nil, fmt.Errorf("ocr2wire: %s: %w", d.msg.Kind(), err)
	}
	return d.msg, nil
}

// decoder holds the message that is being read, and what the message itself cannot say about its fields.
type decoder struct {
	msg Message

	hasPart    bool   // the message's required sub-message is present
	hasFinal   bool   // FinalEcho: the final is present
	entryGap   bool   // a list entry lacks its sub-message
	h          []byte // Final: its field h, of any length
	tooMany    bool   // a list has more than maxListEntries entries
	observed   []AttributedSignedObservation
	signatures []types.AttributedOnchainSignature
}

var errTooMany = fmt.Errorf("a list has more than %d entries", maxListEntries)

// complete checks that all required parts were there and moves lists into the message.
func (d *decoder) complete() error {
	if d.tooMany {
		return errTooMany
	}
	switch m := d.msg.(type) {
	case *Observe:
		if !d.hasPart {
			return errors.New("signed_observation is absent")
		}
	case *ReportReq:
		if d.entryGap {
			return errors.New("an entry of attributed_signed_observations lacks its signed_observation")
		}
		if len(d.observed) > 0 {
			m.Observations = d.observed
		}
	case *Report:
		if !d.hasPart {
			return errors.New("attested_report is absent")
		}
	case *Final:
		return d.completeFinal(m)
	case *FinalEcho:
		if !d.hasFinal {
			return errors.New("final is absent")
		}
		return d.completeFinal(&m.Final)
	}
	return nil
}

func (d *decoder) completeFinal(m *Final) error {
	if !d.hasPart {
		return errors.New("attested_report is absent")
	}
	if len(d.h) != len(m.H) {
		return fmt.Errorf("h has %d bytes, want %d", len(d.h), len(m.H))
	}
	copy(m.H[:], d.h)
	if len(d.signatures) > 0 {
		m.AttestedReport.AttributedSignatures = d.signatures
	}
	return nil
}

func (d *decoder) wrapper(b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		if f.IsBytes() {
			if err := d.member(Kind(min(f.Num, 255)), f.Bytes); err != nil {
				return err
			}
		}
	}
}

// member reads one member of the wrapper's oneof. A second one of the same kind is merged into the first, one of another
// kind replaces it.
func (d *decoder) member(kind Kind, b []byte) error {
	if d.msg == nil || d.msg.Kind() != kind {
		m := newMessage(kind)
		if m == nil {
			return nil // an unknown field
		}
		*d = decoder{msg: m}
	}
	switch m := d.msg.(type) {
	case *NewEpoch:
		return m.decode(b)
	case *ObserveReq:
		return m.decode(b)
	case *Observe:
		return d.observe(m, b)
	case *ReportReq:
		return d.reportReq(m, b)
	case *Report:
		return d.report(m, b)
	case *Final:
		return d.final(m, b)
	case *FinalEcho:
		return d.finalEcho(m, b)
	}
	return nil
}

func newMessage(kind Kind) Message {
	switch kind {
	case KindNewEpoch:
		return new(NewEpoch)
	case KindObserveReq:
		return new(ObserveReq)
	case KindObserve:
		return new(Observe)
	case KindReportReq:
		return new(ReportReq)
	case KindReport:
		return new(Report)
	case KindFinal:
		return new(Final)
	case KindFinalEcho:
		return new(FinalEcho)
	}
	return nil
}

func (m *NewEpoch) decode(b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		if f.Num == 1 && f.IsUint {
			m.Epoch = uint32(f.Uint)
		}
	}
}

func (m *ObserveReq) decode(b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case roundwire.ReadPosition(&f, &m.Epoch, &m.Round):
		case f.Num == 3 && f.IsBytes():
			m.Query = wirefield.Alias(f.Bytes)
		}
	}
}

func (o *SignedObservation) decode(b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsBytes():
			o.Observation = wirefield.Alias(f.Bytes)
		case f.Num == 2 && f.IsBytes():
			o.Signature = wirefield.Alias(f.Bytes)
		}
	}
}

func (d *decoder) observe(m *Observe, b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case roundwire.ReadPosition(&f, &m.Epoch, &m.Round):
		case f.Num == 3 && f.IsBytes():
			d.hasPart = true
			if err := m.SignedObservation.decode(f.Bytes); err != nil {
				return err
			}
		}
	}
}

func (d *decoder) reportReq(m *ReportReq, b []byte) error {
	if d.observed == nil {
		d.observed = make([]AttributedSignedObservation, 0, min(wirefield.Count(b, 4), maxListEntries))
	}
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case roundwire.ReadPosition(&f, &m.Epoch, &m.Round):
		case f.Num == 3 && f.IsBytes():
			m.Query = wirefield.Alias(f.Bytes)
		case f.Num == 4 && f.IsBytes():
			entry, present, err := decodeObservation(f.Bytes)
			if err != nil {
				return err
			}
			if !present {
				d.entryGap = true
			}
			if len(d.observed) == maxListEntries {
				d.tooMany = true // the rest is parsed all the same, but not kept
				continue
			}
			d.observed = append(d.observed, entry)
		}
	}
}

func decodeObservation(b []byte) (entry AttributedSignedObservation, present bool, err error) {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return entry, present, err
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsBytes():
			present = true
			if err := entry.SignedObservation.decode(f.Bytes); err != nil {
				return entry, present, err
			}
		case f.Num == 2 && f.IsUint:
			entry.Observer = commontypes.OracleID(f.Uint)
		}
	}
}

func (d *decoder) report(m *Report, b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case roundwire.ReadPosition(&f, &m.Epoch, &m.Round):
		case f.Num == 3 && f.IsBytes():
			d.hasPart = true
			if err := m.AttestedReport.decode(f.Bytes); err != nil {
				return err
			}
		}
	}
}

func (r *AttestedReportOne) decode(b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.Num == 3 && f.IsUint:
			r.Skip = protowire.DecodeBool(f.Uint)
		case f.Num == 4 && f.IsBytes():
			r.Report = wirefield.Alias(f.Bytes)
		case f.Num == 5 && f.IsBytes():
			r.Signature = wirefield.Alias(f.Bytes)
		}
	}
}

func (d *decoder) final(m *Final, b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case roundwire.ReadPosition(&f, &m.Epoch, &m.Round):
		case f.Num == 4 && f.IsBytes():
			d.h = f.Bytes
		case f.Num == 5 && f.IsBytes():
			d.hasPart = true
			if err := d.attestedReportMany(&m.AttestedReport, f.Bytes); err != nil {
				return err
			}
		}
	}
}

func (d *decoder) attestedReportMany(r *AttestedReportMany, b []byte) error {
	if d.signatures == nil {
		d.signatures = make([]types.AttributedOnchainSignature, 0, min(wirefield.Count(b, 4), maxListEntries))
	}
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.Num == 3 && f.IsBytes():
			r.Report = wirefield.Alias(f.Bytes)
		case f.Num == 4 && f.IsBytes():
			signature, err := decodeSignature(f.Bytes)
			if err != nil {
				return err
			}
			if len(d.signatures) == maxListEntries {
				d.tooMany = true // the rest is parsed all the same, but not kept
				continue
			}
			d.signatures = append(d.signatures, signature)
		}
	}
}

func decodeSignature(b []byte) (s types.AttributedOnchainSignature, err error) {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return s, err
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsBytes():
			s.Signature = wirefield.Alias(f.Bytes)
		case f.Num == 2 && f.IsUint:
			s.Signer = commontypes.OracleID(f.Uint)
		}
	}
}

func (d *decoder) finalEcho(m *FinalEcho, b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		if f.Num == 1 && f.IsBytes() {
			d.hasFinal = true
			if err := d.final(&m.Final, f.Bytes); err != nil {
				return err
			}
		}
	}
}
