package offchain

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/runtime"
)

// OCR1OracleArgs are the arguments of an OCR1 oracle. All must be safe for concurrent use.
type OCR1OracleArgs struct {
	// BinaryNetworkEndpointFactory connects to the other oracles. Endpoints that implement runtime.PushEndpoint cost less.
	BinaryNetworkEndpointFactory ocr1types.BinaryNetworkEndpointFactory

	// V2Bootstrappers are where to ask for the other oracles' addresses.
	V2Bootstrappers []commontypes.BootstrapperLocator

	// ConfigOverrider replaces, on this node only, what the config says of when a report is due. May be nil.
	ConfigOverrider ocr1types.ConfigOverrider

	// ContractTransmitter sends reports to the contract, and reads what it has.
	ContractTransmitter ocr1types.ContractTransmitter

	// ContractConfigTracker reads the config from the contract.
	ContractConfigTracker ocr1types.ContractConfigTracker

	// Database must be durable, and must not be used by two oracles of the same identity at a time. It should implement
	// runtime.OCR1SignedRoundDatabase as well.
	Database ocr1types.Database

	// Datasource is what the oracle observes.
	Datasource ocr1types.DataSource

	// LocalConfig is checked by NewOracle.
	LocalConfig ocr1types.LocalConfig

	// Logger takes the log.
	Logger commontypes.Logger

	// MonitoringEndpoint takes telemetry. May be nil.
	MonitoringEndpoint commontypes.MonitoringEndpoint

	// MetricsRegisterer takes Prometheus metrics, with the labels config_digest and offchain_public_key. May be nil.
	MetricsRegisterer prometheus.Registerer

	// PrivateKeys sign messages to other oracles and reports, and decrypt secrets in configs.
	PrivateKeys ocr1types.PrivateKeys
}

var _ OracleArgs = OCR1OracleArgs{}

func (OCR1OracleArgs) oracleArgsMarker() {}

func (args OCR1OracleArgs) checkLocalConfig() error {
	return SanityCheckOCR1LocalConfig(args.LocalConfig)
}

func (args OCR1OracleArgs) newOracle() *runtime.Process {
	return runtime.NewOCR1(runtime.OCR1Args(args))
}
