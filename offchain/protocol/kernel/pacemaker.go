package kernel

import (
	"math"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// PacemakerConfig is what a pacemaker must know of the running configuration.
type PacemakerConfig struct {
	N, F          int
	DeltaProgress time.Duration // how long an epoch may go on without progress
	DeltaResend   time.Duration // how often the wish for an epoch is announced again
	// Leader tells the leader of an epoch.
	Leader func(epoch uint32) commontypes.OracleID
}

// PacemakerHost is what a pacemaker acts upon. Its methods are called while a method of the pacemaker runs, and must not
// call back into it, with one exception: EnterEpoch is the last call of its event, and may.
type PacemakerHost interface {
	// BroadcastNewEpoch announces to all oracles, oneself included, the wish to enter an epoch.
	BroadcastNewEpoch(epoch uint32)
	// SetResendTimer and SetProgressTimer arm a timer anew.
	SetResendTimer(after time.Duration)
	SetProgressTimer(after time.Duration)
	CancelProgressTimer()
	// StateChanged says that State has changed and is to be persisted, soon, once for all changes of an event.
	StateChanged()
	// EnterEpoch says that the oracle is in an epoch from now on: everything of the epoch before is void. first marks the
	// epoch in which the pacemaker starts.
	EnterEpoch(epoch uint32, leader commontypes.OracleID, first bool)
	// Log tells the operator something.
	Log(level LogLevel, message string, fields ...any)
}

// Pacemaker leads the oracles through epochs, of which each has a leader. An oracle that misses progress, or is told by its
// leader that the epoch has had its rounds, announces that it wishes for the next one. Who hears a wish from more than f
// oracles joins it: at least one of them is honest. Who hears it from more than 2f enters the epoch: then more than f
// honest oracles wish for it, so that all honest ones will.
//
// The same rules hold in OCR1 and OCR2. A pacemaker is a machine (see the package documentation), whose effects are the
// calls of its host.
//
// Source: docs/protocol/ocr2.md, "Pacemaker".
type Pacemaker struct {
	cfg  PacemakerConfig
	host PacemakerHost

	epoch  uint32
	leader commontypes.OracleID
	wish   uint32   // the highest epoch that this oracle announced
	wishes []uint32 // the highest epoch that each oracle announced to this one

	progressArmed bool
}

// firstEpoch is where an oracle without persisted state starts.
const firstEpoch = 1

// NewPacemaker returns a pacemaker that has yet to be started.
func NewPacemaker(cfg PacemakerConfig, host PacemakerHost) *Pacemaker {
	return &Pacemaker{
		cfg:    cfg,
		host:   host,
		epoch:  firstEpoch,
		leader: cfg.Leader(firstEpoch),
		wishes: make([]uint32, cfg.N),
	}
}

// Start is the first event. state is what was persisted, nil if nothing was; a state that cannot be right is ignored.
// contractEpoch is the epoch of the latest transmission under this config digest, if known: the oracles were there at some
// time, so that an oracle without state wishes to go on from there.
func (p *Pacemaker) Start(state *types.PersistentState, contractEpoch uint32, contractKnown bool) {
	p.restore(state)
	if next := contractEpoch + 1; contractKnown && p.wish < next { // 0 after the last epoch
		p.wish = next
	}
	p.setProgressTimer()
	p.sendNewEpoch(p.wish)
	p.host.EnterEpoch(p.epoch, p.leader, true)
}

func (p *Pacemaker) restore(state *types.PersistentState) {
	switch {
	case state == nil:
		p.host.Log(LogInfo, "no persisted state for this config digest: starting in the first epoch")
		return
	case state.HighestSentEpoch < state.Epoch || len(state.HighestReceivedEpoch) != p.cfg.N:
		p.host.Log(LogError, "the persisted state is corrupt and ignored: starting in the first epoch",
			"epoch", state.Epoch, "highestSentEpoch", state.HighestSentEpoch,
			"oracles", len(state.HighestReceivedEpoch), "n", p.cfg.N)
		return
	case state.Epoch < firstEpoch:
		p.host.Log(LogInfo, "the persisted state is from before the first epoch and ignored")
		return
	}
	p.epoch = state.Epoch
	p.leader = p.cfg.Leader(p.epoch)
	p.wish = state.HighestSentEpoch
	copy(p.wishes, state.HighestReceivedEpoch)
}

// sendNewEpoch announces a wish, and goes on announcing it.
func (p *Pacemaker) sendNewEpoch(epoch uint32) {
	p.host.BroadcastNewEpoch(epoch)
	if p.wish != epoch {
		p.wish = epoch
		p.host.StateChanged()
	}
	p.host.SetResendTimer(p.cfg.DeltaResend)
}

func (p *Pacemaker) setProgressTimer() {
	p.progressArmed = true
	p.host.SetProgressTimer(p.cfg.DeltaProgress)
}

// ResendFired is the event that the resend timer is due: messages may be lost, so the wish is announced again.
func (p *Pacemaker) ResendFired() { p.sendNewEpoch(p.wish) }

// ProgressFired is the event that the progress timer is due: no round was completed for DeltaProgress.
func (p *Pacemaker) ProgressFired() {
	p.progressArmed = false
	p.changeLeader()
}

// ChangeLeader is the event that the leader has led all rounds of the epoch.
func (p *Pacemaker) ChangeLeader() {
	if p.progressArmed {
		p.progressArmed = false
		p.host.CancelProgressTimer()
	}
	p.changeLeader()
}

func (p *Pacemaker) changeLeader() {
	if p.epoch == math.MaxUint32 {
		p.host.Log(LogCritical, "the last possible epoch is over: a new config is needed to go on")
		return
	}
	p.sendNewEpoch(max(p.wish, p.epoch+1))
}

// Progress is the event that a round was completed.
func (p *Pacemaker) Progress() { p.setProgressTimer() }

// NewEpoch is the event of a received announcement. Wishes of one oracle only grow.
func (p *Pacemaker) NewEpoch(from commontypes.OracleID, epoch uint32) {
	if int(from) >= len(p.wishes) || epoch <= p.wishes[from] {
		return
	}
	p.wishes[from] = epoch
	p.host.StateChanged()

	if joined := p.reachedBy(p.cfg.F + 1); joined > p.wish {
		p.sendNewEpoch(joined)
	}
	if entered := p.reachedBy(2*p.cfg.F + 1); entered > p.epoch {
		p.epoch = entered
		p.leader = p.cfg.Leader(entered)
		p.wish = max(p.wish, entered)
		p.host.StateChanged()
		p.setProgressTimer()
		p.host.EnterEpoch(p.epoch, p.leader, false)
	}
}

// reachedBy returns the highest epoch that at least count oracles wish to reach or pass.
func (p *Pacemaker) reachedBy(count int) uint32 {
	var space [types.MaxOracles]uint32
	sorted := append(space[:0], p.wishes...)
	slices.Sort(sorted)
	return sorted[len(sorted)-count]
}

// Epoch returns the epoch that the oracle is in.
func (p *Pacemaker) Epoch() uint32 { return p.epoch }

// Leader returns the leader of Epoch.
func (p *Pacemaker) Leader() commontypes.OracleID { return p.leader }

// Wish returns the highest epoch that this oracle announced.
func (p *Pacemaker) Wish() uint32 { return p.wish }

// ProgressArmed tells whether the progress timer is running.
func (p *Pacemaker) ProgressArmed() bool { return p.progressArmed }

// State returns what is to be persisted, in memory of its own.
func (p *Pacemaker) State() types.PersistentState {
	return types.PersistentState{Epoch: p.epoch, HighestSentEpoch: p.wish, HighestReceivedEpoch: slices.Clone(p.wishes)}
}
