package deploy

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// stepsOfTestOCR1Network is how many transactions the deployment of testOCR1Network takes: prices are in the constructor.
const stepsOfTestOCR1Network = 6

// testOCR1Network is a network of OCR1 with nothing to object to but that a test token is deployed.
func testOCR1Network(t testing.TB, n int) *netfile.Network {
	network := testNetwork(t, n)
	contract := &network.Contract
	contract.Kind, contract.Billing = netfile.KindOCR1AccessControlledAggregator, nil
	contract.OCR1Billing = &netfile.OCR1Billing{
		MaximumGasPriceGwei: 3000, ReasonableGasPriceGwei: 100, MicroLinkPerEth: 150_000_000, LinkGweiPerObservation: 500, LinkGweiPerTransmission: 600,
	}
	old := network.Config
	network.Config = netfile.Config{
		F: old.F, DeltaProgress: old.DeltaProgress, DeltaResend: old.DeltaResend, DeltaRound: old.DeltaRound, DeltaGrace: old.DeltaGrace,
		DeltaC: time.Hour, AlphaPPB: 5_000_000, DeltaStage: old.DeltaStage, RMax: 6,
	}
	return network
}

func TestOCR1IsDeployedAndConfigured(t *testing.T) {
	for _, kind := range []netfile.Kind{netfile.KindOCR1Aggregator, netfile.KindOCR1AccessControlledAggregator} {
		t.Run(string(kind), func(t *testing.T) {
			network := testOCR1Network(t, 4)
			network.Contract.Kind = kind
			foreseen, result := deploysAndConfigures(t, network)
			if len(foreseen.Findings) != 1 || foreseen.Findings[0].Field != "contract.link" || len(foreseen.Steps) != stepsOfTestOCR1Network {
				t.Errorf("the plan is\n%s", describe(foreseen))
			}
			if len(result.Digest) != 16 || result.Link == (common.Address{}) {
				t.Errorf("config %s, link %s", result.Digest, result.Link)
			}
		})
	}
}

// Only the last two steps are special: the contract takes no config before the payees.
func TestOCR1InterruptedAtPayees(t *testing.T) {
	interruptedAnywhere(t, stepsOfTestOCR1Network-2, stepsOfTestOCR1Network, func() *netfile.Network { return testOCR1Network(t, 4) })
}

func TestPlanOfChangesToOCR1(t *testing.T) {
	fresh := func() *netfile.Network { return testOCR1Network(t, 4) }
	network := fresh()
	c := deploy(t, network)
	planOfChanges(t, c, network, fresh, []planned{
		{"ocr1-timing", func(n *netfile.Network) {
			n.Config.DeltaC, n.Config.AlphaPPB, n.Config.RMax = 2*time.Hour, 10_000_000, 7
		}},
		{"ocr1-billing", func(n *netfile.Network) {
			n.Contract.OCR1Billing.MicroLinkPerEth, n.Contract.OCR1Billing.ReasonableGasPriceGwei = 1, 4000
		}},
		{"ocr1-no-billing", func(n *netfile.Network) { n.Contract.OCR1Billing = nil }},
		{"ocr1-validator", func(n *netfile.Network) {
			n.Contract.Validator = &netfile.Validator{Address: common.Address{9}, GasLimit: 100_000}
		}},
		{"ocr1-controllers", func(n *netfile.Network) {
			n.Contract.BillingAccessController = netfile.Target{Address: common.Address{5}}
			n.Contract.RequesterAccessController = netfile.Target{}
		}},
		{"ocr1-another-oracle", func(n *netfile.Network) {
			n.Oracles = append(n.Oracles, netfile.Oracle{Name: "new", Public: testBundles(t, 5)[4].Public(), Payee: common.Address{7}})
		}},
		{"ocr1-oracle-without-payee", func(n *netfile.Network) {
			n.Oracles = append(n.Oracles, netfile.Oracle{Name: "new", Public: testBundles(t, 6)[5].Public()})
		}},
		{"ocr1-payee", func(n *netfile.Network) { n.Oracles[1].Payee = common.Address{8} }},
		{"ocr1-fixed", func(n *netfile.Network) {
			n.Contract.Decimals, n.Contract.Description, n.Contract.MaxAnswer = 9, "BTC / USD", big.NewInt(5)
		}},
		{"ocr1-other-kind", func(n *netfile.Network) { n.Contract.Kind = netfile.KindOCR1Aggregator }},
		{"ocr1-invalid", func(n *netfile.Network) {
			n.Config.DeltaGrace, n.Config.RMax, n.Config.S, n.Config.AlphaPPB = n.Config.DeltaRound, 0, []int{1, 1}, 0
			n.Config.MaxDurationQuery = time.Second
			n.Contract.Billing = &netfile.Billing{}
			n.Oracles[1].Public.PeerID = n.Oracles[2].Public.PeerID
			n.Oracles[3].Public.TransmitAccount = n.Oracles[3].Public.OnchainAddress
		}},
	})
}

func TestVerifyOCR1(t *testing.T) {
	fresh := func() *netfile.Network { return testOCR1Network(t, 4) }
	network := fresh()
	c := deploy(t, network)
	names, bundles := verified(t, c, network, testBundles(t, 4))
	if len(names) != 12 {
		t.Errorf("verified %q", names)
	}
	verifyDiffers(t, c, network, fresh, bundles, map[string]func(n *netfile.Network, b map[int]*keys.Bundle){
		"heartbeat": func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.DeltaC++ },
		"alpha":     func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.AlphaPPB++ },
		"rounds":    func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.RMax += 256 },
		"signer": func(n *netfile.Network, _ map[int]*keys.Bundle) {
			n.Oracles[0].Public.OnchainAddress = keys.Address{1}
		},
		"encryption key": func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Oracles[1].Public.ConfigEncryptionPublicKey[3]++ },
		"bounds":         func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Contract.MaxAnswer = big.NewInt(7) },
		"price":          func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Contract.OCR1Billing.MicroLinkPerEth++ },
		"payee":          func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Oracles[2].Payee = common.Address{1} },
		"other keys":     func(_ *netfile.Network, b map[int]*keys.Bundle) { b[0] = testBundles(t, 5)[4] },
	})
}

// ocr1Transmission returns the calldata with which oracles 0 and 1 report an answer.
func ocr1Transmission(t testing.TB, digest Digest, epoch uint32, round uint8, answers ...int64) []byte {
	t.Helper()
	header, err := ocr1.AppendReportContext(nil, &ocr1.ReportContext{ConfigDigest: ocr1types.ConfigDigest([]byte(digest)), Epoch: epoch, Round: round})
	if err != nil {
		t.Fatal(err)
	}
	contents := ocr1.Report{RawReportContext: [32]byte(header)}
	for i, answer := range answers {
		contents.RawObservers[i] = byte(i)
		contents.Observations = append(contents.Observations, big.NewInt(answer))
	}
	report, err := ocr1.AppendReport(nil, &contents)
	if err != nil {
		t.Fatal(err)
	}
	var rs, ss [][32]byte
	var vs [32]byte
	for i, bundle := range testBundles(t, 2) {
		ring, err := evm.NewOCR1PrivateKeys(bundle.Onchain, bundle.Offchain)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := ring.SignOnChain(report)
		if err != nil {
			t.Fatal(err)
		}
		r, s, v, err := evmutil.SplitSignature(signature)
		if err != nil {
			t.Fatal(err)
		}
		rs, ss, vs[i] = append(rs, r), append(ss, s), v
	}
	calldata, err := evm.OCR1TransmitCalldata(report, rs, ss, vs)
	if err != nil {
		t.Fatal(err)
	}
	return calldata
}

// TestStatusOfOCR1AfterReport transmits a report of three oracles, as the network would.
func TestStatusOfOCR1AfterReport(t *testing.T) {
	network := testOCR1Network(t, 4)
	c := deploy(t, network)
	ctx := context.Background()
	before, err := ReadStatus(ctx, c, network.Contract.Address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !before.Pays || before.RoundID.Sign() != 0 || !slices.Equal(before.Position, []Number{{"epoch", 0}, {"round", 0}}) || before.Owed().Sign() != 0 || before.Digest != before.ConfigDigest {
		t.Errorf("before the first report: %+v", before)
	}
	calldata := ocr1Transmission(t, before.ConfigDigest, 5, 7, 100, 200, 300)
	owner := c.owner
	c.owner = testBundles(t, 4)[3].Transmit
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
		observed := i < 3
		if (oracle.UnpaidRounds == 1) != observed || (oracle.Owed.Sign() > 0) != (observed || i == 3) || oracle.Payee != network.Oracles[i].Payee.Hex() {
			t.Errorf("oracle %d: %d unpaid rounds, owed %s to %s", i, oracle.UnpaidRounds, oracle.Owed, oracle.Payee)
		}
	}
	// The contract cannot pay its debts, so neither prices nor config can be set: the plan says so.
	network.Config.DeltaC += time.Second
	plan, err := NewPlan(ctx, c, network, Options{Seed: testSeed, From: c.owner.Address()})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Errors()) == 0 || !strings.Contains(describe(plan), "send it LINK first") {
		t.Errorf("the plan says:\n%s", describe(plan))
	}
}

// TestUndecodableConfigOfOCR1 sets what no oracle understands, and repairs it.
func TestUndecodableConfigOfOCR1(t *testing.T) {
	network := testOCR1Network(t, 4)
	c := deploy(t, network)
	ctx := context.Background()
	for i, version := range []uint64{1, 2, 99} {
		call := ocr1.SetConfigCall{Threshold: 1, EncodedConfigVersion: version, Encoded: []byte("garbage")}
		call.Signers, call.Transmitters = network.Addresses()
		c.sendRaw(t, &network.Contract.Address, ocr1.AppendSetConfig(nil, &call))
		onChain, err := ReadConfig(ctx, c, network.Contract.Address)
		if err != nil {
			t.Fatal(err)
		}
		if !errors.Is(onChain.Problem(), ErrBadConfig) || onChain.Protocol != netfile.OCR1 || onChain.Computed != onChain.Digest || onChain.Count != uint64(2*i+2) {
			t.Errorf("version %d: got %v of %s, config %d, want ErrBadConfig", version, onChain.Problem(), onChain.Protocol, onChain.Count)
		}
		if decoded := DecodeChainConfig(network.Contract.Address, onChain); !slices.Contains(decoded.Fields, field("encoded", "0x67617262616765")) {
			t.Errorf("decoded as %v", decoded.Fields)
		}
		if v, err := Verify(ctx, c, network, Options{Seed: testSeed}, nil); err != nil || v.OK() {
			t.Errorf("verified (%v)", err)
		}
		if result, err := Apply(ctx, c, network, c.options()); err != nil || result.Count != uint64(2*i+3) {
			t.Errorf("%+v, %v", result, err)
		}
	}
}

func TestDecodeOCR1(t *testing.T) {
	network := testOCR1Network(t, 4)
	composed, err := Compose(network, common.Address{7}, 1, testSeed, false)
	if err != nil {
		t.Fatal(err)
	}
	transmit := ocr1Transmission(t, composed.Digest, 3, 4, -5, 6, 7)
	var call ocr1.TransmitCall
	if err := ocr1.DecodeTransmit(transmit, &call); err != nil {
		t.Fatal(err)
	}
	decodeGolden(t, "decode-ocr1.golden", []blob{
		{"setConfig", composed.Calldata},
		{"encoded config", composed.OffchainConfig},
		{"report", call.Report},
		{"transmit", transmit},
		{"setBilling", ocr1Aggregator.billing.calldata(&network.Contract)},
	})
	strange := ocr1.AppendTransmit(nil, &ocr1.TransmitCall{Report: []byte{1}, Rs: make([][32]byte, 1)})
	if decoded, err := Decode(strange, BlobAuto); err != nil || !slices.Contains(decoded.Fields, field("report", "0x01")) || !slices.Contains(decoded.Fields, field("signatures[0].signer", "incomplete")) {
		t.Errorf("a strange transmission: %+v, %v", decoded, err)
	}
}
