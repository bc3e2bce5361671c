package netfile

import (
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
)

var update = flag.Bool("update", false, "write the golden files anew")

func readFixture(t testing.TB) []byte {
	content, err := os.ReadFile("testdata/network.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestParse(t *testing.T) {
	n, content, err := Load("testdata/network.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(content) != string(readFixture(t)) {
		t.Error("Load returned other bytes than those of the file")
	}
	if n.Chain.ID != 1337 || n.Contract.Kind != KindAccessControlledAggregator || !n.Contract.Link.Deploy || n.Contract.Decimals != 8 {
		t.Errorf("read %+v, %+v", n.Chain, n.Contract)
	}
	if n.Contract.MaxAnswer.Cmp(big.NewInt(1e14)) != 0 {
		t.Errorf("maxAnswer is %s", n.Contract.MaxAnswer)
	}
	c := n.Config
	if c.F != 1 || c.DeltaProgress != 10*time.Second || c.RMax != 20 || c.S != nil || c.MaxDurationInitialization != nil {
		t.Errorf("read %+v", c)
	}
	if m := c.Plugin.Median; m == nil || m.AlphaReportPPB != 5_000_000 || m.AlphaReportInfinite || m.DeltaC != time.Hour {
		t.Errorf("read %+v", m)
	}
	if len(n.Oracles) != 4 || n.Oracles[2].Name != "oracle-2" || n.Oracles[2].KeyFile != "keys/oracle-2.json" || n.Oracles[3].Payee == (common.Address{}) {
		t.Errorf("read %+v", n.Oracles)
	}
	in, err := n.SetConfigInput()
	if err != nil {
		t.Fatal(err)
	}
	if findings := ocr2config.Lint(in.PublicConfig()); len(findings) > 0 {
		t.Errorf("the fixture is not in order: %v", findings)
	}
}

// TestRefused compares what is said about each file in testdata/refused with the golden file beside it.
func TestRefused(t *testing.T) {
	paths, err := filepath.Glob("testdata/refused/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			n, err := Parse(content)
			if err == nil {
				t.Fatalf("accepted: %+v", n)
			}
			if n != nil {
				t.Error("a network came back together with an error")
			}
			golden := strings.TrimSuffix(path, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err2 := os.ReadFile(golden)
			if err2 != nil {
				t.Fatal(err2)
			}
			if got := err.Error() + "\n"; got != string(want) {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	_, err := Parse([]byte("version: 1\n#" + strings.Repeat("x", MaxBytes)))
	if err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestParseDeviation(t *testing.T) {
	for _, c := range []struct {
		text string
		ppb  uint64
		ok   bool
	}{
		{"0.5%", 5_000_000, true}, {"100%", 1_000_000_000, true}, {"0%", 0, true}, {"0.0000001%", 1, true}, {"7 ppb", 7, true}, {"1_000ppb", 1000, true},
		{"0.00000001%", 0, false}, {"0.5", 0, false}, {"", 0, false}, {"%", 0, false}, {"-1%", 0, false}, {"1e9%", 0, false}, {"1/3%", 0, false}, {"ppb", 0, false},
		{"99999999999999999999%", 0, false}, {"18446744073709551616 ppb", 0, false},
	} {
		if ppb, ok := parseDeviation(c.text); ok != c.ok || ok && ppb != c.ppb {
			t.Errorf("%q is %d, %t; want %d, %t", c.text, ppb, ok, c.ppb, c.ok)
		}
	}
}

func TestSetContractAddress(t *testing.T) {
	address := common.HexToAddress("0x5FbDB2315678afecb367f032d93F642f64180aa3")
	content := string(readFixture(t))
	for name, before := range map[string]string{
		"no field":       content,
		"empty field":    strings.Replace(content, "  kind: Acc", "  address:\n  kind: Acc", 1),
		"no final break": strings.TrimSuffix(content, "\n"),
		"windows breaks": strings.ReplaceAll(content, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			after, err := SetContractAddress([]byte(before), address)
			if err != nil {
				t.Fatal(err)
			}
			n, err := Parse(after)
			if err != nil {
				t.Fatal(err)
			}
			if n.Contract.Address != address {
				t.Errorf("the address is %s", n.Contract.Address)
			}
			kept := strings.Replace(string(after), `  address: "`+address.Hex()+"\"\n", "", 1)
			if want := strings.Replace(before, "  address:\n", "", 1); kept != want {
				t.Error("more than the address has changed")
			}
			again, err := SetContractAddress(after, address)
			if err != nil || string(again) != string(after) {
				t.Errorf("setting it again: %v", err)
			}
			if _, err := SetContractAddress(after, common.Address{1}); err == nil {
				t.Error("another address replaced the one that was there")
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/refused/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(paths, "testdata/network.yaml", "testdata/ocr3-ecdsa.yaml", "testdata/ocr3-bls.yaml") {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		n, err := Parse(content)
		if err != nil {
			if len(err.Error()) == 0 {
				t.Error("an error that says nothing")
			}
			return
		}
		if problems := n.Check(); len(problems) > 0 {
			t.Errorf("accepted with %v", problems)
		}
		inputs := map[Protocol]func() error{
			OCR2: func() error { _, err := n.SetConfigInput(); return err },
			OCR3: func() error { _, err := n.OCR3SetConfigInput(); return err },
		}
		if err := inputs[n.Contract.Kind.Protocol()](); err != nil {
			t.Errorf("accepted, but %v", err)
		}
		address := common.Address{1, 2, 3}
		if edited, err := SetContractAddress(content, address); err == nil {
			if after, err := Parse(edited); err != nil || after.Contract.Address != address {
				t.Errorf("after editing: %v", err)
			}
		}
	})
}
