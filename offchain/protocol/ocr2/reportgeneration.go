package ocr2

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// reportGeneration makes reports, round by round, in one epoch. It is thrown away when the epoch ends. Every oracle has
// the follower's part, and the leader of the epoch the leader's as well.
type reportGeneration struct {
	*core
	epoch    uint32
	leaderID commontypes.OracleID
	outcome  roundOutcome
	checks   *finalChecks

	follower follower
	leader   leader
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
	c *core, epoch uint32, leaderID commontypes.OracleID, checks *finalChecks, outcome roundOutcome,
) *reportGeneration {
	g := &reportGeneration{core: c, epoch: epoch, leaderID: leaderID, outcome: outcome, checks: checks}
	g.follower.reportGeneration = g
	g.leader.init(g)
	return g
}

func (g *reportGeneration) leads() bool { return g.cfg.OracleID == g.leaderID }

// start begins the first round, if this oracle leads.
func (g *reportGeneration) start() {
	if g.leads() {
		g.leader.start()
	}
}

// stop ends the epoch: nothing of it has an effect any more.
func (g *reportGeneration) stop() {
	g.checks.followerGone()
	g.follower.stop()
	g.leader.stop()
}

// receive handles a message of this epoch.
func (g *reportGeneration) receive(from commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.ObserveReq, *ocr2wire.ReportReq, *ocr2wire.Final:
		if from != g.leaderID {
			g.drop(from, m.Kind(), dropNotFromLeader)
			return
		}
		g.follower.receive(m)
	case *ocr2wire.Observe:
		if !g.leads() {
			g.drop(from, m.Kind(), dropNotLeading)
			return
		}
		g.leader.observe(from, m)
	case *ocr2wire.Report:
		if !g.leads() {
			g.drop(from, m.Kind(), dropNotLeading)
			return
		}
		g.leader.report(from, m)
	}
}

// allGood tells whether a verification found no bad signature.
func allGood(ev kernel.Verified) bool { return ev.Bad < 0 }
