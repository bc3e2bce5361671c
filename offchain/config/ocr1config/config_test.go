package ocr1config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/crypto/curve25519"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

var mainnet = big.NewInt(1)

// goodConfig is one that a linter has nothing to say about on Ethereum.
func goodConfig() ocr1config.PublicConfig {
	cfg := ocr1config.PublicConfig{
		DeltaProgress: 35 * time.Second,
		DeltaResend:   17 * time.Second,
		DeltaRound:    30 * time.Second,
		DeltaGrace:    12 * time.Second,
		DeltaC:        20 * time.Minute,
		AlphaPPB:      5_000_000,
		DeltaStage:    60 * time.Second,
		RMax:          6,
		S:             []int{1, 1, 2},
		F:             1,
		ConfigDigest:  ocr1types.ConfigDigest{1},
	}
	for i := range 4 {
		cfg.OracleIdentities = append(cfg.OracleIdentities, ocr1config.OracleIdentity{
			OnChainSigningAddress: ocr1types.OnChainSigningAddress{1, byte(i)},
			TransmitAddress:       common.Address{2, byte(i)},
			OffchainPublicKey:     append(make(ocr1types.OffchainPublicKey, 31), byte(i)),
			PeerID:                peerid.PeerID{byte(i)}.String(),
		})
	}
	return cfg
}

func encryptions(n int) config.SharedSecretEncryptions {
	return config.SharedSecretEncryptions{SharedSecretHash: [32]byte{5}, Encryptions: make([][16]byte, n)}
}

// published is a config as a contract publishes it.
func published(t *testing.T, cfg ocr1config.PublicConfig, sse config.SharedSecretEncryptions) ocr1types.ContractConfig {
	t.Helper()
	encoded, err := ocr1config.Encode(cfg, sse)
	if err != nil {
		t.Fatal(err)
	}
	cc := ocr1types.ContractConfig{
		ConfigDigest: cfg.ConfigDigest, Threshold: uint8(cfg.F), EncodedConfigVersion: config.OCR1Version, Encoded: encoded,
	}
	for _, identity := range cfg.OracleIdentities {
		cc.Signers = append(cc.Signers, common.Address(identity.OnChainSigningAddress))
		cc.Transmitters = append(cc.Transmitters, identity.TransmitAddress)
	}
	return cc
}

func fields(err error) []string {
	var fields []string
	for _, v := range config.Violations(err) {
		fields = append(fields, v.Field)
	}
	return fields
}

func drawConfig(t *rapid.T) (ocr1config.PublicConfig, config.SharedSecretEncryptions) {
	n := rapid.IntRange(1, 31).Draw(t, "n")
	duration := func(least, most time.Duration, label string) time.Duration {
		return time.Duration(rapid.Int64Range(int64(least), int64(most)).Draw(t, label))
	}
	cfg := ocr1config.PublicConfig{
		DeltaProgress: duration(2, math.MaxInt64, "DeltaProgress"),
		DeltaResend:   duration(0, math.MaxInt64, "DeltaResend"),
		DeltaC:        duration(0, math.MaxInt64, "DeltaC"),
		DeltaStage:    duration(0, math.MaxInt64, "DeltaStage"),
		AlphaPPB:      rapid.Uint64().Draw(t, "AlphaPPB"),
		RMax:          rapid.Uint8Range(1, 254).Draw(t, "RMax"),
		S:             rapid.SliceOfN(rapid.IntRange(0, 31), 0, 40).Draw(t, "S"),
		F:             rapid.IntRange(0, (n-1)/3).Draw(t, "F"),
		ConfigDigest:  ocr1types.ConfigDigest(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "digest")),
	}
	cfg.DeltaRound = duration(1, cfg.DeltaProgress-1, "DeltaRound")
	cfg.DeltaGrace = duration(0, cfg.DeltaRound-1, "DeltaGrace")
	sse := config.SharedSecretEncryptions{
		DiffieHellmanPoint: [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "point")),
		SharedSecretHash:   [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")),
	}
	for range n {
		cfg.OracleIdentities = append(cfg.OracleIdentities, ocr1config.OracleIdentity{
			OnChainSigningAddress: ocr1types.OnChainSigningAddress(rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "signer")),
			TransmitAddress:       common.Address(rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "transmitter")),
			OffchainPublicKey:     rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"),
			PeerID:                strings.ReplaceAll("p"+rapid.String().Draw(t, "text"), ",", ";"),
		})
		sse.Encryptions = append(sse.Encryptions, [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "encryption")))
	}
	return cfg, sse
}

func TestDecodeInvertsEncode(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg, sse := drawConfig(rt)
		if err := ocr1config.Check(nil, true, cfg); err != nil {
			rt.Fatalf("the config breaks rules: %v", err)
		}
		cc := published(t, cfg, sse)
		got, err := ocr1config.PublicConfigFromContractConfig(nil, true, cc)
		if err != nil {
			rt.Fatal(err)
		}
		if !reflect.DeepEqual(got, cfg) {
			rt.Fatalf("got\n%+v, want\n%+v", got, cfg)
		}
		parsed, err := ocr1config.Parse(cc.Encoded)
		if err != nil || !reflect.DeepEqual(parsed.Encryptions, sse) {
			rt.Fatalf("encryptions %+v (%v), want %+v", parsed.Encryptions, err, sse)
		}
		if _, same, err := ocr1config.Canonical(cc.Encoded); err != nil || !same {
			rt.Fatalf("not canonical: %v", err)
		}
	})
}

// Check and decoding must agree on every config that can be written.
func TestCheckAgreesWithDecoding(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg, sse := drawConfig(rt)
		value := reflect.ValueOf(&cfg).Elem()
		durations := []string{"DeltaProgress", "DeltaResend", "DeltaRound", "DeltaGrace", "DeltaC", "DeltaStage"}
		for range rapid.IntRange(1, 3).Draw(rt, "changes") {
			field := rapid.SampledFrom(append(slices.Clone(durations), "RMax", "S", "F")).Draw(rt, "field")
			switch field {
			case "RMax":
				cfg.RMax = rapid.Uint8().Draw(rt, "RMax")
			case "S":
				cfg.S = rapid.SliceOfN(rapid.IntRange(0, 33), 0, 200).Draw(rt, "S")
			case "F":
				cfg.F = rapid.IntRange(0, 255).Draw(rt, "F")
			default:
				value.FieldByName(field).SetInt(rapid.SampledFrom([]int64{-1, 0, 1, math.MaxInt64, math.MinInt64, int64(20 * time.Second), int64(20*time.Second) - 1}).Draw(rt, field))
			}
		}
		cc := published(t, cfg, sse)
		chain := big.NewInt(rapid.SampledFrom([]int64{1, 137, 1337, 5, 100}).Draw(rt, "chain"))
		for _, skip := range []bool{false, true} {
			checked := ocr1config.Check(chain, skip, cfg)
			_, decoded := ocr1config.PublicConfigFromContractConfig(chain, skip, cc)
			if !slices.Equal(fields(checked), fields(decoded)) || (checked == nil) != (decoded == nil) {
				rt.Fatalf("skip %v: checking says\n%v, decoding says\n%v", skip, checked, decoded)
			}
		}
	})
}

func TestAllViolationsAreReported(t *testing.T) {
	cfg := goodConfig()
	cfg.DeltaStage = -1
	cfg.DeltaResend = time.Second
	cfg.DeltaGrace = cfg.DeltaRound
	cfg.S = []int{40, 1, 32}
	cc := published(t, cfg, encryptions(3))
	cc.Transmitters = cc.Transmitters[:2]
	cc.Threshold = 2
	_, err := ocr1config.PublicConfigFromContractConfig(mainnet, false, cc)
	want := []string{
		"len(Transmitters)", "len(SharedSecretEncryptions.Encryptions)", "DeltaStage", "F", "DeltaGrace", "S[0]", "S[2]",
		"DeltaStage", "DeltaResend",
	}
	if got := fields(err); !slices.Equal(got, want) {
		t.Errorf("violations of %q, want %q", got, want)
	}
	if !strings.Contains(err.Error(), "DeltaResend is 1s, but must be at least 10s on chain 1, which counts as slow") {
		t.Errorf("got %v", err)
	}
}

// Each minimum of each chain class is the least duration that is accepted.
func TestMinimaAreInclusive(t *testing.T) {
	for _, id := range []int64{1, 100, 137, 5, 1337, 999_999} {
		chain := big.NewInt(id)
		least := reflect.ValueOf(ocr1config.MinimaOf(chain))
		for i := range least.NumField() {
			field := least.Type().Field(i).Name
			cfg := goodConfig()
			duration := reflect.ValueOf(&cfg).Elem().FieldByName(field)
			duration.SetInt(least.Field(i).Int())
			cfg.DeltaGrace = 0
			if field == "DeltaRound" && cfg.DeltaRound == 0 {
				continue // DeltaGrace has to be less
			}
			if field == "DeltaProgress" {
				cfg.DeltaRound = max(ocr1config.MinimaOf(chain).DeltaRound, 1)
				cfg.DeltaProgress = max(cfg.DeltaProgress, 2)
			}
			if err := ocr1config.Check(chain, false, cfg); err != nil {
				t.Errorf("chain %d, %s of %s: %v", id, field, time.Duration(duration.Int()), err)
			}
			duration.SetInt(least.Field(i).Int() - 1)
			if err := ocr1config.Check(chain, false, cfg); !slices.Contains(fields(err), field) {
				t.Errorf("chain %d, %s of %s: %v", id, field, time.Duration(duration.Int()), err)
			}
		}
	}
}

func TestWhatCannotBeEncoded(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*ocr1config.PublicConfig)
		field  string
	}{
		"comma":          {func(c *ocr1config.PublicConfig) { c.OracleIdentities[2].PeerID = "a,b" }, "OracleIdentities[2].PeerID"},
		"short key":      {func(c *ocr1config.PublicConfig) { c.OracleIdentities[1].OffchainPublicKey = make([]byte, 31) }, "len(OracleIdentities[1].OffchainPublicKey)"},
		"wide stage":     {func(c *ocr1config.PublicConfig) { c.S = []int{1, 256} }, "S[1]"},
		"negative stage": {func(c *ocr1config.PublicConfig) { c.S = []int{-1} }, "S[0]"},
		"empty peer id": {func(c *ocr1config.PublicConfig) {
			c.OracleIdentities = c.OracleIdentities[:1]
			c.OracleIdentities[0].PeerID = ""
		}, "OracleIdentities[0].PeerID"},
		"long": {func(c *ocr1config.PublicConfig) { c.OracleIdentities[0].PeerID = strings.Repeat("x", 20_000) }, "len(Encoded)"},
	} {
		cfg := goodConfig()
		test.change(&cfg)
		encoded, err := ocr1config.Encode(cfg, encryptions(cfg.N()))
		if got := fields(err); encoded != nil || !slices.Equal(got, []string{test.field}) {
			t.Errorf("%s: %d bytes, violations of %q, want %q", name, len(encoded), got, test.field)
		}
	}
}

func TestResultSharesNoMemory(t *testing.T) {
	cc := published(t, goodConfig(), encryptions(4))
	got, err := ocr1config.PublicConfigFromContractConfig(mainnet, false, cc)
	if err != nil {
		t.Fatal(err)
	}
	clear(cc.Encoded)
	clear(cc.Signers)
	clear(cc.Transmitters)
	if !reflect.DeepEqual(got, goodConfig()) {
		t.Errorf("changed with its source: %+v", got)
	}
}

func TestCanonical(t *testing.T) {
	plain := published(t, goodConfig(), encryptions(4)).Encoded
	trailing := append(slices.Clone(plain), 0)
	padding := slices.Clone(plain)
	padding[len(padding)-1] = 1 // behind an encryption of 16 bytes
	for name, encoded := range map[string][]byte{"trailing byte": trailing, "padding": padding} {
		canonical, same, err := ocr1config.Canonical(encoded)
		if err != nil || same || !bytes.Equal(canonical, plain) {
			t.Errorf("%s: same = %v (%v)", name, same, err)
		}
	}
	for name, encoded := range map[string][]byte{"empty": nil, "garbage": {0xff}, "long": make([]byte, 20_001)} {
		if _, same, err := ocr1config.Canonical(encoded); err == nil || same {
			t.Errorf("%s: accepted", name)
		}
	}
}

// badKeys break the promises of a keyring.
type badKeys struct {
	keyring
	point *[32]byte
	err   error
}

func (k badKeys) ConfigDiffieHellman(*[32]byte) (*[32]byte, error) { return k.point, k.err }

func TestSharedConfig(t *testing.T) {
	cfg := goodConfig()
	secret := config.SharedSecret{1, 2, 3}
	private := [32]byte{7}
	public, err := curve25519.X25519(private[:], curve25519.Basepoint)
	if err != nil {
		t.Fatal(err)
	}
	sse, err := config.EncryptSharedSecret(slices.Repeat([]types.ConfigEncryptionPublicKey{[32]byte(public)}, 4), secret, [32]byte{9})
	if err != nil {
		t.Fatal(err)
	}
	for i := range cfg.OracleIdentities {
		cfg.OracleIdentities[i].OnChainSigningAddress = ocr1types.OnChainSigningAddress(keyOf(t, i))
	}
	cc := published(t, cfg, sse)
	open := func(keys ocr1types.PrivateKeys, peerID string, transmitter common.Address) (ocr1config.SharedConfig, error) {
		return ocr1config.SharedConfigFromContractConfig(mainnet, false, cc, keys, peerID, transmitter)
	}
	self := cfg.OracleIdentities[2]
	keys := keyring{address: keyOf(t, 2), offchain: self.OffchainPublicKey, encryption: private}

	got, err := open(keys, self.PeerID, self.TransmitAddress)
	if err != nil || got.OracleID != 2 || got.SharedSecret != secret || got.Keys != config.KeysV1(secret) || !reflect.DeepEqual(got.PublicConfig, cfg) {
		t.Errorf("got %+v (%v)", got, err)
	}
	stages := config.NewStages(4, cfg.S, cfg.DeltaStage)
	if want := config.NewScheduleV1(4, got.Keys.TransmissionOrder, cfg.ConfigDigest[:], stages); !slices.Equal(got.Schedule().Delays(5, 3), want.Delays(5, 3)) {
		t.Error("another schedule")
	}
	if leaders := got.Leaders(); leaders.Leader(77) != config.NewLeadersV1(4, got.Keys.LeaderSelection).Leader(77) {
		t.Error("other leaders")
	}

	stranger := keys
	stranger.address = keyOf(t, 9)
	if _, err := open(stranger, self.PeerID, self.TransmitAddress); !errors.Is(err, config.ErrNotInConfig) {
		t.Errorf("a stranger gets %v", err)
	}
	var mismatch *config.IdentityMismatchError
	if _, err := open(keys, "me", common.Address{}); !errors.As(err, &mismatch) || mismatch.OracleID != 2 || len(mismatch.Mismatches) != 2 {
		t.Errorf("wrong peer id and account: %v", err)
	}
	short := keys
	short.offchain = short.offchain[:31]
	if _, err := open(short, self.PeerID, self.TransmitAddress); err == nil || !strings.Contains(err.Error(), "31 bytes") {
		t.Errorf("short offchain key: %v", err)
	}
	if _, err := open(badKeys{keyring: keys}, self.PeerID, self.TransmitAddress); err == nil {
		t.Error("no point and no error, and all is well")
	}
	broken := errors.New("broken")
	if _, err := open(badKeys{keyring: keys, err: broken}, self.PeerID, self.TransmitAddress); !errors.Is(err, broken) {
		t.Errorf("a broken keyring gives %v", err)
	}
	cc.Threshold = 2
	if _, err := open(keys, self.PeerID, self.TransmitAddress); !slices.Equal(fields(err), []string{"F"}) {
		t.Errorf("a bad config gives %v", err)
	}
}

func TestPeerIDsAndRates(t *testing.T) {
	cfg := goodConfig()
	ids, err := cfg.ParsePeerIDs()
	if err != nil || len(ids) != 4 || ids[2] != (peerid.PeerID{2}) {
		t.Errorf("got %v (%v)", ids, err)
	}
	cfg.OracleIdentities[2].PeerID = "me"
	if _, err := cfg.ParsePeerIDs(); err == nil || !strings.Contains(err.Error(), "OracleIdentities[2].PeerID") {
		t.Errorf("got %v", err)
	}
	cfg.DeltaResend, cfg.DeltaProgress, cfg.DeltaRound = time.Second, 2*time.Second, 500*time.Millisecond
	if rate := cfg.MessagesRate(); rate != 2*(1+0.5+2+6+4) {
		t.Errorf("rate %v", rate)
	}
	cfg.DeltaResend = 0
	if rate := cfg.MessagesRate(); !math.IsInf(rate, 1) {
		t.Errorf("rate %v", rate)
	}
}

func TestMetrics(t *testing.T) {
	want := map[string]float64{
		"ocr1_config_delta_progress_seconds": 35,
		"ocr1_config_delta_resend_seconds":   17,
		"ocr1_config_delta_round_seconds":    30,
		"ocr1_config_delta_grace_seconds":    12,
		"ocr1_config_delta_c_seconds":        1200,
		"ocr1_config_alpha_ppb":              5_000_000,
		"ocr1_config_delta_stage_seconds":    60,
		"ocr1_config_r_max":                  6,
		"ocr1_config_n":                      4,
		"ocr1_config_f":                      1,
	}
	got := map[string]float64{}
	for _, m := range ocr1config.Metrics(goodConfig()) {
		if m.Help == "" {
			t.Errorf("metric %+v", m)
		}
		got[m.Name] = m.Value
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLint(t *testing.T) {
	const e, w = config.SeverityError, config.SeverityWarning
	type finding struct {
		severity config.Severity
		field    string
	}
	for name, test := range map[string]struct {
		change func(*ocr1config.PublicConfig)
		want   []finding
	}{
		"nothing":             {func(*ocr1config.PublicConfig) {}, nil},
		"rule of the chain":   {func(c *ocr1config.PublicConfig) { c.DeltaC = time.Minute }, []finding{{e, "DeltaC"}}},
		"peer id":             {func(c *ocr1config.PublicConfig) { c.OracleIdentities[1].PeerID = "x" }, []finding{{e, "OracleIdentities[1].PeerID"}}},
		"peer twice":          {func(c *ocr1config.PublicConfig) { c.OracleIdentities[3].PeerID = c.OracleIdentities[0].PeerID }, []finding{{e, "OracleIdentities[3].PeerID"}}},
		"key twice":           {func(c *ocr1config.PublicConfig) { c.OracleIdentities[3].OffchainPublicKey = make([]byte, 32) }, []finding{{e, "OracleIdentities[3].OffchainPublicKey"}}},
		"signer is sender":    {func(c *ocr1config.PublicConfig) { c.OracleIdentities[3].TransmitAddress = common.Address{1, 0} }, []finding{{e, "OracleIdentities[3].TransmitAddress"}}},
		"nobody transmits":    {func(c *ocr1config.PublicConfig) { c.S = []int{0, 0} }, []finding{{e, "S"}}},
		"not everybody does":  {func(c *ocr1config.PublicConfig) { c.S = []int{1, 2} }, []finding{{w, "S"}}},
		"f is 0":              {func(c *ocr1config.PublicConfig) { c.F = 0 }, []finding{{w, "F"}, {w, "F"}}},
		"any change reported": {func(c *ocr1config.PublicConfig) { c.AlphaPPB = 0 }, []finding{{w, "AlphaPPB"}}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := goodConfig()
			test.change(&cfg)
			var got []finding
			for _, f := range ocr1config.Lint(mainnet, false, cfg) {
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
	quick := goodConfig()
	quick.DeltaRound, quick.DeltaGrace, quick.DeltaC, quick.DeltaStage = 0, 0, 0, 0
	var got []string
	for _, f := range ocr1config.Lint(big.NewInt(1337), false, quick) {
		got = append(got, fmt.Sprint(f.Severity, " ", f.Field))
	}
	if want := []string{"error DeltaGrace", "error DeltaRound", "warning DeltaStage", "warning DeltaC"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	minute := goodConfig()
	minute.DeltaC = time.Minute
	if found := ocr1config.Lint(mainnet, true, minute); len(found) > 0 {
		t.Errorf("in development mode, there is something wrong with what is wrong for the chain alone: %v", found)
	}
	if len(ocr1config.Lint(mainnet, false, ocr1config.PublicConfig{})) == 0 {
		t.Error("the empty config is fine")
	}
}

// FuzzDecode: no input makes the decoders panic, leaving out checks only ever accepts more and never changes a config, and
// what is accepted can be encoded and read back.
func FuzzDecode(f *testing.F) {
	content, err := os.ReadFile(filepath.Join("..", "testdata", "config-ocr1.json"))
	if err != nil {
		f.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Input struct {
				ContractConfig struct{ Encoded vectors.Hex }
			}
		}
	}
	if err := json.Unmarshal(content, &file); err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Cases {
		if encoded := c.Input.ContractConfig.Encoded; encoded != nil {
			f.Add([]byte(encoded), uint8(4), uint8(1), uint64(1))
		}
	}
	f.Fuzz(func(t *testing.T, encoded []byte, n uint8, faulty uint8, chain uint64) {
		chainID := new(big.Int).SetUint64(chain)
		cc := ocr1types.ContractConfig{Threshold: faulty, EncodedConfigVersion: config.OCR1Version, Encoded: encoded}
		for i := range int(n) % 35 {
			cc.Signers = append(cc.Signers, common.Address{1, byte(i)})
			cc.Transmitters = append(cc.Transmitters, common.Address{2, byte(i)})
		}
		canonical, same, canonicalErr := ocr1config.Canonical(encoded)
		if same && !bytes.Equal(canonical, encoded) {
			t.Fatal("same, but different")
		}
		strict, strictErr := ocr1config.PublicConfigFromContractConfig(chainID, false, cc)
		lenient, lenientErr := ocr1config.PublicConfigFromContractConfig(nil, true, cc)
		if strictErr == nil && (lenientErr != nil || !reflect.DeepEqual(strict, lenient)) {
			t.Fatalf("leaving out checks changes the result: %v", lenientErr)
		}
		ocr1config.Lint(chainID, false, lenient)
		if lenientErr != nil {
			return
		}
		if canonicalErr != nil {
			t.Fatalf("accepted, but not to be encoded again: %v", canonicalErr)
		}
		cc.Encoded = canonical
		if len(canonical) > ocr1config.MaxEncodedLength {
			return // lists of the input lay on top of each other
		}
		again, err := ocr1config.PublicConfigFromContractConfig(nil, true, cc)
		if err != nil || !reflect.DeepEqual(again, lenient) {
			t.Fatalf("read back (%v)\n%+v, want\n%+v", err, again, lenient)
		}
		if ocr1config.Check(nil, true, lenient) != nil {
			t.Fatal("decoding accepts what checking does not")
		}
	})
}
