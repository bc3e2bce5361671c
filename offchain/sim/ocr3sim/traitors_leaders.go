package ocr3sim

import (
	"bytes"
	"context"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// Splitter is a leader that proposes different outcomes to the two halves of the network, and has all traitors vote, towards each
// oracle, for the outcome that was proposed to it. It tries to have two outcomes committed for one sequence number.
type Splitter struct{ Obedient }

func (*Splitter) Name() string { return "splitter" }

func (t *Splitter) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	proposal, ok := m.(*ocr3wire.Proposal)
	if !ok || int(to)%2 == int(proposal.Epoch)%2 || len(proposal.Observations) < 2 || h.round.context.SeqNr != proposal.SeqNr {
		h.Send(to, m)
		return
	}
	other := *proposal
	other.Observations = append(slices.Clone(proposal.Observations[1:]), proposal.Observations[0])
	h.Send(to, &other)
	t.vote(h, to, &other)
}

// vote sends the votes of all traitors for a proposal.
func (*Splitter) vote(h *Hand, to commontypes.OracleID, p *ocr3wire.Proposal) {
	list := make([]types.AttributedObservation, len(p.Observations))
	for i, o := range p.Observations {
		list[i] = types.AttributedObservation{Observation: o.Observation, Observer: o.Observer}
	}
	round := h.round
	outcome, err := h.node.plugin.Outcome(context.Background(), outcomeContext(round.context), round.query, list)
	if err != nil {
		return
	}
	inputs := ocr3wire.OutcomeInputsDigest(h.Digest(), p.Epoch, round.context.PreviousOutcome, p.SeqNr, round.query, list)
	digest := ocr3wire.OutcomeDigest(outcome)
	for _, traitor := range h.Traitors() {
		h.SendAs(traitor, to, &ocr3wire.Prepare{Epoch: p.Epoch, SeqNr: p.SeqNr, Signature: h.Sign(traitor, ocr3wire.PrepareMessage(h.Digest(), p.Epoch, p.SeqNr, inputs, digest))})
		h.SendAs(traitor, to, &ocr3wire.Commit{Epoch: p.Epoch, SeqNr: p.SeqNr, Signature: h.Sign(traitor, ocr3wire.CommitMessage(h.Digest(), p.Epoch, p.SeqNr, digest))})
	}
}

// TwoQueries is a leader that sends each message of a round twice, with different content, in random order: two ROUND-STARTs, two
// PROPOSALs. It tries to have oracles take part in a round twice.
type TwoQueries struct{ Obedient }

func (*TwoQueries) Name() string { return "two queries" }

func (*TwoQueries) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	messages := []ocr3wire.Message{m}
	switch m := m.(type) {
	case *ocr3wire.RoundStart:
		other := *m
		other.Query = append(bytes.Clone(m.Query), byte(to))
		messages = append(messages, &other)
	case *ocr3wire.Proposal:
		other, few, twice := *m, *m, *m
		other.Observations = slices.Clone(m.Observations)
		slices.Reverse(other.Observations)
		few.Observations = m.Observations[:min(len(m.Observations), h.F())]
		if len(m.Observations) > 0 && len(m.Observations) < h.N() {
			twice.Observations = append(slices.Clone(m.Observations), m.Observations[0])
		}
		forged := *m
		forged.Observations = slices.Clone(m.Observations)
		for i := range forged.Observations {
			forged.Observations[i].SignedObservation = ocr3wire.SignedObservation{Observation: m.Observations[0].Observation, Signature: h.forged()}
		}
		messages = append(messages, &other, &few, &twice, &forged)
	}
	if to != h.ID() {
		h.Random.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	}
	for _, m := range messages {
		h.Send(to, m)
	}
}

// Rewinder is a leader that starts epochs from as low a certificate as it can get away with: it proves with the lowest requests of
// a quorum, with what all traitors claim anew, with claims that do not fit the certificate, or with one claim counted several
// times. Different oracles get different EPOCH-STARTs. It tries to have a committed outcome forgotten.
type Rewinder struct{ Obedient }

func (*Rewinder) Name() string { return "rewinder" }

func (t *Rewinder) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	start, ok := m.(*ocr3wire.EpochStart)
	if !ok || to == h.ID() {
		h.Send(to, m)
		return
	}
	switch h.Random.IntN(4) {
	case 0:
		h.Send(to, t.lowest(h, start.Epoch))
	case 1: // a certificate below the highest claim
		lower := *start
		lower.EpochStartProof.HighestCertified = ocr3wire.Genesis()
		h.Send(to, &lower)
	case 2: // the lowest claim as often as it takes
		repeated := t.lowest(h, start.Epoch)
		proof := &repeated.EpochStartProof
		for i := range proof.HighestCertifiedProof {
			proof.HighestCertifiedProof[i] = proof.HighestCertifiedProof[0]
		}
		proof.HighestCertified = ocr3wire.Genesis()
		for _, certificate := range h.node.sim.conspiracy.certificates {
			if certificate.Timestamp() == proof.HighestCertifiedProof[0].HighestCertifiedTimestamp {
				proof.HighestCertified = certificate
			}
		}
		h.Send(to, repeated)
	case 3: // claims of others, made up
		forged := *start
		forged.EpochStartProof.HighestCertifiedProof = slices.Clone(start.EpochStartProof.HighestCertifiedProof)
		for i := range forged.EpochStartProof.HighestCertifiedProof {
			entry := &forged.EpochStartProof.HighestCertifiedProof[i]
			entry.HighestCertifiedTimestamp = ocr3wire.Genesis().Timestamp()
			entry.Signature, entry.Signature31 = h.forged(), h.forged()
			if h.IsTraitor(entry.Signer) {
				entry.SignedHighestCertifiedTimestamp = h.claim(entry.Signer, start.Epoch, ocr3wire.Genesis().Timestamp())
			}
		}
		forged.EpochStartProof.HighestCertified = ocr3wire.Genesis()
		h.Send(to, &forged)
	}
	h.Send(to, m)
}

// lowest is the valid EPOCH-START with the lowest certificate that the requests and what traitors claim allow.
func (*Rewinder) lowest(h *Hand, epoch uint64) *ocr3wire.EpochStart {
	conspiracy := h.node.sim.conspiracy
	var claims []ocr3wire.AttributedSignedHighestCertifiedTimestamp
	for i := range h.N() {
		id := commontypes.OracleID(i)
		if h.IsTraitor(id) {
			claims = append(claims, ocr3wire.AttributedSignedHighestCertifiedTimestamp{
				SignedHighestCertifiedTimestamp: h.claim(id, epoch, ocr3wire.Genesis().Timestamp()), Signer: id,
			})
		} else if r := conspiracy.requests[id]; r != nil && r.Epoch == epoch {
			claims = append(claims, ocr3wire.AttributedSignedHighestCertifiedTimestamp{
				SignedHighestCertifiedTimestamp: r.SignedHighestCertifiedTimestamp, Signer: id,
			})
		}
	}
	slices.SortStableFunc(claims, func(a, b ocr3wire.AttributedSignedHighestCertifiedTimestamp) int {
		return a.HighestCertifiedTimestamp.Compare(b.HighestCertifiedTimestamp)
	})
	start := &ocr3wire.EpochStart{Epoch: epoch, EpochStartProof: ocr3wire.EpochStartProof{HighestCertified: ocr3wire.Genesis()}}
	for len(claims) < h.Quorum() {
		claims = append(claims, claims[0]) // not a quorum: twice then
	}
	claims = claims[:h.Quorum()]
	highest := claims[len(claims)-1]
	if r := conspiracy.requests[highest.Signer]; r != nil && !h.IsTraitor(highest.Signer) {
		start.EpochStartProof.HighestCertified = r.HighestCertified
	}
	start.EpochStartProof.HighestCertifiedProof = claims
	start.Signature31 = h.Sign(h.ID(), ocr3wire.EpochStartMessage(h.Digest(), epoch, &start.EpochStartProof))
	return start
}

// claim signs a claim in the name of a traitor.
func (h *Hand) claim(as commontypes.OracleID, epoch uint64, ts ocr3wire.HighestCertifiedTimestamp) ocr3wire.SignedHighestCertifiedTimestamp {
	return ocr3wire.SignedHighestCertifiedTimestamp{
		HighestCertifiedTimestamp: ts,
		Signature:                 h.Sign(as, ocr3wire.TimestampMessage(h.Digest(), epoch, ts)),
		Signature31:               h.Sign(as, ocr3wire.Timestamp31Message(h.Digest(), epoch, ts)),
	}
}

// Withholding does the work but keeps back what others need: its votes reach one oracle only, its EPOCH-STARTs and proposals not
// all, and it answers no requests for commits. It tries to make oracles differ in what they have committed.
type Withholding struct{ Obedient }

func (*Withholding) Name() string { return "withholding" }

func (*Withholding) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	target := to == h.ID()
	switch m := m.(type) {
	case *ocr3wire.Prepare:
		target = target || int(to) == int(m.SeqNr+m.Epoch)%h.N()
	case *ocr3wire.Commit:
		target = target || int(to) == int(m.SeqNr)%h.N()
	case *ocr3wire.EpochStart:
		target = target || int(to) != int(m.Epoch)%h.N()
	case *ocr3wire.Proposal:
		target = target || int(to) != int(m.SeqNr)%h.N()
	case *ocr3wire.CertifiedCommitMessage:
	default:
		target = true
	}
	if target {
		h.Send(to, m)
	}
}
