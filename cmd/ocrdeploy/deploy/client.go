package deploy

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
)

// Client is what this package asks of a node. *ethclient.Client has it, over any transport, and so has the client of
type Client interface {
	evm.Client
	BalanceAt(ctx context.Context, account common.Address, blockNumber *big.Int) (*big.Int, error)
	CodeAt(ctx context.Context, account common.Address, blockNumber *big.Int) ([]byte, error)
	PendingNonceAt(ctx context.Context, account common.Address) (uint64, error)
	TransactionByHash(ctx context.Context, hash common.Hash) (tx *types.Transaction, isPending bool, err error)
}

var _ Client = (*ethclient.Client)(nil)

// Errors of this package. What a function returns wraps them and says more.
var (
	// ErrNode: the node did not answer, or refused to.
	ErrNode = errors.New("the node does not answer as it should")
	// ErrWrongChain: the node is on another chain than the network.
	ErrWrongChain = errors.New("wrong chain")
	// ErrNoContract: there is no contract at the address, or none of the kind.
	ErrNoContract = errors.New("no such contract")
	// ErrNoConfig: the contract was never configured.
	ErrNoConfig = errors.New("the contract has no config")
	// ErrLogNotFound: the log with the config is not to be had.
	ErrLogNotFound = errors.New("the log with the config was not found")
	// ErrBadConfig: the config on chain cannot be decoded, or oracles refuse it.
	ErrBadConfig = errors.New("the config on chain is not usable")
	// ErrRefused: the plan has errors, nothing was sent.
	ErrRefused = errors.New("the plan has errors")
	// ErrNotOwner: the signer may not do what is to be done.
	ErrNotOwner = errors.New("the signer is not the owner of the contract")
	// ErrFunds: the signer cannot pay for the transactions.
	ErrFunds = errors.New("insufficient funds for gas")
	// ErrReverted: a transaction was taken up by a block, and failed.
	ErrReverted = errors.New("the transaction reverted")
	// ErrNotMined: a transaction is not taken up by any block.
	ErrNotMined = errors.New("the transaction is not in a block yet")
	// ErrReplaced: another transaction used the nonce.
	ErrReplaced = errors.New("another transaction used the nonce")
	// ErrNoSeed: the dealer's seed is needed and not at hand.
	ErrNoSeed = errors.New("the dealer's seed is not at hand")
	// ErrJournal: the journal cannot be read, or belongs to something else.
	ErrJournal = errors.New("the journal is not usable")
)

// Dial connects to a node: address is a URL with http, https, ws or wss, or the path of a socket. It asks for the chain id, so a dead node
// shows here.
func Dial(ctx context.Context, address string, timeout time.Duration) (*ethclient.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	connection, err := rpc.DialOptions(ctx, address, rpc.WithHTTPClient(&http.Client{Timeout: httpTimeout}))
	if err != nil {
		return nil, fmt.Errorf("%w: cannot connect to %s: %w", ErrNode, redactURL(address), plain(err))
	}
	client := ethclient.NewClient(connection)
	if _, err := client.ChainID(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("%w: no chain id from %s (is a node running there?): %w", ErrNode, redactURL(address), plain(err))
	}
	return client, nil
}

// httpTimeout bounds a single request over HTTP.
const httpTimeout = 30 * time.Second

// redactURL leaves out what may be secret in the URL of a node: user, path and query often hold an API key.
func redactURL(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address // a socket
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		if len(rest) > end+1 {
			rest = rest[:end] + "/..."
		} else {
			rest = rest[:end]
		}
	}
	return scheme + "://" + rest
}

// plain strips the URL from an error of net/http.
func plain(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}

// Signer signs transactions.
type Signer interface {
	Address() common.Address
	SignTx(tx *types.Transaction, chainID *big.Int) (*types.Transaction, error)
}

// KeySigner signs with a key in memory.
func KeySigner(key *keys.EVMKey) Signer { return keySigner{key} }

type keySigner struct{ key *keys.EVMKey }

func (s keySigner) Address() common.Address { return s.key.Address() }

func (s keySigner) SignTx(tx *types.Transaction, chainID *big.Int) (*types.Transaction, error) {
	return types.SignTx(tx, types.LatestSignerForChainID(chainID), s.key.PrivateKey())
}

// explain says what was asked of the node when it failed; a revert becomes its typed error.
func explain(err error, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if revert := evm.RevertOf(err); revert != nil {
		return fmt.Errorf("%s: %w: %w", what, ErrReverted, revert)
	}
	if err != nil && strings.Contains(strings.ToLower(err.Error()), "insufficient funds") {
		return fmt.Errorf("%s: %w: %w", what, ErrFunds, err)
	}
	return fmt.Errorf("%s: %w: %w", what, ErrNode, plain(err))
}

// reader reads a contract at one block, so that what is read belongs together.
type reader struct {
	client   Client
	contract common.Address
	block    *big.Int // nil is the latest
}

// query calls a function of the contract and decodes the answer.
func query[T any](ctx context.Context, r reader, what string, calldata []byte, unpack func([]byte) (T, error)) (T, error) {
	var zero T
	output, err := r.client.CallContract(ctx, ethereum.CallMsg{To: &r.contract, Data: calldata}, r.block)
	if err != nil {
		return zero, explain(err, "%s of contract %s", what, r.contract)
	}
	if len(output) == 0 {
		return zero, fmt.Errorf("%s of %s: %w: there is no contract at this address, or one without this function", what, r.contract, ErrNoContract)
	}
	result, err := unpack(output)
	if err != nil {
		return zero, fmt.Errorf("%s of %s: %w: cannot decode %.64x: %w", what, r.contract, ErrNoContract, output, err)
	}
	return result, nil
}
