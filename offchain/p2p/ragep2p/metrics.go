package ragep2p

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// Metrics are plain numbers, of which Prometheus metrics are made when somebody asks. The names are those that dashboards and
// alerts know; ragep2p_dropped_messages_total and ragep2p_host_refused_connections_total are ours.

// register registers a collector and returns what undoes it. A failure is logged: metrics are no reason not to run.
func register(registerer prometheus.Registerer, c prometheus.Collector, log logging.Logger) (unregister func()) {
	if registerer == nil {
		return func() {}
	}
	if err := registerer.Register(c); err != nil {
		log.Error("metrics cannot be registered", commontypes.LogFields{"error": err})
		return func() {}
	}
	return func() { registerer.Unregister(c) }
}

// hostMetrics are the metrics of a host.
type hostMetrics struct {
	inboundDials atomic.Uint64
	refused      atomic.Uint64

	inboundDialsDesc, refusedDesc *prometheus.Desc
}

func newHostMetrics(self p2ptypes.PeerID) *hostMetrics {
	labels := prometheus.Labels{"peer_id": self.String()}
	return &hostMetrics{
		inboundDialsDesc: prometheus.NewDesc("ragep2p_host_inbound_dials_total",
			"TCP connections that arrived, and attempts to accept one that failed.", nil, labels),
		refusedDesc: prometheus.NewDesc("ragep2p_host_refused_connections_total",
			"TCP connections that arrived and were closed before the peer was authenticated.", nil, labels),
	}
}

func (m *hostMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.inboundDialsDesc
	ch <- m.refusedDesc
}

func (m *hostMetrics) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(m.inboundDialsDesc, prometheus.CounterValue, float64(m.inboundDials.Load()))
	ch <- prometheus.MustNewConstMetric(m.refusedDesc, prometheus.CounterValue, float64(m.refused.Load()))
}

// The buckets of the histogram of payload sizes: powers of 4.
const (
	firstSizeBucket = 4
	lastSizeBucket  = 14
	sizeBuckets     = lastSizeBucket - firstSizeBucket + 1
)

// sizeHistogram counts payload sizes. The writer of a connection keeps one without atomics and adds it up after each batch.
type sizeHistogram struct {
	counts [sizeBuckets + 1]uint64 // the last one: what is larger than the largest bound
	sum    uint64
}

func (h *sizeHistogram) observe(n int) {
	i := 0
	for bound := 1 << (2 * firstSizeBucket); i < sizeBuckets && n > bound; i++ {
		bound <<= 2
	}
	h.counts[i]++
	h.sum += uint64(n)
}

// peerMetrics are the metrics of the peers that a host has streams with.
type peerMetrics struct {
	established, establishedInbound atomic.Uint64
	processed, skipped, written     atomic.Uint64 // bytes of plaintext
	rawRead, rawWritten             atomic.Uint64 // bytes on TCP, after the knock
	sizes                           [sizeBuckets + 1]atomic.Uint64
	sizesSum                        atomic.Uint64

	peer     *peer
	counters []counterDesc
	gauges   []gaugeDesc
	sizeDesc *prometheus.Desc
	dropDesc *prometheus.Desc
}

type counterDesc struct {
	desc  *prometheus.Desc
	value *atomic.Uint64
}

type gaugeDesc struct {
	desc  *prometheus.Desc
	value func(limitSums) float64
}

// limitSums are the limits of all streams with a peer together.
type limitSums struct {
	rawRate, rawCapacity           float64
	messagesRate, messagesCapacity float64
	payloadRate, payloadCapacity   float64
}

func newPeerMetrics(p *peer, protocol wire.Protocol) *peerMetrics {
	m := &peerMetrics{peer: p}
	labels := prometheus.Labels{"peer_id": p.host.id.String(), "remote_peer_id": p.id.String()}
	for _, c := range []struct {
		name, help string
		value      *atomic.Uint64
	}{
		{"ragep2p_peer_conn_established_total", "Connections with the peer that were established.", &m.established},
		{"ragep2p_peer_conn_established_inbound_total", "Connections that were established and dialed by the peer.", &m.establishedInbound},
		{"ragep2p_peer_conn_read_processed_bytes_total", "Bytes inside TLS that were received and not skipped.", &m.processed},
		{"ragep2p_peer_conn_read_skipped_bytes_total", "Bytes inside TLS that were received and skipped, being over a limit or for an unknown stream.", &m.skipped},
		{"ragep2p_peer_conn_written_bytes_total", "Bytes inside TLS that were sent.", &m.written},
		{"ragep2p_peer_rawconn_read_bytes_total", "Bytes received over TCP, after the knock.", &m.rawRead},
		{"ragep2p_peer_rawconn_written_bytes_total", "Bytes sent over TCP, after the knock.", &m.rawWritten},
	} {
		m.counters = append(m.counters, counterDesc{prometheus.NewDesc(c.name, c.help, nil, labels), c.value})
	}
	gauge := func(name, help string, value func(limitSums) float64) {
		m.gauges = append(m.gauges, gaugeDesc{prometheus.NewDesc(name, help, nil, labels), value})
	}
	gauge("ragep2p_peer_rawconn_rate_limit_rate", "Bytes per second that the peer may send over TCP (P1).",
		func(s limitSums) float64 { return s.rawRate })
	gauge("ragep2p_peer_rawconn_rate_limit_capacity", "Bytes that the peer may send over TCP in a burst (P1).",
		func(s limitSums) float64 { return s.rawCapacity })
	if protocol == wire.P2 {
		gauge("ragep2p_peer_messages_rate_limit_rate", "Messages per second that the streams with the peer accept together.",
			func(s limitSums) float64 { return s.messagesRate })
		gauge("ragep2p_peer_messages_rate_limit_capacity", "Messages that the streams with the peer accept together in a burst.",
			func(s limitSums) float64 { return s.messagesCapacity })
		gauge("ragep2p_peer_bytes_rate_limit_rate", "Payload bytes per second that the streams with the peer accept together.",
			func(s limitSums) float64 { return s.payloadRate })
		gauge("ragep2p_peer_bytes_rate_limit_capacity", "Payload bytes that the streams with the peer accept together in a burst.",
			func(s limitSums) float64 { return s.payloadCapacity })
	}
	m.sizeDesc = prometheus.NewDesc("ragep2p_experimental_peer_message_bytes", "Payload sizes of the messages that were sent.", nil, labels)
	m.dropDesc = prometheus.NewDesc("ragep2p_dropped_messages_total",
		"Messages that were dropped, by stream (none: it is not open here) and reason. A stream that closes takes its counters along.",
		[]string{"stream", "reason"}, labels)
	return m
}

func (m *peerMetrics) addSizes(h *sizeHistogram) {
	for i, n := range h.counts {
		if n > 0 {
			m.sizes[i].Add(n)
		}
	}
	m.sizesSum.Add(h.sum)
	*h = sizeHistogram{}
}

func (m *peerMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.counters {
		ch <- c.desc
	}
	for _, g := range m.gauges {
		ch <- g.desc
	}
	ch <- m.sizeDesc
	ch <- m.dropDesc
}

func (m *peerMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.counters {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(c.value.Load()))
	}
	sums, streams := m.peer.sums()
	for _, g := range m.gauges {
		ch <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.value(sums))
	}
	buckets := make(map[float64]uint64, sizeBuckets)
	var count uint64
	for i := range m.sizes {
		count += m.sizes[i].Load()
		if i < sizeBuckets {
			buckets[float64(uint64(1)<<(2*(firstSizeBucket+i)))] = count
		}
	}
	ch <- prometheus.MustNewConstHistogram(m.sizeDesc, count, float64(m.sizesSum.Load()), buckets)
	m.collectDrops(ch, "", &m.peer.drops)
	for _, s := range streams {
		m.collectDrops(ch, s.name, &s.drops)
	}
}

func (m *peerMetrics) collectDrops(ch chan<- prometheus.Metric, stream string, d *drops) {
	for r := range d {
		if n := d[r].Load(); n > 0 {
			ch <- prometheus.MustNewConstMetric(m.dropDesc, prometheus.CounterValue, float64(n), stream, dropReason(r).String())
		}
	}
}
