package oracle

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR1 is the protocol of OffchainAggregator, which takes medians and pays for them.
const OCR1 Protocol = "ocr1"

const (
	// ocr1SubscribeInterval is the pause after a failed attempt to subscribe to configs; polling goes on meanwhile.
	ocr1SubscribeInterval = time.Minute
	// ocr1GracePeriod is how much later than asked for a source's answer still counts.
	ocr1GracePeriod = time.Second
)

type ocr1 struct{}

func (ocr1) protocol() Protocol                           { return OCR1 }
func (ocr1) verifiers() []Verifier                        { return nil }
func (ocr1) observesGas() bool                            { return false }
func (ocr1) hasConfigStores() bool                        { return false }
func (ocr1) signer(_ Verifier, public keys.Public) []byte { return public.OnchainPublicKey() }

func (ocr1) tracker(at Place, logger commontypes.Logger) *evm.OCR1ConfigTracker {
	return evm.NewOCR1ConfigTracker(evm.OCR1ConfigTrackerOptions{
		Client: at.Client, Contract: at.Contract, Subscribe: at.Subscribe, Logger: logger,
	})
}

func (p ocr1) readConfig(ctx context.Context, _ Verifier, at Place) (*Config, error) {
	tracker := p.tracker(at, nil)
	block, digest, err := tracker.LatestConfigDetails(ctx)
	if err != nil {
		return nil, err
	}
	if digest == (ocr1types.ConfigDigest{}) {
		return nil, errNoConfig
	}
	read, err := tracker.ConfigFromLogs(ctx, block) // which computes the digest
	if err != nil {
		return nil, err
	}
	if read.ConfigDigest != digest {
		return nil, fmt.Errorf("has digest %s, but its config has %s", digest, read.ConfigDigest)
	}
	config := &Config{Digest: digest.Hex()}
	for _, signer := range read.Signers {
		config.Signers = append(config.Signers, signer.Bytes())
	}
	for _, transmitter := range read.Transmitters {
		config.Transmitters = append(config.Transmitters, transmitter.Hex())
	}
	return config, nil
}

// localConfig returns a local config in the form of OCR1, which has the time for observations there and not in the config of the
// contract.
func (ocr1) localConfig(c types.LocalConfig, sourceTimeout time.Duration) ocr1types.LocalConfig {
	return ocr1types.LocalConfig{
		BlockchainTimeout:                      c.BlockchainTimeout,
		ContractConfigConfirmations:            c.ContractConfigConfirmations,
		SkipContractConfigConfirmations:        c.SkipContractConfigConfirmations,
		ContractConfigTrackerPollInterval:      c.ContractConfigTrackerPollInterval,
		ContractConfigTrackerSubscribeInterval: ocr1SubscribeInterval,
		ContractTransmitterTransmitTimeout:     c.ContractTransmitterTransmitTimeout,
		DatabaseTimeout:                        c.DatabaseTimeout,
		DataSourceTimeout:                      sourceTimeout,
		DataSourceGracePeriod:                  min(ocr1GracePeriod, sourceTimeout),
		DevelopmentMode:                        c.DevelopmentMode,
	}
}

func (p ocr1) newBootstrapper(a *Args) (service, []io.Closer, error) {
	bootstrapper, err := offchain.NewBootstrapNode(offchain.BootstrapNodeArgs{
		BootstrapperFactory:   a.Peer.OCR1Bootstrappers,
		V2Bootstrappers:       a.Bootstrappers,
		ContractConfigTracker: p.tracker(a.Place, a.Logger),
		Database:              a.Database.OCR1(),
		LocalConfig:           p.localConfig(a.LocalConfig, DefaultSourceTimeout), // which it does not use
		Logger:                a.Logger,
	})
	if err != nil {
		return nil, nil, err
	}
	return bootstrapper, nil, nil
}

func (p ocr1) newOracle(a *OracleArgs) (service, []io.Closer, error) {
	privateKeys, err := evm.NewOCR1PrivateKeys(a.Keys.Onchain, a.Keys.Offchain)
	if err != nil {
		return nil, nil, err
	}
	oracle, err := newOracle(offchain.OCR1OracleArgs{
		BinaryNetworkEndpointFactory: a.Peer.OCR1Endpoints,
		V2Bootstrappers:              a.Bootstrappers,
		ContractTransmitter:          evm.NewOCR1Transmitter(a.Client, a.Contract, a.Sender, new(big.Int).SetUint64(a.ChainID)),
		ContractConfigTracker:        p.tracker(a.Place, a.Logger),
		Database:                     a.Database.OCR1(),
		Datasource:                   ocr1Source{a.Sources.Value},
		LocalConfig:                  p.localConfig(a.LocalConfig, a.Sources.Timeout),
		Logger:                       a.Logger,
		MetricsRegisterer:            a.Metrics,
		PrivateKeys:                  privateKeys,
	})
	return oracle, nil, err
}

// ocr1Source is a source as OCR1 asks it.
type ocr1Source struct{ median.DataSource }

func (s ocr1Source) Observe(ctx context.Context, ts ocr1types.ReportTimestamp) (ocr1types.Observation, error) {
	return s.DataSource.Observe(ctx, types.ReportTimestamp{
		ConfigDigest: ocr1types.NetworkDigest(ts.ConfigDigest), Epoch: ts.Epoch, Round: ts.Round,
	})
}
