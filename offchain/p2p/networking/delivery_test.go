package networking

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptest"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// TestDeliverySelf: messages to oneself come one at a time and in order, whoever sends them, and close waits for the receiver.
func TestDeliverySelf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDelivery[int](nil)
		var got []int
		running, hold := false, make(chan struct{})
		d.setReceiver(func(i int) {
			if running {
				t.Error("two calls at once")
			}
			running = true
			<-hold
			running = false
			got = append(got, i)
		})
		go d.arriveSelf(0)
		synctest.Wait()
		for i := 1; i <= selfQueueSize+3; i++ {
			if dropped := d.arriveSelf(i); dropped != (i > selfQueueSize) {
				t.Errorf("message %d: dropped = %v", i, dropped)
			}
		}
		for range selfQueueSize {
			hold <- struct{}{}
		}
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			d.close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("close did not wait for the receiver")
		default:
		}
		hold <- struct{}{} // the message that was under way; no other comes
		<-closed
		if !slices.IsSorted(got) || len(got) != selfQueueSize+1 {
			t.Errorf("got %v", got)
		}
		if d.arriveSelf(99) || d.arrive(0, 99) || len(got) != selfQueueSize+1 {
			t.Error("a closed delivery delivers")
		}
		d.setReceiver(func(int) { t.Error("a closed delivery delivers") })
		d.close()
	})
}

// TestDeliveryBacklog: what came before there was a receiver is not lost.
func TestDeliveryBacklog(t *testing.T) {
	d := newDelivery[int]([]int{2, 2})
	for i := range 3 {
		if dropped := d.arrive(0, i); dropped != (i == 2) {
			t.Errorf("message %d: dropped = %v", i, dropped)
		}
	}
	d.arrive(1, 10)
	d.arriveSelf(20)
	var got []int
	d.setReceiver(func(i int) { got = append(got, i) })
	slices.Sort(got)
	if !slices.Equal(got, []int{1, 2, 10, 20}) {
		t.Errorf("got %v", got)
	}
	d.close()
}

// TestOwnership: who receives owns the message, and nil does not become part of any.
func TestOwnership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		oracles := nodes(t, network, 1)
		defer closeAll(oracles)
		e, err := oracles[0].peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{1}, peerIDs(oracles), nil, 0, testLimits)
		if err != nil {
			t.Fatal(err)
		}
		var got [][]byte
		e.(*endpoint).SetReceiver(func(m commontypes.BinaryMessageWithSender) {
			got = append(got, m.Msg)
			if len(m.Msg) > 0 {
				m.Msg[0] = 'X'
			}
		})
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		payload := []byte("abc")
		e.SendTo(payload, 0)
		e.SendTo(nil, 0)
		if string(payload) != "abc" {
			t.Errorf("the receiver changed the sender's payload to %q", payload)
		}
		if len(got) != 2 || got[1] == nil {
			t.Errorf("got %q", got)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestPriorityBuffers: messages of low priority do not displace the others.
func TestPriorityBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		oracles := nodes(t, network, 2)
		defer closeAll(oracles)
		var endpoints []types.BinaryNetworkEndpoint2
		two := 2
		low := lowConfig
		low.OverrideIncomingMessageBufferSize = &two
		for _, n := range oracles {
			e, err := n.peer.OCR3_1BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{1}, peerIDs(oracles),
				[]commontypes.BootstrapperLocator{oracles[0].locator()}, defaultConfig, low)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			endpoints = append(endpoints, e)
		}
		wait(time.Minute)
		endpoints[0].SendTo(types.OutboundBinaryMessagePlain{Payload: []byte("precious"), Priority: types.BinaryMessagePriorityDefault}, 1)
		wait(time.Second)
		for i := range 8 {
			endpoints[0].SendTo(types.OutboundBinaryMessagePlain{Payload: []byte{'0' + byte(i)}, Priority: types.BinaryMessagePriorityLow}, 1)
		}
		wait(time.Second)
		b := collect2(endpoints[1], true)
		expect2(t, b, "plain/2 from 0: precious", "plain/1 from 0: 6", "plain/1 from 0: 7")
	})
}

// TestProbed: the peers of an instance, bootstrappers among them, are probed as long as the endpoint is there.
func TestProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		all := nodes(t, network, 3)
		defer closeAll(all)
		e, err := all[0].peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{1}, peerIDs(all[:2]),
			[]commontypes.BootstrapperLocator{all[2].locator()}, 0, testLimits)
		if err != nil {
			t.Fatal(err)
		}
		wait(time.Second)
		// To each of two peers one stream for discovery and two for probes.
		if open := all[0].host.OpenStreams(); open != 6 {
			t.Errorf("%d streams are open, want 6", open)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		wait(time.Second)
		if open := all[0].host.OpenStreams(); open != 0 {
			t.Errorf("%d streams are open, want none", open)
		}
	})
}
