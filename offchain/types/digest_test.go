package types

import (
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/test/vectors"
)

var _ sql.Scanner = (*ConfigDigest)(nil)

func TestDigestVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"config-digest.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"digestText":      runDigestText,
			"digestParse":     runDigestParse,
			"digestFromBytes": runDigestFromBytes,
			"prefixes":        runPrefixes,
		},
		Elsewhere: map[string]string{
			"checkContractConfig":         "offchain/config",
			"evmDigest":                   "offchain/evm",
			"evmDigestFromContractConfig": "offchain/evm",
			"evmReportContext":            "offchain/evm",
			"splitSignature":              "offchain/evm",
			"ocr1Digest":                  "test/gen",
			"ocr2ToOCR1Digest":            "offchain/config",
			"evmOCR3ReportHashes":         "offchain/evm/ocr3keyring",
		},
	})
	vectors.EachKind(t, "testdata", []string{"api-types.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string { return c.Name[:strings.LastIndexByte(c.Name, '-')+1] },
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"digest-text-": runAPIDigestText,
		},
		Elsewhere: map[string]string{
			"permutation-":  "offchain/permutation",
			"quorum-":       "offchain/quorumhelper",
			"bootstrapper-": "offchain/commontypes",
		},
	})
}

func runDigestText(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind   string
		Digest vectors.Hex
	}](t, c.Input)
	out := vectors.DecodeStrict[struct {
		Hex, HistoryDigestString, JSON, PrefixText, String, Text string
		PrefixNumber                                             uint16
	}](t, c.Output)
	d, err := BytesToConfigDigest(in.Digest)
	if err != nil {
		t.Fatal(err)
	}
	h, err := BytesToHistoryDigest(in.Digest)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := d.MarshalText()
	asJSON, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	prefix := ConfigDigestPrefixFromConfigDigest(d)
	for _, x := range []struct{ what, got, want string }{
		{"Hex", d.Hex(), out.Hex},
		{"String", d.String(), out.String},
		{"MarshalText", string(text), out.Text},
		{"JSON", string(asJSON), out.JSON},
		{"prefix", prefix.String(), out.PrefixText},
		{"history digest", h.String(), out.HistoryDigestString},
	} {
		if x.got != x.want {
			t.Errorf("%s: got %s, want %s", x.what, x.got, x.want)
		}
	}
	if uint16(prefix) != out.PrefixNumber || !prefix.IsPrefixOf(d) || (prefix ^ 0x0100).IsPrefixOf(d) || (prefix ^ 1).IsPrefixOf(d) {
		t.Errorf("prefix %d, want %d; it and no other must be the digest's", prefix, out.PrefixNumber)
	}
	var back ConfigDigest
	if err := json.Unmarshal(asJSON, &back); err != nil || back != d {
		t.Errorf("JSON gives back %v, %v", back, err)
	}
}

func runDigestParse(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct{ Kind, Text string }](t, c.Input)
	if c.Rejected() {
		checkDigestRefused(t, in.Text)
		return
	}
	out := vectors.DecodeStrict[struct{ Digest vectors.Hex }](t, c.Output)
	var d ConfigDigest
	if err := d.UnmarshalText([]byte(in.Text)); err != nil || d != out.Digest.Array32(t) {
		t.Errorf("got %v, %v, want %v", d, err, out.Digest)
	}
}

func checkDigestRefused(t *testing.T, text string) {
	t.Helper()
	d := ConfigDigest{1}
	if d.UnmarshalText([]byte(text)) == nil || d != (ConfigDigest{1}) {
		t.Errorf("%q: accepted, or the digest was changed", text)
	}
}

func runDigestFromBytes(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind  string
		Bytes vectors.Hex
	}](t, c.Input)
	d, err := BytesToConfigDigest(in.Bytes)
	h, errHistory := BytesToHistoryDigest(in.Bytes)
	if c.Rejected() {
		if err == nil || errHistory == nil {
			t.Errorf("%d bytes: got errors %v and %v, want both", len(in.Bytes), err, errHistory)
		}
		return
	}
	if err != nil || errHistory != nil || !slices.Equal(d[:], in.Bytes) || !slices.Equal(h[:], in.Bytes) {
		t.Errorf("got %v, %v and %v, %v", d, err, h, errHistory)
	}
}

func runPrefixes(t *testing.T, _ vectors.File, c vectors.Case) {
	got := map[string]ConfigDigestPrefix{
		"CCIPMultiRole":          ConfigDigestPrefixCCIPMultiRole,
		"CCIPMultiRoleRMN":       ConfigDigestPrefixCCIPMultiRoleRMN,
		"CCIPMultiRoleRMNCombo":  ConfigDigestPrefixCCIPMultiRoleRMNCombo,
		"DONToDONDiscoveryGroup": ConfigDigestPrefixDONToDONDiscoveryGroup,
		"DONToDONMessagingGroup": ConfigDigestPrefixDONToDONMessagingGroup,
		"EVM":                    ConfigDigestPrefixEVM,
		"EVMS4":                  ConfigDigestPrefixEVMS4,
		"EVMSimple":              ConfigDigestPrefixEVMSimple,
		"EVMThresholdDecryption": ConfigDigestPrefixEVMThresholdDecryption,
		"KeystoneOCR3Capability": ConfigDigestPrefixKeystoneOCR3Capability,
		"LLO":                    ConfigDigestPrefixLLO,
		"MercuryV02":             ConfigDigestPrefixMercuryV02,
		"OCR1":                   ConfigDigestPrefixOCR1,
		"Solana":                 ConfigDigestPrefixSolana,
		"Starknet":               ConfigDigestPrefixStarknet,
		"Terra":                  ConfigDigestPrefixTerra,
	}
	if want := vectors.DecodeStrict[map[string]ConfigDigestPrefix](t, c.Output); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func runAPIDigestText(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct{ Text string }](t, c.Input)
	out := vectors.DecodeStrict[struct {
		Accept       bool
		Prefix, Text string
	}](t, c.Output)
	if !out.Accept {
		checkDigestRefused(t, in.Text)
		return
	}
	var d ConfigDigest
	if err := d.UnmarshalText([]byte(in.Text)); err != nil {
		t.Fatal(err)
	}
	if d.String() != out.Text || ConfigDigestPrefixFromConfigDigest(d).String() != out.Prefix {
		t.Errorf("got %v, want %+v", d, out)
	}
}

func TestDigestLengths(t *testing.T) {
	for n := range 66 {
		_, err := BytesToConfigDigest(make([]byte, n))
		_, errHistory := BytesToHistoryDigest(make([]byte, n))
		if want := n == 32; (err == nil) != want || (errHistory == nil) != want {
			t.Errorf("%d bytes: got errors %v and %v", n, err, errHistory)
		}
	}
}

func TestDigestInDatabase(t *testing.T) {
	d := ConfigDigest{1, 2, 31: 3}
	value, err := d.Value()
	if b, ok := value.([]byte); err != nil || !ok || !slices.Equal(b, d[:]) {
		t.Fatalf("got %v, %v", value, err)
	}
	var back ConfigDigest
	if err := back.Scan(value); err != nil || back != d {
		t.Errorf("got %v, %v", back, err)
	}
	for _, bad := range []any{nil, d.Hex(), d[:31], append(d[:], 0), 1, [32]byte(d), []byte(nil)} {
		if back.Scan(bad) == nil || back != d {
			t.Errorf("%T %v: accepted, or the digest was changed", bad, bad)
		}
	}
}

func FuzzConfigDigestUnmarshalText(f *testing.F) {
	f.Add(ConfigDigest{}.String())
	f.Add(strings.ToUpper(ConfigDigest{0xab}.String()))
	f.Fuzz(func(t *testing.T, text string) {
		var d ConfigDigest
		if d.UnmarshalText([]byte(text)) == nil && d.String() != strings.ToLower(text) {
			t.Errorf("%q becomes %v", text, d)
		}
	})
}

func FuzzConfigDigestScan(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d ConfigDigest
		if err := d.Scan(b); (err == nil) != (len(b) == 32) || (err == nil && !slices.Equal(d[:], b)) {
			t.Errorf("%x becomes %v, %v", b, d, err)
		}
	})
}
