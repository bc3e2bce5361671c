package ocr3sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// disk is the database of one oracle. A write takes time and may fail; what is not durable when the oracle crashes is gone, or
// is not: a write may have been completed without anybody having been told. Records are kept as bytes.
type disk struct {
	sim    *simulation
	random *rand.Rand
	faults DiskFaults
	node   *node

	durable records
	older   []records // snapshots of some time before; only of forgetful oracles

	// What is being written, by kind; writes of a kind happen one after the other.
	writes [diskKinds][]diskWrite
}

// records are what is durable: nil where nothing is.
type records struct{ pacemaker, certificate []byte }

type diskKind uint8

const (
	diskPacemaker diskKind = iota
	diskCertificate
	diskKinds
)

// diskWrite is a write that was asked for. apply makes it durable; done is called with its result if the oracle is still alive.
type diskWrite struct {
	apply func()
	done  func(ok bool)
}

const (
	diskRetry       = 10 * time.Millisecond
	maxDiskAttempts = 20 // in a row that fail, so that no run hangs
	maxSnapshots    = 8
)

func newDisk(n *node, faults DiskFaults) *disk {
	return &disk{sim: n.sim, random: n.sim.Stream("disk", uint64(n.id)), faults: faults, node: n}
}

func (d *disk) write(kind diskKind, w diskWrite) {
	if d.faults.Delay == 0 && (d.sim.Healed || d.faults.Errors == 0) {
		w.apply()
		w.done(true)
		return
	}
	if kind == diskPacemaker && len(d.writes[kind]) > 1 {
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
		w := d.writes[kind][0]
		if fails && kind == diskPacemaker {
			d.begin(kind, attempt+1)
			return
		}
		d.writes[kind] = slices.Delete(d.writes[kind], 0, 1)
		if !fails || d.random.IntN(3) == 0 { // what failed may have been done
			w.apply()
		}
		if len(d.writes[kind]) > 0 {
			d.begin(kind, 0)
		}
		w.done(!fails)
	})
}

func (d *disk) writePacemaker(state ocr3wire.PacemakerState, done func()) {
	bytes := ocr3wire.EncodePacemakerState(state)
	d.write(diskPacemaker, diskWrite{func() {
		if !d.sim.options.breaks.forgetPacemaker || d.node.hand != nil {
			d.durable.pacemaker = bytes
		}
	}, func(bool) { done() }})
}

func (d *disk) writeCertificate(certificate ocr3wire.Certificate, done func(ok bool)) {
	bytes := ocr3wire.EncodeCertificate(certificate)
	d.write(diskCertificate, diskWrite{func() {
		if !d.sim.options.breaks.forgetCertificate || d.node.hand != nil {
			d.durable.certificate = bytes
		}
	}, done})
}

// snapshots copies the disk from time to time.
func (d *disk) snapshots() {
	if len(d.older) == maxSnapshots {
		d.older = slices.Delete(d.older, 0, 1)
	}
	d.older = append(d.older, d.durable)
	d.sim.At(d.sim.Now+engine.Between(d.random, 100*time.Millisecond, time.Second), d.snapshots)
}

// crash loses what is not durable, except that of each kind the first write may have made it.
func (d *disk) crash() {
	for kind := range d.writes {
		if len(d.writes[kind]) > 0 && d.random.IntN(2) == 0 {
			d.writes[kind][0].apply()
		}
		d.writes[kind] = nil
	}
	if len(d.older) > 0 {
		d.sim.stats.Rollbacks++
		d.durable = d.older[d.random.IntN(len(d.older))]
	}
}

// read returns what an oracle that starts is to know.
func (d *disk) read() (ocr3.Start, error) {
	var start ocr3.Start
	var err error
	if d.durable.pacemaker != nil {
		if start.Pacemaker, err = ocr3wire.DecodePacemakerState(d.durable.pacemaker); err != nil {
			return start, err
		}
	}
	if d.durable.certificate != nil {
		start.Certificate, err = ocr3wire.DecodeCertificate(d.durable.certificate)
	}
	return start, err
}
