package evm

import "github.com/ethereum/go-ethereum/ethclient/simulated"

// Asserted here and not beside [Client], so that programs do not carry a whole node along.
var _ Client = simulated.Client(nil)
