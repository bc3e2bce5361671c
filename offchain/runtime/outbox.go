package runtime

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// maxHeld is the number of effects that may wait. It takes a database that is out of order for long to get there; what is lost
// then is of rounds that are over.
const maxHeld = 1024

// outbox holds back what must not leave the oracle before something else is durable. What is to become durable is numbered in
// the order in which it is asked for. All its methods are called on the instance's turn.
type outbox struct {
	logger logging.Logger
	// perform carries out an effect.
	perform func(effect any)
	// refuse is told of an effect that is dropped.
	refuse func(effect any)

	barrier uint64 // the highest number that an effect may depend on
	durable uint64 // up to here everything is durable
	held    []heldEffect
	dropped logging.Taper
}

type heldEffect struct {
	effect any
	call   kernel.CallID // 0 if the effect is none
	needs  uint64
}

// leave carries out an effect that is no call, now or when what was asked for before it is durable.
func (o *outbox) leave(e any) { o.leaveCall(0, e) }

// leaveCall does the same with a call.
func (o *outbox) leaveCall(id kernel.CallID, e any) {
	if len(o.held) == 0 && o.durable >= o.barrier {
		o.perform(e)
		return
	}
	if len(o.held) == maxHeld {
		oldest := o.held[0].effect
		o.held = slices.Delete(o.held, 0, 1)
		o.dropped.Trigger(func(count uint64) {
			o.logger.Error("dropping a message: it may not leave while the database does not take what it depends on", commontypes.LogFields{
				"droppedCount": count,
			})
		})
		o.refuse(oldest)
	}
	o.held = append(o.held, heldEffect{e, id, o.barrier})
}

// begin says up to where everything is durable to begin with.
func (o *outbox) begin(number uint64) { o.barrier, o.durable = number, number }

// require makes later effects wait until number is durable.
func (o *outbox) require(number uint64) { o.barrier = max(o.barrier, number) }

// becameDurable lets go of what waited for number or one before it.
func (o *outbox) becameDurable(number uint64) {
	o.durable = max(o.durable, number)
	free := 0
	for free < len(o.held) && o.durable >= o.held[free].needs {
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

// abandon forgets a call that is held; it reports whether there was one.
func (o *outbox) abandon(id kernel.CallID) bool {
	before := len(o.held)
	o.held = slices.DeleteFunc(o.held, func(h heldEffect) bool { return h.call == id })
	return len(o.held) < before
}
