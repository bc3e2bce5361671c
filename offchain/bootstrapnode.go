package offchain

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/runtime"
)

// BootstrapNodeArgs are the arguments of a bootstrap node. All must be safe for concurrent use.
type BootstrapNodeArgs struct {
	// BootstrapperFactory connects to the network.
	BootstrapperFactory ocr1types.BootstrapperFactory

	// V2Bootstrappers are other bootstrappers.
	V2Bootstrappers []commontypes.BootstrapperLocator

	// ContractConfigTracker reads the config from the contract; from it come the peer ids of the oracles.
	ContractConfigTracker ocr1types.ContractConfigTracker

	// Database remembers the last config; nothing else of it is used.
	Database ocr1types.Database

	// LocalConfig is checked by NewBootstrapNode.
	LocalConfig ocr1types.LocalConfig

	// Logger takes the log.
	Logger commontypes.Logger

	// MonitoringEndpoint is not used.
	MonitoringEndpoint commontypes.MonitoringEndpoint
}

// BootstrapNode is to OCR1 what [Bootstrapper] is to later versions: it helps the oracles of one contract to find each other. It
// is safe for concurrent use.
type BootstrapNode struct {
	process *runtime.Process
}

var _ StatusReporter = (*BootstrapNode)(nil)

// NewBootstrapNode makes a bootstrap node, which the caller must start. It fails if the local config is out of range; the error
// lists every rule that it breaks. Nothing else is checked.
func NewBootstrapNode(args BootstrapNodeArgs) (*BootstrapNode, error) {
	if err := SanityCheckOCR1LocalConfig(args.LocalConfig); err != nil {
		return nil, fmt.Errorf("NewBootstrapNode: %w", err)
	}
	return &BootstrapNode{runtime.NewOCR1Bootstrapper(runtime.OCR1BootstrapperArgs(args))}, nil
}

// Start begins the work in the background and returns at once. It fails when called a second time or after Close.
func (b *BootstrapNode) Start() error { return b.process.Start() }

// Close ends the work and returns when nothing of it goes on any more. It fails unless the bootstrap node was started and not yet
// closed.
func (b *BootstrapNode) Close() error { return b.process.Close() }

// Status returns what the bootstrap node is doing now.
func (b *BootstrapNode) Status() runtime.Status { return b.process.Status() }
