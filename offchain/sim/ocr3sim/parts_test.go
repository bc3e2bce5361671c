package ocr3sim

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/simtest"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// TestEachTraitorIsHarmless: the network copes with f traitors of each kind, in two sizes.
func TestEachTraitorIsHarmless(t *testing.T) {
	for kind, traitor := range AllTraitors() {
		t.Run(traitor.Name(), func(t *testing.T) {
			for _, n := range []int{4, 7} {
				o := Options{Seed: uint64(n), N: n, Rounds: 10, WireBytes: n == 7, Timing: Timing{RMax: 3}}
				for range (n - 1) / 3 {
					o.Traitors = append(o.Traitors, AllTraitors()[kind])
				}
				Run(t, o)
			}
		})
	}
}

// TestFaultsOfEachKind: each kind of fault occurs when it is asked for.
func TestFaultsOfEachKind(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		count   func(*Stats) int
	}{
		"loss":            {Options{Faults: Faults{Network: NetworkFaults{Loss: 0.2}}}, func(s *Stats) int { return s.Lost }},
		"duplicates":      {Options{Faults: Faults{Network: NetworkFaults{Duplicate: 0.2}}}, func(s *Stats) int { return s.Faults }},
		"reordering":      {Options{Faults: Faults{Network: NetworkFaults{Reorder: 0.2}}}, func(s *Stats) int { return s.Faults }},
		"partitions":      {Options{Faults: Faults{Network: NetworkFaults{Partitions: 2}}}, func(s *Stats) int { return s.Partitions }},
		"crashes":         {Options{Faults: Faults{Crashes: 5}}, func(s *Stats) int { return s.Crashes }},
		"disk errors":     {Options{Faults: Faults{Disk: DiskFaults{Errors: 0.3}}}, func(s *Stats) int { return s.DiskErrors }},
		"plugin errors":   {Options{Faults: Faults{PluginErrors: 0.1}}, func(s *Stats) int { return s.PluginFaults }},
		"slow plugins":    {Options{Faults: Faults{PluginSlow: 0.1}}, func(s *Stats) int { return s.PluginFaults }},
		"key errors":      {Options{Faults: Faults{KeyErrors: 0.1}}, func(s *Stats) int { return s.Faults }},
		"transmit errors": {Options{Faults: Faults{TransmitErrors: 0.5}}, func(s *Stats) int { return s.Faults }},
		"old disks":       {Options{Forgetful: 1}, func(s *Stats) int { return s.Rollbacks }},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.options
			o.Seed, o.HealAfter = 3, 10*time.Second
			if s := Run(t, o).Stats; c.count(&s) == 0 {
				t.Errorf("it does not occur: %+v", s)
			}
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{
		"too many oracles":               {N: 32},
		"too many faulty":                {N: 4, F: 2},
		"too many traitors":              {N: 4, Traitors: []Traitor{&Silent{}, &Silent{}}},
		"a traitor and an old disk":      {N: 4, Traitors: []Traitor{&Silent{}}, Forgetful: 1},
		"less than no rounds":            {N: 4, Rounds: -1},
		"id out of range":                {N: 4, Traitors: []Traitor{&Silent{}}, TraitorIDs: []commontypes.OracleID{4}},
		"more ids than traitors":         {N: 4, Traitors: []Traitor{&Silent{}}, TraitorIDs: []commontypes.OracleID{1, 2}},
		"a timing that cannot be":        {Timing: Timing{DeltaGrace: -1}},
		"a stage with too many oracles":  {Timing: Timing{S: []int{32}}},
		"one id twice among two traitor": {N: 7, Traitors: []Traitor{&Silent{}, &Silent{}}, TraitorIDs: []commontypes.OracleID{1, 1}},
	} {
		if r, err := Simulate(o); err == nil {
			t.Errorf("%s: no error, %+v", name, r.Stats)
		}
	}
}

// biased is a plugin that computes something else at each oracle.
type biased struct {
	ocr3types.ReportingPluginFactory[any]
	env *Environment
}

func (b biased) NewReportingPlugin(ctx context.Context, cfg ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[any], ocr3types.ReportingPluginInfo, error) {
	plugin, info, err := b.ReportingPluginFactory.NewReportingPlugin(ctx, cfg)
	return biasedPlugin{plugin, b.env}, info, err
}

type biasedPlugin struct {
	ocr3types.ReportingPlugin[any]
	env *Environment
}

func (p biasedPlugin) Outcome(ctx context.Context, c ocr3types.OutcomeContext, query types.Query, list []types.AttributedObservation) (ocr3types.Outcome, error) {
	return fmt.Appendf(nil, "outcome by %d", p.env.OracleID), nil
}

// TestPluginThatIsNotDeterministic: two oracles, the same inputs, different outcomes: the inputs are shown.
func TestPluginThatIsNotDeterministic(t *testing.T) {
	r, err := Simulate(Options{Plugin: PluginFor(func(env *Environment) ocr3types.ReportingPluginFactory[any] {
		return biased{TestPlugin{}.Maker()(env), env}
	})})
	if err != nil {
		t.Fatal(err)
	}
	if r.Violation == nil || r.Violation.Invariant != "determinism" || !strings.Contains(r.Violation.Detail, "observations=[") {
		t.Errorf("got %v, want one of determinism that shows the observations", r.Violation)
	}
}

// TestCheckReport: a report that is not as it should be ends the run, with its seed.
func TestCheckReport(t *testing.T) {
	var rec simtest.Recorder
	Run(&rec, Options{Seed: 5, Replay: "run it again", CheckReport: func(r LandedReport, observations []HonestObservation) error {
		if len(observations) < 3 {
			return fmt.Errorf("%d honest observations", len(observations))
		}
		return fmt.Errorf("nothing is good enough")
	}})
	if !strings.Contains(rec.Text, "seed 5 violates report") || !strings.Contains(rec.Text, "nothing is good enough") || !strings.Contains(rec.Text, "replay: run it again") {
		t.Errorf("got %q", rec.Text)
	}
}

// TestRegressions runs the seeds that once found something in the machine. Where scenarios have changed since, a seed is just one
// more.
func TestRegressions(t *testing.T) {
	for seed, found := range map[uint64]string{
		1710: "a claim that arrived while the leader verified the highest certificate got into the proof, and made it invalid",
		46:   "a leader that could not write a commit asked for the same round with another query",
		206:  "an oracle that could not write a commit of a repeated outcome began another round in its place",
	} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Log(found)
			Run(t, Scenario(seed))
		})
	}
}
