package evm

import (
	"errors"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
)

// OCR1PrivateKeys are the keys of an OCR1 oracle. They implement ocr1types.PrivateKeys and are safe for concurrent use.
type OCR1PrivateKeys struct {
	onchain  *keys.EVMKey
	offchain *keys.OffchainKeys
}

var _ ocr1types.PrivateKeys = (*OCR1PrivateKeys)(nil)

// NewOCR1PrivateKeys takes what an OCR1 oracle needs of the keys of an oracle: the key that signs reports, and those used among
// oracles.
func NewOCR1PrivateKeys(onchain *keys.EVMKey, offchain *keys.OffchainKeys) (*OCR1PrivateKeys, error) {
	if onchain == nil || offchain == nil {
		return nil, errors.New("evm: keys of an OCR1 oracle: a key is missing")
	}
	return &OCR1PrivateKeys{onchain, offchain}, nil
}

// SignOnChain implements ocr1types.PrivateKeys. The signature has a low s and a deterministic nonce.
func (k *OCR1PrivateKeys) SignOnChain(msg []byte) (signature []byte, err error) {
	if signature, err = k.onchain.SignHash(crypto.Keccak256Hash(msg)); err != nil {
		return nil, errors.New("evm: cannot sign the report") // the cause could show the key
	}
	return signature, nil
}

// SignOffChain implements ocr1types.PrivateKeys.
func (k *OCR1PrivateKeys) SignOffChain(msg []byte) (signature []byte, err error) {
	return k.offchain.OffchainSign(msg)
}

// ConfigDiffieHellman implements ocr1types.PrivateKeys.
func (k *OCR1PrivateKeys) ConfigDiffieHellman(base *[32]byte) (sharedPoint *[32]byte, err error) {
	if base == nil {
		return nil, errors.New("evm: config Diffie-Hellman: no point")
	}
	shared, err := k.offchain.ConfigDiffieHellman(*base)
	if err != nil {
		return nil, err
	}
	return &shared, nil
}

// PublicKeyAddressOnChain implements ocr1types.PrivateKeys.
func (k *OCR1PrivateKeys) PublicKeyAddressOnChain() ocr1types.OnChainSigningAddress {
	return ocr1types.OnChainSigningAddress(k.onchain.Address())
}

// PublicKeyOffChain implements ocr1types.PrivateKeys.
func (k *OCR1PrivateKeys) PublicKeyOffChain() ocr1types.OffchainPublicKey {
	key := k.offchain.OffchainPublicKey()
	return key[:]
}

// PublicKeyConfig implements ocr1types.PrivateKeys.
func (k *OCR1PrivateKeys) PublicKeyConfig() [32]byte { return k.offchain.ConfigEncryptionPublicKey() }
