package devnet

import (
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

// Bounds of the answers: from one unit to ten billion.
var (
	minAnswer = big.NewInt(1)
	maxAnswer = new(big.Int).Mul(big.NewInt(10_000_000_000), big.NewInt(100_000_000))
)

// networkOf describes the devnet in the form of a network file.
func networkOf(c *chain, k *devKeys) *netfile.Network {
	n := &netfile.Network{
		Name:  "devnet",
		Chain: netfile.Chain{ID: c.id.Uint64()},
		Contract: netfile.Contract{
			Kind:      netfile.KindAccessControlledAggregator,
			Link:      netfile.Target{Deploy: true},
			MinAnswer: minAnswer, MaxAnswer: maxAnswer,
			Decimals: Decimals, Description: "devnet",
			Billing: &netfile.Billing{
				MaximumGasPriceGwei: 2000, ReasonableGasPriceGwei: 100,
				ObservationPaymentGjuels: 1_000_000, TransmissionPaymentGjuels: 2_000_000, AccountingGas: 8_000,
			},
		},
		Config: netfile.Config{
			F:             maxFaulty(len(k.oracles)),
			DeltaProgress: 4 * time.Second,
			DeltaResend:   time.Second,
			DeltaRound:    time.Second,
			DeltaGrace:    50 * time.Millisecond,
			DeltaStage:    time.Second,
			RMax:          10,

			MaxDurationQuery:                        100 * time.Millisecond,
			MaxDurationObservation:                  1500 * time.Millisecond,
			MaxDurationReport:                       500 * time.Millisecond,
			MaxDurationShouldAcceptFinalizedReport:  500 * time.Millisecond,
			MaxDurationShouldTransmitAcceptedReport: 500 * time.Millisecond,

			// Any change of the price is reported, and an old price is, too.
			Plugin: netfile.Plugin{Median: &median.OffchainConfig{DeltaC: time.Minute}},
		},
	}
	for _, bundle := range k.oracles {
		n.Oracles = append(n.Oracles, netfile.Oracle{Public: bundle.Public(), Payee: common.Address(bundle.Public().TransmitAccount)})
	}
	return n
}
