package peerid

import (
	"crypto/ed25519"
	"fmt"
	"slices"
)

// PrivateKeyKeyring is a PeerKeyring that keeps the private key in memory. It is safe for concurrent use.
type PrivateKeyKeyring struct {
	privateKey ed25519.PrivateKey
}

var _ PeerKeyring = (*PrivateKeyKeyring)(nil)

// NewPrivateKeyKeyring makes a keyring of a private key in its 64-byte form (seed, then public key). It refuses a key of
// another length and one whose public half does not belong to its seed: signing with such a key would give the seed away.
// The key is copied.
func NewPrivateKeyKeyring(sk ed25519.PrivateKey) (*PrivateKeyKeyring, error) {
	if err := checkPrivateKey(sk); err != nil {
		return nil, fmt.Errorf("peer keyring: %w", err)
	}
	return &PrivateKeyKeyring{slices.Clone(sk)}, nil
}

// Sign returns the 64-byte Ed25519 signature of msg. It never fails.
func (k *PrivateKeyKeyring) Sign(msg []byte) (signature []byte, err error) {
	return ed25519.Sign(k.privateKey, msg), nil
}

// PublicKey returns the keyring's public key.
func (k *PrivateKeyKeyring) PublicKey() PeerPublicKey {
	return PeerPublicKey(k.privateKey.Public().(ed25519.PublicKey))
}
