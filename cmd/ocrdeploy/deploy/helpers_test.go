package deploy

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient/simulated"

	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

var _ Client = simulated.Client(nil)

// chain is a simulated chain that makes a block of every transaction, and counts them.
type chain struct {
	simulated.Client
	backend *simulated.Backend
	owner   *keys.EVMKey
	// send, when set, decides what becomes of a transaction: it may hand it on with accept.
	send func(tx *ethtypes.Transaction) error
	sent []*ethtypes.Transaction
}

const simulatedChainID = 1337

func newChain(t testing.TB, network *netfile.Network) *chain {
	owner, err := keys.GenerateEVMKey(newRandom(1))
	if err != nil {
		t.Fatal(err)
	}
	ether := big.NewInt(1e18)
	alloc := ethtypes.GenesisAlloc{owner.Address(): {Balance: new(big.Int).Mul(ether, big.NewInt(100))}}
	for _, oracle := range network.Oracles {
		alloc[common.Address(oracle.Public.TransmitAccount)] = ethtypes.Account{Balance: ether}
	}
	backend := simulated.NewBackend(alloc)
	t.Cleanup(func() { _ = backend.Close() })
	return &chain{Client: backend.Client(), backend: backend, owner: owner}
}

func (c *chain) SendTransaction(ctx context.Context, tx *ethtypes.Transaction) error {
	if c.send != nil {
		return c.send(tx)
	}
	return c.accept(tx)
}

// accept puts a transaction into a block of its own.
func (c *chain) accept(tx *ethtypes.Transaction) error {
	if err := c.Client.SendTransaction(context.Background(), tx); err != nil {
		return err
	}
	c.sent = append(c.sent, tx)
	c.backend.Commit()
	return nil
}

type randomReader struct{ *rand.ChaCha8 }

func newRandom(seed byte) randomReader { return randomReader{rand.NewChaCha8([32]byte{seed})} }

var testSeed = []byte("0123456789abcdef0123456789abcdef")

// testBundles are the keys of the oracles of testNetwork.
func testBundles(t testing.TB, n int) []*keys.Bundle {
	bundles := make([]*keys.Bundle, n)
	for i := range bundles {
		var err error
		if bundles[i], err = keys.GenerateBundle(newRandom(byte(100 + i))); err != nil {
			t.Fatal(err)
		}
	}
	return bundles
}

// testNetwork is a network with nothing to object to but that a test token is deployed.
func testNetwork(t testing.TB, n int) *netfile.Network {
	network := &netfile.Network{
		Name:  "test",
		Chain: netfile.Chain{ID: simulatedChainID},
		Contract: netfile.Contract{
			Kind: netfile.KindAccessControlledAggregator, Link: netfile.Target{Deploy: true},
			MinAnswer: big.NewInt(1), MaxAnswer: big.NewInt(1e15), Decimals: 8, Description: "ETH / USD",
			BillingAccessController: netfile.Target{Deploy: true}, RequesterAccessController: netfile.Target{Deploy: true},
			Billing: &netfile.Billing{MaximumGasPriceGwei: 3000, ReasonableGasPriceGwei: 100, ObservationPaymentGjuels: 500, TransmissionPaymentGjuels: 600, AccountingGas: 8000},
		},
		Config: netfile.Config{
			F: (n - 1) / 3, DeltaProgress: 5 * time.Second, DeltaResend: 2 * time.Second, DeltaRound: time.Second, DeltaGrace: 100 * time.Millisecond,
			DeltaStage: 10 * time.Second, RMax: 20,
			MaxDurationQuery: 50 * time.Millisecond, MaxDurationObservation: time.Second, MaxDurationReport: 200 * time.Millisecond,
			MaxDurationShouldAcceptFinalizedReport: 100 * time.Millisecond, MaxDurationShouldTransmitAcceptedReport: 100 * time.Millisecond,
			Plugin: netfile.Plugin{Median: &median.OffchainConfig{AlphaReportPPB: 5_000_000, AlphaAcceptPPB: 5_000_000, DeltaC: time.Hour}},
		},
	}
	for i, bundle := range testBundles(t, n) {
		network.Oracles = append(network.Oracles, netfile.Oracle{
			Name: fmt.Sprintf("oracle-%d", i), Public: bundle.Public(), Payee: common.BigToAddress(big.NewInt(int64(0x1000 + i))),
		})
	}
	return network
}

// testFeed is a network of OCR3 with nothing to object to.
func testFeed(t testing.TB, kind netfile.Kind, n int) *netfile.Network {
	network := testNetwork(t, n)
	aggregator := network.Contract
	network.Contract = netfile.Contract{
		Kind: kind, MinAnswer: aggregator.MinAnswer, MaxAnswer: aggregator.MaxAnswer, Decimals: aggregator.Decimals, Description: aggregator.Description,
	}
	c := &network.Config
	c.DeltaInitial, c.DeltaCertifiedCommitRequest = 500*time.Millisecond, time.Second
	c.MaxDurationReport, c.MaxDurationShouldAcceptFinalizedReport = 0, 0
	c.MaxDurationShouldAcceptAttestedReport = 100 * time.Millisecond
	for i, bundle := range testBundlesWithBLS(t, n) {
		network.Oracles[i].Public, network.Oracles[i].Payee = bundle.Public(), common.Address{}
	}
	return network
}

// testBundlesWithBLS are the keys of the oracles of testFeed: those of testNetwork, and BLS keys.
func testBundlesWithBLS(t testing.TB, n int) []*keys.Bundle {
	bundles := make([]*keys.Bundle, n)
	for i := range bundles {
		var err error
		if bundles[i], err = keys.GenerateBundleWithBLS(newRandom(byte(100 + i))); err != nil {
			t.Fatal(err)
		}
	}
	return bundles
}

func (c *chain) options() ApplyOptions {
	return ApplyOptions{Options: Options{Seed: testSeed}, Signer: KeySigner(c.owner), PollInterval: time.Millisecond}
}
