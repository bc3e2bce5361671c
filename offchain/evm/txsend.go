package evm

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// pollsUntilReplaced is how often in a row the nonce must be used, but no receipt be found, until the transaction counts as
// replaced: nodes show the receipts of a block somewhat later than its nonces.
const pollsUntilReplaced = 5

var errFeeLimit = errors.New("the fees that are necessary exceed the limit")

// attempt is a transaction on its way: the same nonce and calldata, sent one or more times.
type attempt struct {
	*TxManager
	outcome   *TxOutcome
	nonce     uint64
	gas       uint64
	hashes    []common.Hash // of all that were sent, the newest last
	nonceUsed int           // polls in a row that saw the nonce used
	overtaken bool          // an abandoned transaction took the nonce after all: send with another one
}

// process sends one transaction and waits for what becomes of it.
func (m *TxManager) process(parent context.Context, outcome *TxOutcome) {
	ctx, cancel := context.WithTimeout(parent, m.options.GiveUpAfter)
	defer cancel()
	a := &attempt{TxManager: m, outcome: outcome}
	ticker := time.NewTicker(m.options.PollInterval)
	defer ticker.Stop()
	var lastErr error
	for next := time.Now(); ; {
		if a.settled(ctx) {
			return
		}
		if a.overtaken {
			a.overtaken, next = false, time.Now()
		}
		if !time.Now().Before(next) {
			err := a.send(ctx)
			switch {
			case err == nil:
				next = time.Now().Add(m.options.BumpAfter)
			case len(a.hashes) == 0 && final(err):
				outcome.Err = err
				return
			default:
				lastErr = err
				orDiscard(m.options.Logger).Warn("Transaction could not be sent, will try again", commontypes.LogFields{"from": m.From().Hex(), "error": err})
				next = time.Now().Add(m.options.PollInterval)
			}
		}
		select {
		case <-ctx.Done():
			switch {
			case len(a.hashes) > 0:
				m.abandoned = append(m.abandoned, a.hashes...)
				outcome.Err = fmt.Errorf("evm: transaction %s with nonce %d: %w", a.hashes[len(a.hashes)-1], a.nonce, ErrTxAbandoned)
			case parent.Err() != nil:
				outcome.Err = ErrTxManagerClosed
			default:
				outcome.Err = errors.Join(ErrTxAbandoned, lastErr)
			}
			return
		case <-ticker.C:
		}
	}
}

// request bounds one request to the node.
func (m *TxManager) request(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, m.options.RequestTimeout)
}

// send sends the transaction for the first time, or a replacement with higher fees.
func (a *attempt) send(ctx context.Context) error {
	ctx, cancel := a.request(ctx)
	defer cancel()
	client, to := a.options.Client, a.outcome.To
	if a.chainID == nil {
		chainID, err := client.ChainID(ctx)
		if err != nil {
			return explain(err, "chain id")
		}
		a.chainID = chainID
	}
	if len(a.hashes) == 0 {
		nonce, err := client.NonceAt(ctx, a.From(), nil)
		if err != nil {
			return explain(err, "nonce of %s", a.From())
		}
		gas, err := client.EstimateGas(ctx, ethereum.CallMsg{From: a.From(), To: &to, Data: a.outcome.Calldata})
		if err != nil {
			return explain(err, "gas estimate for a call of contract %s from %s", to, a.From())
		}
		a.nonce, a.gas = nonce, gas+gas/100*(a.options.GasLimitPercent-100)
	}
	price, err := a.price(ctx)
	if err != nil {
		return err
	}
	tx, err := ethtypes.SignNewTx(a.options.Key.PrivateKey(), ethtypes.LatestSignerForChainID(a.chainID), a.data(price))
	if err != nil {
		return fmt.Errorf("evm: cannot sign the transaction: %w", err)
	}
	err = client.SendTransaction(ctx, tx)
	if err != nil && !says(err, "already known", "already imported") {
		var answered rpc.Error
		switch {
		case says(err, "underpriced"):
			// Another transaction with the nonce is pending, from before a restart: outbid it, step by step.
			a.offered = price
		case !errors.As(err, &answered):
			// The node may have taken it before the connection failed: watch for it, and outbid it.
			a.remember(tx.Hash(), price)
		}
		return explain(err, "sending a transaction with nonce %d from %s", a.nonce, a.From())
	}
	a.remember(tx.Hash(), price)
	a.outcome.Sent++
	return nil
}

func (a *attempt) remember(hash common.Hash, price *offer) {
	a.hashes = append(a.hashes, hash)
	a.offered = price
}

// data is the transaction before it is signed.
func (a *attempt) data(price *offer) ethtypes.TxData {
	if price.tip == nil {
		return &ethtypes.LegacyTx{Nonce: a.nonce, GasPrice: price.cap, Gas: a.gas, To: &a.outcome.To, Data: a.outcome.Calldata}
	}
	return &ethtypes.DynamicFeeTx{
		ChainID: a.chainID, Nonce: a.nonce, GasTipCap: price.tip, GasFeeCap: price.cap, Gas: a.gas, To: &a.outcome.To, Data: a.outcome.Calldata,
	}
}

// price asks the node what to offer and, where a transaction with the nonce may be pending, goes above what that one offers.
func (a *attempt) price(ctx context.Context) (*offer, error) {
	client := a.options.Client
	head, err := client.HeaderByNumber(ctx, nil)
	if err != nil {
		return nil, explain(err, "latest header")
	}
	price := &offer{nonce: a.nonce}
	if head.BaseFee == nil {
		if price.cap, err = client.SuggestGasPrice(ctx); err != nil {
			return nil, explain(err, "gas price")
		}
	} else {
		if price.tip, err = client.SuggestGasTipCap(ctx); err != nil {
			return nil, explain(err, "gas tip")
		}
		// Twice the base fee lasts for at least five full blocks.
		price.cap = new(big.Int).Add(price.tip, new(big.Int).Lsh(head.BaseFee, 1))
	}
	if last := a.offered; last != nil && last.nonce == a.nonce {
		price.cap = atLeast(price.cap, bumped(last.cap))
		if price.tip != nil && last.tip != nil {
			price.tip = atLeast(price.tip, bumped(last.tip))
		}
	}
	limit := a.options.MaxFeePerGas
	if price.cap.Cmp(limit) > 0 {
		if last := a.offered; last != nil && last.nonce == a.nonce || price.tip == nil || head.BaseFee.Cmp(limit) > 0 {
			return nil, fmt.Errorf("evm: %w: %s wei per gas, limit %s", errFeeLimit, price.cap, limit)
		}
		price.cap = limit
	}
	if price.tip != nil && price.tip.Cmp(price.cap) > 0 {
		price.tip = price.cap
	}
	return price, nil
}

func atLeast(a, b *big.Int) *big.Int {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

// bumped adds bumpPercent, and at least 1.
func bumped(v *big.Int) *big.Int {
	more := new(big.Int).Mul(v, big.NewInt(100+bumpPercent))
	more.Div(more, big.NewInt(100))
	return atLeast(more, new(big.Int).Add(v, big.NewInt(1)))
}

// settled looks for a receipt, and fills in the outcome when the fate of the transaction is known.
func (a *attempt) settled(ctx context.Context) bool {
	if len(a.hashes) == 0 {
		return false
	}
	ctx, cancel := a.request(ctx)
	defer cancel()
	receipt, err := a.receiptOf(ctx, a.hashes)
	if err != nil {
		return false
	}
	if receipt != nil {
		a.outcome.Hash, a.outcome.Receipt = receipt.TxHash, receipt
		a.offered, a.abandoned = nil, nil
		if receipt.Status != ethtypes.ReceiptStatusSuccessful {
			a.outcome.Err = a.revertReason(ctx, receipt)
		}
		return true
	}
	used, err := a.options.Client.NonceAt(ctx, a.From(), nil)
	if err != nil || used <= a.nonce {
		a.nonceUsed = 0
		return false
	}
	if a.nonceUsed++; a.nonceUsed < pollsUntilReplaced {
		return false
	}
	late, err := a.receiptOf(ctx, a.abandoned)
	if err != nil {
		return false
	}
	a.offered, a.abandoned = nil, nil
	if late != nil {
		// This one can never be taken up any more: its nonce is gone.
		a.hashes, a.nonceUsed, a.overtaken = nil, 0, true
		return false
	}
	a.outcome.Err = fmt.Errorf("evm: nonce %d of %s: %w", a.nonce, a.From(), ErrTxReplaced)
	return true
}

// receiptOf returns the receipt of the transaction among the given ones that a block took up, or nil.
func (a *attempt) receiptOf(ctx context.Context, hashes []common.Hash) (*ethtypes.Receipt, error) {
	for _, hash := range slices.Backward(hashes) {
		receipt, err := a.options.Client.TransactionReceipt(ctx, hash)
		if errors.Is(err, ethereum.NotFound) || err == nil && receipt == nil {
			continue
		}
		if err != nil {
			orDiscard(a.options.Logger).Warn("Cannot ask for a receipt, will try again", commontypes.LogFields{"tx": hash.Hex(), "error": err})
			return nil, err
		}
		receipt.TxHash = hash // whatever the node says
		return receipt, nil
	}
	return nil, nil
}

// revertReason repeats the call on the state after its block to find out why it failed.
func (a *attempt) revertReason(ctx context.Context, receipt *ethtypes.Receipt) error {
	_, err := a.options.Client.CallContract(ctx, ethereum.CallMsg{From: a.From(), To: &a.outcome.To, Gas: a.gas, Data: a.outcome.Calldata}, receipt.BlockNumber)
	if err == nil {
		err = errors.New("reverted for a reason that is not to be seen any more")
	}
	return explain(err, "transaction %s in block %s", receipt.TxHash, receipt.BlockNumber)
}

// final tells errors of a first send that will not go away by trying again: the node understood and refused.
func final(err error) bool {
	if says(err, "underpriced", "nonce too low") {
		return false
	}
	var answered rpc.Error
	return errors.As(err, &answered) || errors.Is(err, errFeeLimit) || isRevert(err)
}

// says tells whether the error has one of the phrases in it. Nodes give the reasons why they refuse a transaction in words only.
func says(err error, phrases ...string) bool {
	text := strings.ToLower(err.Error())
	return slices.ContainsFunc(phrases, func(phrase string) bool { return strings.Contains(text, phrase) })
}
