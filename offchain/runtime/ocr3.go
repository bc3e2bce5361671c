package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/p2p/limits"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// OCR3Args are what an OCR3 oracle works with. MonitoringEndpoint and MetricsRegisterer may be nil.
type OCR3Args[RI any] struct {
	BinaryNetworkEndpointFactory types.BinaryNetworkEndpointFactory
	V2Bootstrappers              []commontypes.BootstrapperLocator
	ContractConfigTracker        types.ContractConfigTracker
	ContractTransmitter          ocr3types.ContractTransmitter[RI]
	Database                     ocr3types.Database
	LocalConfig                  types.LocalConfig
	Logger                       commontypes.Logger
	MonitoringEndpoint           commontypes.MonitoringEndpoint
	MetricsRegisterer            prometheus.Registerer
	OffchainConfigDigester       types.OffchainConfigDigester
	OffchainKeyring              types.OffchainKeyring
	OnchainKeyring               ocr3types.OnchainKeyring[RI]
	ReportingPluginFactory       ocr3types.ReportingPluginFactory[RI]

	// EstimatedRoundInterval tells the plugin how long a round takes; nil takes DeltaRound.
	EstimatedRoundInterval func(ocr3config.PublicConfig) time.Duration
}

// NewOCR3 returns an OCR3 oracle. The arguments are not checked.
func NewOCR3[RI any](args OCR3Args[RI]) *Process {
	logger := logging.New(args.Logger)
	t := newTelemetry(args.MonitoringEndpoint, logger)
	return newProcess(&supervisor{
		starter:     &ocr3Starter[RI]{args, t},
		tracker:     args.ContractConfigTracker,
		check:       checkedBy(args.OffchainConfigDigester),
		database:    args.Database,
		localConfig: args.LocalConfig,
		logger:      logger,
	}, t)
}

// ocr3Starter starts OCR3 instances.
type ocr3Starter[RI any] struct {
	args      OCR3Args[RI]
	telemetry *telemetry
}

// runningOCR3 is an instance with its plugin.
type runningOCR3[RI any] struct {
	instance *ocr3Instance[RI]
	logger   logging.Logger
}

func (r *runningOCR3[RI]) stop() {
	r.instance.stop()
	closeOCR3Plugin(r.instance.plugin, r.logger)
}

func (r *runningOCR3[RI]) report(s *Status) { s.OCR3 = r.instance.report() }

func closeOCR3Plugin[RI any](plugin ocr3types.ReportingPlugin[RI], logger logging.Logger) {
	if err := plugin.Close(); err != nil {
		logger.Warn("the plugin failed to close", commontypes.LogFields{"error": err})
	}
}

// Keys of what is kept in the database for each config.
const (
	pacemakerKey   = "pacemaker"
	certificateKey = "cert"
)

// start brings up an instance for a config, in the order of docs/protocol/ocr3.md, "Runtime". What it has acquired when
// something fails is released in reverse order.
func (s *ocr3Starter[RI]) start(ctx context.Context, cc types.ContractConfig, logger logging.Logger) (_ running, err error) {
	args := s.args
	account, err := args.ContractTransmitter.FromAccount(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking the contract transmitter for its account: %w", err)
	}
	cfg, err := ocr3config.SharedConfigFromContractConfig(
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
			closeOCR3Plugin(plugin, logger)
		}
	}()
	if err := ocr3config.CheckPluginLimits(info.Limits); err != nil {
		return nil, permanent(fmt.Errorf("the limits of plugin %q: %w", info.Name, err))
	}
	networkLimits, _, err := limits.OCR3(limits.OCR3Config{
		N: cfg.N(), F: cfg.F, RMax: cfg.RMax, DeltaProgress: cfg.DeltaProgress, DeltaResend: cfg.DeltaResend, DeltaInitial: cfg.DeltaInitial,
		DeltaRound: cfg.DeltaRound, MaxSignatureLength: args.OnchainKeyring.MaxSignatureLength(), Plugin: info.Limits,
	})
	if err != nil {
		return nil, permanent(err)
	}
	start, err := s.restore(ctx, cfg.ConfigDigest, logger)
	if err != nil {
		return nil, err
	}
	endpoint, err := args.BinaryNetworkEndpointFactory.NewEndpoint(
		cfg.ConfigDigest, config.PeerIDs(cfg.OracleIdentities), args.V2Bootstrappers, cfg.F, networkLimits)
	if err != nil {
		return nil, fmt.Errorf("making the network endpoint: %w", err)
	}
	in := newOCR3Instance(args, cfg, plugin, info, networkLimits, endpoint, s.telemetry, logger)
	if err := in.listen(); err != nil {
		return nil, err
	}
	in.start(start)
	return &runningOCR3[RI]{in, logger}, nil
}

// newPlugin calls the factory.
func (s *ocr3Starter[RI]) newPlugin(ctx context.Context, cfg ocr3config.SharedConfig, logger logging.Logger,
) (ocr3types.ReportingPlugin[RI], ocr3types.ReportingPluginInfo, error) {
	maxDuration := s.args.LocalConfig.DefaultMaxDurationInitialization
	if cfg.MaxDurationInitialization != nil {
		maxDuration = *cfg.MaxDurationInitialization
	}
	interval := cfg.DeltaRound
	if s.args.EstimatedRoundInterval != nil {
		interval = s.args.EstimatedRoundInterval(cfg.PublicConfig)
	}
	ctx, cancel := context.WithTimeout(ctx, maxDuration)
	defer cancel()
	late := time.AfterFunc(maxDuration+lateAfter, func() {
		logger.Error("ReportingPluginFactory.NewReportingPlugin is taking too long", commontypes.LogFields{
			"maxDuration": maxDuration.String(),
		})
	})
	defer late.Stop()
	return s.args.ReportingPluginFactory.NewReportingPlugin(ctx, ocr3types.ReportingPluginConfig{
		ConfigDigest:                            cfg.ConfigDigest,
		OracleID:                                cfg.OracleID,
		N:                                       cfg.N(),
		F:                                       cfg.F,
		OnchainConfig:                           cfg.OnchainConfig,
		OffchainConfig:                          cfg.ReportingPluginConfig,
		EstimatedRoundInterval:                  interval,
		MaxDurationQuery:                        cfg.MaxDurationQuery,
		MaxDurationObservation:                  cfg.MaxDurationObservation,
		MaxDurationShouldAcceptAttestedReport:   cfg.MaxDurationShouldAcceptAttestedReport,
		MaxDurationShouldTransmitAcceptedReport: cfg.MaxDurationShouldTransmitAcceptedReport,
	})
}

// restore reads what the machine starts from. Without it the instance must not run: it could vote against its own votes.
func (s *ocr3Starter[RI]) restore(ctx context.Context, digest types.ConfigDigest, logger logging.Logger) (start ocr3.Start, err error) {
	read := func(key string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, s.args.LocalConfig.DatabaseTimeout)
		defer cancel()
		value, err := s.args.Database.ReadProtocolState(ctx, digest, key)
		if err != nil {
			return nil, fmt.Errorf("reading %q from the database: %w", key, err)
		}
		return value, nil
	}
	value, err := read(pacemakerKey)
	if err != nil {
		return start, err
	}
	if start.Pacemaker, err = ocr3wire.DecodePacemakerState(value); err != nil {
		return start, fmt.Errorf("%q in the database: %w", pacemakerKey, err)
	}
	if value, err = read(certificateKey); err != nil {
		return start, err
	}
	if start.Certificate, err = ocr3wire.DecodeCertificate(value); err != nil {
		return start, fmt.Errorf("%q in the database: %w", certificateKey, err)
	}
	if start.Pacemaker != nil || start.Certificate != nil {
		logger.Info("going on where this oracle stopped", commontypes.LogFields{
			"pacemaker": start.Pacemaker, "certificate": ocr3wire.CertificateString(start.Certificate),
		})
	}
	return start, nil
}
