package evm

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ocrkit/ocrkit/codegen/solabi"
	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr3"
)

// Client is what this package asks of a node. *ethclient.Client has it (over HTTP, WebSocket or IPC), and so has the client of
// go-ethereum's simulated backend. Each call must return when its context ends.
type Client interface {
	ChainID(ctx context.Context) (*big.Int, error)
	BlockNumber(ctx context.Context) (uint64, error)
	HeaderByNumber(ctx context.Context, number *big.Int) (*types.Header, error)
	CallContract(ctx context.Context, call ethereum.CallMsg, blockNumber *big.Int) ([]byte, error)
	FilterLogs(ctx context.Context, query ethereum.FilterQuery) ([]types.Log, error)
	SubscribeFilterLogs(ctx context.Context, query ethereum.FilterQuery, logs chan<- types.Log) (ethereum.Subscription, error)
	NonceAt(ctx context.Context, account common.Address, blockNumber *big.Int) (uint64, error)
	EstimateGas(ctx context.Context, call ethereum.CallMsg) (uint64, error)
	SuggestGasPrice(ctx context.Context) (*big.Int, error)
	SuggestGasTipCap(ctx context.Context) (*big.Int, error)
	SendTransaction(ctx context.Context, tx *types.Transaction) error
	TransactionReceipt(ctx context.Context, hash common.Hash) (*types.Receipt, error)
}

var _ Client = (*ethclient.Client)(nil)

// RevertOf returns the typed error of a revert that a node reported: one of the variables or structs of the generated packages
// (gen/ocr1, gen/ocr2, gen/ocr3) where a contract's source names it. Variables of different packages with the same reason are the
// same error to errors.Is. It is nil when err is not a revert.
func RevertOf(err error) error {
	var revert revertError
	if errors.As(err, &revert) {
		return revert.error
	}
	var dataError rpc.DataError
	if !errors.As(err, &dataError) {
		return nil
	}
	// Nodes agree on a hexadecimal string; some put a word before it.
	text, ok := dataError.ErrorData().(string)
	if !ok {
		return nil
	}
	text = strings.TrimPrefix(text, "Reverted ")
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok {
		return nil
	}
	data, hexErr := hex.DecodeString(digits)
	if hexErr != nil {
		return nil
	}
	return decodeRevert(data)
}

// decodeRevert asks all families of contracts. Those of OCR1 and OCR2 revert with strings, those of OCR3 with errors of their own.
func decodeRevert(data []byte) error {
	err := ocr2.DecodeRevert(data)
	if unknown := (*solabi.UnknownRevert)(nil); errors.As(err, &unknown) {
		return ocr3.DecodeRevert(data)
	}
	return err
}

// revertError marks the typed error of a revert, which as such says nothing about where it comes from.
type revertError struct{ error }

func (e revertError) Unwrap() error { return e.error }

func isRevert(err error) bool {
	var revert revertError
	return errors.As(err, &revert)
}

// explain wraps the error of a request with what was asked; a revert becomes its typed error.
func explain(err error, format string, args ...any) error {
	if revert := RevertOf(err); revert != nil {
		err = revertError{revert}
	}
	return fmt.Errorf("evm: %s: %w", fmt.Sprintf(format, args...), err)
}

// call makes an eth_call of a contract at the latest block and decodes what it returns.
func call[T any](ctx context.Context, client Client, to common.Address, what string, calldata []byte, unpack func([]byte) (T, error)) (T, error) {
	var zero T
	output, err := client.CallContract(ctx, ethereum.CallMsg{To: &to, Data: calldata}, nil)
	if err != nil {
		return zero, explain(err, "%s of contract %s", what, to)
	}
	if len(output) == 0 {
		return zero, fmt.Errorf("evm: %s of contract %s: no output: there is no contract at this address, or not one of this kind", what, to)
	}
	result, err := unpack(output)
	if err != nil {
		return zero, fmt.Errorf("evm: %s of contract %s: cannot decode the output %.200x: %w", what, to, output, err)
	}
	return result, nil
}
