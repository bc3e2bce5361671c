package config

import (
	"crypto/aes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/sha3"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// SharedSecretSize is the length of a shared secret in bytes.
const SharedSecretSize = 16

// SharedSecret is known to all oracles of an instance and to whoever composed its config. It makes leaders and transmitters
// unpredictable for outsiders; neither safety nor liveness rests on it. It prints as "SharedSecret(redacted)".
type SharedSecret [SharedSecretSize]byte

// String hides the secret.
func (SharedSecret) String() string { return "SharedSecret(redacted)" }

// GoString hides the secret.
func (SharedSecret) GoString() string { return "SharedSecret(redacted)" }

// SharedSecretEncryptions is the shared secret as a config publishes it: encrypted to each oracle, and hashed, so that every
// oracle can tell that it decrypted what the others did.
type SharedSecretEncryptions struct {
	// DiffieHellmanPoint is the dealer's ephemeral X25519 public key.
	DiffieHellmanPoint [curve25519.PointSize]byte
	// SharedSecretHash is the keccak256 hash of the secret.
	SharedSecretHash [32]byte
	// Encryptions has one AES block for each oracle, by oracle id.
	Encryptions [][aes.BlockSize]byte
}

// ErrNoEncryption: the list of encryptions has no entry for the oracle.
var ErrNoEncryption = errors.New("there is no encryption of the shared secret for this oracle")

// ErrSecretMismatch: what was decrypted is not the secret whose hash the config publishes. The key pair is not the one that
// the config was encrypted to, or the config is damaged.
var ErrSecretMismatch = errors.New("the decrypted shared secret does not have the published hash")

// EncryptSharedSecret encrypts the secret to the oracles' public keys, in the order of their ids, under the ephemeral secret
// key. The key may be any 32 bytes and must be used only once; it should be erased afterwards.
//
// It fails when a public key is a point of low order, since then everybody could decrypt.
func EncryptSharedSecret(
	publicKeys []types.ConfigEncryptionPublicKey,
	secret SharedSecret,
	ephemeralSecretKey [curve25519.ScalarSize]byte,
) (SharedSecretEncryptions, error) {
	point, err := curve25519.X25519(ephemeralSecretKey[:], curve25519.Basepoint)
	if err != nil {
		return SharedSecretEncryptions{}, fmt.Errorf("ephemeral key: %w", err)
	}
	encryptions := make([][aes.BlockSize]byte, len(publicKeys))
	for i, publicKey := range publicKeys {
		shared, err := curve25519.X25519(ephemeralSecretKey[:], publicKey[:])
		if err != nil {
			return SharedSecretEncryptions{}, fmt.Errorf("config encryption key %x of oracle %d is unusable: %w", publicKey, i, err)
		}
		block, err := aes.NewCipher(keccak128(shared))
		if err != nil {
			return SharedSecretEncryptions{}, err
		}
		block.Encrypt(encryptions[i][:], secret[:])
	}
	return SharedSecretEncryptions{[curve25519.PointSize]byte(point), keccak256(secret[:]), encryptions}, nil
}

// EncryptSharedSecretFromReader is EncryptSharedSecret with an ephemeral key of exactly 32 bytes from a source of randomness.
func EncryptSharedSecretFromReader(
	publicKeys []types.ConfigEncryptionPublicKey,
	secret SharedSecret,
	random io.Reader,
) (SharedSecretEncryptions, error) {
	var ephemeral [curve25519.ScalarSize]byte
	if _, err := io.ReadFull(random, ephemeral[:]); err != nil {
		return SharedSecretEncryptions{}, fmt.Errorf("reading %d random bytes for the ephemeral key: %w", len(ephemeral), err)
	}
	defer clear(ephemeral[:])
	return EncryptSharedSecret(publicKeys, secret, ephemeral)
}

// Decrypt returns the secret. diffieHellman is X25519 with the oracle's own config encryption key, that is
// OffchainKeyring.ConfigDiffieHellman.
//
// It fails with ErrNoEncryption, with the error of diffieHellman, or with ErrSecretMismatch.
func (e SharedSecretEncryptions) Decrypt(
	oracle commontypes.OracleID,
	diffieHellman func(point [32]byte) (sharedPoint [32]byte, err error),
) (SharedSecret, error) {
	if int(oracle) >= len(e.Encryptions) {
		return SharedSecret{}, fmt.Errorf("oracle %d of %d: %w", oracle, len(e.Encryptions), ErrNoEncryption)
	}
	shared, err := diffieHellman(e.DiffieHellmanPoint)
	if err != nil {
		return SharedSecret{}, fmt.Errorf("key agreement with the config's Diffie-Hellman point: %w", err)
	}
	block, err := aes.NewCipher(keccak128(shared[:]))
	if err != nil {
		return SharedSecret{}, err
	}
	var secret SharedSecret
	block.Decrypt(secret[:], e.Encryptions[oracle][:])
	if keccak256(secret[:]) != e.SharedSecretHash {
		return SharedSecret{}, fmt.Errorf("oracle %d: %w", oracle, ErrSecretMismatch)
	}
	return secret, nil
}

func keccak256(parts ...[]byte) (sum [32]byte) {
	h := sha3.NewLegacyKeccak256()
	for _, part := range parts {
		h.Write(part)
	}
	h.Sum(sum[:0])
	return sum
}

// keccak128 returns the first half of keccak256.
func keccak128(parts ...[]byte) []byte {
	sum := keccak256(parts...)
	return sum[:16]
}
