// Package ocr3net runs whole OCR3 networks in one process, for tests and benchmarks: oracles made by offchain.NewOracle, with real
// keys, on an in-memory network, with a plugin that counts and a pretended contract.
package ocr3net

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3confighelper"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/quorumhelper"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/oraclenet"
)

// Info is what the plugin knows of a report.
type Info struct{ Index int }

// Network is a number of oracles and what they share.
type Network struct {
	oraclenet.Group[*Node]
	Links    *inmemory.Network
	Contract *Contract
	F        int

	configs int
}

// Node is one oracle. Args may be changed before it is started.
type Node struct {
	oraclenet.Node
	Database *Database
	Plugin   *PluginFactory
	Args     offchain.OCR3OracleArgs[Info]
	Key      *keys.EVMKey // with which the oracle signs reports

	identity confighelper.OracleIdentityExtra
}

// New returns a network of n oracles, of which f may be faulty, without a config and not started. Whatever runs when the test
// ends is closed.
func New(tb testing.TB, n, f int) *Network {
	random := rand.NewChaCha8([32]byte{1: byte(n), 2: byte(f), 3: 3})
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	net := &Network{Group: oraclenet.Group[*Node]{TB: tb}, Links: inmemory.NewNetwork(), F: f, Contract: &Contract{}}
	for i := range n {
		bundle, err := keys.GenerateBundle(random)
		must(err)
		onchain, err := ocr3keyring.NewECDSA[Info](bundle.Onchain)
		must(err)
		account := types.Account(fmt.Sprintf("account of oracle %d", i))
		peerID := bundle.Peer.PeerID().String()
		node := &Node{
			Database: &Database{values: map[string][]byte{}}, Plugin: &PluginFactory{}, Key: bundle.Onchain,
			identity: confighelper.OracleIdentityExtra{
				OracleIdentity: config.OracleIdentity{
					OffchainPublicKey: bundle.Offchain.OffchainPublicKey(), OnchainPublicKey: onchain.PublicKey(), PeerID: peerID, TransmitAccount: account,
				},
				ConfigEncryptionPublicKey: bundle.Offchain.ConfigEncryptionPublicKey(),
			},
		}
		node.Node = oraclenet.NewNode(i, func() offchain.OracleArgs { return node.Args })
		node.Args = offchain.OCR3OracleArgs[Info]{
			BinaryNetworkEndpointFactory: net.Links.Peer(peerID),
			ContractConfigTracker:        &tracker{net.Contract},
			ContractTransmitter:          &transmitter{net.Contract, onchain, account},
			Database:                     node.Database,
			LocalConfig: types.LocalConfig{
				BlockchainTimeout:                  5 * time.Second,
				ContractConfigConfirmations:        1,
				ContractConfigTrackerPollInterval:  15 * time.Second,
				ContractConfigLoadTimeout:          10 * time.Second,
				ContractTransmitterTransmitTimeout: 5 * time.Second,
				DatabaseTimeout:                    time.Second,
				DefaultMaxDurationInitialization:   10 * time.Second,
				DevelopmentMode:                    types.EnableDangerousDevelopmentMode,
			},
			Logger:                 node.Log,
			OffchainConfigDigester: digester{},
			OffchainKeyring:        bundle.Offchain,
			OnchainKeyring:         onchain,
			ReportingPluginFactory: node.Plugin,
		}
		net.Nodes = append(net.Nodes, node)
	}
	tb.Cleanup(net.StopAll)
	return net
}

// SetConfig puts a config of all oracles on chain and returns its digest. change may be nil.
func (net *Network) SetConfig(change func(*ocr3config.PublicConfig)) types.ConfigDigest {
	net.TB.Helper()
	net.configs++
	in := ocr3confighelper.SetConfigInput{PublicConfig: ocr3config.PublicConfig{
		DeltaProgress:                           5 * time.Second,
		DeltaResend:                             2 * time.Second,
		DeltaInitial:                            time.Second,
		DeltaRound:                              time.Second,
		DeltaGrace:                              100 * time.Millisecond,
		DeltaCertifiedCommitRequest:             300 * time.Millisecond,
		DeltaStage:                              500 * time.Millisecond,
		RMax:                                    10,
		S:                                       []int{1, 1, 2, len(net.Nodes)},
		MaxDurationQuery:                        100 * time.Millisecond,
		MaxDurationObservation:                  500 * time.Millisecond,
		MaxDurationShouldAcceptAttestedReport:   500 * time.Millisecond,
		MaxDurationShouldTransmitAcceptedReport: 500 * time.Millisecond,
		F:                                       net.F,
	}}
	for _, node := range net.Nodes {
		in.Oracles = append(in.Oracles, node.identity)
	}
	if change != nil {
		change(&in.PublicConfig)
	}
	secrets := confighelper.Secrets{SharedSecret: config.SharedSecret{15: byte(net.configs)}, EphemeralSecretKey: [32]byte{1, 2, 3, byte(net.configs)}}
	args, err := ocr3confighelper.NewSetConfigArgs(confighelper.LevelDevelopment, in, secrets)
	if err != nil {
		net.TB.Fatal(err)
	}
	cc := args.ContractConfig(types.ConfigDigest{}, uint64(net.configs))
	if cc.ConfigDigest, err = (digester{}).ConfigDigest(context.Background(), cc); err != nil {
		net.TB.Fatal(err)
	}
	net.Contract.setConfig(cc, net.F)
	return cc.ConfigDigest
}

// Contract is what oracles see of a chain with one contract. It is safe for concurrent use.
type Contract struct {
	oraclenet.Ledger[Transmission]
	config *types.ContractConfig
	f      int
	block  uint64
	taken  map[place]bool
}

// place tells reports of a config apart.
type place struct {
	digest types.ConfigDigest
	seqNr  uint64
	info   Info
}

// Transmission is a report that the contract accepted.
type Transmission struct {
	ConfigDigest types.ConfigDigest
	SeqNr        uint64
	Report       types.Report
	Info         Info
	From         types.Account
}

func (c *Contract) setConfig(cc types.ContractConfig, f int) {
	c.Lock()
	defer c.Unlock()
	c.block += 10
	c.config, c.f = &cc, f
}

type transmitter struct {
	contract *Contract
	keyring  ocr3types.OnchainKeyring[Info]
	account  types.Account
}

// Transmit is what the contract does: it fails unless the report is of the latest config and signed by f+1 distinct oracles in order.
func (t *transmitter) Transmit(_ context.Context, digest types.ConfigDigest, seqNr uint64, report ocr3types.ReportWithInfo[Info], signatures []types.AttributedOnchainSignature) error {
	c := t.contract
	c.Lock()
	defer c.Unlock()
	if c.config == nil || c.config.ConfigDigest != digest {
		return fmt.Errorf("config digest %s is not in force", digest)
	}
	if len(signatures) != c.f+1 {
		return fmt.Errorf("%d signatures, want %d", len(signatures), c.f+1)
	}
	at := place{digest, seqNr, report.Info}
	if c.taken[at] {
		return nil // another oracle was faster
	}
	for i, s := range signatures {
		if i > 0 && signatures[i-1].Signer >= s.Signer {
			return fmt.Errorf("signers are not in order: %d after %d", s.Signer, signatures[i-1].Signer)
		}
		if !t.keyring.Verify(c.config.Signers[s.Signer], digest, seqNr, report, s.Signature) {
			return fmt.Errorf("bad signature of oracle %d", s.Signer)
		}
	}
	if c.taken == nil {
		c.taken = map[place]bool{}
	}
	c.taken[at] = true
	c.Accept(Transmission{digest, seqNr, report.Report, report.Info, t.account})
	return nil
}

func (t *transmitter) FromAccount(context.Context) (types.Account, error) { return t.account, nil }

type tracker struct{ contract *Contract }

func (*tracker) Notify() <-chan struct{} { return nil }

func (t *tracker) LatestConfigDetails(context.Context) (uint64, types.ConfigDigest, error) {
	t.contract.Lock()
	defer t.contract.Unlock()
	if t.contract.config == nil {
		return 0, types.ConfigDigest{}, nil
	}
	return t.contract.block, t.contract.config.ConfigDigest, nil
}

func (t *tracker) LatestConfig(context.Context, uint64) (types.ContractConfig, error) {
	t.contract.Lock()
	defer t.contract.Unlock()
	return *t.contract.config, nil
}

func (t *tracker) LatestBlockHeight(context.Context) (uint64, error) {
	t.contract.Lock()
	defer t.contract.Unlock()
	return t.contract.block + 5, nil
}

type digester struct{}

func (digester) ConfigDigest(_ context.Context, cc types.ContractConfig) (types.ConfigDigest, error) {
	cc.ConfigDigest = types.ConfigDigest{}
	content, err := json.Marshal(cc)
	if err != nil {
		return types.ConfigDigest{}, err
	}
	digest := types.ConfigDigest(sha256.Sum256(content))
	digest[0], digest[1] = 0, 1
	return digest, nil
}

func (digester) ConfigDigestPrefix(context.Context) (types.ConfigDigestPrefix, error) { return 1, nil }

// Database is an ocr3types.Database in memory. What it holds outlives the oracle that used it, so that a restart can be tried. It
// is safe for concurrent use.
type Database struct {
	mu     sync.Mutex
	config *types.ContractConfig
	values map[string][]byte
	before func(ctx context.Context, key string) error
}

// Before has f called before each write of a protocol state; an error makes it fail. f may block.
func (d *Database) Before(f func(ctx context.Context, key string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = f
}

func (d *Database) ReadConfig(context.Context) (*types.ContractConfig, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.config, nil
}

func (d *Database) WriteConfig(_ context.Context, cc types.ContractConfig) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.config = &cc
	return nil
}

func (d *Database) ReadProtocolState(_ context.Context, digest types.ConfigDigest, key string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.values[digest.Hex()+key], nil
}

func (d *Database) WriteProtocolState(ctx context.Context, digest types.ConfigDigest, key string, value []byte) error {
	d.mu.Lock()
	before := d.before
	d.mu.Unlock()
	if before != nil {
		if err := before(ctx, key); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.values[digest.Hex()+key] = slices.Clone(value)
	return nil
}

// PluginFactory makes a plugin whose outcome is a chain of hashes over all observations, with Reports reports (default 2).
type PluginFactory struct {
	Reports int
	// On is called before each method, named by it; an error makes the call fail. It may block.
	On func(ctx context.Context, method string, seqNr uint64) error

	mu           sync.Mutex
	Made, Closed int
}

// Counts returns how many plugins were made and closed.
func (p *PluginFactory) Counts() (made, closed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Made, p.Closed
}

func (p *PluginFactory) NewReportingPlugin(_ context.Context, cfg ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[Info], ocr3types.ReportingPluginInfo, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Made++
	return &plugin{p, cfg}, ocr3types.ReportingPluginInfo{Name: "chain of hashes", Limits: ocr3types.ReportingPluginLimits{
		MaxQueryLength: 100, MaxObservationLength: 100, MaxOutcomeLength: 100, MaxReportLength: 100, MaxReportCount: 5,
	}}, nil
}

type plugin struct {
	factory *PluginFactory
	cfg     ocr3types.ReportingPluginConfig
}

func (p *plugin) on(ctx context.Context, method string, seqNr uint64) error {
	if p.factory.On == nil {
		return nil
	}
	return p.factory.On(ctx, method, seqNr)
}

func (p *plugin) Query(ctx context.Context, outctx ocr3types.OutcomeContext) (types.Query, error) {
	return fmt.Appendf(nil, "query %d", outctx.SeqNr), p.on(ctx, "Query", outctx.SeqNr)
}

func (p *plugin) Observation(ctx context.Context, outctx ocr3types.OutcomeContext, _ types.Query) (types.Observation, error) {
	return fmt.Appendf(nil, "observation %d by %d", outctx.SeqNr, p.cfg.OracleID), p.on(ctx, "Observation", outctx.SeqNr)
}

func (p *plugin) ValidateObservation(ctx context.Context, outctx ocr3types.OutcomeContext, query types.Query, ao types.AttributedObservation) error {
	var buffer [64]byte
	if want := strconv.AppendUint(append(buffer[:0], "query "...), outctx.SeqNr, 10); !bytes.Equal(query, want) {
		return fmt.Errorf("query %q, want %q", query, string(want))
	}
	want := strconv.AppendUint(append(buffer[:0], "observation "...), outctx.SeqNr, 10)
	want = strconv.AppendUint(append(want, " by "...), uint64(ao.Observer), 10)
	if !bytes.Equal(ao.Observation, want) {
		return fmt.Errorf("observation %q, want %q", ao.Observation, string(want))
	}
	return p.on(ctx, "ValidateObservation", outctx.SeqNr)
}

func (p *plugin) ObservationQuorum(ctx context.Context, outctx ocr3types.OutcomeContext, _ types.Query, aos []types.AttributedObservation) (bool, error) {
	return quorumhelper.ObservationCountReachesObservationQuorum(quorumhelper.QuorumTwoFPlusOne, p.cfg.N, p.cfg.F, aos), p.on(ctx, "ObservationQuorum", outctx.SeqNr)
}

func (p *plugin) Outcome(ctx context.Context, outctx ocr3types.OutcomeContext, query types.Query, aos []types.AttributedObservation) (ocr3types.Outcome, error) {
	h := sha256.New()
	h.Write(outctx.PreviousOutcome)
	h.Write(query)
	var buffer [64]byte
	for _, ao := range aos {
		h.Write(append(append(buffer[:0], byte(ao.Observer)), ao.Observation...))
	}
	return binary.BigEndian.AppendUint64(h.Sum(nil), outctx.SeqNr), p.on(ctx, "Outcome", outctx.SeqNr)
}

func (p *plugin) Reports(ctx context.Context, seqNr uint64, outcome ocr3types.Outcome) ([]ocr3types.ReportPlus[Info], error) {
	count := p.factory.Reports
	if count == 0 {
		count = 2
	}
	if binary.BigEndian.Uint64(outcome[len(outcome)-8:]) != seqNr {
		return nil, errors.New("an outcome of another sequence number")
	}
	var reports []ocr3types.ReportPlus[Info]
	for i := range count {
		report := ocr3types.ReportPlus[Info]{ReportWithInfo: ocr3types.ReportWithInfo[Info]{Report: append(types.Report(slices.Clone(outcome)), byte(i)), Info: Info{i}}}
		if i == 1 { // all oracles at once
			o := &ocr3types.TransmissionSchedule{}
			for id := range p.cfg.N {
				o.Transmitters = append(o.Transmitters, commontypes.OracleID(id))
				o.TransmissionDelays = append(o.TransmissionDelays, time.Duration(id)*time.Millisecond)
			}
			report.TransmissionScheduleOverride = o
		}
		reports = append(reports, report)
	}
	return reports, p.on(ctx, "Reports", seqNr)
}

func (p *plugin) ShouldAcceptAttestedReport(ctx context.Context, seqNr uint64, _ ocr3types.ReportWithInfo[Info]) (bool, error) {
	return true, p.on(ctx, "ShouldAcceptAttestedReport", seqNr)
}

func (p *plugin) ShouldTransmitAcceptedReport(ctx context.Context, seqNr uint64, _ ocr3types.ReportWithInfo[Info]) (bool, error) {
	return true, p.on(ctx, "ShouldTransmitAcceptedReport", seqNr)
}

func (p *plugin) Close() error {
	p.factory.mu.Lock()
	defer p.factory.mu.Unlock()
	p.factory.Closed++
	return nil
}
