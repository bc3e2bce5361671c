package runtime

import (
	"sync"
	"sync/atomic"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
)

// telemetryCapacity is the number of events that may wait to be sent to the monitoring endpoint.
const telemetryCapacity = 100

// telemetry forwards events to a monitoring endpoint, one at a time, on a goroutine that exists only while there are any. A
// nil *telemetry takes nothing; ask wanted before going to lengths to make an event.
type telemetry struct {
	endpoint commontypes.MonitoringEndpoint
	logger   logging.Logger

	mu       sync.Mutex
	queue    [][]byte
	reserved int // events that are being made
	running  bool
	stopped  bool
	done     sync.WaitGroup

	dropped logging.Taper
}

// newTelemetry returns nil if there is no endpoint.
func newTelemetry(endpoint commontypes.MonitoringEndpoint, logger logging.Logger) *telemetry {
	if endpoint == nil {
		return nil
	}
	return &telemetry{endpoint: endpoint, logger: logger}
}

func (t *telemetry) wanted() bool { return t != nil }

// offer queues the event that event returns; if there is no room, event is not called and the event is lost. It never blocks.
// It reports whether the event was queued.
func (t *telemetry) offer(event func() []byte) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	if t.stopped || len(t.queue)+t.reserved >= telemetryCapacity {
		t.mu.Unlock()
		t.dropped.Trigger(func(count uint64) {
			t.logger.Warn("dropping telemetry: the monitoring endpoint does not keep up", commontypes.LogFields{"droppedCount": count})
		})
		return false
	}
	t.reserved++
	t.mu.Unlock()

	b := event()

	t.mu.Lock()
	t.reserved--
	t.queue = append(t.queue, b)
	if !t.running {
		t.running = true
		t.done.Go(t.forward)
	}
	t.mu.Unlock()

	t.dropped.Reset(func(count uint64) {
		t.logger.Info("telemetry is no longer being dropped", commontypes.LogFields{"droppedCount": count})
	})
	return true
}

func (t *telemetry) forward() {
	for {
		t.mu.Lock()
		if len(t.queue) == 0 || t.stopped {
			t.queue = nil
			t.running = false
			t.mu.Unlock()
			return
		}
		b := t.queue[0]
		t.queue = t.queue[1:]
		t.mu.Unlock()
		t.endpoint.SendLog(b)
	}
}

// stop throws away what waits and returns when the endpoint is not being called any more. Nobody may be in offer.
func (t *telemetry) stop() {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.stopped = true
	t.mu.Unlock()
	t.done.Wait()
}

// telemetryCounters count the events about messages, for the metrics.
type telemetryCounters struct {
	sent, dropped atomic.Uint64
}

func (c *telemetryCounters) count(queued bool) {
	if queued {
		c.sent.Add(1)
	} else {
		c.dropped.Add(1)
	}
}
