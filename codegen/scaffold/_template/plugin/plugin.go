// Package plugin decides what the oracles report: of each quantity, the median of what they observed.
package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/types"

	"weather/gen/feed"
)

// Source is what one oracle looks at: an API, a sensor. It must return soon after ctx ends.
type Source interface {
	Observe(ctx context.Context) (*feed.Report, error)
}

// Contract tells what has been reported.
type Contract interface {
	// LatestReport is the latest report; all zero if there is none.
	LatestReport(ctx context.Context) (*feed.Report, error)
}

// Factory makes the plugin of one oracle.
type Factory struct {
	Source   Source
	Contract Contract
}

// NewReportingPlugin implements types.ReportingPluginFactory.
func (f Factory) NewReportingPlugin(_ context.Context, config types.ReportingPluginConfig) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	if len(config.OffchainConfig) != 0 || len(config.OnchainConfig) != 0 {
		return nil, types.ReportingPluginInfo{}, errors.New("offchain and onchain config of the plugin must be empty")
	}
	return &plugin{f, config.F}, types.ReportingPluginInfo{
		Name: "Weather",
		Limits: types.ReportingPluginLimits{
			MaxQueryLength:       0,
			MaxObservationLength: feed.ReportSize,
			MaxReportLength:      feed.ReportSize,
		},
	}, nil
}

type plugin struct {
	Factory
	f int // how many oracles may be faulty
}

// Query asks for nothing: every oracle knows what to observe.
func (p *plugin) Query(context.Context, types.ReportTimestamp) (types.Query, error) { return nil, nil }

// Observation is a report of what this oracle alone sees.
func (p *plugin) Observation(ctx context.Context, _ types.ReportTimestamp, _ types.Query) (types.Observation, error) {
	observed, err := p.Source.Observe(ctx)
	if err != nil {
		return nil, fmt.Errorf("observing: %w", err)
	}
	return feed.AppendReport(nil, observed)
}

// Report must return the same bytes on all oracles, so it looks at nothing but its arguments. Up to f of the observations can be
// anything. As at least 2f+1 were made, the median lies between two honest ones.
func (p *plugin) Report(_ context.Context, _ types.ReportTimestamp, _ types.Query, observations []types.AttributedObservation) (bool, types.Report, error) {
	var valid []*feed.Report
	for _, o := range observations {
		r := new(feed.Report)
		if err := feed.DecodeReport(o.Observation, r); err == nil && r.Humidity <= feed.MaxHumidity {
			valid = append(valid, r)
		}
	}
	if len(valid) <= p.f {
		return false, nil, fmt.Errorf("%d valid observations of %d, want more than %d", len(valid), len(observations), p.f)
	}
	// NewReport takes all fields: it does not compile as long as it does not say what becomes of a new one.
	report := feed.NewReport(
		median(valid, func(r *feed.Report) uint32 { return r.ObservedAt }),
		median(valid, func(r *feed.Report) int32 { return r.Temperature }),
		median(valid, func(r *feed.Report) uint32 { return r.Humidity }),
	)
	encoded, err := feed.AppendReport(nil, report)
	return err == nil, encoded, err
}

func median[T cmp.Ordered](reports []*feed.Report, value func(*feed.Report) T) T {
	values := make([]T, len(reports))
	for i, r := range reports {
		values[i] = value(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// ShouldAcceptFinalizedReport says whether a report that enough oracles have signed is to be transmitted at all.
func (p *plugin) ShouldAcceptFinalizedReport(ctx context.Context, ts types.ReportTimestamp, report types.Report) (bool, error) {
	return p.ShouldTransmitAcceptedReport(ctx, ts, report)
}

// ShouldTransmitAcceptedReport says whether a report is still of use when it is this oracle's turn: the contract takes newer
// observations only.
func (p *plugin) ShouldTransmitAcceptedReport(ctx context.Context, _ types.ReportTimestamp, report types.Report) (bool, error) {
	var r feed.Report
	if err := feed.DecodeReport(report, &r); err != nil {
		return false, err
	}
	latest, err := p.Contract.LatestReport(ctx)
	if err != nil {
		return false, fmt.Errorf("reading the contract: %w", err)
	}
	return r.ObservedAt > latest.ObservedAt, nil
}

// Close has nothing to release.
func (p *plugin) Close() error { return nil }
