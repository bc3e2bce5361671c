// Package prove is what generated tests stand on: an EVM to run a contract's bytecode in, random values with a liking for
// limits, and mutations of encodings that come close to being valid. It is for tests only.
package prove

import (
	"encoding/binary"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ocrkit/ocrkit/codegen/solabi"
)

// gasLimit is the gas of every call: more than any needs, little enough for a decoder that lost its way to stop soon.
const gasLimit = 30_000_000

// A Chain is an EVM with a state of its own. Its methods must not be called at the same time.
type Chain struct {
	config runtime.Config
}

// NewChain returns an empty chain with the given id, under the rules of Cancun.
func NewChain(id int64) *Chain {
	zero := uint64(0)
	rules := *params.MergedTestChainConfig
	rules.ChainID = big.NewInt(id)
	rules.PragueTime, rules.OsakaTime = nil, nil
	rules.ShanghaiTime, rules.CancunTime = &zero, &zero
	statedb, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		panic(err) // an empty state in memory
	}
	return &Chain{runtime.Config{
		ChainConfig: &rules,
		State:       statedb,
		GasLimit:    gasLimit,
		BaseFee:     new(big.Int),
		Difficulty:  new(big.Int),
		Random:      &common.Hash{},
		BlockNumber: big.NewInt(1),
		Time:        1,
	}}
}

// At sets number and time, in seconds, of the block that further calls are in.
func (c *Chain) At(number, time uint64) {
	c.config.BlockNumber, c.config.Time = new(big.Int).SetUint64(number), time
}

// Deploy creates a contract. The arguments of its constructor are behind its bytecode.
func (c *Chain) Deploy(from common.Address, bytecode []byte) (common.Address, error) {
	c.config.Origin = from
	ret, address, _, err := runtime.Create(bytecode, &c.config)
	return address, outcome(ret, err)
}

// A Reverted is a call that the contract reverted.
type Reverted struct {
	Data []byte // what the contract left behind
}

// Error implements error.
func (e *Reverted) Error() string { return solabi.DecodeRevert(e.Data).Error() }

// Call makes a transaction. If the contract reverts, the error is a *Reverted; in this and any other error the state
// is unchanged.
func (c *Chain) Call(from, to common.Address, calldata []byte) ([]byte, error) {
	c.config.Origin = from
	ret, _, err := runtime.Call(to, calldata, &c.config)
	if err := outcome(ret, err); err != nil {
		return nil, err
	}
	return ret, nil
}

// Logs are all logs so far, oldest first.
func (c *Chain) Logs() []*types.Log { return c.config.State.Logs() }

func outcome(ret []byte, err error) error {
	if errors.Is(err, vm.ErrExecutionReverted) {
		return &Reverted{common.CopyBytes(ret)}
	}
	return err
}

// A Contract is a contract whose functions do in Solidity what generated code does in Go.
type Contract struct {
	chain   *Chain
	address common.Address
}

// Deploy deploys the contract on a chain of its own; its constructor has no arguments.
func Deploy(t testing.TB, bytecode []byte) *Contract {
	t.Helper()
	chain := NewChain(1)
	address, err := chain.Deploy(common.Address{0x0f}, bytecode)
	if err != nil {
		t.Fatalf("deploy: %v", err)
	}
	return &Contract{chain, address}
}

// Call calls a function with encoded arguments and returns what it returns, encoded. The error says that it reverted.
func (c *Contract) Call(t testing.TB, selector [4]byte, arguments []byte) ([]byte, error) {
	t.Helper()
	ret, err := c.chain.Call(common.Address{0x0f}, c.address, append(selector[:], arguments...))
	var reverted *Reverted
	if err != nil && !errors.As(err, &reverted) && !errors.Is(err, vm.ErrOutOfGas) {
		t.Fatalf("call 0x%x: %v", selector, err)
	}
	return ret, err
}

// Arguments turns an encoded argument list into the arguments of a function: those themselves, or, if the function takes
// them as one struct with dynamic fields, behind an offset.
func Arguments(list []byte, dynamicTuple bool) []byte {
	if !dynamicTuple {
		return list
	}
	return append(word(solabi.WordSize), list...)
}

// Bytes is the argument list that is one `bytes`.
func Bytes(v []byte) []byte {
	b := append(word(solabi.WordSize), word(uint64(len(v)))...)
	return append(append(b, v...), make([]byte, solabi.Padded(len(v))-len(v))...)
}

// OnlyBytes reads what a function returned that returns one `bytes`.
func OnlyBytes(t testing.TB, ret []byte) []byte {
	t.Helper()
	if len(ret) < 2*solabi.WordSize {
		t.Fatalf("contract returned %d bytes, which is no `bytes`", len(ret))
	}
	v, end, err := solabi.Bytes(ret, solabi.WordSize)
	if err != nil || end != len(ret) {
		t.Fatalf("contract returned 0x%x, which is no `bytes`: %v", ret, err)
	}
	return v
}

func word(v uint64) []byte {
	w := make([]byte, solabi.WordSize)
	binary.BigEndian.PutUint64(w[24:], v)
	return w
}
