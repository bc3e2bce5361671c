package networking

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
)

// dropReason says why an endpoint dropped a message.
type dropReason int

const (
	dropIncomingFull dropReason = iota
	dropSelfFull
	dropNotOpen
	dropUnknownOracle
	dropNil
	dropPriority
	dropPolicy
	dropHandle
	dropReasons
)

// drops says how metrics name the reasons, and what the log says.
var drops = [dropReasons]struct{ label, text string }{
	dropIncomingFull:  {"incoming_buffer_full", "dropped the oldest message of an oracle: messages are not taken fast enough"},
	dropSelfFull:      {"self_buffer_full", "dropped a message to oneself: too many wait"},
	dropNotOpen:       {"not_open", "dropped a message: the endpoint is not started, or is closed"},
	dropUnknownOracle: {"unknown_oracle", "dropped a message: no oracle has this id"},
	dropNil:           {"nil", "dropped a message: it is nil"},
	dropPriority:      {"unknown_priority", "dropped a message: its priority is unknown"},
	dropPolicy:        {"no_response_policy", "dropped a request: it has no valid response policy"},
	dropHandle:        {"wrong_handle", "dropped a response: it does not answer a request of that oracle to this endpoint"},
}

// dropCounters counts what the endpoints of a peer dropped.
type dropCounters [dropReasons]atomic.Uint64

var droppedDesc = prometheus.NewDesc("ocr_endpoint_dropped_messages_total",
	"Messages that endpoints dropped. What streams drop is counted by the host.", []string{"reason"}, nil)

var _ prometheus.Collector = (*dropCounters)(nil)

// Describe implements prometheus.Collector.
func (d *dropCounters) Describe(descs chan<- *prometheus.Desc) { descs <- droppedDesc }

// Collect implements prometheus.Collector.
func (d *dropCounters) Collect(metrics chan<- prometheus.Metric) {
	for reason := range d {
		metrics <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, float64(d[reason].Load()), drops[reason].label)
	}
}

// register makes the counters known, under the peer's id, and returns how to undo that. A failure is logged and nothing else.
func (d *dropCounters) register(registerer prometheus.Registerer, peerID string, log logging.Logger) (unregister func()) {
	if registerer == nil {
		return func() {}
	}
	wrapped := prometheus.WrapRegistererWith(prometheus.Labels{"peer_id": peerID}, registerer)
	if err := wrapped.Register(d); err != nil {
		log.Error("cannot register the metrics of endpoints", commontypes.LogFields{"error": err})
		return func() {}
	}
	return func() { wrapped.Unregister(d) }
}

// dropper counts what one endpoint drops, and logs the first, second, fourth, ... of each reason.
type dropper struct {
	log    logging.Logger
	counts *dropCounters
	tapers [dropReasons]logging.Taper
}

// drop counts a message from or to an oracle.
func (d *dropper) drop(reason dropReason, oracle commontypes.OracleID) {
	d.counts[reason].Add(1)
	d.tapers[reason].Trigger(func(count uint64) {
		fields := commontypes.LogFields{"oracle": oracle, "reason": drops[reason].label, "droppedCount": count}
		if reason == dropIncomingFull {
			d.log.Warn(drops[reason].text, fields)
			return
		}
		d.log.Error(drops[reason].text, fields)
	})
}
