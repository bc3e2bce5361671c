package ocr3wire

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// SignedMessageLength is the length of what offchain signatures are made over: a tag and a hash.
const SignedMessageLength = 4 + sha256.Size

// SignedMessage is what an offchain signature is made over.
type SignedMessage [SignedMessageLength]byte

// preimage collects what is hashed. It writes straight into the hash, so that large parts are not copied.
type preimage struct {
	hash.Hash
	scratch [sha256.Size]byte
}

var preimages = sync.Pool{New: func() any { return &preimage{Hash: sha256.New()} }}

func newPreimage(parts ...string) *preimage {
	p := preimages.Get().(*preimage)
	p.Reset()
	for _, part := range parts {
		p.text(part)
	}
	return p
}

// The writes to a hash never fail.

func (p *preimage) text(s string) *preimage {
	for len(s) > 0 {
		n := copy(p.scratch[:], s)
		p.Write(p.scratch[:n])
		s = s[n:]
	}
	return p
}

func (p *preimage) bytes(b []byte) *preimage {
	p.Write(b)
	return p
}

func (p *preimage) digest(d [32]byte) *preimage {
	p.scratch = d
	p.Write(p.scratch[:])
	return p
}

func (p *preimage) number(x uint64) *preimage {
	binary.BigEndian.PutUint64(p.scratch[:], x)
	p.Write(p.scratch[:8])
	return p
}

func (p *preimage) octet(b byte) *preimage {
	p.scratch[0] = b
	p.Write(p.scratch[:1])
	return p
}

func (p *preimage) flag(is bool) *preimage {
	if is {
		return p.octet(1)
	}
	return p.octet(0)
}

// prefixed appends bytes with their length before them, so that no two lists look the same.
func (p *preimage) prefixed(b []byte) *preimage { return p.number(uint64(len(b))).bytes(b) }

func (p *preimage) sum() (d [32]byte) {
	p.Sum(p.scratch[:0]) // d would move to the heap
	d = p.scratch
	preimages.Put(p)
	return d
}

func (p *preimage) message() (m SignedMessage) {
	copy(m[:], "ocr3")
	d := p.sum()
	copy(m[4:], d[:])
	return m
}

// ObservationMessage returns what an observer signs. Epoch is the one in which it signs. The config digest is part of it twice.
//
// Source of this and of what follows: docs/protocol/ocr3.md, "Signatures and hashes".
func ObservationMessage(digest types.ConfigDigest, epoch, seqNr uint64, query, observation []byte) SignedMessage {
	return newPreimage("ocr3 SignedObservation").digest(digest).number(epoch).digest(digest).number(seqNr).
		prefixed(query).prefixed(observation).message()
}

// PrepareMessage returns what a vote for an outcome signs.
func PrepareMessage(digest types.ConfigDigest, epoch, seqNr uint64, outcomeInputsDigest, outcomeDigest [32]byte) SignedMessage {
	return newPreimage("ocr3 PrepareSignature").digest(digest).number(epoch).number(seqNr).
		digest(outcomeInputsDigest).digest(outcomeDigest).message()
}

// CommitMessage returns what a vote to commit an outcome signs.
func CommitMessage(digest types.ConfigDigest, epoch, seqNr uint64, outcomeDigest [32]byte) SignedMessage {
	return newPreimage("ocr3 CommitSignature").digest(digest).number(epoch).number(seqNr).digest(outcomeDigest).message()
}

// TimestampMessage returns what the first signature of a SignedHighestCertifiedTimestamp is made over; it leaves out the epoch
// of the timestamp. Epoch is the one that is about to start.
func TimestampMessage(digest types.ConfigDigest, epoch uint64, ts HighestCertifiedTimestamp) SignedMessage {
	return newPreimage("ocr3 SignedHighestCertifiedTimestamp").digest(digest).number(epoch).
		number(ts.SeqNr).flag(ts.CommittedElsePrepared).message()
}

// Timestamp31Message returns what the second signature of a SignedHighestCertifiedTimestamp is made over.
func Timestamp31Message(digest types.ConfigDigest, epoch uint64, ts HighestCertifiedTimestamp) SignedMessage {
	return newPreimage("ocr3 SignedHighestCertifiedTimestamp").digest(digest).number(epoch).
		number(ts.SeqNr).flag(ts.CommittedElsePrepared).number(ts.Epoch).message()
}

// EpochStartMessage returns what the leader signs in an EpochStart.
func EpochStartMessage(digest types.ConfigDigest, epoch uint64, proof *EpochStartProof) SignedMessage {
	certificate := CertificateDigest(proof.HighestCertified)
	p := newPreimage("ocr3 EpochStartSignature").digest(digest).number(epoch).digest(certificate).
		number(uint64(len(proof.HighestCertifiedProof)))
	for i := range proof.HighestCertifiedProof {
		entry := &proof.HighestCertifiedProof[i]
		ts := entry.HighestCertifiedTimestamp
		p.number(ts.SeqNr).flag(ts.CommittedElsePrepared).number(ts.Epoch).prefixed(entry.Signature31).number(uint64(entry.Signer))
	}
	return p.message()
}

// RoundStartMessage returns what the leader signs in a RoundStart.
func RoundStartMessage(digest types.ConfigDigest, epoch, seqNr uint64, query []byte) SignedMessage {
	return newPreimage("ocr3 RoundStartSignature").digest(digest).number(epoch).number(seqNr).prefixed(query).message()
}

// ProposalMessage returns what a signature of a Proposal would be made over. None is made.
func ProposalMessage(digest types.ConfigDigest, epoch, seqNr uint64, observations []AttributedSignedObservation) SignedMessage {
	p := newPreimage("ocr3 ProposalSignature").digest(digest).number(epoch).number(seqNr).number(uint64(len(observations)))
	for i := range observations {
		o := &observations[i]
		p.prefixed(o.Observation).prefixed(o.Signature).number(uint64(o.Observer))
	}
	return p.message()
}

// OutcomeDigest returns the hash of an outcome.
func OutcomeDigest(outcome []byte) [32]byte { return sha256.Sum256(outcome) }

// OutcomeInputsDigest returns the hash of what an outcome was computed from. observers[i] made observations[i].
func OutcomeInputsDigest(digest types.ConfigDigest, epoch uint64, previousOutcome []byte, seqNr uint64, query []byte, observations []types.AttributedObservation) [32]byte {
	p := newPreimage().digest(digest).number(epoch).prefixed(previousOutcome).number(seqNr).prefixed(query).number(uint64(len(observations)))
	for i := range observations {
		p.prefixed(observations[i].Observation).number(uint64(observations[i].Observer))
	}
	return p.sum()
}

// CertificateDigest returns the hash of a certificate, signatures included.
func CertificateDigest(certificate Certificate) [32]byte {
	switch c := certificate.(type) {
	case *CertifiedPrepare:
		return newPreimage("ocr3 CertifiedPrepareDigest").number(c.PrepareEpoch).number(c.SeqNr).digest(c.OutcomeInputsDigest).
			prefixed(c.Outcome).signatures(c.Signatures).sum()
	case *CertifiedCommit:
		return newPreimage("ocr3 CertifiedCommitDigest").number(c.CommitEpoch).number(c.SeqNr).
			prefixed(c.Outcome).signatures(c.Signatures).sum()
	}
	return [32]byte{} // there is no other certificate
}

func (p *preimage) signatures(list []AttributedSignature) *preimage {
	p.number(uint64(len(list)))
	for i := range list {
		p.prefixed(list[i].Signature).number(uint64(list[i].Signer))
	}
	return p
}
