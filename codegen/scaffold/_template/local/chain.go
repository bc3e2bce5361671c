package local

import (
	"context"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient/simulated"

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
	auth := bind.NewKeyedTransactor(owner.PrivateKey(), big.NewInt(chainID))
	auth.Context = ctx
	deployed, err := bind.LinkAndDeploy(&bind.DeploymentParams{Contracts: []*bind.MetaData{&contract.WeatherMetaData}}, bind.DefaultDeployer(auth, c.client))
	if err == nil {
		c.feed, err = bind.WaitDeployed(ctx, c.client, deployed.Txs[contract.WeatherMetaData.ID].Hash())
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("deploying the contract: %w", err)
	}
	return c, nil
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
