package networking

import (
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// closeWhileReceiving closes an endpoint while its receiver runs, and lets that send when the endpoint is closed to senders. isClosed
// must not block.
func closeWhileReceiving(t *testing.T, entered, release chan struct{}, isClosed func() bool, end func() error) {
	t.Helper()
	timeout := time.After(60 * time.Second)
	select {
	case <-entered:
	case <-timeout:
		t.Fatal("no message arrives")
	}
	done := make(chan error)
	go func() { done <- end() }()
	for !isClosed() {
		select {
		case <-timeout:
			t.Fatal("the endpoint does not close to senders while its receiver runs")
		case <-time.After(time.Millisecond):
		}
	}
	close(release)
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-timeout:
		t.Fatal("closing and sending from the receiver wait for each other")
	}
}

// TestCloseWhileReceiverSends: who closes an endpoint waits for the receiver, which may be sending.
func TestCloseWhileReceiverSends(t *testing.T) {
	nodes := tcpNodes(t, 2, all)
	ids, boot := tcpPeerIDs(nodes), []commontypes.BootstrapperLocator{nodes[0].locator()}
	const other = commontypes.OracleID(1)

	t.Run("endpoint", func(t *testing.T) {
		entered, release := make(chan struct{}), make(chan struct{})
		made, err := nodes[0].peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{3}, ids, boot, 1, testLimits)
		if err != nil {
			t.Fatal(err)
		}
		e := made.(*endpoint)
		first := true
		e.SetReceiver(func(commontypes.BinaryMessageWithSender) {
			if first {
				first = false
				close(entered)
				<-release
			}
			e.SendTo([]byte("answer"), other)
			e.Broadcast([]byte("answer"))
		})
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		from := tcpEndpoint(t, nodes[1], types.ConfigDigest{3}, ids, boot)
		from.SendTo([]byte("question"), 0)
		closeWhileReceiving(t, entered, release, func() bool {
			if !e.mu.TryRLock() {
				return false
			}
			defer e.mu.RUnlock()
			return e.phase == closed
		}, e.Close)
		closeEndpoints(t, []commontypes.BinaryNetworkEndpoint{from})
	})

	t.Run("endpoint2", func(t *testing.T) {
		entered, release := make(chan struct{}), make(chan struct{})
		var endpoints []*endpoint2
		for _, n := range nodes {
			e, err := n.peer.OCR3_1BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{4}, ids, boot, defaultConfig, lowConfig)
			if err != nil {
				t.Fatal(err)
			}
			endpoints = append(endpoints, e.(*endpoint2))
		}
		message := types.OutboundBinaryMessagePlain{Payload: []byte("question"), Priority: types.BinaryMessagePriorityLow}
		first := true
		endpoints[0].SetReceiver(func(types.InboundBinaryMessageWithSender) {
			if first {
				first = false
				close(entered)
				<-release
			}
			endpoints[0].SendTo(message, other)
			endpoints[0].Broadcast(message)
		})
		endpoints[1].SendTo(message, 0)
		closeWhileReceiving(t, entered, release, endpoints[0].closed.Load, endpoints[0].Close)
		if err := endpoints[1].Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestReceiverThatSends: what waits when a receiver is set may make it send to itself.
func TestReceiverThatSends(t *testing.T) {
	d := newDelivery[int]([]int{2})
	d.arrive(0, 1)
	d.arriveSelf(2)
	var got []int
	d.setReceiver(func(m int) {
		if got = append(got, m); m < 3 {
			d.arriveSelf(m + 10)
			d.arrive(0, m+20)
		}
	})
	d.arriveSelf(3)
	d.close()
	if len(got) != 7 || got[0] != 1 || got[6] != 3 {
		t.Errorf("got %v", got)
	}
}
