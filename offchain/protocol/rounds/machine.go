package rounds

import (
	"fmt"
	"strings"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Machine is the frame of a machine: it has the pacemaker, and tells the protocol's parts what happened. Messages of later
// epochs wait in a buffer.
type Machine[M Message] struct {
	*Core
	protocol     Protocol[M]
	transmission transmissionPart
	Started      bool

	Pacemaker    *kernel.Pacemaker
	stateChanged bool // the pacemaker's state is to be persisted at the end of the event

	Epoch      uint32       // whose messages are processed; 0 before the start
	Generation EpochPart[M] // of Epoch
	future     *kernel.FutureBuffer[M]
}

// Protocol is what is in the frame.
type Protocol[M Message] interface {
	// NewEpoch makes the message that announces the wish for an epoch.
	NewEpoch(epoch uint32) M
	// Enter makes the report generation of another epoch.
	Enter(epoch uint32, leader commontypes.OracleID) EpochPart[M]
	// ReceiveAnytime handles a message that matters in any epoch. It is false if the message is none.
	ReceiveAnytime(from commontypes.OracleID, m M) bool
}

// EpochPart is a [Generation] with the protocol's rules around it.
type EpochPart[M Message] interface {
	// Start begins the first round, if this oracle leads.
	Start()
	Receive(from commontypes.OracleID, m M)
	// RoundFired and GraceFired say that a timer is due.
	RoundFired()
	GraceFired()
	Stop()
	Describe(*Status)
	Collections() (observations, reports fmt.Stringer)
}

// transmissionPart is a [Transmission].
type transmissionPart interface {
	start(startEvent)
	Fired()
	describe(*Status)
	draw(*strings.Builder)
}

// NewMachine returns a frame that waits for its start. transmission is a [Transmission].
func NewMachine[M Message](c *Core, protocol Protocol[M], transmission transmissionPart) *Machine[M] {
	m := &Machine[M]{Core: c, protocol: protocol, transmission: transmission, future: kernel.NewFutureBuffer[M](c.Config.N)}
	m.Pacemaker = kernel.NewPacemaker(kernel.PacemakerConfig{
		N: c.Config.N, F: c.Config.F, DeltaProgress: c.Config.DeltaProgress, DeltaResend: c.Config.DeltaResend, Leader: c.Leaders.Leader,
	}, pacemakerHost[M]{m})
	return m
}

// Step tells the machine what happened, and returns what is to be done, in order. now is the driver's clock; it should not go
// back, and only the times of transmissions and, in OCR1, the age of the contract's answer depend on it. The effects are valid
// until the next call.
//
// Events that cannot be (the result of a call that nobody waits for, a message before the [Start]) have no effect, or
// [kernel.Dropped] or [kernel.Log].
func (m *Machine[M]) Step(now time.Time, ev Event) []kernel.Effect {
	if received, ok := ev.(MessageReceived[M]); ok {
		return m.Receive(now, received.From, received.Message)
	}
	m.Begin(now)
	if start, ok := ev.(startEvent); ok {
		m.start(start)
	} else if !m.Started {
		m.beforeStart(ev)
	} else {
		m.handle(ev)
	}
	return m.End()
}

// Receive is Step with a [MessageReceived].
func (m *Machine[M]) Receive(now time.Time, from commontypes.OracleID, message M) []kernel.Effect {
	m.Begin(now)
	switch {
	case m.Started:
		m.receive(from, message)
	case any(message) == nil:
		m.beforeStart(MessageReceived[M]{from, message})
	default:
		m.Drop(from, message.Kind(), DropNotStarted)
	}
	return m.End()
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

func (m *Machine[M]) start(ev startEvent) {
	if m.Started {
		m.Log(kernel.LogError, "started twice; the second time is ignored")
		return
	}
	m.Started = true
	state, contractEpoch, contractKnown, signed := ev.start()
	if signed != nil {
		m.Floor, m.Recorded = *signed, *signed
	}
	m.transmission.start(ev)
	m.Pacemaker.Start(state, contractEpoch, contractKnown)
}

func (m *Machine[M]) handle(ev Event) {
	switch ev := ev.(type) {
	case TimerFired:
		m.timerFired(ev.Timer)
	case kernel.Result:
		m.Finish(ev.Call(), ev)
	default:
		m.Log(kernel.LogError, "an unknown event is ignored", "event", fmt.Sprintf("%T", ev))
	}
}

func (m *Machine[M]) beforeStart(ev Event) {
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
		m.Generation.Receive(from, message)
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
		m.Generation.RoundFired()
	case TimerGrace:
		m.Generation.GraceFired()
	case TimerTransmit:
		m.transmission.Fired()
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

// EnterEpoch replaces report generation, and hands it what has arrived for the epoch already.
func (h pacemakerHost[M]) EnterEpoch(epoch uint32, leader commontypes.OracleID, first bool) {
	m := h.m
	if !first {
		m.Emit(EpochStarted{epoch, leader})
		m.Generation.Stop()
	}
	m.Epoch = epoch
	m.Generation = m.protocol.Enter(epoch, leader)
	m.Generation.Start()
	m.future.Flush(uint64(epoch), m.Generation.Receive)
}
