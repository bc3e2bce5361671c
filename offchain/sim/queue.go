package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// instant is virtual time since the start of the run.
type instant = time.Duration

// happening is something that will happen at a virtual time: a message arrives, a timer fires, a call returns, or, for
// everything else, do runs.
type happening struct {
	kind happeningKind
	node commontypes.OracleID
	life uint32 // of the node; a happening of an earlier life is void

	from    commontypes.OracleID // message
	message ocr2wire.Message     // message; nil if it travels as bytes
	bytes   []byte               // message

	timer      kernel.TimerID // timer
	generation uint64         // timer

	call   kernel.CallID // result
	result ocr2.Event    // result

	do func() // action
}

type happeningKind uint8

const (
	happeningMessage happeningKind = iota
	happeningTimer
	happeningResult
	happeningAction
)

// queue holds what will happen, ordered by time; what is due at the same time happens in the order in which it was added.
// It is a binary heap of small keys beside a slab of happenings that is used again.
type queue struct {
	keys []queueKey
	slab []happening
	free []int32
	next uint64
}

type queueKey struct {
	at   instant
	seq  uint64
	slot int32
}

func (a queueKey) before(b queueKey) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

func (q *queue) len() int { return len(q.keys) }

// add puts a happening into the queue.
func (q *queue) add(at instant, h happening) {
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

// pop takes out what is due first.
func (q *queue) pop() (instant, happening) {
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
	q.slab[top.slot] = happening{}
	q.free = append(q.free, top.slot)
	return top.at, h
}

// hurry makes messages that would arrive later than soon arrive then, in their order.
func (q *queue) hurry(soon instant) {
	var late []queueKey
	kept := q.keys[:0]
	for _, key := range q.keys {
		if key.at > soon && q.slab[key.slot].kind == happeningMessage {
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
		q.slab[key.slot] = happening{}
		q.free = append(q.free, key.slot)
		q.add(soon, h)
	}
}
