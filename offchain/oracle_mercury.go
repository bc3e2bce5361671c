package offchain

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/mercury"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// MercuryOracleArgs are the arguments of an OCR3 oracle that runs a Mercury plugin, whose reports are signed and transmitted like
// those of OCR2. What OCR3OracleArgs says of its fields holds here too.
type MercuryOracleArgs struct {
	BinaryNetworkEndpointFactory types.BinaryNetworkEndpointFactory
	V2Bootstrappers              []commontypes.BootstrapperLocator
	ContractConfigTracker        types.ContractConfigTracker
	ContractTransmitter          types.ContractTransmitter
	Database                     ocr3types.Database
	LocalConfig                  types.LocalConfig
	Logger                       commontypes.Logger
	MetricsRegisterer            prometheus.Registerer
	MonitoringEndpoint           commontypes.MonitoringEndpoint
	OffchainConfigDigester       types.OffchainConfigDigester
	OffchainKeyring              types.OffchainKeyring
	OnchainKeyring               types.OnchainKeyring
	MercuryPluginFactory         ocr3types.MercuryPluginFactory
}

var _ OracleArgs = MercuryOracleArgs{}

func (MercuryOracleArgs) oracleArgsMarker() {}

func (args MercuryOracleArgs) checkLocalConfig() error {
	return SanityCheckLocalConfig(args.LocalConfig)
}

func (args MercuryOracleArgs) newOracle() *runtime.Process {
	return runtime.NewOCR3(runtime.OCR3Args[mercury.ReportInfo]{
		BinaryNetworkEndpointFactory: args.BinaryNetworkEndpointFactory,
		V2Bootstrappers:              args.V2Bootstrappers,
		ContractConfigTracker:        args.ContractConfigTracker,
		ContractTransmitter:          mercury.Transmitter{ContractTransmitter: args.ContractTransmitter},
		Database:                     args.Database,
		LocalConfig:                  args.LocalConfig,
		Logger:                       args.Logger,
		MonitoringEndpoint:           args.MonitoringEndpoint,
		MetricsRegisterer:            args.MetricsRegisterer,
		OffchainConfigDigester:       args.OffchainConfigDigester,
		OffchainKeyring:              args.OffchainKeyring,
		OnchainKeyring:               mercury.Keyring{OnchainKeyring: args.OnchainKeyring},
		ReportingPluginFactory:       mercury.Factory{Mercury: args.MercuryPluginFactory},
		EstimatedRoundInterval:       mercury.EstimatedRoundInterval,
	})
}
