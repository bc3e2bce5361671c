package ocr3feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// pluginName is the name under which the plugin appears in logs and metrics.
const pluginName = "OCR3Feed"

// Contract reads the contract that receives the reports. It must be safe for concurrent use. *evm.FeedContract is one.
type Contract interface {
	// LatestConfigDigestAndSeqNr returns the digest of the config in force, and the sequence number of the last report under it, 0
	// if there was none. It must return soon after the context ends.
	LatestConfigDigestAndSeqNr(ctx context.Context) (configDigest types.ConfigDigest, seqNr uint64, err error)
}

// Factory makes plugins. DataSource and Contract must be set. The factory and everything in it is shared by the plugins that it
// makes, and so must be safe for concurrent use.
type Factory struct {
	// DataSource observes what the network reports. Epoch and round of the timestamp that it gets are those of the round in OCR3,
	// in fewer bits; they serve logs and caches.
	DataSource median.DataSource
	// Contract is asked whether the last report has landed, and whether a report is still of use.
	Contract Contract
	// Logger may be nil: then nothing is logged.
	Logger commontypes.Logger
	// Now is the clock; nil: the system's. Simulations have another one.
	Now func() time.Time
}

var _ ocr3types.ReportingPluginFactory[struct{}] = Factory{}

// NewReportingPlugin implements ocr3types.ReportingPluginFactory. It fails if a field of the factory is missing, or if the onchain
// or the offchain config cannot be decoded.
func (f Factory) NewReportingPlugin(ctx context.Context, config ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[struct{}], ocr3types.ReportingPluginInfo, error) {
	p, err := f.NewPlugin(ctx, config)
	if err != nil {
		return nil, ocr3types.ReportingPluginInfo{}, err
	}
	return p, ocr3types.ReportingPluginInfo{Name: pluginName, Limits: Limits()}, nil
}

// NewPlugin is NewReportingPlugin for those who know what they get.
func (f Factory) NewPlugin(ctx context.Context, config ocr3types.ReportingPluginConfig) (*Plugin, error) {
	switch {
	case f.DataSource == nil:
		return nil, errors.New("ocr3feed: Factory.DataSource is not set")
	case f.Contract == nil:
		return nil, errors.New("ocr3feed: Factory.Contract is not set")
	}
	offchainConfig, err := median.DecodeOffchainConfig(config.OffchainConfig)
	if err != nil {
		return nil, fmt.Errorf("ocr3feed: %w", err)
	}
	bounds, err := median.StandardOnchainConfigCodec{}.Decode(ctx, config.OnchainConfig)
	if err != nil {
		return nil, fmt.Errorf("ocr3feed: %w", err)
	}
	now := f.Now
	if now == nil {
		now = time.Now
	}
	return &Plugin{
		source: f.DataSource, contract: f.Contract, now: now,
		logger:       logging.New(f.Logger).Child(commontypes.LogFields{"configDigest": config.ConfigDigest, "reportingPlugin": pluginName}),
		configDigest: config.ConfigDigest, n: config.N, f: config.F,
		bounds: bounds, offchainConfig: offchainConfig,
	}, nil
}

// Limits returns the limits of the plugin. All lengths are exact: nothing is ever shorter or longer.
func Limits() ocr3types.ReportingPluginLimits {
	return ocr3types.ReportingPluginLimits{
		MaxQueryLength:       0,
		MaxObservationLength: ObservationSize,
		MaxOutcomeLength:     OutcomeSize,
		MaxReportLength:      ReportSize,
		MaxReportCount:       1,
	}
}
