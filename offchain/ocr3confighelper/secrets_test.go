package ocr3confighelper_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	. "github.com/ocrkit/ocrkit/offchain/ocr3confighelper"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// secretsInput is what secrets are derived from, made anew for each change.
func secretsInput() SetConfigInput {
	in := SetConfigInput{PublicConfig: PublicConfig{DeltaProgress: time.Second, RMax: 3, S: []int{1, 1}, F: 1, OnchainConfig: []byte{1}}}
	for i := range byte(2) {
		in.Oracles = append(in.Oracles, confighelper.OracleIdentityExtra{
			OracleIdentity: confighelper.OracleIdentity{
				OffchainPublicKey: types.OffchainPublicKey{i}, OnchainPublicKey: types.OnchainPublicKey{i}, PeerID: "p", TransmitAccount: types.Account(rune('a' + i)),
			},
			ConfigEncryptionPublicKey: types.ConfigEncryptionPublicKey{i},
		})
	}
	return in
}

func TestDeriveSecrets(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, 32)
	seen := map[config.SharedSecret]string{}
	for name, change := range map[string]func(*SetConfigInput) (purpose string){
		"base":            func(*SetConfigInput) string { return "p" },
		"another purpose": func(*SetConfigInput) string { return "q" },
		"initial":         func(in *SetConfigInput) string { in.DeltaInitial++; return "p" },
		"f":               func(in *SetConfigInput) string { in.F = 0; return "p" },
		"onchain config":  func(in *SetConfigInput) string { in.OnchainConfig = nil; return "p" },
		"signer": func(in *SetConfigInput) string {
			in.Oracles[1].OnchainPublicKey = bytes.Repeat([]byte{1}, 161)
			return "p"
		},
		"account":        func(in *SetConfigInput) string { in.Oracles[1].TransmitAccount = "x"; return "p" },
		"encryption key": func(in *SetConfigInput) string { in.Oracles[1].ConfigEncryptionPublicKey[0]++; return "p" },
		"another oracle": func(in *SetConfigInput) string { in.Oracles = in.Oracles[:1]; return "p" },
	} {
		in := secretsInput()
		purpose := change(&in)
		secrets, err := DeriveSecrets(seed, purpose, in)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[secrets.SharedSecret]; ok {
			t.Errorf("%s has the secrets of %s", name, other)
		}
		seen[secrets.SharedSecret] = name
		if again, err := DeriveSecrets(seed, purpose, in); err != nil || again != secrets {
			t.Errorf("%s: equal inputs give different secrets (%v)", name, err)
		}
	}
	for name, short := range map[string][]byte{"short": seed[:31], "zero": make([]byte, 32)} {
		if _, err := DeriveSecrets(short, "p", secretsInput()); err == nil || !strings.Contains(err.Error(), "seed") {
			t.Errorf("%s seed: %v", name, err)
		}
	}
	in := secretsInput()
	in.Oracles[0].PeerID = "\xff"
	if _, err := DeriveSecrets(seed, "p", in); err == nil {
		t.Error("what cannot be encoded has secrets")
	}
}
