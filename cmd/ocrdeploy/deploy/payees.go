package deploy

import (
	"context"
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/evm"
)

// payeeState is what is known about the payee of a transmitter. The contract has no getter for it.
type payeeState struct {
	isWanted bool
	isUnset  bool
	// actual is the payee where it is neither the wanted one nor unset, and the node has the logs; else zero.
	actual common.Address
}

// text returns the payee as a plan shows it.
func (p payeeState) text(wanted common.Address) string {
	switch {
	case p.isUnset:
		return "none"
	case p.isWanted:
		return wanted.Hex()
	case p.actual == (common.Address{}):
		return "another address"
	}
	return p.actual.Hex()
}

// readPayee finds out whether wanted is the payee of a transmitter.
func (r reader) readPayee(ctx context.Context, transmitter, wanted common.Address) (payeeState, error) {
	if unset, err := r.isPayee(ctx, transmitter, common.Address{}); err != nil || unset {
		return payeeState{isUnset: unset, isWanted: unset && wanted == (common.Address{})}, err
	}
	if wanted != (common.Address{}) {
		if is, err := r.isPayee(ctx, transmitter, wanted); err != nil || is {
			return payeeState{isWanted: is}, err
		}
	}
	return payeeState{actual: r.payeeFromLogs(ctx, transmitter)}, nil
}

// isPayee asks the contract whether the account could withdraw what the transmitter earned: only its payee can. Whether there
// is the money for it does not matter.
func (r reader) isPayee(ctx context.Context, transmitter, account common.Address) (bool, error) {
	_, err := r.client.CallContract(ctx, ethereum.CallMsg{From: account, To: &r.contract, Data: aggregator.PackWithdrawPayment(transmitter)}, r.block)
	if err == nil {
		return true, nil
	}
	revert := evm.RevertOf(err)
	if revert == nil {
		return false, explain(err, "payee of transmitter %s in contract %s", transmitter, r.contract)
	}
	return !errors.Is(revert, ocr2.ErrOnlyPayeeCanWithdraw), nil
}

// payeeFromLogs returns the payee that the logs name last, zero when the node does not give them: they may reach back to the
// first block, which is more than some nodes allow. It only makes messages better.
func (r reader) payeeFromLogs(ctx context.Context, transmitter common.Address) common.Address {
	logs, err := r.client.FilterLogs(ctx, ethereum.FilterQuery{
		FromBlock: new(big.Int), ToBlock: r.block, Addresses: []common.Address{r.contract},
		Topics: [][]common.Hash{{ocr2.PayeeshipTransferredTopic}, {common.BytesToHash(transmitter[:])}},
	})
	if err != nil || len(logs) == 0 {
		return common.Address{}
	}
	var event ocr2.PayeeshipTransferred
	if err := ocr2.DecodePayeeshipTransferred(&logs[len(logs)-1], &event); err != nil {
		return common.Address{}
	}
	return event.Current
}
