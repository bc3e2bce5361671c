package ocr1net

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	gen "github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/test/oraclenet"
)

// Contract is what oracles see of a chain with one aggregator. It is safe for concurrent use.
type Contract struct {
	oraclenet.Ledger[Transmission]
	height        uint64
	configs       []configured
	subscriptions []*subscription
	requested     ocr1types.ReportTimestamp
}

type configured struct {
	block  uint64
	config ocr1types.ContractConfig
}

// Transmission is a report that the contract accepted.
type Transmission struct {
	Timestamp ocr1types.ReportTimestamp
	Answer    *big.Int
	Observers []byte
	From      common.Address
	At        time.Time
}

func newContract() *Contract { return &Contract{height: 100} }

// Put puts a config on chain, in a block of its own, and tells all who subscribed.
func (c *Contract) Put(cc ocr1types.ContractConfig) {
	c.Lock()
	defer c.Unlock()
	c.height++
	c.configs = append(c.configs, configured{c.height, cc})
	for _, s := range c.subscriptions {
		s.deliver(cc)
	}
}

// Mine makes the chain grow.
func (c *Contract) Mine(blocks uint64) {
	c.Lock()
	defer c.Unlock()
	c.height += blocks
}

// RequestRound asks the oracles for a report: at least one after the latest.
func (c *Contract) RequestRound() {
	c.Lock()
	defer c.Unlock()
	c.requested = c.latest().Timestamp
}

// BreakSubscriptions closes the channels of all subscriptions.
func (c *Contract) BreakSubscriptions() {
	c.Lock()
	defer c.Unlock()
	for _, s := range c.subscriptions {
		s.end()
	}
	c.subscriptions = nil
}

// Subscriptions returns the number of subscriptions that are neither closed nor broken.
func (c *Contract) Subscriptions() int {
	c.Lock()
	defer c.Unlock()
	return len(c.subscriptions)
}

// latest returns the latest report under the config in force, with epoch and round 0 if there is none.
func (c *Contract) latest() Transmission {
	if len(c.configs) == 0 {
		return Transmission{Answer: new(big.Int)}
	}
	accepted := c.Accepted()
	var t Transmission
	if len(accepted) > 0 {
		t = accepted[len(accepted)-1]
	} else {
		t.Answer = new(big.Int)
	}
	if digest := c.configs[len(c.configs)-1].config.ConfigDigest; t.Timestamp.ConfigDigest != digest {
		t.Timestamp = ocr1types.ReportTimestamp{ConfigDigest: digest}
	}
	return t
}

// transmit is what the contract does with a report: it fails unless the report is of the latest config, newer than the last one, made
// of the sorted observations of a quorum, and signed by just enough distinct oracles.
func (c *Contract) transmit(from common.Address, report []byte, rs, ss [][32]byte, vs [32]byte) error {
	c.Lock()
	defer c.Unlock()
	var content gen.Report
	if err := gen.DecodeReport(report, &content); err != nil {
		return err
	}
	tag := content.RawReportContext
	ts := ocr1types.ReportTimestamp{
		ConfigDigest: ocr1types.ConfigDigest(tag[11:27]), Epoch: binary.BigEndian.Uint32(tag[27:31]), Round: tag[31],
	}
	latest := c.latest()
	if len(c.configs) == 0 || latest.Timestamp.ConfigDigest != ts.ConfigDigest {
		return fmt.Errorf("config digest %s is not in force", ts.ConfigDigest)
	}
	if latest.Timestamp.Epoch > ts.Epoch || latest.Timestamp.Epoch == ts.Epoch && latest.Timestamp.Round >= ts.Round {
		return fmt.Errorf("report of epoch %d round %d is stale", ts.Epoch, ts.Round)
	}
	cc := c.configs[len(c.configs)-1].config
	if k := len(content.Observations); k <= 2*int(cc.Threshold) || k > len(cc.Signers) ||
		!slices.IsSortedFunc(content.Observations, (*big.Int).Cmp) {
		return fmt.Errorf("%d observations, or not in order", k)
	}
	if len(rs) != int(cc.Threshold)+1 || len(ss) != len(rs) {
		return fmt.Errorf("%d signatures, want %d", len(rs), cc.Threshold+1)
	}
	signed := map[common.Address]bool{}
	for i := range rs {
		key, err := crypto.SigToPub(crypto.Keccak256(report), slices.Concat(rs[i][:], ss[i][:], vs[i:i+1]))
		if err != nil {
			return err
		}
		signer := crypto.PubkeyToAddress(*key)
		if !slices.Contains(cc.Signers, signer) || signed[signer] {
			return fmt.Errorf("signature %d is by %s", i, signer)
		}
		signed[signer] = true
	}
	c.Accept(Transmission{
		ts, content.Observations[len(content.Observations)/2], slices.Clone(content.RawObservers[:len(content.Observations)]), from, time.Now(),
	})
	return nil
}

// Chain is one oracle's access to the contract: its ocr1types.ContractConfigTracker and ocr1types.ContractTransmitter.
type Chain struct {
	contract *Contract
	account  common.Address
	// On is called first, if set, by all methods with a context, which it is told by name. It may block; an error makes the call
	// fail.
	On func(ctx context.Context, method string) error

	mu    sync.Mutex
	calls map[string]int
}

var (
	_ ocr1types.ContractConfigTracker = (*Chain)(nil)
	_ ocr1types.ContractTransmitter   = (*Chain)(nil)
)

// Calls returns how often a method was called.
func (h *Chain) Calls(method string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls[method]
}

func (h *Chain) on(ctx context.Context, method string) error {
	h.mu.Lock()
	if h.calls == nil {
		h.calls = map[string]int{}
	}
	h.calls[method]++
	h.mu.Unlock()
	if h.On == nil {
		return nil
	}
	return h.On(ctx, method)
}

func (h *Chain) Transmit(ctx context.Context, report []byte, rs, ss [][32]byte, vs [32]byte) error {
	if err := h.on(ctx, "Transmit"); err != nil {
		return err
	}
	return h.contract.transmit(h.account, report, rs, ss, vs)
}

func (h *Chain) LatestTransmissionDetails(ctx context.Context) (ocr1types.ConfigDigest, uint32, uint8, ocr1types.Observation, time.Time, error) {
	if err := h.on(ctx, "LatestTransmissionDetails"); err != nil {
		return ocr1types.ConfigDigest{}, 0, 0, nil, time.Time{}, err
	}
	h.contract.Lock()
	defer h.contract.Unlock()
	latest := h.contract.latest()
	ts := latest.Timestamp
	return ts.ConfigDigest, ts.Epoch, ts.Round, latest.Answer, latest.At, nil
}

func (h *Chain) LatestRoundRequested(ctx context.Context, _ time.Duration) (ocr1types.ConfigDigest, uint32, uint8, error) {
	if err := h.on(ctx, "LatestRoundRequested"); err != nil {
		return ocr1types.ConfigDigest{}, 0, 0, err
	}
	h.contract.Lock()
	defer h.contract.Unlock()
	return h.contract.requested.ConfigDigest, h.contract.requested.Epoch, h.contract.requested.Round, nil
}

func (h *Chain) FromAddress() common.Address { return h.account }

func (h *Chain) ChainID() *big.Int { return big.NewInt(1337) }

func (h *Chain) LatestConfigDetails(ctx context.Context) (uint64, ocr1types.ConfigDigest, error) {
	if err := h.on(ctx, "LatestConfigDetails"); err != nil {
		return 0, ocr1types.ConfigDigest{}, err
	}
	h.contract.Lock()
	defer h.contract.Unlock()
	if len(h.contract.configs) == 0 {
		return 0, ocr1types.ConfigDigest{}, nil
	}
	latest := h.contract.configs[len(h.contract.configs)-1]
	return latest.block, latest.config.ConfigDigest, nil
}

func (h *Chain) ConfigFromLogs(ctx context.Context, changedInBlock uint64) (ocr1types.ContractConfig, error) {
	if err := h.on(ctx, "ConfigFromLogs"); err != nil {
		return ocr1types.ContractConfig{}, err
	}
	h.contract.Lock()
	defer h.contract.Unlock()
	for _, c := range h.contract.configs {
		if c.block == changedInBlock {
			return c.config, nil
		}
	}
	return ocr1types.ContractConfig{}, fmt.Errorf("no config was set in block %d", changedInBlock)
}

func (h *Chain) LatestBlockHeight(ctx context.Context) (uint64, error) {
	if err := h.on(ctx, "LatestBlockHeight"); err != nil {
		return 0, err
	}
	h.contract.Lock()
	defer h.contract.Unlock()
	return h.contract.height, nil
}

func (h *Chain) SubscribeToNewConfigs(ctx context.Context) (ocr1types.ContractConfigSubscription, error) {
	if err := h.on(ctx, "SubscribeToNewConfigs"); err != nil {
		return nil, err
	}
	h.contract.Lock()
	defer h.contract.Unlock()
	s := &subscription{contract: h.contract, configs: make(chan ocr1types.ContractConfig, 1)}
	h.contract.subscriptions = append(h.contract.subscriptions, s)
	return s, nil
}

// subscription is guarded by the contract's lock.
type subscription struct {
	contract *Contract
	configs  chan ocr1types.ContractConfig
	ended    bool
	closed   bool
}

func (s *subscription) deliver(cc ocr1types.ContractConfig) {
	select {
	case s.configs <- cc:
	default: // what has not been taken yet tells the same
	}
}

func (s *subscription) end() {
	if !s.ended {
		s.ended = true
		close(s.configs)
	}
}

func (s *subscription) Configs() <-chan ocr1types.ContractConfig { return s.configs }

func (s *subscription) Close() {
	s.contract.Lock()
	defer s.contract.Unlock()
	if s.closed {
		panic(errors.New("a subscription is closed twice"))
	}
	s.closed = true
	s.end()
	s.contract.subscriptions = slices.DeleteFunc(s.contract.subscriptions, func(o *subscription) bool { return o == s })
}
