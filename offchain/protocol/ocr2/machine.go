package ocr2

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Machine is one oracle in one protocol instance. It is made of parts: a pacemaker, which says what epoch it is and who
// leads it; report generation, which makes attested reports in one epoch; finalization, which spreads them; transmission,
// which brings them to the contract. Messages of later epochs wait in a buffer.
//
// It is not safe for concurrent use.
type Machine struct {
	core  *core
	frame *rounds.Machine[ocr2wire.Message]

	generation   *reportGeneration // of the current epoch; nil before the start
	checks       *finalChecks
	finalization *finalization
	transmission *transmission
}

// New returns a machine that waits for [Start]. It panics if the configuration is not valid; see [Config.Validate].
func New(cfg Config) *Machine {
	if err := cfg.Validate(); err != nil {
		panic(err)
	}
	m := &Machine{core: newCore(cfg)}
	m.checks = newFinalChecks(m.core, m.finalVerdict)
	m.transmission = newTransmission(m.core)
	m.finalization = newFinalization(m.core, m.checks, m.transmission.Take)
	m.frame = rounds.NewMachine(m.core.Core, protocol{m}, m.transmission)
	return m
}

// Validate tells whether all fields are in the ranges that their comments state. A config that was decoded and checked by
// package config is.
func (c *Config) Validate() error {
	if err := c.Config.Validate("ocr2"); err != nil {
		return err
	}
	if c.ReportQuorum <= c.F || c.ReportQuorum > c.N {
		return fmt.Errorf("ocr2: ReportQuorum is %d, want more than F = %d and at most N = %d", c.ReportQuorum, c.F, c.N)
	}
	return nil
}

// Step tells the machine what happened, and returns what is to be done; see [rounds.Machine.Step].
func (m *Machine) Step(now time.Time, ev Event) []kernel.Effect { return m.frame.Step(now, ev) }

// Receive is Step with a [MessageReceived].
func (m *Machine) Receive(now time.Time, from commontypes.OracleID, message ocr2wire.Message) []kernel.Effect {
	return m.frame.Receive(now, from, message)
}

// finalVerdict hands on the verdict on a final.
func (m *Machine) finalVerdict(check finalCheck, valid bool) {
	if valid {
		m.finalization.final(check.final)
	}
	if check.followerWaits {
		m.generation.finalVerified(valid)
	}
}

// protocol is what the frame of the machine calls.
type protocol struct{ m *Machine }

func (p protocol) NewEpoch(epoch uint32) ocr2wire.Message { return &ocr2wire.NewEpoch{Epoch: epoch} }

func (p protocol) Enter(epoch uint32, leader commontypes.OracleID) rounds.EpochPart[ocr2wire.Message] {
	p.m.generation = newReportGeneration(p.m.core, epoch, leader, p.m.checks, p.m.frame.Pacemaker, p.m.finalization.final)
	return p.m.generation
}

// ReceiveAnytime takes echoes: an attested report proves itself.
func (p protocol) ReceiveAnytime(from commontypes.OracleID, message ocr2wire.Message) bool {
	echo, ok := message.(*ocr2wire.FinalEcho)
	if ok {
		p.m.finalization.finalEcho(from, echo)
	}
	return ok
}
