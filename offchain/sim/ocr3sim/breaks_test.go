package ocr3sim

import (
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/sim/internal/simtest"
)

// crashing is a network in which oracles crash often while disks are slow.
func crashing() Options {
	return Options{
		N: 4, Rounds: 5, Faults: Faults{Crashes: 40, MaxDowntime: 50 * time.Millisecond, Disk: DiskFaults{Delay: 40 * time.Millisecond}}, HealAfter: 10 * time.Second,
		Timing: Timing{DeltaRound: 50 * time.Millisecond, RMax: 3, DeltaResend: 200 * time.Millisecond},
	}
}

// with is a network with traitors.
func with(traitors ...Traitor) func() Options {
	return func() Options {
		return Options{N: 4, Rounds: 30, Timing: Timing{RMax: 3}, Traitors: traitors}
	}
}

// broken puts defects into the driver.
func broken(b breaks) func(*Options) { return func(o *Options) { o.breaks = b } }

// brokenRuns have defects in the driver. Defects of the protocol are in mutants_list_test.go.
var brokenRuns = []simtest.Broken[Options]{
	{Name: "the driver does not hold messages back until the pacemaker's state is durable", Invariant: "one leader", Seed: 257, Options: crashing, Break: broken(breaks{ignoreBarrier: true})},
	{Name: "a certificate counts as written before it is durable", Invariant: "vote after write", Seed: 1, Options: crashing, Break: broken(breaks{earlyAnswer: true})},
	{Name: "the disk forgets the certificate", Invariant: "vote after write", Seed: 1, Options: crashing, Break: broken(breaks{forgetCertificate: true})},
	{Name: "the disk forgets the pacemaker's state", Invariant: "durable", Seed: 1, Options: crashing, Break: broken(breaks{forgetPacemaker: true})},
	{Name: "the disk comes back as it was some time before", Invariant: "durable", Seed: 1, Options: crashing, Break: broken(breaks{oldDisk: true})},
	{Name: "all signatures are taken for good", Invariant: "start of epoch", Seed: 2, Options: with(&Rewinder{}), Break: broken(breaks{acceptAllSignatures: true})},
	{Name: "all votes are taken for good", Invariant: "valid certificates", Seed: 1, Options: with(&DoubleVoter{}), Break: broken(breaks{acceptAllVotes: true})},
	{Name: "all signatures on reports are taken for good", Invariant: "attested", Seed: 1, Options: with(&Forger{}), Break: broken(breaks{acceptAllReports: true})},
	{Name: "the contract takes a report with f signatures", Invariant: "attested", Seed: 1, Options: with(&Forger{}), Break: broken(breaks{contractTakesFewer: true})},
	{Name: "the initial timer does not fire", Invariant: "progress", Seed: 1, Options: with(&Silent{}), Break: broken(breaks{noInitialTimer: true, noProgressTimer: true})},
	{Name: "commits are not asked for", Invariant: "delivery", Seed: 8, Options: crashing, Break: broken(breaks{noCommitRequests: true})},
	{Name: "reports are not transmitted", Invariant: "delivery", Seed: 1, Options: with(), Break: broken(breaks{noTransmissions: true})},
	{Name: "the network does not know who sent a message", Invariant: "justified epochs", Seed: 1, Options: with(&Racer{}), Break: broken(breaks{mistakenSender: true})},
}

func TestBreaksAreFound(t *testing.T) { suite.BreaksAreFound(t, brokenRuns) }
