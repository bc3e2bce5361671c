package contracts

import (
	"encoding/binary"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
)

// rules are those of a chain: what the EVM knows of later forks than the merge.
type rules string

const (
	cancun rules = "cancun" // the oldest that the helpers of the vectors run under: they use PUSH0 and MCOPY
	osaka  rules = "osaka"  // the newest in force
)

// config returns the parameters of a chain with these rules.
func (r rules) config(chainID uint64) *params.ChainConfig {
	c := *params.MergedTestChainConfig
	c.ChainID = new(big.Int).SetUint64(chainID)
	c.AmsterdamTime = nil
	if r == cancun {
		c.PragueTime, c.OsakaTime = nil, nil
		c.BPO1Time, c.BPO2Time, c.BPO3Time, c.BPO4Time, c.BPO5Time = nil, nil, nil, nil, nil
	}
	return &c
}

// chain is a chain without blocks: a state, and calls that change it. Gas price and base fee are zero.
type chain struct {
	id    uint64
	rules rules
	state *state.StateDB
	steps *uint32 // calls so far, on this chain and its copies; tells the logs of calls apart

	blockNumber uint64 // of the last call
	timestamp   uint64
}

// defaultGasLimit is the gas at the entry of a called contract.
const defaultGasLimit = 30_000_000

func newChain(t testing.TB, id uint64, r rules) *chain {
	t.Helper()
	db, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		t.Fatal(err)
	}
	return &chain{id: id, rules: r, state: db, steps: new(uint32)}
}

func (c *chain) copy() *chain {
	d := *c
	d.state = c.state.Copy()
	return &d
}

// result is what a call did.
type result struct {
	ret  []byte // return data, or revert data
	err  error  // nil, vm.ErrExecutionReverted, or why the call halted
	gas  uint64 // gas used
	logs []*types.Log
}

func (r result) reverted() bool {
	return errors.Is(r.err, vm.ErrExecutionReverted)
}

func (c *chain) config(from common.Address, gasLimit uint64) *runtime.Config {
	return &runtime.Config{
		ChainConfig: c.rules.config(c.id),
		Origin:      from,
		BlockNumber: new(big.Int).SetUint64(c.blockNumber),
		Time:        c.timestamp,
		GasLimit:    gasLimit,
		BaseFee:     new(big.Int),
		State:       c.state,
	}
}

// begin starts a transaction and returns a function that takes its logs.
func (c *chain) begin() func() []*types.Log {
	*c.steps++
	var hash common.Hash
	binary.BigEndian.PutUint32(hash[:], *c.steps)
	c.state.SetTxContext(hash, int(*c.steps), 0)
	return func() []*types.Log {
		c.state.Finalise(params.Rules{IsEIP158: true})
		return c.state.GetLogs(hash, c.blockNumber, common.Hash{}, c.timestamp)
	}
}

// etch puts code at an address.
func (c *chain) etch(address common.Address, code []byte) {
	c.state.SetCode(address, code, tracing.CodeChangeUnspecified)
}

// deploy creates a contract with an account whose nonce is set first: the address depends on it.
func (c *chain) deploy(from common.Address, nonce uint64, code []byte) (common.Address, result) {
	c.state.SetNonce(from, nonce, tracing.NonceChangeUnspecified)
	logs := c.begin()
	ret, _, left, err := runtime.Create(code, c.config(from, defaultGasLimit))
	r := result{ret: ret, err: err, gas: defaultGasLimit - left, logs: logs()}
	return crypto.CreateAddress(from, nonce), r
}

// call sends a transaction and keeps what it did.
func (c *chain) call(from, to common.Address, data []byte, gasLimit uint64) result {
	logs := c.begin()
	ret, left, err := runtime.Call(to, data, c.config(from, gasLimit))
	return result{ret: ret, err: err, gas: gasLimit - left, logs: logs()}
}

// view sends a transaction and forgets what it did.
func (c *chain) view(from, to common.Address, data []byte) result {
	return c.copy().call(from, to, data, defaultGasLimit)
}
