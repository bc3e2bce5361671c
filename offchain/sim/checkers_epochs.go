package sim

import (
	"math"

	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
)

// epochsGrow: e, ne and each remembered wish never decrease; ne >= e once an epoch was entered.
type epochsGrow struct{ sim *simulation }

func (c *epochsGrow) stepped(n *node, ev ocr2.Event, before, after *ocr2.Status) {
	if after.Epoch < before.Epoch || after.WishedEpoch < before.WishedEpoch {
		c.sim.violated("epochs grow", "oracle %d goes from epoch %d, wish %d back to epoch %d, wish %d",
			n.id, before.Epoch, before.WishedEpoch, after.Epoch, after.WishedEpoch)
	}
	if before.Started && after.Epoch > before.Epoch && after.WishedEpoch < after.Epoch {
		c.sim.violated("epochs grow", "oracle %d enters epoch %d but wishes for %d only", n.id, after.Epoch, after.WishedEpoch)
	}
}

// started: what was durable is not lost, if it could be read.
func (c *epochsGrow) started(n *node, start *ocr2.Start) {
	if durable := n.disk.state; start.State != nil && (durable == nil || start.State.Epoch < durable.Epoch) {
		c.sim.violated("epochs grow", "oracle %d starts in epoch %d, but a later one is durable", n.id, start.State.Epoch)
	}
}

// epochsAreJustified: an epoch is entered only if more than 2f oracles wished for it or a later one.
type epochsAreJustified struct{ sim *simulation }

func (c *epochsAreJustified) stepped(n *node, ev ocr2.Event, before, after *ocr2.Status) {
	if !before.Started || after.Epoch == before.Epoch {
		return
	}
	if count := wishing(n.view.wishes, after.Epoch); count <= 2*c.sim.options.F {
		c.sim.violated("epochs are justified", "oracle %d enters epoch %d, which %d oracles are known to it to wish for, not more than 2f = %d",
			n.id, after.Epoch, count, 2*c.sim.options.F)
	}
}

// wishesAreJustified: a wish is raised only by an own timeout, or by the leader's word that it is done, or after more than f
// oracles wished for it or more.
type wishesAreJustified struct{ sim *simulation }

func (c *wishesAreJustified) stepped(n *node, ev ocr2.Event, before, after *ocr2.Status) {
	if !before.Started || after.WishedEpoch == before.WishedEpoch {
		return
	}
	if wishing(n.view.wishes, after.WishedEpoch) > c.sim.options.F {
		return
	}
	timer, fired := ev.(ocr2.TimerFired)
	leaderDone := after.Round == c.sim.options.Timing.RMax+1
	// A leader may be done in an epoch that is entered in the same step: its word for that was here before.
	next := max(before.WishedEpoch, after.Epoch+1)
	if after.Epoch < math.MaxUint32 && after.WishedEpoch == next && (fired && timer.Timer == ocr2.TimerProgress || leaderDone) {
		return
	}
	c.sim.violated("wishes are justified", "oracle %d in epoch %d wishes for epoch %d after %T, with wishes %v",
		n.id, before.Epoch, after.WishedEpoch, ev, n.view.wishes)
}
