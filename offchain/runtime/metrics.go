package runtime

import (
	"encoding/hex"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// metrics are the Prometheus metrics of one instance: plain numbers, which are read when somebody asks. The names are those that
// dashboards and alerts know.
//
// Source: docs/protocol/ocr2.md, "Telemetry and metrics".
type metrics struct {
	list []metric
	undo func() // the registration
}

// metric is one of them.
type metric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func() float64
}

var _ prometheus.Collector = (*metrics)(nil)

// number is what a metric's value is read from.
type number[T int64 | uint64] interface{ Load() T }

func describe(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }

// gauge makes a gauge of a number.
func gauge[T int64 | uint64](desc *prometheus.Desc, value number[T]) metric {
	return metric{desc, prometheus.GaugeValue, func() float64 { return float64(value.Load()) }}
}

// counter makes a counter of a number.
func counter(desc *prometheus.Desc, value number[uint64]) metric {
	return metric{desc, prometheus.CounterValue, func() float64 { return float64(value.Load()) }}
}

var (
	telemetrySentDesc = describe("ocr_telemetry_sent_messages_total",
		"Telemetry events about messages that were queued for the monitoring endpoint.")
	telemetryDroppedDesc = describe("ocr_telemetry_dropped_messages_total",
		"Telemetry events about messages that were dropped because the monitoring endpoint did not keep up.")
)

// lost are the metrics of messages that did not reach the machine, which the protocols name differently.
type lost struct{ malformed, flooded *prometheus.Desc }

func lostOf(protocol string) lost {
	return lost{
		malformed: describe(protocol+"_malformed_messages_total",
			"Messages that were dropped because they could not be decoded or were too long."),
		flooded: describe(protocol+"_flooded_messages_total",
			"Messages that were dropped because their sender sent more than could be handled."),
	}
}

// register makes metrics known to the registerer (nil is fine), under labels that tell the instance: those of the protocol, those
// of its config, and those that the engine has itself.
func (e *engine) register(registerer prometheus.Registerer, digest string, key types.OffchainPublicKey, list []metric, names lost, configured []config.Metric) {
	count := func(desc *prometheus.Desc, value func() uint64) metric {
		return metric{desc, prometheus.CounterValue, func() float64 { return float64(value()) }}
	}
	list = append(list,
		counter(telemetrySentDesc, &e.counted.sent), counter(telemetryDroppedDesc, &e.counted.dropped),
		count(names.malformed, e.inbox.malformedCount), count(names.flooded, e.inbox.floodedCount))
	for _, c := range configured {
		list = append(list, metric{describe(c.Name, c.Help), prometheus.GaugeValue, func() float64 { return c.Value }})
	}
	e.metrics = metrics{list: list}
	e.metrics.register(registerer, prometheus.Labels{"config_digest": digest, "offchain_public_key": hex.EncodeToString(key[:])}, e.logger)
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, x := range m.list {
		descs <- x.desc
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(collected chan<- prometheus.Metric) {
	for _, x := range m.list {
		collected <- prometheus.MustNewConstMetric(x.desc, x.kind, x.value())
	}
}

// register makes the metrics known to a registerer; nil is fine. Failure is logged and nothing else.
func (m *metrics) register(registerer prometheus.Registerer, labels prometheus.Labels, logger logging.Logger) {
	m.undo = func() {}
	if registerer == nil {
		return
	}
	wrapped := prometheus.WrapRegistererWith(labels, registerer)
	if err := wrapped.Register(m); err != nil {
		logger.Error("could not register the metrics of the instance; it runs without", commontypes.LogFields{"error": err})
		return
	}
	m.undo = func() { wrapped.Unregister(m) }
}

func (m *metrics) unregister() { m.undo() }
