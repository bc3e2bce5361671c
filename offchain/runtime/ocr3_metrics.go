package runtime

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ocr3Metrics are the metrics of one OCR3 instance: plain numbers, of which Prometheus metrics are made when somebody asks.
// The names are those that dashboards and alerts know.
//
// Source: docs/protocol/ocr3.md, "Telemetry and metrics".
type ocr3Metrics struct {
	epoch, leader atomic.Int64 // of the last change of epoch
	committed     atomic.Uint64
	counters      [ocr3.CountLedCommittedRounds + 1]atomic.Uint64
	telemetry     telemetryCounters

	// The rest counts what the names above have no metric for.
	undecodable, flooded func() uint64
	config               []constantGauge

	registered func() // undoes the registration
}

var (
	ocr3EpochDesc = prometheus.NewDesc("ocr3_epoch",
		"The epoch of the latest change of epoch.", nil, nil)
	ocr3LeaderDesc = prometheus.NewDesc("ocr3_experimental_leader_oid",
		"The oracle id of the leader of the epoch.", nil, nil)
	ocr3CommittedDesc = prometheus.NewDesc("ocr3_committed_sequence_number",
		"The sequence number of the latest outcome that this oracle has committed.", nil, nil)
	ocr3CounterDescs = [...]*prometheus.Desc{
		ocr3.CountSentObservations: prometheus.NewDesc("ocr3_sent_observations_total",
			"Observations that this oracle sent to leaders.", nil, nil),
		ocr3.CountIncludedObservations: prometheus.NewDesc("ocr3_included_observations_total",
			"Proposals with an observation of this oracle that it found right.", nil, nil),
		ocr3.CountLedCommittedRounds: prometheus.NewDesc("ocr3_led_committed_rounds_total",
			"Rounds that this oracle led and saw committed.", nil, nil),
	}
	ocr3MalformedDesc = prometheus.NewDesc("ocr3_malformed_messages_total",
		"Messages that were dropped because they could not be decoded or were too long.", nil, nil)
	ocr3FloodedDesc = prometheus.NewDesc("ocr3_flooded_messages_total",
		"Messages that were dropped because their sender sent more than could be handled.", nil, nil)
)

var _ prometheus.Collector = (*ocr3Metrics)(nil)

// Describe implements prometheus.Collector.
func (m *ocr3Metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		ocr3EpochDesc, ocr3LeaderDesc, ocr3CommittedDesc, telemetrySentDesc, telemetryDroppedDesc, ocr3MalformedDesc, ocr3FloodedDesc,
	} {
		descs <- desc
	}
	for _, desc := range ocr3CounterDescs {
		if desc != nil {
			descs <- desc
		}
	}
	for _, gauge := range m.config {
		descs <- gauge.desc
	}
}

// Collect implements prometheus.Collector.
func (m *ocr3Metrics) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	counter := func(desc *prometheus.Desc, value uint64) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value))
	}
	gauge(ocr3EpochDesc, float64(m.epoch.Load()))
	gauge(ocr3LeaderDesc, float64(m.leader.Load()))
	gauge(ocr3CommittedDesc, float64(m.committed.Load()))
	for i, desc := range ocr3CounterDescs {
		if desc != nil {
			counter(desc, m.counters[i].Load())
		}
	}
	counter(telemetrySentDesc, m.telemetry.sent.Load())
	counter(telemetryDroppedDesc, m.telemetry.dropped.Load())
	counter(ocr3MalformedDesc, m.undecodable())
	counter(ocr3FloodedDesc, m.flooded())
	for _, g := range m.config {
		gauge(g.desc, g.value)
	}
}

// register makes the metrics known to the registerer; nil is fine.
func (m *ocr3Metrics) register(registerer prometheus.Registerer, cfg ocr3config.PublicConfig, key types.OffchainPublicKey, logger logging.Logger) {
	m.config = constantGauges(ocr3config.Metrics(cfg))
	m.registered = registerMetrics(m, registerer, cfg.ConfigDigest, key, logger)
}

func (m *ocr3Metrics) unregister() { m.registered() }
