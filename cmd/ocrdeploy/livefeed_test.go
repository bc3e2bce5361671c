package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/big"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/nodelog"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/store"
	ocrtypes "github.com/ocrkit/ocrkit/offchain/types"
)

const (
	livePatience = time.Minute // until something that must happen has happened
	liveLook     = 20 * time.Millisecond
)

// liveConfig suits a chain that is fast and on this machine.
var liveConfig = ocrtypes.LocalConfig{
	BlockchainTimeout:                  5 * time.Second,
	ContractConfigConfirmations:        1,
	SkipContractConfigConfirmations:    true,
	ContractConfigTrackerPollInterval:  500 * time.Millisecond,
	ContractConfigLoadTimeout:          5 * time.Second,
	ContractTransmitterTransmitTimeout: 5 * time.Second,
	DatabaseTimeout:                    2 * time.Second,
	DefaultMaxDurationInitialization:   5 * time.Second,
	DevelopmentMode:                    ocrtypes.EnableDangerousDevelopmentMode,
}

// operators are the oracles of a desk as programs: each has its keys, its place on a network, and what sends its transactions. They
// may serve any number of feeds at once.
type operators struct {
	t       *testing.T
	client  *ethclient.Client
	chainID uint64
	market  *market
	nodes   []*operator
	log     *syncBuffer
	quiet   func() // ends all transactions; no feed may be served any more
}

type operator struct {
	keys   *keys.Bundle
	peer   *oracle.Peer
	sender *evm.TxManager
}

// newOperators opens the key files of a desk.
func newOperators(d *desk, url string, chainID uint64, m *market) *operators {
	t := d.t
	t.Helper()
	o := &operators{t: t, chainID: chainID, market: m, log: &syncBuffer{}}
	o.quiet = sync.OnceFunc(func() {
		for _, node := range o.nodes {
			if err := node.sender.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	var err error
	if o.client, err = ethclient.Dial(url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.quiet()
		o.client.Close()
		if t.Failed() {
			t.Logf("log of the oracles:\n%s", o.log)
		}
	})
	network := inmemory.NewNetwork()
	for i := range 4 {
		bundle, err := keys.Load(filepath.Join(d.dir, "keys", fmt.Sprintf("oracle-%d.json", i)), keys.NewPassword("correct horse"))
		if err != nil {
			t.Fatal(err)
		}
		sender, err := evm.NewTxManager(evm.TxManagerOptions{
			Client: o.client, Key: bundle.Transmit, ChainID: new(big.Int).SetUint64(chainID), PollInterval: liveLook,
		})
		if err != nil {
			t.Fatal(err)
		}
		o.nodes = append(o.nodes, &operator{bundle, oracle.InMemoryPeer(network.Peer(bundle.Peer.PeerID().String())), sender})
	}
	return o
}

// liveFeed is a feed with oracles that run.
type liveFeed struct {
	*operators
	protocol oracle.Protocol
	contract common.Address
	oracles  []*oracle.Oracle
	stop     func() // ends the oracles
}

// serve starts the oracles of a contract, with databases of their own.
func (o *operators) serve(protocol oracle.Protocol, contract common.Address) *liveFeed {
	o.t.Helper()
	f := &liveFeed{operators: o, protocol: protocol, contract: contract}
	database, err := store.OpenInMemory(store.Options{})
	if err != nil {
		o.t.Fatal(err)
	}
	f.stop = sync.OnceFunc(func() {
		var closing sync.WaitGroup
		for _, running := range f.oracles {
			closing.Go(func() {
				if err := running.Close(); err != nil {
					o.t.Error(err)
				}
			})
		}
		closing.Wait()
		if err := database.Close(); err != nil {
			o.t.Error(err)
		}
	})
	o.t.Cleanup(f.stop)
	juels := fixed{big.NewInt(2e17)}
	for i, node := range o.nodes {
		logger := nodelog.New(slog.New(slog.NewTextHandler(o.log, nil)).With("protocol", protocol, "oracle", i))
		running, err := oracle.Start(oracle.OracleArgs{
			Args: oracle.Args{
				Kind:        oracle.Kind{Protocol: protocol},
				Place:       oracle.Place{Client: o.client, ChainID: o.chainID, Contract: contract, Subscribe: true},
				LocalConfig: liveConfig, Logger: logger, Database: database.Job(fmt.Sprint(i)), Peer: node.peer,
			},
			Keys: node.keys, Sender: node.sender,
			Sources: oracle.Sources{Value: quotes{o.market, i}, JuelsPerFeeCoin: juels, GasPriceSubunits: juels, Timeout: time.Second},
		})
		if err != nil {
			o.t.Fatalf("%s oracle %d: %v", protocol, i, err)
		}
		f.oracles = append(f.oracles, running)
	}
	return f
}

// rounds is how many rounds the oracles have completed, all together.
func (f *liveFeed) rounds() (completed uint64) {
	for _, running := range f.oracles {
		switch s := running.Status(); {
		case s.OCR1 != nil:
			completed += s.OCR1.CompletedRounds
		case s.Instance != nil:
			completed += s.Instance.CompletedRounds
		}
	}
	return completed
}

// liveReport is a report that landed.
type liveReport struct {
	answer      *big.Int
	landed      uint64 // seconds, by the clock of the chain
	transmitter common.Address
	observers   int
}

// reports are all that have landed so far, the oldest first.
func (f *liveFeed) reports() (all []liveReport) {
	f.t.Helper()
	topic := ocr1.NewTransmissionTopic
	if f.protocol == oracle.OCR2 {
		topic = ocr2.NewTransmissionTopic
	}
	logs, err := f.client.FilterLogs(context.Background(), ethereum.FilterQuery{Addresses: []common.Address{f.contract}, Topics: [][]common.Hash{{topic}}})
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range logs {
		r, err := f.decode(&logs[i])
		if err != nil {
			f.t.Fatal(err)
		}
		if r.landed = logs[i].BlockTimestamp; r.landed == 0 {
			f.t.Fatal("the node does not say when a log's block was made")
		}
		all = append(all, r)
	}
	return all
}

func (f *liveFeed) decode(log *types.Log) (liveReport, error) {
	if f.protocol == oracle.OCR1 {
		var event ocr1.NewTransmission
		err := ocr1.DecodeNewTransmission(log, &event)
		return liveReport{answer: event.Answer, transmitter: event.Transmitter, observers: len(event.Observations)}, err
	}
	var event ocr2.NewTransmission
	err := ocr2.DecodeNewTransmission(log, &event)
	return liveReport{answer: event.Answer, transmitter: event.Transmitter, observers: len(event.Observations)}, err
}

// check holds all reports against the market and the rules: who transmitted, who observed, what, and that there was a reason to.
func (f *liveFeed) check(alpha *big.Rat, deltaC time.Duration) {
	f.t.Helper()
	reports := f.reports()
	for i, r := range reports {
		if !f.market.knows(r.answer) {
			f.t.Errorf("%s: the answer %s of report %d is none that an honest oracle saw", f.protocol, r.answer, i)
		}
		if !slices.ContainsFunc(f.nodes, func(o *operator) bool { return o.keys.Transmit.Address() == r.transmitter }) {
			f.t.Errorf("%s: report %d is from %s", f.protocol, i, r.transmitter)
		}
		if r.observers < 3 {
			f.t.Errorf("%s: report %d has %d observations", f.protocol, i, r.observers)
		}
		// Oracles agree on a report before they see the one before it land, so that one may not count yet.
		if i < 1 || due(reports[i-1], r, alpha, deltaC) || i < 2 || due(reports[i-2], r, alpha, deltaC) {
			continue
		}
		f.t.Errorf("%s: there was no reason for report %d: %+v", f.protocol, i, reports[i-2:i+1])
	}
}

// due tells whether there is a reason to report b after a.
func due(a, b liveReport, alpha *big.Rat, deltaC time.Duration) bool {
	return deviates(a, b, alpha) || time.Duration(b.landed-a.landed)*time.Second >= deltaC
}

func deviates(a, b liveReport, alpha *big.Rat) bool {
	change := new(big.Rat).SetFrac(new(big.Int).Sub(b.answer, a.answer), a.answer)
	return change.Abs(change).Cmp(alpha) >= 0
}

// wait waits until so it is.
func (o *operators) wait(what string, so func() bool) {
	o.t.Helper()
	began := time.Now()
	deadline, ticker := time.After(livePatience), time.NewTicker(liveLook)
	defer ticker.Stop()
	for !so() {
		select {
		case <-deadline:
			o.t.Fatalf("after %s this is not so: %s", livePatience, what)
		case <-ticker.C:
		}
	}
	o.t.Logf("%s (%.1f s)", what, time.Since(began).Seconds())
}

// waitAnswers waits until the latest answer of each feed is one of the price that the market has now.
func (o *operators) waitAnswers(what string, feeds ...*liveFeed) {
	o.t.Helper()
	o.wait(what, func() bool {
		for _, f := range feeds {
			if all := f.reports(); len(all) == 0 || !o.market.isNow(all[len(all)-1].answer) {
				return false
			}
		}
		return true
	})
}

// market has a price, that all see and nobody sees quite alike.
type market struct {
	mu     sync.Mutex
	prices []int64 // the last one is that of now
}

// spread is how much more each oracle sees than the one before.
const spread = 1000

func (m *market) set(price int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prices = append(m.prices, price)
}

// move changes the price by so much of itself.
func (m *market) move(perMille int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.prices[len(m.prices)-1]
	m.prices = append(m.prices, now+now*perMille/1000)
}

func (m *market) knows(answer *big.Int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.prices, func(price int64) bool { return seen(price, answer) })
}

func (m *market) isNow(answer *big.Int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return seen(m.prices[len(m.prices)-1], answer)
}

func seen(price int64, answer *big.Int) bool {
	return answer.IsInt64() && answer.Int64() >= price && answer.Int64() <= price+3*spread
}

// quotes is what an oracle sees of a market.
type quotes struct {
	market *market
	oracle int
}

func (q quotes) Observe(context.Context, ocrtypes.ReportTimestamp) (*big.Int, error) {
	q.market.mu.Lock()
	defer q.market.mu.Unlock()
	return big.NewInt(q.market.prices[len(q.market.prices)-1] + int64(q.oracle)*spread), nil
}

// fixed is a source of one number.
type fixed struct{ value *big.Int }

func (f fixed) Observe(context.Context, ocrtypes.ReportTimestamp) (*big.Int, error) {
	return new(big.Int).Set(f.value), nil
}

// syncBuffer is a bytes.Buffer that many may write to.
type syncBuffer struct {
	mu      sync.Mutex
	content bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.String()
}
