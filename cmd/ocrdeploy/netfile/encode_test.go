package netfile

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

func load(t *testing.T) *Network {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "network.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	network, err := Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	return network
}

// What is written is read back, whatever the texts and numbers.
func TestEncodeIsReadBack(t *testing.T) {
	fresh := load(t)
	rapid.Check(t, func(rt *rapid.T) {
		network := *fresh
		text := func(label string) string {
			return rapid.StringOfN(rapid.RuneFrom([]rune("abc: #-'\"\\\n\t{}[]&*!|>%@`~0x1é中")), 0, 20, -1).Draw(rt, label)
		}
		duration := func(label string) time.Duration {
			return time.Duration(rapid.Int64Range(0, 1<<62).Draw(rt, label))
		}
		network.Name, network.Contract.Description = text("name"), text("description")
		c := &network.Config
		c.DeltaProgress, c.DeltaResend, c.MaxDurationQuery = duration("progress"), duration("resend"), duration("query")
		c.S = rapid.SampledFrom([][]int{nil, {1, 2, 1}, {}}).Draw(rt, "s")
		c.RMax = rapid.Uint64Range(0, 255).Draw(rt, "rMax")
		if rapid.Bool().Draw(rt, "initialization") {
			d := duration("initialization")
			c.MaxDurationInitialization = &d
		}
		if rapid.Bool().Draw(rt, "median") {
			c.Plugin = Plugin{Median: &median.OffchainConfig{
				AlphaReportInfinite: rapid.Bool().Draw(rt, "infinite"), AlphaAcceptPPB: rapid.Uint64().Draw(rt, "ppb"), DeltaC: duration("deltaC"),
			}}
		} else {
			c.Plugin = Plugin{Raw: rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "raw")}
		}
		network.Contract.Address = rapid.SampledFrom([]common.Address{{}, {7}}).Draw(rt, "address")
		network.Contract.Link = rapid.SampledFrom([]Target{{}, {Deploy: true}, {Address: common.Address{5}}}).Draw(rt, "link")
		network.Contract.Validator = rapid.SampledFrom([]*Validator{nil, {}, {Address: common.Address{9}, GasLimit: 8}}).Draw(rt, "validator")
		comments := map[string]string{}
		for _, path := range []string{"", "name", "chain", "config.s", "contract.link", "oracles", "oracles[2]", "oracles[3].peerID"} {
			if rapid.Bool().Draw(rt, "comment on "+path) {
				comments[path] = "says something: # of " + path + "\nin two lines"
			}
		}
		content, err := Encode(&network, comments)
		if err != nil {
			rt.Fatal(err)
		}
		for path, comment := range comments {
			first, _, _ := strings.Cut(comment, "\n")
			if !strings.Contains(string(content), "# "+first) {
				rt.Fatalf("the comment on %q is not in\n%s", path, content)
			}
		}
		again, err := Parse(content)
		if err != nil {
			rt.Fatalf("%v\n%s", err, content)
		}
		if !reflect.DeepEqual(again, &network) {
			rt.Fatalf("read back\n%+v, want\n%+v, of\n%s", again, &network, content)
		}
	})
}

func TestEncodeLeavesPlaces(t *testing.T) {
	network := load(t)
	network.Oracles[1].Public.ConfigEncryptionPublicKey = [32]byte{}
	network.Oracles[2].Payee = common.Address{}
	content, err := Encode(network, map[string]string{
		"oracles[1].configEncryptionPublicKey": "ask the operator", "oracles[2].payee": "who is paid",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"    # ask the operator\n    configEncryptionPublicKey:\n", "    # who is paid\n    payee:\n"} {
		if !strings.Contains(string(content), want) {
			t.Errorf("no %q in\n%s", want, content)
		}
	}
	if _, err := Parse(content); err == nil || !strings.Contains(err.Error(), "oracles[1].configEncryptionPublicKey: is missing") {
		t.Errorf("got %v", err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	network := load(t)
	if _, err := Encode(network, map[string]string{"config.deltaC": "lost"}); err == nil || !strings.Contains(err.Error(), "config.deltaC") {
		t.Errorf("a comment without a field: %v", err)
	}
	network.Contract.Kind = KindOCR1Aggregator
	if _, err := Encode(network, nil); err == nil || !strings.Contains(err.Error(), "OffchainAggregator") {
		t.Errorf("OCR1: %v", err)
	}
}

func TestDeviationText(t *testing.T) {
	for ppb, want := range map[uint64]string{
		0: "0%", 1: "0.0000001%", 5_000_000: "0.5%", 10_000_000: "1%", 1_000_000_000: "100%", 1<<64 - 1: "1844674407370.9551615%",
	} {
		text := deviationText(false, ppb)
		if again, ok := parseDeviation(text); text != want || !ok || again != ppb {
			t.Errorf("%d ppb are %s, read back as %d (%v), want %s", ppb, text, again, ok, want)
		}
	}
}
