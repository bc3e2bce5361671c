package ocr3sim

import (
	"bytes"
	"context"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// voteOf returns a vote that leaves an oracle, with its signature.
func voteOf(effect kernel.Effect) (kind ocr3wire.Kind, epoch, seqNr uint64, signature []byte, ok bool) {
	if e, is := effect.(ocr3.Broadcast); is {
		switch m := e.Message.(type) {
		case *ocr3wire.Prepare:
			return m.Kind(), m.Epoch, m.SeqNr, m.Signature, true
		case *ocr3wire.Commit:
			return m.Kind(), m.Epoch, m.SeqNr, m.Signature, true
		}
	}
	return 0, 0, 0, nil, false
}

// oneVote (S2, S4, S6): an honest oracle votes only for an outcome that it computed, or that was proposed again to it with a
// proof; and never for two different ones in one place, not even if it crashes in between.
type oneVote struct {
	sim  *simulation
	cast map[castKey]vote
}

type castKey struct {
	place
	kind ocr3wire.Kind
}

func newOneVote(s *simulation) *oneVote { return &oneVote{s, map[castKey]vote{}} }

// delivered: an outcome that is proposed again may be voted for.
func (c *oneVote) Delivered(n *node, _ commontypes.OracleID, m ocr3wire.Message) {
	if start, ok := m.(*ocr3wire.EpochStart); ok {
		if p, ok := start.EpochStartProof.HighestCertified.(*ocr3wire.CertifiedPrepare); ok {
			c.sim.checkers.book.allow(ballot{start.Epoch, p.SeqNr, ocr3wire.OutcomeDigest(p.Outcome)}, [32]byte{})
		}
	}
}

func (c *oneVote) Left(n *node, effect kernel.Effect) {
	kind, epoch, seqNr, signature, ok := voteOf(effect)
	if !ok {
		return
	}
	v, ok := n.view.signatures[string(signature)]
	if !ok || v.kind != kind || v.ballot.epoch != epoch || v.ballot.seqNr != seqNr {
		c.sim.Violated("one vote", "oracle %d votes (%s) in epoch %d for an outcome of seqNr %d that it neither computed nor was asked to vote for again",
			n.ID, kind, epoch, seqNr)
		return
	}
	key := castKey{place{n.ID, epoch, seqNr}, kind}
	if before, ok := c.cast[key]; ok && before.message != v.message {
		c.sim.Violated("one vote", "oracle %d votes (%s) for %s after it voted for %s", n.ID, kind, v.ballot, before.ballot)
	}
	c.cast[key] = v
	c.sim.checkers.book.voted(n, v)
}

// locks (S2, S10): once so many honest oracles have voted to commit an outcome that it may be committed somewhere, no honest
// oracle votes for another one in a later epoch, and not so many in the same one that a quorum may.
type locks struct{ sim *simulation }

func newLocks(s *simulation) *locks { return &locks{s} }

func (c *locks) Left(n *node, effect kernel.Effect) {
	_, _, seqNr, _, ok := voteOf(effect)
	if !ok {
		return
	}
	book := c.sim.checkers.book
	for _, locked := range book.ballots[seqNr] {
		if book.commits[locked].count() < book.needed() {
			continue
		}
		for _, other := range book.ballots[seqNr] {
			limit := 1
			if other.epoch == locked.epoch {
				limit = book.needed()
			}
			if other.epoch >= locked.epoch && other.digest != locked.digest && book.prepares[other].count() >= limit {
				c.sim.Violated("locks", "%d honest oracles voted for %s, though %d had voted to commit %s",
					book.prepares[other].count(), other, book.commits[locked].count(), locked)
			}
		}
	}
}

// voteAfterWrite (S4): an honest oracle votes to commit only when the proof that the outcome was prepared, or a higher
// certificate, is durable.
type voteAfterWrite struct{ sim *simulation }

func (c *voteAfterWrite) Left(n *node, effect kernel.Effect) {
	kind, epoch, seqNr, _, ok := voteOf(effect)
	if !ok || kind != ocr3wire.KindCommit {
		return
	}
	start, err := n.disk.read()
	prepared := ocr3wire.HighestCertifiedTimestamp{SeqNr: seqNr, Epoch: epoch}
	if err != nil || start.Certificate == nil || start.Certificate.Timestamp().Compare(prepared) < 0 {
		c.sim.Violated("vote after write", "oracle %d votes to commit seqNr %d in epoch %d, but what is durable is %s",
			n.ID, seqNr, epoch, ocr3wire.CertificateString(start.Certificate))
	}
}

// validCertificates (S2, S9): a certificate that an honest oracle stores has the votes of exactly a quorum of oracles, and those
// of the honest ones were cast.
type validCertificates struct{ sim *simulation }

func (c *validCertificates) Called(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr3.WriteCertificate)
	if !ok {
		return
	}
	book := c.sim.checkers.book
	var signatures []ocr3wire.AttributedSignature
	var message ocr3wire.SignedMessage
	var honest oracles
	digest := ocr3wire.OutcomeDigest(e.Certificate.CertifiedOutcome())
	switch cert := e.Certificate.(type) {
	case *ocr3wire.CertifiedPrepare:
		signatures = cert.Signatures
		message = ocr3wire.PrepareMessage(c.sim.digest, cert.PrepareEpoch, cert.SeqNr, cert.OutcomeInputsDigest, digest)
		honest = book.prepares[ballot{cert.PrepareEpoch, cert.SeqNr, digest}]
	case *ocr3wire.CertifiedCommit:
		signatures = cert.Signatures
		message = ocr3wire.CommitMessage(c.sim.digest, cert.CommitEpoch, cert.SeqNr, digest)
		honest = book.commits[ballot{cert.CommitEpoch, cert.SeqNr, digest}]
	}
	var signers oracles
	for _, s := range signatures {
		if int(s.Signer) >= c.sim.options.N || signers.has(s.Signer) || !c.sim.keys.verifyOffchain(s.Signer, message[:], s.Signature) {
			c.sim.Violated("valid certificates", "oracle %d stores certificate %s with a bad signature of %d",
				n.ID, ocr3wire.CertificateString(e.Certificate), s.Signer)
			return
		}
		signers = signers.with(s.Signer)
	}
	if signers.count() != c.sim.quorum || honest.count() < book.needed() {
		c.sim.Violated("valid certificates", "oracle %d stores certificate %s with %d signatures, want %d; %d honest oracles voted, want at least %d",
			n.ID, ocr3wire.CertificateString(e.Certificate), signers.count(), c.sim.quorum, honest.count(), book.needed())
	}
}

// agreement (S1, S9): all honest oracles commit the same outcome of a sequence number; and they make reports only of an outcome
// that a quorum voted to commit.
type agreement struct{ sim *simulation }

func newAgreement(s *simulation) *agreement { return &agreement{s} }

func (c *agreement) Called(n *node, effect kernel.Effect) {
	switch e := effect.(type) {
	case ocr3.WriteCertificate:
		if commit, ok := e.Certificate.(*ocr3wire.CertifiedCommit); ok {
			c.committed(n, commit.SeqNr, commit.Outcome)
		}
	case ocr3.CallReports:
		c.committed(n, e.SeqNr, e.Outcome)
	}
}

func (c *agreement) committed(n *node, seqNr uint64, outcome []byte) {
	book := c.sim.checkers.book
	if agreed, ok := book.agreed[seqNr]; ok {
		if !bytes.Equal(agreed, outcome) {
			c.sim.Violated("agreement", "oracle %d commits %x as outcome of seqNr %d, another honest oracle %x", n.ID, outcome, seqNr, agreed)
		}
		return
	}
	digest, computed, certified := ocr3wire.OutcomeDigest(outcome), 0, 0
	for _, b := range book.ballots[seqNr] {
		if b.digest == digest {
			computed = max(computed, book.computed[b].count())
			certified = max(certified, book.commits[b].count())
		}
	}
	if certified < book.needed() {
		c.sim.Violated("agreement", "oracle %d commits %x as outcome of seqNr %d, for which %d honest oracles voted, want at least %d", n.ID, outcome, seqNr, certified, book.needed())
	}
	if computed < book.needed() {
		c.sim.Violated("validity", "oracle %d commits %x as outcome of seqNr %d, which %d honest oracles computed, want at least %d", n.ID, outcome, seqNr, computed, book.needed())
	}
	book.agreed[seqNr] = outcome
	book.highest = max(book.highest, seqNr)
	c.sim.stats.Rounds++
}

// validity (S6): outcomes are computed from observations by different oracles, of whom the honest ones did observe that, for
// that query, in that round.
type validity struct{ sim *simulation }

func newValidity(s *simulation) *validity { return &validity{s} }

func (c *validity) Called(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr3.CallOutcome)
	if !ok {
		return
	}
	if reached, err := n.plugin.ObservationQuorum(context.Background(), outcomeContext(e.Context), e.Query, e.Observations); err != nil || !reached {
		c.sim.Violated("validity", "oracle %d computes an outcome of seqNr %d from %d observations, which are not enough for the plugin", n.ID, e.Context.SeqNr, len(e.Observations))
	}
	var seen [types.MaxOracles]bool
	for _, o := range e.Observations {
		if int(o.Observer) >= c.sim.options.N || seen[o.Observer] {
			c.sim.Violated("validity", "oracle %d computes an outcome of seqNr %d from observations with a bad observer %d", n.ID, e.Context.SeqNr, o.Observer)
			return
		}
		seen[o.Observer] = true
		if c.sim.nodes[o.Observer].Honest() && !c.sim.checkers.book.hasObserved(o.Observer, e.Context, e.Query, o.Observation) {
			c.sim.Violated("validity", "oracle %d computes an outcome of seqNr %d in epoch %d with an observation of honest oracle %d, who did not make it",
				n.ID, e.Context.SeqNr, e.Context.Epoch, o.Observer)
		}
	}
}

// previousOutcome (S7): the outcome before that the plugin is told is the one agreed upon.
type previousOutcome struct{ sim *simulation }

func (c *previousOutcome) Called(n *node, effect kernel.Effect) {
	var told ocr3.OutcomeContext
	switch e := effect.(type) {
	case ocr3.CallQuery:
		told = e.Context
	case ocr3.CallObservation:
		told = e.Context
	case ocr3.CallValidateObservations:
		told = e.Context
	case ocr3.CallObservationQuorum:
		told = e.Context
	case ocr3.CallOutcome:
		told = e.Context
	default:
		return
	}
	agreed, ok := c.sim.checkers.book.agreed[told.SeqNr-1]
	if told.SeqNr == 1 {
		agreed, ok = nil, true
	}
	if !ok || !bytes.Equal(agreed, told.PreviousOutcome) {
		c.sim.Violated("previous outcome", "oracle %d tells its plugin (%s) that the outcome before seqNr %d is %x; agreed is %x (%t)",
			n.ID, kindOf(effect), told.SeqNr, told.PreviousOutcome, agreed, ok)
	}
	if told.Epoch != n.status.Epoch || told.Round == 0 {
		c.sim.Violated("previous outcome", "oracle %d tells its plugin (%s) that seqNr %d is round %d of epoch %d, while it is in epoch %d",
			n.ID, kindOf(effect), told.SeqNr, told.Round, told.Epoch, n.status.Epoch)
	}
}

func kindOf(effect kernel.Effect) string {
	switch effect.(type) {
	case ocr3.CallQuery:
		return "Query"
	case ocr3.CallObservation:
		return "Observation"
	case ocr3.CallValidateObservations:
		return "ValidateObservation"
	case ocr3.CallObservationQuorum:
		return "ObservationQuorum"
	}
	return "Outcome"
}
