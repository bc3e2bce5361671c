package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// FrameType is the first byte of a frame.
type FrameType byte

const (
	// FrameOpen says that the sender has opened a stream; the payload is the name of the stream.
	FrameOpen FrameType = 1
	// FrameClose says that the sender has closed a stream. It has no payload.
	FrameClose FrameType = 2
	// FrameData carries a plain message.
	FrameData FrameType = 3
	// FrameRequest carries a request (P2 only).
	FrameRequest FrameType = 4
	// FrameResponse carries a response (P2 only).
	FrameResponse FrameType = 5
)

// String returns the name of the type.
func (t FrameType) String() string {
	switch t {
	case FrameOpen:
		return "open"
	case FrameClose:
		return "close"
	case FrameData:
		return "data"
	case FrameRequest:
		return "request"
	case FrameResponse:
		return "response"
	}
	return fmt.Sprintf("FrameType(%d)", byte(t))
}

const (
	// HeaderLength is the length in bytes of the header of frames without request id: type, stream id, length of the payload.
	HeaderLength = 1 + len(StreamID{}) + 4
	// LongHeaderLength is the length in bytes of the header of requests and responses, which ends in a request id.
	LongHeaderLength = HeaderLength + len(p2ptypes.RequestHandle{})
)

// ErrProtocol says that bytes are no frame of the protocol, or one that the protocol forbids. The connection must be closed.
var ErrProtocol = errors.New("violation of the protocol")

// Header is the header of a frame.
type Header struct {
	Type   FrameType
	Stream StreamID
	// PayloadLength is in bytes and does not include the header.
	PayloadLength uint32
	// Request is the id of a request; zero in other frames than requests and responses.
	Request p2ptypes.RequestHandle
}

// hasRequest tells whether frames of a type have the long header.
func (t FrameType) hasRequest() bool { return t == FrameRequest || t == FrameResponse }

// Len returns the length in bytes of the header on the wire.
func (h *Header) Len() int {
	if h.Type.hasRequest() {
		return LongHeaderLength
	}
	return HeaderLength
}

// AppendHeader appends the bytes of h to dst. It does not check h.
func AppendHeader(dst []byte, h *Header) []byte {
	dst = append(dst, byte(h.Type))
	dst = append(dst, h.Stream[:]...)
	dst = binary.BigEndian.AppendUint32(dst, h.PayloadLength)
	if h.Type.hasRequest() {
		dst = append(dst, h.Request[:]...)
	}
	return dst
}

// DecodeHeader reads the header at the beginning of b into h and returns its length; 0 means that more bytes are needed. The
// error wraps ErrProtocol. It looks at the lengths that hold for every stream; those that a stream limits are the receiver's
// to check.
func DecodeHeader(protocol Protocol, b []byte, h *Header) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	t := FrameType(b[0])
	n = HeaderLength
	switch t {
	case FrameOpen, FrameClose, FrameData:
	case FrameRequest, FrameResponse:
		if protocol == P1 {
			return 0, fmt.Errorf("%w: %v frame on a connection of protocol P1", ErrProtocol, t)
		}
		n = LongHeaderLength
	default:
		return 0, fmt.Errorf("%w: unknown frame type %d", ErrProtocol, b[0])
	}
	if len(b) < n {
		return 0, nil
	}
	h.Type = t
	h.Stream = StreamID(b[1:])
	h.PayloadLength = binary.BigEndian.Uint32(b[1+len(StreamID{}):])
	if n == LongHeaderLength {
		h.Request = p2ptypes.RequestHandle(b[HeaderLength:])
	} else {
		h.Request = p2ptypes.RequestHandle{}
	}
	switch {
	case h.PayloadLength > p2ptypes.MaxMessageLength:
		return 0, fmt.Errorf("%w: %v frame of %d bytes, at most %d are allowed", ErrProtocol, t, h.PayloadLength, p2ptypes.MaxMessageLength)
	case t == FrameClose && h.PayloadLength != 0:
		return 0, fmt.Errorf("%w: close frame with %d bytes of payload", ErrProtocol, h.PayloadLength)
	case t == FrameOpen && h.PayloadLength > p2ptypes.MaxStreamNameLength:
		return 0, fmt.Errorf("%w: stream name of %d bytes, at most %d are allowed", ErrProtocol, h.PayloadLength, p2ptypes.MaxStreamNameLength)
	case t == FrameOpen && h.PayloadLength == 0 && protocol == P1:
		return 0, fmt.Errorf("%w: empty stream name", ErrProtocol)
	}
	return n, nil
}
