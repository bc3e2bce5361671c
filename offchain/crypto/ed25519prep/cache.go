package ed25519prep

import (
	"container/list"
	"sync"
)

// MaxCachedKeys bounds how many keys [Cached] keeps: some 13 MiB if each of
// them is in use, and up to [MaxWideTables] for those in much use.
const MaxCachedKeys = 512

var cache = lru{max: MaxCachedKeys}

// Cached is [Prepare] with a memory shared by the whole process: protocol
// instances whose oracles have the same keys share their tables. When more
// than [MaxCachedKeys] keys are asked for, those that have not been asked for
// longest are forgotten; who still holds such a Key can go on using it.
//
// The result is never nil; a pub that encodes no point gives a key that
// verifies nothing. Call it when a configuration is taken up and keep the
// result, rather than once per signature. It is safe for concurrent use.
func Cached(pub [PublicKeySize]byte) *Key { return cache.get(pub) }

// lru keeps the keys that were asked for last.
type lru struct {
	mu    sync.Mutex
	max   int
	byPub map[[PublicKeySize]byte]*list.Element
	order list.List // of *Key, that asked for last in front
}

func (c *lru) get(pub [PublicKeySize]byte) *Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byPub[pub]; ok {
		c.order.MoveToFront(e)
		return e.Value.(*Key)
	}
	// The error says only that this key will verify nothing, which is as it
	// should be and worth remembering too.
	k, _ := Prepare(pub)
	if c.byPub == nil {
		c.byPub = make(map[[PublicKeySize]byte]*list.Element)
	}
	c.byPub[pub] = c.order.PushFront(k)
	if c.order.Len() > c.max {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.byPub, last.Value.(*Key).pub)
	}
	return k
}
