package ocr3sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

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
	sim       *simulation
	id        commontypes.OracleID
	random    *rand.Rand
	clock     engine.Clock
	disk      *disk
	hand      *Hand // nil unless this is a traitor
	forgetful bool
	factory   ocr3types.ReportingPluginFactory[any]

	limits          ocr3wire.SizeLimits
	maxReportLength int

	life    uint32 // counts starts and crashes
	up      bool
	machine *ocr3.Machine
	plugin  ocr3types.ReportingPlugin[any]
	outbox  outbox
	timers  [ocr3.TimerTransmit + 1]uint64 // generation of each armed timer, 0 if it is not
	armed   uint64                         // counts SetTimer effects
	// abandoned are calls whose results nobody waits for.
	abandoned map[kernel.CallID]bool
	reports   map[uint64][]ocr3types.ReportPlus[any]
	// crashIn counts down the effects until a crash; 0: no crash is due.
	crashIn int

	status ocr3.Status // after the last step
	view   view        // what checkers know of this oracle
}

func newNode(s *simulation, id commontypes.OracleID) *node {
	n := &node{sim: s, id: id, random: s.Stream("node", uint64(id))}
	faults := &s.options.Faults
	n.clock.Skew = engine.Between(n.random, -faults.ClockSkew, faults.ClockSkew)
	if faults.ClockDriftPPM > 0 {
		n.clock.Drift = n.random.Int64N(2*faults.ClockDriftPPM+1) - faults.ClockDriftPPM
	}
	n.disk = newDisk(n, faults.Disk)
	return n
}

// betray makes a traitor of the oracle.
func (n *node) betray(traitor Traitor) {
	n.hand = &Hand{node: n, traitor: traitor, Random: n.sim.Stream("traitor", uint64(n.id))}
	n.disk.faults = DiskFaults{}
	n.sim.conspiracy.members = append(n.sim.conspiracy.members, n.id)
}

// honest tells whether the oracle does what the protocol says, with a disk that keeps what it was given.
func (n *node) honest() bool { return n.hand == nil && !n.forgetful }

func (n *node) environment() *Environment {
	return &Environment{
		OracleID: n.id, Traitor: n.hand != nil, Contract: n.sim.contract, Random: n.sim.Stream("plugin", uint64(n.id)), Digest: n.sim.digest,
		Now: func() time.Time { return n.clock.At(n.sim.Now) },
	}
}

// start begins a life.
func (n *node) start() {
	plugin, _, err := n.factory.NewReportingPlugin(context.Background(), n.sim.pluginConfig(n.id))
	if err != nil {
		panic(fmt.Errorf("the plugin factory of oracle %d failed: %w", n.id, err)) // it worked before
	}
	n.life++
	n.up = true
	n.plugin = plugin
	n.machine = ocr3.New(n.sim.config(n.id))
	n.abandoned = map[kernel.CallID]bool{}
	n.reports = map[uint64][]ocr3types.ReportPlus[any]{}
	n.timers = [len(n.timers)]uint64{}
	n.outbox = outbox{release: n.leave}
	n.status = ocr3.Status{}
	start, err := n.disk.read()
	if err != nil {
		n.sim.violated("wire", "oracle %d cannot read what it wrote: %v", n.id, err)
		return
	}
	n.sim.checkers.started(n, &start)
	n.step(start)
}

// crashSoon makes the oracle crash after some effects.
func (n *node) crashSoon() {
	if n.up && n.hand == nil {
		n.crashIn = 1 + n.random.IntN(60)
	}
}

// crash ends a life at once.
func (n *node) crash() {
	n.sim.trace(n, "crash", nil)
	n.sim.stats.Crashes++
	n.life++
	n.up = false
	n.crashIn = 0
	n.machine = nil
	n.outbox = outbox{}
	n.disk.crash()
	n.closePlugin()
	life := n.life
	n.sim.At(n.sim.Now+engine.Between(n.random, 0, n.sim.options.Faults.MaxDowntime), func() {
		if n.life == life {
			n.start()
		}
	})
}

func (n *node) closePlugin() {
	if n.plugin == nil {
		return
	}
	if err := n.plugin.Close(); err != nil {
		n.sim.violated("plugin", "closing the plugin of oracle %d: %v", n.id, err)
	}
	n.plugin = nil
}

// heal ends what would still go wrong.
func (n *node) heal() {
	n.crashIn = 0
	n.disk.older = nil
	if !n.up {
		n.start()
	}
}

// happens hands an event to the machine, if there still is somebody to hand it to.
func (n *node) happens(h *happening) {
	if !n.up {
		return
	}
	switch h.Kind {
	case engine.Message:
		n.receive(h)
	case engine.Timer:
		if n.life == h.Life && n.timers[h.Timer] == h.Generation {
			n.timers[h.Timer] = 0
			n.step(ocr3.TimerFired{Timer: h.Timer})
		}
	case engine.Result:
		if n.life != h.Life {
			return
		}
		if n.abandoned[h.Call] {
			delete(n.abandoned, h.Call)
			if n.random.IntN(2) == 0 {
				return // the other half was on its way already
			}
		}
		n.step(h.Result)
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
	if n.sim.options.breaks.mistakenSender && n.sim.nodes[from].hand != nil && n.honest() {
		n.sim.checkers.delivered(n, from, message)
		n.step(ocr3.MessageReceived{From: commontypes.OracleID(n.random.IntN(n.sim.options.N)), Message: message})
		return
	}
	if n.hand != nil {
		n.sim.conspiracy.hears(from, message)
		if !n.hand.traitor.Incoming(n.hand, from, message) {
			return
		}
	}
	n.sim.checkers.delivered(n, from, message)
	n.step(ocr3.MessageReceived{From: from, Message: message})
}

// step steps the machine and carries out what it asks for.
func (n *node) step(ev ocr3.Event) {
	n.sim.stats.Steps++
	n.sim.traceEvent(n, ev)
	life := n.life
	effects := n.machine.Step(n.clock.At(n.sim.Now), ev)
	before := n.status
	n.status = n.machine.Status()
	n.sim.checkers.stepped(n, ev, &before, &n.status)
	for _, effect := range effects {
		n.sim.traceEffect(n, effect)
		n.perform(effect)
		if n.crashIn > 0 {
			if n.crashIn--; n.crashIn == 0 {
				n.crash()
			}
		}
		if n.life != life {
			return
		}
	}
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
		n.outbox.leave(effect)
	case ocr3.PersistPacemaker:
		ticket, life := n.outbox.require(), n.life
		n.disk.writePacemaker(e.State, func() {
			if n.life == life {
				n.view.keptPacemaker(e.State)
				n.outbox.becameDurable(ticket)
			}
		})
	case ocr3.WriteCertificate:
		n.sim.checkers.called(n, effect)
		n.writeCertificate(e)

	case kernel.SetTimer:
		if e.Timer == ocr3.TimerProgress && broken.noProgressTimer || e.Timer == ocr3.TimerInitial && broken.noInitialTimer ||
			e.Timer == ocr3.TimerTransmit && broken.noTransmissions {
			return
		}
		n.armed++
		n.timers[e.Timer] = n.armed
		n.sim.Queue.Add(n.sim.Now+n.clock.Real(e.After),
			happening{Kind: engine.Timer, Node: n.id, Life: n.life, Timer: e.Timer, Generation: n.armed})
	case kernel.CancelTimer:
		n.timers[e.Timer] = 0

	case kernel.Abandon:
		n.abandoned[e.ID] = true
	case ocr3.ForgetReports:
		delete(n.reports, e.SeqNr)
	default:
		n.call(effect)
	}
}

func (n *node) writeCertificate(e ocr3.WriteCertificate) {
	life, early := n.life, n.sim.options.breaks.earlyAnswer && n.honest()
	if early {
		n.answer(0, e.ID, ocr3.CertificateWritten{ID: e.ID})
	}
	n.disk.writeCertificate(e.Certificate, func(ok bool) {
		if n.life != life || early {
			return
		}
		var err error
		if !ok {
			err = errDisk
		} else {
			n.view.keptCertificate(e.Certificate)
		}
		n.answer(0, e.ID, ocr3.CertificateWritten{ID: e.ID, Err: err})
	})
}

// answer hands in the result of a call after some time.
func (n *node) answer(after time.Duration, id kernel.CallID, result ocr3.Event) {
	n.sim.Queue.Add(n.sim.Now+after, happening{Kind: engine.Result, Node: n.id, Life: n.life, Call: id, Result: result})
}

// leave lets an effect out of the oracle.
func (n *node) leave(effect kernel.Effect) {
	n.sim.checkers.left(n, effect)
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
	m, bytes := n.sim.wire(m)
	n.sim.network.Send(n.id, to, m, bytes)
}

// outbox holds back what must not leave an oracle before the pacemaker's state is durable; see package kernel, obligation 2.
type outbox struct {
	asked, durable uint64 // writes
	held           []heldEffect
	release        func(kernel.Effect)
}

type heldEffect struct {
	effect kernel.Effect
	needs  uint64
}

// require returns a number for a write that everything after it waits for.
func (o *outbox) require() uint64 {
	o.asked++
	return o.asked
}

// leave lets an effect out, now or when the writes before it are durable.
func (o *outbox) leave(effect kernel.Effect) {
	if len(o.held) == 0 && o.durable >= o.asked {
		o.release(effect)
		return
	}
	o.held = append(o.held, heldEffect{effect, o.asked})
}

func (o *outbox) becameDurable(ticket uint64) {
	o.durable = max(o.durable, ticket)
	for len(o.held) > 0 && o.held[0].needs <= o.durable {
		effect := o.held[0].effect
		o.held = o.held[1:]
		o.release(effect)
	}
}
