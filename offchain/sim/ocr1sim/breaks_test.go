package ocr1sim

import (
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/sim/internal/simtest"
)

// crashing is a network in which oracles crash often while disks are slow.
func crashing() Options {
	f := Faults{Crashes: 40, MaxDowntime: 50 * time.Millisecond, Disk: DiskFaults{Delay: 40 * time.Millisecond}}
	f.Network.Duplicate = 0.3
	return Options{N: 4, Rounds: 5, Faults: f, HealAfter: 10 * time.Second, Timing: Timing{RMax: 100, DeltaProgress: 2 * time.Second}}
}

// with is a network with a traitor.
func with[T any, P interface {
	*T
	Traitor
}]() Options {
	return Options{N: 4, Rounds: 30, Timing: Timing{RMax: 3}, Traitors: []Traitor{P(new(T))}}
}

// broken puts defects into the driver.
func broken(b breaks) func(*Options) { return func(o *Options) { o.breaks = b } }

// brokenRuns have defects in the driver. Defects of the protocol are in mutants_list_test.go.
var brokenRuns = []simtest.Broken[Options]{
	{Name: "the driver does not hold messages back until the round is durable", Invariant: "one signature", Seed: 17, Options: crashing, Break: broken(breaks{IgnoreBarrier: true})},
	{Name: "the disk forgets the round", Invariant: "one signature", Seed: 205, Options: crashing, Break: broken(breaks{ForgetRounds: true})},
	{Name: "the recorded round is not handed in at the start", Invariant: "one signature", Seed: 205, Options: crashing, Break: broken(breaks{StartWithoutRound: true})},
	{Name: "all signatures are taken for good", Invariant: "honest quorum", Seed: 1, Options: with[Forger], Break: broken(breaks{AcceptAllSignatures: true})},
	{Name: "the contract takes a report with f signatures", Invariant: "honest quorum", Seed: 1, Options: with[Forger], Break: broken(breaks{ContractQuorumOneLow: true})},
	{Name: "the contract takes a report that is not newer", Invariant: "no going back", Seed: 1, Options: with[Replayer], Break: broken(breaks{ContractTakesOld: true})},
	{Name: "oracles do not echo", Invariant: "progress", Seed: 1, Options: with[Withholding], Break: broken(breaks{NoEchoes: true})},
	{Name: "the progress timer does not fire", Invariant: "progress", Seed: 1, Options: with[Silent], Break: broken(breaks{NoProgressTimer: true})},
	{Name: "the network does not know who sent a message", Invariant: "epochs are justified", Seed: 169, Options: with[Racer], Break: broken(breaks{MistakenSender: true})},
}

func TestBreaksAreFound(t *testing.T) { suite.BreaksAreFound(t, brokenRuns) }
