package ocr2net

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// PluginFactory makes plugins that do next to nothing: an observation is 32 bytes, a report is a hash over query and
// observations. Hooks, if set, come first; each may block, and fail the call.
type PluginFactory struct {
	Contract *Contract
	Limits   types.ReportingPluginLimits
	Unique   bool

	// OnNew is called for each new plugin, On for each call of a method but Close.
	OnNew func(context.Context, types.ReportingPluginConfig) error
	On    func(ctx context.Context, method string, ts types.ReportTimestamp) error

	// Made and Closed count plugins.
	Made, Closed atomic.Int32
}

type plugin struct {
	factory *PluginFactory
	config  types.ReportingPluginConfig
}

// DefaultLimits are the limits of plugins unless said otherwise.
var DefaultLimits = types.ReportingPluginLimits{MaxQueryLength: 64, MaxObservationLength: 64, MaxReportLength: 256}

// NewReportingPlugin implements types.ReportingPluginFactory.
func (f *PluginFactory) NewReportingPlugin(ctx context.Context, config types.ReportingPluginConfig) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	if f.OnNew != nil {
		if err := f.OnNew(ctx, config); err != nil {
			return nil, types.ReportingPluginInfo{}, err
		}
	}
	f.Made.Add(1)
	limits := f.Limits
	if limits == (types.ReportingPluginLimits{}) {
		limits = DefaultLimits
	}
	return &plugin{f, config}, types.ReportingPluginInfo{Name: "hash", UniqueReports: f.Unique, Limits: limits}, nil
}

func (p *plugin) on(ctx context.Context, method string, ts types.ReportTimestamp) error {
	if p.factory.On == nil {
		return nil
	}
	return p.factory.On(ctx, method, ts)
}

func (p *plugin) Query(ctx context.Context, ts types.ReportTimestamp) (types.Query, error) {
	return types.Query("what is it?"), p.on(ctx, "Query", ts)
}

func (p *plugin) Observation(ctx context.Context, ts types.ReportTimestamp, _ types.Query) (types.Observation, error) {
	var b [32]byte
	b[0] = byte(p.config.OracleID)
	binary.BigEndian.PutUint32(b[24:], ts.Epoch)
	b[31] = ts.Round
	return b[:], p.on(ctx, "Observation", ts)
}

func (p *plugin) Report(ctx context.Context, ts types.ReportTimestamp, query types.Query, observations []types.AttributedObservation) (bool, types.Report, error) {
	h := sha256.New()
	h.Write(query)
	for _, o := range observations {
		h.Write([]byte{byte(o.Observer)})
		h.Write(o.Observation)
	}
	return true, h.Sum(nil), p.on(ctx, "Report", ts)
}

func (p *plugin) ShouldAcceptFinalizedReport(ctx context.Context, ts types.ReportTimestamp, _ types.Report) (bool, error) {
	return true, p.on(ctx, "ShouldAcceptFinalizedReport", ts)
}

func (p *plugin) ShouldTransmitAcceptedReport(ctx context.Context, ts types.ReportTimestamp, _ types.Report) (bool, error) {
	return !p.factory.Contract.Has(ts), p.on(ctx, "ShouldTransmitAcceptedReport", ts)
}

func (p *plugin) Close() error {
	p.factory.Closed.Add(1)
	return nil
}
