package devnet

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/nodelog"
	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/evmreportcodec"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// localConfig suits a chain that is fast and on this machine.
var localConfig = types.LocalConfig{
	BlockchainTimeout:                  5 * time.Second,
	ContractConfigConfirmations:        1,
	SkipContractConfigConfirmations:    true,
	ContractConfigTrackerPollInterval:  500 * time.Millisecond,
	ContractConfigLoadTimeout:          5 * time.Second,
	ContractTransmitterTransmitTimeout: 5 * time.Second,
	DatabaseTimeout:                    2 * time.Second,
	DefaultMaxDurationInitialization:   5 * time.Second,
	DevelopmentMode:                    types.EnableDangerousDevelopmentMode,
}

// gasPriceSubunits is what all oracles observe as the gas price; the contract does not use it.
var gasPriceSubunits = big.NewInt(1)

// oracle is one oracle of the local network and what it runs on.
type oracle struct {
	node      offchain.Oracle
	tracker   *evm.ConfigTracker
	txManager *evm.TxManager
}

// close ends the oracle and what it ran on.
func (o *oracle) close() error {
	var errs []error
	if o.node != nil {
		errs = append(errs, o.node.Close())
	}
	if o.tracker != nil {
		errs = append(errs, o.tracker.Close())
	}
	if o.txManager != nil {
		errs = append(errs, o.txManager.Close())
	}
	return errors.Join(errs...)
}

// site is what all oracles of a devnet share.
type site struct {
	chain      *chain
	aggregator common.Address
	transport  transport
	database   *store.Store
	market     *market
	juels      *big.Int // price of one ether in juels
	seed       uint64
	logger     commontypes.Logger
}

// startOracle starts oracle i with its keys; vice is negative for honest ones.
func (s *site) startOracle(i int, bundle *keys.Bundle, vice vice) (_ *oracle, err error) {
	o := &oracle{}
	defer func() {
		if err != nil {
			_ = o.close()
		}
	}()
	id := commontypes.OracleID(i)
	logger := nodelog.With(s.logger, "oracle", i)

	keyring, err := evm.NewOnchainKeyring(bundle.Onchain)
	if err != nil {
		return nil, err
	}
	o.txManager, err = evm.NewTxManager(evm.TxManagerOptions{
		Client: s.chain.client, Key: bundle.Transmit, ChainID: s.chain.id, PollInterval: embeddedBlockTime, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	o.tracker = evm.NewConfigTracker(evm.ConfigTrackerOptions{
		Client: s.chain.client, Contract: s.aggregator, Subscribe: true, Logger: logger,
	})

	endpoints, bootstrappers, err := s.transport.join(bundle, logger)
	if err != nil {
		return nil, err
	}
	var source median.DataSource = honestSource{s.market, id}
	switch {
	case vice == liar:
		source = &lyingSource{market: s.market, random: rand.New(rand.NewPCG(s.seed, uint64(i)))}
	case vice >= 0:
		source = hostileSource{s.market}
		endpoints = &hostilePeer{BinaryNetworkEndpointFactory: endpoints, vice: vice, seed: s.seed ^ uint64(i)}
	}

	node, err := offchain.NewOracle(offchain.OCR2OracleArgs{
		BinaryNetworkEndpointFactory: endpoints,
		V2Bootstrappers:              bootstrappers,
		ContractConfigTracker:        o.tracker,
		ContractTransmitter:          evm.NewTransmitter(s.chain.client, s.aggregator, o.txManager),
		Database:                     s.database.Job(bundle.Peer.PeerID().String()),
		LocalConfig:                  localConfig,
		Logger:                       logger,
		OffchainConfigDigester:       evmutil.EVMOffchainConfigDigester{ChainID: s.chain.id.Uint64(), ContractAddress: s.aggregator},
		OffchainKeyring:              bundle.Offchain,
		OnchainKeyring:               keyring,
		ReportingPluginFactory: median.NumericalMedianFactory{
			ContractTransmitter:        evm.NewMedianContract(s.chain.client, s.aggregator),
			DataSource:                 source,
			JuelsPerFeeCoinDataSource:  constantSource{s.juels},
			GasPriceSubunitsDataSource: constantSource{gasPriceSubunits},
			Logger:                     logger,
			OnchainConfigCodec:         median.StandardOnchainConfigCodec{},
			ReportCodec:                evmreportcodec.ReportCodec{},
		},
	})
	if err != nil {
		return nil, err
	}
	if err := node.Start(); err != nil {
		return nil, err
	}
	o.node = node
	return o, nil
}
