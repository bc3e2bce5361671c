package config_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/curve25519"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func testIdentities(n int) []config.OracleIdentity {
	identities := make([]config.OracleIdentity, n)
	for i := range identities {
		identities[i] = config.OracleIdentity{
			OffchainPublicKey: types.OffchainPublicKey{byte(i)},
			OnchainPublicKey:  types.OnchainPublicKey{byte(i)},
			PeerID:            fmt.Sprint("peer", i),
			TransmitAccount:   types.Account(fmt.Sprintf("0xAb%d", i)),
		}
	}
	return identities
}

func TestFindSelf(t *testing.T) {
	identities := testIdentities(4)
	for i := range identities {
		if id, err := config.FindSelf(identities, testIdentities(4)[i]); err != nil || int(id) != i {
			t.Errorf("oracle %d is found as %d (%v)", i, id, err)
		}
	}

	stranger := identities[1]
	stranger.OnchainPublicKey = types.OnchainPublicKey{77}
	if _, err := config.FindSelf(identities, stranger); !errors.Is(err, config.ErrNotInConfig) {
		t.Errorf("a stranger gets %v", err)
	}

	wrong := identities[2]
	wrong.OffchainPublicKey[5] = 1
	wrong.PeerID = "me"
	wrong.TransmitAccount = "0xaB2"
	_, err := config.FindSelf(identities, wrong)
	var mismatch *config.IdentityMismatchError
	if !errors.As(err, &mismatch) {
		t.Fatalf("got %v", err)
	}
	var fields []string
	for _, m := range mismatch.Mismatches {
		fields = append(fields, fmt.Sprint(m.Field, m.CaseOnly))
		for _, text := range []string{m.Field, m.InConfig, m.Own} {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%q does not contain %q", err, text)
			}
		}
	}
	if want := []string{"OffchainPublicKeyfalse", "PeerIDfalse", "TransmitAccounttrue"}; mismatch.OracleID != 2 || !slices.Equal(fields, want) {
		t.Errorf("oracle %d, mismatches %v, want oracle 2, %v", mismatch.OracleID, fields, want)
	}
}

func TestIdentityLists(t *testing.T) {
	good := config.IdentityLists{Encryptions: 3}
	for _, identity := range testIdentities(3) {
		good.Signers = append(good.Signers, identity.OnchainPublicKey)
		good.PeerIDs = append(good.PeerIDs, identity.PeerID)
		good.OffchainPublicKeys = append(good.OffchainPublicKeys, identity.OffchainPublicKey)
		good.Transmitters = append(good.Transmitters, identity.TransmitAccount)
	}
	for name, test := range map[string]struct {
		change func(*config.IdentityLists)
		want   []string
	}{
		"good":                    {func(*config.IdentityLists) {}, nil},
		"empty and nil signer":    {func(l *config.IdentityLists) { l.Signers[0], l.Signers[2] = nil, types.OnchainPublicKey{} }, []string{"Signers[2]"}},
		"letter case of accounts": {func(l *config.IdentityLists) { l.Transmitters[0], l.Transmitters[1] = "0xa", "0xA" }, nil},
		"three equal":             {func(l *config.IdentityLists) { l.PeerIDs[1], l.PeerIDs[2] = l.PeerIDs[0], l.PeerIDs[0] }, []string{"PeerIDs[1]", "PeerIDs[2]"}},
		"duplicates before lengths": {func(l *config.IdentityLists) {
			l.OffchainPublicKeys = append(l.OffchainPublicKeys, l.OffchainPublicKeys[0])
			l.PeerIDs = l.PeerIDs[:2]
			l.Encryptions = 0
		}, []string{"OffchainPublicKeys[3]", "len(PeerIDs)", "len(OffchainPublicKeys)", "len(SharedSecretEncryptions.Encryptions)"}},
	} {
		lists := good
		lists.Signers = slices.Clone(good.Signers)
		lists.PeerIDs = slices.Clone(good.PeerIDs)
		lists.OffchainPublicKeys = slices.Clone(good.OffchainPublicKeys)
		lists.Transmitters = slices.Clone(good.Transmitters)
		test.change(&lists)
		var r config.Report
		lists.Check(&r)
		var got []string
		for _, v := range config.Violations(r.Err()) {
			got = append(got, v.Field)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if got := config.PeerIDs(good.Identities()); !slices.Equal(got, good.PeerIDs) {
		t.Errorf("peer ids %v", got)
	}
}

func TestReport(t *testing.T) {
	var r config.Report
	if r.Err() != nil || config.Violations(nil) != nil || config.Violations(errors.New("other")) != nil {
		t.Error("violations out of nothing")
	}
	for i := range 1000 {
		r.Add(fmt.Sprintf("S[%d]", i), strings.Repeat("x", 1000), "must be %s", "shorter")
	}
	err := fmt.Errorf("wrapped: %w", r.Err())
	if v := config.Violations(err); len(v) != 64 || v[63].Field != "S[63]" || v[0].Rule != "must be shorter" {
		t.Errorf("%d violations", len(v))
	}
	if !strings.Contains(err.Error(), "and 936 more violations") || len(err.Error()) > 64*200 {
		t.Errorf("error of %d characters", len(err.Error()))
	}
}

func TestStages(t *testing.T) {
	for _, test := range []struct {
		n    int
		s    []int
		step time.Duration
		want []time.Duration
	}{
		{4, nil, 1, nil},
		{4, []int{1, 2, 1}, 5, []time.Duration{0, 5, 5, 10}},
		{4, []int{0, 1, 0, 31}, 5, []time.Duration{5, 15, 15, 15}},
		{4, []int{1, 1}, 5, []time.Duration{0, 5}},
		{2, []int{0, 1, 1}, math.MaxInt64, []time.Duration{math.MaxInt64, math.MaxInt64}},
	} {
		stages := config.NewStages(test.n, test.s, test.step)
		for position := -1; position <= test.n+1; position++ {
			delay, ok := stages.Delay(position)
			if wantOK := position >= 0 && position < len(test.want); ok != wantOK || ok && delay != test.want[position] {
				t.Errorf("n = %d, S = %v, position %d: %d %v", test.n, test.s, position, delay, ok)
			}
		}
	}
}

func TestOverrideDelaysOfHostilePlugin(t *testing.T) {
	schedule := config.NewScheduleV3(3, config.Key{1}, config.Stages{})
	none := make([]config.TransmitDelay, 3)
	if got := schedule.OverrideDelays(1, 0, []commontypes.OracleID{0, 1}, []time.Duration{1}); !slices.Equal(got, none) {
		t.Errorf("lists of different length: %+v", got)
	}
	if got := schedule.OverrideDelays(1, 0, []commontypes.OracleID{200, 3}, []time.Duration{1, 2}); !slices.Equal(got, none) {
		t.Errorf("unknown oracles: %+v", got)
	}
	if got := schedule.OverrideDelays(1, 0, []commontypes.OracleID{2, 2}, []time.Duration{7, 7}); !got[2].Transmits || got[2].Delay != 7 || got[0].Transmits {
		t.Errorf("an oracle twice: %+v", got)
	}
}

// The delays of a report are those of the stages, in some order.
func TestSchedulesAssignEachPlaceOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 31).Draw(t, "n")
		s := rapid.SliceOfN(rapid.IntRange(0, 31), 0, 20).Draw(t, "S")
		key := config.Key(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "key"))
		stages := config.NewStages(n, s, time.Second)
		epoch, round := rapid.Uint32().Draw(t, "epoch"), rapid.Uint8().Draw(t, "round")
		places := 0
		for _, count := range s {
			places += count
		}
		for _, delays := range [][]config.TransmitDelay{
			config.NewScheduleV1(n, key, make([]byte, 32), stages).Delays(epoch, round),
			config.NewScheduleV3(n, key, stages).Delays(uint64(epoch), uint64(round)),
		} {
			var got, want []time.Duration
			for _, d := range delays {
				if d.Transmits {
					got = append(got, d.Delay)
				}
			}
			for position := range min(n, places) {
				d, _ := stages.Delay(position)
				want = append(want, d)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("delays %v, want %v", got, want)
			}
		}
	})
}

// In OCR3 everyone leads once in each n epochs.
func TestLeadersV3TakeTurns(t *testing.T) {
	for n := 1; n <= types.MaxOracles; n++ {
		leaders := config.NewLeadersV3(n, config.Key{byte(n)})
		for _, span := range []uint64{0, 1, math.MaxUint64/uint64(n) - 1} {
			led := make([]int, n)
			for i := range uint64(n) {
				led[leaders.Leader(span*uint64(n)+i)]++
			}
			for id, count := range led {
				if count != 1 {
					t.Errorf("n = %d, span %d: oracle %d leads %d times", n, span, id, count)
				}
			}
		}
	}
}

func TestSizes(t *testing.T) {
	var s config.Sizes
	if got := s.Add(1, 2, s.Mul(3, 4)); got != 15 || s.Err() != nil {
		t.Errorf("got %d (%v)", got, s.Err())
	}
	if got := s.Add(math.MaxInt32-1, 1); got != math.MaxInt32 || s.Err() != nil {
		t.Errorf("got %d (%v)", got, s.Err())
	}
	for name, compute := range map[string]func(*config.Sizes){
		"negative":     func(s *config.Sizes) { s.Add(5, -1) },
		"sum":          func(s *config.Sizes) { s.Add(math.MaxInt32, 1) },
		"product":      func(s *config.Sizes) { s.Mul(1<<16, 1<<15) },
		"huge factor":  func(s *config.Sizes) { s.Mul(math.MaxInt, 2) },
		"zero of huge": func(s *config.Sizes) { s.Mul(math.MinInt, 0) },
	} {
		var s config.Sizes
		compute(&s)
		s.Add(1)
		if !errors.Is(s.Err(), config.ErrSizeOutOfRange) {
			t.Errorf("%s: %v", name, s.Err())
		}
	}
}

// Each oracle decrypts the secret, for any keys.
func TestSharedSecretReachesEveryOracle(t *testing.T) {
	key32 := rapid.SliceOfN(rapid.Byte(), 32, 32)
	rapid.Check(t, func(t *rapid.T) {
		secret := config.SharedSecret(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "secret"))
		var secretKeys [][32]byte
		var publicKeys []types.ConfigEncryptionPublicKey
		for range rapid.IntRange(1, 4).Draw(t, "n") {
			secretKey := [32]byte(key32.Draw(t, "key"))
			publicKey, err := curve25519.X25519(secretKey[:], curve25519.Basepoint)
			if err != nil {
				t.Fatal(err)
			}
			secretKeys = append(secretKeys, secretKey)
			publicKeys = append(publicKeys, types.ConfigEncryptionPublicKey(publicKey))
		}
		sse, err := config.EncryptSharedSecret(publicKeys, secret, [32]byte(key32.Draw(t, "ephemeral")))
		if err != nil {
			t.Fatal(err)
		}
		for i, secretKey := range secretKeys {
			if got, err := sse.Decrypt(commontypes.OracleID(i), diffieHellman(secretKey)); err != nil || got != secret {
				t.Fatalf("oracle %d decrypts %x (%v), want %x", i, got[:], err, secret[:])
			}
		}
	})
}

func TestSecretsDoNotPrint(t *testing.T) {
	keys := config.KeysV1(config.SharedSecret{0xab})
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, keys); strings.Count(text, "redacted") != 2 {
			t.Errorf("keys print as %s", text)
		}
		if text := fmt.Sprintf(format, config.SharedSecret{0xab}); text != "SharedSecret(redacted)" {
			t.Errorf("a secret prints as %s", text)
		}
	}
}

func TestSeverityNames(t *testing.T) {
	finding := config.Finding{Field: "S", Severity: config.SeverityWarning, Message: "m"}
	if got := finding.String(); got != "warning: S: m" {
		t.Error(got)
	}
	if config.SeverityError.String() != "error" || config.Severity(9).String() != "Severity(9)" {
		t.Error(config.SeverityError, config.Severity(9))
	}
}
