package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
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
	instance *instance
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
	in := newInstance(args, cfg, plugin, info, limits, endpoint, s.telemetry, logger)
	if err := in.listen(); err != nil {
		if closeErr := endpoint.Close(); closeErr != nil {
			logger.Warn("the network endpoint failed to close", commontypes.LogFields{"error": closeErr})
		}
		in.cancelCalls()
		return nil, fmt.Errorf("starting the network endpoint: %w", err)
	}
	start, err := in.restore(ctx)
	if err != nil {
		in.box.close()
		in.cancelCalls()
		in.running.Wait()
		in.stopListening()
		return nil, fmt.Errorf("reading from the database: %w", err)
	}
	in.begin(start)
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

// restore gathers what the machine starts from. It fails only if it cannot be known in which rounds this oracle has signed
// before: the instance must not run then, lest it sign twice. Whatever else cannot be read is logged and left out.
func (in *instance) restore(ctx context.Context) (ocr2.Start, error) {
	db, digest := in.args.Database, in.cfg.ConfigDigest
	dbTimeout := in.args.LocalConfig.DatabaseTimeout

	type latest struct {
		digest types.ConfigDigest
		epoch  uint32
	}
	contract := inBackground(in, ctx, in.args.LocalConfig.BlockchainTimeout, func(ctx context.Context) (l latest, err error) {
		l.digest, l.epoch, err = in.args.ContractTransmitter.LatestConfigDigestAndEpoch(ctx)
		return l, err
	})
	pending := inBackground(in, ctx, dbTimeout, func(ctx context.Context) (map[types.ReportTimestamp]types.PendingTransmission, error) {
		return db.PendingTransmissionsWithConfigDigest(ctx, digest)
	})
	readState := func(ctx context.Context) (*types.PersistentState, error) { return db.ReadState(ctx, digest) }

	var start ocr2.Start
	var err error
	if in.keeper.rounds != nil {
		state := inBackground(in, ctx, dbTimeout, readState)
		round, ok, err := in.readSignedRound(ctx)
		if err != nil {
			return ocr2.Start{}, err
		}
		if ok {
			start.SignedRound = &round
		}
		if start.State, err = state(); err != nil && !ok {
			// There may be a state that was left by software that does not keep the round.
			return ocr2.Start{}, fmt.Errorf("the pacemaker's state: %w", err)
		} else if err != nil {
			in.logger.ErrorUnlessCanceled(ctx, "could not read the pacemaker's state from the database; starting without", commontypes.LogFields{"error": err})
		}
	} else {
		in.logger.Info("the database does not keep the signed round; nothing is signed in the epoch that was running when the oracle stopped", nil)
		readCtx, cancel := context.WithTimeout(ctx, dbTimeout)
		defer cancel()
		if start.State, err = readState(readCtx); err != nil {
			return ocr2.Start{}, fmt.Errorf("the pacemaker's state: %w", err)
		}
	}
	switch {
	case start.SignedRound != nil:
	case start.State != nil:
		// Also where the state was left by software that does not keep the round.
		start.SignedRound = &ocr2.Round{Epoch: start.State.Epoch, Round: 255}
	case in.keeper.rounds != nil:
		// From now on the absence of a round means something: that nothing was signed, however far the state has come.
		if err := in.writeNoRound(ctx); err != nil {
			return ocr2.Start{}, err
		}
	}

	if l, err := contract(); err != nil {
		in.logger.ErrorUnlessCanceled(ctx, "could not read the epoch of the latest report from the contract; starting without", commontypes.LogFields{"error": err})
	} else if l.digest == digest {
		start.ContractEpoch, start.ContractKnown = l.epoch, true
		if start.State == nil && l.epoch > 0 {
			in.logger.Warn("the contract has reports under this config, but the database has no state of it: was it lost?", commontypes.LogFields{
				"epoch": l.epoch,
			})
		}
	}
	if start.Pending, err = pending(); err != nil {
		in.logger.ErrorUnlessCanceled(ctx, "could not read the pending transmissions from the database; starting without", commontypes.LogFields{"error": err})
	}
	if err := ctx.Err(); err != nil {
		return ocr2.Start{}, err
	}
	return start, nil
}

func (in *instance) readSignedRound(ctx context.Context) (ocr2.Round, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, in.args.LocalConfig.DatabaseTimeout)
	defer cancel()
	epoch, round, ok, err := in.keeper.rounds.ReadSignedRound(ctx, in.cfg.ConfigDigest)
	if err != nil {
		return ocr2.Round{}, false, fmt.Errorf("the signed round: %w", err)
	}
	return ocr2.Round{Epoch: epoch, Round: round}, ok, nil
}

// writeNoRound records that nothing was ever signed under the config.
func (in *instance) writeNoRound(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, in.args.LocalConfig.DatabaseTimeout)
	defer cancel()
	if err := in.keeper.rounds.WriteSignedRound(ctx, in.cfg.ConfigDigest, 0, 0); err != nil {
		return fmt.Errorf("recording that nothing was signed yet: %w", err)
	}
	return nil
}

// errNoAnswer stands for the result of a call that ignores its context.
var errNoAnswer = errors.New("no answer in time")

// inBackground begins a call, with a context that ends after timeout, and returns a function that waits for its result, no
// longer than until then. A result that comes later is thrown away; the instance does not end before it came.
func inBackground[T any](in *instance, ctx context.Context, timeout time.Duration, call func(context.Context) (T, error)) (result func() (T, error)) {
	type outcome struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	outcomes := make(chan outcome, 1)
	in.running.Go(func() {
		defer cancel()
		value, err := call(ctx)
		outcomes <- outcome{value, err}
	})
	timer := time.NewTimer(timeout)
	return func() (T, error) {
		defer timer.Stop()
		select {
		case o := <-outcomes:
			return o.value, o.err
		case <-timer.C:
			var none T
			return none, errNoAnswer
		}
	}
}
