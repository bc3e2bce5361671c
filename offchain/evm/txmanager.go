package evm

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"
)

// Defaults of TxManagerOptions.
const (
	DefaultQueueDepth       = 1
	DefaultPollInterval     = time.Second
	DefaultBumpAfter        = 20 * time.Second
	DefaultGiveUpAfter      = 5 * time.Minute
	DefaultGasLimitPercent  = 125
	DefaultRequestTimeout   = 10 * time.Second
	defaultMaxFeePerGasGwei = 5000

	// bumpPercent is by how much the fees of a replacement exceed those of what it replaces; nodes ask for at least 10.
	bumpPercent = 20
	gwei        = 1_000_000_000
	// maxCalldata bounds one transaction; nodes refuse more than 128 KiB.
	maxCalldata = 128 << 10
)

var (
	// ErrTxDropped is the outcome of a transaction that newer ones pushed out of the queue.
	ErrTxDropped = errors.New("dropped from the queue in favour of a newer one")
	// ErrTxAbandoned is the outcome of a transaction that no block took up in time. It may still be, until another one with
	// its nonce is.
	ErrTxAbandoned = errors.New("not taken up by any block in time")
	// ErrTxReplaced is the outcome of a transaction whose nonce was used by another one, sent with the same key elsewhere.
	ErrTxReplaced = errors.New("another transaction with the same nonce was taken up: is the key in use elsewhere?")
	// ErrTxManagerClosed is returned after Close, and the outcome of what waited then.
	ErrTxManagerClosed = errors.New("evm: the transaction manager is closed")
)

// TxManagerOptions of NewTxManager. Client and Key are required.
type TxManagerOptions struct {
	Client Client
	Key    *keys.EVMKey
	// ChainID that transactions are signed for; nil asks the node, once.
	ChainID *big.Int
	// QueueDepth is how many transactions may wait; the oldest is dropped for a newer one. 0 is DefaultQueueDepth.
	QueueDepth int
	// SkipSimulation hands transactions to the queue without trying them first by an eth_call.
	SkipSimulation bool
	// GasLimitPercent is the gas limit in percent of the node's estimate. 0 is DefaultGasLimitPercent.
	GasLimitPercent uint64
	// MaxFeePerGas is the most that is ever offered, in wei. Nil is 5000 gwei.
	MaxFeePerGas *big.Int
	// PollInterval is how often receipts are asked for, BumpAfter how long a transaction waits before it is replaced by one
	// with higher fees, GiveUpAfter when the manager turns to the next one, RequestTimeout the time that a node has to answer.
	// 0 takes the defaults.
	PollInterval, BumpAfter, GiveUpAfter, RequestTimeout time.Duration
	// Outcome is called for each transaction that Send took over, one at a time, from the manager's goroutine. It must not
	// call the manager. May be nil.
	Outcome func(TxOutcome)
	// Logger may be nil.
	Logger commontypes.Logger
}

// TxOutcome is what became of a transaction.
type TxOutcome struct {
	To       common.Address
	Calldata []byte
	// Err is nil when the transaction succeeded on chain. Otherwise it is, or wraps, one of the errors of this file, the typed
	// error of a revert, or what the node said.
	Err error
	// Hash and Receipt are of the transaction that was taken up by a block; zero and nil when none was.
	Hash    common.Hash
	Receipt *ethtypes.Receipt
	// Sent is how many transactions were handed to the node, replacements included.
	Sent int
}

// String leaves the calldata out.
func (o TxOutcome) String() string {
	return fmt.Sprintf("transaction %s to %s, sent %d times, error %v", o.Hash, o.To, o.Sent, o.Err)
}

// TxManager sends transactions from one key, one after the other: it prices them (EIP-1559 where the chain has it), waits for
// their receipts, and replaces those that wait too long by ones with higher fees. The key must not be used elsewhere at the
// same time. It implements TxSender, is safe for concurrent use, and has one goroutine, which Close ends.
type TxManager struct {
	options TxManagerOptions
	work    chan struct{} // has a value while the queue may have something
	cancel  context.CancelFunc
	done    chan struct{}

	mu     sync.Mutex
	queue  []txRequest
	closed bool

	// Only the manager's goroutine uses what follows.
	chainID   *big.Int
	offered   *offer        // the last one made, which may be pending still
	abandoned []common.Hash // what was sent with its nonce and given up
}

type txRequest struct {
	to       common.Address
	calldata []byte
}

// offer is what a transaction offers for its gas, in wei. tip is nil on chains without EIP-1559.
type offer struct {
	nonce    uint64
	tip, cap *big.Int
}

var _ TxSender = (*TxManager)(nil)

// NewTxManager starts a manager. Close ends it.
func NewTxManager(options TxManagerOptions) (*TxManager, error) {
	if options.Client == nil || options.Key == nil {
		return nil, errors.New("evm: a transaction manager needs a client and a key")
	}
	setDefault(&options.QueueDepth, DefaultQueueDepth)
	setDefault(&options.GasLimitPercent, DefaultGasLimitPercent)
	setDefault(&options.PollInterval, DefaultPollInterval)
	setDefault(&options.BumpAfter, DefaultBumpAfter)
	setDefault(&options.GiveUpAfter, DefaultGiveUpAfter)
	setDefault(&options.RequestTimeout, DefaultRequestTimeout)
	if options.MaxFeePerGas == nil {
		options.MaxFeePerGas = new(big.Int).Mul(big.NewInt(defaultMaxFeePerGasGwei), big.NewInt(gwei))
	}
	if options.QueueDepth < 0 || options.GasLimitPercent < 100 || options.PollInterval < 0 || options.BumpAfter < 0 || options.GiveUpAfter < 0 || options.RequestTimeout < 0 || options.MaxFeePerGas.Sign() <= 0 {
		return nil, errors.New("evm: transaction manager: an option is negative, or the gas limit less than 100 percent of the estimate")
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &TxManager{options: options, work: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{}), chainID: options.ChainID}
	go m.run(ctx)
	return m, nil
}

func setDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

// From implements TxSender.
func (m *TxManager) From() common.Address { return m.options.Key.Address() }

// Send implements TxSender. It tries the call first (unless told otherwise): one that would revert fails here, with the
// revert's typed error. When the queue is full the oldest in it is dropped.
func (m *TxManager) Send(ctx context.Context, to common.Address, calldata []byte) error {
	if len(calldata) > maxCalldata {
		return fmt.Errorf("evm: calldata has %d bytes, more than %d", len(calldata), maxCalldata)
	}
	if !m.options.SkipSimulation {
		if _, err := m.options.Client.CallContract(ctx, ethereum.CallMsg{From: m.From(), To: &to, Data: calldata}, nil); err != nil {
			return explain(err, "trying a call of contract %s", to)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrTxManagerClosed
	}
	// One more than the depth may be here for a moment: the manager's goroutine drops what is too much, and says so.
	m.queue = append(m.queue, txRequest{to, append([]byte(nil), calldata...)})
	if len(m.queue) > m.options.QueueDepth+maxUnreportedDrops {
		m.queue = m.queue[1:]
	}
	m.wake()
	return nil
}

// maxUnreportedDrops bounds the dropped transactions that wait for being reported.
const maxUnreportedDrops = 1000

// Close stops the manager. What waits is not sent; what was sent may still be taken up.
func (m *TxManager) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.cancel()
	<-m.done
	return nil
}

func (m *TxManager) wake() {
	select {
	case m.work <- struct{}{}:
	default:
	}
}

// take returns the transaction that is next, and those that are too many.
func (m *TxManager) take() (next *txRequest, dropped []txRequest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if excess := len(m.queue) - m.options.QueueDepth; excess > 0 {
		dropped = m.queue[:excess]
		m.queue = m.queue[excess:]
	}
	if len(m.queue) > 0 {
		first := m.queue[0]
		next, m.queue = &first, m.queue[1:]
	}
	return next, dropped
}

func (m *TxManager) run(ctx context.Context) {
	defer close(m.done)
	for {
		next, dropped := m.take()
		for _, request := range dropped {
			m.report(TxOutcome{To: request.to, Calldata: request.calldata, Err: ErrTxDropped})
		}
		if next != nil {
			outcome := TxOutcome{To: next.to, Calldata: next.calldata}
			if ctx.Err() == nil {
				m.process(ctx, &outcome)
			} else {
				outcome.Err = ErrTxManagerClosed
			}
			m.report(outcome)
			continue
		}
		select {
		case <-ctx.Done():
			m.mu.Lock()
			empty := len(m.queue) == 0
			m.mu.Unlock()
			if empty {
				return
			}
		case <-m.work:
		}
	}
}

func (m *TxManager) report(outcome TxOutcome) {
	fields := commontypes.LogFields{"from": m.From().Hex(), "to": outcome.To.Hex(), "tx": outcome.Hash.Hex(), "sent": outcome.Sent}
	if outcome.Err != nil {
		fields["error"] = outcome.Err
		orDiscard(m.options.Logger).Warn("Transaction did not succeed", fields)
	} else {
		orDiscard(m.options.Logger).Debug("Transaction succeeded", fields)
	}
	if m.options.Outcome != nil {
		m.options.Outcome(outcome)
	}
}
