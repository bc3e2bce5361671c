package ocr3

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

type leaderPhase uint8

const (
	leaderUnknown leaderPhase = iota
	leaderNewEpoch
	leaderSentEpochStart
	leaderSentRoundStart
	leaderGrace
	leaderSentProposal
)

func (p leaderPhase) String() string {
	return [...]string{"unknown", "newEpoch", "sentEpochStart", "sentRoundStart", "grace", "sentProposal"}[p]
}

// leader is the part of outcome generation that acts where this oracle leads the epoch: it proves where the epoch starts, and
// in each round collects observations for a proposal.
//
// Source: docs/protocol/ocr3.md, "Leader".
type leader struct {
	*generation
	phase leaderPhase

	requests []startRequest // by oracle
	choosing bool           // the highest certificate is being verified
	sent     *ocr3wire.EpochStart

	ready        bool // one of the two conditions for the next round holds
	query        []byte
	observations *pool[ocr3wire.SignedObservation]
	proposal     []ocr3wire.AttributedSignedObservation // the last one
}

// startRequest is what an oracle told about its highest certificate; an oracle has one chance in an epoch.
type startRequest struct {
	message *ocr3wire.EpochStartRequest // nil if none
	state   verdict                     // of the signatures of the timestamp, later also of the certificate
}

func (l *leader) newEpoch() {
	l.phase = leaderNewEpoch
	l.requests = make([]startRequest, l.cfg.N)
	l.choosing, l.sent = false, nil
	l.ready, l.query, l.proposal = false, nil, nil
	l.observations = newPool[ocr3wire.SignedObservation](l.cfg.N, observationPoolCapacity)
	l.Emit(kernel.CancelTimer{Timer: TimerGrace})
}

// epochStartRequest handles an EPOCH-START-REQUEST.
func (l *leader) epochStartRequest(from commontypes.OracleID, m *ocr3wire.EpochStartRequest) {
	switch {
	case !l.leads():
		l.drop(from, m.Kind(), dropNotLeader)
		return
	case l.phase != leaderNewEpoch:
		l.drop(from, m.Kind(), dropPhase)
		return
	case l.requests[from].message != nil:
		l.drop(from, m.Kind(), kernel.DropReason{Text: dropDuplicate.Text}) // it is sent again until the epoch starts
		return
	}
	request := &l.requests[from]
	request.message = m
	signed := m.SignedHighestCertifiedTimestamp
	// A claim that differs from what is attached to it would make every proof with it invalid.
	if m.HighestCertified == nil || m.HighestCertified.Timestamp() != signed.HighestCertifiedTimestamp {
		request.state = bad
		l.drop(from, m.Kind(), dropProof)
		return
	}
	l.verifyAll(l.scope, l.timestampChecks(from, signed), func(ok bool) {
		if !ok {
			request.state = bad
			l.drop(from, m.Kind(), dropSignature)
			return
		}
		request.state = good
		l.chooseStart()
	})
}

// timestampChecks are the two signatures of a signed timestamp.
func (g *generation) timestampChecks(signer commontypes.OracleID, s ocr3wire.SignedHighestCertifiedTimestamp) []kernel.SignatureCheck {
	message := ocr3wire.TimestampMessage(g.cfg.ConfigDigest, g.epoch, s.HighestCertifiedTimestamp)
	message31 := ocr3wire.Timestamp31Message(g.cfg.ConfigDigest, g.epoch, s.HighestCertifiedTimestamp)
	return []kernel.SignatureCheck{check(signer, message[:], s.Signature), check(signer, message31[:], s.Signature31)}
}

// chooseStart starts the epoch from the highest certificate, as soon as a quorum of oracles has told theirs and that one
// turns out to be valid.
func (l *leader) chooseStart() {
	if l.phase != leaderNewEpoch || l.choosing {
		return
	}
	count, highest := 0, -1
	for i := range l.requests {
		if l.requests[i].state != good {
			continue
		}
		count++
		if highest < 0 || l.claim(i).Compare(l.claim(highest)) > 0 {
			highest = i
		}
	}
	if count < l.quorum {
		return
	}
	l.choosing = true
	from, m := commontypes.OracleID(highest), l.requests[highest].message
	verified := func(ok bool) {
		l.choosing = false
		if !ok {
			l.requests[highest].state = bad
			l.drop(from, m.Kind(), dropProof)
			l.chooseStart()
			return
		}
		l.startEpoch(highest)
	}
	if sameCertificate(m.HighestCertified, l.certificates.highest) {
		verified(true)
		return
	}
	checks, err := l.certificateChecks(m.HighestCertified)
	if err != nil {
		verified(false)
		return
	}
	l.verifyAll(l.scope, checks, verified)
}

func (l *leader) claim(i int) ocr3wire.HighestCertifiedTimestamp {
	return l.requests[i].message.SignedHighestCertifiedTimestamp.HighestCertifiedTimestamp
}

// startEpoch tells all oracles where the epoch starts. All parts of the proof have been verified. What was claimed while that was
// done, and is higher, is left out: nothing is known of its certificate.
func (l *leader) startEpoch(highest int) {
	proof := ocr3wire.EpochStartProof{HighestCertified: l.requests[highest].message.HighestCertified}
	others := l.quorum - 1
	for i := range l.requests {
		if l.requests[i].state != good || (i != highest && others == 0) || l.claim(i).Compare(l.claim(highest)) > 0 {
			continue
		}
		if i != highest {
			others--
		}
		proof.HighestCertifiedProof = append(proof.HighestCertifiedProof, ocr3wire.AttributedSignedHighestCertifiedTimestamp{
			SignedHighestCertifiedTimestamp: l.requests[i].message.SignedHighestCertifiedTimestamp, Signer: commontypes.OracleID(i),
		})
	}
	l.phase = leaderSentEpochStart
	l.sign(l.scope, "epoch start", ocr3wire.EpochStartMessage(l.cfg.ConfigDigest, l.epoch, &proof), func(signature []byte) {
		l.sent = &ocr3wire.EpochStart{Epoch: l.epoch, EpochStartProof: proof, Signature31: signature}
		l.Emit(Broadcast{l.sent})
		switch certificate := proof.HighestCertified.(type) {
		case *ocr3wire.CertifiedPrepare: // the first round starts after this outcome has been committed
			l.firstSeqNr = certificate.SeqNr + 1
		case *ocr3wire.CertifiedCommit:
			l.startAfter(certificate, l.mayStartRound)
		}
	})
}

// startAfter begins the epoch after a committed outcome, not before that is durable: who began earlier could be made to vote for
// another outcome in place of one that others have committed.
func (g *generation) startAfter(certificate *ocr3wire.CertifiedCommit, then func()) {
	begin := func(ok bool) {
		if !ok {
			g.retries = append(g.retries, func() { g.startAfter(certificate, then) })
			return
		}
		g.firstSeqNr = g.committedSeqNr + 1
		then()
	}
	if certificate.IsGenesis() {
		begin(true)
		return
	}
	g.commit(certificate, begin)
}

// mayStartRound is called when one of two things has happened: DeltaRound has passed since the last round started, or the round
// before is over. A round starts when both have.
func (l *leader) mayStartRound() {
	if !l.ready {
		l.ready = true
		return
	}
	l.ready = false
	context := l.outcomeContext()
	id := kernel.CallIn(&l.Desk, l.scope, func(r QueryDone) {
		if r.Err != nil {
			l.Log(kernel.LogError, "the plugin's Query failed: this oracle starts no more rounds in this epoch", "seqNr", context.SeqNr, "error", r.Err)
			return
		}
		l.startRound(context.SeqNr, r.Query)
	})
	l.Emit(CallQuery{id, context, l.cfg.MaxDurationQuery})
}

func (l *leader) startRound(seqNr uint64, query []byte) {
	if seqNr != l.committedSeqNr+1 {
		return
	}
	l.sign(l.scope, "round start", ocr3wire.RoundStartMessage(l.cfg.ConfigDigest, l.epoch, seqNr, query), func(signature []byte) {
		l.query = query
		l.observations.prune(l.committedSeqNr)
		l.Emit(kernel.SetTimer{Timer: TimerRound, After: l.cfg.DeltaRound})
		l.phase = leaderSentRoundStart
		l.Emit(Broadcast{&ocr3wire.RoundStart{Epoch: l.epoch, SeqNr: l.committedSeqNr + 1, Query: query, Signature31: signature}})
	})
}

func (l *leader) roundFired() {
	if l.leads() && !l.barred {
		l.mayStartRound()
	}
}

// observation handles an OBSERVATION.
func (l *leader) observation(from commontypes.OracleID, m *ocr3wire.Observation) {
	switch {
	case !l.leads():
		l.drop(from, m.Kind(), dropNotLeader)
		return
	case l.phase != leaderSentRoundStart && l.phase != leaderGrace:
		l.drop(from, m.Kind(), dropPhase)
		return
	case m.SeqNr != l.seqNr:
		l.drop(from, m.Kind(), dropOtherRound)
		return
	}
	if why, ok := l.observations.put(m.SeqNr, from, m.SignedObservation); !ok {
		l.drop(from, m.Kind(), why)
		return
	}
	context, query := l.outcomeContext(), l.query
	var checks []kernel.SignatureCheck
	if !l.follow.asked || string(query) != string(l.follow.query) || !l.follow.ownObservation(from, m.SignedObservation) {
		message := l.observationMessage(m.SeqNr, query, &m.SignedObservation)
		checks = append(checks, check(from, message[:], m.SignedObservation.Signature))
	}
	l.verifyAll(l.scope, checks, func(ok bool) {
		if !ok {
			l.drop(from, m.Kind(), dropSignature)
			return
		}
		observations := []types.AttributedObservation{{Observation: m.SignedObservation.Observation, Observer: from}}
		id := kernel.CallIn(&l.Desk, l.scope, func(r ObservationValidated) {
			if r.Bad >= 0 {
				l.drop(from, m.Kind(), dropPlugin)
				return
			}
			l.validated(context, query, from)
		})
		l.Emit(CallValidateObservations{id, context, query, observations})
	})
}

// observationMessage is what an observation of this epoch is signed as.
func (g *generation) observationMessage(seqNr uint64, query []byte, o *ocr3wire.SignedObservation) ocr3wire.SignedMessage {
	return ocr3wire.ObservationMessage(g.cfg.ConfigDigest, g.epoch, seqNr, query, o.Observation)
}

// validated counts an observation in, and asks the plugin whether there are enough.
func (l *leader) validated(context OutcomeContext, query []byte, from commontypes.OracleID) {
	entry := l.observations.get(context.SeqNr, from)
	if context.SeqNr != l.seqNr || entry == nil || (l.phase != leaderSentRoundStart && l.phase != leaderGrace) {
		return
	}
	entry.verdict = good
	observations := attributed(l.goodObservations(context.SeqNr))
	id := kernel.CallIn(&l.Desk, l.scope, func(r QuorumDone) {
		if r.Err != nil {
			l.Log(kernel.LogWarn, "the plugin's ObservationQuorum failed", "seqNr", context.SeqNr, "error", r.Err)
			return
		}
		if !r.Reached && len(observations) >= l.cfg.N-l.cfg.F {
			l.Log(kernel.LogWarn, "the plugin wants more observations than honest oracles can be counted on for", "seqNr", context.SeqNr, "observations", len(observations))
		}
		if r.Reached && context.SeqNr == l.seqNr && l.phase == leaderSentRoundStart {
			l.phase = leaderGrace
			l.Emit(kernel.SetTimer{Timer: TimerGrace, After: l.cfg.DeltaGrace})
		}
	})
	l.Emit(CallObservationQuorum{id, context, query, observations})
}

func (l *leader) goodObservations(seqNr uint64) (list []ocr3wire.AttributedSignedObservation) {
	l.observations.each(seqNr, func(sender commontypes.OracleID, entry *poolEntry[ocr3wire.SignedObservation]) {
		if entry.verdict == good {
			list = append(list, ocr3wire.AttributedSignedObservation{SignedObservation: entry.item, Observer: sender})
		}
	})
	return list
}

// graceFired makes the proposal.
func (l *leader) graceFired() {
	if l.phase != leaderGrace {
		return
	}
	l.phase = leaderSentProposal
	l.proposal = l.goodObservations(l.seqNr)
	l.Emit(Broadcast{&ocr3wire.Proposal{Epoch: l.epoch, SeqNr: l.seqNr, Observations: l.proposal}})
	l.observations.prune(l.seqNr)
}

// proposed tells whether these are the observations that this oracle proposed itself, whose signatures it has verified then.
func (l *leader) proposed(observations []ocr3wire.AttributedSignedObservation) bool {
	return slices.EqualFunc(observations, l.proposal, func(a, b ocr3wire.AttributedSignedObservation) bool {
		return a.Observer == b.Observer && string(a.Observation) == string(b.Observation) && string(a.Signature) == string(b.Signature)
	})
}
