package ocr3sim

import (
	"testing"
	"time"
)

// brokenRun is a run with a defect in the driver, and the invariant that must be found violated. Defects of the protocol are in
// mutants_list_test.go.
type brokenRun struct {
	name      string
	invariant string
	seed      uint64
	options   func() Options
	breaks    breaks
}

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

var brokenRuns = []brokenRun{
	{"the driver does not hold messages back until the pacemaker's state is durable", "one leader", 30, crashing, breaks{ignoreBarrier: true}},
	{"a certificate counts as written before it is durable", "vote after write", 1, crashing, breaks{earlyAnswer: true}},
	{"the disk forgets the certificate", "vote after write", 1, crashing, breaks{forgetCertificate: true}},
	{"the disk forgets the pacemaker's state", "durable", 1, crashing, breaks{forgetPacemaker: true}},
	{"the disk comes back as it was some time before", "durable", 1, crashing, breaks{oldDisk: true}},
	{"all signatures are taken for good", "start of epoch", 2, with(&Rewinder{}), breaks{acceptAllSignatures: true}},
	{"all votes are taken for good", "valid certificates", 1, with(&DoubleVoter{}), breaks{acceptAllVotes: true}},
	{"all signatures on reports are taken for good", "attested", 1, with(&Forger{}), breaks{acceptAllReports: true}},
	{"the contract takes a report with f signatures", "attested", 1, with(&Forger{}), breaks{contractTakesFewer: true}},
	{"the initial timer does not fire", "progress", 1, with(&Silent{}), breaks{noInitialTimer: true, noProgressTimer: true}},
	{"commits are not asked for", "delivery", 13, crashing, breaks{noCommitRequests: true}},
	{"reports are not transmitted", "delivery", 1, with(), breaks{noTransmissions: true}},
	{"the network does not know who sent a message", "justified epochs", 1, with(&Racer{}), breaks{mistakenSender: true}},
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
