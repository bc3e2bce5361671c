package offchain

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR2OracleArgs are the arguments of an OCR2 oracle. All must be safe for concurrent use.
type OCR2OracleArgs struct {
	// BinaryNetworkEndpointFactory connects to the other oracles. Endpoints that implement runtime.PushEndpoint cost less.
	BinaryNetworkEndpointFactory types.BinaryNetworkEndpointFactory

	// V2Bootstrappers are where to ask for the other oracles' addresses.
	V2Bootstrappers []commontypes.BootstrapperLocator

	// ContractConfigTracker reads the config from the contract.
	ContractConfigTracker types.ContractConfigTracker

	// ContractTransmitter sends reports to the contract.
	ContractTransmitter types.ContractTransmitter

	// Database must be durable, and must not be used by two oracles of the same identity at a time. It should implement
	// runtime.SignedRoundDatabase as well.
	Database types.Database

	// LocalConfig is checked by NewOracle.
	LocalConfig types.LocalConfig

	// Logger takes the log.
	Logger commontypes.Logger

	// MonitoringEndpoint takes telemetry. May be nil.
	MonitoringEndpoint commontypes.MonitoringEndpoint

	// MetricsRegisterer takes Prometheus metrics, with the labels config_digest and offchain_public_key. May be nil.
	MetricsRegisterer prometheus.Registerer

	// OffchainConfigDigester recomputes config digests, so that nothing has to be believed.
	OffchainConfigDigester types.OffchainConfigDigester

	// OffchainKeyring signs messages to other oracles and decrypts secrets in configs.
	OffchainKeyring types.OffchainKeyring

	// OnchainKeyring signs reports.
	OnchainKeyring types.OnchainKeyring

	// ReportingPluginFactory makes the plugin that decides what is reported.
	ReportingPluginFactory types.ReportingPluginFactory
}

var _ OracleArgs = OCR2OracleArgs{}

func (OCR2OracleArgs) oracleArgsMarker() {}

func (args OCR2OracleArgs) checkLocalConfig() error { return SanityCheckLocalConfig(args.LocalConfig) }

func (args OCR2OracleArgs) newOracle() *runtime.Process {
	return runtime.NewOCR2(runtime.OCR2Args(args))
}
