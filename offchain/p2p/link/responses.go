package link

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// MaxOpenRequests bounds the requests to one peer whose responses are waited for. Expired ones are cleared away as new ones
// come; if there are that many all the same, an old one gives way.
const MaxOpenRequests = 1 << 16

// Responses tells which responses a peer may send: it holds the requests that went out. It outlives connections.
type Responses struct {
	byID map[p2ptypes.RequestHandle]*openRequest
	// all has the same requests, in no order; sweep goes round in it and looks for expired ones.
	all   []*openRequest
	sweep int
}

type openRequest struct {
	id     p2ptypes.RequestHandle
	stream wire.StreamID
	policy p2ptypes.SingleUseSizedLimitedResponsePolicy
	index  int // in all
}

// Requested says that a request is being written. The same id again replaces what was known of it.
func (r *Responses) Requested(now time.Time, id p2ptypes.RequestHandle, stream wire.StreamID, policy p2ptypes.SingleUseSizedLimitedResponsePolicy) {
	if r.byID == nil {
		r.byID = map[p2ptypes.RequestHandle]*openRequest{}
	}
	if q, ok := r.byID[id]; ok {
		q.stream, q.policy = stream, policy
		return
	}
	// Two looks for each new request keep the table below twice the number of requests that are not expired.
	for range 2 {
		if len(r.all) == 0 {
			break
		}
		r.sweep = (r.sweep + 1) % len(r.all)
		if q := r.all[r.sweep]; q.expired(now) || len(r.all) >= MaxOpenRequests {
			r.remove(q)
		}
	}
	q := &openRequest{id, stream, policy, len(r.all)}
	r.byID[id] = q
	r.all = append(r.all, q)
}

func (q *openRequest) expired(now time.Time) bool { return !now.Before(q.policy.ExpiryTimestamp) }

func (r *Responses) remove(q *openRequest) {
	delete(r.byID, q.id)
	last := len(r.all) - 1
	r.all[q.index] = r.all[last]
	r.all[q.index].index = q.index
	r.all[last] = nil
	r.all = r.all[:last]
}

// Admit decides on a response of n bytes that has arrived on an open stream. What it admits it forgets.
func (r *Responses) Admit(now time.Time, id p2ptypes.RequestHandle, stream wire.StreamID, n uint32) Verdict {
	q, ok := r.byID[id]
	switch {
	case !ok:
		return ResponseUnknown
	case q.stream != stream:
		return ResponseStream
	}
	r.remove(q)
	switch {
	case q.expired(now):
		return ResponseExpired
	case int64(n) > int64(q.policy.MaxSize):
		return ResponseTooLong
	}
	return Deliver
}

// StreamClosed forgets the requests of a stream.
func (r *Responses) StreamClosed(stream wire.StreamID) {
	for i := len(r.all) - 1; i >= 0; i-- {
		if r.all[i].stream == stream {
			r.remove(r.all[i])
		}
	}
}

// Len returns the number of requests.
func (r *Responses) Len() int { return len(r.all) }
