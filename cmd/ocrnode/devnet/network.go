package devnet

import (
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// Bounds of the answers: from one unit to ten billion.
var (
	minAnswer = big.NewInt(1)
	maxAnswer = new(big.Int).Mul(big.NewInt(10_000_000_000), big.NewInt(100_000_000))
)

// maxDurationObservation is how long an oracle may take to observe.
const maxDurationObservation = 1500 * time.Millisecond

// heartbeat is the age from which a price is reported anew. Any change of it is reported at once.
const heartbeat = time.Minute

// networkOf describes the devnet in the form of a network file.
func networkOf(c *chain, k *devKeys, p protocol) *netfile.Network {
	n := &netfile.Network{
		Name:  "devnet",
		Chain: netfile.Chain{ID: c.id.Uint64()},
		Contract: netfile.Contract{
			MinAnswer: minAnswer, MaxAnswer: maxAnswer,
			Decimals: Decimals, Description: "devnet",
		},
		Config: netfile.Config{
			F:             maxFaulty(len(k.oracles)),
			DeltaProgress: 4 * time.Second,
			DeltaRound:    time.Second,
			DeltaGrace:    50 * time.Millisecond,
			DeltaStage:    time.Second,
			RMax:          10,
		},
	}
	for _, bundle := range k.oracles {
		n.Oracles = append(n.Oracles, netfile.Oracle{Public: bundle.Public()})
	}
	p.describe(n)
	return n
}
