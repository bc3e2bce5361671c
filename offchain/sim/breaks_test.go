package sim

import (
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// brokenRun is a run with a defect in the driver, and the invariant that must be found violated.
type brokenRun struct {
	name      string
	invariant string
	seed      uint64
	options   func() Options
	breaks    breaks
}

// crashing is a network in which oracles crash often while disks are slow.
func crashing() Options {
	f := Faults{Crashes: 40, MaxDowntime: 50 * time.Millisecond, Disk: DiskFaults{Delay: 40 * time.Millisecond}}
	f.Network.Duplicate = 0.3
	return Options{
		N: 4, Rounds: 5, Faults: f, HealAfter: 10 * time.Second,
		Timing: Timing{DeltaRound: 50 * time.Millisecond, RMax: 100, DeltaProgress: 2 * time.Second},
	}
}

// unique makes test plugins that ask for unique reports.
func unique(env *Environment) types.ReportingPluginFactory { return NewTestPlugin(env, true, 0) }

var brokenRuns = []brokenRun{
	{"the driver does not hold messages back until the round is durable", "one signature", 6, crashing, breaks{ignoreBarrier: true}},
	{"the disk forgets the round", "one signature", 139, crashing, breaks{forgetRounds: true}},
	{"the recorded round is not handed in at the start", "one signature", 139, crashing, breaks{startWithoutRound: true}},
	{"all signatures are taken for good", "honest quorum", 1, func() Options {
		return Options{N: 4, Traitors: []Traitor{&Forger{}}}
	}, breaks{acceptAllSignatures: true}},
	{"reports are unique, but f+1 signatures are enough", "unique reports", 3, func() Options {
		return Options{N: 4, Rounds: 50, PluginFor: unique, Traitors: []Traitor{&Equivocator{}}}
	}, breaks{lowUniqueQuorum: true}},
	{"the contract takes a report with f signatures", "honest quorum", 1, func() Options {
		return Options{N: 4, Traitors: []Traitor{&Forger{}}}
	}, breaks{contractQuorumOneLow: true}},
	{"the contract takes a report that is not newer", "no going back", 1, func() Options {
		return Options{N: 4, Rounds: 50, Timing: Timing{S: []int{4}}, Traitors: []Traitor{&Replayer{}}}
	}, breaks{contractTakesOld: true}},
	{"oracles do not echo a final", "totality", 1, func() Options {
		return Options{N: 4, Rounds: 50, Traitors: []Traitor{&Withholding{}}}
	}, breaks{noEchoes: true}},
	{"the progress timer does not fire", "progress", 1, func() Options {
		return Options{N: 4, Rounds: 50, Traitors: []Traitor{&Silent{}}}
	}, breaks{noProgressTimer: true}},
	{"the network does not know who sent a message", "epochs are justified", 181, func() Options {
		return Options{N: 4, Rounds: 50, Traitors: []Traitor{&Racer{}}}
	}, breaks{mistakenSender: true}},
}

// TestBreaksAreFound injects one defect after the other, and wants each to be found by the checker that is there for it. The
// same runs without the defect are fine.
func TestBreaksAreFound(t *testing.T) {
	for _, run := range brokenRuns {
		t.Run(run.name, func(t *testing.T) {
			o := run.options()
			o.Seed = run.seed
			Run(t, o)
			o = run.options()
			o.Seed, o.breaks = run.seed, run.breaks
			r, err := Simulate(o)
			switch {
			case err != nil:
				t.Fatal(err)
			case r.Violation == nil:
				t.Errorf("no violation; want one of %q", run.invariant)
			case r.Violation.Invariant != run.invariant:
				t.Errorf("violation of %s; want one of %q", r.Violation, run.invariant)
			default:
				t.Log(r.Violation)
			}
		})
	}
}
