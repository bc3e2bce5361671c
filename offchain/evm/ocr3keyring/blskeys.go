package ocr3keyring

import (
	"sync"

	"github.com/ocrkit/ocrkit/offchain/crypto/bn254bls"
)

// maxCachedBLSKeys bounds how many keys are remembered: some 5 MiB.
const maxCachedBLSKeys = 256

// blsKeyCache remembers decoded keys, prepared for fast verification: the keys of a config are the same in every round, and to
// decode one costs about as much as to verify a signature.
type blsKeyCache struct {
	mu   sync.RWMutex
	keys map[[bn254bls.KeySize]byte]*bn254bls.PublicKey
}

var blsKeys = blsKeyCache{keys: map[[bn254bls.KeySize]byte]*bn254bls.PublicKey{}}

func (c *blsKeyCache) get(entry [bn254bls.KeySize]byte) (*bn254bls.PublicKey, error) {
	c.mu.RLock()
	key, ok := c.keys[entry]
	c.mu.RUnlock()
	if ok {
		return key, nil
	}
	decoded, err := bn254bls.DecodeKeyEntry(entry[:])
	if err != nil {
		return nil, err
	}
	key = decoded.PublicKey
	key.Prepare()
	c.mu.Lock()
	defer c.mu.Unlock()
	if other, ok := c.keys[entry]; ok {
		return other, nil
	}
	if len(c.keys) >= maxCachedBLSKeys {
		for some := range c.keys { // any one will do; that of a current config comes back
			delete(c.keys, some)
			break
		}
	}
	c.keys[entry] = key
	return key, nil
}
