package offchain_test

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire/ocr1pb"
	"github.com/ocrkit/ocrkit/test/ocr1net"
)

// TestOCR1Telemetry reads the events of a running oracle as a consumer does, with the generated protobuf code.
func TestOCR1Telemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		var monitoring eventRecorder
		net.Nodes[0].Args.MonitoringEndpoint = &monitoring
		digest := net.SetConfig(nil)
		began := time.Now()
		net.StartAll()
		synctest.Wait()
		// One of the others sends bytes that are no message, once nothing can be lost because somebody has not yet started.
		var mu sync.Mutex
		spoiled := 0
		garbage := []byte{0xff, 0xff, 0xff}
		net.Links.SetFault(func(e inmemory.Envelope) inmemory.Outcome {
			mu.Lock()
			defer mu.Unlock()
			if e.From == 3 && e.To == 0 && spoiled < 3 {
				spoiled++
				return inmemory.Outcome{Payload: garbage}
			}
			return inmemory.Outcome{}
		})
		reports := waitForOCR1(t, net, 25)
		net.StopAll()

		kinds := map[string]int{}
		begun := map[[2]uint64]bool{} // rounds
		leader := map[uint64]uint64{} // of epochs
		for i, raw := range monitoring.recorded() {
			var event ocr1pb.TelemetryWrapper
			if err := proto.Unmarshal(raw, &event); err != nil {
				t.Fatalf("event %d: %v", i, err)
			}
			if at := time.Unix(0, event.GetUnixTimeNanoseconds()); at.Before(began) || at.After(time.Now()) {
				t.Errorf("event %d is of %s", i, at)
			}
			var of []byte
			switch e := event.Wrapped.(type) {
			case *ocr1pb.TelemetryWrapper_MessageReceived:
				kinds["received"]++
				of = e.MessageReceived.GetConfigDigest()
				if e.MessageReceived.GetMsg().GetMsg() == nil || e.MessageReceived.GetSender() > 3 {
					t.Errorf("event %d: %v", i, e)
				}
			case *ocr1pb.TelemetryWrapper_MessageBroadcast:
				kinds["broadcast"]++
				of = e.MessageBroadcast.GetConfigDigest()
				checkCopy(t, e.MessageBroadcast.GetMsg(), e.MessageBroadcast.GetSerializedMsg())
			case *ocr1pb.TelemetryWrapper_MessageSent:
				kinds["sent"]++
				of = e.MessageSent.GetConfigDigest()
				checkCopy(t, e.MessageSent.GetMsg(), e.MessageSent.GetSerializedMsg())
			case *ocr1pb.TelemetryWrapper_AssertionViolation:
				kinds["violation"]++
				v := e.AssertionViolation.GetInvalidSerialization()
				of = v.GetConfigDigest()
				if v.GetSender() != 3 || !bytes.Equal(v.GetSerializedMsg(), garbage) {
					t.Errorf("event %d: %v", i, v)
				}
			case *ocr1pb.TelemetryWrapper_RoundStarted:
				kinds["round"]++
				r := e.RoundStarted
				of = r.GetConfigDigest()
				begun[[2]uint64{r.GetEpoch(), r.GetRound()}] = true
				if before, ok := leader[r.GetEpoch()]; ok && before != r.GetLeader() {
					t.Errorf("epoch %d has leaders %d and %d", r.GetEpoch(), before, r.GetLeader())
				}
				leader[r.GetEpoch()] = r.GetLeader()
			default:
				t.Fatalf("event %d is a %T", i, event.Wrapped)
			}
			if !bytes.Equal(of, digest[:]) {
				t.Errorf("event %d is of instance %x, want %s", i, of, digest)
			}
		}
		if kinds["violation"] != 3 {
			t.Errorf("%d violations, want 3", kinds["violation"])
		}
		for kind, atLeast := range map[string]int{"received": 200, "broadcast": 20, "sent": 20, "round": 20} {
			if kinds[kind] < atLeast {
				t.Errorf("%d events %s, want at least %d", kinds[kind], kind, atLeast)
			}
		}
		if last := reports[len(reports)-1].Timestamp; !begun[[2]uint64{uint64(last.Epoch), uint64(last.Round)}] {
			t.Errorf("no event says that round %d of epoch %d began", last.Round, last.Epoch)
		}
	})
}
