package rageping

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping/machine"
)

// metrics are those of one profile, with a label for the remote peer. The names are those that dashboards and alerts know.
type metrics struct {
	latency                           *prometheus.HistogramVec
	sent, received, timedOut, invalid *prometheus.CounterVec
	registerer                        prometheus.Registerer
	registered                        []prometheus.Collector
}

// counts are those of one peer.
type counts struct {
	latency                           prometheus.Observer
	sent, received, timedOut, invalid prometheus.Counter
	taper                             logging.Taper
}

const remoteLabel = "remote_peer_id"

func newMetrics(c *LatencyMetricsServiceConfig, self p2ptypes.PeerID) *metrics {
	labels := prometheus.Labels{
		"peer_id":    self.String(),
		"ping_size":  fmt.Sprint(c.PingSize),
		"min_period": c.MinPeriod.String(),
		"max_period": c.MaxPeriod.String(),
		"timeout":    c.Timeout.String(),
	}
	buckets := c.Buckets
	if len(buckets) == 0 {
		buckets = DefaultLatencyBuckets()
	}
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, []string{remoteLabel})
	}
	return &metrics{
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rageping_round_trip_latency_seconds", Help: "Time from a ping to its pong.", ConstLabels: labels, Buckets: buckets,
		}, []string{remoteLabel}),
		sent:     counter("rageping_sent_requests_total", "Pings sent."),
		received: counter("rageping_received_requests_total", "Pings received and answered."),
		timedOut: counter("rageping_timed_out_requests_total", "Pings that were not answered in time."),
		invalid:  counter("rageping_invalid_messages_received_total", "Pongs to no ping, and messages that are neither."),
	}
}

// register makes the metrics known; a failure is logged and nothing else.
func (m *metrics) register(registerer prometheus.Registerer, log logging.Logger) {
	if registerer == nil {
		return
	}
	m.registerer = registerer
	for _, c := range []prometheus.Collector{m.latency, m.sent, m.received, m.timedOut, m.invalid} {
		if err := registerer.Register(c); err != nil {
			log.Error("cannot register a metric of latency probes", commontypes.LogFields{"error": err})
			continue
		}
		m.registered = append(m.registered, c)
	}
}

func (m *metrics) unregister() {
	for _, c := range m.registered {
		m.registerer.Unregister(c)
	}
}

func (m *metrics) of(peer p2ptypes.PeerID) *counts {
	label := peer.String()
	return &counts{
		latency: m.latency.WithLabelValues(label),
		sent:    m.sent.WithLabelValues(label), received: m.received.WithLabelValues(label),
		timedOut: m.timedOut.WithLabelValues(label), invalid: m.invalid.WithLabelValues(label),
	}
}

func (m *metrics) forget(peer p2ptypes.PeerID) {
	label := peer.String()
	m.latency.DeleteLabelValues(label)
	for _, c := range []*prometheus.CounterVec{m.sent, m.received, m.timedOut, m.invalid} {
		c.DeleteLabelValues(label)
	}
}

func (c *counts) observe(o machine.Outcome) {
	switch o.What {
	case machine.Sent:
		c.sent.Inc()
	case machine.Answered:
		c.received.Inc()
	case machine.Measured:
		c.latency.Observe(o.Latency.Seconds())
	case machine.TimedOut:
		c.timedOut.Inc()
	case machine.Unexpected, machine.Invalid:
		c.invalid.Inc()
	}
}
