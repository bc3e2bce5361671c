package ocr3

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// generation makes outcomes: in an epoch the leader drives rounds, each of which commits one outcome. What both parts, the
// leader's and the follower's, share is here.
//
// Source: docs/protocol/ocr3.md, "Outcome generation".
type generation struct {
	*core
	host generationHost

	epoch  uint64 // 0 before the first
	leader commontypes.OracleID
	// barred tells that this oracle may have voted in this epoch before a restart, and so takes no part in it.
	barred bool
	scope  *kernel.Scope // calls of this epoch

	firstSeqNr uint64 // first of the epoch
	seqNr      uint64 // being worked on

	committedSeqNr   uint64
	committedOutcome []byte

	// retries is what waits for another attempt to write a certificate.
	retries []func()

	future *kernel.FutureBuffer[ocr3wire.EpochMessage]
	lead   leader
	follow follower
}

// generationHost is told what concerns the other parts.
type generationHost interface {
	progress()
	requestNewEpoch()
	committed(certificate *ocr3wire.CertifiedCommit)
}

var (
	dropPastEpoch  = kernel.DropReason{Text: "its epoch is over"}
	dropBufferFull = kernel.DropReason{Text: "too many messages of later epochs"}
	dropBarred     = kernel.DropReason{Text: "this oracle restarted in this epoch, and takes no part in it"}
	dropNotLeader  = kernel.DropReason{Text: "this oracle does not lead this epoch", Suspicious: true}
	dropNotByLead  = kernel.DropReason{Text: "its sender does not lead this epoch", Suspicious: true}
	dropPhase      = kernel.DropReason{Text: "it does not fit the phase"}
	dropOtherRound = kernel.DropReason{Text: "it is of another round"}
	dropSignature  = kernel.DropReason{Text: "its signature is bad", Suspicious: true}
	dropPlugin     = kernel.DropReason{Text: "the plugin refuses it", Suspicious: true}
	dropProof      = kernel.DropReason{Text: "it proves nothing", Suspicious: true}
)

func newGeneration(c *core, host generationHost) *generation {
	g := &generation{core: c, host: host, scope: &kernel.Scope{}, future: kernel.NewFutureBuffer[ocr3wire.EpochMessage](c.cfg.N)}
	g.lead.generation, g.follow.generation = g, g
	return g
}

func (g *generation) leads() bool { return g.cfg.OracleID == g.leader }

// newEpoch begins an epoch: whatever was under way for the one before is given up.
func (g *generation) newEpoch(epoch uint64, leader commontypes.OracleID, barred bool) {
	g.Close(g.scope)
	g.scope = &kernel.Scope{}
	g.epoch, g.leader, g.barred = epoch, leader, barred
	g.firstSeqNr, g.seqNr = 0, 0
	g.retries = nil
	g.follow.newEpoch()
	g.lead.newEpoch()
	if !barred {
		g.requestStart()
		if g.leads() {
			g.Emit(kernel.SetTimer{Timer: TimerRound, After: g.cfg.DeltaRound})
		}
	}
	g.future.Flush(epoch, g.handle)
}

// requestStart tells the leader the highest certificate that this oracle holds.
func (g *generation) requestStart() {
	certificate, epoch := g.certificates.highest, g.epoch
	signed := ocr3wire.SignedHighestCertifiedTimestamp{HighestCertifiedTimestamp: certificate.Timestamp()}
	g.sign(g.scope, "timestamp", ocr3wire.TimestampMessage(g.cfg.ConfigDigest, epoch, signed.HighestCertifiedTimestamp), func(signature []byte) {
		signed.Signature = signature
		g.sign(g.scope, "timestamp", ocr3wire.Timestamp31Message(g.cfg.ConfigDigest, epoch, signed.HighestCertifiedTimestamp), func(signature []byte) {
			signed.Signature31 = signature
			g.follow.request = &ocr3wire.EpochStartRequest{Epoch: epoch, HighestCertified: certificate, SignedHighestCertifiedTimestamp: signed}
			g.Emit(Send{g.leader, g.follow.request})
		})
	})
}

// resend repeats, while the epoch has not started, what a lost message would cost the epoch for; and writes that failed.
func (g *generation) resend() {
	retries := g.retries
	g.retries = nil
	for _, retry := range retries {
		retry()
	}
	if g.follow.phase == followerNewEpoch && g.follow.request != nil {
		g.Emit(Send{g.leader, g.follow.request})
	}
}

// receive sorts messages by epoch.
func (g *generation) receive(from commontypes.OracleID, message ocr3wire.EpochMessage) {
	switch epoch := message.InEpoch(); {
	case epoch < g.epoch || epoch < firstEpoch:
		g.drop(from, message.Kind(), dropPastEpoch)
	case epoch > g.epoch:
		if oldest, dropped := g.future.Add(from, epoch, message); dropped {
			g.drop(from, oldest.Kind(), dropBufferFull)
		}
	default:
		g.handle(from, message)
	}
}

// handle handles a message of this epoch.
func (g *generation) handle(from commontypes.OracleID, message ocr3wire.EpochMessage) {
	if g.barred {
		g.drop(from, message.Kind(), dropBarred)
		return
	}
	switch m := message.(type) {
	case *ocr3wire.EpochStartRequest:
		g.lead.epochStartRequest(from, m)
	case *ocr3wire.EpochStart:
		g.follow.epochStart(from, m)
	case *ocr3wire.RoundStart:
		g.follow.roundStart(from, m)
	case *ocr3wire.Observation:
		g.lead.observation(from, m)
	case *ocr3wire.Proposal:
		g.follow.proposal(from, m)
	case *ocr3wire.Prepare:
		g.follow.prepare(from, m)
	case *ocr3wire.Commit:
		g.follow.commit(from, m)
	}
}

// outcomeContext is what the plugin is told about the round after the last committed one.
func (g *generation) outcomeContext() OutcomeContext {
	next := g.committedSeqNr + 1
	return OutcomeContext{SeqNr: next, PreviousOutcome: g.committedOutcome, Epoch: g.epoch, Round: next - g.firstSeqNr + 1}
}

// commit makes a certified outcome the committed one, once its certificate is durable, and calls done: at once where there is
// nothing to write. ok is false if the write failed: then nothing is committed. done is not called if the epoch has ended by
// then.
//
// Source: docs/protocol/ocr3.md, "Commit".
func (g *generation) commit(certificate *ocr3wire.CertifiedCommit, done func(ok bool)) {
	switch {
	case certificate.SeqNr < g.committedSeqNr:
		g.Log(kernel.LogCritical, "a quorum of oracles knows less than this oracle has committed: more are faulty than the config allows",
			"seqNr", certificate.SeqNr, "committedSeqNr", g.committedSeqNr)
		done(true)
		return
	case certificate.SeqNr == g.committedSeqNr:
		g.follow.prune(g.committedSeqNr)
		done(true)
		return
	}
	scope := g.scope
	g.certificates.persistIfGreater(certificate, func(ok bool) {
		if ok && certificate.SeqNr > g.committedSeqNr { // an earlier write may have been for a later one
			g.committedSeqNr, g.committedOutcome = certificate.SeqNr, certificate.Outcome
			g.Emit(CommittedSeqNr{g.committedSeqNr})
			g.host.committed(certificate)
			g.follow.prune(g.committedSeqNr)
		}
		if scope == g.scope {
			done(ok)
		}
	})
}

// attributed turns signed observations into those that the plugin sees.
func attributed(list []ocr3wire.AttributedSignedObservation) []types.AttributedObservation {
	result := make([]types.AttributedObservation, len(list))
	for i := range list {
		result[i] = types.AttributedObservation{Observation: list[i].Observation, Observer: list[i].Observer}
	}
	return result
}
