package inmemory

import (
	"testing"
	"testing/synctest"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// TestCloseWhileReceiverSends: who closes an endpoint waits for the receiver, which may be sending.
func TestCloseWhileReceiverSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made, err := NewNetwork().Peer("a").NewEndpoint(types.ConfigDigest{1}, []string{"a"}, nil, 0, types.BinaryNetworkEndpointLimits{MaxMessageLength: 10})
		if err != nil {
			t.Fatal(err)
		}
		e := made.(*Endpoint)
		release, received := make(chan struct{}), 0
		e.SetReceiver(func(commontypes.BinaryMessageWithSender) {
			received++
			<-release
			e.SendTo([]byte("again"), 0)
			e.Broadcast([]byte("again"))
		})
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		go e.SendTo([]byte("first"), 0)
		synctest.Wait()
		closed := false
		go func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			closed = true
		}()
		synctest.Wait()
		if closed {
			t.Error("the endpoint is closed while its receiver runs")
		}
		close(release)
		synctest.Wait()
		if !closed || received != 1 {
			t.Errorf("closed: %t, messages received: %d", closed, received)
		}
	})
}
