package ocr3sim

import (
	"bytes"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// monotone (S3): epoch, wish and committed sequence number never decrease in a life, and the wish is never below the epoch.
type monotone struct{ sim *simulation }

func (c *monotone) Stepped(n *node, ev any, before, after *ocr3.Status) {
	if after.Epoch < before.Epoch || after.Wish < before.Wish || after.CommittedSeqNr < before.CommittedSeqNr || after.Wish < after.Epoch {
		c.sim.Violated("monotone", "oracle %d goes from epoch %d, wish %d, committed %d to epoch %d, wish %d, committed %d",
			n.ID, before.Epoch, before.Wish, before.CommittedSeqNr, after.Epoch, after.Wish, after.CommittedSeqNr)
	}
}

func (c *monotone) Called(n *node, effect kernel.Effect) {
	if e, ok := effect.(ocr3.WriteCertificate); ok && e.Certificate.Timestamp().Compare(n.view.certificate) <= 0 {
		c.sim.Violated("monotone", "oracle %d replaces its certificate %s by %s", n.ID, n.view.certificate, e.Certificate.Timestamp())
	}
}

// durable (S3): what an oracle was told is durable is there when it starts again.
type durable struct{ sim *simulation }

func (c *durable) Started(n *node, start *ocr3.Start) {
	var state ocr3wire.PacemakerState
	if start.Pacemaker != nil {
		state = *start.Pacemaker
	}
	if known := n.view.pacemaker; state.Epoch < known.Epoch || state.HighestSentNewEpochWish < known.HighestSentNewEpochWish {
		c.sim.Violated("durable", "oracle %d starts with epoch %d and wish %d, but had made epoch %d and wish %d durable",
			n.ID, state.Epoch, state.HighestSentNewEpochWish, known.Epoch, known.HighestSentNewEpochWish)
	}
	var certificate ocr3wire.HighestCertifiedTimestamp
	if start.Certificate != nil {
		certificate = start.Certificate.Timestamp()
	}
	if certificate.Compare(n.view.certificate) < 0 {
		c.sim.Violated("durable", "oracle %d starts with certificate %s, but had made %s durable", n.ID, certificate, n.view.certificate)
	}
}

// justifiedEpochs (S11): an epoch is entered only if more than 2f oracles wish for it or a later one; a wish is raised only
// to the next epoch, for a reason of one's own, or to what more than f oracles wish for.
type justifiedEpochs struct {
	sim *simulation
	// next is the highest epoch that an honest oracle wished for of its own accord.
	next uint64
}

func (c *justifiedEpochs) Stepped(n *node, ev any, before, after *ocr3.Status) {
	if _, ok := ev.(ocr3.Start); ok {
		c.next = max(c.next, after.Epoch+1)
		return
	}
	if after.Epoch != before.Epoch {
		if count := engine.Wishing(n.view.wishes, after.Epoch); count <= 2*c.sim.options.F {
			c.sim.Violated("justified epochs", "oracle %d enters epoch %d, which %d oracles are known to it to wish for, not more than 2f = %d",
				n.ID, after.Epoch, count, 2*c.sim.options.F)
		}
	}
	if after.Wish != before.Wish && engine.Wishing(n.view.wishes, after.Wish) <= c.sim.options.F {
		if !ownReason(ev) || after.Wish != after.Epoch+1 {
			c.sim.Violated("justified epochs", "oracle %d in epoch %d wishes for epoch %d after %s, with wishes %v",
				n.ID, before.Epoch, after.Wish, eventText(ev), n.view.wishes)
		}
		c.next = max(c.next, after.Wish)
	}
	if after.Wish > c.next || after.Epoch > c.next {
		c.sim.Violated("justified epochs", "oracle %d is in epoch %d and wishes for %d, but no honest oracle ever wished for more than %d of its own accord",
			n.ID, after.Epoch, after.Wish, c.next)
	}
}

// ownReason tells whether an event may be the end of an epoch: a timer, or the last commit.
func ownReason(ev ocr3.Event) bool {
	switch ev := ev.(type) {
	case ocr3.TimerFired:
		return ev.Timer == ocr3.TimerProgress || ev.Timer == ocr3.TimerInitial
	case kernel.VerifiedEach, ocr3.CertificateWritten:
		return true
	case ocr3.MessageReceived:
		kind := ev.Message.Kind()
		return kind == ocr3wire.KindCommit
	}
	return false
}

// startOfEpoch (S10): the first round of an epoch is the one after the certificate in an EPOCH-START, and there are no more than
// RMax.
type startOfEpoch struct{ sim *simulation }

func (c *startOfEpoch) Delivered(n *node, from commontypes.OracleID, m ocr3wire.Message) {
	start, ok := m.(*ocr3wire.EpochStart)
	if !ok || from != c.sim.leaders.Leader(start.Epoch) {
		return
	}
	if !c.valid(start) {
		return
	}
	n.view.starts[startKey{start.Epoch, start.EpochStartProof.HighestCertified.Timestamp().SeqNr}] = true
	n.view.started[start.Epoch] = true
}

// valid checks a proof once more, in the plainest way.
func (c *startOfEpoch) valid(start *ocr3wire.EpochStart) bool {
	proof := &start.EpochStartProof
	var signers oracles
	var highest ocr3wire.HighestCertifiedTimestamp
	for _, e := range proof.HighestCertifiedProof {
		first := ocr3wire.TimestampMessage(c.sim.digest, start.Epoch, e.HighestCertifiedTimestamp)
		second := ocr3wire.Timestamp31Message(c.sim.digest, start.Epoch, e.HighestCertifiedTimestamp)
		if !c.sim.keys.verifyOffchain(e.Signer, first[:], e.Signature) || !c.sim.keys.verifyOffchain(e.Signer, second[:], e.Signature31) {
			return false
		}
		signers = signers.with(e.Signer)
		if e.HighestCertifiedTimestamp.Compare(highest) > 0 {
			highest = e.HighestCertifiedTimestamp
		}
	}
	return signers.count() == c.sim.quorum && proof.HighestCertified.Timestamp() == highest
}

// stepped: nobody begins an epoch without a valid proof.
func (c *startOfEpoch) Stepped(n *node, _ any, before, after *ocr3.Status) {
	if before.Epoch == after.Epoch && before.FollowerPhase == "newEpoch" && after.FollowerPhase != "newEpoch" && !n.view.started[after.Epoch] {
		c.sim.Violated("start of epoch", "oracle %d begins epoch %d, of which it has no valid proof where it starts", n.ID, after.Epoch)
	}
}

func (c *startOfEpoch) Called(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr3.RoundStarted)
	if !ok {
		return
	}
	if e.Round > c.sim.options.Timing.RMax {
		c.sim.Violated("start of epoch", "oracle %d has round %d in epoch %d, after the last", n.ID, e.Round, e.Epoch)
	}
	if first := e.SeqNr - e.Round + 1; !n.view.starts[startKey{e.Epoch, first - 1}] && !n.view.writeFailed {
		c.sim.Violated("start of epoch", "oracle %d has seqNr %d as round %d of epoch %d, which no EPOCH-START says", n.ID, e.SeqNr, e.Round, e.Epoch)
	}
}

// oneLeader (S5): an honest leader starts an epoch once, and in each round has one query and one proposal, also if it crashes in
// between; followers take part in the rounds of the leader, and in one life accept one query and one proposal for a round.
type oneLeader struct {
	sim *simulation
	// said is what an honest leader said, by kind.
	said map[castKey]string
	// accepted is what an oracle accepted in this life, by kind.
	accepted []map[castKey]string
}

func newOneLeader(s *simulation) *oneLeader {
	return &oneLeader{s, map[castKey]string{}, make([]map[castKey]string, s.options.N)}
}

func (c *oneLeader) Started(n *node, _ *ocr3.Start) { c.accepted[n.ID] = map[castKey]string{} }

func (c *oneLeader) Left(n *node, effect kernel.Effect) {
	e, ok := effect.(ocr3.Broadcast)
	if !ok {
		return
	}
	var key castKey
	var text string
	switch m := e.Message.(type) {
	case *ocr3wire.EpochStart:
		key, text = castKey{place{n.ID, m.Epoch, 0}, m.Kind()}, fmt.Sprintf("%x", ocr3wire.EpochStartMessage(c.sim.digest, m.Epoch, &m.EpochStartProof))
	case *ocr3wire.RoundStart:
		key, text = castKey{place{n.ID, m.Epoch, m.SeqNr}, m.Kind()}, string(m.Query)
	case *ocr3wire.Proposal:
		key, text = castKey{place{n.ID, m.Epoch, m.SeqNr}, m.Kind()}, proposalText(m.Observations)
	default:
		return
	}
	if c.sim.leaders.Leader(key.epoch) != n.ID {
		c.sim.Violated("one leader", "oracle %d sends %s for epoch %d, which it does not lead", n.ID, key.kind, key.epoch)
	}
	if before, ok := c.said[key]; ok && before != text {
		c.sim.Violated("one leader", "oracle %d sends a second, different %s for seqNr %d in epoch %d", n.ID, key.kind, key.seqNr, key.epoch)
	}
	c.said[key] = text
}

func proposalText(list []ocr3wire.AttributedSignedObservation) string {
	var b bytes.Buffer
	for _, o := range list {
		fmt.Fprintf(&b, "%d:%x ", o.Observer, o.Observation)
	}
	return b.String()
}

func (c *oneLeader) Called(n *node, effect kernel.Effect) {
	switch e := effect.(type) {
	case ocr3.CallObservation:
		c.accept(n, ocr3wire.KindRoundStart, e.Context, string(e.Query))
	case ocr3.CallOutcome:
		var b bytes.Buffer
		for _, o := range e.Observations {
			fmt.Fprintf(&b, "%d:%x ", o.Observer, []byte(o.Observation))
		}
		c.accept(n, ocr3wire.KindProposal, e.Context, b.String())
	}
}

func (c *oneLeader) accept(n *node, kind ocr3wire.Kind, context ocr3.OutcomeContext, text string) {
	leader := c.sim.leaders.Leader(context.Epoch)
	if c.sim.nodes[leader].Honest() {
		if said, ok := c.said[castKey{place{leader, context.Epoch, context.SeqNr}, kind}]; !ok || said != text {
			c.sim.Violated("one leader", "oracle %d accepts a %s for seqNr %d in epoch %d that the leader, %d, did not send", n.ID, kind, context.SeqNr, context.Epoch, leader)
		}
	}
	key := castKey{place{n.ID, context.Epoch, context.SeqNr}, kind}
	if before, ok := c.accepted[n.ID][key]; ok && before != text {
		c.sim.Violated("one leader", "oracle %d accepts a second %s for seqNr %d in epoch %d", n.ID, kind, context.SeqNr, context.Epoch)
	}
	c.accepted[n.ID][key] = text
}

// stepped: an epoch starts once.
func (c *oneLeader) Stepped(n *node, _ any, before, after *ocr3.Status) {
	if before.Epoch == after.Epoch && after.FollowerPhase == "newEpoch" && before.FollowerPhase != "newEpoch" && before.Epoch != 0 {
		c.sim.Violated("one leader", "oracle %d waits once more for the start of epoch %d", n.ID, after.Epoch)
	}
}

// boundedMemory (S12): buffers and maps of a machine have bounds.
type boundedMemory struct{ sim *simulation }

func (c *boundedMemory) Stepped(n *node, _ any, _, after *ocr3.Status) {
	oracles := c.sim.options.N
	reports := after.AttestationRounds * max(1, n.limits.MaxReportCount)
	for _, b := range []struct {
		what       string
		count, max int
	}{
		{"future messages", after.FutureMessages, kernel.FutureMessagesPerSender * oracles},
		{"attestation rounds", after.AttestationRounds, attestationBound},
		{"calls under way", after.Calls, 8*oracles + 4*attestationBound + 4*reports + 64},
	} {
		if b.count > b.max {
			c.sim.Violated("bounded memory", "oracle %d has %d %s, want at most %d", n.ID, b.count, b.what, b.max)
		}
	}
}

// attestationBound is 4/3 of the longest windows of rounds, and some for own commits.
const attestationBound = 4*(50+10)/3 + 2*(50+10)

// noFalseSuspicion: while the network works, no honest oracle calls a message of another honest one suspicious, whatever the
// traitors do, except that a leader who proposes different outcomes to different oracles makes their votes look bad to one another; and if there are no traitors either, none has anything to warn of, except that another oracle was faster in
// transmitting a report.
type noFalseSuspicion struct{ sim *simulation }

// transmissionLost is what a machine logs when the contract, among others, does not take a report.
const transmissionLost = "the transmission failed"

func (c *noFalseSuspicion) Called(n *node, effect kernel.Effect) {
	if c.sim.options.HealAfter > 0 || c.sim.options.breaks.mistakenSender {
		return
	}
	switch e := effect.(type) {
	case kernel.Dropped:
		split := !c.sim.nodes[n.status.Leader].Honest() && (e.What == "Prepare" || e.What == "Commit")
		if e.Suspicious && c.sim.nodes[e.Sender].Honest() && !split {
			c.sim.Violated("no false suspicion", "oracle %d suspects honest oracle %d: %s", n.ID, e.Sender, e)
		}
	case kernel.Log:
		if e.Level >= kernel.LogWarn && e.Message != transmissionLost && len(c.sim.options.Traitors) == 0 {
			c.sim.Violated("no false suspicion", "in a network without faults, oracle %d logs %s %v", n.ID, e, e.Fields)
		}
	}
}
