package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR2Args are what an OCR2 oracle works with. MonitoringEndpoint and MetricsRegisterer may be nil.
type OCR2Args struct {
	BinaryNetworkEndpointFactory types.BinaryNetworkEndpointFactory
	V2Bootstrappers              []commontypes.BootstrapperLocator
	ContractConfigTracker        types.ContractConfigTracker
	ContractTransmitter          types.ContractTransmitter
	// Database should implement SignedRoundDatabase as well.
	Database               types.Database
	LocalConfig            types.LocalConfig
	Logger                 commontypes.Logger
	MonitoringEndpoint     commontypes.MonitoringEndpoint
	MetricsRegisterer      prometheus.Registerer
	OffchainConfigDigester types.OffchainConfigDigester
	OffchainKeyring        types.OffchainKeyring
	OnchainKeyring         types.OnchainKeyring
	ReportingPluginFactory types.ReportingPluginFactory
}

// ocr2Starter starts OCR2 instances.
type ocr2Starter struct {
	args      OCR2Args
	telemetry *telemetry
}

// runningOCR2 is an instance with its plugin.
type runningOCR2 struct {
	instance *ocr2Instance
	logger   logging.Logger
}

func (r *runningOCR2) stop() {
	r.instance.stop()
	closePlugin(r.instance.plugin, r.logger)
}

func (r *runningOCR2) report(s *Status) { s.Instance = r.instance.report() }

func closePlugin(plugin types.ReportingPlugin, logger logging.Logger) {
	if err := plugin.Close(); err != nil {
		logger.Warn("the plugin failed to close", commontypes.LogFields{"error": err})
	}
}

// start brings up an instance for a config, in the order of docs/protocol/ocr2.md, "Runtime". What it has acquired when
// something fails is released in reverse order.
func (s *ocr2Starter) start(ctx context.Context, cc types.ContractConfig, logger logging.Logger) (_ running, err error) {
	args := s.args
	account, err := args.ContractTransmitter.FromAccount(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking the contract transmitter for its account: %w", err)
	}
	cfg, err := ocr2config.SharedConfigFromContractConfig(
		args.LocalConfig.DevelopmentMode == types.EnableDangerousDevelopmentMode,
		cc,
		config.Self{
			OffchainPublicKey: args.OffchainKeyring.OffchainPublicKey(),
			OnchainPublicKey:  args.OnchainKeyring.PublicKey(),
			PeerID:            args.BinaryNetworkEndpointFactory.PeerID(),
			TransmitAccount:   account,
		},
		args.OffchainKeyring.ConfigDiffieHellman,
	)
	if err != nil {
		return nil, permanent(err)
	}
	logger = logger.Child(commontypes.LogFields{"oid": cfg.OracleID})

	plugin, info, err := s.newPlugin(ctx, cfg, logger)
	if err != nil {
		return nil, fmt.Errorf("making the reporting plugin: %w", err)
	}
	defer func() {
		if err != nil {
			closePlugin(plugin, logger)
		}
	}()
	if err := ocr2config.CheckPluginLimits(info.Limits); err != nil {
		return nil, permanent(fmt.Errorf("the limits of plugin %q: %w", info.Name, err))
	}
	limits, _, err := ocr2config.EndpointLimits(cfg.PublicConfig, info.Limits, args.OnchainKeyring.MaxSignatureLength())
	if err != nil {
		return nil, permanent(err)
	}
	endpoint, err := args.BinaryNetworkEndpointFactory.NewEndpoint(
		cfg.ConfigDigest, config.PeerIDs(cfg.OracleIdentities), args.V2Bootstrappers, cfg.F, limits)
	if err != nil {
		return nil, fmt.Errorf("making the network endpoint: %w", err)
	}
	in := newOCR2Instance(args, cfg, plugin, info, limits, endpoint, s.telemetry, logger)
	if err := in.listen(); err != nil {
		return nil, err
	}
	start, err := in.restore(ctx)
	if err != nil {
		in.discard()
		return nil, err
	}
	in.start(start)
	return &runningOCR2{in, logger}, nil
}

// newPlugin calls the factory.
func (s *ocr2Starter) newPlugin(ctx context.Context, cfg ocr2config.SharedConfig, logger logging.Logger,
) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	maxDuration := s.args.LocalConfig.DefaultMaxDurationInitialization
	if cfg.MaxDurationInitialization != nil {
		maxDuration = *cfg.MaxDurationInitialization
	}
	ctx, cancel := context.WithTimeout(ctx, maxDuration)
	defer cancel()
	late := time.AfterFunc(maxDuration+lateAfter, func() {
		logger.Error("ReportingPluginFactory.NewReportingPlugin is taking too long", commontypes.LogFields{
			"maxDuration": maxDuration.String(),
		})
	})
	defer late.Stop()
	return s.args.ReportingPluginFactory.NewReportingPlugin(ctx, types.ReportingPluginConfig{
		ConfigDigest:                            cfg.ConfigDigest,
		OracleID:                                cfg.OracleID,
		N:                                       cfg.N(),
		F:                                       cfg.F,
		OnchainConfig:                           cfg.OnchainConfig,
		OffchainConfig:                          cfg.ReportingPluginConfig,
		EstimatedRoundInterval:                  cfg.DeltaRound,
		MaxDurationQuery:                        cfg.MaxDurationQuery,
		MaxDurationObservation:                  cfg.MaxDurationObservation,
		MaxDurationReport:                       cfg.MaxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  cfg.MaxDurationShouldAcceptFinalizedReport,
		MaxDurationShouldTransmitAcceptedReport: cfg.MaxDurationShouldTransmitAcceptedReport,
	})
}
