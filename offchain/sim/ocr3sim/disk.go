package ocr3sim

import (
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// disk is the database of one oracle. Records are kept as bytes.
type disk struct {
	engine.Disk[ocr3wire.Message]
	node *node

	durable records
	older   []records // snapshots of some time before; only of forgetful oracles
}

// records are what is durable: nil where nothing is.
type records struct{ pacemaker, certificate []byte }

// Tables of the database.
const (
	diskPacemaker = iota
	diskCertificate
)

const maxSnapshots = 8

func newDisk(n *node, faults DiskFaults) *disk {
	return &disk{node: n, Disk: engine.NewDisk(&n.Node, faults.Delay, faults.Errors, &n.sim.stats.DiskErrors,
		engine.DiskKind{Newest: true}, engine.DiskKind{MayFail: true})}
}

func (d *disk) writePacemaker(state ocr3wire.PacemakerState, done func()) {
	bytes := ocr3wire.EncodePacemakerState(state)
	d.Write(diskPacemaker, engine.DiskWrite{Apply: func() {
		if !d.node.sim.options.breaks.forgetPacemaker || d.node.hand != nil {
			d.durable.pacemaker = bytes
		}
	}, Done: func(bool) { done() }})
}

func (d *disk) writeCertificate(certificate ocr3wire.Certificate, done func(ok bool)) {
	bytes := ocr3wire.EncodeCertificate(certificate)
	d.Write(diskCertificate, engine.DiskWrite{Apply: func() {
		if !d.node.sim.options.breaks.forgetCertificate || d.node.hand != nil {
			d.durable.certificate = bytes
		}
	}, Done: done})
}

// snapshots copies the disk from time to time.
func (d *disk) snapshots() {
	if len(d.older) == maxSnapshots {
		d.older = slices.Delete(d.older, 0, 1)
	}
	d.older = append(d.older, d.durable)
	d.node.sim.At(d.node.sim.Now+engine.Between(d.Random, 100*time.Millisecond, time.Second), d.snapshots)
}

// crash loses what is not durable.
func (d *disk) crash() {
	d.Disk.Crash()
	if len(d.older) > 0 {
		d.node.sim.stats.Rollbacks++
		d.durable = d.older[d.Random.IntN(len(d.older))]
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
