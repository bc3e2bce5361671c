package ocr3

import (
	"math"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// firstEpoch is the epoch in which an instance starts; epoch 0 stands for never.
const firstEpoch = 1

// pacemaker says what epoch it is. Each oracle announces the epoch that it wishes for; it joins in a wish that f+1 oracles have,
// at least one of them honest, and enters an epoch that 2f+1 oracles wish for. What it decides is durable before it is
// announced or takes effect.
//
// Source: docs/protocol/ocr3.md, "Pacemaker".
type pacemaker struct {
	*core
	enter func(epoch uint64, leader commontypes.OracleID, first bool)

	epoch  uint64
	wish   uint64   // the highest epoch that this oracle announced
	wishes []uint64 // the highest epoch that each oracle announced to this one

	progressArmed bool
}

func newPacemaker(c *core, enter func(epoch uint64, leader commontypes.OracleID, first bool)) *pacemaker {
	return &pacemaker{core: c, enter: enter, epoch: firstEpoch, wish: firstEpoch, wishes: make([]uint64, c.cfg.N)}
}

func (p *pacemaker) leader() commontypes.OracleID { return p.leaders.Leader(p.epoch) }

// start begins in the first epoch, or in the one that was stored.
func (p *pacemaker) start(stored *ocr3wire.PacemakerState) {
	if stored != nil && *stored != (ocr3wire.PacemakerState{}) {
		p.epoch, p.wish = stored.Epoch, stored.HighestSentNewEpochWish
	}
	p.armProgress()
	p.sendWish()
	p.enter(p.epoch, p.leader(), true)
}

func (p *pacemaker) sendWish() {
	p.Emit(Broadcast{&ocr3wire.NewEpochWish{Epoch: p.wish}})
	p.Emit(kernel.SetTimer{Timer: TimerResend, After: p.cfg.DeltaResend})
}

func (p *pacemaker) armProgress() {
	p.progressArmed = true
	p.Emit(kernel.SetTimer{Timer: TimerProgress, After: p.cfg.DeltaProgress})
}

func (p *pacemaker) persist(epoch, wish uint64) {
	p.Emit(PersistPacemaker{ocr3wire.PacemakerState{Epoch: epoch, HighestSentNewEpochWish: wish}})
}

func (p *pacemaker) resendFired() { p.sendWish() }

func (p *pacemaker) progressFired() {
	p.progressArmed = false
	p.wishForNext()
}

// requestNewEpoch is called when this epoch has come to an end for this oracle.
func (p *pacemaker) requestNewEpoch() {
	if p.progressArmed {
		p.progressArmed = false
		p.Emit(kernel.CancelTimer{Timer: TimerProgress})
	}
	p.wishForNext()
}

func (p *pacemaker) wishForNext() {
	if p.epoch == math.MaxUint64 {
		p.Log(kernel.LogCritical, "the last possible epoch is over: a new config is needed to go on")
		return
	}
	if next := p.epoch + 1; p.wish < next {
		p.persist(p.epoch, next)
		p.wish = next
	}
	p.sendWish()
}

// progress is called when an outcome was committed.
func (p *pacemaker) progress() { p.armProgress() }

// newEpochWish handles a wish.
func (p *pacemaker) newEpochWish(from commontypes.OracleID, epoch uint64) {
	p.wishes[from] = max(p.wishes[from], epoch)
	joined := max(p.wish, p.reachedBy(p.cfg.F+1))
	entered := max(p.epoch, p.reachedBy(2*p.cfg.F+1))
	joins, enters := joined > p.wish, entered > p.epoch
	if !joins && !enters {
		return
	}
	p.persist(entered, max(joined, entered))
	if joins {
		p.wish = joined
		p.sendWish()
	}
	if enters {
		p.epoch = entered
		p.wish = max(p.wish, entered)
		p.armProgress()
		p.enter(p.epoch, p.leader(), false)
	}
}

// reachedBy returns the highest epoch that at least count oracles have announced, or gone beyond.
func (p *pacemaker) reachedBy(count int) uint64 {
	var space [types.MaxOracles]uint64
	sorted := append(space[:0], p.wishes...)
	slices.Sort(sorted)
	return sorted[len(sorted)-count]
}
