package ocr3sim

import (
	"bytes"
	"math"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// DoubleVoter votes several times in a round, for the outcome and for others, with signatures that are good for something else,
// and has several observations, all signed. It tries to be counted twice, or to be counted for what it did not sign.
type DoubleVoter struct{ Obedient }

func (*DoubleVoter) Name() string { return "double voter" }

func (*DoubleVoter) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	if to == h.ID() {
		h.Send(to, m)
		return
	}
	messages := []ocr3wire.Message{m}
	switch m := m.(type) {
	case *ocr3wire.Prepare:
		lie := h.Sign(h.ID(), ocr3wire.PrepareMessage(h.Digest(), m.Epoch, m.SeqNr, [32]byte{1}, [32]byte{2}))
		messages = append(messages, &ocr3wire.Prepare{Epoch: m.Epoch, SeqNr: m.SeqNr, Signature: lie},
			&ocr3wire.Commit{Epoch: m.Epoch, SeqNr: m.SeqNr, Signature: m.Signature},
			&ocr3wire.Prepare{Epoch: m.Epoch, SeqNr: m.SeqNr + 1, Signature: m.Signature})
	case *ocr3wire.Commit:
		lie := h.Sign(h.ID(), ocr3wire.CommitMessage(h.Digest(), m.Epoch, m.SeqNr, [32]byte{2}))
		messages = append(messages, &ocr3wire.Commit{Epoch: m.Epoch, SeqNr: m.SeqNr, Signature: lie},
			&ocr3wire.Commit{Epoch: m.Epoch, SeqNr: m.SeqNr + 1, Signature: m.Signature})
	case *ocr3wire.Observation:
		for _, lie := range [][]byte{nil, bytes.Repeat([]byte{0xff}, len(m.SignedObservation.Observation))} {
			other := &ocr3wire.Observation{Epoch: m.Epoch, SeqNr: m.SeqNr, SignedObservation: ocr3wire.SignedObservation{
				Observation: lie, Signature: h.Sign(h.ID(), ocr3wire.ObservationMessage(h.Digest(), m.Epoch, m.SeqNr, h.round.query, lie)),
			}}
			messages = append(messages, other)
		}
	}
	h.Random.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	for _, m := range messages {
		h.Send(to, m)
	}
}

// Boaster claims, whenever an epoch starts, to hold a certificate that it does not hold: a timestamp far in the future beside the
// genesis, a certificate with forged votes, one of an outcome of its own with the votes for another. It tries to have epochs fail
// to start, or to start from what was never certified.
type Boaster struct{ Obedient }

func (*Boaster) Name() string { return "boaster" }

func (t *Boaster) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	request, ok := m.(*ocr3wire.EpochStartRequest)
	if !ok || to == h.ID() {
		h.Send(to, m)
		return
	}
	lie := *request
	switch h.Random.IntN(4) {
	case 0:
		lie.HighestCertified = ocr3wire.Genesis()
		lie.SignedHighestCertifiedTimestamp = h.claim(h.ID(), m.(*ocr3wire.EpochStartRequest).Epoch,
			ocr3wire.HighestCertifiedTimestamp{SeqNr: math.MaxUint64 - uint64(h.Random.IntN(3)), CommittedElsePrepared: true, Epoch: math.MaxUint64})
	case 1:
		lie.HighestCertified = h.madeUp(h.SeqNr()+uint64(h.Random.IntN(3)), h.Epoch())
		lie.SignedHighestCertifiedTimestamp = h.claim(h.ID(), lie.Epoch, lie.HighestCertified.Timestamp())
	case 2:
		lie.HighestCertified = h.altered(request.HighestCertified)
		lie.SignedHighestCertifiedTimestamp = h.claim(h.ID(), lie.Epoch, lie.HighestCertified.Timestamp())
	case 3: // truth, but signed for another epoch
		lie.SignedHighestCertifiedTimestamp = h.claim(h.ID(), lie.Epoch+1, request.HighestCertified.Timestamp())
	}
	h.Send(to, &lie)
	if h.Random.IntN(2) == 0 {
		h.Send(to, m)
	}
}

// madeUp is a certificate that looks right, with votes of traitors where they can vote.
func (h *Hand) madeUp(seqNr, epoch uint64) ocr3wire.Certificate {
	outcome := []byte("made up outcome of some length..")
	digest := ocr3wire.OutcomeDigest(outcome)
	var signatures []ocr3wire.AttributedSignature
	prepare := h.Random.IntN(2) == 0
	message := ocr3wire.CommitMessage(h.Digest(), epoch, seqNr, digest)
	if prepare {
		message = ocr3wire.PrepareMessage(h.Digest(), epoch, seqNr, [32]byte{}, digest)
	}
	repeat := h.Random.IntN(2) == 0
	for i := range h.Quorum() {
		signer := commontypes.OracleID((int(h.ID()) + i) % h.N())
		if repeat {
			signer = h.ID()
		}
		signature := h.forged()
		if h.IsTraitor(signer) {
			signature = h.Sign(signer, message)
		}
		signatures = append(signatures, ocr3wire.AttributedSignature{Signature: signature, Signer: signer})
	}
	if prepare {
		return &ocr3wire.CertifiedPrepare{PrepareEpoch: epoch, SeqNr: seqNr, Outcome: outcome, Signatures: signatures}
	}
	return &ocr3wire.CertifiedCommit{CommitEpoch: epoch, SeqNr: seqNr, Outcome: outcome, Signatures: signatures}
}

// altered is a certificate with the votes of another one: for a later sequence number, a later epoch, another outcome.
func (h *Hand) altered(certificate ocr3wire.Certificate) ocr3wire.Certificate {
	which := h.Random.IntN(3)
	switch c := certificate.(type) {
	case *ocr3wire.CertifiedCommit:
		if c.IsGenesis() {
			return h.madeUp(h.SeqNr(), h.Epoch())
		}
		other := *c
		alter(which, &other.SeqNr, &other.CommitEpoch, &other.Outcome)
		return &other
	case *ocr3wire.CertifiedPrepare:
		if which == 2 && h.Random.IntN(2) == 0 { // prepared is not committed
			return &ocr3wire.CertifiedCommit{CommitEpoch: c.PrepareEpoch, SeqNr: c.SeqNr, Outcome: c.Outcome, Signatures: c.Signatures}
		}
		other := *c
		alter(which, &other.SeqNr, &other.PrepareEpoch, &other.Outcome)
		return &other
	}
	return certificate
}

func alter(which int, seqNr, epoch *uint64, outcome *[]byte) {
	switch which {
	case 0:
		*seqNr++
	case 1:
		*epoch++
	case 2:
		*outcome = []byte("made up outcome of some length..")
	}
}

// Forger forges what attests reports: it signs reports that are none, sends others' signatures as its own, too few and too many,
// answers requests for commits, and sends them unasked, with certificates that are forged; and it sends reports to the contract.
type Forger struct {
	Obedient
	seen [][]byte // signatures on reports
}

func (*Forger) Name() string { return "forger" }

func (t *Forger) Incoming(_ *Hand, _ commontypes.OracleID, m ocr3wire.Message) bool {
	if m, ok := m.(*ocr3wire.ReportSignatures); ok && len(m.Signatures) > 0 {
		if len(t.seen) == 32 {
			t.seen = t.seen[1:]
		}
		t.seen = append(t.seen, m.Signatures[0])
	}
	return true
}

func (t *Forger) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	switch m := m.(type) {
	case *ocr3wire.ReportSignatures:
		lie := &ocr3wire.ReportSignatures{SeqNr: m.SeqNr}
		for range m.Signatures {
			switch {
			case h.Random.IntN(8) == 0:
				lie.Signatures = append(lie.Signatures, nil)
			case len(t.seen) > 0 && h.Random.IntN(2) == 0:
				lie.Signatures = append(lie.Signatures, t.seen[h.Random.IntN(len(t.seen))])
			default:
				lie.Signatures = append(lie.Signatures, h.RandomBytes(h.node.limits.MaxSignatureLength))
			}
		}
		if h.Random.IntN(4) == 0 && len(lie.Signatures) > 0 {
			lie.Signatures = lie.Signatures[1:]
		}
		h.Send(to, lie)
		h.Send(to, m)
	case *ocr3wire.CertifiedCommitMessage:
		if lie, ok := h.altered(&m.CertifiedCommit).(*ocr3wire.CertifiedCommit); ok {
			h.Send(to, &ocr3wire.CertifiedCommitMessage{CertifiedCommit: *lie})
		}
		h.Send(to, m)
	default:
		h.Send(to, m)
	}
}

func (t *Forger) Tick(h *Hand) {
	to := commontypes.OracleID(h.Random.IntN(h.N()))
	if lie, ok := h.madeUp(h.SeqNr(), h.Epoch()).(*ocr3wire.CertifiedCommit); ok {
		h.Send(to, &ocr3wire.CertifiedCommitMessage{CertifiedCommit: *lie})
	}
	report := ocr3types.ReportWithInfo[any]{Report: []byte("made up"), Info: "chain 0"}
	var signatures []types.AttributedOnchainSignature
	for _, traitor := range h.Traitors() {
		signatures = append(signatures, types.AttributedOnchainSignature{Signature: h.SignReport(traitor, h.SeqNr(), report), Signer: traitor})
	}
	h.Transmit(h.SeqNr(), report, signatures)
	h.Transmit(h.SeqNr(), report, append(signatures, signatures[0]))
	honest := commontypes.OracleID((int(h.ID()) + 1) % h.N())
	h.Transmit(h.SeqNr(), report, append(signatures, types.AttributedOnchainSignature{Signature: h.forged(), Signer: honest}))
}

// Racer wishes for epochs far ahead, up to the last one there is, and for ones long over: it tries to drag the others along,
// to use up the epochs, and to fill their buffers with messages of the future.
type Racer struct{ Obedient }

func (*Racer) Name() string { return "racer" }

func (*Racer) Tick(h *Hand) {
	epoch := h.Epoch()
	for i := range h.N() {
		to := commontypes.OracleID(i)
		var wish uint64
		switch h.Random.IntN(4) {
		case 0:
			wish = math.MaxUint64
		case 1:
			wish = epoch + uint64(h.Random.IntN(1000))
		case 2:
			wish = epoch + 1
		}
		h.Send(to, &ocr3wire.NewEpochWish{Epoch: wish})
		for range 4 {
			h.Send(to, &ocr3wire.RoundStart{Epoch: epoch + uint64(h.Random.IntN(20)), SeqNr: h.SeqNr() + uint64(h.Random.IntN(5))})
		}
		h.Send(to, &ocr3wire.ReportSignatures{SeqNr: math.MaxUint64 - uint64(h.Random.IntN(3)), Signatures: [][]byte{h.forged()}})
	}
}

// Spammer sends great numbers of messages that have the right form but are worthless: votes of rounds to come, requests, signatures
// on reports of all kinds of rounds. It tries to fill buffers, so that there is no room for what others send.
type Spammer struct{ Obedient }

func (*Spammer) Name() string { return "spammer" }

const spamPerTick = 30

func (*Spammer) Tick(h *Hand) {
	to := commontypes.OracleID(h.Random.IntN(h.N()))
	for i := range uint64(spamPerTick) {
		epoch := h.Epoch() + uint64(h.Random.IntN(3))
		h.Send(to, &ocr3wire.Prepare{Epoch: epoch, SeqNr: h.SeqNr() + i, Signature: h.forged()})
		h.Send(to, &ocr3wire.Commit{Epoch: epoch, SeqNr: h.SeqNr() + i, Signature: h.forged()})
		h.Send(to, &ocr3wire.ReportSignatures{SeqNr: h.Random.Uint64() >> h.Random.IntN(64), Signatures: [][]byte{h.forged()}})
		h.Send(to, &ocr3wire.CertifiedCommitRequest{SeqNr: h.SeqNr() - min(h.SeqNr(), i)})
		h.Send(to, &ocr3wire.EpochStart{Epoch: epoch, EpochStartProof: ocr3wire.EpochStartProof{
			HighestCertified: ocr3wire.Genesis(), HighestCertifiedProof: make([]ocr3wire.AttributedSignedHighestCertifiedTimestamp, h.Quorum()),
		}})
	}
}

// Delayer sends everything late, by up to DeltaProgress: it tries to have each step just miss its time, and to have messages
// arrive when they do not fit any more.
type Delayer struct{ Obedient }

func (*Delayer) Name() string { return "delayer" }

func (*Delayer) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) {
	h.SendAfter(time.Duration(h.Random.Int64N(int64(h.node.sim.options.Timing.DeltaProgress))), to, m)
}

// Replayer sends again what it has heard, honest oracles' words included: old messages as they were, and old signatures and
// contents in messages of the current epoch. It tries to have something counted where it was not meant.
type Replayer struct {
	engine.Replays[*Hand, ocr3wire.Message]
}

func (t *Replayer) Tick(h *Hand) {
	t.Replay(&h.Hand, func(m ocr3wire.Message) ocr3wire.Message { return moved(m, h.Epoch(), h.SeqNr()) })
}

// moved returns a message as if it were of another round.
func moved(m ocr3wire.Message, epoch, seqNr uint64) ocr3wire.Message {
	switch m.(type) {
	case *ocr3wire.NewEpochWish, *ocr3wire.CertifiedCommitRequest, *ocr3wire.CertifiedCommitMessage:
		return m // these are of no round
	}
	return engine.Moved(m, map[string]uint64{"Epoch": epoch, "SeqNr": seqNr})
}
