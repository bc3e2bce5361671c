package bn254bls

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/test/vectors"
)

// The vectors were made for the contracts. This test has a model of the contract that is
// built from this package, so that package and contract are held to the same rules.

const vectorFile = "contracts-ocr3-attestation.json"

type setup struct {
	N, F         int
	Scheme       string
	ConfigDigest vectors.Hex
	Keys         []struct {
		PrivateKey, KeyBytes, PublicKey, ProofOfPossession vectors.Hex
	}
	Steps []step
}

type step struct {
	Kind, Method string
	Calldata     vectors.Hex
	Expect       struct {
		OK      bool   `json:"ok"`
		Failure string `json:"failure"`
		Reason  string `json:"reason"`
	}
}

func setups(t *testing.T, f vectors.File) map[string]setup {
	t.Helper()
	var all map[string]setup
	if err := json.Unmarshal(f.Raw["setups"], &all); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(all, func(_ string, s setup) bool { return s.Scheme != "bls-bn254" })
	if len(all) < 6 {
		t.Fatalf("%d setups with BLS keys, want at least 6", len(all))
	}
	return all
}

func TestVectorKeys(t *testing.T) {
	for _, f := range vectors.Files(t, "testdata", vectorFile) {
		all := setups(t, f)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			var list []byte
			for i, want := range all[name].Keys {
				key := must(SecretKeyFromBytes(want.PrivateKey))(t)
				entry := must(key.KeyEntry())(t)
				public := key.PublicKey().Bytes()
				if !bytes.Equal(public[:], want.PublicKey) {
					t.Errorf("%s: public key %d is %x, want %v", name, i, public, want.PublicKey)
				}
				if !bytes.Equal(entry.Proof[:], want.ProofOfPossession) {
					t.Errorf("%s: proof %d is %x, want %v", name, i, entry.Proof, want.ProofOfPossession)
				}
				b := entry.Bytes()
				if !bytes.Equal(b[:], want.KeyBytes) {
					t.Errorf("%s: entry %d is %x, want %v", name, i, b, want.KeyBytes)
				}
				list = append(list, want.KeyBytes...)
			}
			entries := must(DecodeKeyList(list))(t)
			if !bytes.Equal(EncodeKeyList(entries), list) {
				t.Errorf("%s: the key list changes when it is decoded and encoded", name)
			}
		}
	}
}

func TestVectorCases(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{vectorFile}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			scheme, _, _ := strings.Cut(c.Name, "-")
			return scheme
		},
		Run:       map[string]func(*testing.T, vectors.File, vectors.Case){"bls": runCase},
		Elsewhere: map[string]string{"ecdsa": "no matter of this package"},
	})
}

// deviations are the reasons with which our contracts fail, step by step, where they are meant to differ from the vectors.
var deviations = map[string][]string{
	// A key that is listed twice is refused at once, not when both of its indices sign. So no keys are set after it.
	"bls-n4f1-empty/duplicate-key": {"InvalidKey", "InvalidAttestationAttributionBitmask"},
}

func runCase(t *testing.T, f vectors.File, c vectors.Case) {
	var input struct {
		Setup string `json:"setup"`
	}
	var output struct {
		Steps []step `json:"steps"`
	}
	if err := json.Unmarshal(c.Input, &input); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(c.Output, &output); err != nil {
		t.Fatal(err)
	}
	s, ok := setups(t, f)[input.Setup]
	if !ok {
		t.Fatalf("unknown setup %q", input.Setup)
	}
	m := &model{}
	for i, st := range slices.Concat(s.Steps, output.Steps) {
		if st.Kind == "deploy" {
			continue
		}
		if st.Kind != "call" {
			t.Fatalf("step %d is of kind %q, which this test does not know", i, st.Kind)
		}
		reason, rebuilt := m.call(t, st, s)
		if deviation, ok := deviations[c.Name]; ok {
			if want := deviation[i-len(s.Steps)]; reason != want {
				t.Errorf("step %d fails with %q, want the deviation %q", i, reason, want)
			}
			continue
		}
		switch {
		case st.Expect.OK && reason != "":
			t.Errorf("step %d fails with %q, want success", i, reason)
		case !st.Expect.OK && reason == "":
			t.Errorf("step %d succeeds, want %s %q", i, st.Expect.Failure, st.Expect.Reason)
		case st.Expect.Failure == "custom-error" && reason != st.Expect.Reason:
			t.Errorf("step %d fails with %q, want %q", i, reason, st.Expect.Reason)
		}
		if st.Expect.OK && st.Method == "transmit" && !rebuilt {
			t.Errorf("step %d: the attestation is not what the keys of the setup make of the report", i)
		}
	}
}

// model does what the demo contract does.
type model struct {
	n, f int
	keys []KeyEntry
}

func (m *model) call(t *testing.T, st step, s setup) (reason string, rebuilt bool) {
	t.Helper()
	switch st.Method {
	case "setConfig":
		args := unpack(t, st.Calldata, "uint32", "uint8", "uint8", "bytes")
		return m.setConfig(int(args[1].(uint8)), int(args[2].(uint8)), args[3].([]byte)), false
	case "transmit":
		args := unpack(t, st.Calldata, "bytes32", "uint64", "bytes", "bytes")
		attestation := args[3].([]byte)
		var sequence [32]byte
		binary.BigEndian.PutUint64(sequence[24:], args[1].(uint64))
		digest := args[0].([32]byte)
		hash := [32]byte(crypto.Keccak256(digest[:], sequence[:], crypto.Keccak256(args[2].([]byte))))
		return m.verify(hash, attestation), rebuild(t, s, hash, attestation)
	}
	t.Fatalf("unknown method %q", st.Method)
	return "", false
}

func (m *model) setConfig(n, f int, list []byte) string {
	switch {
	case len(list)%KeySize != 0:
		return "KeysOfInvalidSize"
	case len(list)/KeySize != n:
		return "InvalidNumberOfKeys"
	case n > MaxKeys:
		return "MaximumNumberOfKeysExceeded"
	}
	keys, err := DecodeKeyList(list)
	if err != nil {
		return "InvalidKey"
	}
	*m = model{n, f, keys}
	return ""
}

func (m *model) verify(hash [32]byte, attestation []byte) string {
	if len(attestation) != 37 {
		return "InvalidAttestationLength"
	}
	mask := binary.BigEndian.Uint32(attestation)
	if mask == 0 || uint64(mask)>>m.n != 0 {
		return "InvalidAttestationAttributionBitmask"
	}
	if bits.OnesCount32(mask) != m.f+1 {
		return "InvalidAttestationNumberOfSignatures"
	}
	var keys []*PublicKey
	for i := range m.n {
		if mask>>i&1 != 0 {
			keys = append(keys, m.keys[i].PublicKey)
		}
	}
	sum, err := AggregatePublicKeys(keys)
	if err != nil || sum.Verify(hash, Signature(attestation[4:])) != nil {
		return "InvalidAttestation"
	}
	return ""
}

// rebuild tells whether the keys of the setup, those of the mask, sign the hash with these very bytes.
func rebuild(t *testing.T, s setup, hash [32]byte, attestation []byte) bool {
	t.Helper()
	if len(attestation) != 37 {
		return false
	}
	mask := binary.BigEndian.Uint32(attestation)
	var signatures []Signature
	first := true
	for i, k := range s.Keys {
		if mask>>i&1 == 0 {
			continue
		}
		key := must(SecretKeyFromBytes(k.PrivateKey))(t)
		sig, err := key.Sign(hash)
		if err != nil {
			t.Fatal(err)
		}
		if sig.Counter() != attestation[36] {
			// One case has a later counter than the first usable one.
			first = false
			if sig, err = key.SignWithCounter(hash, attestation[36]); err != nil {
				return false
			}
		}
		signatures = append(signatures, sig)
	}
	if !first {
		t.Log("a later counter than the first usable one")
	}
	sum, err := Aggregate(signatures)
	return err == nil && bytes.Equal(sum[:], attestation[4:])
}

func unpack(t *testing.T, calldata []byte, types ...string) []any {
	t.Helper()
	var args abi.Arguments
	for _, name := range types {
		args = append(args, abi.Argument{Type: must(abi.NewType(name, "", nil))(t)})
	}
	return must(args.Unpack(calldata[4:]))(t)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(fmt.Errorf("unexpected: %w", err))
		}
		return v
	}
}
