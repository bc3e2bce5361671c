package ocr1

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// generation makes reports, round by round, in one epoch. It is thrown away when the epoch ends. Every oracle has the
// follower's part, and the leader of the epoch the leader's as well.
type generation struct {
	*core
	rounds.Generation[ocr1wire.Message, ocr1wire.SignedObservation, ocr1wire.AttestedReportOne]
	epoch   uint32
	outcome roundOutcome
	echoes  echoes
	valid   *rounds.ValidSet
}

// roundOutcome is where report generation tells what came of its rounds.
type roundOutcome interface {
	// progress: a round was completed.
	progress()
	// changeLeader: the leader has led all rounds of the epoch.
	changeLeader()
	// transmit: enough oracles echoed an attested report.
	transmit(*ocr1wire.Final)
}

func newGeneration(
	c *core, epoch uint32, leader commontypes.OracleID, valid *rounds.ValidSet, outcome roundOutcome,
) *generation {
	g := &generation{core: c, epoch: epoch, outcome: outcome, valid: valid}
	g.Init(c.Core, epoch, leader, follower{g}, sameObservation, g.reported)
	return g
}

// stop ends the epoch: nothing of it has an effect any more.
func (g *generation) stop() {
	g.Follower.Stop()
	g.Leader.Stop()
}

// receive handles a message of this epoch.
func (g *generation) receive(from commontypes.OracleID, m ocr1wire.Message) {
	g.Receive(from, m, g.collect)
}
