package ocr1confighelper

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"golang.org/x/crypto/curve25519"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
)

var mainnet = big.NewInt(1)

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
				OnChainSigningAddress: ocr1types.OnChainSigningAddress{1, byte(i)},
				TransmitAddress:       common.Address{2, byte(i)},
				OffchainPublicKey:     ocr1types.OffchainPublicKey(offchain),
				PeerID:                peerid.PeerID(offchain).String(),
			},
			SharedSecretEncryptionPublicKey: ocr1types.SharedSecretEncryptionPublicKey(encryption),
		}
	}
	return oracles
}

// goodInput has a different value in each field, and nothing for a linter to object to on Ethereum.
func goodInput() SetConfigInput {
	return SetConfigInput{
		PublicConfig: PublicConfig{
			DeltaProgress: 35 * time.Second,
			DeltaResend:   17 * time.Second,
			DeltaRound:    30 * time.Second,
			DeltaGrace:    12 * time.Second,
			DeltaC:        20 * time.Minute,
			AlphaPPB:      5_000_000,
			DeltaStage:    60 * time.Second,
			RMax:          6,
			S:             []int{1, 2, 1},
			F:             1,
		},
		Oracles: testOracles(4),
	}
}

var goodSecrets = confighelper.Secrets{SharedSecret: config.SharedSecret{1}, EphemeralSecretKey: [32]byte{2}}

func published(call *ocr1.SetConfigCall) ocr1types.ContractConfig {
	return ContractConfigFromEvent(common.Address{3}, &ocr1.ConfigSet{
		ConfigCount: 1, Signers: call.Signers, Transmitters: call.Transmitters, Threshold: call.Threshold,
		EncodedConfigVersion: call.EncodedConfigVersion, Encoded: call.Encoded,
	})
}

// The positional function has many parameters of one type: each must end up in its own field.
func TestPositionalParameters(t *testing.T) {
	in := goodInput()
	signers, transmitters, threshold, version, encoded, err := ContractSetConfigArgs(in.DeltaProgress, in.DeltaResend, in.DeltaRound,
		in.DeltaGrace, in.DeltaC, in.AlphaPPB, in.DeltaStage, in.RMax, in.S, in.Oracles, in.F)
	if err != nil {
		t.Fatal(err)
	}
	cc := published(&ocr1.SetConfigCall{
		Signers: signers, Transmitters: transmitters, Threshold: threshold, EncodedConfigVersion: version, Encoded: encoded,
	})
	got, err := PublicConfigFromContractConfig(mainnet, false, cc)
	want := in.Complete()
	want.ConfigDigest = cc.ConfigDigest
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got (%v)\n%+v, want\n%+v", err, got, want)
	}
	if version != config.OCR1Version {
		t.Errorf("version %d", version)
	}
}

// The event of the generated binding, the generated event and the contract's own computation say the same.
func TestContractConfigFromEvents(t *testing.T) {
	call, err := NewSetConfigArgs(mainnet, confighelper.LevelStrict, goodInput(), goodSecrets)
	if err != nil {
		t.Fatal(err)
	}
	cc := published(call)
	changed := offchainaggregator.OffchainAggregatorConfigSet{
		ConfigCount: 1, Signers: call.Signers, Transmitters: call.Transmitters, Threshold: call.Threshold,
		EncodedConfigVersion: call.EncodedConfigVersion, Encoded: call.Encoded, Raw: &ethtypes.Log{Address: common.Address{3}},
	}
	if got := ContractConfigFromConfigSetEvent(changed); !reflect.DeepEqual(got, cc) {
		t.Errorf("got %+v, want %+v", got, cc)
	}
	changed.Raw.Address[19] = 1
	if got := ContractConfigFromConfigSetEvent(changed); got.ConfigDigest == cc.ConfigDigest {
		t.Error("the digest does not depend on the contract")
	}
	changed.Raw = nil
	if got, want := ContractConfigFromConfigSetEvent(changed), ContractConfigFromEvent(common.Address{}, &ocr1.ConfigSet{
		ConfigCount: 1, Signers: call.Signers, Transmitters: call.Transmitters, Threshold: call.Threshold,
		EncodedConfigVersion: call.EncodedConfigVersion, Encoded: call.Encoded,
	}); !reflect.DeepEqual(got, want) {
		t.Errorf("without a log: %+v, want %+v", got, want)
	}
}

func TestRefusals(t *testing.T) {
	fields := func(err error) (fields []string) {
		for _, v := range config.Violations(err) {
			fields = append(fields, v.Field)
		}
		return fields
	}
	for name, test := range map[string]struct {
		level  confighelper.Level
		change func(*SetConfigInput)
		fields []string
	}{
		"too fast for the chain": {confighelper.LevelProduction, func(in *SetConfigInput) { in.DeltaC = time.Minute }, []string{"DeltaC"}},
		"f does not fit":         {confighelper.LevelDevelopment, func(in *SetConfigInput) { in.F = 256 }, []string{"F", "F"}},
		"several":                {confighelper.LevelDevelopment, func(in *SetConfigInput) { in.DeltaC, in.RMax = -1, 0 }, []string{"DeltaC", "RMax"}},
		"comma":                  {confighelper.LevelDevelopment, func(in *SetConfigInput) { in.Oracles[0].PeerID += "," }, []string{"OracleIdentities[0].PeerID"}},
	} {
		in := goodInput()
		test.change(&in)
		call, err := NewSetConfigArgs(mainnet, test.level, in, goodSecrets)
		if got := fields(err); call != nil || !slices.Equal(got, test.fields) {
			t.Errorf("%s: violations of %q, want %q (%v)", name, got, test.fields, err)
		}
	}

	in := goodInput()
	in.DeltaC = time.Minute
	if _, err := NewSetConfigArgs(nil, confighelper.LevelDevelopment, in, goodSecrets); err != nil {
		t.Errorf("for development: %v", err)
	}
	in = goodInput()
	in.S = []int{1}
	if _, err := NewSetConfigArgs(mainnet, confighelper.LevelProduction, in, goodSecrets); err != nil {
		t.Errorf("a short schedule is refused: %v", err)
	}
	var lint *confighelper.LintError
	if _, err := NewSetConfigArgs(mainnet, confighelper.LevelStrict, in, goodSecrets); !errors.As(err, &lint) || len(lint.Findings) != 1 || lint.Findings[0].Field != "S" {
		t.Errorf("a short schedule at the strict level gives %v", err)
	}
	if _, err := NewSetConfigArgs(mainnet, confighelper.LevelStrict, goodInput(), confighelper.Secrets{EphemeralSecretKey: [32]byte{1}}); err == nil {
		t.Error("the zero secret is accepted")
	}
	in = goodInput()
	in.Oracles[3].SharedSecretEncryptionPublicKey = [32]byte{}
	if _, err := NewSetConfigArgs(mainnet, confighelper.LevelStrict, in, goodSecrets); err == nil || !strings.Contains(err.Error(), "oracle 3") {
		t.Errorf("a missing encryption key gives %v", err)
	}
	for n := range 48 {
		if _, err := compose(goodInput(), bytes.NewReader(bytes.Repeat([]byte{1}, n))); err == nil {
			t.Errorf("%d random bytes are enough, want 48", n)
		}
	}
}

func TestDerivedSecrets(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, 32)
	seen := map[config.SharedSecret]string{}
	derive := func(name, purpose string, change func(*SetConfigInput)) confighelper.Secrets {
		t.Helper()
		in := goodInput()
		change(&in)
		secrets, err := DeriveSecrets(seed, purpose, in)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[secrets.SharedSecret]; ok {
			t.Errorf("%s has the secrets of %s", name, other)
		}
		seen[secrets.SharedSecret] = name
		return secrets
	}
	base := derive("base", "p", func(*SetConfigInput) {})
	if again, err := DeriveSecrets(seed, "p", goodInput()); err != nil || again != base {
		t.Errorf("equal inputs give different secrets (%v)", err)
	}
	derive("another purpose", "q", func(*SetConfigInput) {})
	derive("alpha", "p", func(in *SetConfigInput) { in.AlphaPPB++ })
	derive("f", "p", func(in *SetConfigInput) { in.F = 0 })
	derive("signer", "p", func(in *SetConfigInput) { in.Oracles[1].OnChainSigningAddress[0]++ })
	derive("account", "p", func(in *SetConfigInput) { in.Oracles[1].TransmitAddress[0]++ })
	derive("encryption key", "p", func(in *SetConfigInput) { in.Oracles[1].SharedSecretEncryptionPublicKey[0]++ })
	if _, err := DeriveSecrets(seed[:31], "p", goodInput()); err == nil {
		t.Error("a short seed is accepted")
	}
	in := goodInput()
	in.Oracles[0].OffchainPublicKey = nil
	if _, err := DeriveSecrets(seed, "p", in); err == nil {
		t.Error("what cannot be encoded has secrets")
	}
}
