package ocr3wire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/wirefield"
)

// maxKept bounds the entries of a list that are kept: one more than any valid list has, so that CheckSize sees that there are too
// many, and a long list of nothing does not take memory.
const maxKept = types.MaxOracles + 1

// Decode reads one message of an instance with n oracles. Like every protobuf reader it skips unknown fields, takes the last of
// several values of a field and merges repeated sub-messages, so that all implementations agree on what a message says.
// Oracle ids are cut to 8 bits and digests to 32 bytes for the same reason; shorter digests are filled up with zeros.
//
// maxReports is the plugin's limit on the number of reports; of longer lists of signatures only so many are kept that
// CheckSize refuses them.
//
// The message shares memory with b: b must not be written to as long as the message is in use. Empty byte fields and lists are
// nil.
//
// It fails if b is not protobuf, if no known kind of message is set, if a part that must be present is absent, or if an oracle
// id is not below n. It never panics, and allocates at most a small multiple of what the message needs.
//
// Source: docs/protocol/ocr3.md, "Wire messages".
func Decode(b []byte, n, maxReports int) (Message, error) {
	d := decoder{n: n, maxReports: maxReports}
	if err := d.wrapper(b); err != nil {
		return nil, fmt.Errorf("ocr3wire: %w", err)
	}
	if d.msg == nil {
		return nil, errors.New("ocr3wire: no known kind of message is set")
	}
	if err := d.complete(); err != nil {
		return nil, fmt.Errorf("ocr3wire: %s: %w", d.msg.Kind(), err)
	}
	return d.msg, nil
}

// DecodeCertificate reads a stored certificate; nil if b is empty. Oracle ids must be below 32.
func DecodeCertificate(b []byte) (Certificate, error) {
	if len(b) == 0 {
		return nil, nil
	}
	d := decoder{n: types.MaxOracles + 1}
	if err := d.certificate(b); err != nil {
		return nil, fmt.Errorf("ocr3wire: certificate: %w", err)
	}
	if err := d.badID; err != nil {
		return nil, fmt.Errorf("ocr3wire: certificate: %w", err)
	}
	if d.cert == nil {
		return nil, errors.New("ocr3wire: certificate: neither prepare nor commit is set")
	}
	return d.finishedCertificate(), nil
}

// DecodePacemakerState reads a stored pacemaker state; nil if b is empty.
func DecodePacemakerState(b []byte) (*PacemakerState, error) {
	if len(b) == 0 {
		return nil, nil
	}
	s := new(PacemakerState)
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil {
			return nil, fmt.Errorf("ocr3wire: pacemaker state: %w", err)
		}
		if !ok {
			return s, nil
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsUint:
			s.Epoch = f.Uint
		case f.Num == 2 && f.IsUint:
			s.HighestSentNewEpochWish = f.Uint
		}
	}
}

// decoder holds the message that is being read, and what the message itself cannot say about its fields.
type decoder struct {
	n, maxReports int
	msg           Message

	hasPart  bool // the message's required sub-message is present, or its certificate
	hasInner bool // the required sub-message of that is present
	entryGap bool // a list entry lacks its sub-message
	badID    error

	cert   Certificate
	digest []byte // of a CertifiedPrepare, of any length
}

func (d *decoder) complete() error {
	if d.badID != nil {
		return d.badID
	}
	switch m := d.msg.(type) {
	case *EpochStartRequest:
		if d.cert == nil {
			return errors.New("highest_certified, or the certificate in it, is absent")
		}
		if !d.hasInner {
			return errors.New("signed_highest_certified_timestamp, or the timestamp in it, is absent")
		}
		m.HighestCertified = d.finishedCertificate()
	case *EpochStart:
		if d.cert == nil {
			return errors.New("epoch_start_proof, its highest_certified, or the certificate in it, is absent")
		}
		m.EpochStartProof.HighestCertified = d.finishedCertificate()
	case *ReportSignatures:
		if len(m.Signatures) == 0 {
			m.Signatures = nil
		}
	case *Observation:
		if !d.hasPart {
			return errors.New("signed_observation is absent")
		}
	case *Proposal:
		if d.entryGap {
			return errors.New("an entry of attributed_signed_observations lacks its signed_observation")
		}
	case *CertifiedCommitMessage:
		if !d.hasPart {
			return errors.New("certified_commit is absent")
		}
	}
	return nil
}

func (d *decoder) finishedCertificate() Certificate {
	if prepare, ok := d.cert.(*CertifiedPrepare); ok {
		copy(prepare.OutcomeInputsDigest[:], d.digest)
	}
	return d.cert
}

// oracle cuts an oracle id to its size, and notes one that there is no oracle for.
func (d *decoder) oracle(v uint64) commontypes.OracleID {
	id := commontypes.OracleID(v)
	if int(id) >= d.n && d.badID == nil {
		d.badID = fmt.Errorf("there is no oracle %d among %d", id, d.n)
	}
	return id
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

// member reads one member of the wrapper's oneof. A second one of the same kind is merged into the first, one of another kind
// replaces it.
func (d *decoder) member(kind Kind, b []byte) error {
	if d.msg == nil || d.msg.Kind() != kind {
		m := newMessage(kind)
		if m == nil {
			return nil // an unknown field
		}
		*d = decoder{n: d.n, maxReports: d.maxReports, msg: m}
	}
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		if err := d.field(&f); err != nil {
			return err
		}
	}
}

func newMessage(kind Kind) Message {
	switch kind {
	case KindNewEpochWish:
		return new(NewEpochWish)
	case KindEpochStartRequest:
		return new(EpochStartRequest)
	case KindEpochStart:
		return new(EpochStart)
	case KindRoundStart:
		return new(RoundStart)
	case KindObservation:
		return new(Observation)
	case KindProposal:
		return new(Proposal)
	case KindPrepare:
		return new(Prepare)
	case KindCommit:
		return new(Commit)
	case KindReportSignatures:
		m := new(struct {
			ReportSignatures
			one [1][]byte // most outcomes have one report: its list takes no memory of its own
		})
		m.Signatures = m.one[:0]
		return &m.ReportSignatures
	case KindCertifiedCommitRequest:
		return new(CertifiedCommitRequest)
	case KindCertifiedCommit:
		return new(CertifiedCommitMessage)
	}
	return nil
}

// field reads one field of the message.
func (d *decoder) field(f *wirefield.Field) error {
	switch m := d.msg.(type) {
	case *NewEpochWish:
		if f.Num == 1 && f.IsUint {
			m.Epoch = f.Uint
		}
	case *EpochStartRequest:
		switch {
		case f.Num == 1 && f.IsUint:
			m.Epoch = f.Uint
		case f.Num == 2 && f.IsBytes():
			return d.certificate(f.Bytes)
		case f.Num == 3 && f.IsBytes():
			return d.signedTimestamp(&m.SignedHighestCertifiedTimestamp, f.Bytes)
		}
	case *EpochStart:
		switch {
		case f.Num == 1 && f.IsUint:
			m.Epoch = f.Uint
		case f.Num == 2 && f.IsBytes():
			return d.proof(&m.EpochStartProof, f.Bytes)
		case f.Num == 3 && f.IsBytes():
			m.Signature31 = wirefield.Alias(f.Bytes)
		}
	case *RoundStart:
		switch {
		case round(f, &m.Epoch, &m.SeqNr):
		case f.Num == 3 && f.IsBytes():
			m.Query = wirefield.Alias(f.Bytes)
		case f.Num == 4 && f.IsBytes():
			m.Signature31 = wirefield.Alias(f.Bytes)
		}
	case *Observation:
		switch {
		case round(f, &m.Epoch, &m.SeqNr):
		case f.Num == 3 && f.IsBytes():
			d.hasPart = true
			return m.SignedObservation.decode(f.Bytes)
		}
	case *Proposal:
		switch {
		case round(f, &m.Epoch, &m.SeqNr):
		case f.Num == 3 && f.IsBytes():
			return d.proposed(m, f.Bytes)
		case f.Num == 4 && f.IsBytes():
			m.Signature31 = wirefield.Alias(f.Bytes)
		}
	case *Prepare:
		if !round(f, &m.Epoch, &m.SeqNr) && f.Num == 3 && f.IsBytes() {
			m.Signature = wirefield.Alias(f.Bytes)
		}
	case *Commit:
		if !round(f, &m.Epoch, &m.SeqNr) && f.Num == 3 && f.IsBytes() {
			m.Signature = wirefield.Alias(f.Bytes)
		}
	case *ReportSignatures:
		switch {
		case f.Num == 1 && f.IsUint:
			m.SeqNr = f.Uint
		case f.Num == 2 && f.IsBytes() && len(m.Signatures) <= d.maxReports:
			m.Signatures = append(m.Signatures, wirefield.Alias(f.Bytes))
		}
	case *CertifiedCommitRequest:
		if f.Num == 1 && f.IsUint {
			m.SeqNr = f.Uint
		}
	case *CertifiedCommitMessage:
		if f.Num == 1 && f.IsBytes() {
			d.hasPart = true
			return d.commit(&m.CertifiedCommit, f.Bytes)
		}
	}
	return nil
}

// round reads the fields that all messages of a round begin with; it tells whether f was one of them.
func round(f *wirefield.Field, epoch, seqNr *uint64) bool {
	switch {
	case f.Num == 1 && f.IsUint:
		*epoch = f.Uint
	case f.Num == 2 && f.IsUint:
		*seqNr = f.Uint
	default:
		return false
	}
	return true
}

// certificate reads a CertifiedPrepareOrCommit into d.cert.
func (d *decoder) certificate(b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsBytes():
			prepare, same := d.cert.(*CertifiedPrepare)
			if !same {
				prepare, d.digest = new(CertifiedPrepare), nil
				d.cert = prepare
			}
			err = d.prepare(prepare, f.Bytes)
		case f.Num == 2 && f.IsBytes():
			commit, same := d.cert.(*CertifiedCommit)
			if !same {
				commit = new(CertifiedCommit)
				d.cert = commit
			}
			err = d.commit(commit, f.Bytes)
		}
		if err != nil {
			return err
		}
	}
}

func (d *decoder) prepare(c *CertifiedPrepare, b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case round(&f, &c.PrepareEpoch, &c.SeqNr):
		case f.Num == 3 && f.IsBytes():
			d.digest = f.Bytes
		case f.Num == 4 && f.IsBytes():
			c.Outcome = wirefield.Alias(f.Bytes)
		case f.Num == 5 && f.IsBytes():
			err = d.signature(&c.Signatures, f.Bytes)
		}
		if err != nil {
			return err
		}
	}
}

func (d *decoder) commit(c *CertifiedCommit, b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case round(&f, &c.CommitEpoch, &c.SeqNr):
		case f.Num == 3 && f.IsBytes():
			c.Outcome = wirefield.Alias(f.Bytes)
		case f.Num == 4 && f.IsBytes():
			err = d.signature(&c.Signatures, f.Bytes)
		}
		if err != nil {
			return err
		}
	}
}

// keep appends an entry, unless there are too many already.
func keep[T any](d *decoder, list *[]T, entry T) {
	if len(*list) == 0 {
		*list = make([]T, 0, min(d.n, maxKept))
	}
	if len(*list) < maxKept {
		*list = append(*list, entry)
	}
}

func (d *decoder) signature(list *[]AttributedSignature, b []byte) error {
	var s AttributedSignature
	var signer uint64
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil {
			return err
		}
		if !ok {
			s.Signer = d.oracle(signer)
			keep(d, list, s)
			return nil
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsBytes():
			s.Signature = wirefield.Alias(f.Bytes)
		case f.Num == 2 && f.IsUint:
			signer = f.Uint
		}
	}
}

// signedTimestamp reads a SignedHighestCertifiedTimestamp; d.hasInner tells afterwards whether its timestamp is there.
func (d *decoder) signedTimestamp(s *SignedHighestCertifiedTimestamp, b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsBytes():
			d.hasInner = true
			if err := s.HighestCertifiedTimestamp.decode(f.Bytes); err != nil {
				return err
			}
		case f.Num == 2 && f.IsBytes():
			s.Signature = wirefield.Alias(f.Bytes)
		case f.Num == 3 && f.IsBytes():
			s.Signature31 = wirefield.Alias(f.Bytes)
		}
	}
}

func (t *HighestCertifiedTimestamp) decode(b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsUint:
			t.SeqNr = f.Uint
		case f.Num == 2 && f.IsUint:
			t.CommittedElsePrepared = protowire.DecodeBool(f.Uint)
		case f.Num == 3 && f.IsUint:
			t.Epoch = f.Uint
		}
	}
}

func (d *decoder) proof(p *EpochStartProof, b []byte) error {
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil || !ok {
			return err
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsBytes():
			err = d.certificate(f.Bytes)
		case f.Num == 2 && f.IsBytes():
			err = d.proofEntry(p, f.Bytes)
		}
		if err != nil {
			return err
		}
	}
}

func (d *decoder) proofEntry(p *EpochStartProof, b []byte) error {
	var entry AttributedSignedHighestCertifiedTimestamp
	var signer uint64
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil {
			return err
		}
		if !ok {
			entry.Signer = d.oracle(signer)
			keep(d, &p.HighestCertifiedProof, entry)
			return nil
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsBytes():
			if err := d.signedTimestamp(&entry.SignedHighestCertifiedTimestamp, f.Bytes); err != nil {
				return err
			}
		case f.Num == 2 && f.IsUint:
			signer = f.Uint
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

func (d *decoder) proposed(m *Proposal, b []byte) error {
	var entry AttributedSignedObservation
	var observer uint64
	present := false
	for {
		f, rest, ok, err := wirefield.Next(b)
		if err != nil {
			return err
		}
		if !ok {
			entry.Observer = d.oracle(observer)
			if !present {
				d.entryGap = true
			}
			keep(d, &m.Observations, entry)
			return nil
		}
		b = rest
		switch {
		case f.Num == 1 && f.IsBytes():
			present = true
			if err := entry.SignedObservation.decode(f.Bytes); err != nil {
				return err
			}
		case f.Num == 2 && f.IsUint:
			observer = f.Uint
		}
	}
}
