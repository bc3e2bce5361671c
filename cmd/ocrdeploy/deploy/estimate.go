package deploy

import (
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/holiman/uint256"
)

// estimateGasLimit bounds what a step of a deployment may use.
const estimateGasLimit = 60_000_000

// estimateNew runs the steps of a deployment in an EVM of its own: a node cannot estimate the calls of a contract that does not
// exist. nonce is the one of the first step. Steps that cannot be run stay without estimate.
func (p *Plan) estimateNew(nonce uint64) error {
	statedb, err := state.New(ethtypes.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		return err
	}
	statedb.SetNonce(p.From, nonce, tracing.NonceChangeUnspecified)
	for i := range p.Steps {
		step := &p.Steps[i]
		if step.Data == nil {
			continue
		}
		env := &runtime.Config{Origin: p.From, State: statedb, GasLimit: estimateGasLimit}
		var left uint64
		if step.To == nil {
			_, _, left, err = runtime.Create(step.Data, env)
		} else {
			_, left, err = runtime.Call(*step.To, step.Data, env)
		}
		if err != nil {
			return nil // the steps after it would run on a state that is not theirs
		}
		rules := env.ChainConfig.Rules(env.BlockNumber, true, 0)
		statedb.Finalise(rules)
		intrinsic, err := core.IntrinsicGas(step.Data, nil, nil, p.From, step.To, uint256.NewInt(0), rules)
		if err != nil {
			return err
		}
		step.Gas = env.GasLimit - left + intrinsic
	}
	return nil
}
