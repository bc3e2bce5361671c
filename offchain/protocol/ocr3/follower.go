package ocr3

import (
	"errors"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

type followerPhase uint8

const (
	followerUnknown followerPhase = iota
	followerNewEpoch
	followerNewRound
	followerBackgroundObservation
	followerSentObservation
	followerBackgroundProposalOutcome
	followerSentPrepare
	followerSentCommit
)

func (p followerPhase) String() string {
	return [...]string{
		"unknown", "newEpoch", "newRound", "backgroundObservation", "sentObservation", "backgroundProposalOutcome", "sentPrepare", "sentCommit",
	}[p]
}

// follower is the part of outcome generation that every oracle plays, the leader too: it observes, computes the outcome of a
// proposal, votes for it, and commits what a quorum has voted for.
//
// Source: docs/protocol/ocr3.md, "Follower".
type follower struct {
	*generation
	phase followerPhase

	request  *ocr3wire.EpochStartRequest // sent to the leader; nil until signed
	checking bool                        // an EPOCH-START is being verified, or was accepted
	initial  bool                        // the leader has DeltaInitial to start the epoch, and has not yet

	asked bool // query is that of the round
	query []byte

	observation ocr3wire.SignedObservation // the own one, sent in this round; no signature: none
	outcome     candidate

	roundStarts *pool[[]byte]
	proposals   *pool[[]ocr3wire.AttributedSignedObservation]
	prepares    *pool[[]byte]
	commits     *pool[[]byte]

	// votes on which something is being done: verifying, signing, writing.
	countingPrepares, countingCommits bool
}

// candidate is an outcome that this oracle has voted for.
type candidate struct {
	outcome      []byte
	inputsDigest [32]byte
	digest       [32]byte

	prepare, commit []byte // the own votes; nil until they are signed
}

func (f *follower) newEpoch() {
	f.phase = followerNewEpoch
	f.request, f.checking = nil, false
	f.forgetRound()
	f.countingPrepares, f.countingCommits = false, false
	n := f.cfg.N
	f.roundStarts = newPool[[]byte](n, poolCapacity)
	f.proposals = newPool[[]ocr3wire.AttributedSignedObservation](n, poolCapacity)
	f.prepares = newPool[[]byte](n, poolCapacity)
	f.commits = newPool[[]byte](n, poolCapacity)
	f.initial = true
	f.Emit(kernel.SetTimer{Timer: TimerInitial, After: f.cfg.DeltaInitial})
}

// prune drops what the pools hold for rounds that are over.
func (f *follower) prune(committedSeqNr uint64) {
	f.roundStarts.prune(committedSeqNr)
	f.proposals.prune(committedSeqNr)
	f.prepares.prune(committedSeqNr)
	f.commits.prune(committedSeqNr)
}

// initialFired: the leader has not started the epoch.
func (f *follower) initialFired() {
	if f.initial {
		f.host.requestNewEpoch()
	}
}

// epochStart handles an EPOCH-START.
func (f *follower) epochStart(from commontypes.OracleID, m *ocr3wire.EpochStart) {
	switch {
	case from != f.leader:
		f.drop(from, m.Kind(), dropNotByLead)
		return
	case f.phase != followerNewEpoch || f.checking:
		f.drop(from, m.Kind(), dropPhase)
		return
	}
	f.checking = true
	verified := func(ok bool) {
		if !ok {
			f.checking = false
			f.drop(from, m.Kind(), dropProof)
			return
		}
		f.start(&m.EpochStartProof)
	}
	if f.lead.sent != nil && from == f.cfg.OracleID && sameProof(&m.EpochStartProof, &f.lead.sent.EpochStartProof) {
		verified(true) // its parts were verified when it was made
		return
	}
	checks, err := f.proofChecks(&m.EpochStartProof)
	if err != nil {
		verified(false)
		return
	}
	f.verifyAll(f.scope, checks, verified)
}

// proofChecks returns the signatures that must be good for a proof to be valid, or says why it cannot be.
func (g *generation) proofChecks(proof *ocr3wire.EpochStartProof) ([]kernel.SignatureCheck, error) {
	if len(proof.HighestCertifiedProof) != g.quorum || proof.HighestCertified == nil {
		return nil, fmt.Errorf("%d signed timestamps, want %d", len(proof.HighestCertifiedProof), g.quorum)
	}
	var seen oracleSet
	var highest ocr3wire.HighestCertifiedTimestamp
	var checks []kernel.SignatureCheck
	for i := range proof.HighestCertifiedProof {
		entry := &proof.HighestCertifiedProof[i]
		if err := g.unseen(&seen, entry.Signer); err != nil {
			return nil, err
		}
		checks = append(checks, g.timestampChecks(entry.Signer, entry.SignedHighestCertifiedTimestamp)...)
		if entry.HighestCertifiedTimestamp.Compare(highest) > 0 {
			highest = entry.HighestCertifiedTimestamp
		}
	}
	if proof.HighestCertified.Timestamp() != highest {
		return nil, errors.New("the certificate is not the highest that is claimed")
	}
	if sameCertificate(proof.HighestCertified, g.certificates.highest) {
		return checks, nil
	}
	more, err := g.certificateChecks(proof.HighestCertified)
	return append(checks, more...), err
}

func sameProof(a, b *ocr3wire.EpochStartProof) bool {
	if len(a.HighestCertifiedProof) != len(b.HighestCertifiedProof) || !sameCertificate(a.HighestCertified, b.HighestCertified) {
		return false
	}
	for i := range a.HighestCertifiedProof {
		a, b := &a.HighestCertifiedProof[i], &b.HighestCertifiedProof[i]
		if a.Signer != b.Signer || a.HighestCertifiedTimestamp != b.HighestCertifiedTimestamp ||
			string(a.Signature) != string(b.Signature) || string(a.Signature31) != string(b.Signature31) {
			return false
		}
	}
	return true
}

// start begins the epoch where the proof says: after a committed outcome, or with voting once more for one that was prepared
// and may have been committed.
func (f *follower) start(proof *ocr3wire.EpochStartProof) {
	f.initial = false
	f.Emit(kernel.CancelTimer{Timer: TimerInitial})
	switch certificate := proof.HighestCertified.(type) {
	case *ocr3wire.CertifiedCommit:
		f.startAfter(certificate, f.startRound)
	case *ocr3wire.CertifiedPrepare:
		again := candidate{outcome: certificate.Outcome, digest: ocr3wire.OutcomeDigest(certificate.Outcome)}
		f.votePrepare(certificate.SeqNr, again, func() {
			f.firstSeqNr = certificate.SeqNr + 1
			f.seqNr = certificate.SeqNr
		})
	}
}

// votePrepare votes for an outcome.
func (f *follower) votePrepare(seqNr uint64, outcome candidate, before func()) {
	message := ocr3wire.PrepareMessage(f.cfg.ConfigDigest, f.epoch, seqNr, outcome.inputsDigest, outcome.digest)
	f.sign(f.scope, "prepare", message, func(signature []byte) {
		before()
		f.phase = followerSentPrepare
		f.outcome = outcome
		f.outcome.prepare = signature
		f.Emit(Broadcast{&ocr3wire.Prepare{Epoch: f.epoch, SeqNr: seqNr, Signature: signature}})
	})
}

// startRound begins the round after the last committed outcome.
func (f *follower) startRound() {
	f.seqNr = f.committedSeqNr + 1
	f.phase = followerNewRound
	f.forgetRound()
	f.tryRoundStart()
}

func (f *follower) forgetRound() {
	f.asked, f.query, f.observation, f.outcome = false, nil, ocr3wire.SignedObservation{}, candidate{}
}

// roundStart handles a ROUND-START.
func (f *follower) roundStart(from commontypes.OracleID, m *ocr3wire.RoundStart) {
	if from != f.leader {
		f.drop(from, m.Kind(), dropNotByLead)
		return
	}
	if why, ok := f.roundStarts.put(m.SeqNr, from, m.Query); !ok {
		f.drop(from, m.Kind(), why)
		return
	}
	f.tryRoundStart()
}

func (f *follower) tryRoundStart() {
	if f.phase != followerNewRound || f.asked {
		return
	}
	entry := f.roundStarts.get(f.seqNr, f.leader)
	if entry == nil {
		return
	}
	f.phase = followerBackgroundObservation
	f.asked, f.query = true, entry.item
	context, query := f.outcomeContext(), f.query
	f.Emit(RoundStarted{f.epoch, f.seqNr, context.Round, f.leader})
	id := kernel.CallIn(&f.Desk, f.scope, func(r ObservationDone) {
		if r.Err != nil {
			f.Log(kernel.LogError, "the plugin's Observation failed: this oracle votes no more in this epoch", "seqNr", context.SeqNr, "error", r.Err)
			return
		}
		f.observed(context.SeqNr, query, r.Observation)
	})
	f.Emit(CallObservation{id, context, query, f.cfg.MaxDurationObservation})
}

// observed signs the observation and sends it to the leader.
func (f *follower) observed(seqNr uint64, query []byte, observation types.Observation) {
	if seqNr != f.seqNr || f.phase != followerBackgroundObservation {
		return
	}
	message := ocr3wire.ObservationMessage(f.cfg.ConfigDigest, f.epoch, seqNr, query, observation)
	f.sign(f.scope, "observation", message, func(signature []byte) {
		if seqNr != f.seqNr || f.phase != followerBackgroundObservation {
			return
		}
		f.phase = followerSentObservation
		f.observation = ocr3wire.SignedObservation{Observation: observation, Signature: signature}
		f.Emit(Count{CountSentObservations})
		f.Emit(Send{f.leader, &ocr3wire.Observation{Epoch: f.epoch, SeqNr: seqNr, SignedObservation: f.observation}})
		f.tryProposal()
	})
}

// proposal handles a PROPOSAL.
func (f *follower) proposal(from commontypes.OracleID, m *ocr3wire.Proposal) {
	if from != f.leader {
		f.drop(from, m.Kind(), dropNotByLead)
		return
	}
	if why, ok := f.proposals.put(m.SeqNr, from, m.Observations); !ok {
		f.drop(from, m.Kind(), why)
		return
	}
	f.tryProposal()
}

// tryProposal computes the outcome of a proposal. One that breaks a rule is refused, and with it, the rest of the epoch: its
// leader is faulty.
func (f *follower) tryProposal() {
	if f.phase != followerSentObservation {
		return
	}
	entry := f.proposals.get(f.seqNr, f.leader)
	if entry == nil {
		return
	}
	f.phase = followerBackgroundProposalOutcome
	signed, context, query := entry.item, f.outcomeContext(), f.query
	refuse := func(why kernel.DropReason, err error) {
		f.Log(kernel.LogWarn, "the proposal is refused; this oracle votes no more in this epoch", "seqNr", context.SeqNr, "why", why.Text, "error", err)
		f.drop(f.leader, ocr3wire.KindProposal, why)
	}
	var seen oracleSet
	var checks []kernel.SignatureCheck
	var messages []ocr3wire.SignedMessage
	if !f.leads() || !f.lead.proposed(signed) {
		checks, messages = make([]kernel.SignatureCheck, 0, len(signed)), make([]ocr3wire.SignedMessage, len(signed))
	}
	for i := range signed {
		if err := f.unseen(&seen, signed[i].Observer); err != nil {
			refuse(dropProof, err)
			return
		}
		if checks != nil && !f.ownObservation(signed[i].Observer, signed[i].SignedObservation) {
			messages[i] = f.observationMessage(context.SeqNr, query, &signed[i].SignedObservation)
			checks = append(checks, check(signed[i].Observer, messages[i][:], signed[i].Signature))
		}
	}
	observations := attributed(signed)
	f.verifyAll(f.scope, checks, func(ok bool) {
		if !ok {
			refuse(dropSignature, nil)
			return
		}
		id := kernel.CallIn(&f.Desk, f.scope, func(r ObservationValidated) {
			if r.Bad >= 0 {
				refuse(dropPlugin, r.Err)
				return
			}
			id := kernel.CallIn(&f.Desk, f.scope, func(r QuorumDone) {
				if r.Err != nil || !r.Reached {
					refuse(dropPlugin, r.Err)
					return
				}
				if seen.has(f.cfg.OracleID) {
					f.Emit(Count{CountIncludedObservations})
				}
				id := kernel.CallIn(&f.Desk, f.scope, func(r OutcomeDone) {
					if r.Err != nil {
						f.Log(kernel.LogError, "the plugin's Outcome failed: this oracle votes no more in this epoch", "seqNr", context.SeqNr, "error", r.Err)
						return
					}
					f.computed(context, query, observations, r.Outcome)
				})
				f.Emit(CallOutcome{id, context, query, observations})
			})
			f.Emit(CallObservationQuorum{id, context, query, observations})
		})
		f.Emit(CallValidateObservations{id, context, query, observations})
	})
}

// ownObservation tells whether an observation of the round is the one that this oracle made.
func (f *follower) ownObservation(observer commontypes.OracleID, o ocr3wire.SignedObservation) bool {
	return f.isOwn(observer, o.Signature, f.observation.Signature) && string(o.Observation) == string(f.observation.Observation)
}

// isOwn tells whether a signature that is said to be by signer is one that this oracle made itself, in place of verifying it. It is
// verified all the same until one has turned out good: the key may not be the one that the others know.
func (f *follower) isOwn(signer commontypes.OracleID, signature, made []byte) bool {
	return f.keyWorks && signer == f.cfg.OracleID && len(made) > 0 && string(signature) == string(made)
}

// computed votes for the outcome of a proposal.
func (f *follower) computed(context OutcomeContext, query []byte, observations []types.AttributedObservation, outcome []byte) {
	if context.SeqNr != f.seqNr || f.phase != followerBackgroundProposalOutcome {
		return
	}
	inputs := ocr3wire.OutcomeInputsDigest(f.cfg.ConfigDigest, f.epoch, context.PreviousOutcome, context.SeqNr, query, observations)
	f.votePrepare(context.SeqNr, candidate{outcome: outcome, inputsDigest: inputs, digest: ocr3wire.OutcomeDigest(outcome)}, func() {})
}

// prepare handles a PREPARE. It is counted in any phase, also before this oracle knows what it is for.
func (f *follower) prepare(from commontypes.OracleID, m *ocr3wire.Prepare) {
	if why, ok := f.prepares.put(m.SeqNr, from, m.Signature); !ok {
		f.drop(from, m.Kind(), why)
		return
	}
	f.tryPrepares()
}

// tryPrepares votes to commit what a quorum has prepared. Before the vote leaves, the proof that the outcome was prepared is
// durable: whoever may have seen the vote can count on this oracle to tell the next leader.
func (f *follower) tryPrepares() {
	if f.phase != followerSentPrepare || f.countingPrepares || !f.prepares.reaches(f.seqNr, f.quorum) {
		return
	}
	outcome, seqNr := f.outcome, f.seqNr
	message := ocr3wire.PrepareMessage(f.cfg.ConfigDigest, f.epoch, seqNr, outcome.inputsDigest, outcome.digest)
	f.countingPrepares = true
	f.countVotes(f.prepares, ocr3wire.KindPrepare, message, outcome.prepare, func(signatures []ocr3wire.AttributedSignature) {
		if signatures == nil {
			f.countingPrepares = false
			return
		}
		commit := ocr3wire.CommitMessage(f.cfg.ConfigDigest, f.epoch, seqNr, outcome.digest)
		scope := f.scope
		f.sign(f.scope, "commit", commit, func(signature []byte) {
			prepared := &ocr3wire.CertifiedPrepare{
				PrepareEpoch: f.epoch, SeqNr: seqNr, OutcomeInputsDigest: outcome.inputsDigest, Outcome: outcome.outcome, Signatures: signatures,
			}
			f.certificates.persistIfGreater(prepared, func(ok bool) {
				if scope != f.scope {
					return // it is another epoch: the vote would be one against what was told to its leader
				}
				f.countingPrepares = false
				if ok {
					f.phase = followerSentCommit
					f.outcome.commit = signature
					f.Emit(Broadcast{&ocr3wire.Commit{Epoch: f.epoch, SeqNr: seqNr, Signature: signature}})
				}
			})
		})
	})
}

// countVotes verifies as many votes of the round as a quorum takes, and calls done with a quorum of good ones, or with nil if
// there are not enough yet. own is the vote of this oracle.
func (f *follower) countVotes(
	votes *pool[[]byte], kind ocr3wire.Kind, message ocr3wire.SignedMessage, own []byte, done func([]ocr3wire.AttributedSignature),
) {
	seqNr := f.seqNr
	if entry := votes.get(seqNr, f.cfg.OracleID); entry != nil && entry.verdict == unknown && f.isOwn(f.cfg.OracleID, entry.item, own) {
		entry.verdict = good
	}
	goodOnes := votes.goods(seqNr)
	if goodOnes >= f.quorum {
		signatures := make([]ocr3wire.AttributedSignature, 0, f.quorum)
		votes.each(seqNr, func(sender commontypes.OracleID, entry *poolEntry[[]byte]) {
			if entry.verdict == good && len(signatures) < f.quorum {
				signatures = append(signatures, ocr3wire.AttributedSignature{Signature: entry.item, Signer: sender})
			}
		})
		done(signatures)
		return
	}
	checks := make([]kernel.SignatureCheck, 0, f.quorum-goodOnes)
	votes.each(seqNr, func(sender commontypes.OracleID, entry *poolEntry[[]byte]) {
		if entry.verdict == unknown && goodOnes+len(checks) < f.quorum {
			checks = append(checks, check(sender, message[:], entry.item))
		}
	})
	if len(checks) == 0 {
		done(nil)
		return
	}
	id := kernel.CallIn(&f.Desk, f.scope, func(r kernel.VerifiedEach) {
		for i := range checks {
			entry := votes.get(seqNr, checks[i].Signer)
			if entry == nil || i >= len(r.Good) {
				continue
			}
			if entry.verdict = bad; r.Good[i] {
				entry.verdict = good
				f.keyWorks = f.keyWorks || checks[i].Signer == f.cfg.OracleID
			} else {
				f.drop(checks[i].Signer, kind, dropSignature)
			}
		}
		f.countVotes(votes, kind, message, own, done)
	})
	f.Emit(kernel.VerifyEach{ID: id, Checks: checks})
}

// commit handles a COMMIT. It is counted in any phase.
func (f *follower) commit(from commontypes.OracleID, m *ocr3wire.Commit) {
	if why, ok := f.commits.put(m.SeqNr, from, m.Signature); !ok {
		f.drop(from, m.Kind(), why)
		return
	}
	f.tryCommits()
}

// tryCommits commits what a quorum has voted to commit, and goes on to the next round.
func (f *follower) tryCommits() {
	if f.phase != followerSentCommit || f.countingCommits || !f.commits.reaches(f.seqNr, f.quorum) {
		return
	}
	outcome, seqNr := f.outcome, f.seqNr
	f.countingCommits = true
	f.countVotes(f.commits, ocr3wire.KindCommit, ocr3wire.CommitMessage(f.cfg.ConfigDigest, f.epoch, seqNr, outcome.digest), outcome.commit, func(signatures []ocr3wire.AttributedSignature) {
		if signatures == nil {
			f.countingCommits = false
			return
		}
		committed := &ocr3wire.CertifiedCommit{CommitEpoch: f.epoch, SeqNr: seqNr, Outcome: outcome.outcome, Signatures: signatures}
		f.generation.commit(committed, func(ok bool) {
			f.countingCommits = false
			if !ok && outcome.inputsDigest == ([32]byte{}) {
				// There is no proposal in this epoch to repeat the round with. Another one must not take its place.
				f.retries = append(f.retries, f.tryCommits)
				return
			}
			f.roundDone(ok)
		})
	})
}

// roundDone goes on to the next round; or, if the certificate could not be written, once more through this one, with the leader's
// query and proposal, which are still there.
func (f *follower) roundDone(committed bool) {
	if f.leads() && committed {
		f.Emit(Count{CountLedCommittedRounds})
	}
	if f.cfg.RMax <= f.seqNr-f.firstSeqNr+1 { // for an outcome proposed again the right side is 0
		f.host.requestNewEpoch()
		return
	}
	f.host.progress()
	f.startRound()
	if f.leads() && committed { // a second query for a round would be one too many
		f.lead.mayStartRound()
	}
	f.tryRoundStart()
}
