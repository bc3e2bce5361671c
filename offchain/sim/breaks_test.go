package sim

import (
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/sim/internal/simtest"
	"github.com/ocrkit/ocrkit/offchain/types"
)

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

// broken puts defects into the driver.
func broken(b breaks) func(*Options) { return func(o *Options) { o.breaks = b } }

// brokenRuns have defects in the driver.
var brokenRuns = []simtest.Broken[Options]{
	{Name: "the driver does not hold messages back until the round is durable", Invariant: "one signature", Seed: 6, Options: crashing, Break: broken(breaks{IgnoreBarrier: true})},
	{Name: "the disk forgets the round", Invariant: "one signature", Seed: 139, Options: crashing, Break: broken(breaks{ForgetRounds: true})},
	{Name: "the recorded round is not handed in at the start", Invariant: "one signature", Seed: 139, Options: crashing, Break: broken(breaks{StartWithoutRound: true})},
	{Name: "all signatures are taken for good", Invariant: "honest quorum", Seed: 1, Options: func() Options {
		return Options{N: 4, Traitors: []Traitor{&Forger{}}}
	}, Break: broken(breaks{AcceptAllSignatures: true})},
	{Name: "reports are unique, but f+1 signatures are enough", Invariant: "unique reports", Seed: 3, Options: func() Options {
		return Options{N: 4, Rounds: 50, PluginFor: unique, Traitors: []Traitor{&Equivocator{}}}
	}, Break: broken(breaks{LowUniqueQuorum: true})},
	{Name: "the contract takes a report with f signatures", Invariant: "honest quorum", Seed: 1, Options: func() Options {
		return Options{N: 4, Traitors: []Traitor{&Forger{}}}
	}, Break: broken(breaks{ContractQuorumOneLow: true})},
	{Name: "the contract takes a report that is not newer", Invariant: "no going back", Seed: 1, Options: func() Options {
		return Options{N: 4, Rounds: 50, Timing: Timing{S: []int{4}}, Traitors: []Traitor{&Replayer{}}}
	}, Break: broken(breaks{ContractTakesOld: true})},
	{Name: "oracles do not echo a final", Invariant: "totality", Seed: 1, Options: func() Options {
		return Options{N: 4, Rounds: 50, Traitors: []Traitor{&Withholding{}}}
	}, Break: broken(breaks{NoEchoes: true})},
	{Name: "the progress timer does not fire", Invariant: "progress", Seed: 1, Options: func() Options {
		return Options{N: 4, Rounds: 50, Traitors: []Traitor{&Silent{}}}
	}, Break: broken(breaks{NoProgressTimer: true})},
	{Name: "the network does not know who sent a message", Invariant: "epochs are justified", Seed: 181, Options: func() Options {
		return Options{N: 4, Rounds: 50, Traitors: []Traitor{&Racer{}}}
	}, Break: broken(breaks{MistakenSender: true})},
}

func TestBreaksAreFound(t *testing.T) { suite.BreaksAreFound(t, brokenRuns) }
