package secp256k1prep

import (
	"container/list"
	"sync"

	"github.com/ethereum/go-ethereum/crypto"
)

// MaxCachedKeys bounds how many keys [Verify] remembers: some 13 MiB if each of
// them is in use.
const MaxCachedKeys = 512

var cache = lru{max: MaxCachedKeys}

// Verify reports whether the key recovered from sig, r ‖ s ‖ v, and hash has
// the address. A sig of another length than 65 bytes or with a v above 3 is
// none.
//
// The first good signature of an address teaches the key to the whole process;
// from the second on it is used instead of recovery. Bad signatures for an
// address whose key is not known cost a recovery each and leave nothing behind.
// When more than [MaxCachedKeys] keys become known, those whose signatures have
// not been checked for longest are forgotten.
//
// It does not keep or change its arguments and is safe for concurrent use.
func Verify(address [20]byte, hash [32]byte, sig []byte) bool {
	return cache.verify(address, &hash, sig)
}

// lru keeps the keys that were used last.
type lru struct {
	mu        sync.Mutex
	max       int
	byAddress map[[20]byte]*list.Element
	order     list.List // of *Key, that used last in front
}

func (c *lru) verify(address [20]byte, hash *[32]byte, sig []byte) bool {
	if len(sig) != SignatureSize || sig[64] > 3 {
		return false
	}
	if k := c.get(address); k != nil {
		return k.Verify(hash, sig)
	}
	own := *hash // escapes; hash does not
	pub, err := crypto.Ecrecover(own[:], sig)
	if err != nil || len(pub) != PublicKeySize || addressOf(pub) != address {
		return false
	}
	if k, err := Prepare([PublicKeySize]byte(pub)); err == nil { // a recovered key is a point
		c.put(k)
	}
	return true
}

// get returns nil for a key that is not known.
func (c *lru) get(address [20]byte) *Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byAddress[address]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*Key)
}

func (c *lru) put(k *Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byAddress[k.address]; ok {
		return // someone else learnt it meanwhile
	}
	if c.byAddress == nil {
		c.byAddress = make(map[[20]byte]*list.Element)
	}
	c.byAddress[k.address] = c.order.PushFront(k)
	if c.order.Len() > c.max {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.byAddress, last.Value.(*Key).address)
	}
}
