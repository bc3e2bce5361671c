package p2ptypes

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// StreamPriority orders the streams to one peer: messages of default priority go first, seven for each one of low priority.
type StreamPriority byte

const (
	StreamPriorityLow     StreamPriority = 1
	StreamPriorityDefault StreamPriority = 2
)

// Stream2 is a stream that carries requests and responses beside plain messages. All methods may be called concurrently.
type Stream2 interface {
	Other() PeerID
	Name() string
	// Send queues a message, like Stream.SendMessage. A request without a valid response policy and a response that was not
	// made from a handle are dropped with an error in the log.
	Send(msg OutboundBinaryMessage)
	// Receive returns the channel of arriving messages, always the same one. Close closes it.
	Receive() <-chan InboundBinaryMessage
	// UpdateLimits changes the limits of the stream. Buffers keep their newest messages, buckets their tokens. The limit on the
	// length of messages that are sent stays.
	UpdateLimits(limits Stream2Limits) error
	Close() error
}

// PushStream is implemented by streams that deliver without a channel and a goroutine.
type PushStream interface {
	// SetReceiver makes receive get every arriving message instead of the channel. It is called before the first message may
	// arrive, i.e. right after opening. receive is called by the reader of the connection, one call at a time for one stream; it
	// must not block and may keep the payload. It is not called after Close has returned.
	SetReceiver(receive func(InboundBinaryMessage))
}

// Stream2Limits bound what a stream buffers and what it accepts from the peer.
type Stream2Limits struct {
	// In messages, at least 1.
	MaxOutgoingBufferedMessages int
	MaxIncomingBufferedMessages int
	// MaxMessageLength is the length of the longest payload, in bytes. It does not apply to responses.
	MaxMessageLength int
	// MessagesLimit and BytesLimit (payload bytes) apply to arriving plain messages and requests.
	MessagesLimit TokenBucketParams
	BytesLimit    TokenBucketParams
}

// Validate tells whether the limits make sense, and which one does not.
func (l Stream2Limits) Validate() error {
	var errs []error
	if l.MaxOutgoingBufferedMessages < 1 {
		errs = append(errs, fmt.Errorf("MaxOutgoingBufferedMessages is %d, must be at least 1", l.MaxOutgoingBufferedMessages))
	}
	if l.MaxIncomingBufferedMessages < 1 {
		errs = append(errs, fmt.Errorf("MaxIncomingBufferedMessages is %d, must be at least 1", l.MaxIncomingBufferedMessages))
	}
	if l.MaxMessageLength > MaxMessageLength {
		errs = append(errs, fmt.Errorf("MaxMessageLength is %d, must be at most %d", l.MaxMessageLength, MaxMessageLength))
	}
	for _, bucket := range []struct {
		name string
		rate float64
	}{{"MessagesLimit", l.MessagesLimit.Rate}, {"BytesLimit", l.BytesLimit.Rate}} {
		if math.IsNaN(bucket.rate) || bucket.rate < 0 {
			errs = append(errs, fmt.Errorf("%s.Rate is %v, must be at least 0", bucket.name, bucket.rate))
		}
	}
	return errors.Join(errs...)
}

// OutboundBinaryMessage is a message to send: an OutboundBinaryMessagePlain, OutboundBinaryMessageRequest or
// OutboundBinaryMessageResponse, and nothing else.
type OutboundBinaryMessage interface{ outbound() }

// OutboundBinaryMessagePlain is a message that stands alone.
type OutboundBinaryMessagePlain struct{ Payload []byte }

// OutboundBinaryMessageRequest is a message that allows the receiver to respond.
type OutboundBinaryMessageRequest struct {
	ResponsePolicy ResponsePolicy
	Payload        []byte
}

// OutboundBinaryMessageResponse is the response to a request. RequestHandle.MakeResponse makes it; it goes out on the stream
// that the request came on.
type OutboundBinaryMessageResponse struct {
	handle  RequestHandle
	Payload []byte
}

// RequestHandle returns the handle that the response was made from, the zero one if it was made from none.
func (m OutboundBinaryMessageResponse) RequestHandle() RequestHandle { return m.handle }

func (OutboundBinaryMessagePlain) outbound()    {}
func (OutboundBinaryMessageRequest) outbound()  {}
func (OutboundBinaryMessageResponse) outbound() {}

// InboundBinaryMessage is a message that arrived: an InboundBinaryMessagePlain, InboundBinaryMessageRequest or
// InboundBinaryMessageResponse, and nothing else. Its receiver owns the payload.
type InboundBinaryMessage interface{ inbound() }

// InboundBinaryMessagePlain is a message that stands alone.
type InboundBinaryMessagePlain struct{ Payload []byte }

// InboundBinaryMessageRequest is a message to which its receiver may respond.
type InboundBinaryMessageRequest struct {
	RequestHandle RequestHandle
	Payload       []byte
}

// InboundBinaryMessageResponse is the response to a request that was sent on the same stream.
type InboundBinaryMessageResponse struct{ Payload []byte }

func (InboundBinaryMessagePlain) inbound()    {}
func (InboundBinaryMessageRequest) inbound()  {}
func (InboundBinaryMessageResponse) inbound() {}

// RequestHandle is the random id of a request on the wire.
type RequestHandle [32]byte

// MakeResponse makes a response to the request. It is sent on the stream that the request came on.
func (h *RequestHandle) MakeResponse(payload []byte) OutboundBinaryMessageResponse {
	return OutboundBinaryMessageResponse{*h, payload}
}

// ResponsePolicy says which responses to a request are delivered. There is one policy.
type ResponsePolicy interface{ responsePolicy() }

// SingleUseSizedLimitedResponsePolicy allows one response, up to a size and until a time.
type SingleUseSizedLimitedResponsePolicy struct {
	// MaxSize is the length of the longest payload, in bytes.
	MaxSize         int
	ExpiryTimestamp time.Time
}

func (*SingleUseSizedLimitedResponsePolicy) responsePolicy() {}
