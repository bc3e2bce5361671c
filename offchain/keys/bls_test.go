package keys

import (
	"bytes"
	"errors"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/crypto/bn254bls"
)

func TestBLSKey(t *testing.T) {
	b := testBundleWithBLS(t, 1)
	if plain := testBundle(t, 1); plain.BLS != nil || plain.Public().OnchainAddress != b.Public().OnchainAddress || plain.Public().PeerID != b.Public().PeerID {
		t.Error("the other keys depend on whether there is a BLS key")
	}
	public := b.Public().BLSPublicKey
	if public != b.BLS.PublicKey() || public != testBundleWithBLS(t, 1).Public().BLSPublicKey || public == testBundleWithBLS(t, 2).Public().BLSPublicKey {
		t.Error("the public key is not that of the secret one")
	}
	if err := public.Check(); err != nil {
		t.Error(err)
	}
	entry, err := bn254bls.DecodeKeyEntry(public.OnchainPublicKey())
	if err != nil {
		t.Fatal(err)
	}
	signature, err := b.BLS.SecretKey().Sign([32]byte{7})
	if err != nil || entry.PublicKey.Verify([32]byte{7}, signature) != nil {
		t.Errorf("signature %x does not verify (%v)", signature, err)
	}
	if key := (BLSPublicKey{}).OnchainPublicKey(); key != nil {
		t.Errorf("no key is %x on chain", key)
	}
}

// TestBLSKeyRefused: keys that are none, and keys with the proof of another.
func TestBLSKeyRefused(t *testing.T) {
	a, b := testBundleWithBLS(t, 1).Public().BLSPublicKey, testBundleWithBLS(t, 2).Public().BLSPublicKey
	change := func(f func(k *BLSPublicKey)) BLSPublicKey {
		k := a
		f(&k)
		return k
	}
	for name, test := range map[string]struct {
		key  BLSPublicKey
		want error
	}{
		"zero":             {BLSPublicKey{}, bn254bls.ErrInfinity},
		"not on the curve": {change(func(k *BLSPublicKey) { k[100] ^= 1 }), bn254bls.ErrNotOnCurve},
		"too large":        {change(func(k *BLSPublicKey) { k[0] = 0xff }), bn254bls.ErrNotReduced},
		"proof of another": {change(func(k *BLSPublicKey) { copy(k[bn254bls.PublicKeySize:], b[bn254bls.PublicKeySize:]) }), bn254bls.ErrProof},
	} {
		if err := test.key.Check(); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
	if _, err := NewBLSKey(nil); err == nil {
		t.Error("no secret key was accepted")
	}
	erased, err := bn254bls.GenerateSecretKey(mathrand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	erased.Erase()
	if _, err := NewBLSKey(erased); !errors.Is(err, bn254bls.ErrErased) {
		t.Errorf("an erased key: got %v", err)
	}
	bundle := testBundleWithBLS(t, 1)
	bundle.BLS.SecretKey().Erase()
	if _, err := bundle.Encrypt(NewPassword("pass"), LightStrength); !errors.Is(err, bn254bls.ErrErased) {
		t.Errorf("a bundle with an erased key: got %v", err)
	}
	if _, err := GenerateBundleWithBLS(bytes.NewReader(make([]byte, 100))); err == nil {
		t.Error("generating from too little randomness succeeded")
	}
	if _, err := GenerateBLSKey(bytes.NewReader(make([]byte, 10_000))); err == nil {
		t.Error("a source of zeros gave a BLS key")
	}
	for _, seed := range [][seedSize]byte{{}, {0xff}} {
		if _, err := newBLSKey(seed); err == nil {
			t.Errorf("secret %x was accepted", seed)
		}
	}
}

// TestOldFile opens a file that was written before there were BLS keys, and reads the same as was written then. Bundles without a
// BLS key are still written like this.
func TestOldFile(t *testing.T) {
	content, err := os.ReadFile("testdata/version1.json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Decrypt(content, NewPassword("pass"))
	if err != nil {
		t.Fatal(err)
	}
	want := testBundle(t, 7)
	if b.BLS != nil || b.Public() != want.Public() || !bytes.Equal(secretsOfBundle(t, b), secretsOfBundle(t, want)) {
		t.Errorf("got %+v, want %+v", b.Public(), want.Public())
	}
	again, err := b.Encrypt(NewPassword("pass"), LightStrength)
	if err != nil {
		t.Fatal(err)
	}
	const afterThat = `"kdf"` // salt, nonce and ciphertext are new each time
	head := func(content []byte) string {
		before, _, _ := strings.Cut(string(content), afterThat)
		return before
	}
	if head(again) != head(content) || len(again) != len(content) {
		t.Errorf("written now:\n%s\nthen:\n%s", again, content)
	}
}
