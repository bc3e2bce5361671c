package ocr2

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// core is what the parts of a machine share: the configuration, the clock of the current event, the effects of the
// current event, the calls under way and the record of rounds that this oracle worked in.
type core struct {
	cfg      Config
	leaders  config.LeadersV1
	schedule config.ScheduleV1

	now     time.Time
	effects []kernel.Effect

	calls    map[kernel.CallID]call
	lastCall kernel.CallID

	// floor is the last round in which this oracle may have signed or led before a restart. In rounds up to it, this
	// process neither signs nor leads: nobody gets two different signatures of this oracle for one round.
	floor Round
	// recorded is the last round for which PersistRound was emitted, at least floor.
	recorded Round
}

func newCore(cfg Config) *core {
	return &core{
		cfg:      cfg,
		leaders:  config.NewLeadersV1(cfg.N, cfg.LeaderSelectionKey),
		schedule: config.NewScheduleV1(cfg.N, cfg.TransmissionOrderKey, cfg.ConfigDigest[:], config.NewStages(cfg.N, cfg.S, cfg.DeltaStage)),
		calls:    map[kernel.CallID]call{},
	}
}

// callKind says which part waits for the result of a call, and at which step.
type callKind uint8

const (
	callQuery         callKind = iota + 1 // leader
	callVerifyObserve                     // leader; of call.sender
	callVerifyReport                      // leader; of call.sender

	callObservation     // follower
	callSignObservation // follower
	callVerifyReportReq // follower
	callReport          // follower
	callSignReport      // follower

	callVerifyFinal // final checks

	callShouldAccept   // transmission
	callShouldTransmit // transmission
	callTransmit       // transmission
)

// call is a call under way.
type call struct {
	kind   callKind
	sender commontypes.OracleID
}

func (c *core) emit(effect kernel.Effect) { c.effects = append(c.effects, effect) }

// open registers a call and returns its id.
func (c *core) open(kind callKind, sender commontypes.OracleID) kernel.CallID {
	c.lastCall++
	c.calls[c.lastCall] = call{kind, sender}
	return c.lastCall
}

// finish takes a call out of the register. ok is false if nobody waits for its result any more.
func (c *core) finish(id kernel.CallID) (finished call, ok bool) {
	finished, ok = c.calls[id]
	delete(c.calls, id)
	return finished, ok
}

// abandon gives up a call, if it is under way. 0 is no call.
func (c *core) abandon(id kernel.CallID) {
	if _, ok := c.calls[id]; ok {
		delete(c.calls, id)
		c.emit(kernel.Abandon{ID: id})
	}
}

func (c *core) log(level kernel.LogLevel, message string, fields ...any) {
	c.emit(kernel.Log{Level: level, Message: message, Fields: fields})
}

// dropReason is why a message is not processed. Reasons double as values of a metric's label.
type dropReason struct {
	text string
	// suspicious: honest oracles do not send such messages, not even when some are lost or late.
	suspicious bool
}

func (c *core) drop(sender commontypes.OracleID, kind ocr2wire.Kind, why dropReason) {
	c.emit(kernel.Dropped{Sender: sender, What: kind.String(), Why: why.text, Suspicious: why.suspicious})
}

// record makes sure that a round is on record before anything that belongs to it leaves this oracle.
func (c *core) record(r Round) {
	if c.recorded.Less(r) {
		c.recorded = r
		c.emit(PersistRound{Round: r})
	}
}

// belowFloor tells whether this oracle may have worked in a round before a restart.
func (c *core) belowFloor(r Round) bool { return !c.floor.Less(r) }

func (c *core) timestamp(r Round) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: c.cfg.ConfigDigest, Epoch: r.Epoch, Round: r.Round}
}
