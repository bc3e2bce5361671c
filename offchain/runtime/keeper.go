package runtime

import (
	"context"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/types"
)

const (
	// maxPendingWrites is the number of writes about pending transmissions that may wait for the database.
	maxPendingWrites = 256
	// maxPendingAttempts is how often such a write is tried before it is given up, which costs no more than that a report is not
	// transmitted by this oracle after a restart, or its transmission considered once more.
	maxPendingAttempts = 5
)

// keeper writes to the database what an instance must not forget. Writes of one kind (the pacemaker's state, the signed
// round, pending transmissions) happen one after the other; a write that does not return keeps those of its kind waiting and
// nothing else. All its methods are called on the instance's turn, except flush.
type keeper struct {
	db      types.Database
	rounds  SignedRoundDatabase // nil if db is none
	digest  types.ConfigDigest
	timeout time.Duration
	logger  logging.Logger
	post    func(do func()) bool
	running *tasks
	// durable is called when a round becomes durable.
	durable func()

	// The pacemaker's state: only the newest matters.
	state        types.PersistentState  // newest, whether written or not
	stateNext    *types.PersistentState // to be written
	stateWritten *types.PersistentState
	stateWriter  writer

	// The signed round.
	roundWanted  ocr2.Round
	roundDurable ocr2.Round
	roundWriter  writer

	pending       []pendingWrite
	pendingWriter writer
}

// pendingWrite stores a pending transmission, or deletes it.
type pendingWrite struct {
	timestamp types.ReportTimestamp
	store     *types.PendingTransmission // nil to delete
}

// writer is the state of the writes of one kind.
type writer struct {
	busy     bool
	failures int         // in a row
	retry    *time.Timer // pending after a failure
}

func (w *writer) available() bool { return !w.busy && w.retry == nil }

// write makes one call to the database. done is called with its outcome; then next is, after a pause if the call failed.
func (k *keeper) write(w *writer, what string, call func(context.Context) error, done func(error), next func()) {
	w.busy = true
	k.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), k.timeout)
		defer cancel()
		late := time.AfterFunc(k.timeout+lateAfter, func() {
			k.logger.Error("the database is taking too long: a call ignores its context", commontypes.LogFields{"what": what})
		})
		err := call(ctx)
		late.Stop()
		k.post(func() {
			w.busy = false
			if err == nil {
				w.failures = 0
				done(nil)
				next()
				return
			}
			w.failures++
			retry := writeRetry(w.failures)
			k.logger.Error("the database failed; trying again", commontypes.LogFields{
				"what": what, "error": err, "attempt": w.failures, "sleep": retry.String(),
			})
			done(err)
			w.retry = time.AfterFunc(retry, func() {
				k.post(func() {
					w.retry = nil
					next()
				})
			})
		})
	})
}

func (k *keeper) persistState(s types.PersistentState) {
	k.state = s
	if k.stateWritten != nil && k.stateWritten.Equal(s) && !k.stateWriter.busy {
		k.stateNext = nil
		return
	}
	k.stateNext = &s
	k.writeState()
}

func (k *keeper) writeState() {
	if k.stateNext == nil || !k.stateWriter.available() {
		return
	}
	s := *k.stateNext
	k.stateNext = nil
	k.write(&k.stateWriter, "writing the pacemaker's state", func(ctx context.Context) error {
		return k.db.WriteState(ctx, k.digest, s)
	}, func(err error) {
		if err == nil {
			k.stateWritten = &s
			k.stateBecameDurable(s)
		} else if k.stateNext == nil {
			k.stateNext = &s
		}
	}, k.writeState)
}

// persistRound has the round recorded; durable is called once it is. It reports whether it is durable already.
func (k *keeper) persistRound(r ocr2.Round) bool {
	if k.roundWanted.Less(r) {
		k.roundWanted = r
	}
	if !k.roundDurable.Less(r) {
		return true
	}
	if k.rounds == nil {
		// The epoch stands for its rounds: an oracle that starts again signs nothing in the epoch that it finds.
		if k.state.Epoch < r.Epoch {
			s := k.state
			s.Epoch = r.Epoch
			s.HighestSentEpoch = max(s.HighestSentEpoch, r.Epoch)
			k.persistState(s)
		} else if k.stateWritten == nil || k.stateWritten.Epoch < r.Epoch {
			k.persistState(k.state)
		}
		return false
	}
	k.writeRound()
	return false
}

func (k *keeper) writeRound() {
	if !k.roundDurable.Less(k.roundWanted) || !k.roundWriter.available() {
		return
	}
	r := k.roundWanted
	k.write(&k.roundWriter, "writing the signed round", func(ctx context.Context) error {
		return k.rounds.WriteSignedRound(ctx, k.digest, r.Epoch, r.Round)
	}, func(err error) {
		if err == nil {
			k.roundDurable = r
			k.durable()
		}
	}, k.writeRound)
}

func (k *keeper) stateBecameDurable(s types.PersistentState) {
	if k.rounds == nil {
		if r := (ocr2.Round{Epoch: s.Epoch, Round: 255}); k.roundDurable.Less(r) {
			k.roundDurable = r
			k.durable()
		}
	}
}

// writePending queues a write about a pending transmission.
func (k *keeper) writePending(p pendingWrite) {
	if len(k.pending) >= maxPendingWrites {
		k.logger.Warn("dropping a write about a pending transmission: the database does not keep up", commontypes.LogFields{
			"epoch": p.timestamp.Epoch, "round": p.timestamp.Round,
		})
		return
	}
	k.pending = append(k.pending, p)
	k.writeNextPending()
}

func (k *keeper) writeNextPending() {
	if len(k.pending) == 0 || !k.pendingWriter.available() {
		return
	}
	p := k.pending[0]
	k.pending = k.pending[1:]
	k.write(&k.pendingWriter, p.what(), func(ctx context.Context) error {
		return p.apply(ctx, k.db)
	}, func(err error) {
		if err != nil && k.pendingWriter.failures < maxPendingAttempts {
			k.pending = append([]pendingWrite{p}, k.pending...)
		} else if err != nil {
			k.pendingWriter.failures = 0
		}
	}, k.writeNextPending)
}

func (p pendingWrite) what() string {
	if p.store == nil {
		return "deleting a pending transmission"
	}
	return "storing a pending transmission"
}

func (p pendingWrite) apply(ctx context.Context, db types.Database) error {
	if p.store == nil {
		return db.DeletePendingTransmission(ctx, p.timestamp)
	}
	return db.StorePendingTransmission(ctx, p.timestamp, *p.store)
}

// flush makes a last attempt to write what was not written yet. It is called when the instance has ended and no write is
// under way; all together takes no longer than the timeout of one call, if the database respects that.
func (k *keeper) flush() {
	for _, w := range []*writer{&k.stateWriter, &k.roundWriter, &k.pendingWriter} {
		if w.retry != nil {
			w.retry.Stop()
		}
	}
	if k.stateNext == nil && len(k.pending) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), k.timeout)
	defer cancel()
	if k.stateNext != nil {
		if err := k.db.WriteState(ctx, k.digest, *k.stateNext); err != nil {
			k.logger.Error("could not write the pacemaker's last state", commontypes.LogFields{"error": err})
		}
	}
	for _, p := range k.pending {
		if err := p.apply(ctx, k.db); err != nil {
			k.logger.Error("could not make the last writes about pending transmissions", commontypes.LogFields{"error": err})
			return
		}
	}
}
