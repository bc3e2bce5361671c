package ocr3

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// Machine is one oracle in one protocol instance. It is made of parts: a pacemaker, which says what epoch it is; outcome
// generation, which commits one outcome after the other; attestation, which makes attested reports of outcomes;
// transmission, which brings them to the contract.
//
// It is not safe for concurrent use.
type Machine struct {
	*core
	started bool
	// lastUsedEpoch is the last epoch in which this oracle may have voted before a restart. It takes no part in epochs up to
	// there: nobody gets two different votes of this oracle for one place.
	lastUsedEpoch uint64

	pacemaker    *pacemaker
	generation   *generation
	attestation  *attestation
	transmission *transmission
}

// New returns a machine that waits for [Start]. It panics if the configuration is not valid; see [Config.Validate].
func New(cfg Config) *Machine {
	if err := cfg.Validate(); err != nil {
		panic(err)
	}
	m := &Machine{core: newCore(cfg)}
	m.pacemaker = newPacemaker(m.core, m.enterEpoch)
	m.generation = newGeneration(m.core, partsOf{m})
	m.transmission = &transmission{core: m.core}
	m.attestation = newAttestation(m.core, m.transmission.attested)
	return m
}

// Step tells the machine what happened, and returns what is to be done, in order. now is the driver's clock; it should not
// go back. The effects are valid until the next call.
//
// Events that cannot be (the result of a call that nobody waits for, a message before [Start]) have no effect, or
// [kernel.Dropped] or [kernel.Log].
func (m *Machine) Step(now time.Time, ev Event) []kernel.Effect {
	if received, ok := ev.(MessageReceived); ok {
		return m.Receive(now, received.From, received.Message)
	}
	m.Begin()
	m.now = now
	if start, ok := ev.(Start); ok {
		m.start(start)
	} else if !m.started {
		m.beforeStart(ev)
	} else {
		m.step(ev)
	}
	return m.Effects()
}

// Receive is Step with a [MessageReceived].
func (m *Machine) Receive(now time.Time, from commontypes.OracleID, message ocr3wire.Message) []kernel.Effect {
	m.Begin()
	m.now = now
	switch {
	case m.started:
		m.receive(from, message)
	case message == nil:
		m.beforeStart(MessageReceived{from, message})
	default:
		m.drop(from, message.Kind(), kernel.DropReason{Text: "it came before the start"})
	}
	return m.Effects()
}

func (m *Machine) start(ev Start) {
	if m.started {
		m.Log(kernel.LogError, "started twice; the second time is ignored")
		return
	}
	m.started = true
	if ev.Certificate != nil {
		m.certificates.highest = ev.Certificate
		m.attestation.restored(ev.Certificate.Timestamp().SeqNr)
		m.lastUsedEpoch = firstEpoch
	}
	restored := ev.Pacemaker != nil && *ev.Pacemaker != (ocr3wire.PacemakerState{})
	if restored {
		m.lastUsedEpoch = max(m.lastUsedEpoch, ev.Pacemaker.Epoch)
	} else {
		// From now on there is a record that this oracle takes part.
		m.Emit(PersistPacemaker{ocr3wire.PacemakerState{Epoch: firstEpoch, HighestSentNewEpochWish: firstEpoch}})
	}
	m.pacemaker.start(ev.Pacemaker)
	if m.generation.barred {
		m.pacemaker.requestNewEpoch()
	}
}

func (m *Machine) enterEpoch(epoch uint64, leader commontypes.OracleID, first bool) {
	if !first {
		m.Emit(EpochStarted{epoch, leader})
	}
	m.generation.newEpoch(epoch, leader, epoch <= m.lastUsedEpoch)
}

func (m *Machine) beforeStart(ev Event) {
	m.Log(kernel.LogError, "an event before the start is ignored", "event", fmt.Sprintf("%T", ev))
}

func (m *Machine) step(ev Event) {
	switch e := ev.(type) {
	case TimerFired:
		m.timerFired(e.Timer)
	case kernel.Signed:
		m.Finish(e.ID, ev)
	case kernel.Verified:
		m.Finish(e.ID, ev)
	case kernel.VerifiedEach:
		m.Finish(e.ID, ev)
	case QueryDone:
		m.Finish(e.ID, ev)
	case ObservationDone:
		m.Finish(e.ID, ev)
	case ObservationValidated:
		m.Finish(e.ID, ev)
	case QuorumDone:
		m.Finish(e.ID, ev)
	case OutcomeDone:
		m.Finish(e.ID, ev)
	case ReportsDone:
		m.Finish(e.ID, ev)
	case ReportsSigned:
		m.Finish(e.ID, ev)
	case ReportsVerified:
		m.Finish(e.ID, ev)
	case ShouldAcceptDone:
		m.Finish(e.ID, ev)
	case ShouldTransmitDone:
		m.Finish(e.ID, ev)
	case TransmitDone:
		m.Finish(e.ID, ev)
	case CertificateWritten:
		m.Finish(e.ID, ev)
	default:
		m.Log(kernel.LogError, "an unknown event is ignored", "event", fmt.Sprintf("%T", ev))
	}
}

// receive sorts messages.
func (m *Machine) receive(from commontypes.OracleID, message ocr3wire.Message) {
	if message == nil {
		m.Log(kernel.LogError, "a nil message is ignored", "sender", from)
		return
	}
	if int(from) >= m.cfg.N {
		m.drop(from, message.Kind(), kernel.DropReason{Text: "there is no such oracle", Suspicious: true})
		return
	}
	switch message := message.(type) {
	case *ocr3wire.NewEpochWish:
		m.pacemaker.newEpochWish(from, message.Epoch)
	case ocr3wire.EpochMessage:
		m.generation.receive(from, message)
	case *ocr3wire.ReportSignatures:
		m.attestation.reportSignatures(from, message)
	case *ocr3wire.CertifiedCommitRequest:
		m.attestation.certifiedCommitRequest(from, message)
	case *ocr3wire.CertifiedCommitMessage:
		m.attestation.certifiedCommit(from, message)
	}
}

func (m *Machine) timerFired(timer kernel.TimerID) {
	switch timer {
	case TimerResend:
		m.pacemaker.resendFired()
		m.generation.resend()
	case TimerProgress:
		m.pacemaker.progressFired()
	case TimerInitial:
		m.generation.follow.initialFired()
	case TimerRound:
		m.generation.lead.roundFired()
	case TimerGrace:
		m.generation.lead.graceFired()
	case TimerCertifiedCommit:
		m.attestation.missingFired()
	case TimerTransmit:
		m.transmission.transmitFired()
	default:
		m.Log(kernel.LogError, "an unknown timer is ignored", "timer", uint8(timer))
	}
}

// partsOf tells the other parts what outcome generation says.
type partsOf struct{ m *Machine }

func (p partsOf) progress()                             { p.m.pacemaker.progress() }
func (p partsOf) requestNewEpoch()                      { p.m.pacemaker.requestNewEpoch() }
func (p partsOf) committed(c *ocr3wire.CertifiedCommit) { p.m.attestation.committed(c) }
