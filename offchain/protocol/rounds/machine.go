package rounds

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Machine is the frame of a machine: it has the pacemaker, and tells the protocol's parts what happened. Messages of later
// epochs wait in a buffer.
type Machine[M Message] struct {
	*Core
	protocol Protocol[M]
	Started  bool

	Pacemaker    *kernel.Pacemaker
	stateChanged bool // the pacemaker's state is to be persisted at the end of the event

	Epoch  uint32 // whose messages are processed; 0 before the start
	future *kernel.FutureBuffer[M]
}

// Protocol is what is in the frame.
type Protocol[M Message] interface {
	// NewEpoch makes the message that announces the wish for an epoch.
	NewEpoch(epoch uint32) M
	// Enter replaces report generation by that of another epoch, and starts it.
	Enter(epoch uint32, leader commontypes.OracleID)
	// Receive handles a message of the current epoch.
	Receive(from commontypes.OracleID, m M)
	// ReceiveAnytime handles a message that matters in any epoch. It is false if the message is none.
	ReceiveAnytime(from commontypes.OracleID, m M) bool
	// RoundFired, GraceFired and TransmitFired say that a timer is due.
	RoundFired()
	GraceFired()
	TransmitFired()
}

// NewMachine returns a frame that waits for its start.
func NewMachine[M Message](c *Core, protocol Protocol[M]) *Machine[M] {
	m := &Machine[M]{Core: c, protocol: protocol, future: kernel.NewFutureBuffer[M](c.Config.N)}
	m.Pacemaker = kernel.NewPacemaker(kernel.PacemakerConfig{
		N: c.Config.N, F: c.Config.F, DeltaProgress: c.Config.DeltaProgress, DeltaResend: c.Config.DeltaResend, Leader: c.Leaders.Leader,
	}, pacemakerHost[M]{m})
	return m
}

// Begin begins an event.
func (m *Machine[M]) Begin(now time.Time) {
	m.Now = now
	m.Desk.Begin()
}

// End ends an event, and returns what is to be done.
func (m *Machine[M]) End() []kernel.Effect {
	if m.stateChanged {
		m.stateChanged = false
		m.Emit(PersistState{State: m.Pacemaker.State()})
	}
	return m.Effects()
}

// Start handles the first event; restore takes up what was to be transmitted.
func (m *Machine[M]) Start(
	state *types.PersistentState, contractEpoch uint32, contractKnown bool, signed *Round, restore func(),
) {
	if m.Started {
		m.Log(kernel.LogError, "started twice; the second time is ignored")
		return
	}
	m.Started = true
	if signed != nil {
		m.Floor, m.Recorded = *signed, *signed
	}
	restore()
	m.Pacemaker.Start(state, contractEpoch, contractKnown)
}

// Handle handles every other event.
func (m *Machine[M]) Handle(ev Event) {
	if !m.Started {
		m.beforeStart(ev)
		return
	}
	switch ev := ev.(type) {
	case MessageReceived[M]:
		m.receive(ev.From, ev.Message)
	case TimerFired:
		m.timerFired(ev.Timer)
	case kernel.Result:
		m.Finish(ev.Call(), ev)
	default:
		m.Log(kernel.LogError, "an unknown event is ignored", "event", fmt.Sprintf("%T", ev))
	}
}

func (m *Machine[M]) beforeStart(ev Event) {
	if received, ok := ev.(MessageReceived[M]); ok && any(received.Message) != nil {
		m.Drop(received.From, received.Message.Kind(), DropNotStarted)
		return
	}
	m.Log(kernel.LogError, "an event before the start is ignored", "event", fmt.Sprintf("%T", ev))
}

// receive sorts messages.
//
// Source: docs/protocol/ocr2.md, "Dispatch and buffering".
func (m *Machine[M]) receive(from commontypes.OracleID, message M) {
	if any(message) == nil {
		m.Log(kernel.LogError, "a nil message is ignored", "sender", from)
		return
	}
	kind := message.Kind()
	if int(from) >= m.Config.N {
		m.Drop(from, kind, DropUnknownSender)
		return
	}
	epoch, _ := message.Position()
	switch {
	case kind == roundwire.KindNewEpoch:
		m.Pacemaker.NewEpoch(from, epoch)
	case m.protocol.ReceiveAnytime(from, message):
	case epoch < m.Epoch:
		m.Drop(from, kind, DropPastEpoch)
	case epoch == m.Epoch:
		m.protocol.Receive(from, message)
	default:
		if oldest, dropped := m.future.Add(from, uint64(epoch), message); dropped {
			m.Drop(from, oldest.Kind(), DropBufferFull)
		}
	}
}

func (m *Machine[M]) timerFired(timer kernel.TimerID) {
	switch timer {
	case TimerResend:
		m.Pacemaker.ResendFired()
	case TimerProgress:
		m.Pacemaker.ProgressFired()
	case TimerRound:
		m.protocol.RoundFired()
	case TimerGrace:
		m.protocol.GraceFired()
	case TimerTransmit:
		m.protocol.TransmitFired()
	default:
		m.Log(kernel.LogError, "an unknown timer is ignored", "timer", uint8(timer))
	}
}

// pacemakerHost carries out what the pacemaker says.
type pacemakerHost[M Message] struct{ m *Machine[M] }

func (h pacemakerHost[M]) BroadcastNewEpoch(epoch uint32) {
	h.m.Emit(Broadcast[M]{h.m.protocol.NewEpoch(epoch)})
}

func (h pacemakerHost[M]) SetResendTimer(after time.Duration) {
	h.m.Emit(kernel.SetTimer{Timer: TimerResend, After: after})
}

func (h pacemakerHost[M]) SetProgressTimer(after time.Duration) {
	h.m.Emit(kernel.SetTimer{Timer: TimerProgress, After: after})
}

func (h pacemakerHost[M]) CancelProgressTimer() { h.m.Emit(kernel.CancelTimer{Timer: TimerProgress}) }

func (h pacemakerHost[M]) StateChanged() { h.m.stateChanged = true }

func (h pacemakerHost[M]) Log(level kernel.LogLevel, message string, fields ...any) {
	h.m.Log(level, message, fields...)
}

// EnterEpoch has report generation replaced, and hands it what has arrived for the epoch already.
func (h pacemakerHost[M]) EnterEpoch(epoch uint32, leader commontypes.OracleID, first bool) {
	if !first {
		h.m.Emit(EpochStarted{epoch, leader})
	}
	h.m.Epoch = epoch
	h.m.protocol.Enter(epoch, leader)
	h.m.future.Flush(uint64(epoch), h.m.protocol.Receive)
}
