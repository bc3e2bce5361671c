package offchain_test

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire/ocr3pb"
	"github.com/ocrkit/ocrkit/test/ocr3net"
)

// eventRecorder is a monitoring endpoint that keeps the events.
type eventRecorder struct {
	mu     sync.Mutex
	events [][]byte
}

func (r *eventRecorder) SendLog(event []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, bytes.Clone(event))
}

func (r *eventRecorder) recorded() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events
}

// TestOCR3Telemetry reads the events of a running oracle as a consumer does, with the generated protobuf code, and compares what
// they say with what happened.
func TestOCR3Telemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr3net.New(t, 4, 1)
		node := net.Nodes[0]
		var monitoring eventRecorder
		node.Args.MonitoringEndpoint = &monitoring
		node.Args.LocalConfig.EnableTransmissionTelemetry = true
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
		waitForOCR3(t, net, 25)
		committed := node.Status().OCR3.Machine.CommittedSeqNr
		net.StopAll()

		kinds := map[string]int{}
		rounds := map[uint64]bool{}   // sequence numbers of rounds that were begun
		epochs := map[uint64]bool{}   // that were entered
		leader := map[uint64]uint64{} // of epochs, as told by rounds
		accepted := map[[2]uint64]bool{}
		for i, raw := range monitoring.recorded() {
			var event ocr3pb.TelemetryWrapper
			if err := proto.Unmarshal(raw, &event); err != nil {
				t.Fatalf("event %d: %v", i, err)
			}
			if at := time.Unix(0, event.GetUnixTimeNanoseconds()); at.Before(began) || at.After(time.Now()) {
				t.Errorf("event %d is of %s", i, at)
			}
			var of []byte
			switch e := event.Wrapped.(type) {
			case *ocr3pb.TelemetryWrapper_MessageReceived:
				kinds["received"]++
				of = e.MessageReceived.GetConfigDigest()
				if e.MessageReceived.GetMsg().GetMsg() == nil || e.MessageReceived.GetSender() > 3 {
					t.Errorf("event %d: %v", i, e)
				}
			case *ocr3pb.TelemetryWrapper_MessageBroadcast:
				kinds["broadcast"]++
				of = e.MessageBroadcast.GetConfigDigest()
				checkCopy(t, e.MessageBroadcast.GetMsg(), e.MessageBroadcast.GetSerializedMsg())
			case *ocr3pb.TelemetryWrapper_MessageSent:
				kinds["sent"]++
				of = e.MessageSent.GetConfigDigest()
				checkCopy(t, e.MessageSent.GetMsg(), e.MessageSent.GetSerializedMsg())
			case *ocr3pb.TelemetryWrapper_AssertionViolation:
				kinds["violation"]++
				v := e.AssertionViolation.GetInvalidSerialization()
				of = v.GetConfigDigest()
				if v.GetSender() != 3 || !bytes.Equal(v.GetSerializedMsg(), garbage) {
					t.Errorf("event %d: %v", i, v)
				}
			case *ocr3pb.TelemetryWrapper_RoundStarted:
				kinds["round"]++
				r := e.RoundStarted
				of = r.GetConfigDigest()
				rounds[r.GetSeqNr()] = true
				if before, ok := leader[r.GetEpoch()]; ok && before != r.GetLeader() {
					t.Errorf("epoch %d has leaders %d and %d", r.GetEpoch(), before, r.GetLeader())
				}
				leader[r.GetEpoch()] = r.GetLeader()
				if r.GetRound() == 0 {
					t.Errorf("event %d: round 0", i)
				}
			case *ocr3pb.TelemetryWrapper_EpochStarted:
				kinds["epoch"]++
				of = e.EpochStarted.GetConfigDigest()
				epochs[e.EpochStarted.GetEpoch()] = true
			case *ocr3pb.TelemetryWrapper_TransmissionScheduleComputed:
				kinds["schedule"]++
				of = e.TransmissionScheduleComputed.GetConfigDigest()
				for oracle := range e.TransmissionScheduleComputed.GetScheduleDelayNanosecondsPerNode() {
					if oracle > 3 {
						t.Errorf("event %d: a delay for oracle %d", i, oracle)
					}
				}
			case *ocr3pb.TelemetryWrapper_TransmissionShouldAcceptAttestedReportComputed:
				kinds["accept"]++
				a := e.TransmissionShouldAcceptAttestedReportComputed
				of = a.GetConfigDigest()
				if a.GetOk() && a.GetResult() {
					accepted[[2]uint64{a.GetSeqNr(), a.GetIndex()}] = true
				}
			case *ocr3pb.TelemetryWrapper_TransmissionShouldTransmitAcceptedReportComputed:
				kinds["transmit"]++
				d := e.TransmissionShouldTransmitAcceptedReportComputed
				of = d.GetConfigDigest()
				if !accepted[[2]uint64{d.GetSeqNr(), d.GetIndex()}] {
					t.Errorf("event %d: report %d of %d is to be transmitted but was not accepted", i, d.GetIndex(), d.GetSeqNr())
				}
			default:
				t.Fatalf("event %d is a %T", i, event.Wrapped)
			}
			if !bytes.Equal(of, digest[:]) {
				t.Errorf("event %d is of instance %x, want %s", i, of, digest)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if kinds["violation"] != spoiled {
			t.Errorf("%d violations, want %d", kinds["violation"], spoiled)
		}
		for kind, atLeast := range map[string]int{
			"received": 100, "broadcast": 50, "sent": 10, "violation": 3, "round": 15, "epoch": 1, "schedule": 20, "accept": 10, "transmit": 5,
		} {
			if kinds[kind] < atLeast {
				t.Errorf("%d events %s, want at least %d", kinds[kind], kind, atLeast)
			}
		}
		if !rounds[committed] {
			t.Errorf("no event says that the round for %d began", committed)
		}
		for epoch := range epochs {
			if epoch < 2 {
				t.Errorf("an event says that epoch %d was entered: the first one is no change", epoch)
			}
		}
	})
}

// checkCopy holds an event's structured copy of a message against its bytes.
func checkCopy(t *testing.T, message proto.Message, serialized []byte) {
	t.Helper()
	decoded := message.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(serialized, decoded); err != nil || proto.Size(decoded) == 0 || !proto.Equal(decoded, message) {
		t.Errorf("the bytes %x are not the message %v (%v)", serialized, message, err)
	}
}
