// Package ocr2net runs whole OCR2 networks in one process, for tests and benchmarks: oracles made by offchain.NewOracle, with real
// keys, on an in-memory network, with a trivial plugin and a pretended contract.
package ocr2net

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/types"
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
	Plugins  *PluginFactory
	PeerKey  *keys.PeerKey // of the peer id that configs have
	Args     offchain.OCR2OracleArgs

	identity config.OracleIdentityExtra
}

// New returns a network of n oracles, of which f may be faulty, without a config and not started. Whatever runs when the test
// ends is closed.
func New(tb testing.TB, n, f int) *Network {
	random := rand.NewChaCha8([32]byte{1: byte(n), 2: byte(f)})
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	net := &Network{Group: oraclenet.Group[*Node]{TB: tb}, Links: inmemory.NewNetwork(), F: f, Contract: newContract()}
	for i := range n {
		offchainKeys, err := keys.GenerateOffchainKeys(random)
		must(err)
		onchainKey, err := keys.GenerateEVMKey(random)
		must(err)
		peerKey, err := keys.GeneratePeerKey(random)
		must(err)
		onchain, err := evm.NewOnchainKeyring(onchainKey)
		must(err)
		account := types.Account(fmt.Sprintf("account of oracle %d", i))
		peerID := peerKey.PeerID().String()
		node := &Node{
			Database: NewDatabase(),
			Plugins:  &PluginFactory{Contract: net.Contract},
			PeerKey:  peerKey,
			identity: config.OracleIdentityExtra{
				OracleIdentity: config.OracleIdentity{
					OffchainPublicKey: offchainKeys.OffchainPublicKey(),
					OnchainPublicKey:  onchain.PublicKey(),
					PeerID:            peerID,
					TransmitAccount:   account,
				},
				ConfigEncryptionPublicKey: offchainKeys.ConfigEncryptionPublicKey(),
			},
		}
		node.Node = oraclenet.NewNode(i, func() offchain.OracleArgs { return node.Args })
		node.Args = offchain.OCR2OracleArgs{
			BinaryNetworkEndpointFactory: net.Links.Peer(peerID),
			ContractConfigTracker:        net.Contract.newTracker(),
			ContractTransmitter:          &transmitter{net.Contract, account},
			Database:                     node.Database,
			LocalConfig: types.LocalConfig{
				BlockchainTimeout:                  5 * time.Second,
				ContractConfigConfirmations:        1,
				ContractConfigTrackerPollInterval:  15 * time.Second,
				ContractConfigLoadTimeout:          10 * time.Second,
				ContractTransmitterTransmitTimeout: 5 * time.Second,
				DatabaseTimeout:                    1 * time.Second,
				DefaultMaxDurationInitialization:   10 * time.Second,
				DevelopmentMode:                    types.EnableDangerousDevelopmentMode,
			},
			Logger:                 node.Log,
			OffchainConfigDigester: digester{},
			OffchainKeyring:        offchainKeys,
			OnchainKeyring:         onchain,
			ReportingPluginFactory: node.Plugins,
		}
		net.Nodes = append(net.Nodes, node)
	}
	tb.Cleanup(net.StopAll)
	return net
}

// Config composes a config of all oracles. change may be nil; it sees the durations and the like before they are encoded.
func (net *Network) Config(change func(*ocr2config.PublicConfig)) types.ContractConfig {
	net.configs++
	var secret config.SharedSecret
	binary.BigEndian.PutUint64(secret[:], uint64(net.configs))
	cfg := ocr2config.PublicConfig{
		DeltaProgress:                           5 * time.Second,
		DeltaResend:                             2 * time.Second,
		DeltaRound:                              1 * time.Second,
		DeltaGrace:                              100 * time.Millisecond,
		DeltaStage:                              500 * time.Millisecond,
		RMax:                                    10,
		S:                                       []int{1, 1, 2, len(net.Nodes)},
		MaxDurationQuery:                        500 * time.Millisecond,
		MaxDurationObservation:                  500 * time.Millisecond,
		MaxDurationReport:                       500 * time.Millisecond,
		MaxDurationShouldAcceptFinalizedReport:  500 * time.Millisecond,
		MaxDurationShouldTransmitAcceptedReport: 500 * time.Millisecond,
		F:                                       net.F,
	}
	cc := types.ContractConfig{
		ConfigCount:           uint64(net.configs),
		F:                     uint8(net.F),
		OnchainConfig:         []byte("onchain"),
		OffchainConfigVersion: config.OCR2Version,
	}
	var encryptionKeys []types.ConfigEncryptionPublicKey
	for _, node := range net.Nodes {
		cfg.OracleIdentities = append(cfg.OracleIdentities, node.identity.OracleIdentity)
		encryptionKeys = append(encryptionKeys, node.identity.ConfigEncryptionPublicKey)
		cc.Signers = append(cc.Signers, node.identity.OnchainPublicKey)
		cc.Transmitters = append(cc.Transmitters, node.identity.TransmitAccount)
	}
	if change != nil {
		change(&cfg)
	}
	encryptions, err := config.EncryptSharedSecret(encryptionKeys, secret, [32]byte{1, 2, 3, byte(net.configs)})
	if err != nil {
		net.TB.Fatal(err)
	}
	if cc.OffchainConfig, err = ocr2config.Encode(cfg, encryptions); err != nil {
		net.TB.Fatal(err)
	}
	if cc.ConfigDigest, err = (digester{}).ConfigDigest(net.TB.Context(), cc); err != nil {
		net.TB.Fatal(err)
	}
	return cc
}

// SetConfig puts a config of all oracles on chain and returns its digest.
func (net *Network) SetConfig(change func(*ocr2config.PublicConfig)) types.ConfigDigest {
	cc := net.Config(change)
	net.Put(cc)
	return cc.ConfigDigest
}

// Put puts a config on chain.
func (net *Network) Put(cc types.ContractConfig) {
	quorum := net.F + 1
	if net.Nodes[0].Plugins.Unique {
		quorum = (len(net.Nodes)+net.F)/2 + 1
	}
	net.Contract.setConfig(cc, quorum)
}
