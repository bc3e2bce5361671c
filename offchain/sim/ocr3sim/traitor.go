package ocr3sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// Traitor is an oracle that does not follow the protocol. Beneath it, the same machine runs as in every other oracle; the
// traitor stands between that machine and the network, and may send whatever it likes besides. Traitors know each other:
// each can sign in the name of all of them, and what one hears, all know. They neither crash nor suffer from faults of disks
// and plugins. Its methods, called one at a time:
//
//	Name() string                                                          // one or two words, for traces
//	Outgoing(h *Hand, to commontypes.OracleID, m ocr3wire.Message)         // a message of the machine, to one receiver; send it with h, or do not
//	Incoming(h *Hand, from commontypes.OracleID, m ocr3wire.Message) bool  // a message for the machine, which gets it if the result is true
//	Tick(h *Hand)                                                          // at the start and then at intervals of TickInterval
//
// A message must not be changed: others have it, too. A traitor value belongs to one oracle of one run.
type Traitor = engine.Traitor[*Hand, ocr3wire.Message]

// TickInterval is the time between two calls of Traitor.Tick.
const TickInterval = engine.TickInterval

type (
	// Obedient is a Traitor that follows the protocol, but for its name. Embed it and change what is to be changed.
	Obedient = engine.Obedient[*Hand, ocr3wire.Message]
	// Silent sends nothing at all: it tries to stop the network by not being there, above all in the epochs that it leads.
	Silent = engine.Silent[*Hand, ocr3wire.Message]
	// Selective follows the protocol towards some oracles and is silent towards the others: it tries to let only some of them
	// make progress, so that they do not agree on when to leave an epoch.
	Selective = engine.Selective[*Hand, ocr3wire.Message]
	// Garbage sends bytes: random ones, its own messages with some bits changed or their ends cut off, and messages that are
	// too large. It tries to make the others fail while they read.
	Garbage = engine.Garbage[*Hand, ocr3wire.Message]
	// Fickle behaves like one traitor for a while and then like another: it tries to combine what each of them achieves.
	Fickle = engine.Fickle[*Hand, ocr3wire.Message]
)

// Hand is what a traitor has in hand.
type Hand struct {
	// What traitors of all protocols have: Random, for this traitor alone; ID, N, F, Traitors and IsTraitor; Send, SendAs (another
	// traitor), SendAfter, SendBytes and Broadcast.
	engine.Hand[ocr3wire.Message]
	node    *node
	traitor Traitor
	// round is the latest one in which the machine beneath computed an outcome.
	round computedRound
}

type computedRound struct {
	context ocr3.OutcomeContext
	query   types.Query
}

// conspiracy is what all traitors of a run share.
type conspiracy struct {
	// requests are the EPOCH-START-REQUESTs of the latest epoch for which one arrived, by oracle.
	epoch    uint64
	requests map[commontypes.OracleID]*ocr3wire.EpochStartRequest
	// certificates are some that arrived.
	certificates []ocr3wire.Certificate
}

const conspiracyRemembers = 32

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

// called notes what the machine beneath asks of its plugin.
func (h *Hand) called(effect kernel.Effect) {
	switch e := effect.(type) {
	case ocr3.CallObservation:
		h.round = computedRound{e.Context, e.Query}
	case ocr3.CallQuery:
		h.round = computedRound{context: e.Context}
	}
}

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

// Digest is the config digest.
func (h *Hand) Digest() types.ConfigDigest { return h.node.sim.digest }

// Sign signs in the name of any traitor.
func (h *Hand) Sign(as commontypes.OracleID, message ocr3wire.SignedMessage) []byte {
	h.MustBeTraitor(as)
	return h.node.sim.keys.signOffchain(as, message[:])
}

// SignReport signs in the name of any traitor.
func (h *Hand) SignReport(as commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any]) []byte {
	h.MustBeTraitor(as)
	return h.node.sim.keys.signReport(as, seqNr, report)
}

// Transmit sends a report to the contract.
func (h *Hand) Transmit(seqNr uint64, report ocr3types.ReportWithInfo[any], signatures []types.AttributedOnchainSignature) {
	h.node.sim.transmit(engine.MaxTransmitTime/2, h.ID(), seqNr, report, signatures, func(error) {})
}

// forged is a signature that is none.
func (h *Hand) forged() []byte { return h.RandomBytes(64) }
