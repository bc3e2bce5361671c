package rounds

import (
	"cmp"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Message is what the parts must know of a protocol's messages.
type Message interface {
	Kind() roundwire.Kind
	// Position is the epoch and the round that the message is about.
	Position() (epoch uint32, round uint8)
	fmt.Stringer
}

// Timers of the machines.
const (
	TimerResend   kernel.TimerID = iota + 1 // pacemaker: announce the wished epoch again
	TimerProgress                           // pacemaker: no round completed for DeltaProgress
	TimerRound                              // leader: earliest start of the next round
	TimerGrace                              // leader: end of the extra wait for observations
	TimerTransmit                           // transmission: the head of the queue is due
)

// TimerName names a timer for logs and transcripts.
func TimerName(timer kernel.TimerID) string {
	switch timer {
	case TimerResend:
		return "resend"
	case TimerProgress:
		return "progress"
	case TimerRound:
		return "round"
	case TimerGrace:
		return "grace"
	case TimerTransmit:
		return "transmit"
	}
	return fmt.Sprintf("unknown timer %d", timer)
}

// Round is a position in the protocol; ordered by epoch, then round.
type Round struct {
	Epoch uint32
	Round uint8
}

// Less tells whether r comes before o.
func (r Round) Less(o Round) bool { return r.Compare(o) < 0 }

// Compare is negative if r comes before o, 0 if they are equal, positive if r comes after o.
func (r Round) Compare(o Round) int {
	return cmp.Or(cmp.Compare(r.Epoch, o.Epoch), cmp.Compare(r.Round, o.Round))
}

// String returns epoch/round.
func (r Round) String() string { return fmt.Sprintf("%d/%d", r.Epoch, r.Round) }

// Event is what happened to a machine: a [Start], [MessageReceived], [TimerFired], or the result of a call, which is a
// [kernel.Result].
type Event any

// Start is the first event, and the only one of its kind. What could not be read is left out; the driver logs why. P is the
// protocol's pending transmission.
type Start[P any] struct {
	// State is the persisted pacemaker state of this config digest, nil if there is none.
	State *types.PersistentState
	// ContractEpoch is the epoch of the latest transmission on the contract under this config digest; valid only if
	// ContractKnown.
	ContractEpoch uint32
	ContractKnown bool
	// SignedRound is the highest round for which a [PersistRound] became durable before, nil if there is none. If the
	// database cannot keep rounds, the driver hands in the last round (255) of the highest epoch that this oracle may
	// have worked in.
	SignedRound *Round
	// Pending are the accepted reports of this config digest that were not yet transmitted.
	Pending map[Round]P
}

// startEvent is a Start, whatever is pending in it.
type startEvent interface {
	start() (state *types.PersistentState, contractEpoch uint32, contractKnown bool, signed *Round)
}

func (e Start[P]) start() (*types.PersistentState, uint32, bool, *Round) {
	return e.State, e.ContractEpoch, e.ContractKnown, e.SignedRound
}

// MessageReceived is a message from an authenticated oracle of this instance (possibly oneself). M is the protocol's message.
type MessageReceived[M Message] struct {
	From    commontypes.OracleID
	Message M
}

// TimerFired says that a timer is due.
type TimerFired struct{ Timer kernel.TimerID }

// TransmitDone answers the call in which a protocol hands a report to the contract transmitter.
type TransmitDone struct {
	ID  kernel.CallID
	Err error
}

// Call is the call that the event answers.
func (e TransmitDone) Call() kernel.CallID { return e.ID }

// Effects that both protocols have, besides those of package kernel.
type (
	// Send sends a message to one oracle (possibly oneself).
	Send[M Message] struct {
		To      commontypes.OracleID
		Message M
	}
	// Broadcast sends a message to all oracles, oneself included.
	Broadcast[M Message] struct{ Message M }

	// PersistState stores the pacemaker state; no barrier. Only the newest one matters, a failed write is tried again.
	PersistState struct{ State types.PersistentState }
	// PersistRound records that this oracle is about to lead or sign in a round; a barrier (see package kernel).
	PersistRound struct{ Round Round }

	// StorePending stores an accepted report until it is transmitted; no barrier. P is the protocol's pending transmission.
	StorePending[P any] struct {
		Round   Round
		Pending P
		summary func(P) string // for transcripts
	}
	// DeletePending removes what StorePending stored; no barrier.
	DeletePending struct{ Round Round }

	// EpochStarted says that the oracle entered an epoch, other than the one that it started in.
	EpochStarted struct {
		Epoch  uint32
		Leader commontypes.OracleID
	}
	// RoundStarted says that the follower begins to take part in a round.
	RoundStarted struct {
		Epoch  uint32
		Round  uint8
		Leader commontypes.OracleID
	}

	// Count increments a counter of the instance.
	Count struct{ Counter Counter }
)

func (e Send[M]) String() string      { return fmt.Sprintf("send to=%d %s", e.To, e.Message) }
func (e Broadcast[M]) String() string { return fmt.Sprintf("broadcast %s", e.Message) }
func (e PersistState) String() string {
	return fmt.Sprintf("persist-state epoch=%d wish=%d wishes=%v",
		e.State.Epoch, e.State.HighestSentEpoch, e.State.HighestReceivedEpoch)
}
func (e PersistRound) String() string { return fmt.Sprintf("persist-round %s", e.Round) }
func (e StorePending[P]) String() string {
	return fmt.Sprintf("store-pending %s %s", e.Round, e.summary(e.Pending))
}
func (e DeletePending) String() string { return fmt.Sprintf("delete-pending %s", e.Round) }
func (e EpochStarted) String() string {
	return fmt.Sprintf("epoch-started epoch=%d leader=%d", e.Epoch, e.Leader)
}
func (e RoundStarted) String() string {
	return fmt.Sprintf("round-started %s leader=%d", Round{e.Epoch, e.Round}, e.Leader)
}
func (e Count) String() string { return fmt.Sprintf("count %s", e.Counter) }

// Counter names a counter of an instance.
type Counter uint8

const (
	CountSentObservations     Counter = iota + 1 // observations sent to leaders
	CountIncludedObservations                    // own observations that leaders made use of
	CountCompletedRounds                         // rounds that this oracle saw completed
	CountLedCompletedRounds                      // rounds that this oracle led and saw completed
)

// String returns the name of the counter.
func (c Counter) String() string {
	switch c {
	case CountSentObservations:
		return "sent observations"
	case CountIncludedObservations:
		return "included observations"
	case CountCompletedRounds:
		return "completed rounds"
	case CountLedCompletedRounds:
		return "led completed rounds"
	}
	return "unknown counter"
}
