package keys

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/google/uuid"
)

// maxKeystoreV3Bytes bounds a keystore file of Ethereum clients, which has about 500 bytes.
const maxKeystoreV3Bytes = 64 << 10

// EVMKey is a secp256k1 key of an EVM chain. It is safe for concurrent use.
type EVMKey struct {
	redacted
	private *ecdsa.PrivateKey
	address common.Address
}

// GenerateEVMKey makes a key from the first 32 bytes of r that are a valid scalar (in practice: the first 32).
func GenerateEVMKey(r io.Reader) (*EVMKey, error) {
	for range 4 { // one in 2^128 is not a scalar; four in a row say that r is broken
		var secret [seedSize]byte
		if _, err := io.ReadFull(r, secret[:]); err != nil {
			return nil, fmt.Errorf("keys: cannot read randomness: %w", err)
		}
		if key, err := newEVMKey(secret); err == nil {
			return key, nil
		}
	}
	return nil, errors.New("keys: the source of randomness is broken: it gives no valid secp256k1 key")
}

// NewEVMKey takes an existing private key. It fails where the key is not on secp256k1.
func NewEVMKey(private *ecdsa.PrivateKey) (*EVMKey, error) {
	if private == nil || private.Curve == nil || private.Params().BitSize != 8*seedSize {
		return nil, errors.New("keys: not a secp256k1 private key")
	}
	key, err := newEVMKey([seedSize]byte(crypto.FromECDSA(private)))
	if err != nil {
		return nil, err
	}
	if !key.private.PublicKey.Equal(&private.PublicKey) {
		return nil, errors.New("keys: not a secp256k1 private key, or its public half does not belong to it")
	}
	return key, nil
}

func newEVMKey(secret [seedSize]byte) (*EVMKey, error) {
	private, err := crypto.ToECDSA(secret[:])
	if err != nil {
		return nil, errors.New("keys: not a valid secp256k1 private key") // the cause could show parts of it
	}
	return &EVMKey{private: private, address: crypto.PubkeyToAddress(private.PublicKey)}, nil
}

// Address returns the key's address.
func (k *EVMKey) Address() common.Address { return k.address }

// PrivateKey returns the secret itself, for libraries that sign with it. Whoever calls this must not let it show.
func (k *EVMKey) PrivateKey() *ecdsa.PrivateKey { return k.private }

// SignHash returns the 65-byte signature r, s, v of a 32-byte hash, with v 0 or 1, a low s and a deterministic nonce.
func (k *EVMKey) SignHash(hash [32]byte) ([]byte, error) {
	return crypto.Sign(hash[:], k.private)
}

// EncryptKeystoreV3 returns the key as a keystore file of Ethereum clients (version 3), encrypted with the password.
func (k *EVMKey) EncryptKeystoreV3(password Password, strength Strength) ([]byte, error) {
	if err := password.check(); err != nil {
		return nil, err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	key := &keystore.Key{Id: id, Address: k.address, PrivateKey: k.private}
	encrypted, err := keystore.EncryptKey(key, string(password.text), strength.n(), scryptP)
	if err != nil {
		return nil, fmt.Errorf("keys: cannot encrypt: %w", err)
	}
	return encrypted, nil
}

// DecryptKeystoreV3 is the inverse of EncryptKeystoreV3; it reads what Ethereum clients write. A wrong password gives
// ErrWrongPassword.
func DecryptKeystoreV3(file []byte, password Password) (*EVMKey, error) {
	if len(file) > maxKeystoreV3Bytes {
		return nil, fmt.Errorf("keys: keystore has %d bytes, at most %d are allowed", len(file), maxKeystoreV3Bytes)
	}
	if err := checkKeystoreV3(file); err != nil {
		return nil, err
	}
	key, err := keystore.DecryptKey(file, string(password.text))
	switch {
	case errors.Is(err, keystore.ErrDecrypt):
		return nil, ErrWrongPassword
	case err != nil:
		return nil, fmt.Errorf("keys: cannot decrypt the keystore: %w", err)
	}
	return NewEVMKey(key.PrivateKey)
}
