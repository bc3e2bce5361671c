package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got:\n%swant:\n%s", name, got, want)
	}
}

// deployed returns a network that is on chain.
func deployed(t *testing.T) (*chain, *netfile.Network) {
	t.Helper()
	network := testNetwork(t, 4)
	return deploy(t, network), network
}

// deploy returns a chain with a network on it, whose contract it fills in.
func deploy(t *testing.T, network *netfile.Network) *chain {
	t.Helper()
	c := newChain(t, network)
	result, err := Apply(context.Background(), c, network, c.options())
	if err != nil {
		t.Fatal(err)
	}
	network.Contract.Address = result.Contract
	return c
}

func describe(p *Plan) string {
	var b strings.Builder
	for _, change := range p.Changes {
		fmt.Fprintf(&b, "%s: %q -> %q", change.Field, change.Old, change.New)
		if change.Blocked != "" {
			b.WriteString(" (blocked)")
		}
		b.WriteByte('\n')
	}
	for _, step := range p.Steps {
		fmt.Fprintf(&b, "step %s\n", step.Kind)
	}
	for _, finding := range p.Findings {
		fmt.Fprintln(&b, finding)
	}
	return b.String()
}

// planned is a change to a network, whose plan is in the golden file plan-NAME.golden.
type planned struct {
	name   string
	change func(n *netfile.Network)
}

func TestPlanOfChanges(t *testing.T) {
	c, network := deployed(t)
	planOfChanges(t, c, network, func() *netfile.Network { return testNetwork(t, 4) }, []planned{
		{"nothing", func(*netfile.Network) {}},
		{"timing", func(n *netfile.Network) { n.Config.DeltaRound = 2 * time.Second; n.Config.DeltaGrace = 3 * time.Second }},
		{"plugin", func(n *netfile.Network) {
			n.Config.Plugin.Median = &median.OffchainConfig{AlphaReportInfinite: true, AlphaAcceptPPB: 1, DeltaC: time.Minute}
		}},
		{"other-plugin", func(n *netfile.Network) { n.Config.Plugin = netfile.Plugin{Raw: []byte{0xff, 1, 2}} }},
		{"fewer-oracles", func(n *netfile.Network) { n.Oracles = n.Oracles[:3] }},
		{"oracles-swapped", func(n *netfile.Network) { n.Oracles[0], n.Oracles[1] = n.Oracles[1], n.Oracles[0] }},
		{"another-oracle", func(n *netfile.Network) {
			n.Oracles = append(n.Oracles, netfile.Oracle{Name: "new", Public: testBundles(t, 5)[4].Public(), Payee: common.Address{0xaa}})
		}},
		{"encryption-key", func(n *netfile.Network) { n.Oracles[2].Public.ConfigEncryptionPublicKey[0] ^= 1 }},
		{"payee", func(n *netfile.Network) { n.Oracles[3].Payee = common.Address{0xbb} }},
		{"billing", func(n *netfile.Network) { n.Contract.Billing.ObservationPaymentGjuels++ }},
		{"controllers", func(n *netfile.Network) {
			n.Contract.BillingAccessController, n.Contract.RequesterAccessController = netfile.Target{}, netfile.Target{}
		}},
		{"validator", func(n *netfile.Network) {
			n.Contract.Validator = &netfile.Validator{Address: common.Address{0xcc}, GasLimit: 5}
		}},
		{"fixed", func(n *netfile.Network) {
			n.Contract.Kind, n.Contract.Decimals, n.Contract.Description = netfile.KindAggregator, 9, "BTC / USD"
			n.Contract.MaxAnswer = big.NewInt(5)
			n.Contract.Link = netfile.Target{Address: common.Address{0xdd}}
		}},
		{"invalid", func(n *netfile.Network) {
			n.Config.DeltaProgress, n.Config.RMax, n.Config.S = time.Millisecond, 255, []int{1, 1}
			n.Oracles[0].Public.OnchainAddress = keys.Address{}
			n.Oracles[1].Public.PeerID = n.Oracles[2].Public.PeerID
		}},
	})
}

// planOfChanges makes changes to a network that is on chain, one by one, each to a fresh copy.
func planOfChanges(t *testing.T, c *chain, network *netfile.Network, fresh func() *netfile.Network, changes []planned) {
	for _, change := range changes {
		t.Run(change.name, func(t *testing.T) {
			edited := fresh()
			edited.Contract.Address = network.Contract.Address
			change.change(edited)
			plan, err := NewPlan(context.Background(), c, edited, Options{Seed: testSeed, From: c.owner.Address()})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "plan-"+change.name+".golden", describe(plan))

			// What the plan says is what apply does, and then nothing is left but what others have to do.
			sent := len(c.sent)
			result, err := Apply(context.Background(), c, edited, c.options())
			if len(plan.Errors()) > 0 {
				if !errors.Is(err, ErrRefused) || len(c.sent) != sent {
					t.Errorf("apply of a plan with errors: %v, %d transactions", err, len(c.sent)-sent)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(c.sent)-sent != len(plan.Steps) {
				t.Errorf("%d transactions for %d steps", len(c.sent)-sent, len(plan.Steps))
			}
			if plan.Config != nil && result.Digest != plan.Config.Digest {
				t.Errorf("the plan foresaw digest %s, in force is %s", plan.Config.Digest, result.Digest)
			}
			for _, left := range result.Plan.Changes {
				if left.Blocked == "" {
					t.Errorf("left: %+v", left)
				}
			}
			// Back to where it was.
			if _, err := Apply(context.Background(), c, network, c.options()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestPlanIsDeterministic(t *testing.T) {
	c, network := deployed(t)
	network.Config.DeltaRound += time.Second
	first, err := NewPlan(context.Background(), c, network, Options{Seed: testSeed})
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewPlan(context.Background(), c, network, Options{Seed: testSeed})
	if err != nil {
		t.Fatal(err)
	}
	if first.Digest() != second.Digest() || !bytes.Equal(first.Steps[0].Data, second.Steps[0].Data) {
		t.Error("two plans of the same differ")
	}
	other, err := NewPlan(context.Background(), c, network, Options{Seed: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	if other.Digest() == first.Digest() {
		t.Error("another seed gives the same config")
	}
}

func TestSameFieldsOtherSeed(t *testing.T) {
	c, network := deployed(t)
	plan, err := NewPlan(context.Background(), c, network, Options{Seed: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Changes) != 1 || plan.Changes[0].Field != secretsField || len(plan.Steps) != 1 {
		t.Errorf("changes %v, steps %v", plan.Changes, plan.Steps)
	}
	without, err := NewPlan(context.Background(), c, network, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(without.Changes) != 0 || len(without.Steps) != 0 {
		t.Errorf("without seed: changes %v, steps %v", without.Changes, without.Steps)
	}
	network.Config.DeltaRound += time.Second
	if without, err = NewPlan(context.Background(), c, network, Options{}); err != nil {
		t.Fatal(err)
	}
	if errs := without.Errors(); len(errs) != 1 || errs[0].Field != "dealer.seedFile" {
		t.Errorf("a change without seed: %v", errs)
	}
}

func TestRefusals(t *testing.T) {
	c, network := deployed(t)
	ctx := context.Background()
	changed := func() *netfile.Network {
		n := testNetwork(t, 4)
		n.Contract.Address = network.Contract.Address
		n.Config.DeltaRound += time.Second
		return n
	}
	stranger, err := keys.GenerateEVMKey(newRandom(9))
	if err != nil {
		t.Fatal(err)
	}
	sent := len(c.sent)
	t.Run("stranger", func(t *testing.T) {
		o := c.options()
		o.Signer = KeySigner(stranger)
		_, err := Apply(ctx, c, changed(), o)
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), ErrNotOwner.Error()) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no money", func(t *testing.T) {
		n := testNetwork(t, 4)
		o := c.options()
		o.Signer = KeySigner(stranger)
		_, err := Apply(ctx, c, n, o)
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), ErrFunds.Error()) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("wrong chain", func(t *testing.T) {
		n := changed()
		n.Chain.ID = 1
		if _, err := Apply(ctx, c, n, c.options()); !errors.Is(err, ErrWrongChain) {
			t.Errorf("got %v", err)
		}
		if _, err := NewPlan(ctx, c, n, Options{}); !errors.Is(err, ErrWrongChain) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no contract", func(t *testing.T) {
		n := changed()
		n.Contract.Address = common.Address{5}
		if _, err := NewPlan(ctx, c, n, Options{}); !errors.Is(err, ErrNoContract) {
			t.Errorf("got %v", err)
		}
		state, err := ReadState(ctx, c, network.Contract.Address)
		if err != nil {
			t.Fatal(err)
		}
		n.Contract.Address = state.Settings.Link.Address // a contract, but another one
		if _, err := NewPlan(ctx, c, n, Options{}); !errors.Is(err, ErrNoContract) && !errors.Is(err, ErrReverted) {
			t.Errorf("got %v", err)
		}
		if _, err := ReadConfig(ctx, c, state.Settings.Link.Address); err == nil {
			t.Error("a token has a config")
		}
	})
	t.Run("canceled", func(t *testing.T) {
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := NewPlan(canceled, c, changed(), Options{}); !errors.Is(err, ErrNode) {
			t.Errorf("got %v", err)
		}
	})
	if len(c.sent) != sent {
		t.Errorf("%d transactions were sent", len(c.sent)-sent)
	}
}

// TestUndecodableConfigOnChain sets what no oracle understands, and repairs it.
func TestUndecodableConfigOnChain(t *testing.T) {
	c, network := deployed(t)
	ctx := context.Background()
	onchainConfig, err := network.OnchainConfig()
	if err != nil {
		t.Fatal(err)
	}
	call := ocr2.SetConfigCall{F: 1, OnchainConfig: onchainConfig, OffchainConfigVersion: 2, OffchainConfig: []byte("garbage")}
	for i := range 4 {
		call.Signers = append(call.Signers, common.Address{1, byte(i)})
		call.Transmitters = append(call.Transmitters, common.Address{2, byte(i)})
	}
	c.sendRaw(t, &network.Contract.Address, ocr2.AppendSetConfig(nil, &call))

	onChain, err := ReadConfig(ctx, c, network.Contract.Address)
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(onChain.Problem(), ErrBadConfig) {
		t.Errorf("got %v, want ErrBadConfig", onChain.Problem())
	}
	decoded := DecodeChainConfig(network.Contract.Address, onChain)
	if !slices.Contains(decoded.Fields, Field{Name: "offchainConfig", Value: "0x67617262616765"}) {
		t.Errorf("decoded as %v", decoded.Fields)
	}
	v, err := Verify(ctx, c, network, Options{Seed: testSeed}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.OK() {
		t.Error("verified")
	}
	result, err := Apply(ctx, c, network, c.options())
	if err != nil {
		t.Fatal(err)
	}
	if result.Count != 3 {
		t.Errorf("config %d in force, want 3", result.Count)
	}
}

// sendRaw sends a transaction of the owner.
func (c *chain) sendRaw(t *testing.T, to *common.Address, data []byte) {
	t.Helper()
	nonce, err := c.PendingNonceAt(context.Background(), c.owner.Address())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := KeySigner(c.owner).SignTx(ethtypes.NewTx(&ethtypes.DynamicFeeTx{
		ChainID: big.NewInt(simulatedChainID), Nonce: nonce, GasTipCap: big.NewInt(1e9), GasFeeCap: big.NewInt(1e10), Gas: 5_000_000, To: to, Data: data,
	}), big.NewInt(simulatedChainID))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.accept(tx); err != nil {
		t.Fatal(err)
	}
}

// verified asserts that a network with all keys at hand is what is on chain, and returns the names of the checks. The keys come back,
// by oracle id.
func verified(t *testing.T, c *chain, network *netfile.Network, all []*keys.Bundle) (checks []string, bundles map[int]*keys.Bundle) {
	t.Helper()
	bundles = make(map[int]*keys.Bundle)
	for i, bundle := range all {
		bundles[i] = bundle
	}
	v, err := Verify(context.Background(), c, network, Options{Seed: testSeed}, bundles)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range v.Checks {
		checks = append(checks, check.Name)
		if check.Status != CheckOK {
			t.Errorf("%+v", check)
		}
	}
	if !v.OK() {
		t.Error("not verified")
	}
	return checks, bundles
}

func TestVerify(t *testing.T) {
	c, network := deployed(t)
	ctx := context.Background()
	_, bundles := verified(t, c, network, testBundles(t, 4))
	without, err := Verify(ctx, c, network, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !without.OK() {
		t.Errorf("without secrets: %+v", without.Checks)
	}
	verifyDiffers(t, c, network, func() *netfile.Network { return testNetwork(t, 4) }, bundles, map[string]func(n *netfile.Network, bundles map[int]*keys.Bundle){
		"duration": func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.DeltaStage++ },
		"f":        func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.F = 0 },
		"peer id": func(n *netfile.Network, _ map[int]*keys.Bundle) {
			n.Oracles[1].Public.PeerID = testBundles(t, 5)[4].Peer.PeerID()
		},
		"encryption key":  func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Oracles[1].Public.ConfigEncryptionPublicKey[3]++ },
		"payee":           func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Oracles[1].Payee = common.Address{3} },
		"billing":         func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Contract.Billing.AccountingGas++ },
		"description":     func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Contract.Description += "!" },
		"other keys":      func(_ *netfile.Network, b map[int]*keys.Bundle) { b[0] = testBundles(t, 5)[4] },
		"keys of another": func(_ *netfile.Network, b map[int]*keys.Bundle) { b[0] = b[1] },
		"plugin":          func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.Plugin.Median.AlphaAcceptInfinite = true },
		"schedule":        func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.S = []int{2, 2} },
		"oracles in order": func(n *netfile.Network, _ map[int]*keys.Bundle) {
			n.Oracles[0], n.Oracles[3] = n.Oracles[3], n.Oracles[0]
		},
	})
}

// verifyDiffers makes changes to a network that is on chain, each to a fresh copy, or to the keys of the oracles.
func verifyDiffers(t *testing.T, c *chain, network *netfile.Network, fresh func() *netfile.Network, bundles map[int]*keys.Bundle,
	changes map[string]func(n *netfile.Network, bundles map[int]*keys.Bundle),
) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			n := fresh()
			n.Contract.Address = network.Contract.Address
			at := make(map[int]*keys.Bundle)
			for i, bundle := range bundles {
				at[i] = bundle
			}
			change(n, at)
			v, err := Verify(context.Background(), c, n, Options{Seed: testSeed}, at)
			if err != nil {
				t.Fatal(err)
			}
			if v.OK() {
				t.Error("verified")
			}
		})
	}
}

func TestSafeBatch(t *testing.T) {
	c, network := deployed(t)
	network.Config.DeltaRound += time.Second
	network.Contract.Billing.ObservationPaymentGjuels++
	// Whoever makes the batch need not be the owner.
	plan, err := NewPlan(context.Background(), c, network, Options{Seed: testSeed})
	if err != nil {
		t.Fatal(err)
	}
	content, err := plan.SafeBatch()
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		ChainID      string `json:"chainId"`
		Transactions []struct{ To, Value, Data string }
	}
	if err := json.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	if read.ChainID != "1337" || len(read.Transactions) != 2 {
		t.Fatalf("got %s", content)
	}
	for _, tx := range read.Transactions {
		to := common.HexToAddress(tx.To)
		if to != network.Contract.Address || tx.Value != "0" {
			t.Errorf("got %+v", tx)
		}
		c.sendRaw(t, &to, common.FromHex(tx.Data)) // as the multisig would
	}
	after, err := NewPlan(context.Background(), c, network, Options{Seed: testSeed})
	if err != nil {
		t.Fatal(err)
	}
	if len(after.Changes) != 0 || after.State.ConfigDigest != plan.Digest() {
		t.Errorf("after the batch: changes %v, digest %s, foreseen %s", after.Changes, after.State.ConfigDigest, plan.Digest())
	}

	fresh := testNetwork(t, 4)
	planned, err := NewPlan(context.Background(), c, fresh, Options{Seed: testSeed, From: c.owner.Address()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := planned.SafeBatch(); !errors.Is(err, ErrNeedsDeployment) {
		t.Errorf("got %v, want ErrNeedsDeployment", err)
	}
}

func TestStatus(t *testing.T) {
	c, network := deployed(t)
	s, err := ReadStatus(context.Background(), c, network.Contract.Address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Oracles) != 4 || s.ConfigCount != 1 || s.RoundID.Sign() != 0 || s.Owed().Sign() != 0 || s.LinkErr != nil {
		t.Errorf("got %+v", s)
	}
	for i, oracle := range s.Oracles {
		if oracle.Transmitter != common.Address(network.Oracles[i].Public.TransmitAccount) || oracle.Payee != network.Oracles[i].Payee.Hex() || oracle.Balance.Sign() <= 0 {
			t.Errorf("oracle %d: %+v", i, oracle)
		}
	}
}

// TestStatusAfterReport transmits a report of three oracles, as the network would.
func TestStatusAfterReport(t *testing.T) {
	c, network := deployed(t)
	ctx := context.Background()
	before, err := ReadStatus(ctx, c, network.Contract.Address, network)
	if err != nil {
		t.Fatal(err)
	}
	report, err := ocr2.AppendMedianReport(nil, ocr2.NewMedianReport(uint32(before.Time.Unix()), [32]byte{0, 1, 2},
		[]*big.Int{big.NewInt(100), big.NewInt(200), big.NewInt(300)}, big.NewInt(1e18)))
	if err != nil {
		t.Fatal(err)
	}
	reportContext := types.ReportContext{ReportTimestamp: types.ReportTimestamp{ConfigDigest: before.ConfigDigest.ConfigDigest(), Epoch: 5, Round: 7}}
	bundles := testBundles(t, 4)
	var signatures []types.AttributedOnchainSignature
	for i := range 2 {
		keyring, err := evm.NewOnchainKeyring(bundles[i].Onchain)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := keyring.Sign(reportContext, report)
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, types.AttributedOnchainSignature{Signature: signature, Signer: commontypes.OracleID(i)})
	}
	calldata, err := evm.TransmitCalldata(reportContext, report, signatures)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := Decode(calldata, BlobAuto)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if want := (Field{Name: fmt.Sprintf("signatures[%d].signer", i), Value: bundles[i].Onchain.Address().Hex()}); !slices.Contains(decoded.Fields, want) {
			t.Errorf("decoded as %v, without %v", decoded.Fields, want)
		}
	}
	owner := c.owner
	c.owner = bundles[3].Transmit
	c.sendRaw(t, &network.Contract.Address, calldata)
	c.owner = owner

	s, err := ReadStatus(ctx, c, network.Contract.Address, network)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Position, []Number{{"epoch", 5}, {"round", 7}}) || s.Answer.Int64() != 200 || s.RoundID.Int64() != 1 || s.Digest != before.ConfigDigest {
		t.Errorf("%v, answer %s, round id %s", s.Position, s.Answer, s.RoundID)
	}
	for i, oracle := range s.Oracles {
		if oracle.UnpaidRounds != 1 {
			t.Errorf("oracle %d: %d unpaid rounds", i, oracle.UnpaidRounds)
		}
		if oracle.Owed.Sign() <= 0 {
			t.Errorf("oracle %d is owed %s", i, oracle.Owed)
		}
	}
	if s.LinkAvailable.Sign() >= 0 {
		t.Errorf("LINK available: %s", s.LinkAvailable)
	}
	// The contract cannot pay its debts, so neither prices nor config can be set: the plan says so.
	network.Config.DeltaRound += time.Second
	plan, err := NewPlan(ctx, c, network, Options{Seed: testSeed, From: c.owner.Address()})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Errors()) == 0 || !strings.Contains(describe(plan), "send it LINK first") {
		t.Errorf("the plan says:\n%s", describe(plan))
	}
}

func TestDecode(t *testing.T) {
	network := testNetwork(t, 4)
	contract := common.Address{7}
	composed, err := Compose(network, contract, 1, testSeed, false)
	if err != nil {
		t.Fatal(err)
	}
	report, err := ocr2.AppendMedianReport(nil, ocr2.NewMedianReport(1_700_000_000, [32]byte{2, 0, 1}, []*big.Int{big.NewInt(-5), big.NewInt(6), big.NewInt(7)}, big.NewInt(9)))
	if err != nil {
		t.Fatal(err)
	}
	var words [3][32]byte
	words[0] = composed.Digest.ConfigDigest()
	words[1][30], words[1][31] = 3, 4
	transmit := ocr2.AppendTransmit(nil, &ocr2.TransmitCall{ReportContext: words, Report: report, Rs: make([][32]byte, 1), Ss: make([][32]byte, 1)})
	decodeGolden(t, "decode.golden", []blob{
		{"setConfig", composed.Calldata},
		{"offchain config", composed.OffchainConfig},
		{"onchain config", composed.OnchainConfig},
		{"report", report},
		{"transmit", transmit},
		{"setPayees", anyAggregator.PackSetPayees([]common.Address{{1}}, []common.Address{{2}})},
		{"setBilling", ocr2Aggregator.billing.calldata(&network.Contract)},
	})
}

func FuzzDecode(f *testing.F) {
	network := testNetwork(f, 4)
	composed, err := Compose(network, common.Address{7}, 1, testSeed, false)
	if err != nil {
		f.Fatal(err)
	}
	for i := range Blobs() {
		f.Add(composed.Calldata, i)
		f.Add(composed.OffchainConfig, i)
		f.Add(composed.OnchainConfig, i)
		f.Add(network.Config.Plugin.Bytes(), i)
	}
	feed, err := Compose(testFeed(f, netfile.KindOCR3BLSFeed, 4), common.Address{7}, 1, testSeed, false)
	if err != nil {
		f.Fatal(err)
	}
	for i := range Blobs() {
		f.Add(feed.Calldata, i)
		f.Add(feed.OffchainConfig, i)
		f.Add(attested(f, netfile.KindOCR3ECDSAFeed, feed.Digest, 9, time.Unix(1_700_000_000, 0), -5), i)
		f.Add(attested(f, netfile.KindOCR3BLSFeed, feed.Digest, 9, time.Unix(1_700_000_000, 0), -5), i)
	}
	old, err := Compose(testOCR1Network(f, 4), common.Address{7}, 1, testSeed, false)
	if err != nil {
		f.Fatal(err)
	}
	for i := range Blobs() {
		f.Add(old.Calldata, i)
		f.Add(old.OffchainConfig, i)
		f.Add(ocr1Transmission(f, old.Digest, 3, 4, -5, 6, 7), i)
	}
	f.Fuzz(func(t *testing.T, blob []byte, kind int) {
		kinds := Blobs()
		if kind < 0 || kind >= len(kinds) {
			return
		}
		decoded, err := Decode(blob, kinds[kind])
		if err != nil {
			if !errors.Is(err, ErrUndecodable) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		if decoded.What == "" || len(decoded.Fields) == 0 {
			t.Errorf("decoded as nothing: %+v", decoded)
		}
	})
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"version":1,"chainId":1,"from":"0x0000000000000000000000000000000000000001","entries":[{"nonce":1,"attempts":[{"step":"x","hash":"0x00","raw":"0x02"}]}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		var d journalData
		if err := d.decode(content); err != nil && len(d.Entries) > 0 {
			t.Error("changed in spite of an error")
		}
	})
}

func TestFieldNames(t *testing.T) {
	for field, want := range map[string]string{
		"DeltaRound": "config.deltaRound", "S[3]": "config.s[3]", "F": "config.f", "OracleIdentities[2].PeerID": "oracles[2].peerID",
		"Signers[1]": "oracles[1].onchainAddress", "MaxDurationQuery + MaxDurationReport": "config.maxDurationQuery + maxDurationReport",
	} {
		if got := fileField(field, netfile.KindAggregator); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
}

func TestRedactURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://user:pass@node.example/v3/key?x=y": "https://node.example/...",
		"http://127.0.0.1:8545":                     "http://127.0.0.1:8545",
		"ws://node.example/":                        "ws://node.example",
		"/var/run/geth.ipc":                         "/var/run/geth.ipc",
	} {
		if got := redactURL(url); got != want {
			t.Errorf("%s is shown as %s, want %s", url, got, want)
		}
	}
}

func TestSeverities(t *testing.T) {
	p := &Plan{Findings: []config.Finding{{Field: "a", Severity: config.SeverityWarning}, {Field: "b", Severity: config.SeverityError}}}
	if errs := p.Errors(); len(errs) != 1 || errs[0].Field != "b" {
		t.Errorf("got %v", errs)
	}
}
