package engine

import (
	"cmp"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// Happening is something that will happen at a virtual time: a message arrives, a timer fires, a call returns, or, for
// everything else, Do runs.
type Happening[M any] struct {
	Kind HappeningKind
	Node commontypes.OracleID
	Life uint32 // of the node; a happening of an earlier life is void

	From    commontypes.OracleID // message
	Message M                    // message; zero if it travels as bytes
	Bytes   []byte               // message

	Timer      kernel.TimerID // timer
	Generation uint64         // timer

	Call   kernel.CallID // result
	Result any           // result: the event

	Do func() // action
}

// HappeningKind says which fields of a happening matter.
type HappeningKind uint8

// Kinds of happenings.
const (
	Message HappeningKind = iota
	Timer
	Result
	Action
)

// Queue holds what will happen, ordered by time; what is due at the same time happens in the order in which it was added.
// It is a binary heap of small keys beside a slab of happenings that is used again.
type Queue[M any] struct {
	keys []queueKey
	slab []Happening[M]
	free []int32
	next uint64
}

type queueKey struct {
	at   Instant
	seq  uint64
	slot int32
}

func (a queueKey) before(b queueKey) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

// Len is the number of things that are still going to happen.
func (q *Queue[M]) Len() int { return len(q.keys) }

// Add puts a happening into the queue.
func (q *Queue[M]) Add(at Instant, h Happening[M]) {
	var slot int32
	if last := len(q.free) - 1; last >= 0 {
		slot = q.free[last]
		q.free = q.free[:last]
		q.slab[slot] = h
	} else {
		slot = int32(len(q.slab))
		q.slab = append(q.slab, h)
	}
	q.next++
	key := queueKey{at, q.next, slot}
	q.keys = append(q.keys, key)
	i := len(q.keys) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !key.before(q.keys[parent]) {
			break
		}
		q.keys[i] = q.keys[parent]
		i = parent
	}
	q.keys[i] = key
}

// Pop takes out what is due first.
func (q *Queue[M]) Pop() (Instant, Happening[M]) {
	top := q.keys[0]
	last := len(q.keys) - 1
	key := q.keys[last]
	q.keys = q.keys[:last]
	if last > 0 {
		i := 0
		for {
			child := 2*i + 1
			if child >= last {
				break
			}
			if child+1 < last && q.keys[child+1].before(q.keys[child]) {
				child++
			}
			if !q.keys[child].before(key) {
				break
			}
			q.keys[i] = q.keys[child]
			i = child
		}
		q.keys[i] = key
	}
	h := q.slab[top.slot]
	q.slab[top.slot] = Happening[M]{}
	q.free = append(q.free, top.slot)
	return top.at, h
}

// Hurry makes messages that would arrive later than soon arrive then, in their order.
func (q *Queue[M]) Hurry(soon Instant) {
	var late []queueKey
	kept := q.keys[:0]
	for _, key := range q.keys {
		if key.at > soon && q.slab[key.slot].Kind == Message {
			late = append(late, key)
		} else {
			kept = append(kept, key)
		}
	}
	if len(late) == 0 {
		return
	}
	slices.SortFunc(late, func(a, b queueKey) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) })
	slices.SortFunc(kept, func(a, b queueKey) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) })
	q.keys = kept // sorted, hence a heap
	for _, key := range late {
		h := q.slab[key.slot]
		q.slab[key.slot] = Happening[M]{}
		q.free = append(q.free, key.slot)
		q.Add(soon, h)
	}
}
