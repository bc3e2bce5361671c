package deploy

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// Status is how a contract is doing.
type Status struct {
	*State
	// Digest is that of the config of the latest report, and Position its place under that config: epoch and round, or what else the
	// protocol counts. Zeros before the first.
	Digest   Digest
	Position []Number
	// RoundID, Answer, Observed and Transmitted are of the latest round of the feed; RoundID is 0 before the first.
	RoundID     *big.Int
	Answer      *big.Int
	Observed    time.Time // when the oracles observed it
	Transmitted time.Time // when it came on chain
	// Pays says that the contract pays oracles: what is owed to them, their payees and the contract's LINK are known.
	Pays bool
	// Oracles are by oracle id.
	Oracles []OracleStatus
}

// Number is a number with a name.
type Number struct {
	Name  string
	Value uint64
}

// OracleStatus is one transmitter.
type OracleStatus struct {
	Transmitter common.Address
	Balance     *big.Int // in wei

	// What follows is of contracts that pay.

	Owed         *big.Int // in juels
	UnpaidRounds uint32   // of the feed since it was last paid; all oracles are paid for all rounds
	// Payee is the address, or "none", or "another address" where the node has no logs of it.
	Payee string
}

// Owed returns what the contract owes all oracles, in juels.
func (s *Status) Owed() *big.Int {
	sum := new(big.Int)
	for _, oracle := range s.Oracles {
		if oracle.Owed != nil {
			sum.Add(sum, oracle.Owed)
		}
	}
	return sum
}

// transmitters begins the list of oracles.
func (s *Status) transmitters(transmitters []common.Address) {
	for _, transmitter := range transmitters {
		s.Oracles = append(s.Oracles, OracleStatus{Transmitter: transmitter})
	}
}

// ReadStatus reads a contract and its transmitters. network helps to name payees where the node has no logs; it may be nil.
func ReadStatus(ctx context.Context, client Client, contract common.Address, network *netfile.Network) (*Status, error) {
	state, err := ReadState(ctx, client, contract)
	if err != nil {
		return nil, err
	}
	s := &Status{State: state}
	r := reader{client, contract, new(big.Int).SetUint64(state.Block)}
	kind := contracts[state.Kind()].contract
	if err := kind.status(ctx, r, s); err != nil {
		return nil, err
	}
	payees := make(map[common.Address]common.Address)
	if network != nil {
		for _, oracle := range network.Oracles {
			payees[common.Address(oracle.Public.TransmitAccount)] = oracle.Payee
		}
	}
	pay := kind.payments()
	s.Pays = pay != nil
	for i := range s.Oracles {
		oracle := &s.Oracles[i]
		if oracle.Balance, err = client.BalanceAt(ctx, oracle.Transmitter, r.block); err != nil {
			return nil, explain(err, "balance of %s", oracle.Transmitter)
		}
		if pay == nil {
			continue
		}
		if err := pay.read(ctx, r, oracle, payees[oracle.Transmitter]); err != nil {
			return nil, fmt.Errorf("oracle %d: %w", i, err)
		}
	}
	return s, nil
}

// read reads what a transmitter earned, and for whom.
func (p *payments) read(ctx context.Context, r reader, oracle *OracleStatus, wanted common.Address) (err error) {
	if oracle.Owed, err = query(ctx, r, "owedPayment", anyAggregator.PackOwedPayment(oracle.Transmitter), anyAggregator.UnpackOwedPayment); err != nil {
		return err
	}
	if oracle.UnpaidRounds, err = query(ctx, r, "oracleObservationCount", anyAggregator.PackOracleObservationCount(oracle.Transmitter), anyAggregator.UnpackOracleObservationCount); err != nil {
		return err
	}
	payee, err := p.payee(ctx, r, oracle.Transmitter, wanted)
	oracle.Payee = payee.text(wanted)
	return err
}
