package sim_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/sim"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// The example of docs/plugins.md, "Simulate your plugin": a network that reports how far a chain has got.

// heights makes plugins that report a block height which at least one honest oracle has seen.
type heights struct {
	env *sim.Environment
	// pick chooses from the heights observed, in ascending order.
	pick func(sorted []uint64, f int) uint64
}

func (h heights) NewReportingPlugin(_ context.Context, cfg types.ReportingPluginConfig) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	return &heightsPlugin{h, cfg}, types.ReportingPluginInfo{
		Name: "heights", Limits: types.ReportingPluginLimits{MaxObservationLength: 8, MaxReportLength: 8},
	}, nil
}

type heightsPlugin struct {
	heights
	cfg types.ReportingPluginConfig
}

func (p *heightsPlugin) Query(context.Context, types.ReportTimestamp) (types.Query, error) {
	return nil, nil
}

// Observation sees a chain that makes a block each second, some oracles a little later than others.
func (p *heightsPlugin) Observation(context.Context, types.ReportTimestamp, types.Query) (types.Observation, error) {
	height := uint64(p.env.Now().Unix()) - uint64(p.env.Random.IntN(3))
	return binary.BigEndian.AppendUint64(nil, height), nil
}

func (p *heightsPlugin) Report(_ context.Context, _ types.ReportTimestamp, _ types.Query, aos []types.AttributedObservation) (bool, types.Report, error) {
	var seen []uint64
	for _, ao := range aos {
		if len(ao.Observation) == 8 { // a traitor's may be anything
			seen = append(seen, binary.BigEndian.Uint64(ao.Observation))
		}
	}
	if len(seen) <= p.cfg.F {
		return false, nil, nil
	}
	slices.Sort(seen)
	return true, binary.BigEndian.AppendUint64(nil, p.pick(seen, p.cfg.F)), nil
}

func (p *heightsPlugin) ShouldAcceptFinalizedReport(context.Context, types.ReportTimestamp, types.Report) (bool, error) {
	return true, nil
}

func (p *heightsPlugin) ShouldTransmitAcceptedReport(_ context.Context, ts types.ReportTimestamp, _ types.Report) (bool, error) {
	last, err := p.env.Contract.Read()
	if err != nil {
		return false, err
	}
	return last == nil || last.Context.Epoch < ts.Epoch || last.Context.Epoch == ts.Epoch && last.Context.Round < ts.Round, nil
}

func (p *heightsPlugin) Close() error { return nil }

// honestHeight is what must hold of each report on the contract.
func honestHeight(r sim.LandedReport, observations []sim.HonestObservation) error {
	height := binary.BigEndian.Uint64(r.Report)
	for _, o := range observations {
		if binary.BigEndian.Uint64(o.Observation) >= height {
			return nil
		}
	}
	return fmt.Errorf("no honest oracle has seen height %d", height)
}

// atLeastOneHonest picks the (f+1)-th highest value: at most f oracles lie, so an honest one has seen as much.
func atLeastOneHonest(sorted []uint64, f int) uint64 { return sorted[len(sorted)-1-f] }

// TestHeights is the example: whatever traitors and faults do, the reports are right.
func TestHeights(t *testing.T) {
	for seed := range uint64(50) {
		sim.Run(t, sim.Options{
			Seed: seed, N: 7, Rounds: 20,
			PluginFor:   func(env *sim.Environment) types.ReportingPluginFactory { return heights{env, atLeastOneHonest} },
			Traitors:    []sim.Traitor{&sim.Liar{}, &sim.Forger{}},
			Faults:      sim.Rough(),
			HealAfter:   5 * time.Second,
			CheckReport: honestHeight,
		})
	}
}

// TestHeightsOfLiar is what becomes of a plugin that believes a single oracle.
func TestHeightsOfLiar(t *testing.T) {
	highest := func(sorted []uint64, _ int) uint64 { return sorted[len(sorted)-1] }
	r, err := sim.Simulate(sim.Options{
		Seed: 1, N: 7, Rounds: 20,
		PluginFor:   func(env *sim.Environment) types.ReportingPluginFactory { return heights{env, highest} },
		Traitors:    []sim.Traitor{&sim.Liar{}, &sim.Forger{}},
		CheckReport: honestHeight,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Violation == nil || r.Violation.Invariant != "report" {
		t.Fatalf("got violation %v, want one of report", r.Violation)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]sim.Options{
		"too many oracles":       {N: 32},
		"too many faulty":        {N: 4, F: 2},
		"too many traitors":      {N: 4, Traitors: []sim.Traitor{&sim.Silent{}, &sim.Silent{}}},
		"less than no rounds":    {N: 4, Rounds: -1},
		"id out of range":        {N: 4, Traitors: []sim.Traitor{&sim.Silent{}}, TraitorIDs: ids(4)},
		"more ids than traitors": {N: 4, Traitors: []sim.Traitor{&sim.Silent{}}, TraitorIDs: ids(1, 2)},
		"one id twice":           {N: 7, Traitors: []sim.Traitor{&sim.Silent{}, &sim.Silent{}}, TraitorIDs: ids(1, 1)},
		"a plugin that fails":    {Plugin: failing{}},
		"a timing that is wrong": {Timing: sim.Timing{RMax: 255}},
	} {
		if r, err := sim.Simulate(o); err == nil {
			t.Errorf("%s: no error, %+v", name, r.Stats)
		}
	}
}

type failing struct{}

func (failing) NewReportingPlugin(context.Context, types.ReportingPluginConfig) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	return nil, types.ReportingPluginInfo{}, errors.New("no plugin today")
}

func ids(list ...commontypes.OracleID) []commontypes.OracleID { return list }
