package ocr3

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// Capacities of pools, for each sender.
const (
	poolCapacity            = 3 // a sender may be ahead by so many rounds
	observationPoolCapacity = 1
)

// verdict is what is known about the signature of an entry in a pool. The first verdict sticks.
type verdict uint8

const (
	unknown verdict = iota
	good
	bad
)

// pool keeps messages of one kind by sequence number and sender, at most one for each, and few for each sender.
//
// Source: docs/protocol/ocr3.md, "Pools".
type pool[T any] struct {
	capacity  int
	completed uint64 // entries up to here are over
	bySender  [][]poolEntry[T]
}

type poolEntry[T any] struct {
	seqNr   uint64
	item    T
	verdict verdict
}

func newPool[T any](n, capacity int) *pool[T] {
	return &pool[T]{capacity: capacity, bySender: make([][]poolEntry[T], n)}
}

// Reasons why a pool does not take a message.
var (
	dropTooLow    = kernel.DropReason{Text: "its round is over"}
	dropPoolFull  = kernel.DropReason{Text: "its sender is too many rounds ahead"}
	dropDuplicate = kernel.DropReason{Text: "there is one already", Suspicious: true}
)

// put takes an item; ok is false, with the reason, if it does not.
func (p *pool[T]) put(seqNr uint64, sender commontypes.OracleID, item T) (why kernel.DropReason, ok bool) {
	entries := p.bySender[sender]
	switch {
	case seqNr <= p.completed:
		return dropTooLow, false
	case len(entries) >= p.capacity:
		return dropPoolFull, false
	case p.get(seqNr, sender) != nil:
		return dropDuplicate, false
	}
	p.bySender[sender] = append(entries, poolEntry[T]{seqNr: seqNr, item: item})
	return kernel.DropReason{}, true
}

// get returns the entry of a sender, nil if there is none. It is valid until the next put or prune.
func (p *pool[T]) get(seqNr uint64, sender commontypes.OracleID) *poolEntry[T] {
	entries := p.bySender[sender]
	for i := range entries {
		if entries[i].seqNr == seqNr {
			return &entries[i]
		}
	}
	return nil
}

// prune removes all entries up to a sequence number.
func (p *pool[T]) prune(completed uint64) {
	p.completed = completed
	for sender, entries := range p.bySender {
		kept := entries[:0]
		for _, entry := range entries {
			if entry.seqNr > completed {
				kept = append(kept, entry)
			}
		}
		clear(entries[len(kept):])
		p.bySender[sender] = kept
	}
}

// each calls f for the entries of a sequence number, by ascending sender.
func (p *pool[T]) each(seqNr uint64, f func(sender commontypes.OracleID, entry *poolEntry[T])) {
	for sender := range p.bySender {
		if entry := p.get(seqNr, commontypes.OracleID(sender)); entry != nil {
			f(commontypes.OracleID(sender), entry)
		}
	}
}

// reaches tells whether there are entries of a sequence number from at least count senders.
func (p *pool[T]) reaches(seqNr uint64, count int) bool {
	for sender := 0; sender < len(p.bySender) && count > 0; sender++ {
		if p.get(seqNr, commontypes.OracleID(sender)) != nil {
			count--
		}
	}
	return count <= 0
}

// goods returns how many entries of a sequence number are good.
func (p *pool[T]) goods(seqNr uint64) (count int) {
	p.each(seqNr, func(_ commontypes.OracleID, entry *poolEntry[T]) {
		if entry.verdict == good {
			count++
		}
	})
	return count
}
