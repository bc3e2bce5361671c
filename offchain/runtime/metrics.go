package runtime

import (
	"encoding/hex"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ocr2Metrics are the metrics of one OCR2 instance: plain numbers, of which Prometheus metrics are made when somebody asks.
// The names are those that dashboards and alerts know.
//
// Source: docs/protocol/ocr2.md, "Telemetry and metrics".
type ocr2Metrics struct {
	epoch, leader atomic.Int64 // of the last change of epoch
	counters      [ocr2.CountLedCompletedRounds + 1]atomic.Uint64
	telemetry     telemetryCounters

	// The rest counts what the names above have no metric for.
	undecodable, flooded func() uint64
	config               []constantGauge

	registered func() // undoes the registration
}

type constantGauge struct {
	desc  *prometheus.Desc
	value float64
}

var (
	ocr2EpochDesc = prometheus.NewDesc("ocr2_epoch",
		"The epoch of the latest change of epoch.", nil, nil)
	ocr2LeaderDesc = prometheus.NewDesc("ocr2_experimental_leader_oid",
		"The oracle id of the leader of the epoch.", nil, nil)
	ocr2CounterDescs = [...]*prometheus.Desc{
		ocr2.CountSentObservations: prometheus.NewDesc("ocr2_sent_observations_total",
			"Observations that this oracle sent to leaders.", nil, nil),
		ocr2.CountIncludedObservations: prometheus.NewDesc("ocr2_included_observations_total",
			"Observations of this oracle that leaders made use of.", nil, nil),
		ocr2.CountCompletedRounds: prometheus.NewDesc("ocr2_completed_rounds_total",
			"Rounds that this oracle saw completed.", nil, nil),
		ocr2.CountLedCompletedRounds: prometheus.NewDesc("ocr2_led_completed_rounds_total",
			"Rounds that this oracle led and saw completed.", nil, nil),
	}
	telemetrySentDesc = prometheus.NewDesc("ocr_telemetry_sent_messages_total",
		"Telemetry events about messages that were queued for the monitoring endpoint.", nil, nil)
	telemetryDroppedDesc = prometheus.NewDesc("ocr_telemetry_dropped_messages_total",
		"Telemetry events about messages that were dropped because the monitoring endpoint did not keep up.", nil, nil)
	malformedDesc = prometheus.NewDesc("ocr2_malformed_messages_total",
		"Messages that were dropped because they could not be decoded or were too long.", nil, nil)
	floodedDesc = prometheus.NewDesc("ocr2_flooded_messages_total",
		"Messages that were dropped because their sender sent more than could be handled.", nil, nil)
)

var _ prometheus.Collector = (*ocr2Metrics)(nil)

// Describe implements prometheus.Collector.
func (m *ocr2Metrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- ocr2EpochDesc
	descs <- ocr2LeaderDesc
	for _, desc := range ocr2CounterDescs {
		if desc != nil {
			descs <- desc
		}
	}
	descs <- telemetrySentDesc
	descs <- telemetryDroppedDesc
	descs <- malformedDesc
	descs <- floodedDesc
	for _, gauge := range m.config {
		descs <- gauge.desc
	}
}

// Collect implements prometheus.Collector.
func (m *ocr2Metrics) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	counter := func(desc *prometheus.Desc, value uint64) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value))
	}
	gauge(ocr2EpochDesc, float64(m.epoch.Load()))
	gauge(ocr2LeaderDesc, float64(m.leader.Load()))
	for i, desc := range ocr2CounterDescs {
		if desc != nil {
			counter(desc, m.counters[i].Load())
		}
	}
	counter(telemetrySentDesc, m.telemetry.sent.Load())
	counter(telemetryDroppedDesc, m.telemetry.dropped.Load())
	counter(malformedDesc, m.undecodable())
	counter(floodedDesc, m.flooded())
	for _, g := range m.config {
		gauge(g.desc, g.value)
	}
}

// register makes the metrics known to the registerer, under labels that tell the instance; nil is fine. Failure is logged and
// nothing else.
func (m *ocr2Metrics) register(registerer prometheus.Registerer, cfg ocr2config.PublicConfig, key types.OffchainPublicKey, logger logging.Logger) {
	m.config = constantGauges(ocr2config.Metrics(cfg))
	m.registered = registerMetrics(m, registerer, cfg.ConfigDigest, key, logger)
}

// constantGauges makes metrics of the numbers of a config.
func constantGauges(metrics []config.Metric) (gauges []constantGauge) {
	for _, c := range metrics {
		gauges = append(gauges, constantGauge{prometheus.NewDesc(c.Name, c.Help, nil, nil), c.Value})
	}
	return gauges
}

// registerMetrics makes metrics known to a registerer, under labels that tell the instance; nil is fine. It returns what undoes
// that. Failure is logged and nothing else.
func registerMetrics(
	m prometheus.Collector, registerer prometheus.Registerer, digest types.ConfigDigest, key types.OffchainPublicKey, logger logging.Logger,
) (undo func()) {
	if registerer == nil {
		return func() {}
	}
	wrapped := prometheus.WrapRegistererWith(prometheus.Labels{
		"config_digest":       digest.Hex(),
		"offchain_public_key": hex.EncodeToString(key[:]),
	}, registerer)
	if err := wrapped.Register(m); err != nil {
		logger.Error("could not register the metrics of the instance; it runs without", commontypes.LogFields{"error": err})
		return func() {}
	}
	return func() { wrapped.Unregister(m) }
}

func (m *ocr2Metrics) unregister() { m.registered() }
