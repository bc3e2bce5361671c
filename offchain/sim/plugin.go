package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Environment is what a plugin factory may use of the world that its oracle lives in.
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

// testPluginFactory makes plugins whose reports tell all that they were made of.
type testPluginFactory struct {
	unique    bool
	skipEvery int
	contract  *Contract
}

// NewTestPlugin returns a factory of plugins for networks under test, for PluginFor. Observations are numbers that say who
// made them and when; a report is a hash of its round, query and observations, so that any difference shows. About one
// round in skipEvery has nothing to report; 0: none.
func NewTestPlugin(env *Environment, unique bool, skipEvery int) types.ReportingPluginFactory {
	return testPluginFactory{unique, skipEvery, env.Contract}
}

const testPluginLimit = 64

// NewReportingPlugin never fails.
func (f testPluginFactory) NewReportingPlugin(_ context.Context, cfg types.ReportingPluginConfig) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	return &testPlugin{f, cfg}, types.ReportingPluginInfo{
		Name: "test", UniqueReports: f.unique,
		Limits: types.ReportingPluginLimits{MaxQueryLength: testPluginLimit, MaxObservationLength: testPluginLimit, MaxReportLength: testPluginLimit},
	}, nil
}

type testPlugin struct {
	testPluginFactory
	cfg types.ReportingPluginConfig
}

func (p *testPlugin) Query(_ context.Context, ts types.ReportTimestamp) (types.Query, error) {
	return append(binary.BigEndian.AppendUint32([]byte{'q'}, ts.Epoch), ts.Round), nil
}

func (p *testPlugin) Observation(_ context.Context, ts types.ReportTimestamp, query types.Query) (types.Observation, error) {
	b := []byte{'o', byte(p.cfg.OracleID)}
	b = append(binary.BigEndian.AppendUint32(b, ts.Epoch), ts.Round)
	return append(b, byte(len(query))), nil
}

func (p *testPlugin) Report(_ context.Context, ts types.ReportTimestamp, query types.Query, observations []types.AttributedObservation) (bool, types.Report, error) {
	var buffer [1024]byte
	b := append(binary.BigEndian.AppendUint32(buffer[:0], ts.Epoch), ts.Round)
	b = append(append(b, byte(len(query))), query...)
	for _, o := range observations {
		b = append(append(b, byte(o.Observer), byte(len(o.Observation))), o.Observation...)
	}
	sum := sha256.Sum256(b)
	if p.skipEvery > 0 && int(binary.BigEndian.Uint16(sum[:]))%p.skipEvery == 0 {
		return false, nil, nil
	}
	return true, sum[:], nil
}

func (p *testPlugin) ShouldAcceptFinalizedReport(context.Context, types.ReportTimestamp, types.Report) (bool, error) {
	return true, nil
}

// ShouldTransmitAcceptedReport says yes while the contract has nothing as new.
func (p *testPlugin) ShouldTransmitAcceptedReport(_ context.Context, ts types.ReportTimestamp, _ types.Report) (bool, error) {
	last, err := p.contract.Read()
	if err != nil {
		return false, err
	}
	return last == nil || roundOf(last.Context.ReportTimestamp).Less(roundOf(ts)), nil
}

func (p *testPlugin) Close() error { return nil }
