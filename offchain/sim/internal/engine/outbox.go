package engine

import "github.com/ocrkit/ocrkit/offchain/protocol/kernel"

// Outbox holds back what must not leave an oracle before something is durable; see package kernel, obligation 2. What is
// asked to be made durable has a level, and whatever has a lower one is durable with it.
type Outbox struct {
	asked, durable uint64
	held           []heldEffect
	release        func(kernel.Effect)
}

type heldEffect struct {
	effect kernel.Effect
	needs  uint64
}

// NewOutbox returns an outbox that is empty, of an oracle of which everything up to a level is durable.
func NewOutbox(durable uint64, release func(kernel.Effect)) Outbox {
	return Outbox{asked: durable, durable: durable, release: release}
}

// Durable is the highest level that is durable, Asked the highest that was asked for, Held the number of effects held back.
func (o *Outbox) Durable() uint64 { return o.durable }
func (o *Outbox) Asked() uint64   { return o.asked }
func (o *Outbox) Held() int       { return len(o.held) }

// Require has everything from now on wait for a level.
func (o *Outbox) Require(level uint64) { o.asked = max(o.asked, level) }

// Leave lets an effect out, now or when what it waits for is durable.
func (o *Outbox) Leave(effect kernel.Effect) {
	if len(o.held) == 0 && o.durable >= o.asked {
		o.release(effect)
		return
	}
	o.held = append(o.held, heldEffect{effect, o.asked})
}

// BecameDurable lets out what waited.
func (o *Outbox) BecameDurable(level uint64) {
	o.durable = max(o.durable, level)
	for len(o.held) > 0 && o.held[0].needs <= o.durable {
		effect := o.held[0].effect
		o.held = o.held[1:]
		o.release(effect)
	}
}
