// Package ocr1net runs whole OCR1 networks in one process, for tests and benchmarks: oracles made by offchain.NewOracle, with real
// keys, on an in-memory network, with data sources that count and a pretended contract.
package ocr1net

import (
	"context"
	"math/big"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	gen "github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr1confighelper"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/test/oraclenet"
)

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
	Source   *DataSource
	Chain    *Chain // the oracle's access to the contract
	Args     offchain.OCR1OracleArgs

	identity ocr1config.OracleIdentityExtra
}

// Database is an ocr1types.Database and runtime.OCR1SignedRoundDatabase in memory.
type Database = oraclenet.Database[ocr1types.ContractConfig, ocr1types.ConfigDigest, ocr1types.ReportTimestamp, ocr1types.PendingTransmission]

var (
	_ ocr1types.Database              = (*Database)(nil)
	_ runtime.OCR1SignedRoundDatabase = (*Database)(nil)
)

// NewDatabase returns an empty database.
func NewDatabase() *Database {
	return oraclenet.NewDatabase[ocr1types.ContractConfig](
		func(ts ocr1types.ReportTimestamp) ocr1types.ConfigDigest { return ts.ConfigDigest },
		func(p ocr1types.PendingTransmission) time.Time { return p.Time })
}

// PlainDatabase is a Database that does not keep the signed round.
type PlainDatabase struct{ ocr1types.Database }

// New returns a network of n oracles, of which f may be faulty, without a config and not started. Whatever runs when the test
// ends is closed.
func New(tb testing.TB, n, f int) *Network {
	random := rand.NewChaCha8([32]byte{1: byte(n), 2: byte(f), 3: 1})
	net := &Network{Group: oraclenet.Group[*Node]{TB: tb}, Links: inmemory.NewNetwork(), F: f, Contract: newContract()}
	for i := range n {
		bundle, err := keys.GenerateBundle(random)
		if err != nil {
			tb.Fatal(err)
		}
		secrets, err := evm.NewOCR1PrivateKeys(bundle.Onchain, bundle.Offchain)
		if err != nil {
			tb.Fatal(err)
		}
		account := common.Address{0: 0xac, 19: byte(i)}
		peerID := bundle.Peer.PeerID().String()
		node := &Node{
			Database: NewDatabase(),
			Source:   &DataSource{Base: 1000 + int64(i)},
			Chain:    &Chain{contract: net.Contract, account: account},
			identity: ocr1config.OracleIdentityExtra{
				OracleIdentity: ocr1config.OracleIdentity{
					OnChainSigningAddress: secrets.PublicKeyAddressOnChain(),
					TransmitAddress:       account,
					OffchainPublicKey:     secrets.PublicKeyOffChain(),
					PeerID:                peerID,
				},
				SharedSecretEncryptionPublicKey: secrets.PublicKeyConfig(),
			},
		}
		node.Node = oraclenet.NewNode(i, func() offchain.OracleArgs { return node.Args })
		node.Args = offchain.OCR1OracleArgs{
			BinaryNetworkEndpointFactory: net.Links.Peer(peerID).OCR1(),
			ContractTransmitter:          node.Chain,
			ContractConfigTracker:        node.Chain,
			Database:                     node.Database,
			Datasource:                   node.Source,
			LocalConfig: ocr1types.LocalConfig{
				BlockchainTimeout:                      5 * time.Second,
				ContractConfigConfirmations:            1,
				ContractConfigTrackerPollInterval:      15 * time.Second,
				ContractConfigTrackerSubscribeInterval: time.Minute,
				ContractTransmitterTransmitTimeout:     5 * time.Second,
				DatabaseTimeout:                        1 * time.Second,
				DataSourceTimeout:                      1 * time.Second,
				DataSourceGracePeriod:                  100 * time.Millisecond,
				DevelopmentMode:                        ocr1types.EnableDangerousDevelopmentMode,
			},
			Logger:      node.Log,
			PrivateKeys: secrets,
		}
		net.Nodes = append(net.Nodes, node)
	}
	tb.Cleanup(net.StopAll)
	return net
}

// Config composes a config of all oracles, under which every round makes a report. change may be nil; it sees the durations and
// the like before they are encoded.
func (net *Network) Config(change func(*ocr1config.PublicConfig)) ocr1types.ContractConfig {
	net.configs++
	in := ocr1confighelper.SetConfigInput{PublicConfig: ocr1config.PublicConfig{
		DeltaProgress: 5 * time.Second,
		DeltaResend:   2 * time.Second,
		DeltaRound:    1 * time.Second,
		DeltaGrace:    100 * time.Millisecond,
		DeltaC:        time.Hour,
		AlphaPPB:      0,
		DeltaStage:    500 * time.Millisecond,
		RMax:          10,
		S:             []int{1, 1, 2, len(net.Nodes)},
		F:             net.F,
	}}
	for _, node := range net.Nodes {
		in.Oracles = append(in.Oracles, node.identity)
	}
	if change != nil {
		change(&in.PublicConfig)
	}
	call, err := ocr1confighelper.NewSetConfigArgs(nil, confighelper.LevelDevelopment, in, confighelper.Secrets{
		SharedSecret: config.SharedSecret{15: byte(net.configs)}, EphemeralSecretKey: [32]byte{1, 2, 3, byte(net.configs)},
	})
	if err != nil {
		net.TB.Fatal(err)
	}
	cc := ocr1types.ContractConfig{
		Signers: call.Signers, Transmitters: call.Transmitters, Threshold: call.Threshold,
		EncodedConfigVersion: call.EncodedConfigVersion, Encoded: call.Encoded,
	}
	preimage := gen.ConfigPreimage{
		ConfigCount: uint64(net.configs), Signers: cc.Signers, Transmitters: cc.Transmitters, Threshold: cc.Threshold,
		EncodedConfigVersion: cc.EncodedConfigVersion, Encoded: cc.Encoded,
	}
	cc.ConfigDigest = preimage.Digest()
	return cc
}

// SetConfig puts a config of all oracles on chain and returns its digest.
func (net *Network) SetConfig(change func(*ocr1config.PublicConfig)) ocr1types.ConfigDigest {
	cc := net.Config(change)
	net.Contract.Put(cc)
	return cc.ConfigDigest
}

// DataSource observes Base, and one more each time: all oracles see a value that grows, each its own.
type DataSource struct {
	Base int64
	// On is called first, if set; it may block. An error makes the call fail, a value that is not nil is the one observed.
	On func(context.Context, ocr1types.ReportTimestamp) (*big.Int, error)

	calls atomic.Int64
}

// Observe implements ocr1types.DataSource.
func (d *DataSource) Observe(ctx context.Context, ts ocr1types.ReportTimestamp) (ocr1types.Observation, error) {
	value := big.NewInt(d.Base + d.calls.Add(1))
	if d.On != nil {
		special, err := d.On(ctx, ts)
		if err != nil {
			return nil, err
		}
		if special != nil {
			value = special
		}
	}
	return value, nil
}

// Calls returns how often the value was asked for.
func (d *DataSource) Calls() int { return int(d.calls.Load()) }
