package sim

import (
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
)

// outbox holds back what must not leave an oracle before a round is durable; see package kernel, obligation 2.
type outbox struct {
	barrier ocr2.Round // the highest round that was asked to be made durable
	durable ocr2.Round
	held    []heldEffect
	release func(kernel.Effect)
}

type heldEffect struct {
	effect kernel.Effect
	needs  ocr2.Round
}

func (o *outbox) require(r ocr2.Round) {
	if o.barrier.Less(r) {
		o.barrier = r
	}
}

// leave lets an effect out, now or when the rounds before it are durable.
func (o *outbox) leave(effect kernel.Effect) {
	if len(o.held) == 0 && !o.durable.Less(o.barrier) {
		o.release(effect)
		return
	}
	o.held = append(o.held, heldEffect{effect, o.barrier})
}

func (o *outbox) becameDurable(r ocr2.Round) {
	if o.durable.Less(r) {
		o.durable = r
	}
	for len(o.held) > 0 && !o.durable.Less(o.held[0].needs) {
		effect := o.held[0].effect
		o.held = o.held[1:]
		o.release(effect)
	}
}
