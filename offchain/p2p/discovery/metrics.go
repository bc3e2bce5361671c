package discovery

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/machine"
)

// metrics are made of the machine's numbers when somebody asks. The names are those that dashboards and alerts know.
//
// Source: docs/protocol/transport.md, "Metrics of discovery and probes".
type metrics struct {
	shell      *shell
	registerer prometheus.Registerer // nil unless registered
}

var (
	registeredDesc = prometheus.NewDesc("ragedisco_registered_peers",
		"Oracles whose addresses this peer wants to know.", nil, nil)
	discoveredDesc = prometheus.NewDesc("ragedisco_discovered_peers",
		"Oracles whose addresses this peer knows, itself included.", nil, nil)
	bootstrappersDesc = prometheus.NewDesc("ragedisco_bootstappers",
		"Bootstrappers that this peer knows of.", nil, nil)
	badMessagesDesc = prometheus.NewDesc("ragedisco_dropped_messages_total",
		"Discovery messages that were dropped because they were not well-formed.", nil, nil)
	badAnnouncementsDesc = prometheus.NewDesc("ragedisco_refused_announcements_total",
		"Announcements that were refused: wrong signatures, and peers that are in no group.", nil, nil)
)

var _ prometheus.Collector = (*metrics)(nil)

func newMetrics(s *shell) *metrics { return &metrics{shell: s} }

// Describe implements prometheus.Collector.
func (m *metrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- registeredDesc
	descs <- discoveredDesc
	descs <- bootstrappersDesc
	descs <- badMessagesDesc
	descs <- badAnnouncementsDesc
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(metrics chan<- prometheus.Metric) {
	stats := m.stats()
	for _, metric := range []struct {
		desc  *prometheus.Desc
		kind  prometheus.ValueType
		value float64
	}{
		{registeredDesc, prometheus.GaugeValue, float64(stats.Oracles)},
		{discoveredDesc, prometheus.GaugeValue, float64(stats.Discovered)},
		{bootstrappersDesc, prometheus.GaugeValue, float64(stats.Bootstrappers)},
		{badMessagesDesc, prometheus.CounterValue, float64(stats.BadMessages)},
		{badAnnouncementsDesc, prometheus.CounterValue, float64(stats.BadAnnouncements)},
	} {
		metrics <- prometheus.MustNewConstMetric(metric.desc, metric.kind, metric.value)
	}
}

func (m *metrics) stats() machine.Stats {
	m.shell.d.mu.RLock()
	defer m.shell.d.mu.RUnlock()
	return m.shell.d.m.Stats()
}

// register makes the metrics known; a failure is logged and nothing else.
func (m *metrics) register(registerer prometheus.Registerer) {
	if registerer == nil {
		return
	}
	wrapped := prometheus.WrapRegistererWith(prometheus.Labels{"peer_id": m.shell.host.ID().String()}, registerer)
	if err := wrapped.Register(m); err != nil {
		m.shell.log.Error("cannot register the metrics of discovery", map[string]any{"error": err})
		return
	}
	m.registerer = wrapped
}

func (m *metrics) unregister() {
	if m.registerer != nil {
		m.registerer.Unregister(m)
	}
}
