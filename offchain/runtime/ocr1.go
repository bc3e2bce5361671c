package runtime

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR1Args are what an OCR1 oracle works with. ConfigOverrider, MonitoringEndpoint and MetricsRegisterer may be nil.
type OCR1Args struct {
	BinaryNetworkEndpointFactory ocr1types.BinaryNetworkEndpointFactory
	V2Bootstrappers              []commontypes.BootstrapperLocator
	ConfigOverrider              ocr1types.ConfigOverrider
	ContractTransmitter          ocr1types.ContractTransmitter
	ContractConfigTracker        ocr1types.ContractConfigTracker
	// Database should implement OCR1SignedRoundDatabase as well.
	Database           ocr1types.Database
	Datasource         ocr1types.DataSource
	LocalConfig        ocr1types.LocalConfig
	Logger             commontypes.Logger
	MonitoringEndpoint commontypes.MonitoringEndpoint
	MetricsRegisterer  prometheus.Registerer
	PrivateKeys        ocr1types.PrivateKeys
}

// NewOCR1 returns an OCR1 oracle. The arguments are not checked.
func NewOCR1(args OCR1Args) *Process {
	logger := logging.New(args.Logger)
	t := newTelemetry(args.MonitoringEndpoint, logger)
	s := ocr1Supervisor(&ocr1Starter{args, t}, args.ContractConfigTracker, args.Database, args.LocalConfig, logger)
	s.collect = args.Database.DeletePendingTransmissionsOlderThan
	return newProcess(s, t)
}

// ocr1Starter starts OCR1 instances.
type ocr1Starter struct {
	args      OCR1Args
	telemetry *telemetry
}

func (in *ocr1Instance) report(s *Status) { s.OCR1 = in.current() }

// start brings up an instance for a config. What it has acquired when something fails is released in reverse order.
func (s *ocr1Starter) start(ctx context.Context, widened types.ContractConfig, logger logging.Logger) (running, error) {
	args := s.args
	cc, err := narrowConfig(widened)
	if err != nil {
		return nil, permanent(err)
	}
	cfg, err := ocr1config.SharedConfigFromContractConfig(
		args.ContractTransmitter.ChainID(),
		args.LocalConfig.DevelopmentMode == ocr1types.EnableDangerousDevelopmentMode,
		cc,
		args.PrivateKeys,
		args.BinaryNetworkEndpointFactory.PeerID(),
		args.ContractTransmitter.FromAddress(),
	)
	if err != nil {
		return nil, permanent(err)
	}
	logger = logger.Child(commontypes.LogFields{"configDigest": cfg.ConfigDigest, "oid": cfg.OracleID})

	endpoint, err := args.BinaryNetworkEndpointFactory.NewEndpoint(
		cfg.ConfigDigest, cfg.PeerIDs(), args.V2Bootstrappers, cfg.F, cfg.MessagesRate(), config.RoundMessagesCapacity)
	if err != nil {
		return nil, fmt.Errorf("making the network endpoint: %w", err)
	}
	in := newOCR1Instance(args, cfg, endpoint, s.telemetry, logger)
	if err := in.listen(); err != nil {
		return nil, err
	}
	start, err := in.restore(ctx)
	if err != nil {
		in.discard()
		return nil, err
	}
	in.start(start)
	return in, nil
}

// OCR1BootstrapperArgs are what a bootstrapper of OCR1 works with. MonitoringEndpoint is not used.
type OCR1BootstrapperArgs struct {
	BootstrapperFactory   ocr1types.BootstrapperFactory
	V2Bootstrappers       []commontypes.BootstrapperLocator
	ContractConfigTracker ocr1types.ContractConfigTracker
	Database              ocr1types.Database
	LocalConfig           ocr1types.LocalConfig
	Logger                commontypes.Logger
	MonitoringEndpoint    commontypes.MonitoringEndpoint
}

// NewOCR1Bootstrapper returns a bootstrapper for OCR1. The arguments are not checked.
func NewOCR1Bootstrapper(args OCR1BootstrapperArgs) *Process {
	starter := &ocr1BootstrapperStarter{args}
	return newProcess(ocr1Supervisor(starter, args.ContractConfigTracker, args.Database, args.LocalConfig, logging.New(args.Logger)), nil)
}

type ocr1BootstrapperStarter struct{ args OCR1BootstrapperArgs }

func (s *ocr1BootstrapperStarter) start(_ context.Context, widened types.ContractConfig, logger logging.Logger) (running, error) {
	cc, err := narrowConfig(widened)
	if err != nil {
		return nil, permanent(err)
	}
	cfg, err := ocr1config.PublicConfigFromContractConfig(nil, true, cc)
	if err != nil {
		return nil, permanent(err)
	}
	return startBootstrapper(logger, func() (commontypes.Bootstrapper, error) {
		return s.args.BootstrapperFactory.NewBootstrapper(cc.ConfigDigest, cfg.PeerIDs(), s.args.V2Bootstrappers, cfg.F)
	})
}
