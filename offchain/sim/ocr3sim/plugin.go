package ocr3sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Environment is what a plugin may use of the world that its oracle lives in.
type Environment struct {
	OracleID commontypes.OracleID
	// Traitor tells that the oracle does not follow the protocol; its plugin may lie as well.
	Traitor bool
	// Now is the oracle's clock, which may be wrong.
	Now func() time.Time
	// Contract is where reports land.
	Contract *Contract
	// Random is for this oracle's plugins alone, and gives the same numbers in each run with the same seed.
	Random *rand.Rand
	// Digest is the config digest of the instance.
	Digest types.ConfigDigest
}

// PluginMaker makes the plugin factory of an oracle. Get one from [PluginOf] or [PluginFor].
type PluginMaker func(*Environment) ocr3types.ReportingPluginFactory[any]

// PluginOf is for factories that need to know nothing of the simulation.
func PluginOf[RI any](factory ocr3types.ReportingPluginFactory[RI]) PluginMaker {
	return PluginFor(func(*Environment) ocr3types.ReportingPluginFactory[RI] { return factory })
}

// PluginFor is for factories that do.
func PluginFor[RI any](factory func(*Environment) ocr3types.ReportingPluginFactory[RI]) PluginMaker {
	return func(env *Environment) ocr3types.ReportingPluginFactory[any] { return anyFactory[RI]{factory(env)} }
}

// anyFactory makes plugins whose reports carry information of any type.
type anyFactory[RI any] struct {
	factory ocr3types.ReportingPluginFactory[RI]
}

func (f anyFactory[RI]) NewReportingPlugin(ctx context.Context, cfg ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[any], ocr3types.ReportingPluginInfo, error) {
	plugin, info, err := f.factory.NewReportingPlugin(ctx, cfg)
	if err != nil {
		return nil, info, err
	}
	return anyPlugin[RI]{plugin}, info, nil
}

type anyPlugin[RI any] struct {
	ocr3types.ReportingPlugin[RI]
}

func (p anyPlugin[RI]) Reports(ctx context.Context, seqNr uint64, outcome ocr3types.Outcome) ([]ocr3types.ReportPlus[any], error) {
	list, err := p.ReportingPlugin.Reports(ctx, seqNr, outcome)
	reports := make([]ocr3types.ReportPlus[any], len(list))
	for i := range list {
		reports[i].ReportWithInfo = ocr3types.ReportWithInfo[any]{Report: list[i].ReportWithInfo.Report, Info: list[i].ReportWithInfo.Info}
		reports[i].TransmissionScheduleOverride = list[i].TransmissionScheduleOverride
	}
	return reports, err
}

func typed[RI any](r ocr3types.ReportWithInfo[any]) ocr3types.ReportWithInfo[RI] {
	info, _ := r.Info.(RI) // the zero value where RI is an interface and the info nil
	return ocr3types.ReportWithInfo[RI]{Report: r.Report, Info: info}
}

func (p anyPlugin[RI]) ShouldAcceptAttestedReport(ctx context.Context, seqNr uint64, r ocr3types.ReportWithInfo[any]) (bool, error) {
	return p.ReportingPlugin.ShouldAcceptAttestedReport(ctx, seqNr, typed[RI](r))
}

func (p anyPlugin[RI]) ShouldTransmitAcceptedReport(ctx context.Context, seqNr uint64, r ocr3types.ReportWithInfo[any]) (bool, error) {
	return p.ReportingPlugin.ShouldTransmitAcceptedReport(ctx, seqNr, typed[RI](r))
}

// TestPlugin makes plugins for networks under test. Observations say who made them and when; an outcome is a hash of all that
// it was computed from, the outcome before included, so that any difference shows; reports tell which outcome they are of.
type TestPlugin struct {
	// Reports is the highest number of reports of an outcome; 3 if it is 0. An outcome has between 1 and so many, or, if
	// SomeEmpty, between 0 and so many.
	Reports   int
	SomeEmpty bool
	// Overrides makes about every second report have a schedule of its own.
	Overrides bool
	// Picky refuses observations that do not look like what this plugin makes.
	Picky bool
}

// Maker returns the plugins for Options.Plugin.
func (p TestPlugin) Maker() PluginMaker {
	if p.Reports == 0 {
		p.Reports = 3
	}
	return PluginFor(func(env *Environment) ocr3types.ReportingPluginFactory[string] { return testFactory{p, env} })
}

type testFactory struct {
	TestPlugin
	env *Environment
}

const testPluginLimit = 64

// NewReportingPlugin never fails.
func (f testFactory) NewReportingPlugin(_ context.Context, cfg ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[string], ocr3types.ReportingPluginInfo, error) {
	return &testPlugin{f, cfg}, ocr3types.ReportingPluginInfo{
		Name: "test", Limits: ocr3types.ReportingPluginLimits{
			MaxQueryLength: testPluginLimit, MaxObservationLength: testPluginLimit, MaxOutcomeLength: testPluginLimit,
			MaxReportLength: testPluginLimit, MaxReportCount: f.Reports,
		},
	}, nil
}

type testPlugin struct {
	testFactory
	cfg ocr3types.ReportingPluginConfig
}

func (p *testPlugin) Query(_ context.Context, c ocr3types.OutcomeContext) (types.Query, error) {
	return binary.BigEndian.AppendUint64([]byte{'q', byte(p.cfg.OracleID), byte(p.env.Random.Uint32())}, c.SeqNr), nil
}

// Observation differs from call to call, as those of real plugins do.
func (p *testPlugin) Observation(_ context.Context, c ocr3types.OutcomeContext, query types.Query) (types.Observation, error) {
	b := []byte{'o', byte(p.cfg.OracleID), byte(p.env.Random.Uint32()), byte(len(query))}
	return binary.BigEndian.AppendUint64(b, c.SeqNr), nil
}

var errObservation = errors.New("ocr3sim: not an observation")

func (p *testPlugin) ValidateObservation(_ context.Context, c ocr3types.OutcomeContext, _ types.Query, o types.AttributedObservation) error {
	if p.Picky && (len(o.Observation) != 12 || o.Observation[0] != 'o' || o.Observation[1] != byte(o.Observer) || binary.BigEndian.Uint64(o.Observation[4:]) != c.SeqNr) {
		return errObservation
	}
	return nil
}

// ObservationQuorum wants 2f+1.
func (p *testPlugin) ObservationQuorum(_ context.Context, _ ocr3types.OutcomeContext, _ types.Query, list []types.AttributedObservation) (bool, error) {
	return len(list) > 2*p.cfg.F, nil
}

func (p *testPlugin) Outcome(_ context.Context, c ocr3types.OutcomeContext, query types.Query, list []types.AttributedObservation) (ocr3types.Outcome, error) {
	var buffer [1024]byte
	b := binary.BigEndian.AppendUint64(buffer[:0], c.SeqNr)
	b = append(append(b, byte(len(query))), query...)
	b = append(append(b, byte(len(c.PreviousOutcome))), c.PreviousOutcome...)
	for _, o := range list {
		b = append(append(b, byte(o.Observer), byte(len(o.Observation))), o.Observation...)
	}
	sum := sha256.Sum256(b)
	return sum[:], nil
}

func (p *testPlugin) Reports(_ context.Context, seqNr uint64, outcome ocr3types.Outcome) ([]ocr3types.ReportPlus[string], error) {
	if len(outcome) < 8 {
		return nil, fmt.Errorf("ocr3sim: an outcome of %d bytes", len(outcome))
	}
	count := 1 + int(outcome[0])%p.TestPlugin.Reports
	if p.SomeEmpty {
		count = int(outcome[0]) % (p.TestPlugin.Reports + 1)
	}
	var reports []ocr3types.ReportPlus[string]
	for i := range count {
		r := ocr3types.ReportPlus[string]{ReportWithInfo: ocr3types.ReportWithInfo[string]{
			Report: append(binary.BigEndian.AppendUint64([]byte{'r', byte(i)}, seqNr), outcome...), Info: fmt.Sprint("chain ", i),
		}}
		if p.Overrides && outcome[1+i%4]%2 == 0 {
			r.TransmissionScheduleOverride = p.schedule(outcome[5] + byte(i))
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// schedule lets f+1 oracles transmit, so that one of them is honest.
func (p *testPlugin) schedule(first byte) *ocr3types.TransmissionSchedule {
	s := &ocr3types.TransmissionSchedule{}
	for k := range p.cfg.F + 1 {
		s.Transmitters = append(s.Transmitters, commontypes.OracleID((int(first)+k)%p.cfg.N))
		s.TransmissionDelays = append(s.TransmissionDelays, time.Duration(k)*10*time.Millisecond)
	}
	return s
}

func (p *testPlugin) ShouldAcceptAttestedReport(context.Context, uint64, ocr3types.ReportWithInfo[string]) (bool, error) {
	return true, nil
}

// ShouldTransmitAcceptedReport says yes while the contract does not have the report.
func (p *testPlugin) ShouldTransmitAcceptedReport(_ context.Context, seqNr uint64, r ocr3types.ReportWithInfo[string]) (bool, error) {
	return !p.env.Contract.Has(seqNr, r.Report), nil
}

func (p *testPlugin) Close() error { return nil }
