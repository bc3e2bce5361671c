package sim

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// disk is the database of one oracle. A write takes time and may fail, in which case it is tried again; what is not durable
// when the oracle crashes is gone, or is not: a write may have been completed without anybody having been told.
type disk struct {
	sim    *simulation
	random *rand.Rand
	faults DiskFaults
	node   *node

	// What is durable.
	state   *types.PersistentState
	round   *ocr2.Round
	pending map[types.ReportTimestamp]types.PendingTransmission

	// What is being written, by kind; writes of a kind happen one after the other.
	writes [diskKinds][]diskWrite
	// durable is called when a round became durable.
	durable func(ocr2.Round)
}

// diskKind is a table of the database.
type diskKind uint8

const (
	diskState diskKind = iota
	diskRound
	diskPending
	diskKinds
)

// diskWrite is a write that was asked for. apply makes it durable; done is called then, if the oracle is still alive.
type diskWrite struct {
	apply func()
	done  func()
}

const (
	diskRetry       = 10 * time.Millisecond
	maxDiskAttempts = 20 // in a row that fail, so that no run hangs
)

func newDisk(n *node, faults DiskFaults) *disk {
	return &disk{
		sim: n.sim, random: n.sim.Stream("disk", uint64(n.id)), faults: faults, node: n,
		pending: map[types.ReportTimestamp]types.PendingTransmission{},
	}
}

func (d *disk) write(kind diskKind, w diskWrite) {
	if d.faults.Delay == 0 && (d.sim.Healed || d.faults.Errors == 0) {
		w.apply()
		w.done()
		return
	}
	if kind == diskState && len(d.writes[kind]) > 1 {
		d.writes[kind][1] = w // only the newest state matters; the first is being written
		return
	}
	d.writes[kind] = append(d.writes[kind], w)
	if len(d.writes[kind]) == 1 {
		d.begin(kind, 0)
	}
}

// begin works on the first write of a kind.
func (d *disk) begin(kind diskKind, attempt int) {
	life := d.node.life
	delay := engine.Between(d.random, 0, d.faults.Delay)
	fails := !d.sim.Healed && attempt < maxDiskAttempts && engine.Chance(d.random, d.faults.Errors)
	if fails {
		d.sim.stats.DiskErrors++
		delay += diskRetry
	}
	d.sim.At(d.sim.Now+delay, func() {
		if d.node.life != life {
			return
		}
		if fails {
			d.begin(kind, attempt+1)
			return
		}
		w := d.writes[kind][0]
		d.writes[kind] = slices.Delete(d.writes[kind], 0, 1)
		w.apply()
		if len(d.writes[kind]) > 0 {
			d.begin(kind, 0)
		}
		w.done()
	})
}

func (d *disk) writeState(state types.PersistentState, done func()) {
	d.write(diskState, diskWrite{func() { d.state = &state }, done})
}

func (d *disk) writeRound(r ocr2.Round) {
	d.write(diskRound, diskWrite{func() {
		if !d.sim.options.breaks.forgetRounds {
			d.round = &r
		}
	}, func() { d.durable(r) }})
}

func (d *disk) storePending(ts types.ReportTimestamp, p types.PendingTransmission) {
	d.write(diskPending, diskWrite{func() { d.pending[ts] = p }, func() {}})
}

func (d *disk) deletePending(ts types.ReportTimestamp) {
	d.write(diskPending, diskWrite{func() { delete(d.pending, ts) }, func() {}})
}

// crash loses what is not durable, except that of each kind the first write may have made it.
func (d *disk) crash() {
	for kind := range d.writes {
		if len(d.writes[kind]) > 0 && d.random.IntN(2) == 0 {
			d.writes[kind][0].apply()
		}
		d.writes[kind] = nil
	}
}

// read returns what an oracle that starts is to know.
func (d *disk) read() ocr2.Start {
	var start ocr2.Start
	if d.sim.Healed || !engine.Chance(d.random, d.faults.ReadErrors) || d.faults.NoRounds {
		start.State = d.state
	} else {
		d.sim.stats.DiskErrors++
	}
	if d.sim.Healed || !engine.Chance(d.random, d.faults.ReadErrors) {
		start.Pending = maps.Clone(d.pending)
	} else {
		d.sim.stats.DiskErrors++
	}
	switch {
	case d.sim.options.breaks.startWithoutRound:
	case d.faults.NoRounds && d.state != nil:
		start.SignedRound = &ocr2.Round{Epoch: d.state.Epoch, Round: 255}
	case d.round != nil:
		round := *d.round
		start.SignedRound = &round
	}
	return start
}
