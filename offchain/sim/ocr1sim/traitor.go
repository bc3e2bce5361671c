package ocr1sim

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// Traitor is an oracle that does not follow the protocol. Beneath it, the same machine runs as in every other oracle; the
// traitor stands between that machine and the network, and may send whatever it likes besides. Traitors know each other:
// each can sign in the name of all of them. They neither crash nor suffer from faults of disks and data sources. Its methods,
// called one at a time:
//
//	Name() string                                                          // one or two words, for traces
//	Outgoing(h *Hand, to commontypes.OracleID, m ocr1wire.Message)         // a message of the machine, to one receiver; send it with h, or do not
//	Incoming(h *Hand, from commontypes.OracleID, m ocr1wire.Message) bool  // a message for the machine, which gets it if the result is true
//	Tick(h *Hand)                                                          // at the start and then at intervals of TickInterval
//
// A message must not be changed: others have it, too. A traitor value belongs to one oracle of one run.
type Traitor = engine.Traitor[*Hand, ocr1wire.Message]

// TickInterval is the time between two calls of Traitor.Tick.
const TickInterval = engine.TickInterval

// Traitors who are the same in other protocols; see package sim.
type (
	Obedient    = engine.Obedient[*Hand, ocr1wire.Message]
	Silent      = engine.Silent[*Hand, ocr1wire.Message]
	Selective   = engine.Selective[*Hand, ocr1wire.Message]
	Delayer     = engine.Delayer[*Hand, ocr1wire.Message]
	Garbage     = engine.Garbage[*Hand, ocr1wire.Message]
	Racer       = roundsim.Racer[*Hand, ocr1wire.Message]
	Withholding = roundsim.Withholding[*Hand, ocr1wire.Message]
	Fickle      = engine.Fickle[*Hand, ocr1wire.Message]
)

// Hand is what a traitor has in hand.
type Hand struct {
	// What traitors of all protocols have: Random, for this traitor alone; ID, N, F, Traitors and IsTraitor; Send, SendAs (another
	// traitor), SendAfter, SendBytes and Broadcast; and Epoch (of the machine beneath; 0 before it has started), RMax and Leader.
	roundsim.Hand[ocr1wire.Message]
	node    *node
	traitor Traitor
}

// SignObservation signs in the name of any traitor.
func (h *Hand) SignObservation(as commontypes.OracleID, r ocr1.Round, o ocr1wire.Observation) ocr1wire.SignedObservation {
	h.MustBeTraitor(as)
	message := ocr1wire.SignedMessage(h.node.sim.timestamp(r), o)
	return ocr1wire.SignedObservation{Observation: o, Signature: h.node.sim.keys.signOffchain(as, message)}
}

// SignReport signs a report of observations in the name of any traitor; nil if there can be no such report.
func (h *Hand) SignReport(as commontypes.OracleID, r ocr1.Round, list []ocr1wire.AttributedObservation) []byte {
	h.MustBeTraitor(as)
	report, err := h.node.sim.report(r, list)
	if err != nil {
		return nil
	}
	return h.node.sim.keys.signReport(as, report)
}

// SignAll signs in the names of all traitors.
func (h *Hand) SignAll(r ocr1.Round, list []ocr1wire.AttributedObservation) (signatures [][]byte) {
	for _, traitor := range h.Traitors() {
		signatures = append(signatures, h.SignReport(traitor, r, list))
	}
	return signatures
}

// Transmit sends a report of observations to the contract, if it can be made and the signatures have the right length.
func (h *Hand) Transmit(r ocr1.Round, list []ocr1wire.AttributedObservation, signatures [][]byte) {
	report, err := h.node.sim.report(r, list)
	if err != nil {
		return
	}
	rs, ss, vs, err := ocr1wire.SplitSignatures(signatures)
	if err != nil {
		return
	}
	h.node.Transmit(ocr1.CallTransmit{Round: r, Report: report, Rs: rs, Ss: ss, Vs: vs})
}

// attributed leaves the signatures of observations away.
func attributed(list []ocr1wire.AttributedSignedObservation) []ocr1wire.AttributedObservation {
	result := make([]ocr1wire.AttributedObservation, len(list))
	for i := range list {
		result[i] = list[i].Attributed()
	}
	return result
}

// ascending sorts observations by value.
func ascending(list []ocr1wire.AttributedSignedObservation) []ocr1wire.AttributedSignedObservation {
	slices.SortStableFunc(list, func(a, b ocr1wire.AttributedSignedObservation) int { return a.Observation.Compare(b.Observation) })
	return list
}

// extreme is one of the values at the edges: of the range, of zero.
func (h *Hand) extreme() ocr1wire.Observation {
	least, most := ocr1wire.Observation{0: 0x80}, ocr1wire.Observation{0: 0x7f}
	for i := 1; i < len(most); i++ {
		most[i] = 0xff
	}
	minusOne := ocr1wire.Observation{}
	for i := range minusOne {
		minusOne[i] = 0xff
	}
	return engine.Either(h.Random, least, most, ocr1wire.Observation{}, minusOne, ocr1wire.Observation{23: 1})
}
