package runtime

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
)

// ocr3Numbers are what the metrics of an OCR3 instance are read from.
//
// Source: docs/protocol/ocr3.md, "Telemetry and metrics".
type ocr3Numbers struct {
	epoch, leader atomic.Int64 // of the last change of epoch
	committed     atomic.Uint64
	counters      [ocr3.CountLedCommittedRounds + 1]atomic.Uint64
}

var (
	ocr3EpochDesc     = describe("ocr3_epoch", "The epoch of the latest change of epoch.")
	ocr3LeaderDesc    = describe("ocr3_experimental_leader_oid", "The oracle id of the leader of the epoch.")
	ocr3CommittedDesc = describe("ocr3_committed_sequence_number",
		"The sequence number of the latest outcome that this oracle has committed.")
	ocr3CounterDescs = map[ocr3.Counter]*prometheus.Desc{
		ocr3.CountSentObservations: describe("ocr3_sent_observations_total", "Observations that this oracle sent to leaders."),
		ocr3.CountIncludedObservations: describe("ocr3_included_observations_total",
			"Proposals with an observation of this oracle that it found right."),
		ocr3.CountLedCommittedRounds: describe("ocr3_led_committed_rounds_total", "Rounds that this oracle led and saw committed."),
	}
	ocr3Lost = lostOf("ocr3")
)

func (n *ocr3Numbers) metrics() []metric {
	list := []metric{gauge(ocr3EpochDesc, &n.epoch), gauge(ocr3LeaderDesc, &n.leader), gauge(ocr3CommittedDesc, &n.committed)}
	for c, desc := range ocr3CounterDescs {
		list = append(list, counter(desc, &n.counters[c]))
	}
	return list
}
