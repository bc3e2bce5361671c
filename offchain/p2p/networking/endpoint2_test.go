package networking

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptest"
	"github.com/ocrkit/ocrkit/offchain/types"
)

var (
	defaultConfig = types.BinaryNetworkEndpoint2Config{BinaryNetworkEndpointLimits: testLimits}
	lowConfig     = types.BinaryNetworkEndpoint2Config{BinaryNetworkEndpointLimits: types.BinaryNetworkEndpointLimits{
		MaxMessageLength: 256, MessagesRatePerOracle: 10, MessagesCapacityPerOracle: 30, BytesRatePerOracle: 2560, BytesCapacityPerOracle: 7680,
	}}
)

// inbox2 gathers the messages of an endpoint, either way.
type inbox2 struct {
	mu   sync.Mutex
	got  []types.InboundBinaryMessageWithSender
	done chan struct{}
}

func collect2(e types.BinaryNetworkEndpoint2, push bool) *inbox2 {
	b := &inbox2{done: make(chan struct{})}
	add := func(m types.InboundBinaryMessageWithSender) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.got = append(b.got, m)
	}
	if push {
		e.(*endpoint2).SetReceiver(add)
		close(b.done)
		return b
	}
	ch := e.Receive()
	go func() {
		defer close(b.done)
		for m := range ch {
			add(m)
		}
	}()
	return b
}

// take returns what has come since the last call.
func (b *inbox2) take() []types.InboundBinaryMessageWithSender {
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.got
	b.got = nil
	return got
}

// describe lists messages as kind, priority, sender and payload, sorted.
func describe(messages []types.InboundBinaryMessageWithSender) string {
	var lines []string
	for _, m := range messages {
		kind, priority := "", types.BinaryMessageOutboundPriority(0)
		switch m := m.InboundBinaryMessage.(type) {
		case types.InboundBinaryMessagePlain:
			kind, priority = "plain", m.Priority
		case types.InboundBinaryMessageRequest:
			kind, priority = "request", m.Priority
		case types.InboundBinaryMessageResponse:
			kind, priority = "response", m.Priority
		}
		lines = append(lines, fmt.Sprintf("%s/%d from %d: %s", kind, priority, m.Sender, m.GetPayload()))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func newEndpoints2(t testing.TB, oracles []*node, push bool) (endpoints []types.BinaryNetworkEndpoint2, inboxes []*inbox2) {
	t.Helper()
	for _, n := range oracles {
		e, err := n.peer.OCR3_1BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{1}, peerIDs(oracles),
			[]commontypes.BootstrapperLocator{oracles[0].locator()}, defaultConfig, lowConfig)
		if err != nil {
			t.Fatal(err)
		}
		endpoints = append(endpoints, e)
		inboxes = append(inboxes, collect2(e, push))
	}
	return endpoints, inboxes
}

func expect2(t testing.TB, b *inbox2, want ...string) []types.InboundBinaryMessageWithSender {
	t.Helper()
	got := b.take()
	slices.Sort(want)
	if d := describe(got); d != strings.Join(want, "\n") {
		t.Errorf("received\n%s\nwant\n%s", d, strings.Join(want, "\n"))
	}
	return got
}

func TestEndpoint2(t *testing.T) {
	eachMode(t, func(t *testing.T, network *p2ptest.Network, push bool) {
		oracles := nodes(t, network, 3)
		defer closeAll(oracles)
		e, in := newEndpoints2(t, oracles, push)
		wait(30 * time.Second)
		const low, normal = types.BinaryMessagePriorityLow, types.BinaryMessagePriorityDefault
		policy := types.SingleUseSizedLimitedResponsePolicy{MaxSize: 5000, ExpiryTimestamp: time.Now().Add(time.Minute)}

		// Plain messages, both priorities.
		e[0].Broadcast(types.OutboundBinaryMessagePlain{Payload: []byte("a"), Priority: normal})
		e[1].SendTo(&types.OutboundBinaryMessagePlain{Payload: []byte("b"), Priority: low}, 2)
		wait(time.Second)
		expect2(t, in[0], "plain/2 from 0: a")
		expect2(t, in[1], "plain/2 from 0: a")
		expect2(t, in[2], "plain/2 from 0: a", "plain/1 from 1: b")

		// A request to all, oneself included; everybody responds, with more than a message may have.
		e[0].Broadcast(types.OutboundBinaryMessageRequest{ResponsePolicy: policy, Payload: []byte("who?"), Priority: low})
		wait(time.Second)
		long := strings.Repeat("x", 4000)
		for i := range e {
			request := expect2(t, in[i], "request/1 from 0: who?")[0].InboundBinaryMessage.(types.InboundBinaryMessageRequest)
			response := request.RequestHandle.MakeResponse([]byte(long))
			if response.Priority != low {
				t.Errorf("the response has priority %d", response.Priority)
			}
			e[i].SendTo(response, 0)
			if i > 0 {
				e[i].SendTo(response, 0) // only one is delivered
				// To whom it does not belong it does not go.
				e[i].SendTo(response, commontypes.OracleID(3-i))
				other := response
				other.Priority = normal
				e[i].SendTo(other, 0)
				e[3-i].SendTo(response, 0)
			}
		}
		wait(time.Second)
		expect2(t, in[0], "response/1 from 0: "+long, "response/1 from 1: "+long, "response/1 from 2: "+long)
		expect2(t, in[1])
		expect2(t, in[2])

		// A response that is too long, and one that is too late.
		e[0].SendTo(types.OutboundBinaryMessageRequest{ResponsePolicy: &policy, Payload: []byte("1"), Priority: normal}, 1)
		e[0].SendTo(types.OutboundBinaryMessageRequest{ResponsePolicy: policy, Payload: []byte("2"), Priority: normal}, 1)
		wait(time.Second)
		requests := expect2(t, in[1], "request/2 from 0: 1", "request/2 from 0: 2")
		handles := []types.RequestHandle{}
		for _, r := range requests {
			handles = append(handles, r.InboundBinaryMessage.(types.InboundBinaryMessageRequest).RequestHandle)
		}
		e[1].SendTo(handles[0].MakeResponse(make([]byte, 5001)), 0)
		wait(2 * time.Minute)
		e[1].SendTo(handles[1].MakeResponse([]byte("late")), 0)
		wait(time.Second)
		expect2(t, in[0])

		// What makes no sense is dropped: no policy, no handle, no priority, nothing at all.
		for to := range commontypes.OracleID(2) {
			e[0].SendTo(nil, to)
			e[0].SendTo((*types.OutboundBinaryMessagePlain)(nil), to)
			e[0].SendTo((*types.OutboundBinaryMessageRequest)(nil), to)
			e[0].SendTo((*types.OutboundBinaryMessageResponse)(nil), to)
			e[0].SendTo(types.OutboundBinaryMessagePlain{Payload: []byte("no priority")}, to)
		}
		e[0].SendTo(types.OutboundBinaryMessageRequest{Payload: []byte("no policy"), Priority: normal}, 1)
		e[0].SendTo(types.OutboundBinaryMessageRequest{ResponsePolicy: (*types.SingleUseSizedLimitedResponsePolicy)(nil), Priority: normal}, 1)
		e[0].SendTo(types.OutboundBinaryMessageRequest{ResponsePolicy: types.SingleUseSizedLimitedResponsePolicy{MaxSize: -1}, Priority: normal}, 1)
		e[0].SendTo(types.OutboundBinaryMessageResponse{Payload: []byte("no handle"), Priority: normal}, 1)
		e[0].SendTo(types.OutboundBinaryMessagePlain{Priority: normal}, 3)
		wait(time.Second)
		expect2(t, in[0])
		expect2(t, in[1])
		e[0].Broadcast(types.OutboundBinaryMessagePlain{Payload: nil, Priority: normal})
		wait(time.Second)
		expect2(t, in[1], "plain/2 from 0: ")

		for i := range e {
			if err := e[i].Close(); err != nil {
				t.Error(err)
			}
			<-in[i].done
			if err := e[i].Close(); err != nil {
				t.Error(err)
			}
			e[i].Broadcast(types.OutboundBinaryMessagePlain{Payload: []byte("closed"), Priority: normal})
		}
		wait(time.Second)
		want := map[string]uint64{"nil": 8, "unknown_priority": 2, "no_response_policy": 3, "wrong_handle": 1, "unknown_oracle": 1, "not_open": 1}
		if got := oracles[0].droppedCount(); !maps.Equal(got, want) {
			t.Errorf("dropped %v, want %v", got, want)
		}
		want = map[string]uint64{"wrong_handle": 3, "not_open": 1}
		if got := oracles[1].droppedCount(); !maps.Equal(got, want) {
			t.Errorf("dropped %v, want %v", got, want)
		}
		for i, n := range oracles {
			if open := n.host.OpenStreams(); open != 0 {
				t.Errorf("oracle %d has %d streams open", i, open)
			}
		}
	})
}

func TestEndpoint2Refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		oracles := nodes(t, network, 2)
		defer closeAll(oracles)
		ids := peerIDs(oracles)
		factory := oracles[0].peer.OCR3_1BinaryNetworkEndpointFactory()
		if factory.PeerID() != ids[0] {
			t.Errorf("peer id %s", factory.PeerID())
		}
		zero, seven := 0, 7
		noBuffer, noRate := defaultConfig, lowConfig
		noBuffer.OverrideIncomingMessageBufferSize = &zero
		noRate.BytesRatePerOracle = math.NaN()
		for want, c := range map[string]struct {
			ids             []string
			defaults, lower types.BinaryNetworkEndpoint2Config
		}{
			"MaxIncomingBufferedMessages is 0": {ids, noBuffer, lowConfig},
			"BytesRatePerOracle is NaN":        {ids, defaultConfig, noRate},
			"is not among the 1 oracles":       {ids[1:], defaultConfig, lowConfig},
			"oracle 0: peer id":                {[]string{""}, defaultConfig, lowConfig},
		} {
			if e, err := factory.NewEndpoint(types.ConfigDigest{1}, c.ids, nil, c.defaults, c.lower); err == nil || !strings.Contains(err.Error(), want) || e != nil {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		// The second of the streams is taken: nothing is left behind.
		taken, err := oracles[0].host.NewStream(oracles[1].host.ID(), streamName(types.ConfigDigest{1}), 1, 1, 1, bucketOf(1), bucketOf(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := factory.NewEndpoint(types.ConfigDigest{1}, ids, nil, defaultConfig, lowConfig); err == nil {
			t.Error("a stream is open twice")
		}
		if err := taken.Close(); err != nil {
			t.Error(err)
		}
		bigger := defaultConfig
		bigger.OverrideOutgoingMessageBufferSize = &seven
		e, err := factory.NewEndpoint(types.ConfigDigest{1}, ids, nil, bigger, lowConfig)
		if err != nil {
			t.Fatal(err)
		}
		// The override is in effect: of what waits, the newest seven are kept.
		for i := range 10 {
			e.SendTo(types.OutboundBinaryMessagePlain{Payload: []byte{byte(i)}, Priority: types.BinaryMessagePriorityDefault}, 1)
		}
		if dropped := network.Drops()["outgoing"]; dropped != 3 {
			t.Errorf("%d messages gave way, want 3", dropped)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}

		oracles[0].close()
		oracles[0].p1 = true
		oracles[0].start()
		if _, err := oracles[0].peer.OCR3_1BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{1}, ids, nil, defaultConfig, lowConfig); err == nil ||
			!strings.Contains(err.Error(), "EnableExperimentalRageP2P") {
			t.Errorf("on a host of the production protocol: %v", err)
		}
	})
}
