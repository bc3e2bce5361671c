package ocr2config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// goodConfig has nothing to object to.
func goodConfig() ocr2config.PublicConfig {
	cfg := ocr2config.PublicConfig{
		DeltaProgress:                           23 * time.Second,
		DeltaResend:                             11 * time.Second,
		DeltaRound:                              19 * time.Second,
		DeltaGrace:                              3 * time.Second,
		DeltaStage:                              13 * time.Second,
		RMax:                                    5,
		S:                                       []int{1, 2, 1},
		MaxDurationQuery:                        1 * time.Second,
		MaxDurationObservation:                  4 * time.Second,
		MaxDurationReport:                       6 * time.Second,
		MaxDurationShouldAcceptFinalizedReport:  7 * time.Second,
		MaxDurationShouldTransmitAcceptedReport: 8 * time.Second,
		F:                                       1,
	}
	for i := range 4 {
		cfg.OracleIdentities = append(cfg.OracleIdentities, config.OracleIdentity{
			OffchainPublicKey: types.OffchainPublicKey{byte(i)},
			OnchainPublicKey:  types.OnchainPublicKey{byte(i)},
			PeerID:            peerid.PeerID{byte(i)}.String(),
			TransmitAccount:   types.Account(fmt.Sprint("account", i)),
		})
	}
	return cfg
}

func contractConfig(t testing.TB, cfg ocr2config.PublicConfig, sse config.SharedSecretEncryptions) types.ContractConfig {
	t.Helper()
	offchainConfig, err := ocr2config.Encode(cfg, sse)
	if err != nil {
		t.Fatal(err)
	}
	return contractConfigWith(cfg, offchainConfig)
}

func contractConfigWith(cfg ocr2config.PublicConfig, offchainConfig []byte) types.ContractConfig {
	cc := types.ContractConfig{
		ConfigDigest: cfg.ConfigDigest, F: uint8(cfg.F), OnchainConfig: cfg.OnchainConfig,
		OffchainConfigVersion: config.OCR2Version, OffchainConfig: offchainConfig,
	}
	for _, identity := range cfg.OracleIdentities {
		cc.Signers = append(cc.Signers, identity.OnchainPublicKey)
		cc.Transmitters = append(cc.Transmitters, identity.TransmitAccount)
	}
	return cc
}

func encryptions(n int) config.SharedSecretEncryptions {
	return config.SharedSecretEncryptions{
		DiffieHellmanPoint: [32]byte{1}, SharedSecretHash: [32]byte{2}, Encryptions: make([][16]byte, n),
	}
}

func fields(err error) []string {
	var names []string
	for _, v := range config.Violations(err) {
		names = append(names, v.Field)
	}
	return names
}

// drawConfig draws a config that keeps the rules of development mode.
func drawConfig(t *rapid.T) (ocr2config.PublicConfig, config.SharedSecretEncryptions) {
	duration := func(most time.Duration, name string) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, name))
	}
	blob := rapid.SliceOfN(rapid.Byte(), 1, 40)
	n := rapid.IntRange(1, 31).Draw(t, "n")
	cfg := ocr2config.PublicConfig{
		DeltaProgress:                           time.Duration(rapid.Int64Range(1, math.MaxInt64).Draw(t, "DeltaProgress")),
		DeltaResend:                             duration(math.MaxInt64, "DeltaResend"),
		DeltaGrace:                              duration(math.MaxInt64, "DeltaGrace"),
		DeltaStage:                              duration(math.MaxInt64, "DeltaStage"),
		RMax:                                    rapid.Uint8Range(1, 254).Draw(t, "RMax"),
		S:                                       rapid.SliceOfN(rapid.IntRange(0, 31), 0, 40).Draw(t, "S"),
		MaxDurationShouldAcceptFinalizedReport:  duration(math.MaxInt64, "accept"),
		MaxDurationShouldTransmitAcceptedReport: duration(math.MaxInt64, "transmit"),
		F:                                       rapid.IntRange(0, (n-1)/3).Draw(t, "F"),
		ReportingPluginConfig:                   blob.Draw(t, "plugin"),
		OnchainConfig:                           blob.Draw(t, "onchain"),
		ConfigDigest:                            types.ConfigDigest(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest")),
	}
	most := cfg.DeltaProgress - 1
	cfg.DeltaRound = duration(most, "DeltaRound")
	cfg.MaxDurationQuery = duration(most/3, "query")
	cfg.MaxDurationObservation = duration(most/3, "observation")
	cfg.MaxDurationReport = duration(most/3, "report")
	if rapid.Bool().Draw(t, "initialization set") {
		d := time.Duration(rapid.Int64().Draw(t, "initialization"))
		cfg.MaxDurationInitialization = &d
	}
	sse := config.SharedSecretEncryptions{
		DiffieHellmanPoint: [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "point")),
		SharedSecretHash:   [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")),
	}
	for i := range n {
		unique := fmt.Sprintf("%d %s", i, rapid.String().Draw(t, "text"))
		identity := config.OracleIdentity{PeerID: unique, TransmitAccount: types.Account(unique), OnchainPublicKey: []byte(unique)}
		identity.OffchainPublicKey[31] = byte(i)
		cfg.OracleIdentities = append(cfg.OracleIdentities, identity)
		sse.Encryptions = append(sse.Encryptions, [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "encryption")))
	}
	return cfg, sse
}

func TestDecodeInvertsEncode(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg, sse := drawConfig(rt)
		if err := ocr2config.Check(true, cfg); err != nil {
			rt.Fatalf("the config breaks rules: %v", err)
		}
		cc := contractConfig(t, cfg, sse)
		got, err := ocr2config.PublicConfigFromContractConfig(true, cc)
		if err != nil {
			rt.Fatal(err)
		}
		if !reflect.DeepEqual(got, cfg) {
			rt.Fatalf("got\n%+v, want\n%+v", got, cfg)
		}
		parsed, err := ocr2config.Parse(cc.OffchainConfig)
		if err != nil || !reflect.DeepEqual(parsed.Encryptions, sse) {
			rt.Fatalf("encryptions %+v (%v), want %+v", parsed.Encryptions, err, sse)
		}
		if _, same, err := ocr2config.Canonical(cc.OffchainConfig); err != nil || !same {
			rt.Fatalf("not canonical: %v", err)
		}
	})
}

// Check and decoding must agree on every config that can be written.
func TestCheckAgreesWithDecoding(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg, sse := drawConfig(rt)
		value := reflect.ValueOf(&cfg).Elem()
		durations := []string{
			"DeltaProgress", "DeltaResend", "DeltaRound", "DeltaGrace", "DeltaStage", "MaxDurationQuery", "MaxDurationObservation",
			"MaxDurationReport", "MaxDurationShouldAcceptFinalizedReport", "MaxDurationShouldTransmitAcceptedReport",
		}
		for range rapid.IntRange(1, 3).Draw(rt, "changes") {
			field := rapid.SampledFrom(append(slices.Clone(durations), "RMax", "S", "F", "duplicate")).Draw(rt, "field")
			switch field {
			case "RMax":
				cfg.RMax = rapid.Uint8().Draw(rt, "RMax")
			case "S":
				cfg.S = rapid.SliceOfN(rapid.IntRange(0, 33), 990, 1005).Draw(rt, "S")
			case "F":
				cfg.F = rapid.IntRange(0, 255).Draw(rt, "F")
			case "duplicate":
				cfg.OracleIdentities[cfg.N()-1].PeerID = cfg.OracleIdentities[0].PeerID
			default:
				value.FieldByName(field).SetInt(rapid.SampledFrom([]int64{-1, 0, 1, math.MaxInt64, math.MinInt64, int64(200*time.Millisecond) - 1}).Draw(rt, field))
			}
		}
		cc := contractConfig(t, cfg, sse)
		for _, skip := range []bool{false, true} {
			checked := ocr2config.Check(skip, cfg)
			_, decoded := ocr2config.PublicConfigFromContractConfig(skip, cc)
			if !slices.Equal(fields(checked), fields(decoded)) || (checked == nil) != (decoded == nil) {
				rt.Fatalf("skip %v: checking says\n%v, decoding says\n%v", skip, checked, decoded)
			}
		}
	})
}

func TestAllViolationsAreReported(t *testing.T) {
	cfg := goodConfig()
	cfg.DeltaStage = -1
	cfg.DeltaResend = time.Millisecond
	cfg.MaxDurationReport = 30 * time.Second
	cfg.S = []int{40, 1, 32}
	cfg.OracleIdentities[3].PeerID = cfg.OracleIdentities[1].PeerID
	cc := contractConfig(t, cfg, encryptions(3))
	cc.Transmitters[2] = cc.Transmitters[0]
	cc.F = 2
	_, err := ocr2config.PublicConfigFromContractConfig(false, cc)
	want := []string{
		"PeerIDs[3]", "Transmitters[2]", "len(SharedSecretEncryptions.Encryptions)", "DeltaStage", "F",
		"MaxDurationQuery + MaxDurationObservation + MaxDurationReport", "S[0]", "S[2]", "DeltaResend",
	}
	if got := fields(err); !slices.Equal(got, want) {
		t.Errorf("violations of %q, want %q", got, want)
	}
	for _, v := range config.Violations(err) {
		if v.Field == "F" && (v.Value != 2 || !strings.Contains(v.Error(), "F is 2, but must be less than a third of the number of oracles (4)")) {
			t.Errorf("violation of F: %+v: %v", v, v)
		}
	}
}

func TestHostileConfigGivesShortError(t *testing.T) {
	cfg := goodConfig()
	offchainConfig, err := ocr2config.Encode(cfg, encryptions(4))
	if err != nil {
		t.Fatal(err)
	}
	key := protowire.AppendBytes(protowire.AppendTag(nil, 8, protowire.BytesType), nil)
	offchainConfig = append(offchainConfig, bytes.Repeat(key, (config.MaxOffchainConfigLength-len(offchainConfig))/len(key))...)
	_, err = ocr2config.PublicConfigFromContractConfig(false, contractConfigWith(cfg, offchainConfig))
	if err == nil || len(err.Error()) > 20_000 || !strings.Contains(err.Error(), "more violations") {
		t.Errorf("got an error of %d characters", len(fmt.Sprint(err)))
	}
}

func TestResultSharesNoMemory(t *testing.T) {
	cfg := goodConfig()
	cfg.OnchainConfig, cfg.ReportingPluginConfig = []byte("onchain"), []byte("plugin")
	cc := contractConfig(t, cfg, encryptions(4))
	got, err := ocr2config.PublicConfigFromContractConfig(false, cc)
	if err != nil {
		t.Fatal(err)
	}
	clear(cc.OffchainConfig)
	clear(cc.OnchainConfig)
	for _, signer := range cc.Signers {
		clear(signer)
	}
	want := goodConfig()
	want.OnchainConfig, want.ReportingPluginConfig = []byte("onchain"), []byte("plugin")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("changed with its source: %+v", got)
	}
}

func TestCanonical(t *testing.T) {
	plain, err := ocr2config.Encode(goodConfig(), encryptions(4))
	if err != nil {
		t.Fatal(err)
	}
	unknown := protowire.AppendVarint(protowire.AppendTag(slices.Clone(plain), 99, protowire.VarintType), 1)
	wideRMax := protowire.AppendVarint(protowire.AppendTag(slices.Clone(plain), 6, protowire.VarintType), 256+5)
	for name, encoded := range map[string][]byte{"unknown field": unknown, "wide RMax, twice": wideRMax} {
		canonical, same, err := ocr2config.Canonical(encoded)
		if err != nil || same || !bytes.Equal(canonical, plain) {
			t.Errorf("%s: same = %v (%v), %x", name, same, err, canonical)
		}
	}
	moreKeys := protowire.AppendBytes(protowire.AppendTag(slices.Clone(plain), 8, protowire.BytesType), make([]byte, 32))
	for name, encoded := range map[string][]byte{"empty": nil, "garbage": {0xff}, "more keys than peer ids": moreKeys} {
		if _, same, err := ocr2config.Canonical(encoded); err == nil || same {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParsePeerIDs(t *testing.T) {
	cfg := goodConfig()
	ids, err := cfg.ParsePeerIDs()
	if err != nil || len(ids) != 4 || ids[2] != (peerid.PeerID{2}) {
		t.Errorf("got %v (%v)", ids, err)
	}
	cfg.OracleIdentities[2].PeerID = "me"
	if _, err := cfg.ParsePeerIDs(); err == nil || !strings.Contains(err.Error(), "OracleIdentities[2].PeerID") {
		t.Errorf("got %v", err)
	}
}

func TestLint(t *testing.T) {
	const e, w = config.SeverityError, config.SeverityWarning
	type finding struct {
		severity config.Severity
		field    string
	}
	negative := -time.Second
	for name, test := range map[string]struct {
		change func(*ocr2config.PublicConfig)
		want   []finding
	}{
		"nothing":             {func(*ocr2config.PublicConfig) {}, nil},
		"rule of the oracles": {func(c *ocr2config.PublicConfig) { c.DeltaResend = 1 }, []finding{{e, "DeltaResend"}}},
		"peer id":             {func(c *ocr2config.PublicConfig) { c.OracleIdentities[1].PeerID = "x" }, []finding{{e, "OracleIdentities[1].PeerID"}}},
		"negative init":       {func(c *ocr2config.PublicConfig) { c.MaxDurationInitialization = &negative }, []finding{{e, "MaxDurationInitialization"}}},
		"wrapping sum": {func(c *ocr2config.PublicConfig) {
			c.MaxDurationQuery, c.MaxDurationReport = math.MaxInt64, math.MaxInt64
		}, []finding{{e, "MaxDurationQuery + MaxDurationObservation + MaxDurationReport"}}},
		"nobody transmits":       {func(c *ocr2config.PublicConfig) { c.S = []int{0, 0} }, []finding{{e, "S"}}},
		"not everybody does":     {func(c *ocr2config.PublicConfig) { c.S = []int{1, 2} }, []finding{{w, "S"}}},
		"too many places":        {func(c *ocr2config.PublicConfig) { c.S = []int{5} }, []finding{{w, "S"}}},
		"f is 0":                 {func(c *ocr2config.PublicConfig) { c.F = 0 }, []finding{{w, "F"}, {w, "F"}}},
		"no time to observe":     {func(c *ocr2config.PublicConfig) { c.MaxDurationObservation = 0 }, []finding{{e, "MaxDurationObservation"}}},
		"no time to query":       {func(c *ocr2config.PublicConfig) { c.MaxDurationQuery = 0 }, []finding{{w, "MaxDurationQuery"}}},
		"no pause":               {func(c *ocr2config.PublicConfig) { c.DeltaRound = 0 }, []finding{{e, "DeltaRound"}}},
		"stages at once":         {func(c *ocr2config.PublicConfig) { c.DeltaStage = 0 }, []finding{{w, "DeltaStage"}}},
		"grace beyond the round": {func(c *ocr2config.PublicConfig) { c.DeltaGrace = c.DeltaRound }, []finding{{w, "DeltaGrace"}}},
		"grace beyond the epoch": {func(c *ocr2config.PublicConfig) { c.DeltaGrace = c.DeltaProgress }, []finding{{w, "DeltaGrace"}, {e, "DeltaGrace"}}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := goodConfig()
			test.change(&cfg)
			var got []finding
			for _, f := range ocr2config.Lint(cfg) {
				got = append(got, finding{f.Severity, f.Field})
				if f.Message == "" {
					t.Errorf("%s has no message", f)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	if len(ocr2config.Lint(ocr2config.PublicConfig{})) == 0 {
		t.Error("the empty config is fine")
	}
}

func TestEndpointLimitsOfHostilePlugin(t *testing.T) {
	for _, length := range []int{-1, math.MinInt, math.MaxInt, math.MaxInt32 - 255} {
		for i := range 4 {
			limits, signature := types.ReportingPluginLimits{}, 65
			*[]*int{&limits.MaxQueryLength, &limits.MaxObservationLength, &limits.MaxReportLength, &signature}[i] = length
			if got, _, err := ocr2config.EndpointLimits(goodConfig(), limits, signature); err == nil {
				t.Errorf("plugin limits %+v, signature %d: %+v", limits, signature, got)
			}
		}
	}
}

func TestMetrics(t *testing.T) {
	cfg := goodConfig()
	initialization := 1500 * time.Millisecond
	cfg.MaxDurationInitialization = &initialization
	want := map[string]float64{
		"ocr2_config_delta_progress_seconds":                               23,
		"ocr2_config_delta_resend_seconds":                                 11,
		"ocr2_config_delta_round_seconds":                                  19,
		"ocr2_config_delta_grace_seconds":                                  3,
		"ocr2_config_delta_stage_seconds":                                  13,
		"ocr2_config_r_max":                                                5,
		"ocr2_config_max_duration_initialization_seconds":                  1.5,
		"ocr2_config_max_duration_query_seconds":                           1,
		"ocr2_config_max_duration_observation_seconds":                     4,
		"ocr2_config_max_duration_report_seconds":                          6,
		"ocr2_config_max_duration_should_accept_finalize_report_seconds":   7,
		"ocr2_config_max_duration_should_transmit_accepted_report_seconds": 8,
		"ocr2_config_n": 4,
		"ocr2_config_f": 1,
	}
	got := map[string]float64{}
	for _, m := range ocr2config.Metrics(cfg) {
		if !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(m.Name) || m.Help == "" {
			t.Errorf("metric %+v", m)
		}
		got[m.Name] = m.Value
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// FuzzDecode: no input makes the decoders panic, leaving out checks only ever accepts more and never changes a config, and
// what is accepted can be encoded and read back.
func FuzzDecode(f *testing.F) {
	path := filepath.Join("..", "testdata", "config-ocr2.json")
	content, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Input struct {
				ContractConfig struct{ OffchainConfig vectors.Hex }
			}
		}
	}
	if err := json.Unmarshal(content, &file); err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Cases {
		if offchainConfig := c.Input.ContractConfig.OffchainConfig; offchainConfig != nil {
			f.Add([]byte(offchainConfig), uint8(4), uint8(1))
		}
	}
	f.Fuzz(func(t *testing.T, offchainConfig []byte, n uint8, faulty uint8) {
		cc := types.ContractConfig{F: faulty, OffchainConfigVersion: config.OCR2Version, OffchainConfig: offchainConfig}
		for i := range int(n) % 35 {
			cc.Signers = append(cc.Signers, types.OnchainPublicKey{byte(i)})
			cc.Transmitters = append(cc.Transmitters, types.Account(fmt.Sprint(i)))
		}
		canonical, same, canonicalErr := ocr2config.Canonical(offchainConfig)
		if same && !bytes.Equal(canonical, offchainConfig) {
			t.Fatal("same, but different")
		}
		strict, strictErr := ocr2config.PublicConfigFromContractConfig(false, cc)
		lenient, lenientErr := ocr2config.PublicConfigFromContractConfig(true, cc)
		if strictErr == nil && (lenientErr != nil || !reflect.DeepEqual(strict, lenient)) {
			t.Fatalf("leaving out checks changes the result: %v", lenientErr)
		}
		ocr2config.Lint(lenient)
		if lenientErr != nil {
			return
		}
		if canonicalErr != nil {
			t.Fatalf("accepted, but not to be encoded again: %v", canonicalErr)
		}
		cc.OffchainConfig = canonical
		again, err := ocr2config.PublicConfigFromContractConfig(true, cc)
		if err != nil || !bytes.Equal(again.ReportingPluginConfig, lenient.ReportingPluginConfig) {
			t.Fatalf("not read back: %v", err)
		}
		again.ReportingPluginConfig = lenient.ReportingPluginConfig // nil or empty
		if !reflect.DeepEqual(again, lenient) {
			t.Fatalf("read back\n%+v, want\n%+v", again, lenient)
		}
		if ocr2config.Check(true, lenient) != nil {
			t.Fatal("decoding accepts what checking does not")
		}
	})
}
