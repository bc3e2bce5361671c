package ocr1sim

import (
	"bytes"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// Replayer sends again what it has heard, honest oracles' words included: old messages as they were, and old signatures,
// observations and reports in messages of the current epoch. It tries to have something counted for a round for which it was not
// meant.
type Replayer struct {
	engine.Replays[*Hand, ocr1wire.Message]
}

// Tick sends what was heard, and a report to the contract as if it were of a later round.
func (t *Replayer) Tick(h *Hand) {
	t.Replay(&h.Hand.Hand, func(m ocr1wire.Message) ocr1wire.Message {
		return roundsim.Moved(m, h.Epoch(), uint8(h.Random.IntN(int(h.RMax())+2)))
	})
	for _, m := range t.Seen {
		if echo, ok := m.(*ocr1wire.FinalEcho); ok {
			r := &echo.Final.AttestedReport
			h.Transmit(ocr1.Round{Epoch: echo.Final.Epoch, Round: echo.Final.Round}, r.Observations, r.Signatures)
			h.Transmit(ocr1.Round{Epoch: h.Epoch() + 1, Round: 1}, r.Observations, r.Signatures)
			return
		}
	}
}

// Liar is a follower that equivocates: it sends several observations of one round, all signed, some of them at the edges of the
// range, and several reports. It tries to be counted twice, and to pull the answer to where it wants it.
type Liar struct{ Obedient }

func (*Liar) Name() string { return "liar" }

func (*Liar) Outgoing(h *Hand, to commontypes.OracleID, m ocr1wire.Message) {
	switch m := m.(type) {
	case *ocr1wire.Observe:
		round := ocr1.Round{Epoch: m.Epoch, Round: m.Round}
		lies := []ocr1wire.Observation{h.extreme(), h.extreme(), m.SignedObservation.Observation}
		h.Random.Shuffle(len(lies), func(i, j int) { lies[i], lies[j] = lies[j], lies[i] })
		for _, lie := range lies {
			h.Send(to, &ocr1wire.Observe{Epoch: m.Epoch, Round: m.Round, SignedObservation: h.SignObservation(h.ID(), round, lie)})
		}
	case *ocr1wire.Report:
		round := ocr1.Round{Epoch: m.Epoch, Round: m.Round}
		lie := slices.Clone(m.AttestedReport.Observations)
		lie[h.Random.IntN(len(lie))].Observation = h.extreme()
		for _, list := range [][]ocr1wire.AttributedObservation{lie, nil, lie[:1]} {
			h.Send(to, &ocr1wire.Report{Epoch: m.Epoch, Round: m.Round, AttestedReport: ocr1wire.AttestedReportOne{
				Observations: list, Signature: h.SignReport(h.ID(), round, list),
			}})
		}
		h.Send(to, m)
		h.Send(to, m)
	default:
		h.Send(to, m)
	}
}

// Equivocator is a leader with two faces. It splits the others in two halves and runs two reports in one round, of two lists of
// observations. It collects what each half attests to, adds the signatures of all traitors, and sends each half its own Final,
// and both to the contract. OCR1 cannot keep two reports of one round from being attested; it must keep all else.
type Equivocator struct {
	Obedient
	round ocr1.Round
	faces [2]face
}

// face is one of the two reports of a round.
type face struct {
	list    []ocr1wire.AttributedObservation
	reports map[commontypes.OracleID][]byte // signatures
	sent    bool
}

func (*Equivocator) Name() string { return "equivocator" }

// side tells which face an oracle sees. Traitors see the first.
func (*Equivocator) side(h *Hand, to commontypes.OracleID) int {
	if h.IsTraitor(to) {
		return 0
	}
	return int(to) % 2
}

func (t *Equivocator) Outgoing(h *Hand, to commontypes.OracleID, m ocr1wire.Message) {
	switch m := m.(type) {
	case *ocr1wire.ReportReq:
		round := ocr1.Round{Epoch: m.Epoch, Round: m.Round}
		other := otherList(h, m)
		if round != t.round {
			t.round = round
			for i, list := range [][]ocr1wire.AttributedSignedObservation{m.Observations, other} {
				t.faces[i] = face{list: attributed(list), reports: map[commontypes.OracleID][]byte{}}
			}
		}
		if t.side(h, to) == 1 {
			m = &ocr1wire.ReportReq{Epoch: m.Epoch, Round: m.Round, Observations: other}
		}
		h.Send(to, m)
	case *ocr1wire.Final:
		// Sent when there are enough signatures for the face.
	default:
		h.Send(to, m)
	}
}

// otherList is the list with another observation, also signed, of a traitor; or without the first one, if it can be spared.
func otherList(h *Hand, m *ocr1wire.ReportReq) []ocr1wire.AttributedSignedObservation {
	list := slices.Clone(m.Observations)
	for i := range list {
		if h.IsTraitor(list[i].Observer) {
			list[i].SignedObservation = h.SignObservation(list[i].Observer, ocr1.Round{Epoch: m.Epoch, Round: m.Round}, h.extreme())
			return ascending(list)
		}
	}
	return list[min(1, len(list)):]
}

func (t *Equivocator) Incoming(h *Hand, from commontypes.OracleID, m ocr1wire.Message) bool {
	report, ok := m.(*ocr1wire.Report)
	if !ok || t.round != (ocr1.Round{Epoch: report.Epoch, Round: report.Round}) || h.IsTraitor(from) {
		return true
	}
	face := &t.faces[t.side(h, from)]
	if !slices.Equal(face.list, report.AttestedReport.Observations) || face.sent {
		return true
	}
	face.reports[from] = report.AttestedReport.Signature
	signatures := h.SignAll(t.round, face.list)
	for i := range h.N() {
		if signature, ok := face.reports[commontypes.OracleID(i)]; ok {
			signatures = append(signatures, signature)
		}
	}
	if len(signatures) <= h.F() {
		return true
	}
	face.sent = true
	final := &ocr1wire.Final{Epoch: t.round.Epoch, Round: t.round.Round, AttestedReport: ocr1wire.AttestedReportMany{
		Observations: face.list, Signatures: signatures,
	}}
	for i := range h.N() {
		if to := commontypes.OracleID(i); h.IsTraitor(to) || face == &t.faces[t.side(h, to)] {
			h.Send(to, final)
		}
	}
	h.Transmit(t.round, face.list, signatures)
	return true
}

// Disorderly is a leader whose lists are wrong: out of order, with one observer twice, too short, with observers that there are
// not, with observations of others made up. It tries to have honest oracles sign what the contract, or reason, would not take.
type Disorderly struct{ Obedient }

func (*Disorderly) Name() string { return "disorderly" }

func (*Disorderly) Outgoing(h *Hand, to commontypes.OracleID, m ocr1wire.Message) {
	req, ok := m.(*ocr1wire.ReportReq)
	if !ok || to == h.ID() || len(req.Observations) == 0 {
		h.Send(to, m)
		return
	}
	round := ocr1.Round{Epoch: req.Epoch, Round: req.Round}
	list := slices.Clone(req.Observations)
	switch h.Random.IntN(6) {
	case 0:
		slices.Reverse(list)
	case 1:
		list = append(list[:1:1], list...)
	case 2:
		list = list[:min(len(list), 2*h.F())]
	case 3:
		list[len(list)-1].Observer = commontypes.OracleID(h.N() + h.Random.IntN(256-h.N()))
	case 4: // one of another oracle, with a signature that is good for something else
		i := h.Random.IntN(len(list))
		list[i].SignedObservation = h.SignObservation(h.ID(), round, h.extreme())
		list = ascending(list)
	case 5: // the same value as another oracle's, with its signature
		list[len(list)-1].SignedObservation = list[0].SignedObservation
		list = ascending(list)
	}
	h.Send(to, &ocr1wire.ReportReq{Epoch: req.Epoch, Round: req.Round, Observations: list})
	if h.Random.IntN(2) == 0 {
		h.Send(to, m)
	}
}

// Forger makes up reports that nobody made and signatures of honest oracles: in finals, in echoes, in transmissions, with too few
// signatures, with one twice, with others' signatures for other content. It tries to have something accepted that no honest oracle
// has seen.
type Forger struct {
	Obedient
	forgery engine.Forgery
}

func (*Forger) Name() string { return "forger" }

func (t *Forger) Incoming(_ *Hand, _ commontypes.OracleID, m ocr1wire.Message) bool {
	switch m := m.(type) {
	case *ocr1wire.Report:
		t.forgery.Remember(m.AttestedReport.Signature)
	case *ocr1wire.FinalEcho:
		for _, signature := range m.Final.AttestedReport.Signatures {
			t.forgery.Remember(signature)
		}
	}
	return true
}

// forged is something that looks like a signature.
func (t *Forger) forged(h *Hand) []byte {
	return t.forgery.Signature(h.Random, func() []byte {
		signature := h.RandomBytes(65)
		signature[64] &= 1
		return signature
	})
}

func (t *Forger) Outgoing(h *Hand, to commontypes.OracleID, m ocr1wire.Message) {
	switch m := m.(type) {
	case *ocr1wire.Final:
		h.Send(to, t.altered(h, m))
	case *ocr1wire.FinalEcho:
		h.Send(to, &ocr1wire.FinalEcho{Final: *t.altered(h, &m.Final)})
	}
	h.Send(to, m)
}

// altered is a final with another observation and the signatures of all traitors, or with another signature.
func (t *Forger) altered(h *Hand, m *ocr1wire.Final) *ocr1wire.Final {
	lie := *m
	r := &lie.AttestedReport
	if h.Random.IntN(2) == 0 {
		r.Signatures = slices.Clone(r.Signatures)
		r.Signatures[h.Random.IntN(len(r.Signatures))] = t.forged(h)
		return &lie
	}
	r.Observations = slices.Clone(r.Observations)
	r.Observations[len(r.Observations)/2].Observation = h.extreme()
	own := h.SignAll(ocr1.Round{Epoch: m.Epoch, Round: m.Round}, r.Observations)
	r.Signatures = append(own, r.Signatures[:min(len(r.Signatures), h.N()-len(own))]...)
	return &lie
}

func (t *Forger) Tick(h *Hand) {
	round := ocr1.Round{Epoch: h.Epoch(), Round: 1 + uint8(h.Random.IntN(int(h.RMax())))}
	var list []ocr1wire.AttributedObservation
	value := h.extreme()
	for i := range h.N() {
		list = append(list, ocr1wire.AttributedObservation{Observation: value, Observer: commontypes.OracleID(i)})
	}
	own := h.SignAll(round, list)
	forged, twice := slices.Clone(own), slices.Clone(own)
	for len(forged) <= h.F() {
		forged = append(forged, t.forged(h))
	}
	for len(twice) <= h.F() {
		twice = append(twice, own[0])
	}
	for _, signatures := range [][][]byte{own, forged, twice, nil} {
		final := ocr1wire.Final{Epoch: round.Epoch, Round: round.Round, AttestedReport: ocr1wire.AttestedReportMany{Observations: list, Signatures: signatures}}
		h.Broadcast(&ocr1wire.FinalEcho{Final: final})
		h.Broadcast(&final)
		h.Transmit(round, list, signatures)
	}
	// Real signatures, but the report of another round, or too short.
	if len(t.forgery.Seen()) > h.F() {
		h.Transmit(round, list[:2*h.F()], t.forgery.Seen()[:h.F()+1])
	}
}

// Impatient sends messages before their time and out of order: reports before they are asked for, a Final before there are
// attestations, one with too few or too many, rounds left out and gone back to, echoes of rounds to come. It tries to make the
// others skip a step.
type Impatient struct{ Obedient }

func (*Impatient) Name() string { return "impatient" }

func (*Impatient) Outgoing(h *Hand, to commontypes.OracleID, m ocr1wire.Message) {
	switch m := m.(type) {
	case *ocr1wire.ObserveReq:
		h.Send(to, &ocr1wire.Final{Epoch: m.Epoch, Round: m.Round})
		h.Send(to, &ocr1wire.ReportReq{Epoch: m.Epoch, Round: m.Round})
		h.Send(to, m)
		if m.Round > 1 {
			h.Send(to, &ocr1wire.ObserveReq{Epoch: m.Epoch, Round: m.Round - 1})
		}
	case *ocr1wire.ReportReq:
		h.Send(to, m)
		h.Send(to, m)
	case *ocr1wire.Final:
		few, many := *m, *m
		signatures := m.AttestedReport.Signatures
		few.AttestedReport.Signatures = signatures[:len(signatures)-1]
		many.AttestedReport.Signatures = append(slices.Clone(signatures), signatures[0])
		h.Send(to, &few)
		h.Send(to, &many)
		h.Send(to, m)
	case *ocr1wire.FinalEcho:
		next := *m
		next.Final.Round++
		h.Send(to, &next)
		h.Send(to, m)
		h.Send(to, m)
	case *ocr1wire.Observe:
		h.Send(to, &ocr1wire.Report{Epoch: m.Epoch, Round: m.Round})
		h.Send(to, m)
	default:
		h.Send(to, m)
	}
}

// Tick pretends to lead.
func (*Impatient) Tick(h *Hand) {
	h.Broadcast(&ocr1wire.ObserveReq{Epoch: h.Epoch(), Round: 1 + uint8(h.Random.IntN(int(h.RMax())+1))})
	h.Broadcast(&ocr1wire.Final{Epoch: h.Epoch(), Round: 1})
}

// Spammer sends great numbers of echoes that have the right form but are worthless, for rounds of all epochs, and messages of
// many later epochs. It tries to keep the others busy with signatures and to fill their buffers, so that there is no room for
// what others send.
type Spammer struct{ Obedient }

func (*Spammer) Name() string { return "spammer" }

const spamPerTick = 40

func (*Spammer) Tick(h *Hand) {
	to := commontypes.OracleID(h.Random.IntN(h.N()))
	for i := range spamPerTick {
		final := ocr1wire.Final{Epoch: h.Epoch() + uint32(h.Random.IntN(3)), Round: 1 + uint8(h.Random.IntN(int(h.RMax())))}
		for j := range h.F() + 1 {
			final.AttestedReport.Signatures = append(final.AttestedReport.Signatures, bytes.Repeat([]byte{byte(i + j)}, 65))
		}
		h.Send(to, &ocr1wire.FinalEcho{Final: final})
		h.Send(to, &ocr1wire.Observe{Epoch: h.Epoch() + 1 + uint32(i), Round: 1})
	}
}
