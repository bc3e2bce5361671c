package ocr3sim

import (
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// Traitor is an oracle that does not follow the protocol. Beneath it, the same machine runs as in every other oracle; the
// traitor stands between that machine and the network, and may send whatever it likes besides. Traitors know each other:
// each can sign in the name of all of them, and what one hears, all know. They neither crash nor suffer from faults of disks
// and plugins.
//
// Methods are called one at a time. A traitor value belongs to one oracle of one run.
type Traitor interface {
	// Name is one or two words, for traces.
	Name() string
	// Outgoing is called with each message that the machine sends, once for each receiver. Only what it hands to Hand.Send
	// leaves. The message must not be changed: others have it, too.
	Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message)
	// Incoming is called with each message that arrives; the machine gets it if the result is true.
	Incoming(h *Hand, from commontypes.OracleID, m ocr3wire.Message) bool
	// Tick is called at the start and then at intervals of TickInterval.
	Tick(h *Hand)
}

// TickInterval is the time between two calls of Traitor.Tick.
const TickInterval = 250 * time.Millisecond

// Obedient is a Traitor that follows the protocol, but for its name. Embed it and change what is to be changed.
type Obedient struct{}

// Outgoing sends the message.
func (Obedient) Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message) { h.Send(to, m) }

// Incoming lets the message pass.
func (Obedient) Incoming(*Hand, commontypes.OracleID, ocr3wire.Message) bool { return true }

// Tick does nothing.
func (Obedient) Tick(*Hand) {}

// Hand is what a traitor has in hand.
type Hand struct {
	node    *node
	traitor Traitor
	// Random is for this traitor alone.
	Random *rand.Rand
	// round is the latest one in which the machine beneath computed an outcome.
	round computedRound
}

type computedRound struct {
	context ocr3.OutcomeContext
	query   types.Query
}

// conspiracy is what all traitors of a run share.
type conspiracy struct {
	sim     *simulation
	members []commontypes.OracleID
	// requests are the EPOCH-START-REQUESTs of the latest epoch for which one arrived, by oracle.
	epoch    uint64
	requests map[commontypes.OracleID]*ocr3wire.EpochStartRequest
	// certificates are some that arrived.
	certificates []ocr3wire.Certificate
}

const conspiracyRemembers = 32

func newConspiracy(s *simulation) *conspiracy { return &conspiracy{sim: s} }

// hears takes up what arrives at any traitor.
func (c *conspiracy) hears(from commontypes.OracleID, m ocr3wire.Message) {
	switch m := m.(type) {
	case *ocr3wire.EpochStartRequest:
		if m.Epoch > c.epoch {
			c.epoch, c.requests = m.Epoch, map[commontypes.OracleID]*ocr3wire.EpochStartRequest{}
		}
		if m.Epoch == c.epoch {
			c.requests[from] = m
		}
		c.remember(m.HighestCertified)
	case *ocr3wire.EpochStart:
		c.remember(m.EpochStartProof.HighestCertified)
	case *ocr3wire.CertifiedCommitMessage:
		c.remember(&m.CertifiedCommit)
	}
}

func (c *conspiracy) remember(certificate ocr3wire.Certificate) {
	if certificate == nil {
		return
	}
	if len(c.certificates) == conspiracyRemembers {
		c.certificates = c.certificates[1:]
	}
	c.certificates = append(c.certificates, certificate)
}

func (h *Hand) tick() {
	h.traitor.Tick(h)
	h.node.sim.At(h.node.sim.Now+TickInterval, h.tick)
}

// called notes what the machine beneath asks of its plugin.
func (h *Hand) called(effect kernel.Effect) {
	switch e := effect.(type) {
	case ocr3.CallObservation:
		h.round = computedRound{e.Context, e.Query}
	case ocr3.CallQuery:
		h.round = computedRound{context: e.Context}
	}
}

// ID returns the traitor's own index.
func (h *Hand) ID() commontypes.OracleID { return h.node.id }

// N and F are those of the instance.
func (h *Hand) N() int { return h.node.sim.options.N }

// F is how many traitors there may be.
func (h *Hand) F() int { return h.node.sim.options.F }

// Quorum is the number of votes in a certificate.
func (h *Hand) Quorum() int { return h.node.sim.quorum }

// Epoch returns the epoch in which the machine beneath is; 0 before it has started.
func (h *Hand) Epoch() uint64 { return h.node.status.Epoch }

// SeqNr returns what comes after the latest outcome that the machine beneath has committed.
func (h *Hand) SeqNr() uint64 { return h.node.status.CommittedSeqNr + 1 }

// Leader returns the leader of an epoch.
func (h *Hand) Leader(epoch uint64) commontypes.OracleID { return h.node.sim.leaders.Leader(epoch) }

// Leads tells whether the traitor leads the epoch in which it is.
func (h *Hand) Leads() bool { return h.Epoch() > 0 && h.Leader(h.Epoch()) == h.ID() }

// Traitors returns all traitors, this one included.
func (h *Hand) Traitors() []commontypes.OracleID { return h.node.sim.conspiracy.members }

// IsTraitor tells whether an oracle is one of the traitors.
func (h *Hand) IsTraitor(id commontypes.OracleID) bool { return h.node.sim.nodes[id].hand != nil }

// Digest is the config digest.
func (h *Hand) Digest() types.ConfigDigest { return h.node.sim.digest }

// Send sends a message.
func (h *Hand) Send(to commontypes.OracleID, m ocr3wire.Message) { h.SendAs(h.ID(), to, m) }

// SendAs sends a message from any traitor.
func (h *Hand) SendAs(from, to commontypes.OracleID, m ocr3wire.Message) {
	h.mustBeTraitor(from)
	h.node.sim.trace(h.node.sim.nodes[from], "traitor "+h.traitor.Name()+" sends", m)
	m, bytes := h.node.sim.wire(m)
	h.node.sim.network.Send(from, to, m, bytes)
}

// SendAfter sends a message later.
func (h *Hand) SendAfter(d time.Duration, to commontypes.OracleID, m ocr3wire.Message) {
	h.node.sim.At(h.node.sim.Now+d, func() { h.Send(to, m) })
}

// SendBytes sends bytes that need not be a message.
func (h *Hand) SendBytes(to commontypes.OracleID, b []byte) {
	h.node.sim.network.Send(h.ID(), to, nil, b)
}

// Broadcast sends a message to all oracles.
func (h *Hand) Broadcast(m ocr3wire.Message) {
	for i := range h.N() {
		h.Send(commontypes.OracleID(i), m)
	}
}

// Sign signs in the name of any traitor.
func (h *Hand) Sign(as commontypes.OracleID, message ocr3wire.SignedMessage) []byte {
	h.mustBeTraitor(as)
	return h.node.sim.keys.signOffchain(as, message[:])
}

// SignReport signs in the name of any traitor.
func (h *Hand) SignReport(as commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any]) []byte {
	h.mustBeTraitor(as)
	return h.node.sim.keys.signReport(as, seqNr, report)
}

func (h *Hand) mustBeTraitor(id commontypes.OracleID) {
	if !h.IsTraitor(id) {
		panic("ocr3sim: a traitor tries to act in the name of an honest oracle")
	}
}

// Transmit sends a report to the contract.
func (h *Hand) Transmit(seqNr uint64, report ocr3types.ReportWithInfo[any], signatures []types.AttributedOnchainSignature) {
	h.node.sim.transmit(maxTransmitTime/2, h.ID(), seqNr, report, signatures, func(error) {})
}

// forged is a signature that is none.
func (h *Hand) forged() []byte { return randomBytes(h, 64) }

func randomBytes(h *Hand, length int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(h.Random.Uint32())
	}
	return b
}
