package deploy

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// Status is how an aggregator is doing.
type Status struct {
	*State
	// Digest, Epoch and Round are those of the latest report; zeros before the first under a config.
	Digest types.ConfigDigest
	Epoch  uint32
	Round  uint8
	// RoundID, Answer, Observed and Transmitted are of the latest round of the feed; RoundID is 0 before the first.
	RoundID     *big.Int
	Answer      *big.Int
	Observed    time.Time // when the oracles observed it
	Transmitted time.Time // when it came on chain
	// Oracles are by oracle id.
	Oracles []OracleStatus
}

// OracleStatus is one transmitter.
type OracleStatus struct {
	Transmitter  common.Address
	Balance      *big.Int // in wei
	Owed         *big.Int // in juels
	UnpaidRounds uint32   // of the feed since it was last paid; all oracles are paid for all rounds
	// Payee is the address, or "none", or "another address" where the node has no logs of it.
	Payee string
}

// Owed returns what the contract owes all oracles, in juels.
func (s *Status) Owed() *big.Int {
	sum := new(big.Int)
	for _, oracle := range s.Oracles {
		sum.Add(sum, oracle.Owed)
	}
	return sum
}

// ReadStatus reads an aggregator and its transmitters. network helps to name payees where the node has no logs; it may be nil.
func ReadStatus(ctx context.Context, client Client, contract common.Address, network *netfile.Network) (*Status, error) {
	state, err := ReadState(ctx, client, contract)
	if err != nil {
		return nil, err
	}
	s := &Status{State: state}
	r := reader{client, contract, new(big.Int).SetUint64(state.Block)}
	report, err := query(ctx, r, "latestTransmissionDetails", aggregator.PackLatestTransmissionDetails(), aggregator.UnpackLatestTransmissionDetails)
	if err != nil {
		return nil, err
	}
	s.Digest, s.Epoch, s.Round = report.ConfigDigest, report.Epoch, report.Round
	round, err := query(ctx, r, "latestRoundData", aggregator.PackLatestRoundData(), aggregator.UnpackLatestRoundData)
	if err != nil {
		return nil, err
	}
	s.RoundID, s.Answer = round.RoundId, round.Answer
	s.Observed, s.Transmitted = time.Unix(round.StartedAt.Int64(), 0).UTC(), time.Unix(round.UpdatedAt.Int64(), 0).UTC()
	transmitters, err := query(ctx, r, "getTransmitters", aggregator.PackGetTransmitters(), aggregator.UnpackGetTransmitters)
	if err != nil {
		return nil, err
	}
	payees := make(map[common.Address]common.Address)
	if network != nil {
		for _, oracle := range network.Oracles {
			payees[common.Address(oracle.Public.TransmitAccount)] = oracle.Payee
		}
	}
	for i, transmitter := range transmitters {
		oracle := OracleStatus{Transmitter: transmitter}
		if oracle.Balance, err = client.BalanceAt(ctx, transmitter, r.block); err != nil {
			return nil, explain(err, "balance of %s", transmitter)
		}
		what := fmt.Sprintf("of transmitter %d, %s,", i, transmitter)
		if oracle.Owed, err = query(ctx, r, "owedPayment "+what, aggregator.PackOwedPayment(transmitter), aggregator.UnpackOwedPayment); err != nil {
			return nil, err
		}
		if oracle.UnpaidRounds, err = query(ctx, r, "oracleObservationCount "+what, aggregator.PackOracleObservationCount(transmitter), aggregator.UnpackOracleObservationCount); err != nil {
			return nil, err
		}
		payee, err := r.readPayee(ctx, transmitter, payees[transmitter])
		if err != nil {
			return nil, err
		}
		oracle.Payee = payee.text(payees[transmitter])
		s.Oracles = append(s.Oracles, oracle)
	}
	return s, nil
}
