package ocr2

import (
	"bytes"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// reportGeneration makes reports, round by round, in one epoch. It is thrown away when the epoch ends. Every oracle has
// the follower's part, and the leader of the epoch the leader's as well.
type reportGeneration struct {
	*core
	rounds.Generation[ocr2wire.Message, observation, report]
	checks  *finalChecks
	leading leading
	// final is called with the attested report of a round, whose signatures are valid.
	final func(*ocr2wire.Final)
}

// observation is a signed observation with the query that it answers.
type observation struct {
	query  []byte
	signed ocr2wire.SignedObservation
}

// report is a report of one oracle, in the context of an extra hash.
type report struct {
	h        [32]byte
	attested ocr2wire.AttestedReportOne
}

func newReportGeneration(
	c *core, epoch uint32, leader commontypes.OracleID, checks *finalChecks, outcome rounds.Outcome, final func(*ocr2wire.Final),
) *reportGeneration {
	g := &reportGeneration{core: c, checks: checks, final: final, leading: leading{done: true}}
	g.Init(c.Core, epoch, leader, g, outcome)
	return g
}

// SameObservation tells whether two observations are the same, with their queries and signatures.
func (*reportGeneration) SameObservation(a, b observation) bool {
	return bytes.Equal(a.query, b.query) &&
		bytes.Equal(a.signed.Observation, b.signed.Observation) && bytes.Equal(a.signed.Signature, b.signed.Signature)
}

// ObservationSignature is the signature of an observation.
func (g *reportGeneration) ObservationSignature(round Round, o observation, observer commontypes.OracleID) kernel.SignatureCheck {
	digest := ocr2wire.ObservationDigest(g.timestamp(round), o.query, o.signed.Observation)
	return kernel.SignatureCheck{Kind: kernel.OffchainSignature, Signer: observer, Signature: o.signed.Signature, Message: digest[:]}
}

// Stop ends the epoch: nothing of it has an effect any more.
func (g *reportGeneration) Stop() {
	g.checks.followerGone()
	g.Follower.Stop()
	g.Abandon(g.leading.queryCall)
	g.Leader.Stop()
}
