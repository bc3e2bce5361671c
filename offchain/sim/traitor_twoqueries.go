package sim

import (
	"bytes"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// TwoQueries is a leader that asks different oracles different queries, and each of them several times with different
// queries: it tries to have observations of one query counted for another, and to be given two observations by one oracle.
type TwoQueries struct{ Obedient }

func (*TwoQueries) Name() string { return "two queries" }

func (*TwoQueries) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	req, ok := m.(*ocr2wire.ObserveReq)
	if !ok || to == h.ID() {
		h.Send(to, m)
		return
	}
	other := &ocr2wire.ObserveReq{Epoch: req.Epoch, Round: req.Round, Query: append(bytes.Clone(req.Query), byte(to))}
	if h.Random.IntN(3) == 0 {
		h.Send(to, other)
		h.Send(to, req)
	} else {
		h.Send(to, req)
		h.Send(to, other)
	}
}
