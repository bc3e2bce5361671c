package ocr1

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// Machine is one oracle in one protocol instance. It is made of parts: a pacemaker, which says what epoch it is and who
// leads it; report generation, which makes attested reports in one epoch; transmission, which brings them to the contract.
// Messages of later epochs wait in a buffer.
//
// It is not safe for concurrent use.
type Machine struct {
	core  *core
	frame *rounds.Machine[ocr1wire.Message]

	generation   *generation // of the current epoch; nil before the start
	valid        rounds.ValidSet
	transmission *transmission
}

// New returns a machine that waits for [Start]. It panics if the configuration is not valid; see [Config.Validate].
func New(cfg Config) *Machine {
	if err := cfg.Validate(); err != nil {
		panic(err)
	}
	m := &Machine{core: newCore(cfg)}
	m.transmission = newTransmission(m.core)
	m.frame = rounds.NewMachine(m.core.Core, protocol{m}, m.transmission)
	return m
}

// Step tells the machine what happened, and returns what is to be done; see [rounds.Machine.Step].
func (m *Machine) Step(now time.Time, ev Event) []kernel.Effect { return m.frame.Step(now, ev) }

// Receive is Step with a [MessageReceived].
func (m *Machine) Receive(now time.Time, from commontypes.OracleID, message ocr1wire.Message) []kernel.Effect {
	return m.frame.Receive(now, from, message)
}

// protocol is what the frame of the machine calls.
type protocol struct{ m *Machine }

func (p protocol) NewEpoch(epoch uint32) ocr1wire.Message { return &ocr1wire.NewEpoch{Epoch: epoch} }

func (p protocol) Enter(epoch uint32, leader commontypes.OracleID) rounds.EpochPart[ocr1wire.Message] {
	p.m.generation = newGeneration(p.m.core, epoch, leader, &p.m.valid, p.m.frame.Pacemaker, p.m.transmission.transmit)
	return p.m.generation
}

// ReceiveAnytime takes none: echoes are of one round, too.
func (protocol) ReceiveAnytime(commontypes.OracleID, ocr1wire.Message) bool { return false }
