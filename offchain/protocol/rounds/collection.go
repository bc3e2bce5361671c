package rounds

import (
	"iter"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Collection is what a leader has of the oracles in a round, one item of each; signatures of different oracles are verified
// at the same time. T is an observation or a report.
type Collection[T any] struct {
	core *Core
	kind roundwire.Kind // of the messages that bring the items
	// open tells whether another item is still of use.
	open func() bool
	// added is called with each item that was added.
	added func(from commontypes.OracleID)

	items []item[T] // by oracle
	count int
}

func newCollection[T any](c *Core, kind roundwire.Kind, open func() bool, added func(commontypes.OracleID)) Collection[T] {
	return Collection[T]{core: c, kind: kind, open: open, added: added, items: make([]item[T], c.Config.N)}
}

type item[T any] struct {
	state collected
	call  kernel.CallID
	value T
}

// collected says what there is of one oracle.
type collected uint8

const (
	missing   collected = iota
	verifying           // here, but its signature is being verified
	present
)

// Add takes an item whose signature is known to be valid.
func (c *Collection[T]) Add(from commontypes.OracleID, value T) {
	c.items[from] = item[T]{state: present, value: value}
	c.count++
	c.added(from)
}

// Verify takes an item if its signature is valid.
func (c *Collection[T]) Verify(from commontypes.OracleID, value T, signature kernel.SignatureCheck) {
	call := kernel.Call(&c.core.Desk, func(ev kernel.Verified) { c.verified(from, ev) })
	c.items[from] = item[T]{state: verifying, call: call, value: value}
	c.core.Emit(kernel.Verify{ID: call, Checks: []kernel.SignatureCheck{signature}})
}

func (c *Collection[T]) verified(from commontypes.OracleID, ev kernel.Verified) {
	value := c.items[from].value
	c.items[from] = item[T]{}
	switch {
	case !AllGood(ev):
		c.core.Drop(from, c.kind, DropBadSignature)
	case c.open():
		c.Add(from, value)
	}
}

// Get returns the item of an oracle, if it was added.
func (c *Collection[T]) Get(from commontypes.OracleID) (value T, ok bool) {
	return c.items[from].value, c.items[from].state == present
}

// All yields the items that were added, in the order of the oracles.
func (c *Collection[T]) All() iter.Seq2[commontypes.OracleID, T] {
	return func(yield func(commontypes.OracleID, T) bool) {
		for i := range c.items {
			if c.items[i].state == present && !yield(commontypes.OracleID(i), c.items[i].value) {
				return
			}
		}
	}
}

// Count is the number of items that were added.
func (c *Collection[T]) Count() int { return c.count }

// abandon gives up the verification of an oracle's item.
func (c *Collection[T]) abandon(from int) {
	if c.items[from].state == verifying {
		c.core.Abandon(c.items[from].call)
	}
}

func (c *Collection[T]) clear() {
	clear(c.items)
	c.count = 0
}

// String draws the collection: a dot for nothing, a question mark for a signature that is being verified, an x.
func (c *Collection[T]) String() string {
	b := make([]byte, len(c.items))
	for i := range b {
		b[i] = ".?x"[c.items[i].state]
	}
	return string(b)
}
