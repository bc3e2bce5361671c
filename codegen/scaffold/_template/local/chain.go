package local

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ocrkit/ocrkit/offchain/keys"

	"weather/gen/contract"
	"weather/gen/feed"
)

// chainID is that of go-ethereum's simulated chain.
const chainID = 1337

const blockTime = 200 * time.Millisecond

// chain is a chain in this process, with the contract on it.
type chain struct {
	client simulated.Client
	feed   common.Address
	close  func()
}

// newChain starts a chain on which accounts have money, the first one with most, and deploys the contract from that one.
func newChain(ctx context.Context, owner *keys.EVMKey, accounts []common.Address) (*chain, error) {
	ether := big.NewInt(1e18)
	alloc := types.GenesisAlloc{owner.Address(): {Balance: new(big.Int).Mul(ether, big.NewInt(100))}}
	for _, account := range accounts {
		alloc[account] = types.Account{Balance: ether}
	}
	backend := simulated.NewBackend(alloc)
	mining, stop := context.WithCancel(context.Background())
	var miner sync.WaitGroup
	miner.Go(func() {
		ticker := time.NewTicker(blockTime)
		defer ticker.Stop()
		for {
			select {
			case <-mining.Done():
				return
			case <-ticker.C:
				if n, err := backend.Client().PendingTransactionCount(mining); err == nil && n > 0 {
					backend.Commit()
				}
			}
		}
	})
	c := &chain{client: backend.Client(), close: func() {
		stop()
		miner.Wait()
		_ = backend.Close()
	}}
	receipt, err := c.send(ctx, owner, nil, common.FromHex(contract.WeatherMetaData.Bin))
	if err != nil {
		c.close()
		return nil, fmt.Errorf("deploying the contract: %w", err)
	}
	c.feed = receipt.ContractAddress
	return c, nil
}

// send sends a transaction and waits until it is in a block. A nil receiver creates a contract.
func (c *chain) send(ctx context.Context, from *keys.EVMKey, to *common.Address, data []byte) (*types.Receipt, error) {
	gas, err := c.client.EstimateGas(ctx, ethereum.CallMsg{From: from.Address(), To: to, Data: data})
	if err != nil {
		return nil, explain(err)
	}
	nonce, err := c.client.PendingNonceAt(ctx, from.Address())
	if err != nil {
		return nil, err
	}
	price, err := c.client.SuggestGasPrice(ctx)
	if err != nil {
		return nil, err
	}
	signer := types.LatestSignerForChainID(big.NewInt(chainID))
	tx, err := types.SignNewTx(from.PrivateKey(), signer, &types.LegacyTx{Nonce: nonce, GasPrice: price, Gas: gas, To: to, Data: data})
	if err != nil {
		return nil, err
	}
	if err := c.client.SendTransaction(ctx, tx); err != nil {
		return nil, err
	}
	receipt, err := bind.WaitMined(ctx, c.client, tx.Hash())
	if err == nil && receipt.Status != types.ReceiptStatusSuccessful {
		err = fmt.Errorf("transaction %s reverted", tx.Hash())
	}
	return receipt, err
}

// explain makes the error that the contract's source names of one that a node reported.
func explain(err error) error {
	var withData rpc.DataError
	if errors.As(err, &withData) {
		if text, ok := withData.ErrorData().(string); ok {
			return feed.DecodeRevert(common.FromHex(text))
		}
	}
	return err
}

// LatestReport asks the contract, as a consumer would.
func (c *chain) LatestReport(ctx context.Context) (*feed.Report, error) {
	binding := contract.NewWeather()
	output, err := c.client.CallContract(ctx, ethereum.CallMsg{To: &c.feed, Data: binding.PackLatestReport()}, nil)
	if err != nil {
		return nil, err
	}
	latest := new(feed.Report)
	return latest, feed.DecodeReport(output, latest)
}
