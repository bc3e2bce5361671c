package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
)

// shortLived is how long a subscription must last for a new one to be made at once when it breaks.
const shortLived = time.Second

// subscriber keeps a subscription to new configs, as contracts of OCR1 offer it. What it delivers only makes the supervisor poll.
// Its methods are called by the supervisor's loop. A nil subscriber does nothing.
//
// Source: docs/protocol/ocr1.md, "Runtime".
type subscriber struct {
	subscribeTo func(context.Context) (ocr1types.ContractConfigSubscription, error)
	timeout     time.Duration // of subscribeTo
	interval    time.Duration // between attempts

	subscription ocr1types.ContractConfigSubscription // nil unless there is one
	since        time.Time
	retry        *time.Timer
}

func (b *subscriber) begin(s *supervisor) {
	if b != nil && b.retry == nil {
		b.retry = stoppedTimer()
		b.subscribe(s)
	}
}

// subscribe makes a subscription, or has it tried again.
func (b *subscriber) subscribe(s *supervisor) {
	s.async(func() func() {
		ctx, cancel := context.WithTimeout(s.ctx, b.timeout)
		defer cancel()
		subscription, err := b.subscribeTo(ctx)
		if err == nil && subscription == nil {
			err = errors.New("got neither a subscription nor an error")
		}
		return func() {
			switch {
			case s.ctx.Err() != nil:
				if err == nil {
					b.close(s, subscription)
				}
			case err != nil:
				s.logger.Warn("tracker: could not subscribe to new configs; trying again, and polling meanwhile", commontypes.LogFields{
					"error": err, "sleep": b.pause().String(),
				})
				b.retry.Reset(b.pause())
			default:
				b.subscription = subscription
				if !b.since.IsZero() {
					s.pollNow() // for what was missed since the last subscription
				}
				b.since = time.Now()
			}
		}
	})
}

// pause is the time between attempts; development mode allows an interval of 0.
func (b *subscriber) pause() time.Duration { return max(b.interval, shortLived) }

// configs is where the subscription delivers.
func (b *subscriber) configs() <-chan ocr1types.ContractConfig {
	if b == nil || b.subscription == nil {
		return nil
	}
	return b.subscription.Configs()
}

func (b *subscriber) retryTimer() <-chan time.Time {
	if b == nil || b.retry == nil {
		return nil
	}
	return b.retry.C
}

// received is called when something was delivered, or the subscription has broken.
func (b *subscriber) received(s *supervisor, ok bool) {
	if ok {
		s.pollNow()
		return
	}
	s.logger.Warn("tracker: the subscription to new configs has broken; subscribing again", nil)
	broken := b.subscription
	b.subscription = nil
	b.close(s, broken)
	if time.Since(b.since) < shortLived {
		b.retry.Reset(b.pause())
		return
	}
	b.subscribe(s)
}

func (b *subscriber) end(s *supervisor) {
	if b == nil || b.retry == nil {
		return
	}
	b.retry.Stop()
	if b.subscription != nil {
		b.close(s, b.subscription)
		b.subscription = nil
	}
}

func (b *subscriber) close(s *supervisor, subscription ocr1types.ContractConfigSubscription) {
	s.async(func() func() {
		subscription.Close()
		return func() {}
	})
}
