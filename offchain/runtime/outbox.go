package runtime

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
)

// maxHeld is the number of effects that may wait for a round to become durable. It takes a database that is out of order for
// long to get there; what is lost then is of rounds that are over.
const maxHeld = 1024

// outbox holds back what must not leave the oracle before a round is durable. All its methods are called on the instance's
// turn.
type outbox struct {
	logger logging.Logger
	// perform carries out an effect.
	perform func(effect any)
	// refuse answers a transmission that is dropped.
	refuse func(ocr2.CallTransmit)

	barrier ocr2.Round // the highest round that an effect may depend on
	durable ocr2.Round // the highest round that is durable
	held    []heldEffect
	dropped logging.Taper
}

type heldEffect struct {
	effect any
	needs  ocr2.Round
}

// leave carries out an effect, now or when the rounds before it are durable.
func (o *outbox) leave(e any) {
	if len(o.held) == 0 && !o.durable.Less(o.barrier) {
		o.perform(e)
		return
	}
	if len(o.held) == maxHeld {
		oldest := o.held[0].effect
		o.held = slices.Delete(o.held, 0, 1)
		o.dropped.Trigger(func(count uint64) {
			o.logger.Error("dropping a message: it may not leave while the database does not take the signed round", commontypes.LogFields{
				"droppedCount": count,
			})
		})
		if transmit, ok := oldest.(ocr2.CallTransmit); ok {
			o.refuse(transmit)
		}
	}
	o.held = append(o.held, heldEffect{e, o.barrier})
}

// require makes later effects wait until r is durable.
func (o *outbox) require(r ocr2.Round) {
	if o.barrier.Less(r) {
		o.barrier = r
	}
}

// becameDurable lets go of what waited for r or a round before it.
func (o *outbox) becameDurable(r ocr2.Round) {
	if o.durable.Less(r) {
		o.durable = r
	}
	free := 0
	for free < len(o.held) && !o.durable.Less(o.held[free].needs) {
		free++
	}
	released := o.held[:free]
	o.held = slices.Clone(o.held[free:])
	for _, h := range released {
		o.perform(h.effect)
	}
	o.dropped.Reset(func(count uint64) {
		o.logger.Info("messages are no longer being dropped", commontypes.LogFields{"droppedCount": count})
	})
}

// abandon forgets a transmission that is being held; it reports whether there was one.
func (o *outbox) abandon(id kernel.CallID) bool {
	before := len(o.held)
	o.held = slices.DeleteFunc(o.held, func(h heldEffect) bool {
		transmit, ok := h.effect.(ocr2.CallTransmit)
		return ok && transmit.ID == id
	})
	return len(o.held) < before
}
