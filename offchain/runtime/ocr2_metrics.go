package runtime

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
)

// ocr2Numbers are what the metrics of an OCR2 instance are read from.
type ocr2Numbers struct {
	epoch, leader atomic.Int64 // of the last change of epoch
	counters      [ocr2.CountLedCompletedRounds + 1]atomic.Uint64
}

var (
	ocr2EpochDesc    = describe("ocr2_epoch", "The epoch of the latest change of epoch.")
	ocr2LeaderDesc   = describe("ocr2_experimental_leader_oid", "The oracle id of the leader of the epoch.")
	ocr2CounterDescs = map[ocr2.Counter]*prometheus.Desc{
		ocr2.CountSentObservations:     describe("ocr2_sent_observations_total", "Observations that this oracle sent to leaders."),
		ocr2.CountIncludedObservations: describe("ocr2_included_observations_total", "Observations of this oracle that leaders made use of."),
		ocr2.CountCompletedRounds:      describe("ocr2_completed_rounds_total", "Rounds that this oracle saw completed."),
		ocr2.CountLedCompletedRounds:   describe("ocr2_led_completed_rounds_total", "Rounds that this oracle led and saw completed."),
	}
	ocr2Lost = lostOf("ocr2")
)

func (n *ocr2Numbers) metrics() []metric {
	list := []metric{gauge(ocr2EpochDesc, &n.epoch), gauge(ocr2LeaderDesc, &n.leader)}
	for c, desc := range ocr2CounterDescs {
		list = append(list, counter(desc, &n.counters[c]))
	}
	return list
}
