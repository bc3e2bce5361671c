package deploy

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
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

// blob is bytes to decode, and what they are.
type blob struct {
	name  string
	bytes []byte
}

// decodeGolden compares what blobs decode to with a golden file. Parts of them must be refused.
func decodeGolden(t *testing.T, file string, blobs []blob) {
	t.Helper()
	var b strings.Builder
	for _, c := range blobs {
		decoded, err := Decode(c.bytes, BlobAuto)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		fmt.Fprintf(&b, "# %s: %s\n", c.name, decoded.What)
		for _, field := range decoded.Fields {
			fmt.Fprintf(&b, "%s = %s\n", field.Name, field.Value)
		}
		for _, cut := range []int{0, 1, 3, 4, len(c.bytes) / 2, len(c.bytes) - 1} {
			if decoded, err := Decode(c.bytes[:cut], BlobAuto); err == nil {
				t.Errorf("%s: %d of %d bytes decode as %s", c.name, cut, len(c.bytes), decoded.What)
			} else if !errors.Is(err, ErrUndecodable) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
	golden(t, file, b.String())
}

// deploysAndConfigures applies a network that is not on chain: what happens is what the plan said, and a second time nothing does.
func deploysAndConfigures(t *testing.T, network *netfile.Network) (foreseen *Plan, result *Result) {
	t.Helper()
	c := newChain(t, network)
	ctx := context.Background()
	foreseen, err := NewPlan(ctx, c, network, Options{Seed: testSeed, From: c.owner.Address()})
	if err != nil {
		t.Fatal(err)
	}
	if errs := foreseen.Errors(); len(errs) > 0 {
		t.Fatalf("the plan has errors: %v", errs)
	}
	var deployed []common.Address
	o := c.options()
	o.Deployed = func(address common.Address) error {
		deployed = append(deployed, address)
		return nil
	}
	if result, err = Apply(ctx, c, network, o); err != nil {
		t.Fatal(err)
	}
	if result.Contract != foreseen.Contract || result.Digest != foreseen.Digest() {
		t.Errorf("the plan foresaw %s with config %s, apply made %s with config %s", foreseen.Contract, foreseen.Digest(), result.Contract, result.Digest)
	}
	if len(deployed) != 1 || deployed[0] != result.Contract {
		t.Errorf("told of deployments %v, want %s once", deployed, result.Contract)
	}
	if len(c.sent) != len(foreseen.Steps) || len(result.Transactions) != len(foreseen.Steps) {
		t.Fatalf("%d transactions on chain, %d in the result, %d in the plan", len(c.sent), len(result.Transactions), len(foreseen.Steps))
	}
	for i, step := range foreseen.Steps {
		tx := result.Transactions[i]
		if tx.Step != step.Kind || tx.Contract != step.Creates {
			t.Errorf("transaction %d: %s that creates %s, planned %s that creates %s", i, tx.Step, tx.Contract, step.Kind, step.Creates)
		}
		if step.Gas == 0 {
			t.Errorf("%s: no estimate of the gas", step.Kind)
		}
	}
	network.Contract.Address = result.Contract
	again, err := Apply(ctx, c, network, c.options())
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Transactions) != 0 || len(again.Plan.Changes) != 0 {
		t.Errorf("a second apply sent %v, changes %v", again.Transactions, again.Plan.Changes)
	}
	return foreseen, result
}

func (c *chain) options() ApplyOptions {
	return ApplyOptions{Options: Options{Seed: testSeed}, Signer: KeySigner(c.owner), PollInterval: time.Millisecond}
}
