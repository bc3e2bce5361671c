package engine

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Disk is the database of one oracle. A write takes time and may fail; what is not durable when the oracle crashes is gone, or
// is not: a write may have been completed without anybody having been told. What is durable is the owner's.
type Disk[M any] struct {
	Random *rand.Rand
	// Delay is how long a write may take. It does not heal. If it is 0, a write is durable at once. Errors is for each write that
	// it fails.
	Delay  time.Duration
	Errors float64
	// Failed counts writes that failed.
	Failed *int

	node   *Node[M]
	kinds  []DiskKind
	writes [][]DiskWrite // what is being written, by kind; writes of a kind happen one after the other
}

// DiskKind is a table of the database.
type DiskKind struct {
	// Newest tells that only the newest value matters: a write that has not begun gives way to the next.
	Newest bool
	// MayFail tells that a failed write is reported, though it may have been done, instead of tried again.
	MayFail bool
}

// DiskWrite is a write that was asked for. Apply makes it durable; Done is called with the result if the oracle is still alive.
type DiskWrite struct {
	Apply func()
	Done  func(ok bool)
}

const (
	// DiskRetry is how long it takes longer when a write fails.
	DiskRetry       = 10 * time.Millisecond
	maxDiskAttempts = 20 // in a row that fail, so that no run hangs
)

// NewDisk returns the disk of an oracle.
func NewDisk[M any](n *Node[M], delay time.Duration, errors float64, failed *int, kinds ...DiskKind) Disk[M] {
	return Disk[M]{
		Random: n.World.Stream("disk", uint64(n.ID)), Delay: delay, Errors: errors, Failed: failed,
		node: n, kinds: kinds, writes: make([][]DiskWrite, len(kinds)),
	}
}

// Write writes.
func (d *Disk[M]) Write(kind int, w DiskWrite) {
	if d.Delay == 0 && (d.node.World.Healed || d.Errors == 0) {
		w.Apply()
		w.Done(true)
		return
	}
	if d.kinds[kind].Newest && len(d.writes[kind]) > 1 {
		d.writes[kind][1] = w // the first is being written
		return
	}
	d.writes[kind] = append(d.writes[kind], w)
	if len(d.writes[kind]) == 1 {
		d.begin(kind, 0)
	}
}

// begin works on the first write of a kind.
func (d *Disk[M]) begin(kind, attempt int) {
	life := d.node.Life
	delay := Between(d.Random, 0, d.Delay)
	fails := !d.node.World.Healed && attempt < maxDiskAttempts && Chance(d.Random, d.Errors)
	if fails {
		*d.Failed++
		delay += DiskRetry
	}
	d.node.World.At(d.node.World.Now+delay, func() {
		if d.node.Life != life {
			return
		}
		if fails && !d.kinds[kind].MayFail {
			d.begin(kind, attempt+1)
			return
		}
		w := d.writes[kind][0]
		d.writes[kind] = slices.Delete(d.writes[kind], 0, 1)
		if !fails || d.Random.IntN(3) == 0 { // what failed may have been done
			w.Apply()
		}
		if len(d.writes[kind]) > 0 {
			d.begin(kind, 0)
		}
		w.Done(!fails)
	})
}

// Crash loses what is not durable, except that of each kind the first write may have made it.
func (d *Disk[M]) Crash() {
	for kind := range d.writes {
		if len(d.writes[kind]) > 0 && d.Random.IntN(2) == 0 {
			d.writes[kind][0].Apply()
		}
		d.writes[kind] = nil
	}
}
