// Package local runs a whole network in this process: a chain with the contract on it, its configuration, oracles with real keys
// and the plugin, reports that land. What production does otherwise: each oracle is a process of its own (offchain.NewOracle
// with the same arguments, a network and a database on disk), and the chain is a real one.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/nodelog"
	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"

	"weather/gen/feed"
	"weather/plugin"
)

// Options of Run.
type Options struct {
	Oracles int // 4 to 31; less than a third of them may be faulty
	Reports int // to wait for
	// Source is what oracle i looks at.
	Source func(i int) plugin.Source
	// Landed is called with each report that the contract accepted.
	Landed func(Landed)
	Logger *slog.Logger
}

// Landed is a report on the chain.
type Landed struct {
	feed.Reported
	Block   uint64
	GasUsed uint64
}

// Run runs a network until there are enough reports, or ctx ends. It returns what the contract says at the end.
func Run(ctx context.Context, o Options) (latest *feed.Report, err error) {
	random := rand.NewChaCha8([32]byte{1}) // keys of this network are anybody's
	owner, err := keys.GenerateEVMKey(random)
	if err != nil {
		return nil, err
	}
	var bundles []*keys.Bundle
	var accounts []common.Address
	for range o.Oracles {
		b, err := keys.GenerateBundle(random)
		if err != nil {
			return nil, err
		}
		bundles, accounts = append(bundles, b), append(accounts, b.Transmit.Address())
	}
	c, err := newChain(ctx, owner, accounts)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := setConfig(ctx, c, owner, bundles); err != nil {
		return nil, fmt.Errorf("setting the configuration: %w", err)
	}
	database, err := store.OpenInMemory(store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	links := inmemory.NewNetwork()
	var closing sync.WaitGroup
	defer closing.Wait()
	for i, bundle := range bundles {
		stop, err := startOracle(c, bundle, links, database, o.Source(i), o.Logger.With("oracle", i))
		if err != nil {
			return nil, fmt.Errorf("oracle %d: %w", i, err)
		}
		defer closing.Go(stop) // all at once
	}
	if err := c.watch(ctx, o.Reports, o.Landed); err != nil {
		return nil, err
	}
	return c.LatestReport(ctx)
}

// setConfig tells the contract who the oracles are, and the oracles what times to keep: what `ocrdeploy apply` does with network.yaml,
// but for times that suit a chain in this process.
func setConfig(ctx context.Context, c *chain, owner *keys.EVMKey, bundles []*keys.Bundle) error {
	network := &netfile.Network{
		Name:     "local",
		Chain:    netfile.Chain{ID: chainID},
		Contract: netfile.Contract{Kind: netfile.KindOther, Address: c.feed},
		Config: netfile.Config{
			F:             (len(bundles) - 1) / 3,
			DeltaProgress: 4 * time.Second, // an epoch without a report ends after this long
			DeltaResend:   time.Second,
			DeltaRound:    time.Second, // between rounds
			DeltaGrace:    50 * time.Millisecond,
			DeltaStage:    time.Second, // between stages of transmission
			RMax:          10,          // rounds in an epoch

			MaxDurationQuery:                        100 * time.Millisecond,
			MaxDurationObservation:                  500 * time.Millisecond,
			MaxDurationReport:                       500 * time.Millisecond,
			MaxDurationShouldAcceptFinalizedReport:  500 * time.Millisecond,
			MaxDurationShouldTransmitAcceptedReport: 500 * time.Millisecond,
		},
	}
	for _, b := range bundles {
		network.Oracles = append(network.Oracles, netfile.Oracle{Public: b.Public()})
	}
	_, err := deploy.Apply(ctx, c.client, network, deploy.ApplyOptions{
		Options:      deploy.Options{Seed: []byte("the secrets of this network are anybody's"), Development: true},
		Signer:       deploy.KeySigner(owner),
		PollInterval: blockTime,
	})
	return err
}

// startOracle starts one oracle; stop ends it.
func startOracle(c *chain, bundle *keys.Bundle, links *inmemory.Network, database *store.Store, source plugin.Source, logger *slog.Logger) (stop func(), err error) {
	keyring, err := evm.NewOnchainKeyring(bundle.Onchain)
	if err != nil {
		return nil, err
	}
	log := nodelog.New(logger)
	txs, err := evm.NewTxManager(evm.TxManagerOptions{
		Client: c.client, Key: bundle.Transmit, ChainID: big.NewInt(chainID), PollInterval: blockTime, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	tracker := evm.NewConfigTracker(evm.ConfigTrackerOptions{Client: c.client, Contract: c.feed, Subscribe: true, Logger: log})
	peer := bundle.Peer.PeerID().String()
	oracle, err := offchain.NewOracle(offchain.OCR2OracleArgs{
		BinaryNetworkEndpointFactory: links.Peer(peer),
		ContractConfigTracker:        tracker,
		ContractTransmitter:          evm.NewTransmitter(c.client, c.feed, txs),
		Database:                     database.Job(peer),
		LocalConfig: types.LocalConfig{
			BlockchainTimeout:                  5 * time.Second,
			ContractConfigConfirmations:        1,
			SkipContractConfigConfirmations:    true, // there are no other forks of this chain
			ContractConfigTrackerPollInterval:  time.Second,
			ContractConfigLoadTimeout:          5 * time.Second,
			ContractTransmitterTransmitTimeout: 5 * time.Second,
			DatabaseTimeout:                    2 * time.Second,
			DefaultMaxDurationInitialization:   5 * time.Second,
			DevelopmentMode:                    types.EnableDangerousDevelopmentMode, // such short times
		},
		Logger:                 log,
		OffchainConfigDigester: evmutil.EVMOffchainConfigDigester{ChainID: chainID, ContractAddress: c.feed},
		OffchainKeyring:        bundle.Offchain,
		OnchainKeyring:         keyring,
		ReportingPluginFactory: plugin.Factory{Source: source, Contract: c},
	})
	if err == nil {
		err = oracle.Start()
	}
	if err != nil {
		return nil, errors.Join(err, tracker.Close(), txs.Close())
	}
	return func() {
		if err := errors.Join(oracle.Close(), tracker.Close(), txs.Close()); err != nil {
			logger.Error("closing", "error", err)
		}
	}, nil
}

// watch calls landed with each report until there are enough.
func (c *chain) watch(ctx context.Context, reports int, landed func(Landed)) error {
	ticker := time.NewTicker(blockTime / 2)
	defer ticker.Stop()
	var next uint64 // block not looked at
	for {
		head, err := c.client.BlockNumber(ctx)
		if err != nil {
			return err
		}
		if head >= next {
			logs, err := c.client.FilterLogs(ctx, ethereum.FilterQuery{
				FromBlock: new(big.Int).SetUint64(next), ToBlock: new(big.Int).SetUint64(head),
				Addresses: []common.Address{c.feed}, Topics: [][]common.Hash{{feed.ReportedTopic}},
			})
			if err != nil {
				return err
			}
			for i := range logs {
				l := Landed{Block: logs[i].BlockNumber}
				if err := feed.DecodeReported(&logs[i], &l.Reported); err != nil {
					return err
				}
				receipt, err := c.client.TransactionReceipt(ctx, logs[i].TxHash)
				if err != nil {
					return err
				}
				l.GasUsed = receipt.GasUsed
				landed(l)
				if reports--; reports == 0 {
					return nil
				}
			}
			next = head + 1
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d more reports: %w", reports, ctx.Err())
		case <-ticker.C:
		}
	}
}
