package ocr1types

// OnChainSigningAddress is the address of the key with which an oracle signs reports.
type OnChainSigningAddress [20]byte

// OffchainPublicKey is the Ed25519 public key of the signatures that oracles exchange among themselves: 32 bytes.
type OffchainPublicKey []byte

// SharedSecretEncryptionPublicKey is an X25519 public key. The setter of a config encrypts the shared secret of the oracles
// to it.
type SharedSecretEncryptionPublicKey [32]byte

// PrivateKeys hold the secret keys of one oracle. The methods may be called concurrently.
type PrivateKeys interface {
	// SignOnChain signs the Keccak-256 hash of msg with the secp256k1 key: 65 bytes r, s, v with v of 0 or 1.
	SignOnChain(msg []byte) (signature []byte, err error)

	// SignOffChain signs msg with the Ed25519 key: 64 bytes.
	SignOffChain(msg []byte) (signature []byte, err error)

	// ConfigDiffieHellman multiplies the point base by the secret X25519 key.
	ConfigDiffieHellman(base *[32]byte) (sharedPoint *[32]byte, err error)

	// PublicKeyAddressOnChain returns the address of SignOnChain's key.
	PublicKeyAddressOnChain() OnChainSigningAddress

	// PublicKeyOffChain returns the public key of SignOffChain.
	PublicKeyOffChain() OffchainPublicKey

	// PublicKeyConfig returns the public key of ConfigDiffieHellman.
	PublicKeyConfig() [32]byte
}
