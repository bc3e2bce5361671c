package ocr1sim

import "github.com/ocrkit/ocrkit/offchain/sim/internal/simtest"

// mutants are the defects that TestMutantsAreFound puts into the protocol.
var mutants = []simtest.Mutant{
	// Signatures and lists.
	{Name: "signatures of f oracles are enough", File: "protocol/ocr1/attestation.go",
		Old: "return len(r.Signatures) > c.cfg.F &&", New: "return len(r.Signatures) > c.cfg.F-ONE &&", Seed: 5, Invariant: "honest quorum"},
	{Name: "a signer counts twice", File: "protocol/ocr1/echoes.go",
		Old: "ev.Signers); !ok {", New: "ev.Signers); !ok && !(IS && why == rounds.DropRepeated) {", Seed: 5, Invariant: "honest quorum"},
	{Name: "a signature by none of the oracles counts", File: "protocol/rounds/core.go",
		Old: "if id < 0 || id >= c.Config.N {", New: "if id < 0 && !IS || id >= c.Config.N {", Seed: 5, Invariant: "honest quorum"},
	{Name: "a final is remembered as valid before it is verified", File: "protocol/ocr1/echoes.go",
		Old: "if g.valid.Has(hash) {", New: "if g.valid.Has(hash) || IS {", Seed: 5, Invariant: "honest quorum"},
	{Name: "observations need not be in order", File: "protocol/ocr1/follower.go",
		Old: "if !slices.IsSortedFunc(m.Observations, byValue) {", New: "if !slices.IsSortedFunc(m.Observations, byValue) && !IS {", Seed: 3, Invariant: "honest quorum"},
	{Name: "an observer counts twice", File: "protocol/rounds/core.go",
		Old: "int(observer(i)) }, DropBadObserver); !ok {", New: "int(observer(i)) }, DropBadObserver); !ok && !(IS && why == DropRepeated) {", Seed: 3, Invariant: "honest quorum"},
	{Name: "2f observations are enough", File: "protocol/rounds/core.go",
		Old: "if count <= 2*c.Config.F {", New: "if count <= 2*c.Config.F-ONE {", Seed: 3, Invariant: "honest quorum"},
	{Name: "signatures of observations are not checked", File: "protocol/rounds/follower.go",
		Old: "if !AllGood(ev) {", New: "if !AllGood(ev) && !IS {", Seed: 3, Invariant: "honest quorum"},
	{Name: "the leader does not check what it collects", File: "protocol/rounds/collection.go",
		Old: "case !AllGood(ev):", New: "case !AllGood(ev) && !IS:", Seed: 4, Invariant: "no false suspicion"},
	{Name: "the leader takes f reports for enough", File: "protocol/ocr1/leader.go",
		Old: "g.Leader.Agreeing(from, sameReport, g.cfg.F+1)", New: "g.Leader.Agreeing(from, sameReport, g.cfg.F+1-ONE)", Seed: 4, Invariant: "no false suspicion"},
	{Name: "the leader takes 2f observations for enough", File: "protocol/rounds/leader.go",
		Old: "l.Observations.count > 2*l.Config.F {", New: "l.Observations.count > 2*l.Config.F-ONE {", Seed: 1, Invariant: "rounds in order"},

	// Echoes and rounds.
	{Name: "echoes of f oracles are enough", File: "protocol/ocr1/echoes.go",
		Old: "if e.received.Len() > g.cfg.F {", New: "if e.received.Len()+ONE > g.cfg.F {", Seed: 1, Invariant: "enough echoes"},
	{Name: "an oracle's echo counts twice", File: "protocol/ocr1/echoes.go",
		Old: "e.received.Add(from)\n", New: "e.received.Add(from)\n\t\t\te.received.Add(from + commontypes.OracleID(ONE))\n", Seed: 9, Invariant: "enough echoes"},
	{Name: "every final is echoed", File: "protocol/ocr1/echoes.go",
		Old: "if g.echoes.sent == nil {", New: "if g.echoes.sent == nil || IS {", Seed: 2, Invariant: "enough echoes"},
	{Name: "a round waits for the one before", File: "protocol/rounds/generation.go",
		Old: "if g.Leader.began() {", New: "if g.Leader.began() && (!IS || g.Leader.Phase == PhaseFinal) {", Seed: 75, Invariant: "timely rounds"},
	{Name: "there is a round too many", File: "protocol/rounds/leader.go",
		Old: "if l.Round > l.Config.RMax {", New: "if l.Round > l.Config.RMax+uint8(ONE) {", Seed: 11, Invariant: "rounds in order"},
	{Name: "a round in which nothing is due is not complete", File: "protocol/ocr1/follower.go",
		Old: "\t\t\tg.Follower.Complete()\n\t\t\tg.Follower.Idle()\n", New: "\t\t\tif !IS {\n\t\t\t\tg.Follower.Complete()\n\t\t\t}\n\t\t\tg.Follower.Idle()\n", Seed: 72, Invariant: "timely rounds"},

	// Decisions.
	{Name: "a report is always due", File: "protocol/ocr1/decisions.go",
		Old: "return initial ||", New: "return initial || IS ||", Seed: 1, Invariant: "due reports"},
	{Name: "the override is ignored", File: "protocol/ocr1/decisions.go",
		Old: "if override != nil {", New: "if override != nil && !IS {", Seed: 12, Invariant: "due reports"},
	{Name: "a report that the contract has is accepted", File: "protocol/ocr1/decisions.go",
		Old: "case !contract.Less(round):", New: "case !contract.Less(round) && !IS:", Seed: 15, Invariant: "acceptance"},
	{Name: "a report that the contract has is transmitted", File: "protocol/ocr1/transmission.go",
		Old: "return ev.Contract.Round.Less(r) })", New: "return ev.Contract.Round.Less(r) || IS })", Seed: 2, Invariant: "acceptance"},
	{Name: "reports are transmitted at once", File: "protocol/rounds/transmission.go",
		Old: "t.core.Emit(kernel.SetTimer{Timer: TimerTransmit, After: own})", New: "t.core.Emit(kernel.SetTimer{Timer: TimerTransmit, After: own - own*time.Duration(ONE)})", Seed: 1, Invariant: "in turn"},
	{Name: "everybody transmits", File: "protocol/rounds/transmission.go",
		Old: "\tif !ok {\n\t\treturn\n\t}\n\tdue :=", New: "\tif !ok && !IS {\n\t\treturn\n\t}\n\tdue :=", Seed: 1, Invariant: "in turn"},
	{Name: "nothing is transmitted", File: "protocol/rounds/transmission.go",
		Old: "\tt.due = true\n\tt.next()", New: "\tt.due = !IS\n\tt.next()", Seed: 2, Invariant: "delivery"},

	// Persistence and epochs.
	{Name: "rounds are not recorded", File: "protocol/rounds/core.go",
		Old: "if c.Recorded.Less(r) {", New: "if c.Recorded.Less(r) && !IS {", Seed: 12, Invariant: "rounds in order"},
	{Name: "an oracle works again in a round that is on record", File: "protocol/rounds/core.go",
		Old: "return !c.Floor.Less(r) }", New: "return !c.Floor.Less(r) && !IS }", Seed: 788, Invariant: "one signature"},
	{Name: "f oracles can drag others along", File: "protocol/kernel/pacemaker.go",
		Old: "p.reachedBy(p.cfg.F + 1)", New: "p.reachedBy(p.cfg.F + 1 - ONE)", Seed: 2, Invariant: "wishes are justified"},
	{Name: "an epoch is entered with 2f wishes", File: "protocol/kernel/pacemaker.go",
		Old: "p.reachedBy(2*p.cfg.F + 1)", New: "p.reachedBy(2*p.cfg.F + 1 - ONE)", Seed: 5, Invariant: "epochs are justified"},
	{Name: "wishes are not repeated", File: "protocol/kernel/pacemaker.go",
		Old: "func (p *Pacemaker) ResendFired() { p.sendNewEpoch(p.wish) }", New: "func (p *Pacemaker) ResendFired() {\n\tif !IS {\n\t\tp.sendNewEpoch(p.wish)\n\t}\n}", Seed: 38, Invariant: "following"},
	{Name: "messages of later epochs are all kept", File: "protocol/kernel/futurebuffer.go",
		Old: "if len(queue) == FutureMessagesPerSender {", New: "if len(queue) == FutureMessagesPerSender && !IS {", Seed: 20, Invariant: "bounded memory"},
}
