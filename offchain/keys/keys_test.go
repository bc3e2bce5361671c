package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"go.yaml.in/yaml/v3"
)

func testBundle(t testing.TB, seed byte) *Bundle {
	t.Helper()
	b, err := GenerateBundle(mathrand.NewChaCha8([32]byte{seed}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func testBundleWithBLS(t testing.TB, seed byte) *Bundle {
	t.Helper()
	b, err := GenerateBundleWithBLS(mathrand.NewChaCha8([32]byte{seed}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bundles makes one of each kind.
var bundles = map[string]func(testing.TB, byte) *Bundle{"without BLS": testBundle, "with BLS": testBundleWithBLS}

func secretsOfBundle(t testing.TB, b *Bundle) []byte {
	t.Helper()
	secrets, err := b.secrets()
	if err != nil {
		t.Fatal(err)
	}
	return secrets
}

func TestGenerateIsReproducible(t *testing.T) {
	if a, b := testBundle(t, 1), testBundle(t, 1); a.Public() != b.Public() {
		t.Errorf("equal seeds give different keys:\n%v\n%v", a.Public(), b.Public())
	}
	if a, b := testBundle(t, 1), testBundle(t, 2); a.Public() == b.Public() {
		t.Error("different seeds give equal keys")
	}
	if _, err := GenerateBundle(bytes.NewReader(make([]byte, 100))); err == nil {
		t.Error("generating from too little randomness succeeded")
	}
	if _, err := GenerateEVMKey(bytes.NewReader(make([]byte, 1000))); err == nil {
		t.Error("a source of zeros gave a secp256k1 key")
	}
}

func TestSignatures(t *testing.T) {
	b := testBundle(t, 1)
	msg := []byte("message")

	signature, err := b.Offchain.OffchainSign(msg)
	if public := b.Offchain.OffchainPublicKey(); err != nil || !ed25519.Verify(public[:], msg, signature) {
		t.Errorf("off-chain signature does not verify: %v", err)
	}
	signature, err = b.Peer.Sign(msg)
	if public := b.Peer.PublicKey(); err != nil || !ed25519.Verify(public[:], msg, signature) {
		t.Errorf("peer signature does not verify: %v", err)
	}
	hash := crypto.Keccak256Hash(msg)
	signature, err = b.Onchain.SignHash(hash)
	if err != nil {
		t.Fatal(err)
	}
	public, err := crypto.SigToPub(hash[:], signature)
	if err != nil || crypto.PubkeyToAddress(*public) != b.Onchain.Address() {
		t.Errorf("on-chain signature is not by %s: %v", b.Onchain.Address(), err)
	}
}

func TestNewEVMKey(t *testing.T) {
	good, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if key, err := NewEVMKey(good); err != nil || key.Address() != crypto.PubkeyToAddress(good.PublicKey) {
		t.Errorf("got %v", err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, private := range map[string]*ecdsa.PrivateKey{"nil": nil, "empty": {}, "of another curve": other} {
		if _, err := NewEVMKey(private); err == nil {
			t.Errorf("a key that is %s was accepted", name)
		}
	}
}

func TestConfigDiffieHellman(t *testing.T) {
	a, b := testBundle(t, 1).Offchain, testBundle(t, 2).Offchain
	ab, err := a.ConfigDiffieHellman(b.ConfigEncryptionPublicKey())
	if err != nil {
		t.Fatal(err)
	}
	ba, err := b.ConfigDiffieHellman(a.ConfigEncryptionPublicKey())
	if err != nil || ab != ba {
		t.Errorf("shared points differ: %x, %x, %v", ab, ba, err)
	}
	for _, lowOrder := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	} {
		point, err := hex.DecodeString(lowOrder)
		if err != nil {
			t.Fatal(err)
		}
		if shared, err := a.ConfigDiffieHellman([32]byte(point)); err == nil {
			t.Errorf("point %s of low order gave %x", lowOrder, shared)
		}
	}
}

// TestNothingShows prints and marshals secrets in every way and looks for their digits.
func TestNothingShows(t *testing.T) {
	b := testBundleWithBLS(t, 1)
	password := NewPassword("correct horse")
	var needles []string
	for secrets := range slices.Chunk(secretsOfBundle(t, b), seedSize) {
		seed := secrets[:8]
		needles = append(needles, hex.EncodeToString(seed), strings.ToUpper(hex.EncodeToString(seed)),
			strings.Trim(fmt.Sprint(seed), "[]"), string(seed), fmt.Sprintf("%q", seed))
	}
	needles = append(needles, "correct horse", hex.EncodeToString([]byte("correct horse")), new(big.Int).SetBytes(crypto.FromECDSA(b.Onchain.private)).String(), new(big.Int).SetBytes(crypto.FromECDSA(b.Transmit.private)).String(),
		new(big.Int).SetBytes(secretsOfBundle(t, b)[5*seedSize:]).String(),
		strings.Trim(fmt.Sprint([]byte("correct horse")), "[]"))
	type holder struct {
		Bundle   *Bundle
		Value    Bundle
		Password Password
		Keys     []any
		private  *Bundle
	}
	everything := holder{b, *b, password, []any{b.Offchain, b.Onchain, b.Transmit, b.Peer, b.BLS, *b.Offchain, *b.Peer, *b.BLS}, b}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q", "%T"} {
		fmt.Fprintf(&out, verb+"\n", everything)
		for _, value := range append(everything.Keys, b, *b, password, &password) {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	if err := json.NewEncoder(&out).Encode(everything); err != nil {
		t.Fatal(err)
	}
	if err := yaml.NewEncoder(&out).Encode(everything); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("keys", "bundle", b, "password", password, "all", everything)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("keys", "bundle", b, "password", password, "all", everything)
	for _, needle := range needles {
		if strings.Contains(out.String(), needle) {
			t.Errorf("output shows a secret: %q", needle)
		}
	}
	if !strings.Contains(out.String(), redactedText) {
		t.Error("output has no placeholder")
	}
}

func TestSaveAndLoad(t *testing.T) {
	for name, make := range bundles {
		t.Run(name, func(t *testing.T) { testSaveAndLoad(t, make(t, 1)) })
	}
}

func testSaveAndLoad(t *testing.T, b *Bundle) {
	dir := t.TempDir()
	path := filepath.Join(dir, "oracle-0.json")
	password := NewPassword("pass")
	if err := b.Save(path, password, LightStrength); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file mode is %v (%v), want 0600", info.Mode(), err)
	}
	loaded, err := Load(path, password)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(secretsOfBundle(t, loaded), secretsOfBundle(t, b)) {
		t.Error("loaded keys differ from the saved ones")
	}
	if public, err := LoadPublic(path); err != nil || public != b.Public() {
		t.Errorf("public side: %v, %v; want %v", public, err, b.Public())
	}
	if _, err := Load(path, NewPassword("other")); !errors.Is(err, ErrWrongPassword) || !strings.Contains(err.Error(), path) {
		t.Errorf("wrong password: got %v", err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := testBundle(t, 2).Save(path, password, LightStrength); !errors.Is(err, os.ErrExist) {
		t.Errorf("saving over a file: got %v, want that it exists", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a refused save changed the file (%v)", err)
	}
	if err := b.Save(filepath.Join(dir, "none", "x.json"), password, LightStrength); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("saving into a folder that is not there: got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("folder has %v (%v), want the key file alone", entries, err)
	}
	if err := b.Save(filepath.Join(dir, "y.json"), NewPassword(""), LightStrength); err == nil {
		t.Error("an empty password was accepted")
	}
}

// TestTampering changes every character of a key file, and cuts it at every place.
func TestTampering(t *testing.T) {
	for name, make := range bundles {
		t.Run(name, func(t *testing.T) { testTampering(t, make(t, 1)) })
	}
}

func testTampering(t *testing.T, b *Bundle) {
	password := NewPassword("pass")
	content, err := b.Encrypt(password, trivialStrength)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range content {
		// The digits 1 to 8 of the work factor would make the test slow, not wrong.
		if c < '0' || bytes.Contains(content[max(0, i-8):i+1], []byte(`"n": `)) {
			continue
		}
		damaged := bytes.Clone(content)
		if damaged[i]++; c == '9' || c == 'f' {
			damaged[i] = '0'
		}
		loaded, err := Decrypt(damaged, password)
		if err == nil && !bytes.Equal(secretsOfBundle(t, loaded), secretsOfBundle(t, b)) {
			t.Fatalf("byte %d changed from %c to %c: decrypts to other keys", i, c, damaged[i])
		}
		if err == nil && loaded.Public() != b.Public() {
			t.Fatalf("byte %d changed from %c to %c: decrypts to other public keys", i, c, damaged[i])
		}
		if err == nil && !bytes.EqualFold(damaged, content) {
			t.Fatalf("byte %d changed from %c to %c: goes unnoticed", i, c, damaged[i])
		}
	}
	for i := range len(bytes.TrimSpace(content)) {
		if _, err := Decrypt(content[:i], password); err == nil || !strings.Contains(err.Error(), "cut off") {
			t.Fatalf("cut to %d bytes: got %v", i, err)
		}
	}
	replace := func(old, new string) []byte {
		if !bytes.Contains(content, []byte(old)) {
			t.Fatalf("%s is not in the file", old)
		}
		return bytes.Replace(content, []byte(old), []byte(new), 1)
	}
	version, otherVersion := `"version": 1`, `"version": 2`
	if b.BLS != nil {
		version, otherVersion = otherVersion, version
	}
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"huge work":       {replace(`"n": 16`, `"n": 2097152`), "out of bounds"},
		"odd work":        {replace(`"n": 16`, `"n": 4097`), "out of bounds"},
		"negative work":   {replace(`"n": 16`, `"n": -4096`), "out of bounds"},
		"parallel":        {replace(`"p": 1`, `"p": 1000000`), "out of bounds"},
		"unknown version": {replace(version, `"version": 3`), "version 3"},
		"other version":   {replace(version, otherVersion), "BLS key"},
		"other kind":      {replace(`"ocrkit-keys"`, `"something"`), "kind"},
		"other kdf":       {replace(`"scrypt"`, `"argon"`), "argon"},
		"other cipher":    {replace(`"aes-256-gcm"`, `"rot13"`), "rot13"},
		"unknown field":   {replace(`"cipher"`, `"more": 1, "cipher"`), "more"},
		"short nonce":     {replace(`"nonce": "`, `"nonce": "00`), "nonce"},
		"short salt":      {replace(`"salt": "`, `"salt": "00`), "salt"},
		"long ciphertext": {replace(`"ciphertext": "`, `"ciphertext": "00`), "ciphertext"},
		"too large":       {bytes.Repeat([]byte{' '}, maxFileBytes+1), "at most"},
		"other public":    {replace(b.Public().OffchainPublicKey.String(), testBundle(t, 2).Public().OffchainPublicKey.String()), "wrong password"},
	} {
		if _, err := Decrypt(test.content, password); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, test.want)
		}
	}
}

func TestKeystoreV3(t *testing.T) {
	key, password := testBundle(t, 1).Transmit, NewPassword("pass")
	content, err := key.EncryptKeystoreV3(password, LightStrength)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := DecryptKeystoreV3(content, password)
	if err != nil || loaded.Address() != key.Address() {
		t.Fatalf("got %v, %v; want %s", loaded, err, key.Address())
	}
	if _, err := DecryptKeystoreV3(content, NewPassword("other")); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("wrong password: got %v", err)
	}
	for _, damaged := range [][]byte{nil, content[:len(content)/2], bytes.Replace(content, []byte(`"n":4096`), []byte(`"n":1073741824`), 1), make([]byte, maxKeystoreV3Bytes+1)} {
		if _, err := DecryptKeystoreV3(damaged, password); err == nil {
			t.Errorf("%.60q was accepted", damaged)
		}
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := WriteNewFile(path, content); err != nil {
		t.Fatal(err)
	}
	if loaded, err := LoadKeystoreV3(path, password); err != nil || loaded.Address() != key.Address() {
		t.Errorf("from a file: got %v, %v", loaded, err)
	}
}

func TestPasswords(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct{ content, want, err string }{
		"plain":   {"secret", "secret", ""},
		"newline": {"secret\n", "secret", ""},
		"windows": {"secret\r\n", "secret", ""},
		"spaces":  {" se cret \n\n", " se cret \n", ""},
		"empty":   {"\n", "", "empty"},
		"long":    {strings.Repeat("x", 5000), "", "at most"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := PasswordFromFile(path)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: got error %v, want %q and the path", name, err, test.err)
			}
		} else if err != nil || string(p.text) != test.want {
			t.Errorf("%s: got %q, %v; want %q", name, p.text, err, test.want)
		}
	}
	if _, err := PasswordFromFile(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	t.Setenv("OCRKIT_TEST_PASSWORD", "from env")
	if p, err := PasswordFromEnv("OCRKIT_TEST_PASSWORD"); err != nil || string(p.text) != "from env" {
		t.Errorf("environment: got %q, %v", p.text, err)
	}
	if _, err := PasswordFromEnv("OCRKIT_TEST_NO_PASSWORD"); err == nil || !strings.Contains(err.Error(), "OCRKIT_TEST_NO_PASSWORD") {
		t.Errorf("missing variable: got %v", err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := PromptPassword(f, &bytes.Buffer{}, "password: ", true); err == nil || !strings.Contains(err.Error(), "terminal") {
		t.Errorf("prompt without a terminal: got %v", err)
	}
}

func TestPublicText(t *testing.T) {
	for name, make := range bundles {
		t.Run(name, func(t *testing.T) { testPublicText(t, make(t, 1).Public()) })
	}
}

func testPublicText(t *testing.T, public Public) {
	content, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	var again Public
	if err := json.Unmarshal(content, &again); err != nil || again != public {
		t.Errorf("JSON %s gives %v, %v", content, again, err)
	}
	text, err := yaml.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	again = Public{}
	if err := yaml.Unmarshal(text, &again); err != nil || again != public {
		t.Errorf("YAML %s gives %v, %v", text, again, err)
	}
	if strings.Contains(string(content)+string(text), "bls") == public.BLSPublicKey.IsZero() {
		t.Errorf("texts %s and %s", content, text)
	}
	if string(public.OnchainPublicKey()) != string(public.OnchainAddress[:]) || string(public.Account()) != public.TransmitAccount.String() {
		t.Error("contract forms differ")
	}
}

func TestKeyTexts(t *testing.T) {
	for text, want := range map[string]string{
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":   "",
		"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed":   "",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD":   "checksum",
		"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":     "0x",
		"0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":   "0x",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedff": "0x",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg":   "0x",
	} {
		var a Address
		err := a.UnmarshalText([]byte(text))
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("address %s: got %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"", "0x", "0x00", strings.Repeat("0", 66), "0x" + strings.Repeat("g", 64)} {
		var k HexKey
		if err := k.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("public key %q was accepted", text)
		}
		bls := BLSPublicKey{1}
		if err := bls.UnmarshalText([]byte(text)); (err == nil) != (text == "") || (bls == BLSPublicKey{1}) != (err != nil) {
			t.Errorf("BLS public key %q: %v, key %s", text, err, bls)
		}
	}
}

// FuzzParse feeds arbitrary content to what parses key files.
func FuzzParse(f *testing.F) {
	b, err := GenerateBundle(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	content, err := b.Encrypt(NewPassword("pass"), LightStrength)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	v3, err := b.Onchain.EncryptKeystoreV3(NewPassword("pass"), LightStrength)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(v3)
	if b.BLS, err = GenerateBLSKey(rand.Reader); err != nil {
		f.Fatal(err)
	}
	if content, err = b.Encrypt(NewPassword("pass"), LightStrength); err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Fuzz(func(t *testing.T, content []byte) {
		if parsed, err := parseFile(content); err == nil && (parsed.KDF.N > maxScryptN || len(parsed.Ciphertext) > 6*seedSize+tagSize) {
			t.Errorf("out of bounds: %+v", parsed.KDF)
		}
		_ = checkKeystoreV3(content)
	})
}
