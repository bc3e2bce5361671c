package median

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// pluginName is the name under which the plugin appears in logs and metrics.
const pluginName = "NumericalMedian"

// NumericalMedianFactory makes median plugins. All fields but Logger and
// DeviationFunc must be set. The factory and everything in it is shared by the
// plugins that it makes and so must be safe for concurrent use.
type NumericalMedianFactory struct {
	// ContractTransmitter reads the contract that receives the reports.
	ContractTransmitter MedianContract

	// DataSource observes the value that the network reports.
	DataSource DataSource
	// JuelsPerFeeCoinDataSource observes the price, in juels (10^-18 LINK), of
	// one unit of the coin that pays for gas. The contract bills with it.
	JuelsPerFeeCoinDataSource DataSource
	// GasPriceSubunitsDataSource observes the gas price in the smallest unit of
	// the fee coin. It is asked in every round, and its failure is a failed
	// observation, even if the result is not included.
	GasPriceSubunitsDataSource DataSource

	// IncludeGasPriceSubunitsInObservation says whether the gas price becomes
	// part of the observation. Oracles may differ in it.
	IncludeGasPriceSubunitsInObservation bool

	// Logger may be nil: then nothing is logged.
	Logger commontypes.Logger

	OnchainConfigCodec OnchainConfigCodec
	ReportCodec        ReportCodec

	// DeviationFunc replaces DefaultDeviationFunc. All oracles should have the
	// same.
	DeviationFunc DeviationFunc
}

var _ types.ReportingPluginFactory = NumericalMedianFactory{}

// NewReportingPlugin fails if a field of the factory is missing, if the onchain
// or the offchain config cannot be decoded, or if the report codec does not know
// its longest report.
func (fac NumericalMedianFactory) NewReportingPlugin(ctx context.Context, configuration types.ReportingPluginConfig) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	p, err := fac.newPlugin(ctx, configuration)
	if err != nil {
		return nil, types.ReportingPluginInfo{}, err
	}
	return p, types.ReportingPluginInfo{
		Name: pluginName,
		// Two reports of one round that both have f+1 signatures are both good.
		UniqueReports: false,
		Limits: types.ReportingPluginLimits{
			MaxQueryLength:       0,
			MaxObservationLength: maxObservationLength,
			MaxReportLength:      p.maxReportLength,
		},
	}, nil
}

func (fac NumericalMedianFactory) newPlugin(ctx context.Context, configuration types.ReportingPluginConfig) (*plugin, error) {
	if err := fac.check(); err != nil {
		return nil, err
	}
	offchainConfig, err := DecodeOffchainConfig(configuration.OffchainConfig)
	if err != nil {
		return nil, err
	}
	onchainConfig, err := fac.OnchainConfigCodec.Decode(ctx, configuration.OnchainConfig)
	if err != nil {
		return nil, fmt.Errorf("median: decoding the onchain config: %w", err)
	}
	if onchainConfig.Min == nil || onchainConfig.Max == nil {
		return nil, errors.New("median: the onchain config has no Min or no Max")
	}
	maxReportLength, err := fac.ReportCodec.MaxReportLength(ctx, configuration.N)
	if err != nil {
		return nil, fmt.Errorf("median: the longest report of %d oracles: %w", configuration.N, err)
	}
	deviation := fac.DeviationFunc
	if deviation == nil {
		deviation = DefaultDeviationFunc
	}
	return &plugin{
		contract:         fac.ContractTransmitter,
		value:            fac.DataSource,
		juelsPerFeeCoin:  fac.JuelsPerFeeCoinDataSource,
		gasPriceSubunits: fac.GasPriceSubunitsDataSource,
		includeGasPrice:  fac.IncludeGasPriceSubunitsInObservation,
		codec:            fac.ReportCodec,
		deviation:        deviation,
		logger: logging.New(fac.Logger).Child(commontypes.LogFields{
			"configDigest":    configuration.ConfigDigest,
			"reportingPlugin": pluginName,
		}),
		now:             time.Now,
		configDigest:    configuration.ConfigDigest,
		f:               configuration.F,
		onchainConfig:   onchainConfig,
		offchainConfig:  offchainConfig,
		maxReportLength: maxReportLength,
	}, nil
}

func (fac NumericalMedianFactory) check() error {
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"ContractTransmitter", fac.ContractTransmitter == nil},
		{"DataSource", fac.DataSource == nil},
		{"JuelsPerFeeCoinDataSource", fac.JuelsPerFeeCoinDataSource == nil},
		{"GasPriceSubunitsDataSource", fac.GasPriceSubunitsDataSource == nil},
		{"OnchainConfigCodec", fac.OnchainConfigCodec == nil},
		{"ReportCodec", fac.ReportCodec == nil},
	} {
		if field.missing {
			return fmt.Errorf("median: NumericalMedianFactory.%s is not set", field.name)
		}
	}
	return nil
}

// unixSeconds is t as observations carry it: the low 32 bits.
func unixSeconds(t time.Time) uint32 {
	return uint32(t.Unix() & math.MaxUint32)
}
