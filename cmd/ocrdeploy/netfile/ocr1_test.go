package netfile

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// ocr1File is the test network file with the contract and the config of an OCR1 feed.
func ocr1File(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "network.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := bytes.Cut(content, []byte("\ncontract:\n"))
	_, after, ok2 := bytes.Cut(rest, []byte("\ndealer:\n"))
	if !ok || !ok2 {
		t.Fatal("the network file has not the sections that it should have")
	}
	return string(before) + `
contract:
  address: 0x5FbDB2315678afecb367f032d93F642f64180aa3
  kind: AccessControlledOffchainAggregator
  link: none
  minAnswer: 1
  maxAnswer: 1_000_000
  decimals: 8
  description: ETH / USD
  billingAccessController: none
  requesterAccessController: none
  billing:
    maximumGasPriceGwei: 3000
    reasonableGasPriceGwei: 100
    microLinkPerEth: 150_000_000
    linkGweiPerObservation: 400_000
    linkGweiPerTransmission: 1_000_000
  validator:
    address: 0x00000000000000000000000000000000000000AA
    gasLimit: 500_000

config:
  f: 1
  deltaProgress: 35s
  deltaResend: 17s
  deltaRound: 30s
  deltaGrace: 12s
  deltaC: 1h
  alpha: 0.5%
  deltaStage: 60s
  rMax: 6
  s: auto

dealer:
` + string(after)
}

func TestOCR1File(t *testing.T) {
	network, err := Parse([]byte(ocr1File(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := network.Contract
	want := &OCR1Billing{3000, 100, 150_000_000, 400_000, 1_000_000}
	if c.Kind.Protocol() != OCR1 || !c.Kind.Pays() || !reflect.DeepEqual(c.OCR1Billing, want) || c.Billing != nil || c.Validator.GasLimit != 500_000 {
		t.Errorf("contract %+v, billing %+v", c, c.OCR1Billing)
	}
	if reasonable, maximum := c.GasPrices(); reasonable != 100 || maximum != 3000 {
		t.Errorf("gas prices %d, %d", reasonable, maximum)
	}
	in, err := network.OCR1SetConfigInput()
	if err != nil {
		t.Fatal(err)
	}
	if in.DeltaC != time.Hour || in.AlphaPPB != 5_000_000 || in.RMax != 6 || in.F != 1 || !slices.Equal(in.S, []int{1, 1, 1, 1}) || len(in.Oracles) != 4 {
		t.Errorf("input %+v", in)
	}
	for i, oracle := range in.Oracles {
		public := network.Oracles[i].Public
		if common.Address(oracle.OnChainSigningAddress) != common.Address(public.OnchainAddress) || oracle.PeerID != public.PeerID.String() ||
			oracle.TransmitAddress != common.Address(public.TransmitAccount) || !bytes.Equal(oracle.OffchainPublicKey, public.OffchainPublicKey[:]) ||
			[32]byte(oracle.SharedSecretEncryptionPublicKey) != [32]byte(public.ConfigEncryptionPublicKey) {
			t.Errorf("oracle %d: %+v, want %+v", i, oracle, public)
		}
	}
	if _, err := network.SetConfigInput(); err == nil || !strings.Contains(err.Error(), "is no contract of OCR2") {
		t.Errorf("as OCR2: %v", err)
	}
	network.Config.RMax = 256
	if _, err := network.OCR1SetConfigInput(); err == nil {
		t.Error("256 rounds are fine")
	}
}

func TestOCR1FileRefused(t *testing.T) {
	for name, test := range map[string]struct {
		old, new string
		want     []string
	}{
		"infinite deviation": {"alpha: 0.5%", "alpha: infinite", []string{"config.alpha: cannot be infinite in OCR1"}},
		"no deviation":       {"  alpha: 0.5%\n", "", []string{"config.alpha: is missing"}},
		"no heartbeat":       {"  deltaC: 1h\n", "", []string{"config.deltaC: is missing"}},
		"plugin":             {"s: auto", "s: auto\n  plugin: {raw: 0x00}", []string{"config.plugin: is not a field"}},
		"prices of OCR2": {"microLinkPerEth: 150_000_000", "observationPaymentGjuels: 5", []string{
			"contract.billing.observationPaymentGjuels: is not a field", "contract.billing.microLinkPerEth: is missing",
		}},
		"price too large": {"150_000_000", "4294967296", []string{"contract.billing.microLinkPerEth: "}},
		"as OCR2": {"AccessControlledOffchainAggregator", "OCR2Aggregator", []string{
			"config.deltaC: is not a field", "config.alpha: is not a field", "contract.billing.microLinkPerEth: is not a field",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			content := ocr1File(t)
			if !strings.Contains(content, test.old) {
				t.Fatalf("the file has no %q", test.old)
			}
			_, err := Parse([]byte(strings.Replace(content, test.old, test.new, 1)))
			if err == nil {
				t.Fatal("not refused")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got\n%v\nwithout %q", err, want)
				}
			}
		})
	}
}

// What no file says, but a network made in memory may.
func TestOCR1NetworkChecked(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Network)
		path   string
	}{
		"prices of OCR2":    {func(n *Network) { n.Contract.Billing = &Billing{} }, "contract.billing"},
		"prices elsewhere":  {func(n *Network) { n.Contract.Kind = KindAggregator; n.Config.DeltaC, n.Config.AlphaPPB = 0, 0 }, "contract.billing"},
		"plugin":            {func(n *Network) { n.Config.Plugin.Raw = []byte{1} }, "config.plugin"},
		"parameter of OCR2": {func(n *Network) { n.Config.MaxDurationReport = 1 }, "config.maxDurationReport"},
		"alpha in OCR2":     {func(n *Network) { n.Contract.Kind, n.Contract.OCR1Billing, n.Config.DeltaC = KindAggregator, nil, 0 }, "config.alpha"},
	} {
		network, err := Parse([]byte(ocr1File(t)))
		if err != nil {
			t.Fatal(err)
		}
		test.change(network)
		problems := network.Check()
		if len(problems) != 1 || problems[0].Path != test.path {
			t.Errorf("%s: %v, want a problem of %s", name, problems, test.path)
		}
	}
}
