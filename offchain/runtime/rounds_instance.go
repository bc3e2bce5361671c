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

// roundsInstance is what the instances of OCR1 and OCR2 have in common beside the engine. M are the protocol's messages, T its
// report timestamps, P its pending transmissions.
type roundsInstance[M rounds.Message, T comparable, P any] struct {
	engine
	keeper  keeper
	pending pendingRecords[T, P]
	numbers roundsNumbers

	encode func(M) ([]byte, error)
	// roundStarted and epochStarted make telemetry events; nil where there is no such event.
	roundStarted func(at time.Time, epoch uint32, round uint8, leader commontypes.OracleID) []byte
	epochStarted func(at time.Time, epoch uint32, leader commontypes.OracleID) []byte
}

// pendingRecords are the calls of a database about the pending transmissions of an instance.
type pendingRecords[T comparable, P any] struct {
	read   func(context.Context) (map[T]P, error)
	store  func(context.Context, T, P) error
	delete func(context.Context, T) error
	round  func(T) ticket
}

// pendingDatabase is the part of a database that is about pending transmissions, but for the types.
type pendingDatabase[D any, T comparable, P any] interface {
	StorePendingTransmission(context.Context, T, P) error
	PendingTransmissionsWithConfigDigest(context.Context, D) (map[T]P, error)
	DeletePendingTransmission(context.Context, T) error
}

// pendingOf returns the calls of a database, about the instance with the given digest.
func pendingOf[D any, T comparable, P any](db pendingDatabase[D, T, P], digest D, round func(T) ticket) pendingRecords[T, P] {
	return pendingRecords[T, P]{
		read: func(ctx context.Context) (map[T]P, error) {
			return db.PendingTransmissionsWithConfigDigest(ctx, digest)
		},
		store:  db.StorePendingTransmission,
		delete: db.DeletePendingTransmission,
		round:  round,
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
func restoreRounds[D comparable, M rounds.Message, T comparable, P any](
	ctx context.Context, in *roundsInstance[M, T, P], n int, digest D, timeout time.Duration, ask func(context.Context) (latest[D], error),
) (start rounds.Start[T, P], err error) {
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
func (in *roundsInstance[M, T, P]) stop() {
	in.halt()
	in.keeper.flush()
	in.stopListening()
	in.metrics.unregister()
}

func (*roundsInstance[M, T, P]) timerFired(id kernel.TimerID) any {
	return rounds.TimerFired{Timer: id}
}

// perform carries out an effect that the protocols share.
func (in *roundsInstance[M, T, P]) perform(effect kernel.Effect) bool {
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

// storePending has a pending transmission stored, deletePending has it deleted.
func (in *roundsInstance[M, T, P]) storePending(timestamp T, p P) {
	in.keeper.writePending(pendingWrite{"storing a pending transmission", in.pending.round(timestamp), func(ctx context.Context) error {
		return in.pending.store(ctx, timestamp, p)
	}})
}

func (in *roundsInstance[M, T, P]) deletePending(timestamp T) {
	in.keeper.writePending(pendingWrite{"deleting a pending transmission", in.pending.round(timestamp), func(ctx context.Context) error {
		return in.pending.delete(ctx, timestamp)
	}})
}

// release sends a message that was put into the outbox.
func (in *roundsInstance[M, T, P]) release(effect any) {
	switch e := effect.(type) {
	case rounds.Send[M]:
		in.sendTo(in.packed(e.Message), e.To)
	case rounds.Broadcast[M]:
		in.broadcast(in.packed(e.Message))
	}
}

// packed returns the bytes of a message, nil if it cannot be sent.
func (in *roundsInstance[M, T, P]) packed(m M) []byte {
	b, err := in.encode(m)
	return in.fitting(m.Kind(), b, err)
}

// counts returns the part of the status that the protocols share. statusMu is held.
func (in *roundsInstance[M, T, P]) counts(machine rounds.Status) RoundsStatus {
	s := RoundsStatus{CommonStatus: in.common(), Epoch: machine.Epoch, Leader: machine.Leader, Round: machine.Round}
	count := func(c rounds.Counter) uint64 { return in.numbers.counters[c].Load() }
	s.SentObservations = count(rounds.CountSentObservations)
	s.IncludedObservations = count(rounds.CountIncludedObservations)
	s.CompletedRounds = count(rounds.CountCompletedRounds)
	s.LedCompletedRounds = count(rounds.CountLedCompletedRounds)
	return s
}
