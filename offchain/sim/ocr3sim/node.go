package ocr3sim

import (
	"context"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// node is one oracle: a machine and the driver that it needs. What a driver owes a machine is said in package kernel. Its
// disk, clock and place in the network outlive crashes; everything else begins anew.
type node struct {
	engine.Node[ocr3wire.Message]
	sim       *simulation
	disk      *disk
	hand      *Hand // nil unless this is a traitor
	forgetful bool
	factory   ocr3types.ReportingPluginFactory[any]

	limits          ocr3wire.SizeLimits
	maxReportLength int

	machine *ocr3.Machine
	plugin  ocr3types.ReportingPlugin[any]
	outbox  engine.Outbox
	reports map[uint64][]ocr3types.ReportPlus[any]

	status ocr3.Status // after the last step
	view   view        // what checkers know of this oracle
}

func newNode(s *simulation, id commontypes.OracleID) *node {
	n := &node{Node: engine.NewNode(&s.World, id), sim: s}
	n.SetClock(s.options.Faults.ClockSkew, s.options.Faults.ClockDriftPPM)
	n.disk = newDisk(n, s.options.Faults.Disk)
	return n
}

// betray makes a traitor of the oracle.
func (n *node) betray(traitor Traitor) {
	n.hand = &Hand{Hand: engine.NewHand(&n.Node, traitor.Name), node: n, traitor: traitor}
	n.disk.Delay, n.disk.Errors = 0, 0
}

// honest tells whether the oracle does what the protocol says, with a disk that keeps what it was given.
func (n *node) Honest() bool { return n.hand == nil && !n.forgetful }

func (n *node) environment() *Environment {
	return &Environment{
		OracleID: n.ID, Traitor: n.hand != nil, Contract: n.sim.contract, Random: n.sim.Stream("plugin", uint64(n.ID)), Digest: n.sim.digest,
		Now: n.Time,
	}
}

// start begins a life.
func (n *node) start() {
	plugin, _, err := n.factory.NewReportingPlugin(context.Background(), n.sim.pluginConfig(n.ID))
	if err != nil {
		panic(fmt.Errorf("the plugin factory of oracle %d failed: %w", n.ID, err)) // it worked before
	}
	n.Begin()
	n.plugin = plugin
	n.machine = ocr3.New(n.sim.config(n.ID))
	n.reports = map[uint64][]ocr3types.ReportPlus[any]{}
	n.outbox = engine.NewOutbox(0, n.leave)
	n.status = ocr3.Status{}
	start, err := n.disk.read()
	if err != nil {
		n.sim.Violated("wire", "oracle %d cannot read what it wrote: %v", n.ID, err)
		return
	}
	n.sim.checkers.Started(n, &start)
	n.step(start)
}

// crashSoon makes the oracle crash after some effects.
func (n *node) crashSoon() {
	if n.hand == nil {
		n.CrashSoon()
	}
}

// crash ends a life at once.
func (n *node) crash() {
	n.sim.stats.Crashes++
	n.End()
	n.machine = nil
	n.outbox = engine.Outbox{}
	n.disk.crash()
	n.closePlugin()
	n.Restart(n.sim.options.Faults.MaxDowntime, n.start)
}

func (n *node) closePlugin() {
	if n.plugin == nil {
		return
	}
	if err := n.plugin.Close(); err != nil {
		n.sim.Violated("plugin", "closing the plugin of oracle %d: %v", n.ID, err)
	}
	n.plugin = nil
}

// heal ends what would still go wrong.
func (n *node) heal() {
	n.Spare()
	n.disk.older = nil
	if !n.Up {
		n.start()
	}
}

// happens hands an event to the machine, if there still is somebody to hand it to.
func (n *node) happens(h *happening) {
	if !n.Up {
		return
	}
	switch h.Kind {
	case engine.Message:
		n.receive(h)
	case engine.Timer:
		if n.Due(h) {
			n.step(ocr3.TimerFired{Timer: h.Timer})
		}
	case engine.Result:
		if n.Due(h) {
			n.step(h.Result)
		}
	}
}

// receive takes a message from the network.
func (n *node) receive(h *happening) {
	message := h.Message
	if h.Bytes != nil {
		var err error
		if message, err = ocr3wire.Decode(h.Bytes, n.limits.N, n.limits.MaxReportCount); err != nil {
			n.sim.refused(n, h.From, err)
			return
		}
	}
	if err := ocr3wire.CheckSize(message, n.limits); err != nil {
		n.sim.refused(n, h.From, err)
		return
	}
	from := h.From
	if n.sim.options.breaks.mistakenSender && n.sim.nodes[from].hand != nil && n.Honest() {
		n.sim.checkers.Delivered(n, from, message)
		n.step(ocr3.MessageReceived{From: commontypes.OracleID(n.Random.IntN(n.sim.options.N)), Message: message})
		return
	}
	if n.hand != nil {
		n.sim.conspiracy.hears(from, message)
		if !n.hand.traitor.Incoming(n.hand, from, message) {
			return
		}
	}
	n.sim.checkers.Delivered(n, from, message)
	n.step(ocr3.MessageReceived{From: from, Message: message})
}

// step steps the machine and carries out what it asks for.
func (n *node) step(ev ocr3.Event) {
	n.sim.stats.Steps++
	if n.sim.Trace != nil {
		n.sim.TraceNode(n.ID, "< "+eventText(ev), nil)
	}
	effects := n.machine.Step(n.Time(), ev)
	before := n.status
	n.status = n.machine.Status()
	n.sim.checkers.Stepped(n, ev, &before, &n.status)
	n.CarryOut(effects, n.perform, n.crash)
}

// perform carries out an effect. It must not step the machine.
func (n *node) perform(effect kernel.Effect) {
	broken := &n.sim.options.breaks
	switch e := effect.(type) {
	case ocr3.Send, ocr3.Broadcast, ocr3.CallTransmit:
		if broken.ignoreBarrier {
			n.leave(effect)
			return
		}
		n.outbox.Leave(effect)
	case ocr3.PersistPacemaker:
		life, ticket := n.Life, n.outbox.Asked()+1
		n.outbox.Require(ticket)
		n.disk.writePacemaker(e.State, func() {
			if n.Life == life {
				n.view.keptPacemaker(e.State)
				n.outbox.BecameDurable(ticket)
			}
		})
	case ocr3.WriteCertificate:
		n.sim.checkers.Called(n, effect)
		n.writeCertificate(e)

	case kernel.SetTimer:
		if e.Timer == ocr3.TimerProgress && broken.noProgressTimer || e.Timer == ocr3.TimerInitial && broken.noInitialTimer ||
			e.Timer == ocr3.TimerTransmit && broken.noTransmissions {
			return
		}
		n.SetTimer(e)
	case kernel.CancelTimer:
		n.CancelTimer(e)
	case kernel.Abandon:
		n.Abandon(e)
	case ocr3.ForgetReports:
		delete(n.reports, e.SeqNr)
	default:
		n.call(effect)
	}
}

func (n *node) writeCertificate(e ocr3.WriteCertificate) {
	life, early := n.Life, n.sim.options.breaks.earlyAnswer && n.Honest()
	if early {
		n.Answer(0, e.ID, ocr3.CertificateWritten{ID: e.ID})
	}
	n.disk.writeCertificate(e.Certificate, func(ok bool) {
		if n.Life != life || early {
			return
		}
		var err error
		if !ok {
			err = errDisk
		} else {
			n.view.keptCertificate(e.Certificate)
		}
		n.Answer(0, e.ID, ocr3.CertificateWritten{ID: e.ID, Err: err})
	})
}

// leave lets an effect out of the oracle.
func (n *node) leave(effect kernel.Effect) {
	n.sim.checkers.Left(n, effect)
	switch e := effect.(type) {
	case ocr3.CallTransmit:
		n.transmit(e)
	case ocr3.Send:
		if e.Message.Kind() == ocr3wire.KindCertifiedCommitRequest && n.sim.options.breaks.noCommitRequests {
			return
		}
		n.send(e.To, e.Message)
	case ocr3.Broadcast:
		for to := range n.sim.options.N {
			n.send(commontypes.OracleID(to), e.Message)
		}
	}
}

func (n *node) send(to commontypes.OracleID, m ocr3wire.Message) {
	if n.hand != nil {
		n.hand.traitor.Outgoing(n.hand, to, m)
		return
	}
	m, bytes := n.sim.Wire(m)
	n.sim.Network.Send(n.ID, to, m, bytes)
}
