package devnet

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/nodelog"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
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

// member is one oracle of the local network and what it sends transactions by.
type member struct {
	oracle    *oracle.Oracle
	txManager *evm.TxManager
}

// close ends the oracle and what it ran on.
func (o *member) close() error {
	var errs []error
	if o.oracle != nil {
		errs = append(errs, o.oracle.Close())
	}
	if o.txManager != nil {
		errs = append(errs, o.txManager.Close())
	}
	return errors.Join(errs...)
}

// site is what all oracles of a devnet share.
type site struct {
	chain      *chain
	kind       oracle.Kind
	protocol   protocol
	aggregator common.Address
	transport  *transport
	database   *store.Store
	market     *market
	juels      *big.Int // price of one ether in juels
	seed       uint64
	logger     commontypes.Logger
}

// args are those that oracles and bootstrappers have alike.
func (s *site) args(peer *oracle.Peer, key *keys.PeerKey, logger commontypes.Logger) oracle.Args {
	return oracle.Args{
		Kind:          s.kind,
		Place:         oracle.Place{Client: s.chain.client, ChainID: s.chain.id.Uint64(), Contract: s.aggregator, Subscribe: true},
		LocalConfig:   localConfig,
		Logger:        logger,
		Database:      s.database.Job(key.PeerID().String()),
		Peer:          peer,
		Bootstrappers: s.transport.bootstrappers,
	}
}

// startOracle starts oracle i with its keys; vice is nil for honest ones.
func (s *site) startOracle(i int, bundle *keys.Bundle, vice *vice) (_ *member, err error) {
	o := &member{}
	defer func() {
		if err != nil {
			_ = o.close()
		}
	}()
	logger := nodelog.With(s.logger, "oracle", i)
	o.txManager, err = evm.NewTxManager(evm.TxManagerOptions{
		Client: s.chain.client, Key: bundle.Transmit, ChainID: s.chain.id, PollInterval: embeddedBlockTime, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	peer, err := s.transport.join(bundle.Peer, logger)
	if err != nil {
		return nil, err
	}
	if vice != nil {
		peer = vice.turn(peer, s.seed^uint64(i))
	}
	args := oracle.OracleArgs{
		Args: s.args(peer, bundle.Peer, logger), Keys: bundle, Sender: o.txManager,
		Sources: oracle.Sources{
			JuelsPerFeeCoin: constantSource{s.juels}, GasPriceSubunits: constantSource{gasPriceSubunits}, Timeout: maxDurationObservation,
		},
	}
	switch {
	case vice == nil:
		s.protocol.equip(&args, honestSource{s.market, commontypes.OracleID(i)})
	case vice.lies:
		args.Sources.Value = &lyingSource{market: s.market, random: rand.New(rand.NewPCG(s.seed, uint64(i)))}
	default:
		args.Sources.Value = hostileSource{s.market}
	}
	o.oracle, err = oracle.Start(args)
	return o, err
}
