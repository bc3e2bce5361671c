package link

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// Verdict is what becomes of a message that arrives.
type Verdict byte

const (
	// Deliver: the message is admitted.
	Deliver Verdict = iota
	// UnknownStream: we do not have the stream open.
	UnknownStream
	// TooLong: the message is longer than the stream allows. In P1 this ends the connection.
	TooLong
	// MessagesLimit: too many messages on the stream.
	MessagesLimit
	// BytesLimit: too many bytes on the stream.
	BytesLimit
	// ResponseUnknown: there is no request with this id, or it was answered.
	ResponseUnknown
	// ResponseStream: the request went out on another stream.
	ResponseStream
	// ResponseExpired: the response comes too late.
	ResponseExpired
	// ResponseTooLong: the response is longer than the request allows.
	ResponseTooLong

	// Verdicts is the number of verdicts.
	Verdicts = iota
)

// String returns the verdict as the reason of a drop, for logs and metrics.
func (v Verdict) String() string {
	return [Verdicts]string{
		"delivered", "unknown_stream", "too_long", "messages_limit", "bytes_limit",
		"response_unknown", "response_stream", "response_expired", "response_too_long",
	}[v]
}

// Demux is the receiving half of the streams with one peer: it decides which messages are admitted. It outlives connections.
type Demux struct {
	protocol  wire.Protocol
	streams   map[wire.StreamID]*InStream
	Responses Responses
	// Bucket limits raw bytes (P1).
	Bucket ConnectionBucket
	// Totals are the sums of the limits of the open streams.
	Totals Totals
}

// InStream is an open stream.
type InStream struct {
	ID wire.StreamID
	// Tag belongs to the owner of the machine.
	Tag any

	limits          MessageLimits
	messages, bytes p2ptypes.TokenBucketParams
}

// NewDemux returns the machine of a peer without streams.
func NewDemux(protocol wire.Protocol, now time.Duration) *Demux {
	return &Demux{protocol: protocol, streams: map[wire.StreamID]*InStream{}, Bucket: NewConnectionBucket(now)}
}

// Open opens a stream with full buckets. The stream must not be open.
func (d *Demux) Open(now time.Duration, id wire.StreamID, maxLength int, messages, bytes p2ptypes.TokenBucketParams, tag any) *InStream {
	s := &InStream{id, tag, NewMessageLimits(maxLength, messages, bytes, now), messages, bytes}
	d.streams[id] = s
	d.Bucket.StreamOpened(now, messages, bytes)
	d.Totals.Opened(messages, bytes)
	return s
}

// Update changes the limits of a stream. Buckets keep their tokens.
func (d *Demux) Update(now time.Duration, s *InStream, maxLength int, messages, bytes p2ptypes.TokenBucketParams) {
	d.Bucket.StreamClosed(now, s.messages, s.bytes)
	d.Totals.Closed(s.messages, s.bytes)
	s.limits.Update(maxLength, messages, bytes, now)
	s.messages, s.bytes = messages, bytes
	d.Bucket.StreamOpened(now, messages, bytes)
	d.Totals.Opened(messages, bytes)
}

// Close closes a stream and forgets the requests that went out on it.
func (d *Demux) Close(now time.Duration, s *InStream) {
	if d.streams[s.ID] != s {
		return
	}
	delete(d.streams, s.ID)
	d.Bucket.StreamClosed(now, s.messages, s.bytes)
	d.Totals.Closed(s.messages, s.bytes)
	d.Responses.StreamClosed(s.ID)
}

// Limits returns the limits of an open stream; false if it is not open.
func (d *Demux) Limits(id wire.StreamID) (messages, bytes p2ptypes.TokenBucketParams, ok bool) {
	s := d.streams[id]
	if s == nil {
		return p2ptypes.TokenBucketParams{}, p2ptypes.TokenBucketParams{}, false
	}
	return s.messages, s.bytes, true
}

// Admit decides on the message whose header has arrived, before its payload is read. The stream is nil exactly if it is
// unknown. wall is now as a time of day: the expiry of requests is one.
func (d *Demux) Admit(now time.Duration, wall time.Time, h *wire.Header) (Verdict, *InStream) {
	s := d.streams[h.Stream]
	switch {
	case s == nil:
		return UnknownStream, nil
	case h.Type == wire.FrameResponse:
		return d.Responses.Admit(wall, h.Request, h.Stream, h.PayloadLength), s
	}
	return s.limits.Admit(now, h.PayloadLength), s
}

// Ends tells whether a verdict ends the connection.
func (d *Demux) Ends(v Verdict) bool { return v == TooLong && d.protocol == wire.P1 }
