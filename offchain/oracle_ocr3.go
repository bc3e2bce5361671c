package offchain

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR3OracleArgs are the arguments of an OCR3 oracle. RI is what the plugin knows of a report beside its bytes; it stays with the
// oracle. All must be safe for concurrent use.
type OCR3OracleArgs[RI any] struct {
	// BinaryNetworkEndpointFactory connects to the other oracles. Endpoints that implement runtime.PushEndpoint cost less.
	BinaryNetworkEndpointFactory types.BinaryNetworkEndpointFactory

	// V2Bootstrappers are where to ask for the other oracles' addresses.
	V2Bootstrappers []commontypes.BootstrapperLocator

	// ContractConfigTracker reads the config from the contract.
	ContractConfigTracker types.ContractConfigTracker

	// ContractTransmitter sends reports to the contract.
	ContractTransmitter ocr3types.ContractTransmitter[RI]

	// Database must be durable, and must not be used by two oracles of the same identity at a time.
	Database ocr3types.Database

	// LocalConfig is checked by NewOracle.
	LocalConfig types.LocalConfig

	// Logger takes the log.
	Logger commontypes.Logger

	// MetricsRegisterer takes Prometheus metrics, with the labels config_digest and offchain_public_key. May be nil.
	MetricsRegisterer prometheus.Registerer

	// MonitoringEndpoint takes telemetry. May be nil.
	MonitoringEndpoint commontypes.MonitoringEndpoint

	// OffchainConfigDigester recomputes config digests, so that nothing has to be believed.
	OffchainConfigDigester types.OffchainConfigDigester

	// OffchainKeyring signs messages to other oracles and decrypts secrets in configs.
	OffchainKeyring types.OffchainKeyring

	// OnchainKeyring signs reports.
	OnchainKeyring ocr3types.OnchainKeyring[RI]

	// ReportingPluginFactory makes the plugin that decides what is reported.
	ReportingPluginFactory ocr3types.ReportingPluginFactory[RI]
}

var _ OracleArgs = OCR3OracleArgs[struct{}]{}

func (OCR3OracleArgs[RI]) oracleArgsMarker() {}

func (args OCR3OracleArgs[RI]) checkLocalConfig() error {
	return SanityCheckLocalConfig(args.LocalConfig)
}

func (args OCR3OracleArgs[RI]) newOracle() *runtime.Process {
	return runtime.NewOCR3(runtime.OCR3Args[RI]{
		BinaryNetworkEndpointFactory: args.BinaryNetworkEndpointFactory,
		V2Bootstrappers:              args.V2Bootstrappers,
		ContractConfigTracker:        args.ContractConfigTracker,
		ContractTransmitter:          args.ContractTransmitter,
		Database:                     args.Database,
		LocalConfig:                  args.LocalConfig,
		Logger:                       args.Logger,
		MonitoringEndpoint:           args.MonitoringEndpoint,
		MetricsRegisterer:            args.MetricsRegisterer,
		OffchainConfigDigester:       args.OffchainConfigDigester,
		OffchainKeyring:              args.OffchainKeyring,
		OnchainKeyring:               args.OnchainKeyring,
		ReportingPluginFactory:       args.ReportingPluginFactory,
	})
}
