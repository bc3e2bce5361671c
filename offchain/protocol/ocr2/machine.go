package ocr2

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Machine is one oracle in one protocol instance. It is made of parts: a pacemaker, which says what epoch it is and who
// leads it; report generation, which makes attested reports in one epoch; finalization, which spreads them; transmission,
// which brings them to the contract. Messages of later epochs wait in a buffer.
//
// It is not safe for concurrent use.
type Machine struct {
	*core
	started bool

	pacemaker    *kernel.Pacemaker
	stateChanged bool // the pacemaker's state is to be persisted at the end of the event

	epoch  uint32 // whose messages are processed; 0 before the start
	future *kernel.FutureBuffer[ocr2wire.Message]

	generation   *reportGeneration // of epoch; nil before the start
	checks       *finalChecks
	finalization *finalization
	transmission *transmission
	outcome      roundOutcome
}

// New returns a machine that waits for [Start]. It panics if the configuration is not valid; see [Config.Validate].
func New(cfg Config) *Machine {
	if err := cfg.Validate(); err != nil {
		panic(err)
	}
	m := &Machine{core: newCore(cfg)}
	m.pacemaker = kernel.NewPacemaker(kernel.PacemakerConfig{
		N: cfg.N, F: cfg.F, DeltaProgress: cfg.DeltaProgress, DeltaResend: cfg.DeltaResend, Leader: m.leaders.Leader,
	}, pacemakerHost{m})
	m.future = kernel.NewFutureBuffer[ocr2wire.Message](cfg.N)
	m.checks = newFinalChecks(m.core)
	m.transmission = newTransmission(m.core)
	m.finalization = newFinalization(m.core, m.checks, m.transmission.accept)
	m.outcome = outcomeOf{m}
	return m
}

// Validate tells whether all fields are in the ranges that their comments state. A config that was decoded and checked by
// package config is.
func (c *Config) Validate() error {
	switch {
	case c.N < 1 || c.N > types.MaxOracles:
		return fmt.Errorf("ocr2: N is %d, want 1 to %d", c.N, types.MaxOracles)
	case c.F < 0 || 3*c.F >= c.N:
		return fmt.Errorf("ocr2: F is %d, want at least 0 and 3*F < N = %d", c.F, c.N)
	case int(c.OracleID) >= c.N:
		return fmt.Errorf("ocr2: OracleID is %d, want less than N = %d", c.OracleID, c.N)
	case c.RMax < 1 || c.RMax > 254:
		return fmt.Errorf("ocr2: RMax is %d, want 1 to 254", c.RMax)
	case c.ReportQuorum <= c.F || c.ReportQuorum > c.N:
		return fmt.Errorf("ocr2: ReportQuorum is %d, want more than F = %d and at most N = %d", c.ReportQuorum, c.F, c.N)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"DeltaProgress", c.DeltaProgress}, {"DeltaResend", c.DeltaResend}, {"DeltaRound", c.DeltaRound},
		{"DeltaGrace", c.DeltaGrace}, {"DeltaStage", c.DeltaStage},
	} {
		if d.value < 0 {
			return fmt.Errorf("ocr2: %s is %s, want at least 0", d.name, d.value)
		}
	}
	for i, s := range c.S {
		if s < 0 || s > types.MaxOracles {
			return fmt.Errorf("ocr2: S[%d] is %d, want 0 to %d", i, s, types.MaxOracles)
		}
	}
	return nil
}

// Step tells the machine what happened, and returns what is to be done, in order. now is the driver's clock; it should not
// go back, and only the times of transmissions depend on it. The effects are valid until the next call.
//
// Events that cannot be (the result of a call that nobody waits for, a message before [Start]) have no effect, or
// [kernel.Dropped] or [kernel.Log].
func (m *Machine) Step(now time.Time, ev Event) []kernel.Effect {
	m.begin(now)
	if start, ok := ev.(Start); ok {
		m.start(start)
	} else if !m.started {
		m.beforeStart(ev)
	} else {
		m.step(ev)
	}
	return m.end()
}

func (m *Machine) begin(now time.Time) {
	m.now = now
	clear(m.effects) // lets go of what they refer to
	m.effects = m.effects[:0]
}

func (m *Machine) end() []kernel.Effect {
	if m.stateChanged {
		m.stateChanged = false
		m.emit(PersistState{m.pacemaker.State()})
	}
	return m.effects
}

func (m *Machine) start(ev Start) {
	if m.started {
		m.log(kernel.LogError, "started twice; the second time is ignored")
		return
	}
	m.started = true
	if ev.SignedRound != nil {
		m.floor, m.recorded = *ev.SignedRound, *ev.SignedRound
	}
	m.transmission.restore(ev.Pending)
	m.pacemaker.Start(ev.State, ev.ContractEpoch, ev.ContractKnown)
}

func (m *Machine) beforeStart(ev Event) {
	if received, ok := ev.(MessageReceived); ok && received.Message != nil {
		m.drop(received.From, received.Message.Kind(), dropNotStarted)
		return
	}
	m.log(kernel.LogError, "an event before the start is ignored", "event", fmt.Sprintf("%T", ev))
}

func (m *Machine) step(ev Event) {
	switch ev := ev.(type) {
	case MessageReceived:
		m.receive(ev.From, ev.Message)
	case TimerFired:
		m.timerFired(ev.Timer)
	case kernel.Verified:
		m.verified(ev)
	case kernel.Signed:
		switch m.result(ev.ID) {
		case callSignObservation:
			m.generation.follower.observationSigned(ev)
		case callSignReport:
			m.generation.follower.reportSigned(ev)
		}
	case QueryDone:
		if m.result(ev.ID) == callQuery {
			m.generation.leader.queryDone(ev)
		}
	case ObservationDone:
		if m.result(ev.ID) == callObservation {
			m.generation.follower.observationDone(ev)
		}
	case ReportDone:
		if m.result(ev.ID) == callReport {
			m.generation.follower.reportDone(ev)
		}
	case ShouldAcceptDone:
		if m.result(ev.ID) == callShouldAccept {
			m.transmission.shouldAcceptDone(ev)
		}
	case ShouldTransmitDone:
		if m.result(ev.ID) == callShouldTransmit {
			m.transmission.shouldTransmitDone(ev)
		}
	case TransmitDone:
		if m.result(ev.ID) == callTransmit {
			m.transmission.transmitDone(ev)
		}
	default:
		m.log(kernel.LogError, "an unknown event is ignored", "event", fmt.Sprintf("%T", ev))
	}
}

// result ends a call and tells which one it was; 0 if nobody waits for it any more.
func (m *Machine) result(id kernel.CallID) callKind {
	done, _ := m.finish(id)
	return done.kind
}

// receive sorts messages.
//
// Source: docs/protocol/ocr2.md, "Dispatch and buffering".
func (m *Machine) receive(from commontypes.OracleID, message ocr2wire.Message) {
	if message == nil {
		m.log(kernel.LogError, "a nil message is ignored", "sender", from)
		return
	}
	if int(from) >= m.cfg.N {
		m.drop(from, message.Kind(), dropUnknownSender)
		return
	}
	var epoch uint32
	switch message := message.(type) {
	case *ocr2wire.NewEpoch:
		m.pacemaker.NewEpoch(from, message.Epoch)
		return
	case *ocr2wire.FinalEcho:
		m.finalization.finalEcho(from, message)
		return
	case *ocr2wire.ObserveReq:
		epoch = message.Epoch
	case *ocr2wire.Observe:
		epoch = message.Epoch
	case *ocr2wire.ReportReq:
		epoch = message.Epoch
	case *ocr2wire.Report:
		epoch = message.Epoch
	case *ocr2wire.Final:
		epoch = message.Epoch
	}
	switch {
	case epoch < m.epoch:
		m.drop(from, message.Kind(), dropPastEpoch)
	case epoch == m.epoch:
		m.generation.receive(from, message)
	default:
		if oldest, dropped := m.future.Add(from, uint64(epoch), message); dropped {
			m.drop(from, oldest.Kind(), dropBufferFull)
		}
	}
}

func (m *Machine) timerFired(timer kernel.TimerID) {
	switch timer {
	case TimerResend:
		m.pacemaker.ResendFired()
	case TimerProgress:
		m.pacemaker.ProgressFired()
	case TimerRound:
		m.generation.leader.roundFired()
	case TimerGrace:
		m.generation.leader.graceFired()
	case TimerTransmit:
		m.transmission.transmitFired()
	default:
		m.log(kernel.LogError, "an unknown timer is ignored", "timer", uint8(timer))
	}
}

func (m *Machine) verified(ev kernel.Verified) {
	done, _ := m.finish(ev.ID)
	switch done.kind {
	case callVerifyObserve:
		m.generation.leader.observeVerified(done.sender, ev)
	case callVerifyReport:
		m.generation.leader.reportVerified(done.sender, ev)
	case callVerifyReportReq:
		m.generation.follower.reportReqVerified(ev)
	case callVerifyFinal:
		valid := allGood(ev)
		check, ok := m.checks.verified(ev.ID, valid)
		if !ok {
			return
		}
		if valid {
			m.outcome.final(check.final)
		}
		if check.followerWaits {
			m.generation.follower.finalVerified(valid)
		}
	}
}

// pacemakerHost carries out what the pacemaker says.
type pacemakerHost struct{ m *Machine }

func (h pacemakerHost) BroadcastNewEpoch(epoch uint32) {
	h.m.emit(Broadcast{&ocr2wire.NewEpoch{Epoch: epoch}})
}

func (h pacemakerHost) SetResendTimer(after time.Duration) {
	h.m.emit(kernel.SetTimer{Timer: TimerResend, After: after})
}

func (h pacemakerHost) SetProgressTimer(after time.Duration) {
	h.m.emit(kernel.SetTimer{Timer: TimerProgress, After: after})
}

func (h pacemakerHost) CancelProgressTimer() { h.m.emit(kernel.CancelTimer{Timer: TimerProgress}) }

func (h pacemakerHost) StateChanged() { h.m.stateChanged = true }

func (h pacemakerHost) Log(level kernel.LogLevel, message string, fields ...any) {
	h.m.log(level, message, fields...)
}

// EnterEpoch replaces report generation, and hands it what has arrived for the epoch already.
func (h pacemakerHost) EnterEpoch(epoch uint32, leader commontypes.OracleID, first bool) {
	m := h.m
	if !first {
		m.emit(EpochStarted{epoch, leader})
		m.generation.stop()
	}
	m.epoch = epoch
	m.generation = newReportGeneration(m.core, epoch, leader, m.checks, m.outcome)
	m.generation.start()
	m.future.Flush(uint64(epoch), m.generation.receive)
}

// outcomeOf carries out what report generation says.
type outcomeOf struct{ m *Machine }

func (o outcomeOf) progress()               { o.m.pacemaker.Progress() }
func (o outcomeOf) changeLeader()           { o.m.pacemaker.ChangeLeader() }
func (o outcomeOf) final(f *ocr2wire.Final) { o.m.finalization.final(f) }
