package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/crypto/scrypt"
)

// ErrWrongPassword says that the password does not open the file, or that the encrypted part of the file was changed: the two
// cannot be told apart.
var ErrWrongPassword = errors.New("keys: wrong password, or the file was tampered with")

// Strength is the work that an attacker has to spend on each guess of a password, and the owner on each use.
type Strength int

const (
	// StandardStrength takes about a second and 256 MB.
	StandardStrength Strength = iota
	// LightStrength takes milliseconds. It is for tests and keys that protect nothing.
	LightStrength
)

// trivialStrength is for tests that open very many files.
const trivialStrength Strength = -1

func (s Strength) n() int {
	if s == trivialStrength {
		return 1 << 4
	}
	if s == LightStrength {
		return 1 << 12
	}
	return 1 << 18
}

const (
	fileKind = "ocrkit-keys"
	// fileVersion is that of files without a BLS key, fileVersionBLS that of files with one. All else is the same.
	fileVersion    = 1
	fileVersionBLS = 2

	scryptR = 8
	scryptP = 1
	// maxScryptN and maxScryptP bound what a file may ask for: 1 GiB of memory, about a minute.
	maxScryptN = 1 << 20
	maxScryptP = 16

	saltSize  = 32
	nonceSize = 12
	tagSize   = 16
	// maxFileBytes bounds a key file, which has about 1,500 bytes, or 2,000 with a BLS key.
	maxFileBytes = 64 << 10
)

// file is the encrypted form of a bundle: JSON whose header (everything but the ciphertext) is authenticated.
type file struct {
	header
	Ciphertext hexBytes `json:"ciphertext"`
}

type header struct {
	Kind    string   `json:"kind"`
	Version int      `json:"version"`
	Public  Public   `json:"public"`
	KDF     kdf      `json:"kdf"`
	Cipher  string   `json:"cipher"`
	Nonce   hexBytes `json:"nonce"`
}

type kdf struct {
	Name string   `json:"name"`
	N    int      `json:"n"`
	R    int      `json:"r"`
	P    int      `json:"p"`
	Salt hexBytes `json:"salt"`
}

type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = b
	return err
}

// secretsOf is how many secrets of seedSize bytes a file of that version has.
func secretsOf(version int) int {
	if version == fileVersionBLS {
		return 6
	}
	return 5
}

// secrets returns the plaintext of a key file: off-chain signing, config encryption, on-chain signing, transmitting, peer, and BLS
// if there is such a key.
func (b *Bundle) secrets() ([]byte, error) {
	plaintext := make([]byte, 0, secretsOf(fileVersionBLS)*seedSize)
	plaintext = append(plaintext, b.Offchain.signing.Seed()...)
	plaintext = append(plaintext, b.Offchain.encryption.Bytes()...)
	plaintext = append(plaintext, crypto.FromECDSA(b.Onchain.private)...)
	plaintext = append(plaintext, crypto.FromECDSA(b.Transmit.private)...)
	plaintext = append(plaintext, b.Peer.private.Seed()...)
	if b.BLS != nil {
		bls, err := b.BLS.secret.Bytes()
		if err != nil {
			return nil, fmt.Errorf("keys: BLS: %w", err)
		}
		plaintext = append(plaintext, bls...)
		clear(bls)
	}
	return plaintext, nil
}

func bundleFromSecrets(version int, plaintext []byte) (*Bundle, error) {
	if want := secretsOf(version) * seedSize; len(plaintext) != want {
		return nil, fmt.Errorf("keys: %d bytes of secrets, want %d", len(plaintext), want)
	}
	var seeds [6][seedSize]byte
	for i := range len(plaintext) / seedSize {
		copy(seeds[i][:], plaintext[i*seedSize:])
	}
	var b Bundle
	var err error
	if b.Offchain, err = newOffchainKeys(seeds[0], seeds[1]); err != nil {
		return nil, err
	}
	if b.Onchain, err = newEVMKey(seeds[2]); err != nil {
		return nil, err
	}
	if b.Transmit, err = newEVMKey(seeds[3]); err != nil {
		return nil, err
	}
	b.Peer = newPeerKey(seeds[4])
	if version == fileVersionBLS {
		if b.BLS, err = newBLSKey(seeds[5]); err != nil {
			return nil, err
		}
	}
	return &b, nil
}

// Encrypt returns the bundle as the content of a key file: JSON with the public side in clear and the secrets encrypted with
// AES-256-GCM under a key that scrypt derives from the password. Without a BLS key the file is one that earlier releases read.
func (b *Bundle) Encrypt(password Password, strength Strength) ([]byte, error) {
	if err := password.check(); err != nil {
		return nil, err
	}
	f := file{header: header{
		Kind: fileKind, Version: fileVersion, Public: b.Public(),
		KDF:    kdf{Name: "scrypt", N: strength.n(), R: scryptR, P: scryptP, Salt: make([]byte, saltSize)},
		Cipher: "aes-256-gcm", Nonce: make([]byte, nonceSize),
	}}
	if b.BLS != nil {
		f.Version = fileVersionBLS
	}
	for _, random := range [][]byte{f.KDF.Salt, f.Nonce} {
		if _, err := io.ReadFull(rand.Reader, random); err != nil {
			return nil, fmt.Errorf("keys: cannot read randomness: %w", err)
		}
	}
	aead, err := f.aead(password)
	if err != nil {
		return nil, err
	}
	authenticated, err := json.Marshal(f.header)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	plaintext, err := b.secrets()
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	f.Ciphertext = aead.Seal(nil, f.Nonce, plaintext, authenticated)
	content, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return append(content, '\n'), nil
}

// Decrypt is the inverse of Encrypt. It fails with ErrWrongPassword, or an error that says what is wrong with the file.
func Decrypt(content []byte, password Password) (*Bundle, error) {
	f, err := parseFile(content)
	if err != nil {
		return nil, err
	}
	aead, err := f.aead(password)
	if err != nil {
		return nil, err
	}
	authenticated, err := json.Marshal(f.header)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	plaintext, err := aead.Open(nil, f.Nonce, f.Ciphertext, authenticated)
	if err != nil {
		return nil, ErrWrongPassword
	}
	defer clear(plaintext)
	b, err := bundleFromSecrets(f.Version, plaintext)
	if err != nil {
		return nil, err
	}
	if b.Public() != f.Public {
		return nil, errors.New("keys: the public keys in the file do not belong to the secret ones")
	}
	return b, nil
}

// PublicOf reads the public side from the content of a key file, without the password. It is what the file says: only Decrypt
// proves it.
func PublicOf(content []byte) (Public, error) {
	f, err := parseFile(content)
	if err != nil {
		return Public{}, err
	}
	return f.Public, nil
}

func parseFile(content []byte) (*file, error) {
	if len(content) > maxFileBytes {
		return nil, fmt.Errorf("keys: key file has %d bytes, at most %d are allowed", len(content), maxFileBytes)
	}
	// Kind and version first: another version may have other fields.
	var id struct {
		Kind    string `json:"kind"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(content, &id); err != nil {
		return nil, fmt.Errorf("keys: key file is no JSON, or was cut off: %w", err)
	}
	if id.Kind != fileKind {
		return nil, fmt.Errorf("keys: not a key file: its kind is %.40q, want %q", id.Kind, fileKind)
	}
	if id.Version != fileVersion && id.Version != fileVersionBLS {
		return nil, fmt.Errorf("keys: key file has version %d, this program knows versions %d and %d only", id.Version, fileVersion, fileVersionBLS)
	}
	var f file
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return nil, fmt.Errorf("keys: key file: %w", err)
	}
	ciphertextSize := secretsOf(f.Version)*seedSize + tagSize
	switch {
	case f.Public.BLSPublicKey.IsZero() != (f.Version == fileVersion):
		return nil, fmt.Errorf("keys: key file: files of version %d, and no others, have a BLS key; this one has version %d and public key %.12q", fileVersionBLS, f.Version, f.Public.BLSPublicKey)
	case f.KDF.Name != "scrypt":
		return nil, fmt.Errorf("keys: key file: key derivation %.40q is unknown", f.KDF.Name)
	case f.KDF.N < 2 || f.KDF.N > maxScryptN || bits.OnesCount(uint(f.KDF.N)) != 1 || f.KDF.R != scryptR || f.KDF.P < 1 || f.KDF.P > maxScryptP:
		return nil, fmt.Errorf("keys: key file: scrypt with n %d, r %d, p %d is out of bounds", f.KDF.N, f.KDF.R, f.KDF.P)
	case len(f.KDF.Salt) != saltSize:
		return nil, fmt.Errorf("keys: key file: salt has %d bytes, want %d", len(f.KDF.Salt), saltSize)
	case f.Cipher != "aes-256-gcm":
		return nil, fmt.Errorf("keys: key file: cipher %.40q is unknown", f.Cipher)
	case len(f.Nonce) != nonceSize:
		return nil, fmt.Errorf("keys: key file: nonce has %d bytes, want %d", len(f.Nonce), nonceSize)
	case len(f.Ciphertext) != ciphertextSize:
		return nil, fmt.Errorf("keys: key file: ciphertext has %d bytes, want %d", len(f.Ciphertext), ciphertextSize)
	}
	return &f, nil
}

func (f *file) aead(password Password) (cipher.AEAD, error) {
	key, err := scrypt.Key(password.text, f.KDF.Salt, f.KDF.N, f.KDF.R, f.KDF.P, 32)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return cipher.NewGCM(block)
}

// checkKeystoreV3 bounds the work that a keystore of an Ethereum client asks for, before it is done.
func checkKeystoreV3(content []byte) error {
	var parsed struct {
		Crypto struct {
			KDF       string `json:"kdf"`
			KDFParams struct {
				N int `json:"n"`
				R int `json:"r"`
				P int `json:"p"`
				C int `json:"c"`
			} `json:"kdfparams"`
		} `json:"crypto"`
	}
	if err := json.Unmarshal(content, &parsed); err != nil {
		return fmt.Errorf("keys: keystore is no JSON, or was cut off: %w", err)
	}
	const maxIterations = 10_000_000 // of PBKDF2
	p := parsed.Crypto.KDFParams
	if p.N < 0 || p.N > maxScryptN || p.R < 0 || p.R > scryptR || p.P < 0 || p.P > maxScryptP || p.C < 0 || p.C > maxIterations {
		return fmt.Errorf("keys: keystore: key derivation with n %d, r %d, p %d, c %d is out of bounds", p.N, p.R, p.P, p.C)
	}
	return nil
}
