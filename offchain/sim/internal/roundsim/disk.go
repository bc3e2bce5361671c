package roundsim

import (
	"maps"
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// DiskFaults are faults of the oracles' databases; see package sim.
type DiskFaults struct {
	Delay      time.Duration
	Errors     float64
	ReadErrors float64
	NoRounds   bool
}

// Disk is the database of one oracle.
type Disk[M rounds.Message, P any] struct {
	engine.Disk[M]
	oracle *Oracle[M, P]
	faults DiskFaults

	// What is durable.
	state   *types.PersistentState
	round   *rounds.Round
	pending map[rounds.Round]P
}

// Tables of the database.
const (
	diskState = iota
	diskRound
	diskPending
)

func newDisk[M rounds.Message, P any](o *Oracle[M, P], faults DiskFaults) *Disk[M, P] {
	return &Disk[M, P]{
		Disk: engine.NewDisk(&o.Node, faults.Delay, faults.Errors, &o.Sim.Counts.DiskErrors,
			engine.DiskKind{Newest: true}, engine.DiskKind{}, engine.DiskKind{}),
		oracle: o, faults: faults, pending: map[rounds.Round]P{},
	}
}

// writePending changes what is kept of transmissions.
func (d *Disk[M, P]) writePending(change func()) {
	d.Write(diskPending, engine.DiskWrite{Apply: change, Done: func(bool) {}})
}

// read returns what an oracle that starts is to know.
func (d *Disk[M, P]) read() (start rounds.Start[P]) {
	if !d.readFails() || d.faults.NoRounds { // then the signed round is in the state
		start.State = d.state
	} else {
		*d.Failed++
	}
	if !d.readFails() {
		start.Pending = maps.Clone(d.pending)
	} else {
		*d.Failed++
	}
	switch {
	case d.oracle.Sim.Breaks.StartWithoutRound:
	case d.faults.NoRounds && d.state != nil:
		start.SignedRound = &rounds.Round{Epoch: d.state.Epoch, Round: 255}
	case d.round != nil:
		round := *d.round
		start.SignedRound = &round
	}
	return start
}

func (d *Disk[M, P]) readFails() bool {
	return !d.oracle.Sim.Healed && engine.Chance(d.Random, d.faults.ReadErrors)
}

// level is a round as a level of the outbox.
func level(r rounds.Round) uint64 { return uint64(r.Epoch)<<8 | uint64(r.Round) }

// persistRound makes a round durable, or the epoch that stands for it where the database cannot keep rounds.
func (o *Oracle[M, P]) persistRound(r rounds.Round) {
	if !o.Disk.faults.NoRounds {
		o.Disk.Write(diskRound, engine.DiskWrite{Apply: func() {
			if !o.Sim.Breaks.ForgetRounds {
				o.Disk.round = &r
			}
		}, Done: func(bool) { o.Outbox.BecameDurable(level(r)) }})
		return
	}
	epoch := uint32(o.Outbox.Durable() >> 8)
	if epoch < r.Epoch {
		state := o.state
		if state.HighestReceivedEpoch == nil {
			state.HighestReceivedEpoch = make([]uint32, o.Sim.N)
		}
		state.Epoch, state.HighestSentEpoch = r.Epoch, max(state.HighestSentEpoch, r.Epoch)
		o.persistState(state)
		return
	}
	o.Outbox.BecameDurable(level(rounds.Round{Epoch: epoch, Round: 255}))
}

func (o *Oracle[M, P]) persistState(state types.PersistentState) {
	o.state = state
	life := o.Life
	o.Disk.Write(diskState, engine.DiskWrite{Apply: func() { o.Disk.state = &state }, Done: func(bool) {
		if o.Disk.faults.NoRounds && o.Life == life {
			o.Outbox.BecameDurable(level(rounds.Round{Epoch: state.Epoch, Round: 255}))
		}
	}})
}
