package runtime

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
)

// roundsInstance is what the instances of OCR1 and OCR2 have in common beside the engine. M are the protocol's messages, P its
// pending transmissions.
type roundsInstance[M rounds.Message, P any] struct {
	engine
	keeper  keeper
	pending pendingRecords[P]
	numbers roundsNumbers

	encode func(M) ([]byte, error)
	// roundStarted and epochStarted make telemetry events; nil where there is no such event.
	roundStarted func(at time.Time, epoch uint32, round uint8, leader commontypes.OracleID) []byte
	epochStarted func(at time.Time, epoch uint32, leader commontypes.OracleID) []byte
}

// pendingRecords are the calls of a database about the pending transmissions of an instance.
type pendingRecords[P any] struct {
	read   func(context.Context) (map[rounds.Round]P, error)
	store  func(context.Context, rounds.Round, P) error
	delete func(context.Context, rounds.Round) error
}

// pendingDatabase is the part of a database that is about pending transmissions, but for the types.
type pendingDatabase[D any, T comparable, P any] interface {
	StorePendingTransmission(context.Context, T, P) error
	PendingTransmissionsWithConfigDigest(context.Context, D) (map[T]P, error)
	DeletePendingTransmission(context.Context, T) error
}

// pendingOf returns the calls of a database, about the instance with the given digest. Reports of other instances are left
// out of what it reads. timestamp makes a report timestamp, and parts takes it apart.
func pendingOf[D, T comparable, P any](
	db pendingDatabase[D, T, P], digest D, timestamp func(D, rounds.Round) T, parts func(T) (D, rounds.Round),
) pendingRecords[P] {
	return pendingRecords[P]{
		read: func(ctx context.Context) (map[rounds.Round]P, error) {
			stored, err := db.PendingTransmissionsWithConfigDigest(ctx, digest)
			pending := make(map[rounds.Round]P, len(stored))
			for ts, p := range stored {
				if of, round := parts(ts); of == digest {
					pending[round] = p
				}
			}
			return pending, err
		},
		store: func(ctx context.Context, r rounds.Round, p P) error {
			return db.StorePendingTransmission(ctx, timestamp(digest, r), p)
		},
		delete: func(ctx context.Context, r rounds.Round) error {
			return db.DeletePendingTransmission(ctx, timestamp(digest, r))
		},
	}
}

// errNotDurable answers a transmission that could not leave.
var errNotDurable = errors.New("not transmitted: the database does not take the signed round")

// roundsNumbers are what the metrics of an instance are read from.
type roundsNumbers struct {
	epoch, leader atomic.Int64 // of the last change of epoch
	counters      [rounds.CountLedCompletedRounds + 1]atomic.Uint64
}

// roundsDescs describe the metrics of a protocol.
type roundsDescs struct {
	epoch, leader *prometheus.Desc
	counters      map[rounds.Counter]*prometheus.Desc
	lost          lost
}

func describeRounds(protocol string) roundsDescs {
	return roundsDescs{
		epoch:  describe(protocol+"_epoch", "The epoch of the latest change of epoch."),
		leader: describe(protocol+"_experimental_leader_oid", "The oracle id of the leader of the epoch."),
		counters: map[rounds.Counter]*prometheus.Desc{
			rounds.CountSentObservations: describe(protocol+"_sent_observations_total", "Observations that this oracle sent to leaders."),
			rounds.CountIncludedObservations: describe(protocol+"_included_observations_total",
				"Observations of this oracle that leaders made use of."),
			rounds.CountCompletedRounds:    describe(protocol+"_completed_rounds_total", "Rounds that this oracle saw completed."),
			rounds.CountLedCompletedRounds: describe(protocol+"_led_completed_rounds_total", "Rounds that this oracle led and saw completed."),
		},
		lost: lostOf(protocol),
	}
}

func (n *roundsNumbers) metrics(descs roundsDescs) []metric {
	list := []metric{gauge(descs.epoch, &n.epoch), gauge(descs.leader, &n.leader)}
	for c, desc := range descs.counters {
		list = append(list, counter(desc, &n.counters[c]))
	}
	return list
}

// latest is what the contract says of the latest report.
type latest[D comparable] struct {
	digest D
	epoch  uint32
}

// restoreRounds gathers what the machine starts from. What cannot be read is left out, except for what was signed before. latest asks the
// contract, with a context that ends after timeout.
func restoreRounds[D comparable, M rounds.Message, P any](
	ctx context.Context, in *roundsInstance[M, P], n int, digest D, timeout time.Duration, ask func(context.Context) (latest[D], error),
) (start rounds.Start[P], err error) {
	contract := inBackground(ctx, &in.running, timeout, ask)
	pending := inBackground(ctx, &in.running, in.keeper.timeout, in.pending.read)
	r, err := in.keeper.restore(ctx, n)
	if err != nil {
		return start, err
	}
	start.State = r.state
	if r.signed != nil {
		in.outbox.begin(uint64(*r.signed))
		start.SignedRound = &rounds.Round{Epoch: r.signed.epoch(), Round: r.signed.round()}
	}
	if l, err := contract(); err != nil {
		in.logger.ErrorUnlessCanceled(ctx, "could not read the epoch of the latest report from the contract; starting without", commontypes.LogFields{"error": err})
	} else if l.digest == digest {
		start.ContractEpoch, start.ContractKnown = l.epoch, true
		if r.state == nil && l.epoch > 0 {
			in.logger.Warn("the contract has reports under this config, but the database has no state of it: was it lost?", commontypes.LogFields{
				"epoch": l.epoch,
			})
		}
	}
	if start.Pending, err = pending(); err != nil {
		in.logger.ErrorUnlessCanceled(ctx, "could not read the pending transmissions from the database; starting without", commontypes.LogFields{"error": err})
	}
	return start, ctx.Err()
}

// stop ends an instance that has begun and returns when nothing of it is left. What the user gave is not closed.
func (in *roundsInstance[M, P]) stop() {
	in.halt()
	in.keeper.flush()
	in.stopListening()
	in.metrics.unregister()
}

func (*roundsInstance[M, P]) timerFired(id kernel.TimerID) any {
	return rounds.TimerFired{Timer: id}
}

// perform carries out an effect that the protocols share.
func (in *roundsInstance[M, P]) perform(effect kernel.Effect) bool {
	switch e := any(effect).(type) {
	case rounds.Send[M], rounds.Broadcast[M]:
		in.outbox.leave(e)

	case rounds.PersistRound:
		t := ticketOf(e.Round.Epoch, e.Round.Round)
		in.outbox.require(uint64(t))
		if in.keeper.persistRound(t) {
			in.outbox.becameDurable(uint64(t))
		}
	case rounds.PersistState:
		in.keeper.persistState(e.State)
	case rounds.StorePending[P]:
		in.writePending("storing a pending transmission", e.Round, func(ctx context.Context) error {
			return in.pending.store(ctx, e.Round, e.Pending)
		})
	case rounds.DeletePending:
		in.writePending("deleting a pending transmission", e.Round, func(ctx context.Context) error {
			return in.pending.delete(ctx, e.Round)
		})

	case rounds.EpochStarted:
		in.numbers.epoch.Store(int64(e.Epoch))
		in.numbers.leader.Store(int64(e.Leader))
		if in.epochStarted != nil {
			in.tell(func(now time.Time) []byte { return in.epochStarted(now, e.Epoch, e.Leader) })
		}
	case rounds.RoundStarted:
		in.tell(func(now time.Time) []byte { return in.roundStarted(now, e.Epoch, e.Round, e.Leader) })
	case rounds.Count:
		in.numbers.counters[e.Counter].Add(1)

	default:
		return false
	}
	return true
}

// writePending changes what is stored of a pending transmission.
func (in *roundsInstance[M, P]) writePending(what string, r rounds.Round, do func(context.Context) error) {
	in.keeper.writePending(pendingWrite{what, ticketOf(r.Epoch, r.Round), do})
}

// release sends a message that was put into the outbox.
func (in *roundsInstance[M, P]) release(effect any) {
	switch e := effect.(type) {
	case rounds.Send[M]:
		in.sendTo(in.packed(e.Message), e.To)
	case rounds.Broadcast[M]:
		in.broadcast(in.packed(e.Message))
	}
}

// packed returns the bytes of a message, nil if it cannot be sent.
func (in *roundsInstance[M, P]) packed(m M) []byte {
	b, err := in.encode(m)
	return in.fitting(m.Kind(), b, err)
}

// counts returns the part of the status that the protocols share. statusMu is held.
func (in *roundsInstance[M, P]) counts(machine rounds.Status) RoundsStatus {
	s := RoundsStatus{CommonStatus: in.common(), Epoch: machine.Epoch, Leader: machine.Leader, Round: machine.Round}
	count := func(c rounds.Counter) uint64 { return in.numbers.counters[c].Load() }
	s.SentObservations = count(rounds.CountSentObservations)
	s.IncludedObservations = count(rounds.CountIncludedObservations)
	s.CompletedRounds = count(rounds.CountCompletedRounds)
	s.LedCompletedRounds = count(rounds.CountLedCompletedRounds)
	return s
}
