package offchain

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// BootstrapperArgs are the arguments of a bootstrapper. All must be safe for concurrent use.
type BootstrapperArgs struct {
	// BootstrapperFactory connects to the network.
	BootstrapperFactory types.BootstrapperFactory

	// V2Bootstrappers are other bootstrappers.
	V2Bootstrappers []commontypes.BootstrapperLocator

	// ContractConfigTracker reads the config from the contract; from it come the peer ids of the oracles.
	ContractConfigTracker types.ContractConfigTracker

	// Database remembers the last config.
	Database types.ConfigDatabase

	// LocalConfig is checked by NewBootstrapper.
	LocalConfig types.LocalConfig

	// Logger takes the log.
	Logger commontypes.Logger

	// MonitoringEndpoint is not used.
	MonitoringEndpoint commontypes.MonitoringEndpoint

	// OffchainConfigDigester recomputes config digests, so that nothing has to be believed.
	OffchainConfigDigester types.OffchainConfigDigester
}

// Bootstrapper helps the oracles of one contract, of whatever protocol version, to find each other. It holds no keys of oracles
// and takes no part in the protocol. It is safe for concurrent use.
type Bootstrapper struct {
	process *runtime.Process
}

var (
	_ StatusReporter = (*Bootstrapper)(nil)
	_ StatusReporter = (*runtime.Process)(nil)
)

// NewBootstrapper makes a bootstrapper, which the caller must start. It fails if the local config is out of range; the error
// lists every rule that it breaks. Nothing else is checked.
func NewBootstrapper(args BootstrapperArgs) (*Bootstrapper, error) {
	if err := SanityCheckLocalConfig(args.LocalConfig); err != nil {
		return nil, fmt.Errorf("NewBootstrapper: %w", err)
	}
	return &Bootstrapper{runtime.NewBootstrapper(runtime.BootstrapperArgs(args))}, nil
}

// Start begins the work in the background and returns at once. It fails when called a second time or after Close.
func (b *Bootstrapper) Start() error { return b.process.Start() }

// Close ends the work and returns when nothing of it goes on any more. It fails unless the bootstrapper was started and not
// yet closed.
func (b *Bootstrapper) Close() error { return b.process.Close() }

// Status returns what the bootstrapper is doing now.
func (b *Bootstrapper) Status() runtime.Status { return b.process.Status() }
