package deploy

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

const (
	// gasLimitPercent is the gas limit in percent of the estimate.
	gasLimitPercent = 125
	// bumpPercent is by how much a replacement outbids: nodes ask for 10.
	bumpPercent = 20
	// replacedPolls is how often in a row the nonce must be used, and no receipt be found, until the transaction counts as
	// replaced: nodes show receipts somewhat later than nonces.
	replacedPolls = 5
)

// applier is one Apply.
type applier struct {
	ApplyOptions
	client  Client
	chainID *big.Int
	network *netfile.Network
	result  *Result
}

func (a *applier) progress(e Event) {
	if a.Progress != nil {
		a.Progress(e)
	}
}

// lookAfter settles what an earlier run left open, as far as that is decided already.
func (a *applier) lookAfter(ctx context.Context) error {
	entry := a.Journal.open()
	if entry == nil {
		return nil
	}
	receipt, err := a.receipt(ctx, entry)
	if err != nil {
		return err
	}
	if receipt != nil {
		return a.settle(ctx, entry)
	}
	used, err := a.client.NonceAt(ctx, a.From, nil)
	if err != nil {
		return explain(err, "nonce of %s", a.From)
	}
	if used > entry.Nonce {
		err := a.settle(ctx, entry)
		if errors.Is(err, ErrReplaced) {
			return nil // the chain says what is left to do
		}
		return err
	}
	return nil
}

// execute sends a step and waits for it. Where an earlier run left a transaction open, its nonce is used: that one and this one
// cannot both happen.
func (a *applier) execute(ctx context.Context, step Step) error {
	entry := a.Journal.open()
	if entry != nil && !a.Bump {
		for i := len(entry.Attempts) - 1; i >= 0; i-- {
			tx, err := entry.Attempts[i].transaction()
			if err != nil {
				return err
			}
			if step.same(tx.To(), tx.Data()) {
				if err := a.broadcast(ctx, tx); err != nil {
					return err
				}
				a.progress(Event{Stage: StageResent, Step: step.Kind, Hash: tx.Hash(), Nonce: entry.Nonce})
				return a.settle(ctx, entry)
			}
		}
	}
	stage := StageSent
	nonce, err := a.nonce(ctx, entry)
	if err != nil {
		return err
	}
	if entry != nil {
		stage = StageReplaced
	}
	tx, err := a.sign(ctx, step, nonce, entry)
	if err != nil {
		return err
	}
	raw, err := tx.MarshalBinary()
	if err != nil {
		return fmt.Errorf("encoding the transaction: %w", err)
	}
	if entry == nil {
		a.Journal.data.Entries = append(a.Journal.data.Entries, journalEntry{Nonce: nonce})
		entry = a.Journal.open()
	}
	entry.Attempts = append(entry.Attempts, journalAttempt{Step: step.Kind, Hash: tx.Hash(), Raw: raw})
	if err := a.Journal.write(); err != nil {
		return err
	}
	if err := a.broadcast(ctx, tx); err != nil {
		return a.unsent(entry, err)
	}
	a.progress(Event{Stage: stage, Step: step.Kind, Hash: tx.Hash(), Nonce: nonce})
	return a.settle(ctx, entry)
}

func (a *applier) nonce(ctx context.Context, entry *journalEntry) (uint64, error) {
	if entry != nil {
		return entry.Nonce, nil
	}
	nonce, err := a.client.PendingNonceAt(ctx, a.From)
	if err != nil {
		return 0, explain(err, "nonce of %s", a.From)
	}
	return nonce, nil
}

// unsent takes back a first attempt that the node understood and refused: it is nowhere.
func (a *applier) unsent(entry *journalEntry, err error) error {
	if len(entry.Attempts) == 1 && (errors.Is(err, ErrFunds) || errors.Is(err, ErrReverted)) {
		a.Journal.data.Entries = a.Journal.data.Entries[:len(a.Journal.data.Entries)-1]
		if len(a.Journal.data.Entries) == 0 {
			return errors.Join(err, a.Journal.finish())
		}
		return errors.Join(err, a.Journal.write())
	}
	return err
}

// sign makes the transaction of a step, with fees above those of the entry's earlier attempts.
func (a *applier) sign(ctx context.Context, step Step, nonce uint64, entry *journalEntry) (*ethtypes.Transaction, error) {
	gas, err := a.client.EstimateGas(ctx, ethereum.CallMsg{From: a.From, To: step.To, Data: step.Data})
	if err != nil {
		return nil, explain(err, "gas estimate")
	}
	gas = gas * gasLimitPercent / 100
	head, err := a.client.HeaderByNumber(ctx, nil)
	if err != nil {
		return nil, explain(err, "latest block")
	}
	gas = min(gas, max(head.GasLimit, gas*100/gasLimitPercent))
	var data ethtypes.TxData
	if head.BaseFee == nil {
		price, err := a.client.SuggestGasPrice(ctx)
		if err != nil {
			return nil, explain(err, "gas price")
		}
		data = &ethtypes.LegacyTx{Nonce: nonce, GasPrice: price, Gas: gas, To: step.To, Data: step.Data}
		if outbid, _ := a.outbid(entry); outbid != nil {
			data.(*ethtypes.LegacyTx).GasPrice = larger(price, outbid)
		}
	} else {
		tip, err := a.client.SuggestGasTipCap(ctx)
		if err != nil {
			return nil, explain(err, "gas tip")
		}
		// Twice the base fee lasts for at least five full blocks.
		fee := new(big.Int).Add(tip, new(big.Int).Lsh(head.BaseFee, 1))
		if outbidFee, outbidTip := a.outbid(entry); outbidFee != nil {
			fee, tip = larger(fee, outbidFee), larger(tip, outbidTip)
		}
		data = &ethtypes.DynamicFeeTx{ChainID: a.chainID, Nonce: nonce, GasTipCap: tip, GasFeeCap: fee, Gas: gas, To: step.To, Data: step.Data}
	}
	tx, err := a.Signer.SignTx(ethtypes.NewTx(data), a.chainID)
	if err != nil {
		return nil, fmt.Errorf("signing the transaction: %w", err)
	}
	return tx, nil
}

// outbid returns the fees that a replacement must offer at least; nil when there is nothing to replace.
func (a *applier) outbid(entry *journalEntry) (fee, tip *big.Int) {
	if entry == nil {
		return nil, nil
	}
	fee, tip = new(big.Int), new(big.Int)
	for _, attempt := range entry.Attempts {
		if tx, err := attempt.transaction(); err == nil {
			fee, tip = larger(fee, tx.GasFeeCap()), larger(tip, tx.GasTipCap())
		}
	}
	return bumped(fee), bumped(tip)
}

func bumped(v *big.Int) *big.Int {
	more := new(big.Int).Mul(v, big.NewInt(100+bumpPercent))
	return more.Div(more, big.NewInt(100)).Add(more, big.NewInt(1))
}

func larger(a, b *big.Int) *big.Int {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

// broadcast hands a transaction to the node. To do so twice does no harm: it is one transaction with one nonce.
func (a *applier) broadcast(ctx context.Context, tx *ethtypes.Transaction) error {
	err := a.client.SendTransaction(ctx, tx)
	if err == nil {
		return nil
	}
	text := strings.ToLower(err.Error())
	for _, harmless := range []string{"already known", "already imported", "nonce too low"} {
		if strings.Contains(text, harmless) {
			return nil // what becomes of the nonce will be seen
		}
	}
	return explain(err, "sending transaction %s", tx.Hash())
}

// receipt looks for the receipt of any attempt.
func (a *applier) receipt(ctx context.Context, entry *journalEntry) (*ethtypes.Receipt, error) {
	for i := len(entry.Attempts) - 1; i >= 0; i-- {
		receipt, err := a.client.TransactionReceipt(ctx, entry.Attempts[i].Hash)
		if errors.Is(err, ethereum.NotFound) || err == nil && receipt == nil {
			continue
		}
		if err != nil && strings.Contains(err.Error(), "indexing is in progress") {
			continue
		}
		if err != nil {
			return nil, explain(err, "receipt of %s", entry.Attempts[i].Hash)
		}
		return receipt, nil
	}
	return nil, nil
}

// settle waits until it is known what became of the open entry, and writes it down. A transaction that a block took up may
// drop out of the chain again; it counts when it is deep enough.
func (a *applier) settle(ctx context.Context, entry *journalEntry) error {
	waiting, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	ticker := time.NewTicker(a.PollInterval)
	defer ticker.Stop()
	for nonceUsed := 0; ; {
		receipt, err := a.receipt(waiting, entry)
		if err != nil && !timeout(waiting, err) {
			return err
		}
		if receipt != nil {
			nonceUsed = 0
			head, err := a.client.BlockNumber(waiting)
			if err != nil && !timeout(waiting, err) {
				return explain(err, "latest block")
			}
			if err == nil && head+1 >= receipt.BlockNumber.Uint64()+a.Confirmations {
				return a.settled(ctx, entry, receipt)
			}
		} else if used, err := a.client.NonceAt(waiting, a.From, nil); err == nil && used > entry.Nonce {
			if nonceUsed++; nonceUsed >= replacedPolls {
				entry.Outcome = outcomeReplaced
				return errors.Join(fmt.Errorf("%w: nonce %d of %s; is the key in use elsewhere? run again to see what is left to do", ErrReplaced, entry.Nonce, a.From), a.Journal.write())
			}
		}
		select {
		case <-waiting.Done():
			last := entry.Attempts[len(entry.Attempts)-1]
			if ctx.Err() != nil {
				return fmt.Errorf("%w: transaction %s with nonce %d was sent: %w; run again to go on", ErrNotMined, last.Hash, entry.Nonce, ctx.Err())
			}
			return fmt.Errorf("%w: transaction %s with nonce %d, after %s; run again to wait on, or with --bump to offer higher fees", ErrNotMined, last.Hash, entry.Nonce, a.Timeout)
		case <-ticker.C:
		}
	}
}

// timeout tells whether a request failed because there was no more time for it. A connection may notice that a moment before
// the context does.
func timeout(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// settled writes down the outcome that a receipt tells.
func (a *applier) settled(ctx context.Context, entry *journalEntry, receipt *ethtypes.Receipt) error {
	entry.Hash, entry.Block = receipt.TxHash, receipt.BlockNumber.Uint64()
	for _, attempt := range entry.Attempts {
		if attempt.Hash == receipt.TxHash {
			entry.Step = attempt.Step
		}
	}
	if receipt.Status != ethtypes.ReceiptStatusSuccessful {
		entry.Outcome = outcomeFailed
		return errors.Join(a.revertReason(ctx, entry, receipt), a.Journal.write())
	}
	entry.Outcome = outcomeDone
	if receipt.ContractAddress != (common.Address{}) {
		entry.Contract = &receipt.ContractAddress
	}
	if err := a.Journal.write(); err != nil {
		return err
	}
	sent := SentTx{Step: entry.Step, Hash: entry.Hash, Block: entry.Block, GasUsed: receipt.GasUsed, Contract: receipt.ContractAddress}
	a.result.Transactions = append(a.result.Transactions, sent)
	a.progress(Event{Stage: StageConfirmed, Step: entry.Step, Hash: entry.Hash, Nonce: entry.Nonce, Block: entry.Block, GasUsed: receipt.GasUsed, Contract: receipt.ContractAddress})
	return nil
}

// revertReason repeats a transaction that failed, to find out why.
func (a *applier) revertReason(ctx context.Context, entry *journalEntry, receipt *ethtypes.Receipt) error {
	reason := errors.New("for a reason that the node does not tell any more")
	for _, attempt := range entry.Attempts {
		tx, err := attempt.transaction()
		if err != nil || attempt.Hash != receipt.TxHash {
			continue
		}
		if _, err := a.client.CallContract(ctx, ethereum.CallMsg{From: a.From, To: tx.To(), Gas: tx.Gas(), Data: tx.Data()}, receipt.BlockNumber); err != nil {
			reason = err
		}
	}
	explained := explain(reason, "transaction %s in block %s", receipt.TxHash, receipt.BlockNumber)
	if errors.Is(explained, ErrReverted) {
		return explained
	}
	return fmt.Errorf("%w: transaction %s in block %s: %w", ErrReverted, receipt.TxHash, receipt.BlockNumber, reason)
}
