package ragep2p

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// Two hosts, each knowing the other: whichever way the connection comes about, messages of all sizes arrive in both directions.
func TestTwoHosts(t *testing.T) {
	for _, pa := range protocols {
		for _, pb := range protocols {
			t.Run(fmt.Sprintf("%v-%v", pa, pb), func(t *testing.T) {
				a := startHost(t, "A", seed(1), HostConfig{Protocol: pa})
				b := startHost(t, "B", seed(2), HostConfig{Protocol: pb})
				a.knows(b)
				b.knows(a)
				sa, sb := a.open(t, b.ID(), "s"), b.open(t, a.ID(), "s")
				for _, n := range []int{0, 1, 36, 37, 1000, 16347, 16348, verbatim - 1, verbatim, 100_000, 1 << 20} {
					m := bytes.Repeat([]byte{byte(n), 1, 2}, n/3+1)[:n]
					sa.SendMessage(m)
					if got := receive(t, sb.ReceiveMessages()); !bytes.Equal(got, m) || got == nil {
						t.Fatalf("message of %d bytes arrives as %d bytes", n, len(got))
					}
					sb.SendMessage(m)
					if got := receive(t, sa.ReceiveMessages()); !bytes.Equal(got, m) {
						t.Fatalf("message of %d bytes arrives as %d bytes", n, len(got))
					}
				}
			})
		}
	}
}

func TestRequests(t *testing.T) {
	a := startHost(t, "A", seed(1), HostConfig{Protocol: P2})
	b := startHost(t, "B", seed(2), HostConfig{Protocol: P2})
	a.knows(b)
	limits := p2ptypes.Stream2Limits{MaxOutgoingBufferedMessages: 10, MaxIncomingBufferedMessages: 10, MaxMessageLength: 100, MessagesLimit: plenty, BytesLimit: plenty}
	sa, err := a.NewStream2(b.ID(), "s", p2ptypes.StreamPriorityLow, limits)
	if err != nil {
		t.Fatal(err)
	}
	sb, err := b.NewStream2(a.ID(), "s", p2ptypes.StreamPriorityLow, limits)
	if err != nil {
		t.Fatal(err)
	}
	sa.Send(p2ptypes.OutboundBinaryMessageRequest{
		ResponsePolicy: &p2ptypes.SingleUseSizedLimitedResponsePolicy{MaxSize: 1000, ExpiryTimestamp: time.Now().Add(time.Hour)},
		Payload:        []byte("ping"),
	})
	request, ok := receive(t, sb.Receive()).(p2ptypes.InboundBinaryMessageRequest)
	if !ok || string(request.Payload) != "ping" {
		t.Fatalf("got %v", request)
	}
	sb.Send(request.RequestHandle.MakeResponse(make([]byte, 1000)))
	if response, ok := receive(t, sa.Receive()).(p2ptypes.InboundBinaryMessageResponse); !ok || len(response.Payload) != 1000 {
		t.Fatalf("got %v", response)
	}
	// What cannot be sent is dropped, and what comes after it is not.
	sb.Send(request.RequestHandle.MakeResponse(nil)) // a second response
	sa.Send(p2ptypes.OutboundBinaryMessageRequest{Payload: []byte("no policy")})
	sa.Send(p2ptypes.OutboundBinaryMessageResponse{Payload: []byte("no handle")})
	sa.Send(nil)
	sa.Send(p2ptypes.OutboundBinaryMessagePlain{Payload: make([]byte, 101)})
	sa.Send(p2ptypes.OutboundBinaryMessagePlain{Payload: []byte("plain")})
	sb.Send(p2ptypes.OutboundBinaryMessagePlain{Payload: []byte("plain")})
	for _, ch := range []<-chan p2ptypes.InboundBinaryMessage{sa.Receive(), sb.Receive()} {
		if m, ok := receive(t, ch).(p2ptypes.InboundBinaryMessagePlain); !ok || string(m.Payload) != "plain" {
			t.Fatalf("got %v", m)
		}
	}
}

func TestStreamsAreRefused(t *testing.T) {
	h := startHost(t, "A", seed(1), HostConfig{})
	other := p2ptypes.PeerID{7}
	for name, f := range map[string]func() error{
		"self":    func() error { _, err := h.NewStream(h.ID(), "s", 1, 1, 1, plenty, plenty); return err },
		"no name": func() error { _, err := h.NewStream(other, "", 1, 1, 1, plenty, plenty); return err },
		"long name": func() error {
			_, err := h.NewStream(other, string(make([]byte, 257)), 1, 1, 1, plenty, plenty)
			return err
		},
		"too long":  func() error { _, err := h.NewStream(other, "s", 1, 1, MaxMessageLength+1, plenty, plenty); return err },
		"no buffer": func() error { _, err := h.NewStream(other, "s", 0, 1, 1, plenty, plenty); return err },
		"minus rate": func() error {
			_, err := h.NewStream(other, "s", 1, 1, 1, TokenBucketParams{Rate: -1}, plenty)
			return err
		},
		"P1": func() error {
			_, err := h.NewStream2(other, "s", p2ptypes.StreamPriorityLow, p2ptypes.Stream2Limits{MaxOutgoingBufferedMessages: 1, MaxIncomingBufferedMessages: 1})
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: stream is opened", name)
		}
	}
	if h.peerOf(other) != nil {
		t.Error("a refused stream leaves a peer behind")
	}
	s := h.open(t, other, "s")
	if _, err := h.NewStream(other, "s", 1, 1, 1, plenty, plenty); err == nil {
		t.Error("stream is opened twice")
	}
	for i := 1; i < MaxStreamsPerPeer; i++ {
		h.open(t, other, fmt.Sprint(i))
	}
	if _, err := h.NewStream(other, "one more", 1, 1, 1, plenty, plenty); err == nil {
		t.Error("too many streams are opened")
	}
	for i := 1; i < MaxPeersPerHost; i++ {
		h.open(t, p2ptypes.PeerID{7, byte(i)}, "s")
	}
	if _, err := h.NewStream(p2ptypes.PeerID{8}, "s", 1, 1, 1, plenty, plenty); err == nil {
		t.Error("too many peers")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if s.Close() == nil {
		t.Error("stream is closed twice")
	}
	if _, ok := <-s.ReceiveMessages(); ok {
		t.Error("channel of a closed stream is open")
	}
}

func TestLifeOfHost(t *testing.T) {
	keyring := testKeyring(t, seed(1))
	for name, config := range map[string]HostConfig{"no time": {}, "protocol": {DurationBetweenDials: 1, Protocol: 2}} {
		if _, err := NewHost(config, keyring, nil, &directory{}, nil, nil); err == nil {
			t.Errorf("%s: configuration is accepted", name)
		}
	}
	config := HostConfig{DurationBetweenDials: time.Second}
	dir := &directory{}
	h, err := NewHost(config, keyring, []string{"127.0.0.1:0"}, dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	if err := h.Start(); !errors.Is(err, errHostStarted) {
		t.Errorf("second start: %v", err)
	}
	s, err := h.NewStream(p2ptypes.PeerID{1}, "s", 1, 1, 1, plenty, plenty)
	if err != nil {
		t.Errorf("a second start hurts: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if h.Close() == nil || h.Start() == nil {
		t.Error("a closed host can be closed or started")
	}
	if !dir.closed {
		t.Error("discoverer is not closed")
	}
	s.SendMessage([]byte{1})
	if _, ok := <-s.ReceiveMessages(); ok {
		t.Error("channel is open after the host has closed")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := h.NewStream(p2ptypes.PeerID{2}, "s", 1, 1, 1, plenty, plenty); err == nil {
		t.Error("a closed host opens streams")
	}

	// A start that fails leaves nothing behind.
	for _, broken := range []*directory{{startErr: errors.New("no")}, {}} {
		addresses := []string{"127.0.0.1:0"}
		if broken.startErr == nil {
			addresses = append(addresses, "256.0.0.1:x")
		}
		h, err = NewHost(config, keyring, addresses, broken, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if h.Start() == nil {
			t.Error("start succeeds")
		}
		if h.Close() == nil {
			t.Error("a host that did not start can be closed twice")
		}
	}
	// One that was never started can be closed.
	if h, err = NewHost(config, keyring, nil, &directory{}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

func TestWrapped(t *testing.T) {
	a := startHost(t, "A", seed(1), HostConfig{Protocol: P1})
	if _, ok := Wrapped(a.Host).(p2ptypes.Host2); ok {
		t.Error("a host that speaks P1 is a Host2")
	}
	b := startHost(t, "B", seed(2), HostConfig{Protocol: P2})
	if _, ok := Wrapped(b.Host).(p2ptypes.Host2); !ok || Wrapped(b.Host).RawWrappee() != any(b.Host) {
		t.Error("a host that speaks P2 is no Host2")
	}
	if s, err := Wrapped(a.Host).NewStream(a.ID(), "s", 1, 1, 1, plenty, plenty); s != nil || err == nil {
		t.Errorf("stream is %v, error %v", s, err)
	}
}
