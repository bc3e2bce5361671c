package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Traitor is an oracle that does not follow the protocol. Beneath it, the same machine runs as in every other oracle; the
// traitor stands between that machine and the network, and may send whatever it likes besides. Traitors know each other:
// each can sign in the name of all of them. They neither crash nor suffer from faults of disks and plugins. Its methods,
// called one at a time:
//
//	Name() string                                                          // one or two words, for traces
//	Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message)         // a message of the machine, to one receiver; send it with h, or do not
//	Incoming(h *Hand, from commontypes.OracleID, m ocr2wire.Message) bool  // a message for the machine, which gets it if the result is true
//	Tick(h *Hand)                                                          // at the start and then at intervals of TickInterval
//
// A message must not be changed: others have it, too. A traitor value belongs to one oracle of one run.
type Traitor = engine.Traitor[*Hand, ocr2wire.Message]

// TickInterval is the time between two calls of Traitor.Tick.
const TickInterval = engine.TickInterval

type (
	// Obedient is a Traitor that follows the protocol, but for its name. Embed it and change what is to be changed.
	Obedient = engine.Obedient[*Hand, ocr2wire.Message]
	// Silent sends nothing at all: it tries to stop the network by not being there, above all in the epochs that it leads.
	Silent = engine.Silent[*Hand, ocr2wire.Message]
	// Selective follows the protocol towards some oracles and is silent towards the others: it tries to let only some of them
	// make progress, so that they do not agree on when to leave an epoch.
	Selective = engine.Selective[*Hand, ocr2wire.Message]
	// Delayer sends everything, but late, some of it very late: it tries to slow the network down as much as it can without
	// being left behind, and to be heard in rounds and epochs that are over.
	Delayer = engine.Delayer[*Hand, ocr2wire.Message]
	// Garbage sends bytes: random ones, its own messages with some bits changed or their ends cut off, and messages that are
	// too large. It tries to make the others fail while they read.
	Garbage = engine.Garbage[*Hand, ocr2wire.Message]
	// Racer wishes for epochs far ahead, up to the last one there is, and for ones long over: it tries to drag the others along,
	// to use up the epochs, and to fill their buffers with messages of the future.
	Racer = roundsim.Racer[*Hand, ocr2wire.Message]
	// Withholding does all the work of a round but keeps its outcome back: as a leader it sends Final to one oracle only, as a
	// follower it sends no Report. It tries to make oracles differ in what they have finalized.
	Withholding = roundsim.Withholding[*Hand, ocr2wire.Message]
	// Fickle behaves like one traitor for a while and then like another: it tries to combine what each of them achieves.
	Fickle = engine.Fickle[*Hand, ocr2wire.Message]
)

// Hand is what a traitor has in hand.
type Hand struct {
	// What traitors of all protocols have: Random, for this traitor alone; ID, N, F, Traitors and IsTraitor; Send, SendAs (another
	// traitor), SendAfter, SendBytes and Broadcast; and Epoch (of the machine beneath; 0 before it has started), RMax and Leader.
	roundsim.Hand[ocr2wire.Message]
	node    *node
	traitor Traitor
}

// Quorum is the number of signatures of a final report.
func (h *Hand) Quorum() int { return h.node.sim.quorum(true) }

// Timestamp returns a round in the form in which it is signed.
func (h *Hand) Timestamp(epoch uint32, round uint8) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: h.node.sim.digest, Epoch: epoch, Round: round}
}

// SignObservation signs in the name of any traitor.
func (h *Hand) SignObservation(as commontypes.OracleID, ts types.ReportTimestamp, query types.Query, o types.Observation) ocr2wire.SignedObservation {
	h.MustBeTraitor(as)
	digest := ocr2wire.ObservationDigest(ts, query, o)
	return ocr2wire.SignedObservation{Observation: o, Signature: h.node.sim.keys.signOffchain(as, digest[:])}
}

// SignReport signs in the name of any traitor.
func (h *Hand) SignReport(as commontypes.OracleID, ctx types.ReportContext, report types.Report) []byte {
	h.MustBeTraitor(as)
	return h.node.sim.keys.signOnchain(as, ctx, report)
}

// Transmit sends a report to the contract.
func (h *Hand) Transmit(ctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) {
	h.node.Transmit(ocr2.CallTransmit{Context: ctx, Report: report, Signatures: signatures})
}
