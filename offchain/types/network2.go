package types

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// BinaryNetworkEndpoint2Factory makes the network endpoints of OCR3.1 instances. It stands for one peer.
type BinaryNetworkEndpoint2Factory interface {
	// NewEndpoint makes an endpoint for the instance with digest cd. peerIDs are those of the oracles, by oracle id, this peer's
	// own among them; v2bootstrappers help to find the others. Messages of the two priorities have limits of their own. The
	// caller closes the endpoint.
	NewEndpoint(
		cd ConfigDigest,
		peerIDs []string,
		v2bootstrappers []commontypes.BootstrapperLocator,
		defaultPriorityConfig BinaryNetworkEndpoint2Config,
		lowPriorityConfig BinaryNetworkEndpoint2Config,
	) (BinaryNetworkEndpoint2, error)

	// PeerID returns the text form of this peer's id.
	PeerID() string
}

// BinaryNetworkEndpoint2Config bounds the messages of one priority.
type BinaryNetworkEndpoint2Config struct {
	BinaryNetworkEndpointLimits

	// The sizes of the buffers for each other oracle, in messages. nil takes what the peer is configured with.
	OverrideIncomingMessageBufferSize *int
	OverrideOutgoingMessageBufferSize *int
}

// BinaryNetworkEndpoint2 connects the oracle of one OCR3.1 instance with the others. Beside plain messages, which are
// delivered as commontypes.BinaryNetworkEndpoint delivers them, it has requests and responses: a response is delivered only
// where the ResponsePolicy of a request allows it. The endpoint is live from the start. All methods may be called
// concurrently.
type BinaryNetworkEndpoint2 interface {
	// SendTo sends a message to one oracle, which may be the sender itself. It must not block: where a buffer is full, the
	// oldest message in it gives way. The caller must not change the payload afterwards.
	SendTo(msg OutboundBinaryMessage, to commontypes.OracleID)
	// Broadcast sends a message to every oracle of the instance, the sender included, like SendTo.
	Broadcast(msg OutboundBinaryMessage)
	// Receive returns the channel of arriving messages; always the same one.
	Receive() <-chan InboundBinaryMessageWithSender
	// Close ends sending and receiving and returns when every resource is released. A second call may return an error but
	// must not panic.
	Close() error
}

// BinaryMessageOutboundPriority orders the messages from one oracle to another: those of default priority go first.
type BinaryMessageOutboundPriority byte

const (
	BinaryMessagePriorityLow     BinaryMessageOutboundPriority = 1
	BinaryMessagePriorityDefault BinaryMessageOutboundPriority = 2
)

// OutboundBinaryMessage is a message to send: an OutboundBinaryMessagePlain, OutboundBinaryMessageRequest or
// OutboundBinaryMessageResponse, and nothing else.
type OutboundBinaryMessage interface {
	GetPayload() []byte

	outboundBinaryMessage()
}

// OutboundBinaryMessagePlain is a message that stands alone.
type OutboundBinaryMessagePlain struct {
	Payload  []byte
	Priority BinaryMessageOutboundPriority
}

// OutboundBinaryMessageRequest is a message that allows the receiver to respond.
type OutboundBinaryMessageRequest struct {
	// ResponsePolicy bounds the response.
	ResponsePolicy ResponsePolicy
	Payload        []byte
	Priority       BinaryMessageOutboundPriority
}

// OutboundBinaryMessageResponse is the response to a request. It is made by RequestHandle.MakeResponse. Its priority must be
// that of the request.
type OutboundBinaryMessageResponse struct {
	requestHandle RequestHandle
	Payload       []byte
	Priority      BinaryMessageOutboundPriority
}

func (m OutboundBinaryMessagePlain) GetPayload() []byte    { return m.Payload }
func (m OutboundBinaryMessageRequest) GetPayload() []byte  { return m.Payload }
func (m OutboundBinaryMessageResponse) GetPayload() []byte { return m.Payload }

func (OutboundBinaryMessagePlain) outboundBinaryMessage()    {}
func (OutboundBinaryMessageRequest) outboundBinaryMessage()  {}
func (OutboundBinaryMessageResponse) outboundBinaryMessage() {}

// InboundBinaryMessage is a message that arrived: an InboundBinaryMessagePlain, InboundBinaryMessageRequest or
// InboundBinaryMessageResponse, possibly inside an InboundBinaryMessageWithSender, and nothing else.
type InboundBinaryMessage interface {
	GetPayload() []byte

	inboundBinaryMessage()
}

// InboundBinaryMessagePlain is a message that stands alone.
type InboundBinaryMessagePlain struct {
	Payload  []byte
	Priority BinaryMessageOutboundPriority
}

// InboundBinaryMessageRequest is a message to which its receiver may respond.
type InboundBinaryMessageRequest struct {
	// RequestHandle makes the response.
	RequestHandle RequestHandle
	Payload       []byte
	Priority      BinaryMessageOutboundPriority
}

// InboundBinaryMessageResponse is the response to a request that this oracle sent.
type InboundBinaryMessageResponse struct {
	Payload  []byte
	Priority BinaryMessageOutboundPriority
}

// InboundBinaryMessageWithSender is a message together with the oracle that sent it, as authenticated by the network layer.
type InboundBinaryMessageWithSender struct {
	InboundBinaryMessage
	Sender commontypes.OracleID
}

func (m InboundBinaryMessagePlain) GetPayload() []byte    { return m.Payload }
func (m InboundBinaryMessageRequest) GetPayload() []byte  { return m.Payload }
func (m InboundBinaryMessageResponse) GetPayload() []byte { return m.Payload }

func (InboundBinaryMessagePlain) inboundBinaryMessage()    {}
func (InboundBinaryMessageRequest) inboundBinaryMessage()  {}
func (InboundBinaryMessageResponse) inboundBinaryMessage() {}

// ResponsePolicy says which responses to a request are delivered. There is one policy: SingleUseSizedLimitedResponsePolicy.
type ResponsePolicy interface {
	responsePolicy()
}

// SingleUseSizedLimitedResponsePolicy allows one response, up to a size and until a time.
type SingleUseSizedLimitedResponsePolicy struct {
	// MaxSize is the length of the longest payload, in bytes.
	MaxSize         int
	ExpiryTimestamp time.Time
}

func (SingleUseSizedLimitedResponsePolicy) responsePolicy() {}

// RequestHandle stands for a request that arrived. It is implemented by the network layer.
type RequestHandle interface {
	// MakeResponse makes a response with the priority of the request. It is then sent, to the oracle that sent the request,
	// with BinaryNetworkEndpoint2.SendTo.
	MakeResponse(payload []byte) OutboundBinaryMessageResponse
}

// RequestInfo is what is known about a request beside its payload.
type RequestInfo struct {
	// ExpiryTimestamp is when a response stops being of use.
	ExpiryTimestamp time.Time
}

// Markers for what does not exist: a handle of a request that is being sent, a handle of a response that arrived, and
// information about a request that arrived. All three are nil.
var (
	EmptyRequestHandleForOutboundRequest RequestHandle
	EmptyRequestHandleForInboundResponse RequestHandle
	EmptyRequestInfoForInboundRequest    *RequestInfo
)

// MustMakeOutboundBinaryMessageResponse makes a response to the request with the given handle. It is for implementations of
// RequestHandle; everybody else calls RequestHandle.MakeResponse.
func MustMakeOutboundBinaryMessageResponse(requestHandle RequestHandle, payload []byte, priority BinaryMessageOutboundPriority) OutboundBinaryMessageResponse {
	return OutboundBinaryMessageResponse{requestHandle, payload, priority}
}

// MustGetOutboundBinaryMessageResponseRequestHandle returns the handle of the request to which msg is the response. It is for
// implementations of BinaryNetworkEndpoint2. The result is nil when msg was not made from a handle.
func MustGetOutboundBinaryMessageResponseRequestHandle(msg OutboundBinaryMessageResponse) RequestHandle {
	return msg.requestHandle
}
