package types

import (
	"bytes"
	"testing"
)

func TestEqual(t *testing.T) {
	type O = AttributedObservation
	type S = AttributedOnchainSignature
	type P = PersistentState
	for i, c := range []struct{ got, want bool }{
		{O{Observation("a"), 1}.Equal(O{Observation("a"), 1}), true},
		{O{Observation("a"), 1}.Equal(O{Observation("a"), 2}), false},
		{O{Observation("a"), 1}.Equal(O{Observation("b"), 1}), false},
		{O{nil, 1}.Equal(O{Observation{}, 1}), true},
		{S{[]byte("a"), 1}.Equal(S{[]byte("a"), 1}), true},
		{S{[]byte("a"), 1}.Equal(S{[]byte("a"), 2}), false},
		{S{[]byte("a"), 1}.Equal(S{[]byte("ab"), 1}), false},
		{S{nil, 1}.Equal(S{[]byte{}, 1}), true},
		{P{1, 2, []uint32{3}}.Equal(P{1, 2, []uint32{3}}), true},
		{P{1, 2, []uint32{3}}.Equal(P{9, 2, []uint32{3}}), false},
		{P{1, 2, []uint32{3}}.Equal(P{1, 9, []uint32{3}}), false},
		{P{1, 2, []uint32{3}}.Equal(P{1, 2, []uint32{9}}), false},
		{P{1, 2, []uint32{3}}.Equal(P{1, 2, []uint32{3, 0}}), false},
		{P{1, 2, nil}.Equal(P{1, 2, []uint32{}}), true},
	} {
		if c.got != c.want {
			t.Errorf("pair %d: got %v", i, c.got)
		}
	}
}

// handle is a network layer's handle of a request of low priority.
type handle struct{ id int }

func (h handle) MakeResponse(payload []byte) OutboundBinaryMessageResponse {
	return MustMakeOutboundBinaryMessageResponse(h, payload, BinaryMessagePriorityLow)
}

func TestResponseCarriesItsHandle(t *testing.T) {
	request := InboundBinaryMessageRequest{handle{7}, []byte("q"), BinaryMessagePriorityLow}
	response := request.RequestHandle.MakeResponse([]byte("a"))
	if got := MustGetOutboundBinaryMessageResponseRequestHandle(response); got != (handle{7}) {
		t.Errorf("got handle %v", got)
	}
	if response.Priority != request.Priority || string(response.Payload) != "a" {
		t.Errorf("got %+v", response)
	}
	if got := MustGetOutboundBinaryMessageResponseRequestHandle(OutboundBinaryMessageResponse{}); got != nil {
		t.Errorf("a response without a handle has %v", got)
	}
}

func TestMessagesShowTheirPayload(t *testing.T) {
	p := []byte("payload")
	for _, m := range []OutboundBinaryMessage{
		OutboundBinaryMessagePlain{Payload: p},
		OutboundBinaryMessageRequest{ResponsePolicy: SingleUseSizedLimitedResponsePolicy{MaxSize: 1}, Payload: p},
		OutboundBinaryMessageResponse{Payload: p},
	} {
		if !bytes.Equal(m.GetPayload(), p) {
			t.Errorf("%T: got %q", m, m.GetPayload())
		}
	}
	for _, m := range []InboundBinaryMessage{
		InboundBinaryMessagePlain{Payload: p},
		InboundBinaryMessageRequest{Payload: p},
		InboundBinaryMessageResponse{Payload: p},
		InboundBinaryMessageWithSender{InboundBinaryMessagePlain{Payload: p}, 3},
	} {
		if !bytes.Equal(m.GetPayload(), p) {
			t.Errorf("%T: got %q", m, m.GetPayload())
		}
	}
}
