package devnet

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
)

// EmbeddedChain is the value of --chain for a chain inside this process.
const EmbeddedChain = "embedded"

// Timing of chains.
const (
	embeddedBlockTime = 200 * time.Millisecond // between blocks while there are transactions
	dialTimeout       = 10 * time.Second
	fundingTimeout    = 60 * time.Second
)

// oneEther is what each account gets at the start.
var oneEther = new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)

// chain is where the contracts live.
type chain struct {
	client deploy.Client
	id     *big.Int
	name   string
	close  func()
}

// openChain starts the embedded chain, or connects to a node. accounts are given one ether each, the first one a hundred;
// on the embedded chain at genesis, on a development node with its own means, else by funder, which may be nil.
func openChain(ctx context.Context, where string, funder *ecdsa.PrivateKey, accounts []common.Address) (*chain, error) {
	if where == "" || where == EmbeddedChain {
		return embeddedChain(accounts), nil
	}
	dialCtx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := rpc.DialContext(dialCtx, where)
	if err != nil {
		return nil, fmt.Errorf("chain: cannot connect to %s: %w", where, err)
	}
	client := ethclient.NewClient(raw)
	id, err := client.ChainID(dialCtx)
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("chain: no answer from %s (is a node running there?): %w", where, err)
	}
	c := &chain{client: client, id: id, name: where, close: client.Close}
	if err := c.fund(ctx, raw, funder, accounts); err != nil {
		client.Close()
		return nil, err
	}
	return c, nil
}

func embeddedChain(accounts []common.Address) *chain {
	alloc := types.GenesisAlloc{}
	for i, account := range accounts {
		alloc[account] = types.Account{Balance: startBalance(i)}
	}
	backend := simulated.NewBackend(alloc, todaysRules)
	ctx, stop := context.WithCancel(context.Background())
	var miner sync.WaitGroup
	miner.Go(func() { mine(ctx, backend, accounts) })
	return &chain{
		client: backend.Client(),
		id:     big.NewInt(1337),
		name:   "embedded chain",
		close: sync.OnceFunc(func() {
			stop()
			miner.Wait()
			_ = backend.Close()
		}),
	}
}

// mine makes a block when there are transactions, and at least one a second. Blocks are at least a second apart by their
// own time, so more of them would make the chain run ahead of the clock.
func mine(ctx context.Context, backend *simulated.Backend, accounts []common.Address) {
	ticker := time.NewTicker(embeddedBlockTime)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if time.Since(last) >= time.Second || waiting(ctx, backend.Client(), accounts) {
			backend.Commit()
			last = time.Now()
		}
	}
}

// waiting tells whether an account has a transaction that is in no block. The node's pending block would tell too, but it is up to two
// seconds old.
func waiting(ctx context.Context, client simulated.Client, accounts []common.Address) bool {
	return slices.ContainsFunc(accounts, func(account common.Address) bool {
		pending, err := client.PendingNonceAt(ctx, account)
		if err != nil {
			return false
		}
		mined, err := client.NonceAt(ctx, account, nil)
		return err == nil && pending > mined
	})
}

// todaysRules turns off forks that are not live anywhere: gas should be what it is on real chains.
func todaysRules(_ *node.Config, config *ethconfig.Config) {
	rules := *config.Genesis.Config
	rules.BogotaTime = nil
	config.Genesis.Config = &rules
}

func startBalance(account int) *big.Int {
	if account == 0 {
		return new(big.Int).Mul(oneEther, big.NewInt(100))
	}
	return new(big.Int).Set(oneEther)
}

// fund gives the accounts of a node-backed chain their balances.
func (c *chain) fund(ctx context.Context, raw *rpc.Client, funder *ecdsa.PrivateKey, accounts []common.Address) error {
	ctx, cancel := context.WithTimeout(ctx, fundingTimeout)
	defer cancel()
	if funder == nil {
		for i, account := range accounts {
			balance := "0x" + startBalance(i).Text(16)
			if err := raw.CallContext(ctx, nil, "anvil_setBalance", account, balance); err != nil {
				return fmt.Errorf("chain: %s is no development node that gives away money (%w); name an account with funds by --funder", c.name, err)
			}
		}
		return nil
	}
	for i, account := range accounts {
		if err := c.pay(ctx, funder, account, startBalance(i)); err != nil {
			return fmt.Errorf("chain: funding %s: %w", account, err)
		}
	}
	return nil
}

// pay sends amount and waits until it has arrived.
func (c *chain) pay(ctx context.Context, from *ecdsa.PrivateKey, to common.Address, amount *big.Int) error {
	sender := crypto.PubkeyToAddress(from.PublicKey)
	nonce, err := c.client.PendingNonceAt(ctx, sender)
	if err != nil {
		return err
	}
	tip, err := c.client.SuggestGasTipCap(ctx)
	if err != nil {
		return err
	}
	head, err := c.client.HeaderByNumber(ctx, nil)
	if err != nil {
		return err
	}
	if head.BaseFee == nil {
		return errors.New("the chain has no EIP-1559 fees")
	}
	fee := new(big.Int).Add(tip, new(big.Int).Mul(head.BaseFee, big.NewInt(2)))
	tx, err := types.SignNewTx(from, types.LatestSignerForChainID(c.id), &types.DynamicFeeTx{
		ChainID: c.id, Nonce: nonce, GasTipCap: tip, GasFeeCap: fee, Gas: 21_000, To: &to, Value: amount,
	})
	if err != nil {
		return err
	}
	if err := c.client.SendTransaction(ctx, tx); err != nil {
		return err
	}
	ticker := time.NewTicker(embeddedBlockTime)
	defer ticker.Stop()
	for {
		receipt, err := c.client.TransactionReceipt(ctx, tx.Hash())
		if err == nil {
			if receipt.Status != types.ReceiptStatusSuccessful {
				return fmt.Errorf("transaction %s failed", tx.Hash())
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("transaction %s did not land: %w", tx.Hash(), ctx.Err())
		case <-ticker.C:
		}
	}
}
