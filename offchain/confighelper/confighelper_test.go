package confighelper

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/curve25519"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func testOracles(n int) []OracleIdentityExtra {
	oracles := make([]OracleIdentityExtra, n)
	for i := range oracles {
		seed := bytes.Repeat([]byte{byte(i + 1)}, 32)
		offchain := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		encryption, err := curve25519.X25519(seed, curve25519.Basepoint)
		if err != nil {
			panic(err)
		}
		oracles[i] = OracleIdentityExtra{
			OracleIdentity: OracleIdentity{
				OffchainPublicKey: types.OffchainPublicKey(offchain),
				OnchainPublicKey:  bytes.Repeat([]byte{byte(0xa0 + i)}, 20),
				PeerID:            peerid.PeerID(offchain).String(),
				TransmitAccount:   types.Account(fmt.Sprintf("0x%040x", i+1)),
			},
			ConfigEncryptionPublicKey: types.ConfigEncryptionPublicKey(encryption),
		}
	}
	return oracles
}

// goodInput has a different value in each field, and nothing for a linter to object to.
func goodInput() SetConfigInput {
	initialization := 17 * time.Second
	return SetConfigInput{
		DeltaProgress:                           23 * time.Second,
		DeltaResend:                             11 * time.Second,
		DeltaRound:                              19 * time.Second,
		DeltaGrace:                              3 * time.Second,
		DeltaStage:                              13 * time.Second,
		RMax:                                    5,
		S:                                       []int{1, 2, 1},
		ReportingPluginConfig:                   []byte("plugin"),
		MaxDurationInitialization:               &initialization,
		MaxDurationQuery:                        1 * time.Second,
		MaxDurationObservation:                  4 * time.Second,
		MaxDurationReport:                       6 * time.Second,
		MaxDurationShouldAcceptFinalizedReport:  7 * time.Second,
		MaxDurationShouldTransmitAcceptedReport: 8 * time.Second,
		F:                                       1,
		OnchainConfig:                           []byte("contract"),
		Oracles:                                 testOracles(4),
	}
}

var goodSecrets = Secrets{config.SharedSecret{1}, [32]byte{2}}

func TestComposedConfigIsReadBack(t *testing.T) {
	args, err := NewSetConfigArgs(LevelStrict, goodInput(), goodSecrets)
	if err != nil {
		t.Fatal(err)
	}
	again, err := NewSetConfigArgs(LevelStrict, goodInput(), goodSecrets)
	if err != nil || !reflect.DeepEqual(args, again) {
		t.Errorf("equal inputs gave different arguments (%v)", err)
	}
	digest := types.ConfigDigest{0, 1, 2}
	got, err := PublicConfigFromContractConfig(false, args.ContractConfig(digest, 1))
	if err != nil {
		t.Fatal(err)
	}
	want := goodInput().PublicConfig()
	want.ConfigDigest = digest
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back\n%+v, want\n%+v", got, want)
	}
}

// The positional function has many parameters of one type: each must end up in its own field.
func TestPositionalParameters(t *testing.T) {
	in := goodInput()
	secret := bytes.Repeat([]byte{9}, 16)
	signers, transmitters, f, onchainConfig, version, offchainConfig, err := ContractSetConfigArgsForTestsWithAuxiliaryArgs(
		in.DeltaProgress, in.DeltaResend, in.DeltaRound, in.DeltaGrace, in.DeltaStage, in.RMax, in.S, in.Oracles,
		in.ReportingPluginConfig, in.MaxDurationInitialization, in.MaxDurationQuery, in.MaxDurationObservation,
		in.MaxDurationReport, in.MaxDurationShouldAcceptFinalizedReport, in.MaxDurationShouldTransmitAcceptedReport,
		in.F, in.OnchainConfig, AuxiliaryArgs{RNG: bytes.NewReader(secret)})
	if err != nil {
		t.Fatal(err)
	}
	args := SetConfigArgs{signers, transmitters, f, onchainConfig, version, offchainConfig}
	got, err := PublicConfigFromContractConfig(false, args.ContractConfig(types.ConfigDigest{}, 1))
	if err != nil {
		t.Fatal(err)
	}
	if want := in.PublicConfig(); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}

	_, _, _, _, _, random, err := ContractSetConfigArgsForTests(
		in.DeltaProgress, in.DeltaResend, in.DeltaRound, in.DeltaGrace, in.DeltaStage, in.RMax, in.S, in.Oracles,
		in.ReportingPluginConfig, in.MaxDurationInitialization, in.MaxDurationQuery, in.MaxDurationObservation,
		in.MaxDurationReport, in.MaxDurationShouldAcceptFinalizedReport, in.MaxDurationShouldTransmitAcceptedReport,
		in.F, in.OnchainConfig)
	if err != nil || len(random) != len(offchainConfig) || bytes.Equal(random, offchainConfig) {
		t.Errorf("with random secrets: %x (%v)", random, err)
	}
}

func TestRefusesWhatOraclesWouldRefuse(t *testing.T) {
	tests := []struct {
		name   string
		spoil  func(*SetConfigInput)
		fields []string
	}{
		{"f does not fit", func(in *SetConfigInput) { in.F = 256 }, []string{"F", "F"}},
		{"f negative", func(in *SetConfigInput) { in.F = -1 }, []string{"F"}},
		{"element of the schedule", func(in *SetConfigInput) { in.S = []int{1, 300, -1} }, []string{"S[1]", "S[2]"}},
		{"same peer twice", func(in *SetConfigInput) { in.Oracles[2].PeerID = in.Oracles[0].PeerID }, []string{"PeerIDs[2]"}},
		{"too fast", func(in *SetConfigInput) { in.DeltaResend = time.Millisecond }, []string{"DeltaResend"}},
		{"several", func(in *SetConfigInput) {
			in.DeltaStage = -1
			in.RMax = 255
			in.Oracles[1].TransmitAccount = in.Oracles[0].TransmitAccount
		}, []string{"Transmitters[1]", "DeltaStage", "RMax"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := goodInput()
			test.spoil(&in)
			args, err := NewSetConfigArgs(LevelProduction, in, goodSecrets)
			var fields []string
			for _, v := range config.Violations(err) {
				fields = append(fields, v.Field)
			}
			if !reflect.DeepEqual(fields, test.fields) {
				t.Errorf("violations of %v, want %v: %v", fields, test.fields, err)
			}
			if !reflect.DeepEqual(args, SetConfigArgs{}) {
				t.Error("arguments come with the error")
			}
		})
	}
}

func TestOtherRefusals(t *testing.T) {
	in := goodInput()
	if _, err := NewSetConfigArgs(LevelProduction, in, Secrets{EphemeralSecretKey: [32]byte{1}}); err == nil {
		t.Error("the zero secret is accepted")
	}
	if _, err := NewSetConfigArgs(LevelProduction, in, Secrets{SharedSecret: config.SharedSecret{1}}); err == nil {
		t.Error("the zero key is accepted")
	}

	in.Oracles[3].ConfigEncryptionPublicKey = types.ConfigEncryptionPublicKey{}
	if _, err := NewSetConfigArgs(LevelProduction, in, goodSecrets); err == nil || !strings.Contains(err.Error(), "oracle 3") {
		t.Errorf("a missing encryption key gives %v", err)
	}

	in = goodInput()
	in.Oracles[0].PeerID = "\xff"
	if _, err := NewSetConfigArgs(LevelProduction, in, goodSecrets); len(config.Violations(err)) != 1 {
		t.Errorf("a peer id that is not UTF-8 gives %v", err)
	}

	in = goodInput()
	in.ReportingPluginConfig = make([]byte, config.MaxOffchainConfigLength)
	if _, err := NewSetConfigArgs(LevelProduction, in, goodSecrets); len(config.Violations(err)) != 1 {
		t.Errorf("an overlong config gives %v", err)
	}

	in = goodInput()
	in.DeltaResend = time.Millisecond
	if _, err := NewSetConfigArgs(LevelDevelopment, in, goodSecrets); err != nil {
		t.Errorf("a fast config for development is refused: %v", err)
	}

	in = goodInput()
	in.S = []int{1}
	if _, err := NewSetConfigArgs(LevelProduction, in, goodSecrets); err != nil {
		t.Errorf("a short schedule is refused: %v", err)
	}
	var lint *LintError
	if _, err := NewSetConfigArgs(LevelStrict, in, goodSecrets); !errors.As(err, &lint) || len(lint.Findings) != 1 || lint.Findings[0].Field != "S" {
		t.Errorf("a short schedule at the strict level gives %v", err)
	}
}

func TestEVMConversion(t *testing.T) {
	args, err := NewSetConfigArgs(LevelStrict, goodInput(), goodSecrets)
	if err != nil {
		t.Fatal(err)
	}
	args.Transmitters[1] = args.Transmitters[1][2:] // 0x may be left out
	evm, err := args.EVM()
	if err != nil {
		t.Fatal(err)
	}
	for i, oracle := range goodInput().Oracles {
		if !bytes.Equal(evm.Signers[i][:], oracle.OnchainPublicKey) || !strings.EqualFold(evm.Transmitters[i].Hex(), string(oracle.TransmitAccount)) {
			t.Errorf("oracle %d: %s %s", i, evm.Signers[i], evm.Transmitters[i])
		}
	}
	args.Signers[0] = args.Signers[0][:19]
	args.Transmitters[3] = "0x12"
	_, err = args.EVM()
	if v := config.Violations(err); len(v) != 2 || v[0].Field != "Signers[0]" || v[1].Field != "Transmitters[3]" {
		t.Errorf("got %v", err)
	}
}

func TestDerivedSecrets(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, 32)
	derive := func(seed []byte, purpose string, in SetConfigInput) Secrets {
		t.Helper()
		s, err := DeriveSecrets(seed, purpose, in)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	base := derive(seed, "p", goodInput())
	if base != derive(seed, "p", goodInput()) {
		t.Error("equal inputs give different secrets")
	}
	seen := map[config.SharedSecret]string{base.SharedSecret: "base"}
	different := func(name string, s Secrets) {
		t.Helper()
		if other, ok := seen[s.SharedSecret]; ok {
			t.Errorf("%s has the secrets of %s", name, other)
		}
		seen[s.SharedSecret] = name
	}
	different("another seed", derive(bytes.Repeat([]byte{8}, 32), "p", goodInput()))
	different("another purpose", derive(seed, "q", goodInput()))
	for name, change := range map[string]func(*SetConfigInput){
		"round":           func(in *SetConfigInput) { in.DeltaRound++ },
		"f":               func(in *SetConfigInput) { in.F = 0 },
		"onchain config":  func(in *SetConfigInput) { in.OnchainConfig = nil },
		"signer":          func(in *SetConfigInput) { in.Oracles[1].OnchainPublicKey[0]++ },
		"account":         func(in *SetConfigInput) { in.Oracles[1].TransmitAccount += "0" },
		"encryption key":  func(in *SetConfigInput) { in.Oracles[1].ConfigEncryptionPublicKey[0]++ },
		"fewer oracles":   func(in *SetConfigInput) { in.Oracles = in.Oracles[:3] },
		"no init maximum": func(in *SetConfigInput) { in.MaxDurationInitialization = nil },
	} {
		in := goodInput()
		change(&in)
		different(name, derive(seed, "p", in))
	}
	if _, err := DeriveSecrets(seed[:31], "p", goodInput()); err == nil {
		t.Error("a short seed is accepted")
	}
	if _, err := DeriveSecrets(make([]byte, 32), "p", goodInput()); err == nil {
		t.Error("a zero seed is accepted")
	}
}

func TestNewSecretsNeedsAllBytes(t *testing.T) {
	for n := range 48 {
		if _, err := NewSecrets(bytes.NewReader(make([]byte, n))); err == nil {
			t.Errorf("%d random bytes are enough, want 48", n)
		}
	}
	in := goodInput()
	if _, err := composeForTests(in, bytes.NewReader(make([]byte, 15)), bytes.NewReader(make([]byte, 100))); err == nil {
		t.Error("a short source of the secret is filled up from the other one")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s := Secrets{config.SharedSecret{0xab, 0xcd}, [32]byte{0xab, 0xcd}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, s); !strings.Contains(text, "redacted") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}
