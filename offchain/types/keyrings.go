package types

// OffchainKeyring holds the keys that an oracle uses among oracles. They must not be used for anything else.
type OffchainKeyring interface {
	// OffchainSign returns the 64-byte plain Ed25519 signature (no pre-hash, no context) of msg.
	OffchainSign(msg []byte) (signature []byte, err error)

	// ConfigDiffieHellman returns X25519(secret key, point): the shared point from which the oracle decrypts its part of a
	// config. It must fail where that is the all-zero point.
	ConfigDiffieHellman(point [32]byte) (sharedPoint [32]byte, err error)

	// OffchainPublicKey returns the public key of OffchainSign.
	OffchainPublicKey() OffchainPublicKey

	// ConfigEncryptionPublicKey returns the public key of ConfigDiffieHellman.
	ConfigEncryptionPublicKey() ConfigEncryptionPublicKey
}

// OnchainKeyring holds the key with which an OCR2 oracle signs reports for the contract, and knows the contract's signature
// scheme.
//
// What is signed must bind the config digest, the epoch, the round and the extra hash of the report context as well as the
// report, so that a signature serves one report of one instance only.
type OnchainKeyring interface {
	// PublicKey returns the public key of Sign, in the form in which the config lists it.
	PublicKey() OnchainPublicKey

	// Sign signs a report in its context. Neither the signature's error nor any log line may give away the report.
	Sign(ReportContext, Report) (signature []byte, err error)

	// Verify tells whether the signature on the report in its context is by the given key. All arguments may come from an
	// adversary: it must return false on whatever is malformed, and never panic.
	Verify(_ OnchainPublicKey, _ ReportContext, _ Report, signature []byte) bool

	// MaxSignatureLength returns the length in bytes of the longest signature that Sign returns. It must be the same on all
	// oracles: limits on message sizes follow from it.
	MaxSignatureLength() int
}
