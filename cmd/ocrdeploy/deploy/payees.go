package deploy

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/evm"
)

// payments is how aggregators pay oracles.
type payments struct {
	// required says that the contract takes no config with an oracle that has no payee.
	required bool
}

// linkAvailable is a contract's balance less what it owes, in juels.
var linkAvailable = getter[*big.Int]{"linkAvailableForPayment", anyAggregator.PackLinkAvailableForPayment(), anyAggregator.UnpackLinkAvailableForPayment}

// payeeState is what is known about the payee of a transmitter. Contracts have no getter for it.
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

// payee finds out whether wanted is the payee of a transmitter.
func (p *payments) payee(ctx context.Context, r reader, transmitter, wanted common.Address) (payeeState, error) {
	if unset, err := p.isPayee(ctx, r, transmitter, common.Address{}); err != nil || unset {
		return payeeState{isUnset: unset, isWanted: unset && wanted == (common.Address{})}, err
	}
	if wanted != (common.Address{}) {
		if is, err := p.isPayee(ctx, r, transmitter, wanted); err != nil || is {
			return payeeState{isWanted: is}, err
		}
	}
	return payeeState{actual: p.payeeFromLogs(ctx, r, transmitter)}, nil
}

// isPayee asks the contract whether the account could withdraw what the transmitter earned: only its payee can. Whether there
// is the money for it does not matter.
func (p *payments) isPayee(ctx context.Context, r reader, transmitter, account common.Address) (bool, error) {
	_, err := r.client.CallContract(ctx, ethereum.CallMsg{From: account, To: &r.contract, Data: anyAggregator.PackWithdrawPayment(transmitter)}, r.block)
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
func (p *payments) payeeFromLogs(ctx context.Context, r reader, transmitter common.Address) common.Address {
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

func (p *Plan) noPayee(i int, pay *payments) {
	if pay.required {
		p.note(config.SeverityError, fmt.Sprintf("oracles[%d].payee", i),
			"%s has no payee: the contract refuses a config with such an oracle; name one", p.Network.OracleName(i))
		return
	}
	p.note(config.SeverityWarning, fmt.Sprintf("oracles[%d].payee", i),
		"%s has no payee: what it earns would go to the zero address; name one before it transmits", p.Network.OracleName(i))
}

// planNewPayees sets the payees of all oracles.
func (p *Plan) planNewPayees(pay *payments) {
	var transmitters, payees []common.Address
	for i, oracle := range p.Network.Oracles {
		if oracle.Payee == (common.Address{}) {
			p.noPayee(i, pay)
			continue
		}
		p.Changes = append(p.Changes, Change{Field: fmt.Sprintf("oracles[%d].payee", i), New: oracle.Payee.Hex()})
		transmitters, payees = append(transmitters, common.Address(oracle.Public.TransmitAccount)), append(payees, oracle.Payee)
	}
	if len(transmitters) > 0 {
		p.call(StepSetPayees, anyAggregator.PackSetPayees(transmitters, payees))
	}
}

// planPayees sets the payees of transmitters that have none. All others belong to themselves.
func (p *Plan) planPayees(ctx context.Context, r reader, pay *payments) error {
	var transmitters, payees []common.Address
	for i, oracle := range p.Network.Oracles {
		transmitter := common.Address(oracle.Public.TransmitAccount)
		payee, err := pay.payee(ctx, r, transmitter, oracle.Payee)
		if err != nil {
			return err
		}
		change := Change{Field: fmt.Sprintf("oracles[%d].payee", i), Old: payee.text(oracle.Payee), New: oracle.Payee.Hex()}
		switch {
		case oracle.Payee == (common.Address{}):
			if payee.isUnset {
				p.noPayee(i, pay)
			}
		case payee.isWanted:
		case payee.isUnset:
			p.Changes = append(p.Changes, change)
			transmitters, payees = append(transmitters, transmitter), append(payees, oracle.Payee)
		default:
			change.Blocked = "a payee that is set can only be changed by itself, with transferPayeeship, which the new one accepts"
			p.Changes = append(p.Changes, change)
			p.note(config.SeverityWarning, change.Field, "the payee of %s is %s, the network file says %s: %s",
				p.Network.OracleName(i), change.Old, change.New, change.Blocked)
		}
	}
	if len(transmitters) > 0 {
		p.call(StepSetPayees, anyAggregator.PackSetPayees(transmitters, payees))
	}
	return nil
}
