package ocr3sim

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// following (L1): after the network has healed, every honest oracle soon is in the epoch that more than 2f honest ones wish for.
type following struct {
	watch engine.Following[ocr3wire.Message]
}

func newFollowing(s *simulation) *following {
	return &following{engine.Following[ocr3wire.Message]{
		World: &s.World, Slack: engine.FollowingSlack(s.options.Timing.DeltaResend, s.options.Faults.Disk.Delay),
		Wishes: func() (wishes []uint64) {
			for _, n := range s.nodes {
				if n.Honest() {
					wishes = append(wishes, n.status.Wish)
				}
			}
			return wishes
		},
	}}
}

func (c *following) Stepped(n *node, _ any, before, after *ocr3.Status) {
	c.watch.Check(n.ID, after.Epoch, after.Wish != before.Wish)
}

// timelyRounds (L2): after the network has healed, an honest leader starts its epoch and makes progress in time, as long as all
// honest oracles are with it.
type timelyRounds struct{ sim *simulation }

func (c *timelyRounds) Stepped(n *node, ev any, before, _ *ocr3.Status) {
	fired, ok := ev.(ocr3.TimerFired)
	if !ok || !c.sim.Healed || !c.sim.adequate() {
		return
	}
	if fired.Timer != ocr3.TimerInitial && fired.Timer != ocr3.TimerProgress || fired.Timer == ocr3.TimerInitial && before.FollowerPhase != "newEpoch" {
		return
	}
	epoch, last := before.Epoch, instant(0)
	if !c.sim.nodes[c.sim.leaders.Leader(epoch)].Honest() {
		return
	}
	for _, other := range c.sim.nodes {
		if !other.Honest() {
			continue
		}
		wish := other.status.Wish
		if other == n {
			wish = before.Wish
		}
		if other.status.Epoch != epoch || wish != epoch || other.status.Barred || other.view.enteredAt < c.sim.HealedAt+calm {
			return // who is not there, or about to leave, cannot be counted on
		}
		last = max(last, other.view.enteredAt)
	}
	if c.sim.Now < last+c.sim.options.Timing.DeltaInitial-2*engine.MaxLatency {
		return // somebody came late
	}
	c.sim.Violated("timely rounds", "in epoch %d, of honest leader %d, timer %s of oracle %d fires, with all honest oracles there",
		epoch, c.sim.leaders.Leader(epoch), timerNames[fired.Timer], n.ID)
}

// calm is how long after healing there may still be calls under way that take too long.
const calm = pureTimeout + time.Second

// adequate tells whether the timing leaves room for what it has to.
func (s *simulation) adequate() bool {
	o := Options{N: s.options.N, Faults: s.options.Faults, Timing: Timing{DeltaRound: s.options.Timing.DeltaRound, DeltaGrace: s.options.Timing.DeltaGrace}}
	o.setDefaults()
	t := &s.options.Timing
	return t.DeltaInitial >= o.Timing.DeltaInitial && t.DeltaProgress >= o.Timing.DeltaProgress
}
