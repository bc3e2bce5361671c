package runtime

import (
	"context"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/netconfig"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// BootstrapperArgs are what a bootstrapper works with. MonitoringEndpoint is not used.
type BootstrapperArgs struct {
	BootstrapperFactory    types.BootstrapperFactory
	V2Bootstrappers        []commontypes.BootstrapperLocator
	ContractConfigTracker  types.ContractConfigTracker
	Database               types.ConfigDatabase
	LocalConfig            types.LocalConfig
	Logger                 commontypes.Logger
	MonitoringEndpoint     commontypes.MonitoringEndpoint
	OffchainConfigDigester types.OffchainConfigDigester
}

// bootstrapperStarter starts bootstrappers.
type bootstrapperStarter struct{ args BootstrapperArgs }

type runningBootstrapper struct {
	bootstrapper commontypes.Bootstrapper
	logger       logging.Logger
}

func (r *runningBootstrapper) stop() {
	if err := r.bootstrapper.Close(); err != nil {
		r.logger.Warn("the bootstrapper failed to close", commontypes.LogFields{"error": err})
	}
}

func (r *runningBootstrapper) report(*Status) {}

func (s *bootstrapperStarter) start(_ context.Context, cc types.ContractConfig, logger logging.Logger) (running, error) {
	net, err := netconfig.FromContractConfig(cc)
	if err != nil {
		return nil, permanent(err)
	}
	return startBootstrapper(logger, func() (commontypes.Bootstrapper, error) {
		return s.args.BootstrapperFactory.NewBootstrapper(cc.ConfigDigest, net.PeerIDs, s.args.V2Bootstrappers, net.F)
	})
}

// startBootstrapper makes and starts a bootstrapper.
func startBootstrapper(logger logging.Logger, make func() (commontypes.Bootstrapper, error)) (running, error) {
	bootstrapper, err := make()
	if err != nil {
		return nil, fmt.Errorf("making the bootstrapper: %w", err)
	}
	r := &runningBootstrapper{bootstrapper, logger}
	if err := bootstrapper.Start(); err != nil {
		r.stop()
		return nil, fmt.Errorf("starting the bootstrapper: %w", err)
	}
	return r, nil
}
