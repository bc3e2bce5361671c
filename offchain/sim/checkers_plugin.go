package sim

import (
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
)

// pluginOrder: Query and Observation of one plugin are each called with (e, r) strictly increasing. Report, too, but it may be
// called again for a round in which it failed.
type pluginOrder struct {
	sim  *simulation
	last [][3]ocr2.Round
}

func newPluginOrder(s *simulation) *pluginOrder {
	return &pluginOrder{s, make([][3]ocr2.Round, s.N)}
}

func (c *pluginOrder) Started(n *node, _ *ocr2.Start) { c.last[n.ID] = [3]ocr2.Round{} }

func (c *pluginOrder) Called(n *node, effect kernel.Effect) {
	switch e := effect.(type) {
	case ocr2.CallQuery:
		c.next(n, 0, "Query", roundOf(e.Timestamp))
	case ocr2.CallObservation:
		c.next(n, 1, "Observation", roundOf(e.Timestamp))
	case ocr2.CallReport:
		c.next(n, 2, "Report", roundOf(e.Timestamp))
	}
}

func (c *pluginOrder) next(n *node, method int, name string, round ocr2.Round) {
	last := &c.last[n.ID][method]
	if !last.Less(round) && !(name == "Report" && *last == round) {
		c.sim.Violated("plugin order", "oracle %d calls %s for round %s after %s", n.ID, name, round, *last)
	}
	*last = round
}
