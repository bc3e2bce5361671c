package ocr3sim

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/sim/internal/simtest"
)

var suite = simtest.Simulator[Options, Stats]{
	Scenario: Scenario, Seeds: 1800,
	Simulate: func(o Options) (simtest.Outcome[Stats], error) { return outcome(Simulate(o)) },
	Tell: func(t T, o Options) simtest.Outcome[Stats] {
		result, _ := outcome(Run(t, o), nil)
		return result
	},
	Adjust: func(o *Options, seed *uint64, trace io.Writer) {
		o.Trace = trace
		if seed != nil {
			o.Seed = *seed
		}
	},
	Kinds: func(o *Options) map[string]bool {
		return map[string]bool{
			"real keys": o.RealKeys, "wire bytes": o.WireBytes, "values": !o.WireBytes, "forgetful": o.Forgetful > 0,
			"faults": o.HealAfter > 0, "traitors": len(o.Traitors) > 0, "large": o.N > 10,
		}
	},
	About: func(o *Options) string {
		return fmt.Sprintf("n=%d f=%d traitors=%s", o.N, o.F, simtest.Names(o.Traitors))
	},
}

func outcome(r *Result, err error) (o simtest.Outcome[Stats], _ error) {
	if r != nil {
		o = simtest.Outcome[Stats]{Violation: r.Violation, Fingerprint: r.Fingerprint, Stats: r.Stats}
	}
	return o, err
}

func TestMain(m *testing.M) { simtest.Main(m) }

// Tests that all simulators have; what they test is said in package simtest. TestSeed repeats one run, TestSoak goes on for
// SOAK_TIME.
func TestSeed(t *testing.T)              { suite.Seed(t) }
func TestSeeds(t *testing.T)             { suite.AllSeeds(t) }
func TestSoak(t *testing.T)              { suite.Soak(t) }
func TestSeedsDiffer(t *testing.T)       { suite.SeedsDiffer(t) }
func TestSameSeedSameTrace(t *testing.T) { suite.SameTrace(t, 60) }
func TestMutantsAreFound(t *testing.T)   { simtest.MutantsAreFound(t, mutants) }
func TestHuntMutants(t *testing.T)       { simtest.HuntMutants(t, mutants) }

// TestReplay: votes are taken for good on purpose, while a traitor votes twice.
func TestReplay(t *testing.T) {
	suite.Replay(t, brokenRuns, "all votes are taken for good", "broken-certificate")
}

func TestQuietNetworkMakesReports(t *testing.T) {
	suite.Quiet(t, func(n int) Options { return Options{Seed: uint64(n), N: n, NoFaulty: n == 1, Rounds: 20} })
}

func TestRoughNetworkMakesReports(t *testing.T) {
	suite.Rough(t, func(seed uint64) Options {
		return Options{Seed: seed, Rounds: 5, Faults: Rough(), HealAfter: 5 * time.Second}
	})
}
