package sim

import (
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Traitor is an oracle that does not follow the protocol. Beneath it, the same machine runs as in every other oracle; the
// traitor stands between that machine and the network, and may send whatever it likes besides. Traitors know each other:
// each can sign in the name of all of them. They neither crash nor suffer from faults of disks and plugins.
//
// Methods are called one at a time. A traitor value belongs to one oracle of one run.
type Traitor interface {
	// Name is one or two words, for traces.
	Name() string
	// Outgoing is called with each message that the machine sends, once for each receiver. Only what it hands to Hand.Send
	// leaves. The message must not be changed: others have it, too.
	Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message)
	// Incoming is called with each message that arrives; the machine gets it if the result is true.
	Incoming(h *Hand, from commontypes.OracleID, m ocr2wire.Message) bool
	// Tick is called at the start and then at intervals of TickInterval.
	Tick(h *Hand)
}

// TickInterval is the time between two calls of Traitor.Tick.
const TickInterval = 250 * time.Millisecond

// Obedient is a Traitor that follows the protocol, but for its name. Embed it and change what is to be changed.
type Obedient struct{}

// Outgoing sends the message.
func (Obedient) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) { h.Send(to, m) }

// Incoming lets the message pass.
func (Obedient) Incoming(*Hand, commontypes.OracleID, ocr2wire.Message) bool { return true }

// Tick does nothing.
func (Obedient) Tick(*Hand) {}

// Hand is what a traitor has in hand.
type Hand struct {
	node    *node
	traitor Traitor
	// Random is for this traitor alone.
	Random *rand.Rand
}

// conspiracy is what all traitors of a run share.
type conspiracy struct {
	sim     *simulation
	members []commontypes.OracleID
}

func newConspiracy(s *simulation) *conspiracy { return &conspiracy{sim: s} }

func (h *Hand) tick() {
	h.traitor.Tick(h)
	h.node.sim.At(h.node.sim.Now+TickInterval, h.tick)
}

// ID returns the traitor's own index.
func (h *Hand) ID() commontypes.OracleID { return h.node.id }

// N and F are those of the instance.
func (h *Hand) N() int { return h.node.sim.options.N }

// F is how many traitors there may be.
func (h *Hand) F() int { return h.node.sim.options.F }

// RMax is the last round of an epoch.
func (h *Hand) RMax() uint8 { return h.node.sim.options.Timing.RMax }

// Quorum is the number of signatures of a final report.
func (h *Hand) Quorum() int { return h.node.sim.quorum(true) }

// Epoch returns the epoch in which the machine beneath is; 0 before it has started.
func (h *Hand) Epoch() uint32 { return h.node.status.Epoch }

// Leader returns the leader of an epoch.
func (h *Hand) Leader(epoch uint32) commontypes.OracleID { return h.node.sim.leaders.Leader(epoch) }

// Traitors returns all traitors, this one included.
func (h *Hand) Traitors() []commontypes.OracleID { return h.node.sim.conspiracy.members }

// IsTraitor tells whether an oracle is one of the traitors.
func (h *Hand) IsTraitor(id commontypes.OracleID) bool { return !h.node.sim.nodes[id].honest() }

// Timestamp returns a round in the form in which it is signed.
func (h *Hand) Timestamp(epoch uint32, round uint8) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: h.node.sim.digest, Epoch: epoch, Round: round}
}

// Send sends a message.
func (h *Hand) Send(to commontypes.OracleID, m ocr2wire.Message) {
	h.node.sim.trace(h.node, "traitor "+h.traitor.Name()+" sends", m)
	m, bytes := h.node.sim.wire(m)
	h.node.sim.network.Send(h.node.id, to, m, bytes)
}

// SendAfter sends a message later.
func (h *Hand) SendAfter(d time.Duration, to commontypes.OracleID, m ocr2wire.Message) {
	h.node.sim.At(h.node.sim.Now+d, func() { h.Send(to, m) })
}

// SendBytes sends bytes that need not be a message.
func (h *Hand) SendBytes(to commontypes.OracleID, b []byte) {
	h.node.sim.network.Send(h.node.id, to, nil, b)
}

// Broadcast sends a message to all oracles.
func (h *Hand) Broadcast(m ocr2wire.Message) {
	for i := range h.N() {
		h.Send(commontypes.OracleID(i), m)
	}
}

// SignObservation signs in the name of any traitor.
func (h *Hand) SignObservation(as commontypes.OracleID, ts types.ReportTimestamp, query types.Query, o types.Observation) ocr2wire.SignedObservation {
	h.mustBeTraitor(as)
	digest := ocr2wire.ObservationDigest(ts, query, o)
	return ocr2wire.SignedObservation{Observation: o, Signature: h.node.sim.keys.signOffchain(as, digest[:])}
}

// SignReport signs in the name of any traitor.
func (h *Hand) SignReport(as commontypes.OracleID, ctx types.ReportContext, report types.Report) []byte {
	h.mustBeTraitor(as)
	return h.node.sim.keys.signOnchain(as, ctx, report)
}

func (h *Hand) mustBeTraitor(id commontypes.OracleID) {
	if !h.IsTraitor(id) {
		panic("sim: a traitor tries to sign in the name of an honest oracle")
	}
}

// Transmit sends a report to the contract.
func (h *Hand) Transmit(ctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) {
	h.node.transmit(ocr2.CallTransmit{Context: ctx, Report: report, Signatures: signatures})
}
