package engine

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"
)

// Keys are real keys of oracles on EVM chains: Ed25519 among oracles, secp256k1 for the contract.
type Keys []*keys.Bundle

// NewKeys makes the keys of n oracles.
func NewKeys(seed uint64, n int) (k Keys, err error) {
	random := Random(seed)
	for range n {
		bundle, err := keys.GenerateBundle(random)
		if err != nil {
			return nil, fmt.Errorf("sim: %w", err)
		}
		k = append(k, bundle)
	}
	return k, nil
}

// SignOffchain signs with Ed25519.
func (k Keys) SignOffchain(signer commontypes.OracleID, message []byte) []byte {
	signature, err := k[signer].Offchain.OffchainSign(message)
	if err != nil {
		panic(err) // keys in memory do not fail
	}
	return signature
}

// VerifyOffchain tells whether a signature is Ed25519's.
func (k Keys) VerifyOffchain(signer commontypes.OracleID, message, signature []byte) bool {
	public := k[signer].Offchain.OffchainPublicKey()
	return ed25519.Verify(public[:], message, signature)
}

// SignHash signs with secp256k1: r, s, v.
func (k Keys) SignHash(signer commontypes.OracleID, hash common.Hash) []byte {
	signature, err := k[signer].Onchain.SignHash(hash)
	if err != nil {
		panic(err) // keys in memory do not fail
	}
	return signature
}

// Recover returns who signed a hash, -1 if it was none of the oracles.
func (k Keys) Recover(hash common.Hash, signature []byte) int {
	if len(signature) != crypto.SignatureLength {
		return -1
	}
	public, err := crypto.SigToPub(hash[:], signature)
	if err != nil {
		return -1
	}
	address := crypto.PubkeyToAddress(*public)
	for i := range k {
		if k[i].Onchain.Address() == address {
			return i
		}
	}
	return -1
}

// Seals is a scheme that costs a hash for a signature: the hash of a secret of the run, the signer and the message. No traitor is
// given the secret, so none can make a seal in another's name.
type Seals struct{ secret [16]byte }

// NewSeals returns the scheme of a run; label tells simulators apart.
func NewSeals(label string, seed uint64) (s Seals) {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(label), seed))
	copy(s.secret[:], sum[:])
	return s
}

// Seal signs. A seal of one kind is good for no other.
func (s *Seals) Seal(kind byte, signer commontypes.OracleID, message []byte) [sha512.Size]byte {
	var buffer [256]byte
	b := append(buffer[:0], s.secret[:]...)
	b = append(b, kind, byte(signer))
	return sha512.Sum512(append(b, message...))
}
