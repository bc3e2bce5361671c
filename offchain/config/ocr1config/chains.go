package ocr1config

import (
	"fmt"
	"math/big"
	"time"
)

// ChainClass says how fast a chain is. The least durations of a config depend on it.
type ChainClass int

const (
	// Slow is Ethereum, and every chain that is not listed.
	Slow ChainClass = iota
	// Moderate chains have blocks within seconds, but not always.
	Moderate
	// Fast chains have blocks each few seconds or faster, and cheap ones.
	Fast
	// PublicTestnet is a chain whose coins have no price.
	PublicTestnet
	// PrivateTestnet is a chain on somebody's own machine. It has no least durations.
	PrivateTestnet
)

// String returns the name of the class.
func (c ChainClass) String() string {
	switch c {
	case Slow:
		return "slow"
	case Moderate:
		return "moderate"
	case Fast:
		return "fast"
	case PublicTestnet:
		return "public testnet"
	case PrivateTestnet:
		return "private testnet"
	}
	return fmt.Sprintf("ChainClass(%d)", int(c))
}

// Minima are the least durations of a config.
type Minima struct {
	DeltaC        time.Duration
	DeltaStage    time.Duration
	DeltaRound    time.Duration
	DeltaProgress time.Duration
	DeltaResend   time.Duration
}

// minima are those of each class. All oracles must hold the same.
var minima = map[ChainClass]Minima{
	Slow:           {DeltaC: 10 * time.Minute, DeltaStage: 10 * time.Second, DeltaRound: 20 * time.Second, DeltaProgress: 23 * time.Second, DeltaResend: 10 * time.Second},
	Moderate:       {DeltaC: 1 * time.Minute, DeltaStage: 5 * time.Second, DeltaRound: 20 * time.Second, DeltaProgress: 23 * time.Second, DeltaResend: 10 * time.Second},
	Fast:           {DeltaC: 10 * time.Second, DeltaStage: 5 * time.Second, DeltaRound: 5 * time.Second, DeltaProgress: 8 * time.Second, DeltaResend: 5 * time.Second},
	PublicTestnet:  {DeltaC: 1 * time.Second, DeltaStage: 5 * time.Second, DeltaRound: 1 * time.Second, DeltaProgress: 2 * time.Second, DeltaResend: 2 * time.Second},
	PrivateTestnet: {},
}

// chains lists the chains of each class but the slow one, by chain id. All oracles must hold the same: a chain that is not in
// their list is a slow one.
var chains = map[ChainClass][]uint64{
	Moderate: {30, 100, 128, 5000, 42220, 1666600000, 1666600001, 1666600002, 1666600003},
	Fast: {
		10, 56, 137, 196, 250, 324, 1088, 1284, 1285, 8217, 8453, 42161, 42170, 43114, 59144, 534352,
	},
	PublicTestnet: {
		4, 5, 31, 42, 65, 69, 97, 195, 256, 280, 300, 420, 588, 1001, 1287, 1442, 2442, 4002, 5001, 10200, 43113, 44787,
		59140, 59141, 80001, 80002, 84531, 84532, 421611, 421613, 421614, 534351, 11155111, 11155420,
		1666700000, 1666700001, 1666700002, 1666700003, 144545313136048,
	},
	PrivateTestnet: {1337, 7418},
}

// classes is chains the other way around.
var classes = func() map[uint64]ChainClass {
	classes := map[uint64]ChainClass{}
	for class, ids := range chains {
		for _, id := range ids {
			classes[id] = class
		}
	}
	return classes
}()

// ClassOf returns the class of a chain. Of ids beyond 64 bits the low 64 count.
func ClassOf(chainID *big.Int) ChainClass { return classes[chainID.Uint64()] }

// MinimaOf returns the least durations of configs for contracts on a chain. Oracles refuse configs with shorter ones, except
// in development mode.
//
// Source: docs/protocol/ocr1.md, section "Configuration".
func MinimaOf(chainID *big.Int) Minima { return minima[ClassOf(chainID)] }
