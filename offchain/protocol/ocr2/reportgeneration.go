package ocr2

import (
	"bytes"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// reportGeneration makes reports, round by round, in one epoch. It is thrown away when the epoch ends. Every oracle has
// the follower's part, and the leader of the epoch the leader's as well.
type reportGeneration struct {
	*core
	rounds.Generation[ocr2wire.Message, observation, report]
	epoch   uint32
	outcome roundOutcome
	checks  *finalChecks
	leading leading
}

// observation is a signed observation with the query that it answers.
type observation struct {
	query  []byte
	signed ocr2wire.SignedObservation
}

func sameObservation(a, b observation) bool {
	return bytes.Equal(a.query, b.query) &&
		bytes.Equal(a.signed.Observation, b.signed.Observation) && bytes.Equal(a.signed.Signature, b.signed.Signature)
}

// report is a report of one oracle, in the context of an extra hash.
type report struct {
	h        [32]byte
	attested ocr2wire.AttestedReportOne
}

// roundOutcome is where report generation tells what came of its rounds.
type roundOutcome interface {
	// progress: a round was completed.
	progress()
	// changeLeader: the leader has led all rounds of the epoch.
	changeLeader()
	// final: a round ended with an attested report, whose signatures are valid.
	final(*ocr2wire.Final)
}

func newReportGeneration(
	c *core, epoch uint32, leader commontypes.OracleID, checks *finalChecks, outcome roundOutcome,
) *reportGeneration {
	g := &reportGeneration{core: c, epoch: epoch, outcome: outcome, checks: checks}
	g.Init(c.Core, epoch, leader, follower{g}, sameObservation, g.reported)
	return g
}

// stop ends the epoch: nothing of it has an effect any more.
func (g *reportGeneration) stop() {
	g.checks.followerGone()
	g.Follower.Stop()
	g.Abandon(g.leading.queryCall)
	g.Leader.Stop()
}

// receive handles a message of this epoch.
func (g *reportGeneration) receive(from commontypes.OracleID, m ocr2wire.Message) {
	g.Receive(from, m, g.collect)
}
