package ocr3sim_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/quorumhelper"
	"github.com/ocrkit/ocrkit/offchain/sim/ocr3sim"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// The example of docs/plugins.md, "Plugins of OCR3": a network that agrees on a clock which never goes back.

// clocks makes plugins that report the median of the oracles' clocks, in seconds.
type clocks struct{ env *ocr3sim.Environment }

// interval says for how many seconds a report is good: what the plugin knows of a report beside its bytes.
type interval struct{ Seconds uint64 }

func (c clocks) NewReportingPlugin(_ context.Context, cfg ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[interval], ocr3types.ReportingPluginInfo, error) {
	return &clock{c.env, cfg}, ocr3types.ReportingPluginInfo{
		Name: "clocks", Limits: ocr3types.ReportingPluginLimits{MaxObservationLength: 8, MaxOutcomeLength: 8, MaxReportLength: 8, MaxReportCount: 1},
	}, nil
}

type clock struct {
	env *ocr3sim.Environment
	cfg ocr3types.ReportingPluginConfig
}

func (p *clock) Query(context.Context, ocr3types.OutcomeContext) (types.Query, error) {
	return nil, nil
}

func (p *clock) Observation(context.Context, ocr3types.OutcomeContext, types.Query) (types.Observation, error) {
	now := uint64(p.env.Now().Unix())
	if p.env.Traitor {
		now *= 1000
	}
	return binary.BigEndian.AppendUint64(nil, now), nil
}

// ValidateObservation keeps out what no correct oracle sends, so that Outcome need not look again.
func (p *clock) ValidateObservation(_ context.Context, _ ocr3types.OutcomeContext, _ types.Query, ao types.AttributedObservation) error {
	if len(ao.Observation) != 8 {
		return fmt.Errorf("%d bytes, want 8", len(ao.Observation))
	}
	return nil
}

// ObservationQuorum asks for 2f+1 observations, so that their median lies between those of correct oracles.
func (p *clock) ObservationQuorum(_ context.Context, _ ocr3types.OutcomeContext, _ types.Query, aos []types.AttributedObservation) (bool, error) {
	return quorumhelper.ObservationCountReachesObservationQuorum(quorumhelper.QuorumTwoFPlusOne, p.cfg.N, p.cfg.F, aos), nil
}

// Outcome is what the oracles remember: their time, which is never before that of the outcome before.
func (p *clock) Outcome(_ context.Context, outctx ocr3types.OutcomeContext, _ types.Query, aos []types.AttributedObservation) (ocr3types.Outcome, error) {
	var times []uint64
	for _, ao := range aos {
		times = append(times, binary.BigEndian.Uint64(ao.Observation))
	}
	slices.Sort(times)
	now := times[len(times)/2]
	if outctx.PreviousOutcome != nil { // as it is for the first sequence number
		now = max(now, binary.BigEndian.Uint64(outctx.PreviousOutcome))
	}
	return binary.BigEndian.AppendUint64(nil, now), nil
}

// Reports sends each second outcome to the contract. It sees neither clock nor contract: all oracles must sign the same.
func (p *clock) Reports(_ context.Context, seqNr uint64, outcome ocr3types.Outcome) ([]ocr3types.ReportPlus[interval], error) {
	if seqNr%2 == 1 {
		return nil, nil
	}
	report := ocr3types.ReportWithInfo[interval]{Report: types.Report(outcome), Info: interval{60}}
	return []ocr3types.ReportPlus[interval]{{ReportWithInfo: report}}, nil
}

func (p *clock) ShouldAcceptAttestedReport(context.Context, uint64, ocr3types.ReportWithInfo[interval]) (bool, error) {
	return true, nil
}

func (p *clock) ShouldTransmitAcceptedReport(context.Context, uint64, ocr3types.ReportWithInfo[interval]) (bool, error) {
	return true, nil
}

func (p *clock) Close() error { return nil }

// TestClocks is the example: whatever traitors and faults do, the time is one that a correct oracle could have.
func TestClocks(t *testing.T) {
	for seed := range uint64(20) {
		result := ocr3sim.Run(t, ocr3sim.Options{
			Seed: seed, N: 7, Rounds: 50,
			Plugin:    ocr3sim.PluginFor(func(env *ocr3sim.Environment) ocr3types.ReportingPluginFactory[interval] { return clocks{env} }),
			Traitors:  []ocr3sim.Traitor{&ocr3sim.Splitter{}, &ocr3sim.DoubleVoter{}},
			Faults:    ocr3sim.Rough(),
			HealAfter: 5 * time.Second,
			CheckReport: func(r ocr3sim.LandedReport, observations []ocr3sim.HonestObservation) error {
				return between(binary.BigEndian.Uint64(r.Report), observations)
			},
		})
		if len(result.Reports) == 0 {
			t.Error("no reports")
		}
	}
}

// between says that a time is at most the highest that a correct oracle observed.
func between(now uint64, observations []ocr3sim.HonestObservation) error {
	for _, o := range observations {
		if now <= binary.BigEndian.Uint64(o.Observation) {
			return nil
		}
	}
	return fmt.Errorf("no correct oracle's clock is at %d yet", now)
}

// hasty is a mistake: an outcome with something in it that oracles see differently, the own clock.
type hasty struct{ clocks }

func (h hasty) NewReportingPlugin(ctx context.Context, cfg ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[interval], ocr3types.ReportingPluginInfo, error) {
	plugin, info, err := h.clocks.NewReportingPlugin(ctx, cfg)
	return &hastyClock{plugin, h.env}, info, err
}

type hastyClock struct {
	ocr3types.ReportingPlugin[interval]
	env *ocr3sim.Environment
}

func (p *hastyClock) Outcome(context.Context, ocr3types.OutcomeContext, types.Query, []types.AttributedObservation) (ocr3types.Outcome, error) {
	return binary.BigEndian.AppendUint64(nil, uint64(p.env.Now().UnixNano())), nil
}

// TestHasty shows what the simulator says of a plugin whose oracles come to different outcomes.
func TestHasty(t *testing.T) {
	result, err := ocr3sim.Simulate(ocr3sim.Options{
		Seed: 1, N: 4,
		Plugin: ocr3sim.PluginFor(func(env *ocr3sim.Environment) ocr3types.ReportingPluginFactory[interval] { return hasty{clocks{env}} }),
	})
	if err != nil {
		t.Fatal(err)
	}
	if v := result.Violation; v == nil || v.Invariant != "determinism" || !strings.Contains(fmt.Sprint(v), "observation") {
		t.Errorf("got violation %v, want one of determinism that shows the inputs", v)
	}
}
