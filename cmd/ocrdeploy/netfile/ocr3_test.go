package netfile

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
)

func TestParseOCR3(t *testing.T) {
	for path, want := range map[string]struct {
		kind   Kind
		scheme ocr3keyring.Scheme
		field  string
	}{
		"testdata/ocr3-ecdsa.yaml": {KindOCR3ECDSAFeed, ocr3keyring.ECDSA, "onchainAddress"},
		"testdata/ocr3-bls.yaml":   {KindOCR3BLSFeed, ocr3keyring.BLS, "blsPublicKey"},
	} {
		n, _, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		kind := n.Contract.Kind
		if kind != want.kind || kind.Protocol() != OCR3 || kind.Scheme() != want.scheme || kind.SignerField() != want.field || kind.Pays() {
			t.Errorf("%s: %s speaks %s, signs with %v in %s, pays %t", path, kind, kind.Protocol(), kind.Scheme(), kind.SignerField(), kind.Pays())
		}
		c := n.Config
		if c.DeltaInitial != 3*time.Second || c.DeltaCertifiedCommitRequest != 2*time.Second || c.MaxDurationShouldAcceptAttestedReport != 500*time.Millisecond || c.RMax != 20 {
			t.Errorf("%s: read %+v", path, c)
		}
		in, err := n.OCR3SetConfigInput()
		if err != nil {
			t.Fatal(err)
		}
		if findings := ocr3config.Lint(in.Complete()); len(findings) > 0 {
			t.Errorf("%s is not in order: %v", path, findings)
		}
		list, err := n.KeyList()
		if err != nil || len(list) != 4*want.scheme.PublicKeyLength() {
			t.Errorf("%s: %d bytes of keys, %v", path, len(list), err)
		}
		for i, oracle := range in.Oracles {
			if string(oracle.OnchainPublicKey) != string(list[i*want.scheme.PublicKeyLength():(i+1)*want.scheme.PublicKeyLength()]) {
				t.Errorf("%s: oracle %d has another key in the list", path, i)
			}
		}
		if _, err := n.SetConfigInput(); err == nil {
			t.Errorf("%s gives a config of OCR2", path)
		}
	}
	n, _, err := Load("testdata/network.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.OCR3SetConfigInput(); err == nil || !strings.Contains(err.Error(), "is no contract of OCR3") {
		t.Errorf("a network of OCR2 gives a config of OCR3: %v", err)
	}
	if _, err := n.KeyList(); err == nil {
		t.Error("a network of OCR2 has a key list")
	}
}

// TestBLSOraclesNeedNoAddress leaves out what a contract with BLS keys has no use for.
func TestBLSOraclesNeedNoAddress(t *testing.T) {
	content, err := os.ReadFile("testdata/ocr3-bls.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var without strings.Builder
	for line := range strings.Lines(string(content)) {
		if !strings.Contains(line, "onchainAddress:") {
			without.WriteString(line)
		}
	}
	if _, err := Parse([]byte(without.String())); err != nil {
		t.Error(err)
	}
	ecdsa := strings.Replace(without.String(), "kind: OCR3BLSFeed", "kind: OCR3ECDSAFeed", 1)
	if _, err := Parse([]byte(ecdsa)); err == nil || !strings.Contains(err.Error(), "oracles[2].onchainAddress: is missing") {
		t.Errorf("without addresses: %v", err)
	}
}

// TestCheckRefusesWhatAFeedHasNot is for networks made in memory, which no parser has seen.
func TestCheckRefusesWhatAFeedHasNot(t *testing.T) {
	for want, change := range map[string]func(n *Network){
		"contract.link":                                 func(n *Network) { n.Contract.Link.Deploy = true },
		"contract.billing":                              func(n *Network) { n.Contract.Billing = &Billing{} },
		"contract.billingAccessController":              func(n *Network) { n.Contract.BillingAccessController.Address[0] = 1 },
		"contract.requesterAccessController":            func(n *Network) { n.Contract.RequesterAccessController.Deploy = true },
		"contract.validator":                            func(n *Network) { n.Contract.Validator = &Validator{} },
		"oracles[2].payee":                              func(n *Network) { n.Oracles[2].Payee = common.Address{1} },
		"config.maxDurationReport":                      func(n *Network) { n.Config.MaxDurationReport = 1 },
		"config.maxDurationShouldAcceptFinalizedReport": func(n *Network) { n.Config.MaxDurationShouldAcceptFinalizedReport = 1 },
		"contract.minAnswer, contract.maxAnswer":        func(n *Network) { n.Contract.MinAnswer = nil },
		"oracles[0].blsPublicKey":                       func(n *Network) { n.Oracles[0].Public.BLSPublicKey[7] ^= 1 },
	} {
		n, _, err := Load("testdata/ocr3-bls.yaml")
		if err != nil {
			t.Fatal(err)
		}
		change(n)
		var paths []string
		for _, problem := range n.Check() {
			paths = append(paths, problem.Path)
		}
		if !slices.Equal(paths, []string{want}) {
			t.Errorf("problems with %q, want %s", paths, want)
		}
	}
	n, _, err := Load("testdata/network.yaml")
	if err != nil {
		t.Fatal(err)
	}
	n.Config.DeltaInitial = time.Second
	if problems := n.Check(); len(problems) != 1 || !strings.Contains(problems[0].Error(), "config.deltaInitial: is no parameter of OCR2") {
		t.Errorf("a parameter of OCR3 in a network of OCR2: %v", problems)
	}
}
