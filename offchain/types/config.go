package types

import "context"

// MaxOracles is the largest number of oracles in one protocol instance.
const MaxOracles = 31

// Account is an address that sends transactions, as text in the notation of its chain; on EVM chains 0x and 40 hexadecimal
// characters with the checksum in their case (EIP-55). Accounts are compared byte for byte, so case matters.
type Account string

// OnchainPublicKey is the key with which the contract recognises an oracle's signatures on reports. On EVM chains it is a
// 20-byte address; other chains may use any number of bytes.
type OnchainPublicKey []byte

// OffchainPublicKey is the Ed25519 public key of the signatures that oracles exchange among themselves.
type OffchainPublicKey [32]byte

// ConfigEncryptionPublicKey is an X25519 public key. The setter of a config encrypts the shared secret of the oracles to it.
type ConfigEncryptionPublicKey [32]byte

// ContractConfig is a config as the contract publishes it.
type ContractConfig struct {
	// ConfigDigest is the digest that the contract computed.
	ConfigDigest ConfigDigest
	// ConfigCount is the number of configs set so far, this one included; the first has 1.
	ConfigCount uint64
	// Signers are the onchain public keys of the oracles, by oracle id.
	Signers []OnchainPublicKey
	// Transmitters are the accounts from which the oracles send their transactions, by oracle id.
	Transmitters []Account
	// F is the number of faulty oracles that are tolerated. 3*F must be less than the number of oracles.
	F uint8
	// OnchainConfig is the part of the config that the contract reads, in an encoding of the contract and the plugin.
	OnchainConfig []byte
	// OffchainConfigVersion tells the encoding of OffchainConfig, and with it the version of the protocol.
	OffchainConfigVersion uint64
	// OffchainConfig is the part of the config that the contract only passes on. At most 2,000,000 bytes.
	OffchainConfig []byte
}

// ContractConfigTracker tells what config is set on the contract. One goroutine per oracle or bootstrapper makes the calls,
// one after the other. The calls of one poll share a context that ends after LocalConfig.ContractConfigLoadTimeout.
type ContractConfigTracker interface {
	// Notify is called once, at the start. Each value on the channel is a hint that the config may have changed; it makes the
	// next poll happen at once. A nil channel is fine: then there is only the polling at regular intervals. The channel must
	// not be closed while the oracle runs.
	Notify() <-chan struct{}

	// LatestConfigDetails returns the block in which the latest config was set and the digest of that config. Where no config
	// has been set it returns the zero digest, and no error.
	LatestConfigDetails(ctx context.Context) (changedInBlock uint64, configDigest ConfigDigest, err error)

	// LatestConfig returns the config that was set in exactly the given block; the last one, if that block set several. Its
	// digest must be the one that LatestConfigDetails returned.
	LatestConfig(ctx context.Context, changedInBlock uint64) (ContractConfig, error)

	// LatestBlockHeight returns the height of the chain as seen now. A config is acted upon when enough blocks lie on top of
	// it (LocalConfig.ContractConfigConfirmations).
	LatestBlockHeight(ctx context.Context) (blockHeight uint64, err error)
}

// OffchainConfigDigester computes config digests off chain, in the way of the contract. Oracles accept a config only when
// the digest computed here equals the published one, so a node of the chain cannot pass off a forged config.
// Both methods must be pure: the same arguments always give the same result.
type OffchainConfigDigester interface {
	// ConfigDigest computes the digest of a config. It must not look at the field ConfigDigest of its argument. The result must
	// begin with what ConfigDigestPrefix returns.
	ConfigDigest(context.Context, ContractConfig) (ConfigDigest, error)

	// ConfigDigestPrefix returns the prefix of all digests that this digester computes.
	ConfigDigestPrefix(context.Context) (ConfigDigestPrefix, error)
}
