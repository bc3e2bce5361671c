package ocr2wire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
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

var (
	errMalformed = errors.New("malformed protobuf")
	errTooMany   = fmt.Errorf("a list has more than %d entries", maxListEntries)
)

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

// field is one field of a protobuf message: a varint or a byte string. Fields of other wire types are unknown to every
// message here, and next skips them.
type field struct {
	num    protowire.Number
	isUint bool
	uint   uint64
	bytes  []byte
}

func (f *field) isBytes() bool { return !f.isUint }

// next splits the next varint or bytes field off b. ok is false at the end of b.
func next(b []byte) (f field, rest []byte, ok bool, err error) {
	for len(b) > 0 {
		tag, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return f, nil, false, errMalformed
		}
		b = b[n:]
		num := tag >> 3
		if num < uint64(protowire.MinValidNumber) || num > uint64(protowire.MaxValidNumber) {
			return f, nil, false, errMalformed
		}
		f.num = protowire.Number(num)
		switch typ := protowire.Type(tag & 7); typ {
		case protowire.VarintType:
			f.isUint = true
			f.uint, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			f.isUint = false
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			// Also fails on an end of group without a start.
			if n = protowire.ConsumeFieldValue(f.num, typ, b); n < 0 {
				return f, nil, false, errMalformed
			}
			b = b[n:]
			continue
		}
		if n < 0 {
			return f, nil, false, errMalformed
		}
		return f, b[n:], true, nil
	}
	return f, nil, false, nil
}

// alias returns the bytes of a field as a slice that cannot grow into its neighbours.
func alias(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b[:len(b):len(b)]
}

func (d *decoder) wrapper(b []byte) error {
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		if f.isBytes() {
			if err := d.member(Kind(min(f.num, 255)), f.bytes); err != nil {
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

// epochRound reads the fields that all messages of a round begin with; it tells whether f was one of them.
func epochRound(f *field, epoch *uint32, round *uint8) bool {
	switch {
	case f.num == 1 && f.isUint:
		*epoch = uint32(f.uint)
	case f.num == 2 && f.isUint:
		*round = uint8(f.uint)
	default:
		return false
	}
	return true
}

func (m *NewEpoch) decode(b []byte) error {
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		if f.num == 1 && f.isUint {
			m.Epoch = uint32(f.uint)
		}
	}
}

func (m *ObserveReq) decode(b []byte) error {
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case epochRound(&f, &m.Epoch, &m.Round):
		case f.num == 3 && f.isBytes():
			m.Query = alias(f.bytes)
		}
	}
}

func (o *SignedObservation) decode(b []byte) error {
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.num == 1 && f.isBytes():
			o.Observation = alias(f.bytes)
		case f.num == 2 && f.isBytes():
			o.Signature = alias(f.bytes)
		}
	}
}

func (d *decoder) observe(m *Observe, b []byte) error {
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case epochRound(&f, &m.Epoch, &m.Round):
		case f.num == 3 && f.isBytes():
			d.hasPart = true
			if err := m.SignedObservation.decode(f.bytes); err != nil {
				return err
			}
		}
	}
}

func (d *decoder) reportReq(m *ReportReq, b []byte) error {
	if d.observed == nil {
		d.observed = make([]AttributedSignedObservation, 0, min(countEntries(b, 4), maxListEntries))
	}
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case epochRound(&f, &m.Epoch, &m.Round):
		case f.num == 3 && f.isBytes():
			m.Query = alias(f.bytes)
		case f.num == 4 && f.isBytes():
			entry, present, err := decodeObservation(f.bytes)
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
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return entry, present, err
		}
		b = rest
		switch {
		case f.num == 1 && f.isBytes():
			present = true
			if err := entry.SignedObservation.decode(f.bytes); err != nil {
				return entry, present, err
			}
		case f.num == 2 && f.isUint:
			entry.Observer = commontypes.OracleID(f.uint)
		}
	}
}

func (d *decoder) report(m *Report, b []byte) error {
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case epochRound(&f, &m.Epoch, &m.Round):
		case f.num == 3 && f.isBytes():
			d.hasPart = true
			if err := m.AttestedReport.decode(f.bytes); err != nil {
				return err
			}
		}
	}
}

func (r *AttestedReportOne) decode(b []byte) error {
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.num == 3 && f.isUint:
			r.Skip = protowire.DecodeBool(f.uint)
		case f.num == 4 && f.isBytes():
			r.Report = alias(f.bytes)
		case f.num == 5 && f.isBytes():
			r.Signature = alias(f.bytes)
		}
	}
}

func (d *decoder) final(m *Final, b []byte) error {
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case epochRound(&f, &m.Epoch, &m.Round):
		case f.num == 4 && f.isBytes():
			d.h = f.bytes
		case f.num == 5 && f.isBytes():
			d.hasPart = true
			if err := d.attestedReportMany(&m.AttestedReport, f.bytes); err != nil {
				return err
			}
		}
	}
}

func (d *decoder) attestedReportMany(r *AttestedReportMany, b []byte) error {
	if d.signatures == nil {
		d.signatures = make([]types.AttributedOnchainSignature, 0, min(countEntries(b, 4), maxListEntries))
	}
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.num == 3 && f.isBytes():
			r.Report = alias(f.bytes)
		case f.num == 4 && f.isBytes():
			signature, err := decodeSignature(f.bytes)
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
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return s, err
		}
		b = rest
		switch {
		case f.num == 1 && f.isBytes():
			s.Signature = alias(f.bytes)
		case f.num == 2 && f.isUint:
			s.Signer = commontypes.OracleID(f.uint)
		}
	}
}

func (d *decoder) finalEcho(m *FinalEcho, b []byte) error {
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		if f.num == 1 && f.isBytes() {
			d.hasFinal = true
			if err := d.final(&m.Final, f.bytes); err != nil {
				return err
			}
		}
	}
}

// countEntries returns how often a bytes field occurs, so that a list is allocated once. Malformed input is left to the
// actual parser.
func countEntries(b []byte, num protowire.Number) int {
	n := 0
	for {
		f, rest, ok, err := next(b)
		if err != nil || !ok {
			return n
		}
		b = rest
		if f.num == num && f.isBytes() {
			n++
		}
	}
}
