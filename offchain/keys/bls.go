package keys

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/crypto/bn254bls"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// BLSKey is a key on BN254 with which an OCR3 oracle signs reports for contracts that verify BLS attestations. It is safe for
// concurrent use.
type BLSKey struct {
	redacted
	secret *bn254bls.SecretKey
	public BLSPublicKey
}

// GenerateBLSKey makes a key from the first 32 bytes of r that, without their two highest bits, are a valid scalar: three of four
// are.
func GenerateBLSKey(r io.Reader) (*BLSKey, error) {
	secret, err := bn254bls.GenerateSecretKey(r)
	if err != nil {
		return nil, fmt.Errorf("keys: BLS: %w", err)
	}
	return NewBLSKey(secret)
}

// NewBLSKey takes an existing secret key. It fails if the key was erased. The secret key must not be erased while the BLSKey is in
// use.
func NewBLSKey(secret *bn254bls.SecretKey) (*BLSKey, error) {
	if secret == nil {
		return nil, errors.New("keys: BLS: no secret key")
	}
	entry, err := secret.KeyEntry()
	if err != nil {
		return nil, fmt.Errorf("keys: BLS: %w", err)
	}
	return &BLSKey{secret: secret, public: entry.Bytes()}, nil
}

func newBLSKey(seed [seedSize]byte) (*BLSKey, error) {
	secret, err := bn254bls.SecretKeyFromBytes(seed[:])
	if err != nil {
		return nil, fmt.Errorf("keys: BLS: %w", err)
	}
	return NewBLSKey(secret)
}

// PublicKey returns the public key with its proof of possession.
func (k *BLSKey) PublicKey() BLSPublicKey { return k.public }

// SecretKey returns the secret itself, for what signs with it: ocr3keyring.NewBLS. Whoever calls this must not let it show.
func (k *BLSKey) SecretKey() *bn254bls.SecretKey { return k.secret }

// BLSPublicKey is a public key on BN254 (128 bytes) and the proof that its owner has the secret one (33 bytes), as the key lists of
// contracts hold them. The zero value stands for no key. Its text is 0x and 322 hexadecimal digits.
type BLSPublicKey [bn254bls.KeySize]byte

// IsZero tells whether there is no key. JSON and YAML leave such keys out.
func (k BLSPublicKey) IsZero() bool { return k == BLSPublicKey{} }

// Check tells what is wrong with the key: whether it is one, and its proof belongs to it. Nothing else checks that before the key
// gets into a key list: a text that can be read may be no key at all. It takes some milliseconds.
func (k BLSPublicKey) Check() error {
	entry, err := bn254bls.DecodeKeyEntry(k[:])
	if err == nil {
		err = entry.Check()
	}
	if err != nil {
		return fmt.Errorf("BLS public key: %w", err)
	}
	return nil
}

// OnchainPublicKey returns the key as the signer of an OCR3 config, nil if there is no key.
func (k BLSPublicKey) OnchainPublicKey() types.OnchainPublicKey {
	if k.IsZero() {
		return nil
	}
	return k[:]
}

// String returns the text of the key, nothing if there is no key.
func (k BLSPublicKey) String() string {
	if k.IsZero() {
		return ""
	}
	return "0x" + hex.EncodeToString(k[:])
}

// MarshalText returns what String returns. It never fails.
func (k BLSPublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what String writes, upper or lower case. It looks at the form only; see Check. On error the key is left as it
// was.
func (k *BLSPublicKey) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*k = BLSPublicKey{}
		return nil
	}
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok || len(digits) != 2*len(k) {
		return fmt.Errorf("BLS public key: got %d characters, want 0x and %d hexadecimal digits", len(text), 2*len(k))
	}
	var parsed BLSPublicKey
	if _, err := hex.Decode(parsed[:], []byte(digits)); err != nil {
		return fmt.Errorf("BLS public key %.20q...: %w", text, err)
	}
	*k = parsed
	return nil
}
