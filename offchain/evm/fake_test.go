package evm

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ocrkit/ocrkit/codegen/solabi"
	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/types"
)

var errDead = errors.New("connection refused")

// fake is a node that does as its fields say; what is nil fails as a dead node does.
type fake struct {
	call      func(ethereum.CallMsg) ([]byte, error)
	logs      func(ethereum.FilterQuery) ([]ethtypes.Log, error)
	subscribe func(chan<- ethtypes.Log) (ethereum.Subscription, error)
	height    func() (uint64, error)
	header    func(*big.Int) (*ethtypes.Header, error)
	nonce     func() (uint64, error)
	gas       func() (uint64, error)
	send      func(*ethtypes.Transaction) error
	receipt   func(common.Hash) (*ethtypes.Receipt, error)
}

func (f *fake) ChainID(context.Context) (*big.Int, error) { return big.NewInt(5), nil }

func (f *fake) BlockNumber(context.Context) (uint64, error) {
	if f.height == nil {
		return 0, errDead
	}
	return f.height()
}

func (f *fake) HeaderByNumber(_ context.Context, number *big.Int) (*ethtypes.Header, error) {
	if f.header == nil {
		return nil, errDead
	}
	return f.header(number)
}

func (f *fake) CallContract(_ context.Context, call ethereum.CallMsg, _ *big.Int) ([]byte, error) {
	if f.call == nil {
		return nil, errDead
	}
	return f.call(call)
}

func (f *fake) FilterLogs(_ context.Context, query ethereum.FilterQuery) ([]ethtypes.Log, error) {
	if f.logs == nil {
		return nil, errDead
	}
	return f.logs(query)
}

func (f *fake) SubscribeFilterLogs(_ context.Context, _ ethereum.FilterQuery, logs chan<- ethtypes.Log) (ethereum.Subscription, error) {
	if f.subscribe == nil {
		return nil, errDead
	}
	return f.subscribe(logs)
}

func (f *fake) NonceAt(context.Context, common.Address, *big.Int) (uint64, error) {
	if f.nonce == nil {
		return 0, errDead
	}
	return f.nonce()
}

func (f *fake) EstimateGas(context.Context, ethereum.CallMsg) (uint64, error) {
	if f.gas == nil {
		return 0, errDead
	}
	return f.gas()
}

func (f *fake) SuggestGasPrice(context.Context) (*big.Int, error)  { return big.NewInt(100), nil }
func (f *fake) SuggestGasTipCap(context.Context) (*big.Int, error) { return big.NewInt(10), nil }

func (f *fake) SendTransaction(_ context.Context, tx *ethtypes.Transaction) error {
	if f.send == nil {
		return errDead
	}
	return f.send(tx)
}

func (f *fake) TransactionReceipt(_ context.Context, hash common.Hash) (*ethtypes.Receipt, error) {
	if f.receipt == nil {
		return nil, ethereum.NotFound
	}
	return f.receipt(hash)
}

// rpcError is an error that a node answers with.
type rpcError struct {
	code    int
	message string
	data    any
}

func (e rpcError) Error() string  { return e.message }
func (e rpcError) ErrorCode() int { return e.code }
func (e rpcError) ErrorData() any { return e.data }

func revertWith(reason string) error {
	return rpcError{3, "execution reverted", "0x" + hex.EncodeToString(solabi.AppendRevert(nil, reason))}
}

var testContract = common.HexToAddress("0x00000000000000000000000000000000000c0de1")

// word is a 32-byte word that ends with v.
func word(v byte) []byte { return append(make([]byte, 31), v) }

func words(values ...byte) (all []byte) {
	for _, v := range values {
		all = append(all, word(v)...)
	}
	return all
}

// TestDeadNode asks everything of a node that is gone: each error says what was asked, of what, and why it failed.
func TestDeadNode(t *testing.T) {
	ctx := context.Background()
	client := &fake{}
	tracker := NewConfigTracker(ConfigTrackerOptions{Client: client, Contract: testContract})
	defer tracker.Close()
	key := testKey(t)
	manager, err := NewTxManager(TxManagerOptions{Client: client, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	transmitter := NewTransmitter(client, testContract, manager)
	median := NewMedianContract(client, testContract)
	for what, ask := range map[string]func() error{
		"latestConfigDetails":        func() error { _, _, err := tracker.LatestConfigDetails(ctx); return err },
		"block 77":                   func() error { _, err := tracker.LatestConfig(ctx, 77); return err },
		"block number":               func() error { _, err := tracker.LatestBlockHeight(ctx); return err },
		"latestConfigDigestAndEpoch": func() error { _, _, err := transmitter.LatestConfigDigestAndEpoch(ctx); return err },
		"transmit":                   func() error { return transmitter.Transmit(ctx, types.ReportContext{}, nil, nil) },
		"latestTransmissionDetails":  func() error { _, _, _, _, _, err := median.LatestTransmissionDetails(ctx); return err },
		"block number ":              func() error { _, _, _, err := median.LatestRoundRequested(ctx, time.Hour); return err },
	} {
		what = strings.TrimSpace(what)
		if err := ask(); !errors.Is(err, errDead) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got error %v", what, err)
		}
	}
}

func testKey(t testing.TB) *keys.EVMKey {
	t.Helper()
	ring := keyring(t, []byte(strings.Repeat("k", 32)))
	return ring.key
}

// TestStrangeOutput has calls return what no contract returns.
func TestStrangeOutput(t *testing.T) { eachFamily(t, testStrangeOutput) }

func testStrangeOutput(t *testing.T, family family) {
	ctx := context.Background()
	for name, test := range map[string]struct {
		output []byte
		err    error
		want   string
	}{
		"nothing":      {nil, nil, "no contract at this address"},
		"garbage":      {[]byte("garbage"), nil, "cannot decode"},
		"short":        {words(1, 2), nil, "cannot decode"},
		"huge numbers": {append(append(make([]byte, 0, 96), []byte(strings.Repeat("\xff", 64))...), word(1)...), nil, "cannot decode"},
		"revert":       {nil, revertWith("No access"), "No access"},
	} {
		client := &fake{call: func(ethereum.CallMsg) ([]byte, error) { return test.output, test.err }}
		tracker := family.newTracker(t, client, testContract, false)
		if _, _, err := tracker.LatestConfigDetails(ctx); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q", name, err, test.want)
		}
		if name == "revert" {
			if _, _, err := tracker.LatestConfigDetails(ctx); !errors.Is(err, ocr2.ErrNoAccess) {
				t.Errorf("revert: got error %v, want %v", err, ocr2.ErrNoAccess)
			}
		}
	}
}

// TestStrangeLogs has the node answer with logs that were not asked for, and with garbage.
func TestStrangeLogs(t *testing.T) { eachFamily(t, testStrangeLogs) }

func testStrangeLogs(t *testing.T, family family) {
	ctx := context.Background()
	good := ethtypes.Log{Address: testContract, Topics: []common.Hash{family.configSet}, BlockNumber: 7, Index: 3}
	packed, err := family.packConfigSet("good")
	if err != nil {
		t.Fatal(err)
	}
	good.Data = packed
	change := func(f func(*ethtypes.Log)) ethtypes.Log {
		log := good
		f(&log)
		return log
	}
	older, err := family.packConfigSet("older")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		logs []ethtypes.Log
		want string // in the error; empty where the good config is to come out
	}{
		"good":               {[]ethtypes.Log{good}, ""},
		"unordered":          {[]ethtypes.Log{good, change(func(l *ethtypes.Log) { l.Data, l.Index = older, 2 })}, ""},
		"removed beside":     {[]ethtypes.Log{good, change(func(l *ethtypes.Log) { l.Data, l.Index, l.Removed = older, 9, true })}, ""},
		"other block beside": {[]ethtypes.Log{good, change(func(l *ethtypes.Log) { l.Data, l.Index, l.BlockNumber = older, 9, 8 })}, ""},
		"other contract":     {[]ethtypes.Log{good, change(func(l *ethtypes.Log) { l.Data, l.Index, l.Address = older, 9, common.Address{} })}, ""},
		"other event":        {[]ethtypes.Log{good, change(func(l *ethtypes.Log) { l.Index, l.Topics = 9, []common.Hash{{1}} })}, ""},
		"no topics":          {[]ethtypes.Log{good, change(func(l *ethtypes.Log) { l.Index, l.Topics = 9, nil })}, ""},
		"none":               {nil, "no ConfigSet log in block 7"},
		"only a removed one": {[]ethtypes.Log{change(func(l *ethtypes.Log) { l.Removed = true })}, "no ConfigSet log in block 7"},
		"garbage":            {[]ethtypes.Log{change(func(l *ethtypes.Log) { l.Data = []byte("garbage") })}, "cannot decode"},
		"cut":                {[]ethtypes.Log{change(func(l *ethtypes.Log) { l.Data = l.Data[:len(l.Data)/2] })}, "cannot decode"},
		"wild offsets":       {[]ethtypes.Log{change(func(l *ethtypes.Log) { l.Data = []byte(strings.Repeat("\xff", 1000)) })}, "cannot decode"},
		"too large":          {[]ethtypes.Log{change(func(l *ethtypes.Log) { l.Data = make([]byte, maxConfigLogBytes+1) })}, "more than"},
		"too many":           {make([]ethtypes.Log, maxConfigLogsPerBlock+1), "more than"},
	} {
		client := &fake{logs: func(ethereum.FilterQuery) ([]ethtypes.Log, error) { return test.logs, nil }}
		tracker := family.newTracker(t, client, testContract, false)
		config, err := tracker.LatestConfig(ctx, 7)
		if test.want == "" && (err != nil || string(config.OffchainConfig) != "good") {
			t.Errorf("%s: got %q, %v", name, config.OffchainConfig, err)
		}
		if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got error %v, want %q", name, err, test.want)
		}
	}
}

// FuzzConfigLog feeds arbitrary log data to the trackers.
func FuzzConfigLog(f *testing.F) {
	for _, family := range families {
		packed, err := family.packConfigSet("config")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, family := range families {
			log := ethtypes.Log{Address: testContract, Topics: []common.Hash{family.configSet}, BlockNumber: 7, Data: data}
			client := &fake{logs: func(ethereum.FilterQuery) ([]ethtypes.Log, error) { return []ethtypes.Log{log}, nil }}
			config, err := family.newTracker(t, client, testContract, false).LatestConfig(context.Background(), 7)
			if err == nil && len(config.Signers)+len(config.Transmitters) > len(data) {
				t.Errorf("%s: %d signers and %d transmitters from %d bytes", family.name, len(config.Signers), len(config.Transmitters), len(data))
			}
		}
	})
}

// subscription is one that the test ends.
type subscription struct {
	once sync.Once
	errs chan error
	gone chan struct{}
}

func newSubscription() *subscription {
	return &subscription{errs: make(chan error, 1), gone: make(chan struct{})}
}
func (s *subscription) Err() <-chan error { return s.errs }
func (s *subscription) Unsubscribe()      { s.once.Do(func() { close(s.gone) }) }

// TestSubscription loses the subscription, finds no node for a while, and gets it back.
func TestSubscription(t *testing.T) {
	type attempt struct {
		logs   chan<- ethtypes.Log
		answer chan any // a *subscription or an error
	}
	attempts := make(chan attempt)
	client := &fake{subscribe: func(logs chan<- ethtypes.Log) (ethereum.Subscription, error) {
		a := attempt{logs, make(chan any)}
		attempts <- a
		switch answer := (<-a.answer).(type) {
		case error:
			return nil, answer
		case *subscription:
			return answer, nil
		}
		panic("unreachable")
	}}
	pauses, resume := make(chan time.Duration), make(chan time.Time)
	tracker := newConfigTracker(ConfigTrackerOptions{Client: client, Contract: testContract, Subscribe: true}, func(pause time.Duration) <-chan time.Time {
		pauses <- pause
		return resume
	})

	first := receive(t, "the first subscription", attempts)
	live := newSubscription()
	first.answer <- live
	receive(t, "the hint at the start", tracker.Notify())
	for range 3 { // several logs may make one hint
		first.logs <- ethtypes.Log{}
	}
	receive(t, "the hint of a log", tracker.Notify())
	live.errs <- errDead
	receive(t, "the end of the first subscription", live.gone)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		if pause := receive(t, "a pause", pauses); pause != want*time.Second {
			t.Errorf("pause is %v, want %v", pause, want*time.Second)
		}
		resume <- time.Time{}
		receive(t, "another attempt", attempts).answer <- errDead
	}
	receive(t, "a pause", pauses)
	resume <- time.Time{}
	again := newSubscription()
	select { // a hint may be left over from the logs above
	case <-tracker.Notify():
	default:
	}
	receive(t, "the last attempt", attempts).answer <- again
	receive(t, "the hint after the gap", tracker.Notify())
	again.errs <- nil // closed connection
	if pause := receive(t, "a pause", pauses); pause != time.Second {
		t.Errorf("pause after a good subscription is %v", pause)
	}
	closed := make(chan error)
	go func() { closed <- tracker.Close() }()
	if err := receive(t, "Close", closed); err != nil {
		t.Error(err)
	}
}

func TestSubscriptionUnsupported(t *testing.T) {
	for _, err := range []error{rpc.ErrNotificationsUnsupported, rpcError{-32601, "the method eth_subscribe does not exist", nil}} {
		calls := 0
		client := &fake{subscribe: func(chan<- ethtypes.Log) (ethereum.Subscription, error) { calls++; return nil, err }}
		tracker := newConfigTracker(ConfigTrackerOptions{Client: client, Contract: testContract, Subscribe: true}, func(time.Duration) <-chan time.Time {
			t.Errorf("%v: tries again", err)
			return nil
		})
		tracker.done.Wait()
		if err := tracker.Close(); err != nil || calls != 1 {
			t.Errorf("%d calls, error %v", calls, err)
		}
	}
}

// TestScanLogs reads the epoch from logs where the contract says so.
func TestScanLogs(t *testing.T) {
	ctx := context.Background()
	transmitted := func(block uint64, index uint, epoch byte) ethtypes.Log {
		return ethtypes.Log{Address: testContract, Topics: []common.Hash{ocr2.TransmittedTopic}, BlockNumber: block, Index: index, Data: words(2, epoch)}
	}
	const head = 12_345
	for name, test := range map[string]struct {
		logs   []ethtypes.Log
		digest types.ConfigDigest
		epoch  uint32
		fails  bool
	}{
		"none":    {nil, types.ConfigDigest(word(9)), 0, false},
		"newest":  {[]ethtypes.Log{transmitted(50, 1, 3), transmitted(50, 2, 4), transmitted(49, 7, 9)}, types.ConfigDigest(word(2)), 4, false},
		"recent":  {[]ethtypes.Log{transmitted(50, 1, 3), transmitted(head, 0, 5)}, types.ConfigDigest(word(2)), 5, false},
		"garbage": {[]ethtypes.Log{{Address: testContract, Topics: []common.Hash{ocr2.TransmittedTopic}, BlockNumber: 50, Data: []byte("garbage")}}, types.ConfigDigest{}, 0, true},
	} {
		client := &fake{
			call:   func(ethereum.CallMsg) ([]byte, error) { return words(1, 9, 0), nil },
			height: func() (uint64, error) { return head, nil },
			logs: func(query ethereum.FilterQuery) (found []ethtypes.Log, err error) {
				from, to := query.FromBlock.Uint64(), query.ToBlock.Uint64()
				if to-from >= logSearchStep {
					return nil, fmt.Errorf("blocks %d to %d are too many", from, to)
				}
				for _, log := range test.logs {
					if log.BlockNumber >= from && log.BlockNumber <= to {
						found = append(found, log)
					}
				}
				return found, nil
			},
		}
		digest, epoch, err := NewTransmitter(client, testContract, nil).LatestConfigDigestAndEpoch(ctx)
		if test.fails != (err != nil) || digest != test.digest || epoch != test.epoch {
			t.Errorf("%s: got %s, %d, %v; want %s, %d", name, digest, epoch, err, test.digest, test.epoch)
		}
	}
}

// healthy is a node that takes transactions and shows receipts for them at once.
func healthy() *fake {
	var mu sync.Mutex
	sent := map[common.Hash]bool{}
	nonce := uint64(0)
	return &fake{
		call:   func(ethereum.CallMsg) ([]byte, error) { return nil, nil },
		header: func(*big.Int) (*ethtypes.Header, error) { return &ethtypes.Header{BaseFee: big.NewInt(1000)}, nil },
		nonce:  func() (uint64, error) { mu.Lock(); defer mu.Unlock(); return nonce, nil },
		gas:    func() (uint64, error) { return 100_000, nil },
		send: func(tx *ethtypes.Transaction) error {
			mu.Lock()
			defer mu.Unlock()
			sent[tx.Hash()] = true
			nonce = tx.Nonce() + 1
			return nil
		},
		receipt: func(hash common.Hash) (*ethtypes.Receipt, error) {
			mu.Lock()
			defer mu.Unlock()
			if !sent[hash] {
				return nil, ethereum.NotFound
			}
			return &ethtypes.Receipt{Status: ethtypes.ReceiptStatusSuccessful, TxHash: hash, BlockNumber: big.NewInt(1)}, nil
		},
	}
}

func fakeManager(t *testing.T, client Client, change func(*TxManagerOptions)) (*TxManager, <-chan TxOutcome) {
	t.Helper()
	outcomes := make(chan TxOutcome, 100)
	options := TxManagerOptions{Client: client, Key: testKey(t), PollInterval: time.Millisecond, Outcome: func(o TxOutcome) { outcomes <- o }}
	if change != nil {
		change(&options)
	}
	manager, err := NewTxManager(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { manager.Close() })
	return manager, outcomes
}

// TestQueue holds the node back and looks which transactions the newer ones push out.
func TestQueue(t *testing.T) {
	client := healthy()
	entered, release := make(chan struct{}), make(chan struct{})
	inner := client.gas
	client.gas = func() (uint64, error) { entered <- struct{}{}; <-release; return inner() }
	manager, outcomes := fakeManager(t, client, func(o *TxManagerOptions) { o.QueueDepth = 2 })
	send := func(i byte) {
		t.Helper()
		if err := manager.Send(context.Background(), testContract, []byte{i}); err != nil {
			t.Fatal(err)
		}
	}
	send(0)
	receive(t, "the first transaction", entered)
	for i := range byte(5) {
		send(i + 1)
	}
	close(release)
	go func() {
		for range entered {
		}
	}()
	defer close(entered)
	var fates []string
	for range 6 {
		outcome := receive(t, "an outcome", outcomes)
		fate := "sent"
		if errors.Is(outcome.Err, ErrTxDropped) {
			fate = "dropped"
		} else if outcome.Err != nil {
			fate = outcome.Err.Error()
		}
		fates = append(fates, fmt.Sprintf("%d %s", outcome.Calldata[0], fate))
	}
	if got, want := strings.Join(fates, ", "), "0 sent, 1 dropped, 2 dropped, 3 dropped, 4 sent, 5 sent"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	if err := manager.Close(); err != nil {
		t.Fatal(err)
	}
	if err := manager.Send(context.Background(), testContract, nil); !errors.Is(err, ErrTxManagerClosed) {
		t.Errorf("after Close: got %v", err)
	}
}

// TestSendFailures has the node fail on the way.
func TestSendFailures(t *testing.T) {
	ctx := context.Background()
	refusal := func(message string) error { return rpcError{-32000, message, nil} }
	times := func(n int, err error, then func(*ethtypes.Transaction) error) func(*ethtypes.Transaction) error {
		return func(tx *ethtypes.Transaction) error {
			if n--; n >= 0 {
				return err
			}
			return then(tx)
		}
	}
	for name, test := range map[string]struct {
		change func(*fake)
		want   error
		text   string
	}{
		"fine":            {func(f *fake) {}, nil, ""},
		"no base fee":     {func(f *fake) { f.header = func(*big.Int) (*ethtypes.Header, error) { return &ethtypes.Header{}, nil } }, nil, ""},
		"connection lost": {func(f *fake) { f.send = times(2, errDead, f.send) }, nil, ""},
		"underpriced":     {func(f *fake) { f.send = times(3, refusal("replacement transaction underpriced"), f.send) }, nil, ""},
		"nonce too low":   {func(f *fake) { f.send = times(1, refusal("nonce too low: next nonce 1"), f.send) }, nil, ""},
		"already known": {func(f *fake) {
			send := f.send
			f.send = func(tx *ethtypes.Transaction) error { _ = send(tx); return refusal("already known") }
		}, nil, ""},
		"insufficient funds": {func(f *fake) { f.send = times(1000, refusal("insufficient funds for gas * price + value"), nil) }, nil, "insufficient funds"},
		"reverts":            {func(f *fake) { f.gas = func() (uint64, error) { return 0, revertWith("stale report") } }, ocr2.ErrStaleReport, ""},
		"reverts on chain": {func(f *fake) {
			f.receipt = func(hash common.Hash) (*ethtypes.Receipt, error) {
				return &ethtypes.Receipt{Status: ethtypes.ReceiptStatusFailed, TxHash: hash, BlockNumber: big.NewInt(1)}, nil
			}
			f.call = func(ethereum.CallMsg) ([]byte, error) { return nil, revertWith("stale report") }
		}, ocr2.ErrStaleReport, "block 1"},
		"fees above the limit": {func(f *fake) {
			f.header = func(*big.Int) (*ethtypes.Header, error) { return &ethtypes.Header{BaseFee: big.NewInt(1e9)}, nil }
		}, errFeeLimit, "limit"},
		"nonce used elsewhere": {func(f *fake) { f.receipt = nil }, ErrTxReplaced, ""},
		"dead node":            {func(f *fake) { f.nonce = nil }, ErrTxAbandoned, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			client := healthy()
			test.change(client)
			manager, outcomes := fakeManager(t, client, func(o *TxManagerOptions) {
				o.SkipSimulation, o.MaxFeePerGas = true, big.NewInt(1e6)
				if name == "dead node" {
					o.GiveUpAfter = 20 * time.Millisecond
				}
			})
			if err := manager.Send(ctx, testContract, []byte{1}); err != nil {
				t.Fatal(err)
			}
			outcome := receive(t, "the outcome", outcomes)
			switch {
			case test.want == nil && test.text == "":
				if outcome.Err != nil || outcome.Receipt == nil || outcome.Hash != outcome.Receipt.TxHash {
					t.Errorf("outcome is %v", outcome)
				}
			case test.want != nil && !errors.Is(outcome.Err, test.want), outcome.Err == nil || !strings.Contains(outcome.Err.Error(), test.text):
				t.Errorf("outcome is %v; want %v, %q", outcome, test.want, test.text)
			}
		})
	}
}

// TestOvertaken has a transaction taken up after it was given up, and with its nonce the one that was to replace it.
func TestOvertaken(t *testing.T) {
	ctx := context.Background()
	client := healthy()
	var mu sync.Mutex
	var sent []*ethtypes.Transaction
	nonce, mined := uint64(0), map[common.Hash]bool{}
	client.nonce = func() (uint64, error) { mu.Lock(); defer mu.Unlock(); return nonce, nil }
	client.send = func(tx *ethtypes.Transaction) error {
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, tx)
		switch len(sent) {
		case 2:
			nonce, mined[sent[0].Hash()] = 1, true
		case 3:
			nonce, mined[sent[2].Hash()] = 2, true
		}
		return nil
	}
	client.receipt = func(hash common.Hash) (*ethtypes.Receipt, error) {
		mu.Lock()
		defer mu.Unlock()
		if !mined[hash] {
			return nil, ethereum.NotFound
		}
		return &ethtypes.Receipt{Status: ethtypes.ReceiptStatusSuccessful, TxHash: hash, BlockNumber: big.NewInt(1)}, nil
	}
	manager, outcomes := fakeManager(t, client, func(o *TxManagerOptions) { o.GiveUpAfter = 2 * time.Second })
	if err := manager.Send(ctx, testContract, []byte{1}); err != nil {
		t.Fatal(err)
	}
	if outcome := receive(t, "the first outcome", outcomes); !errors.Is(outcome.Err, ErrTxAbandoned) {
		t.Fatalf("first outcome is %v", outcome)
	}
	if err := manager.Send(ctx, testContract, []byte{2}); err != nil {
		t.Fatal(err)
	}
	outcome := receive(t, "the second outcome", outcomes)
	if outcome.Err != nil || outcome.Sent != 2 {
		t.Errorf("second outcome is %v", outcome)
	}
	mu.Lock()
	defer mu.Unlock()
	var nonces []uint64
	for _, tx := range sent {
		nonces = append(nonces, tx.Nonce())
	}
	if fmt.Sprint(nonces) != "[0 0 1]" || sent[1].GasTipCap().Cmp(sent[0].GasTipCap()) <= 0 {
		t.Errorf("sent nonces %v, tips %s and %s", nonces, sent[0].GasTipCap(), sent[1].GasTipCap())
	}
}

func TestCloseWhileWaiting(t *testing.T) {
	client := healthy()
	client.receipt, client.nonce = nil, func() (uint64, error) { return 0, nil }
	manager, outcomes := fakeManager(t, client, nil)
	for i := range byte(2) {
		if err := manager.Send(context.Background(), testContract, []byte{i}); err != nil {
			t.Fatal(err)
		}
	}
	closed := make(chan error)
	go func() { closed <- manager.Close() }()
	if err := receive(t, "Close", closed); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if outcome := receive(t, "an outcome", outcomes); outcome.Err == nil {
			t.Errorf("outcome is %v", outcome)
		}
	}
}

func TestTxManagerOptions(t *testing.T) {
	for name, options := range map[string]TxManagerOptions{
		"no client":          {Key: testKey(t)},
		"no key":             {Client: healthy()},
		"negative depth":     {Client: healthy(), Key: testKey(t), QueueDepth: -1},
		"small gas limit":    {Client: healthy(), Key: testKey(t), GasLimitPercent: 99},
		"negative fee limit": {Client: healthy(), Key: testKey(t), MaxFeePerGas: big.NewInt(-1)},
	} {
		if manager, err := NewTxManager(options); err == nil {
			manager.Close()
			t.Errorf("%s: accepted", name)
		}
	}
	manager, _ := fakeManager(t, healthy(), nil)
	if err := manager.Send(context.Background(), testContract, make([]byte, maxCalldata+1)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("huge calldata: got %v", err)
	}
}

// TestRevertOf reads the revert data of different nodes.
func TestRevertOf(t *testing.T) {
	data := hex.EncodeToString(solabi.AppendRevert(nil, "stale report"))
	for name, test := range map[string]struct {
		data any
		want error
	}{
		"plain":     {"0x" + data, ocr2.ErrStaleReport},
		"with word": {"Reverted 0x" + data, ocr2.ErrStaleReport},
		"empty":     {"0x", solabi.ErrEmptyRevert},
		"none":      {nil, nil},
		"no hex":    {"0xzz", nil},
		"object":    {map[string]any{"data": data}, nil},
	} {
		if got := RevertOf(fmt.Errorf("wrapped: %w", rpcError{3, "execution reverted", test.data})); !errors.Is(got, test.want) || (got == nil) != (test.want == nil) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	if got := RevertOf(errDead); got != nil {
		t.Errorf("no revert: got %v", got)
	}
}
