package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
)

const (
	// maxPendingWrites is the number of writes about pending transmissions that may wait for the database.
	maxPendingWrites = 256
	// maxPendingAttempts is how often such a write is tried before it is given up, which costs no more than that a report is not
	// transmitted by this oracle after a restart, or its transmission considered once more.
	maxPendingAttempts = 5
)

// keeper writes to the database what an instance of OCR1 or OCR2 must not forget. Writes of one kind (the pacemaker's state, the
// signed round, pending transmissions) happen one after the other; a write that does not return keeps those of its kind waiting
// and nothing else. All its methods are called on the instance's turn, except restore and flush.
type keeper struct {
	writes
	records records
	// durable is called when a round becomes durable.
	durable func(ticket)

	// The pacemaker's state: only the newest matters.
	state        types.PersistentState  // newest, whether written or not
	stateNext    *types.PersistentState // to be written
	stateWritten *types.PersistentState
	stateWriter  writer

	// The signed round.
	roundWanted  ticket
	roundDurable ticket
	roundWriter  writer

	pending       []pendingWrite
	pendingWriter writer
}

// newKeeper returns the keeper of an engine.
func (e *engine) newKeeper(r records, timeout time.Duration) keeper {
	return keeper{
		writes:  writes{timeout: timeout, logger: e.logger, post: e.post, running: &e.running},
		records: r,
		durable: func(t ticket) { e.outbox.becameDurable(uint64(t)) },
	}
}

// ticket is a round as a number: the numbers are in the order of the rounds.
type ticket uint64

func ticketOf(epoch uint32, round uint8) ticket { return ticket(epoch)<<8 | ticket(round) }

func (t ticket) epoch() uint32 { return uint32(t >> 8) }
func (t ticket) round() uint8  { return uint8(t) }

// records are the calls of a database that OCR1 and OCR2 both have, for one instance.
type records struct {
	readState  func(context.Context) (*types.PersistentState, error)
	writeState func(context.Context, types.PersistentState) error
	// readRound and writeRound are nil if the database does not keep the signed round.
	readRound  func(context.Context) (t ticket, ok bool, err error)
	writeRound func(context.Context, ticket) error
}

// recordsOf returns the calls of a database, about the instance with the given digest.
func recordsOf[D any](db stateDatabase[D], digest D) records {
	r := records{
		readState:  func(ctx context.Context) (*types.PersistentState, error) { return db.ReadState(ctx, digest) },
		writeState: func(ctx context.Context, s types.PersistentState) error { return db.WriteState(ctx, digest, s) },
	}
	if rounds, ok := db.(roundDatabase[D]); ok {
		r.readRound = func(ctx context.Context) (ticket, bool, error) {
			epoch, round, ok, err := rounds.ReadSignedRound(ctx, digest)
			return ticketOf(epoch, round), ok, err
		}
		r.writeRound = func(ctx context.Context, t ticket) error {
			return rounds.WriteSignedRound(ctx, digest, t.epoch(), t.round())
		}
	}
	return r
}

// pendingWrite stores a pending transmission, or deletes it.
type pendingWrite struct {
	what  string // for the log
	round ticket
	apply func(context.Context) error
}

// writer is the state of the writes of one kind.
type writer struct {
	busy     bool
	failures int         // in a row
	retry    *time.Timer // pending after a failure
}

func (w *writer) available() bool { return !w.busy && w.retry == nil }

// writes make calls to a database on goroutines of their own.
type writes struct {
	timeout time.Duration
	logger  logging.Logger
	post    func(do func()) bool
	running *tasks
}

// write makes one call. done is called with its outcome; then next is, after a pause if the call failed.
func (k *writes) write(w *writer, what string, call func(context.Context) error, done func(error), next func()) {
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
		return k.records.writeState(ctx, s)
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
func (k *keeper) persistRound(r ticket) bool {
	k.roundWanted = max(k.roundWanted, r)
	if r <= k.roundDurable {
		return true
	}
	if k.records.writeRound == nil {
		// The epoch stands for its rounds: an oracle that starts again signs nothing in the epoch that it finds.
		if k.state.Epoch < r.epoch() {
			s := k.state
			s.Epoch = r.epoch()
			s.HighestSentEpoch = max(s.HighestSentEpoch, r.epoch())
			k.persistState(s)
		} else if k.stateWritten == nil || k.stateWritten.Epoch < r.epoch() {
			k.persistState(k.state)
		}
		return false
	}
	k.writeRound()
	return false
}

func (k *keeper) writeRound() {
	if k.roundWanted <= k.roundDurable || !k.roundWriter.available() {
		return
	}
	r := k.roundWanted
	k.write(&k.roundWriter, "writing the signed round", func(ctx context.Context) error {
		return k.records.writeRound(ctx, r)
	}, func(err error) {
		if err == nil {
			k.roundDurable = r
			k.durable(r)
		}
	}, k.writeRound)
}

func (k *keeper) stateBecameDurable(s types.PersistentState) {
	if r := ticketOf(s.Epoch, math.MaxUint8); k.records.writeRound == nil && k.roundDurable < r {
		k.roundDurable = r
		k.durable(r)
	}
}

// writePending queues a write about a pending transmission.
func (k *keeper) writePending(p pendingWrite) {
	if len(k.pending) >= maxPendingWrites {
		k.logger.Warn("dropping a write about a pending transmission: the database does not keep up", commontypes.LogFields{
			"what": p.what, "epoch": p.round.epoch(), "round": p.round.round(),
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
	k.write(&k.pendingWriter, p.what, p.apply, func(err error) {
		if err != nil && k.pendingWriter.failures < maxPendingAttempts {
			k.pending = append([]pendingWrite{p}, k.pending...)
		} else if err != nil {
			k.pendingWriter.failures = 0
		}
	}, k.writeNextPending)
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
		if err := k.records.writeState(ctx, *k.stateNext); err != nil {
			k.logger.Error("could not write the pacemaker's last state", commontypes.LogFields{"error": err})
		}
	}
	for _, p := range k.pending {
		if err := p.apply(ctx); err != nil {
			k.logger.Error("could not make the last writes about pending transmissions", commontypes.LogFields{"error": err})
			return
		}
	}
}

// restored is what an instance knows of its earlier life.
type restored struct {
	state *types.PersistentState // nil if there is none
	// signed is the last round in which something may have been signed; nil if nothing ever was.
	signed *ticket
}

// restore reads what earlier lives of the oracle have left, before the instance begins. It fails if it cannot be known in which
// rounds this oracle has signed before: the instance must not run then, lest it sign twice. If all else fails it is logged and left out.
func (k *keeper) restore(ctx context.Context, n int) (r restored, err error) {
	if k.records.readRound != nil {
		state := inBackground(ctx, k.running, k.timeout, k.records.readState)
		signed, ok, err := k.readRound(ctx)
		if err != nil {
			return r, fmt.Errorf("reading the signed round from the database: %w", err)
		}
		if ok {
			r.signed = &signed
		}
		if r.state, err = state(); err != nil && !ok {
			// There may be a state that was left by software that does not keep the round.
			return r, fmt.Errorf("reading the pacemaker's state from the database: %w", err)
		} else if err != nil {
			k.logger.ErrorUnlessCanceled(ctx, "could not read the pacemaker's state from the database; starting without", commontypes.LogFields{"error": err})
		}
	} else {
		k.logger.Info("the database does not keep the signed round; nothing is signed in the epoch that was running when the oracle stopped", nil)
		readCtx, cancel := context.WithTimeout(ctx, k.timeout)
		defer cancel()
		if r.state, err = k.records.readState(readCtx); err != nil {
			return r, fmt.Errorf("reading the pacemaker's state from the database: %w", err)
		}
	}
	switch {
	case r.signed != nil:
	case r.state != nil:
		// Also where the state was left by software that does not keep the round.
		last := ticketOf(r.state.Epoch, math.MaxUint8)
		r.signed = &last
	case k.records.writeRound != nil:
		// From now on the absence of a round means something: that nothing was signed, however far the state has come.
		writeCtx, cancel := context.WithTimeout(ctx, k.timeout)
		defer cancel()
		if err := k.records.writeRound(writeCtx, 0); err != nil {
			return r, fmt.Errorf("recording in the database that nothing was signed yet: %w", err)
		}
	}
	k.state = types.PersistentState{HighestReceivedEpoch: make([]uint32, n)}
	if r.state != nil {
		k.state, k.stateWritten = *r.state, r.state
	}
	if r.signed != nil {
		k.roundWanted, k.roundDurable = *r.signed, *r.signed
	}
	return r, nil
}

func (k *keeper) readRound(ctx context.Context) (ticket, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	return k.records.readRound(ctx)
}

// errNoAnswer stands for the result of a call that ignores its context.
var errNoAnswer = errors.New("no answer in time")

// inBackground begins a call, with a context that ends after timeout, and returns a function that waits for its result, no
// longer than until then. A result that comes later is thrown away; running counts the call until it came.
func inBackground[T any](ctx context.Context, running *tasks, timeout time.Duration, call func(context.Context) (T, error)) (result func() (T, error)) {
	type outcome struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	outcomes := make(chan outcome, 1)
	running.Go(func() {
		defer cancel()
		value, err := call(ctx)
		outcomes <- outcome{value, err}
	})
	timer := time.NewTimer(timeout)
	return func() (T, error) {
		defer timer.Stop()
		select {
		case o := <-outcomes:
			return o.value, o.err
		case <-timer.C:
			var none T
			return none, errNoAnswer
		}
	}
}
