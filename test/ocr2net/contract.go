package ocr2net

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/oraclenet"
)

// Contract is what oracles see of a chain with one contract. It is safe for concurrent use.
type Contract struct {
	oraclenet.Ledger[Transmission]
	height  uint64
	configs []configured
	notify  []chan struct{}
}

type configured struct {
	block  uint64
	config types.ContractConfig
	quorum int
}

// Transmission is a report that the contract accepted.
type Transmission struct {
	Context types.ReportContext
	Report  types.Report
	From    types.Account
	At      time.Time
}

func newContract() *Contract {
	return &Contract{height: 100}
}

// setConfig puts a config on chain, in a block of its own, and tells all trackers.
func (c *Contract) setConfig(cc types.ContractConfig, quorum int) {
	c.Lock()
	defer c.Unlock()
	c.height++
	c.configs = append(c.configs, configured{c.height, cc, quorum})
	for _, ch := range c.notify {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Mine makes the chain grow.
func (c *Contract) Mine(blocks uint64) {
	c.Lock()
	defer c.Unlock()
	c.height += blocks
}

// Has tells whether a report of the given round, or a later one under the same config, was accepted.
func (c *Contract) Has(ts types.ReportTimestamp) bool {
	c.Lock()
	defer c.Unlock()
	return c.has(ts)
}

func (c *Contract) has(ts types.ReportTimestamp) bool {
	accepted := c.Accepted()
	if len(accepted) == 0 {
		return false
	}
	last := accepted[len(accepted)-1].Context
	return last.ConfigDigest == ts.ConfigDigest && (last.Epoch > ts.Epoch || last.Epoch == ts.Epoch && last.Round >= ts.Round)
}

// transmit is what the contract does with a report: it fails unless the report is of the latest config, newer than the last
// one and signed by a quorum of distinct oracles.
func (c *Contract) transmit(from types.Account, rc types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) error {
	c.Lock()
	defer c.Unlock()
	if len(c.configs) == 0 || c.configs[len(c.configs)-1].config.ConfigDigest != rc.ConfigDigest {
		return fmt.Errorf("config digest %s is not in force", rc.ConfigDigest)
	}
	latest := c.configs[len(c.configs)-1]
	if c.has(rc.ReportTimestamp) {
		return fmt.Errorf("report of epoch %d round %d is stale", rc.Epoch, rc.Round)
	}
	if len(signatures) != latest.quorum {
		return fmt.Errorf("%d signatures, want %d", len(signatures), latest.quorum)
	}
	signed := map[commontypes.OracleID]bool{}
	for _, s := range signatures {
		if int(s.Signer) >= len(latest.config.Signers) || signed[s.Signer] ||
			!evm.VerifyReportSignature(latest.config.Signers[s.Signer], rc, report, s.Signature) {
			return fmt.Errorf("bad signature of oracle %d", s.Signer)
		}
		signed[s.Signer] = true
	}
	c.Accept(Transmission{rc, report, from, time.Now()})
	return nil
}

// tracker is one oracle's types.ContractConfigTracker.
type tracker struct {
	contract *Contract
	notify   chan struct{}
}

func (c *Contract) newTracker() *tracker {
	c.Lock()
	defer c.Unlock()
	ch := make(chan struct{}, 1)
	c.notify = append(c.notify, ch)
	return &tracker{c, ch}
}

func (t *tracker) Notify() <-chan struct{} { return t.notify }

func (t *tracker) LatestConfigDetails(context.Context) (uint64, types.ConfigDigest, error) {
	t.contract.Lock()
	defer t.contract.Unlock()
	if len(t.contract.configs) == 0 {
		return 0, types.ConfigDigest{}, nil
	}
	latest := t.contract.configs[len(t.contract.configs)-1]
	return latest.block, latest.config.ConfigDigest, nil
}

func (t *tracker) LatestConfig(_ context.Context, changedInBlock uint64) (types.ContractConfig, error) {
	t.contract.Lock()
	defer t.contract.Unlock()
	for _, c := range t.contract.configs {
		if c.block == changedInBlock {
			return c.config, nil
		}
	}
	return types.ContractConfig{}, fmt.Errorf("no config was set in block %d", changedInBlock)
}

func (t *tracker) LatestBlockHeight(context.Context) (uint64, error) {
	t.contract.Lock()
	defer t.contract.Unlock()
	return t.contract.height, nil
}

// transmitter is one oracle's types.ContractTransmitter.
type transmitter struct {
	contract *Contract
	account  types.Account
}

func (t *transmitter) Transmit(_ context.Context, rc types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) error {
	return t.contract.transmit(t.account, rc, report, signatures)
}

func (t *transmitter) LatestConfigDigestAndEpoch(context.Context) (types.ConfigDigest, uint32, error) {
	t.contract.Lock()
	defer t.contract.Unlock()
	if len(t.contract.configs) == 0 {
		return types.ConfigDigest{}, 0, nil
	}
	digest := t.contract.configs[len(t.contract.configs)-1].config.ConfigDigest
	epoch := uint32(0)
	if accepted := t.contract.Accepted(); len(accepted) > 0 && accepted[len(accepted)-1].Context.ConfigDigest == digest {
		epoch = accepted[len(accepted)-1].Context.Epoch
	}
	return digest, epoch, nil
}

func (t *transmitter) FromAccount(context.Context) (types.Account, error) { return t.account, nil }

// digester hashes all of a config, under the prefix 0x0001.
type digester struct{}

func (digester) ConfigDigestPrefix(context.Context) (types.ConfigDigestPrefix, error) {
	return types.ConfigDigestPrefixEVMSimple, nil
}

func (digester) ConfigDigest(_ context.Context, cc types.ContractConfig) (types.ConfigDigest, error) {
	cc.ConfigDigest = types.ConfigDigest{}
	digest := types.ConfigDigest(sha256.Sum256(fmt.Appendf(nil, "%#v", cc)))
	binary.BigEndian.PutUint16(digest[:], uint16(types.ConfigDigestPrefixEVMSimple))
	return digest, nil
}
