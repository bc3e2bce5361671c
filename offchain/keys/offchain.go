package keys

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"fmt"
	"io"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// seedSize is the size in bytes of every secret in this package: Ed25519 seeds, X25519 and secp256k1 scalars.
const seedSize = 32

// OffchainKeys are the keys that an oracle uses among oracles: Ed25519 for signing and X25519 for the encryption of configs.
// They implement types.OffchainKeyring and are safe for concurrent use.
type OffchainKeys struct {
	redacted
	signing    *ed25519.PrivateKey
	encryption *ecdh.PrivateKey
}

var _ types.OffchainKeyring = (*OffchainKeys)(nil)

// GenerateOffchainKeys makes keys from 64 bytes of r, which is crypto/rand.Reader except where keys must be reproducible.
func GenerateOffchainKeys(r io.Reader) (*OffchainKeys, error) {
	var seeds [2][seedSize]byte
	for i := range seeds {
		if _, err := io.ReadFull(r, seeds[i][:]); err != nil {
			return nil, fmt.Errorf("keys: cannot read randomness: %w", err)
		}
	}
	return newOffchainKeys(seeds[0], seeds[1])
}

func newOffchainKeys(signingSeed, encryptionSecret [seedSize]byte) (*OffchainKeys, error) {
	encryption, err := ecdh.X25519().NewPrivateKey(encryptionSecret[:])
	if err != nil {
		return nil, fmt.Errorf("keys: config encryption key: %w", err)
	}
	signing := ed25519.NewKeyFromSeed(signingSeed[:])
	return &OffchainKeys{signing: &signing, encryption: encryption}, nil
}

// OffchainSign implements types.OffchainKeyring. It never fails.
func (k *OffchainKeys) OffchainSign(msg []byte) (signature []byte, err error) {
	return ed25519.Sign(*k.signing, msg), nil
}

// ConfigDiffieHellman implements types.OffchainKeyring.
func (k *OffchainKeys) ConfigDiffieHellman(point [32]byte) (sharedPoint [32]byte, err error) {
	public, err := ecdh.X25519().NewPublicKey(point[:])
	if err != nil {
		return [32]byte{}, fmt.Errorf("keys: config Diffie-Hellman: %w", err)
	}
	shared, err := k.encryption.ECDH(public)
	if err != nil {
		return [32]byte{}, fmt.Errorf("keys: config Diffie-Hellman: the point has low order: %w", err)
	}
	return [32]byte(shared), nil
}

// OffchainPublicKey implements types.OffchainKeyring.
func (k *OffchainKeys) OffchainPublicKey() types.OffchainPublicKey {
	return types.OffchainPublicKey(k.signing.Public().(ed25519.PublicKey))
}

// ConfigEncryptionPublicKey implements types.OffchainKeyring.
func (k *OffchainKeys) ConfigEncryptionPublicKey() types.ConfigEncryptionPublicKey {
	return types.ConfigEncryptionPublicKey(k.encryption.PublicKey().Bytes())
}

// PeerKey is the key that identifies a node on the network. It implements peerid.PeerKeyring and is safe for concurrent use.
type PeerKey struct {
	redacted
	private *ed25519.PrivateKey
}

var _ peerid.PeerKeyring = (*PeerKey)(nil)

// GeneratePeerKey makes a key from 32 bytes of r.
func GeneratePeerKey(r io.Reader) (*PeerKey, error) {
	var seed [seedSize]byte
	if _, err := io.ReadFull(r, seed[:]); err != nil {
		return nil, fmt.Errorf("keys: cannot read randomness: %w", err)
	}
	return newPeerKey(seed), nil
}

func newPeerKey(seed [seedSize]byte) *PeerKey {
	private := ed25519.NewKeyFromSeed(seed[:])
	return &PeerKey{private: &private}
}

// Sign implements peerid.PeerKeyring. It never fails.
func (k *PeerKey) Sign(msg []byte) (signature []byte, err error) {
	return ed25519.Sign(*k.private, msg), nil
}

// PublicKey implements peerid.PeerKeyring.
func (k *PeerKey) PublicKey() peerid.PeerPublicKey {
	return peerid.PeerPublicKey(k.private.Public().(ed25519.PublicKey))
}

// PeerID returns the id of the peer.
func (k *PeerKey) PeerID() peerid.PeerID { return peerid.PeerIDFromKeyring(k) }
