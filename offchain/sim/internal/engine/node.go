package engine

import (
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// maxTimers is above the timers of all protocols.
const maxTimers = 16

// Node is what oracles of all protocols have: a clock, lives between crashes, timers, calls under way. Clock and place in
// the network outlive crashes; everything else begins anew.
type Node[M any] struct {
	World  *World[M]
	ID     commontypes.OracleID
	Random *rand.Rand
	Clock  Clock

	Life uint32 // counts starts and crashes
	Up   bool
	// timers are the generations of armed timers, 0 if they are not; armed counts SetTimer effects.
	timers [maxTimers]uint64
	armed  uint64
	// abandoned are calls whose results nobody waits for.
	abandoned map[kernel.CallID]bool
	// crashIn counts down the effects until a crash; 0: no crash is due.
	crashIn int
}

// NewNode returns an oracle that has not started.
func NewNode[M any](w *World[M], id commontypes.OracleID) Node[M] {
	return Node[M]{World: w, ID: id, Random: w.Stream("node", uint64(id))}
}

// SetClock makes a clock that is wrong by up to skew, and up to drift parts per million too fast or too slow.
func (n *Node[M]) SetClock(skew time.Duration, drift int64) {
	n.Clock.Skew = Between(n.Random, -skew, skew)
	if drift > 0 {
		n.Clock.Drift = n.Random.Int64N(2*drift+1) - drift
	}
}

// Time is what the oracle's clock shows.
func (n *Node[M]) Time() time.Time { return n.Clock.At(n.World.Now) }

// Begin begins a life.
func (n *Node[M]) Begin() {
	n.Life++
	n.Up = true
	n.timers = [maxTimers]uint64{}
	n.abandoned = map[kernel.CallID]bool{}
}

// End ends a life.
func (n *Node[M]) End() {
	n.World.TraceNode(n.ID, "crash", nil)
	n.Life++
	n.Up = false
	n.crashIn = 0
}

// Restart begins another life after at most downtime, unless it has begun before.
func (n *Node[M]) Restart(downtime time.Duration, start func()) {
	life := n.Life
	n.World.At(n.World.Now+Between(n.Random, 0, downtime), func() {
		if n.Life == life {
			start()
		}
	})
}

// CrashSoon has the oracle crash after some effects.
func (n *Node[M]) CrashSoon() {
	if n.Up {
		n.crashIn = 1 + n.Random.IntN(60)
	}
}

// Spare has it not crash.
func (n *Node[M]) Spare() { n.crashIn = 0 }

// Due tells whether a timer or a result is still to be handed to the machine.
func (n *Node[M]) Due(h *Happening[M]) bool {
	if n.Life != h.Life {
		return false
	}
	switch h.Kind {
	case Timer:
		if n.timers[h.Timer] != h.Generation {
			return false
		}
		n.timers[h.Timer] = 0
	case Result:
		if n.abandoned[h.Call] {
			delete(n.abandoned, h.Call)
			return n.Random.IntN(2) != 0 // the other half was on its way already
		}
	}
	return true
}

// CarryOut has effects carried out in their order, up to a crash.
func (n *Node[M]) CarryOut(effects []kernel.Effect, perform func(kernel.Effect), crash func()) {
	life := n.Life
	for _, effect := range effects {
		if n.World.Trace != nil {
			n.World.TraceNode(n.ID, "> "+effect.String(), nil)
		}
		perform(effect)
		if n.crashIn > 0 {
			if n.crashIn--; n.crashIn == 0 {
				crash()
			}
		}
		if n.Life != life {
			return
		}
	}
}

// SetTimer arms a timer.
func (n *Node[M]) SetTimer(e kernel.SetTimer) {
	n.armed++
	n.timers[e.Timer] = n.armed
	n.World.Queue.Add(n.World.Now+n.Clock.Real(e.After),
		Happening[M]{Kind: Timer, Node: n.ID, Life: n.Life, Timer: e.Timer, Generation: n.armed})
}

// CancelTimer disarms one.
func (n *Node[M]) CancelTimer(e kernel.CancelTimer) { n.timers[e.Timer] = 0 }

// Abandon gives a call up.
func (n *Node[M]) Abandon(e kernel.Abandon) { n.abandoned[e.ID] = true }

// Answer hands in the result of a call after some time.
func (n *Node[M]) Answer(after time.Duration, id kernel.CallID, result any) {
	n.World.Queue.Add(n.World.Now+after, Happening[M]{Kind: Result, Node: n.ID, Life: n.Life, Call: id, Result: result})
}

// Sign answers with what do returns, or sometimes with failed.
func (n *Node[M]) Sign(id kernel.CallID, errors float64, faults *int, do func() any, failed any) {
	took := Between(n.Random, 0, MaxKeyTime)
	if !n.World.Healed && Chance(n.Random, errors) {
		*faults++
		n.Answer(took, id, failed)
		return
	}
	n.Answer(took, id, do())
}

// The slowest that things are where there are no faults.
const (
	MaxPluginTime   = 5 * time.Millisecond
	MaxKeyTime      = time.Millisecond
	MaxVerifyTime   = time.Millisecond
	MaxTransmitTime = 100 * time.Millisecond
)
