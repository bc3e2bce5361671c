package ocr1

import (
	"bytes"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// generation makes reports, round by round, in one epoch. It is thrown away when the epoch ends. Every oracle has the
// follower's part, and the leader of the epoch the leader's as well.
type generation struct {
	*core
	rounds.Generation[ocr1wire.Message, ocr1wire.SignedObservation, ocr1wire.AttestedReportOne]
	echoes echoes
	valid  *rounds.ValidSet
	// transmit is called with an attested report that enough oracles echoed.
	transmit func(*ocr1wire.Final)
}

func newGeneration(
	c *core, epoch uint32, leader commontypes.OracleID, valid *rounds.ValidSet, outcome rounds.Outcome, transmit func(*ocr1wire.Final),
) *generation {
	g := &generation{core: c, valid: valid, transmit: transmit}
	g.Init(c.Core, epoch, leader, g, outcome)
	return g
}

// SameObservation tells whether two observations are the same, with their signatures.
func (*generation) SameObservation(a, b ocr1wire.SignedObservation) bool {
	return a.Observation == b.Observation && bytes.Equal(a.Signature, b.Signature)
}

// ObservationSignature is the signature of an observation.
func (g *generation) ObservationSignature(
	round Round, o ocr1wire.SignedObservation, observer commontypes.OracleID,
) kernel.SignatureCheck {
	return kernel.SignatureCheck{
		Kind: kernel.OffchainSignature, Signer: observer, Signature: o.Signature,
		Message: ocr1wire.SignedMessage(g.timestamp(round), o.Observation),
	}
}
