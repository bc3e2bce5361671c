package oracle

import (
	"context"
	"fmt"
	"io"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/evmreportcodec"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR2 is the protocol of OCR2Aggregator, which takes medians and pays for them.
const OCR2 Protocol = "ocr2"

type ocr2 struct{}

func (ocr2) protocol() Protocol                           { return OCR2 }
func (ocr2) verifiers() []Verifier                        { return nil }
func (ocr2) observesGas() bool                            { return true }
func (ocr2) hasConfigStores() bool                        { return true }
func (ocr2) signer(_ Verifier, public keys.Public) []byte { return public.OnchainPublicKey() }

func (ocr2) tracker(at Place, logger commontypes.Logger) *evm.ConfigTracker {
	return evm.NewConfigTracker(evm.ConfigTrackerOptions{
		Client: at.Client, Contract: at.Contract, ConfigStore: at.ConfigStore, Subscribe: at.Subscribe, Logger: logger,
	})
}

func (ocr2) digester(at Place) types.OffchainConfigDigester {
	return evmutil.EVMOffchainConfigDigester{ChainID: at.ChainID, ContractAddress: at.Contract}
}

func (p ocr2) readConfig(ctx context.Context, _ Verifier, at Place) (*Config, error) {
	at.Subscribe = false
	tracker := p.tracker(at, nil)
	defer tracker.Close()
	return readConfig(ctx, tracker, p.digester(at))
}

func (p ocr2) newBootstrapper(a *Args) (service, []io.Closer, error) {
	tracker := p.tracker(a.Place, a.Logger)
	bootstrapper, err := newBootstrapper(a, tracker, p.digester(a.Place))
	return bootstrapper, []io.Closer{tracker}, err
}

func (p ocr2) newOracle(a *OracleArgs) (service, []io.Closer, error) {
	keyring, err := evm.NewOnchainKeyring(a.Keys.Onchain)
	if err != nil {
		return nil, nil, err
	}
	tracker := p.tracker(a.Place, a.Logger)
	oracle, err := newOracle(offchain.OCR2OracleArgs{
		BinaryNetworkEndpointFactory: a.Peer.Endpoints,
		V2Bootstrappers:              a.Bootstrappers,
		ContractConfigTracker:        tracker,
		ContractTransmitter:          evm.NewTransmitter(a.Client, a.Contract, a.Sender),
		Database:                     a.Database,
		LocalConfig:                  a.LocalConfig,
		Logger:                       a.Logger,
		MetricsRegisterer:            a.Metrics,
		OffchainConfigDigester:       p.digester(a.Place),
		OffchainKeyring:              a.Keys.Offchain,
		OnchainKeyring:               keyring,
		ReportingPluginFactory: median.NumericalMedianFactory{
			ContractTransmitter:                  evm.NewMedianContract(a.Client, a.Contract),
			DataSource:                           a.Sources.Value,
			JuelsPerFeeCoinDataSource:            a.Sources.JuelsPerFeeCoin,
			GasPriceSubunitsDataSource:           a.Sources.GasPriceSubunits,
			IncludeGasPriceSubunitsInObservation: a.Sources.IncludeGasPrice,
			Logger:                               a.Logger,
			OnchainConfigCodec:                   median.StandardOnchainConfigCodec{},
			ReportCodec:                          evmreportcodec.ReportCodec{},
		},
	})
	return oracle, []io.Closer{tracker}, err
}

// newOracle makes an oracle that tells its status.
func newOracle(args offchain.OracleArgs) (service, error) {
	oracle, err := offchain.NewOracle(args)
	if err != nil {
		return nil, err
	}
	running, ok := oracle.(service)
	if !ok {
		return nil, fmt.Errorf("a %T has no status", oracle)
	}
	return running, nil
}

// newBootstrapper makes a bootstrapper of the protocols after OCR1, for which they are all the same.
func newBootstrapper(a *Args, tracker types.ContractConfigTracker, digester types.OffchainConfigDigester) (service, error) {
	bootstrapper, err := offchain.NewBootstrapper(offchain.BootstrapperArgs{
		BootstrapperFactory: a.Peer.Bootstrappers, V2Bootstrappers: a.Bootstrappers, ContractConfigTracker: tracker,
		Database: a.Database, LocalConfig: a.LocalConfig, Logger: a.Logger, OffchainConfigDigester: digester,
	})
	if err != nil {
		return nil, err
	}
	return bootstrapper, nil
}
