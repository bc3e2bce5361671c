package sim

import (
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// noFalseSuspicion: while the network works, no honest oracle calls a message of another honest one suspicious, whatever the
// traitors do; and if there are no traitors either, none has anything to warn of, except that another oracle was faster in
// transmitting a report.
type noFalseSuspicion struct{ sim *simulation }

// transmissionLost is what a machine logs when the contract, among others, does not take a report.
const transmissionLost = "transmitting a report failed"

func (c *noFalseSuspicion) called(n *node, effect kernel.Effect) {
	if c.sim.options.HealAfter > 0 || c.sim.options.breaks.mistakenSender {
		return
	}
	switch e := effect.(type) {
	case kernel.Dropped:
		if e.Suspicious && c.sim.nodes[e.Sender].honest() {
			c.sim.violated("no false suspicion", "oracle %d suspects honest oracle %d: %s", n.id, e.Sender, e)
		}
	case kernel.Log:
		if e.Level >= kernel.LogWarn && e.Message != transmissionLost && len(c.sim.options.Traitors) == 0 {
			c.sim.violated("no false suspicion", "in a network without faults, oracle %d logs %s %v", n.id, e, e.Fields)
		}
	}
}
