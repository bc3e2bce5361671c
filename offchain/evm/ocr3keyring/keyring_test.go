package ocr3keyring_test

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/crypto/bn254bls"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// oracles returns the key rings of n oracles, the same ones in every run.
func oracles(t testing.TB, scheme ocr3keyring.Scheme, n int) []*ocr3keyring.Keyring[struct{}] {
	t.Helper()
	var keyrings []*ocr3keyring.Keyring[struct{}]
	for i := range n {
		secret := crypto.Keccak256([]byte("oracle"), []byte{byte(i)})
		secret[0] = 1 // below the order of both groups
		if scheme == ocr3keyring.ECDSA {
			keyrings = append(keyrings, ecdsaKeyring(t, secret))
		} else {
			keyrings = append(keyrings, blsKeyring(t, secret))
		}
	}
	return keyrings
}

func publicKeys(keyrings []*ocr3keyring.Keyring[struct{}]) (public []types.OnchainPublicKey) {
	for _, k := range keyrings {
		public = append(public, k.PublicKey())
	}
	return public
}

var testDigest = types.ConfigDigest{1, 2, 3}

func sign(t testing.TB, keyrings []*ocr3keyring.Keyring[struct{}], seqNr uint64, signers ...int) (signatures []types.AttributedOnchainSignature) {
	t.Helper()
	for _, i := range signers {
		s, err := keyrings[i].Sign(testDigest, seqNr, report([]byte("report")))
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, types.AttributedOnchainSignature{Signature: s, Signer: commontypes.OracleID(i)})
	}
	return signatures
}

func TestAttestations(t *testing.T) {
	for _, scheme := range []ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS} {
		t.Run(scheme.String(), func(t *testing.T) {
			const n, f = 7, 2
			keyrings := oracles(t, scheme, n)
			public := publicKeys(keyrings)
			hash := ocr3keyring.ReportHash(testDigest, 9, types.Report("report"))
			random := rand.New(rand.NewPCG(1, 2))
			for range 20 {
				signatures := sign(t, keyrings, 9, random.Perm(n)[:f+1]...)
				before := slices.Clone(signatures)
				attestation, err := scheme.Attestation(n, f, signatures)
				if err != nil {
					t.Fatal(err)
				}
				for i := range signatures {
					if signatures[i].Signer != before[i].Signer {
						t.Fatal("the signatures of the caller were sorted")
					}
				}
				if err := scheme.VerifyAttestation(public, f, hash, attestation); err != nil {
					t.Fatal(err)
				}
				if scheme.VerifyAttestation(public, f, [32]byte{1}, attestation) == nil {
					t.Error("attests to something else")
				}
				// Any change of any bit breaks it.
				i := random.IntN(len(attestation))
				attestation[i] ^= 1 << random.IntN(8)
				if scheme.VerifyAttestation(public, f, hash, attestation) == nil {
					t.Errorf("a change of byte %d goes unnoticed", i)
				}
			}
		})
	}
}

func TestAttestationRefuses(t *testing.T) {
	for _, scheme := range []ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS} {
		keyrings := oracles(t, scheme, 5)
		good := func(signers ...int) []types.AttributedOnchainSignature { return sign(t, keyrings, 9, signers...) }
		broken := func(change func(s []byte) []byte) []types.AttributedOnchainSignature {
			signatures := good(2, 0)
			signatures[0].Signature = change(signatures[0].Signature)
			return signatures
		}
		cases := []struct {
			name       string
			n, f       int
			signatures []types.AttributedOnchainSignature
			want       string
		}{
			{"none", 4, 1, nil, "there are 0 signatures, must be f+1 = 2"},
			{"too few", 4, 1, good(1), "there are 1 signatures"},
			{"too many", 4, 1, good(1, 2, 3), "there are 3 signatures"},
			{"stranger", 4, 1, good(1, 4), "there is a signature of oracle 4, but there are only 4 oracles"},
			{"twice", 4, 1, good(1, 1), "two signatures of oracle 1"},
			{"no oracles", 0, 0, good(1), "there are 0 oracles"},
			{"too many oracles", 33, 0, good(1), "there are 33 oracles, must be 1 to 32"},
			{"negative f", 4, -1, nil, "f is -1"},
			{"huge f", 4, 4, good(0, 1, 2, 3, 4), "f is 4, must be 0 to 3"},
			{"short", 4, 1, broken(func(s []byte) []byte { return s[1:] }), "signature of oracle 2: "},
			{"long", 4, 1, broken(func(s []byte) []byte { return append(s, 0) }), "signature of oracle 2: "},
			{"empty", 4, 1, broken(func([]byte) []byte { return nil }), "signature of oracle 2: "},
		}
		if scheme == ocr3keyring.ECDSA {
			cases = append(cases, []struct {
				name       string
				n, f       int
				signatures []types.AttributedOnchainSignature
				want       string
			}{
				{"v", 4, 1, broken(func(s []byte) []byte { s[64] = 27; return s }), "recovery id is 27, must be 0 or 1"},
				{"r zero", 4, 1, broken(func(s []byte) []byte { clear(s[:32]); return s }), "r or s is not between"},
				{"s zero", 4, 1, broken(func(s []byte) []byte { clear(s[32:64]); return s }), "r or s is not between"},
				{"s too large", 4, 1, broken(func(s []byte) []byte {
					crypto.S256().Params().N.FillBytes(s[32:64])
					return s
				}), "r or s is not between"},
			}...)
		}
		for _, c := range cases {
			t.Run(scheme.String()+"/"+c.name, func(t *testing.T) {
				attestation, err := scheme.Attestation(c.n, c.f, c.signatures)
				if err == nil || !strings.Contains(err.Error(), c.want) || attestation != nil {
					t.Errorf("attestation is %x, error %v, want %q", attestation, err, c.want)
				}
			})
		}
	}
}

// TestCountersOfOthers: a faulty oracle that signs with another counter is found out before its signature can spoil an attestation.
func TestCountersOfOthers(t *testing.T) {
	secret := make([]byte, 32)
	secret[31] = 7
	key, err := bn254bls.SecretKeyFromBytes(secret)
	if err != nil {
		t.Fatal(err)
	}
	keyring := blsKeyring(t, secret)
	hash := ocr3keyring.ReportHash(testDigest, 9, types.Report("report"))
	first, err := key.Sign(hash)
	if err != nil {
		t.Fatal(err)
	}
	usable := 0
	for counter := range 256 {
		signature, err := key.SignWithCounter(hash, uint8(counter))
		if errors.Is(err, bn254bls.ErrCounter) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		usable++
		if key.PublicKey().Verify(hash, signature) != nil {
			t.Fatal("signature does not verify by itself")
		}
		if got, want := keyring.Verify(keyring.PublicKey(), testDigest, 9, report([]byte("report")), signature[:]), signature == first; got != want {
			t.Errorf("counter %d: verifies = %v", counter, got)
		}
		if usable == 2 {
			other := blsKeyring(t, append(secret[:31:31], 8))
			honest := sign(t, []*ocr3keyring.Keyring[struct{}]{other}, 9, 0)[0]
			_, err := ocr3keyring.BLS.Attestation(4, 1, []types.AttributedOnchainSignature{honest, {Signature: signature[:], Signer: 3}})
			if !errors.Is(err, bn254bls.ErrMixedCounters) {
				t.Errorf("error of an attestation with different counters: %v", err)
			}
		}
	}
	if usable < 50 {
		t.Fatalf("only %d counters are usable", usable)
	}
}

func TestVerifyRefusesGarbage(t *testing.T) {
	for _, scheme := range []ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS} {
		keyring := oracles(t, scheme, 1)[0]
		signature := sign(t, []*ocr3keyring.Keyring[struct{}]{keyring}, 9, 0)[0].Signature
		verify := func(publicKey types.OnchainPublicKey, signature []byte) bool {
			return keyring.Verify(publicKey, testDigest, 9, report([]byte("report")), signature)
		}
		if !verify(keyring.PublicKey(), signature) || len(signature) != keyring.MaxSignatureLength() {
			t.Fatal("signature does not verify")
		}
		for _, garbage := range [][]byte{nil, {}, {1}, signature[1:], append(slices.Clone(signature), 0), make([]byte, len(signature)),
			bytes.Repeat([]byte{0xff}, len(signature)), make([]byte, 1<<20)} {
			if verify(keyring.PublicKey(), garbage) {
				t.Errorf("%v: a signature of %d bytes verifies", scheme, len(garbage))
			}
		}
		public := keyring.PublicKey()
		for _, garbage := range [][]byte{nil, {}, {1}, public[1:], append(slices.Clone(public), 0), make([]byte, len(public)),
			bytes.Repeat([]byte{0xff}, len(public))} {
			if verify(garbage, signature) {
				t.Errorf("%v: verifies with a key of %d bytes", scheme, len(garbage))
			}
		}
	}
}

// TestHighS: both twins of a signature are as good, and give the same attestation.
func TestHighS(t *testing.T) {
	keyrings := oracles(t, ocr3keyring.ECDSA, 4)
	signatures := sign(t, keyrings, 9, 2)
	want, err := ocr3keyring.ECDSA.Attestation(4, 0, signatures)
	if err != nil {
		t.Fatal(err)
	}
	s := signatures[0].Signature
	new(big.Int).Sub(crypto.S256().Params().N, new(big.Int).SetBytes(s[32:64])).FillBytes(s[32:64])
	s[64] ^= 1
	if !keyrings[0].Verify(keyrings[2].PublicKey(), testDigest, 9, report([]byte("report")), s) {
		t.Fatal("the twin does not verify")
	}
	got, err := ocr3keyring.ECDSA.Attestation(4, 0, signatures)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("attestation of the twin is %x (%v), want %x", got, err, want)
	}
}

func TestKeyListRefuses(t *testing.T) {
	many := func(n int) (list []types.OnchainPublicKey) {
		for i := range n {
			list = append(list, address(byte(i+1)))
		}
		return list
	}
	bls := publicKeys(oracles(t, ocr3keyring.BLS, 3))
	stolen := slices.Concat(bls[0][:bn254bls.PublicKeySize], bls[1][bn254bls.PublicKeySize:])
	for _, c := range []struct {
		name   string
		scheme ocr3keyring.Scheme
		keys   []types.OnchainPublicKey
		want   string
	}{
		{"too many", ocr3keyring.ECDSA, many(33), "there are 33 keys, at most 32 are allowed"},
		{"length", ocr3keyring.ECDSA, append(many(2), make([]byte, 21)), "key of oracle 2 has 21 bytes, must have 20"},
		{"zero", ocr3keyring.ECDSA, append(many(2), make([]byte, 20)), "key of oracle 2 is the zero address"},
		{"twice", ocr3keyring.ECDSA, append(many(3), address(2)), "oracles 1 and 3 have the same key"},
		{"length", ocr3keyring.BLS, []types.OnchainPublicKey{bls[0], bls[1][:128]}, "key of oracle 1 has 128 bytes, must have 161"},
		{"zero", ocr3keyring.BLS, []types.OnchainPublicKey{bls[0], make([]byte, 161)}, "key of oracle 1: "},
		{"twice", ocr3keyring.BLS, []types.OnchainPublicKey{bls[0], bls[1], bls[0]}, "oracles 0 and 2 have the same key"},
		{"proof of another key", ocr3keyring.BLS, []types.OnchainPublicKey{bls[1], stolen}, "key of oracle 1: "},
	} {
		t.Run(c.scheme.String()+"/"+c.name, func(t *testing.T) {
			list, err := c.scheme.KeyList(c.keys)
			if err == nil || !strings.Contains(err.Error(), c.want) || list != nil {
				t.Errorf("key list is %x, error %v, want %q", list, err, c.want)
			}
		})
	}
	if list, err := ocr3keyring.ECDSA.KeyList(many(32)); err != nil || len(list) != 640 {
		t.Errorf("32 keys: %v", err)
	}
}

// TestPublicKeyIsACopy: nobody can change the key of a key ring.
func TestPublicKeyIsACopy(t *testing.T) {
	keyring := oracles(t, ocr3keyring.ECDSA, 1)[0]
	before := keyring.PublicKey()
	keyring.PublicKey()[0]++
	if !bytes.Equal(keyring.PublicKey(), before) {
		t.Error("the key has changed")
	}
}

func TestNoKey(t *testing.T) {
	if _, err := ocr3keyring.NewECDSA[int](nil); err == nil {
		t.Error("a key ring without a key")
	}
	if _, err := ocr3keyring.NewBLS[int](nil); err == nil {
		t.Error("a key ring without a key")
	}
	key, err := bn254bls.SecretKeyFromBytes(append(make([]byte, 31), 5))
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := ocr3keyring.NewBLS[int](key)
	if err != nil {
		t.Fatal(err)
	}
	key.Erase()
	if _, err := keyring.Sign(testDigest, 1, ocr3types.ReportWithInfo[int]{Report: types.Report("secret report")}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("signs with an erased key: %v", err)
	}
	if _, err := ocr3keyring.NewBLS[int](key); err == nil {
		t.Error("a key ring with an erased key")
	}
}

// FuzzVerifyAttestation: nothing panics, and what verifies says who signed.
func FuzzVerifyAttestation(f *testing.F) {
	const n, faulty = 4, 1
	hash := ocr3keyring.ReportHash(testDigest, 9, types.Report("report"))
	var public [2][]types.OnchainPublicKey
	schemes := [2]ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS}
	for i, scheme := range schemes {
		keyrings := oracles(f, scheme, n)
		public[i] = publicKeys(keyrings)
		attestation, err := scheme.Attestation(n, faulty, sign(f, keyrings, 9, 3, 1))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i == 1, uint8(faulty), attestation)
		f.Add(i == 1, uint8(faulty), attestation[1:])
	}
	f.Add(true, uint8(255), []byte{})
	f.Fuzz(func(t *testing.T, bls bool, faulty uint8, attestation []byte) {
		i := 0
		if bls {
			i = 1
		}
		if schemes[i].VerifyAttestation(public[i], int(faulty), hash, attestation) != nil {
			return
		}
		var signers uint32
		if bls {
			var a ocr3.BLSAttestation
			if err := ocr3.DecodeBLSAttestation(attestation, &a); err != nil {
				t.Fatal(err)
			}
			signers = a.Signers
		} else {
			var a ocr3.ECDSAAttestation
			if err := ocr3.DecodeECDSAAttestation(attestation, &a); err != nil {
				t.Fatal(err)
			}
			signers = a.Signers
		}
		if signers != 0b1010 || faulty != 1 {
			t.Fatalf("oracles %b with f = %d did not sign", signers, faulty)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, scheme := range []ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS} {
		b.Run(scheme.String(), func(b *testing.B) {
			keyring := oracles(b, scheme, 1)[0]
			signature := sign(b, []*ocr3keyring.Keyring[struct{}]{keyring}, 9, 0)[0].Signature
			public, r := keyring.PublicKey(), report([]byte("report"))
			for b.Loop() {
				if !keyring.Verify(public, testDigest, 9, r, signature) {
					b.Fatal("signature does not verify")
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for _, scheme := range []ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS} {
		b.Run(scheme.String(), func(b *testing.B) {
			keyring := oracles(b, scheme, 1)[0]
			r := report([]byte("report"))
			for b.Loop() {
				if _, err := keyring.Sign(testDigest, 9, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestSchemeNames(t *testing.T) {
	for name, want := range map[string]ocr3keyring.Scheme{"ecdsa": ocr3keyring.ECDSA, "bls": ocr3keyring.BLS} {
		if scheme, err := ocr3keyring.SchemeNamed(name); err != nil || scheme != want || scheme.Name() != name {
			t.Errorf("%s is %v, %v", name, scheme, err)
		}
	}
	for _, name := range []string{"", "ECDSA", strings.Repeat("x", 1000)} {
		if scheme, err := ocr3keyring.SchemeNamed(name); err == nil || len(err.Error()) > 200 {
			t.Errorf("%.20s is %v, %v", name, scheme, err)
		}
	}
}
