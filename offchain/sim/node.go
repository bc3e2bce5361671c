package sim

import (
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// node is one oracle: a machine and the driver that it needs. What a driver owes a machine is said in package kernel. Its
// disk, clock and place in the network outlive crashes; everything else begins anew.
type node struct {
	sim     *simulation
	id      commontypes.OracleID
	random  *rand.Rand
	clock   engine.Clock
	disk    *disk
	hand    *Hand // nil unless this is a traitor
	factory types.ReportingPluginFactory

	life    uint32 // counts starts and crashes
	up      bool
	machine *ocr2.Machine
	plugin  types.ReportingPlugin
	limits  types.ReportingPluginLimits
	outbox  outbox
	timers  [ocr2.TimerTransmit + 1]uint64 // generation of each armed timer, 0 if it is not
	armed   uint64                         // counts SetTimer effects
	// abandoned are calls whose results nobody waits for.
	abandoned map[kernel.CallID]bool
	// crashIn counts down the effects until a crash; 0: no crash is due.
	crashIn int

	status ocr2.Status // after the last step
	view   view        // what checkers know of this oracle
}

func (n *node) honest() bool { return n.hand == nil }

// start begins a life.
func (n *node) start() {
	n.life++
	n.up = true
	n.plugin, n.limits = n.sim.makePlugin(n)
	n.machine = ocr2.New(n.sim.config(n.id))
	n.abandoned = map[kernel.CallID]bool{}
	n.timers = [len(n.timers)]uint64{}
	n.outbox = outbox{release: n.leave}
	n.disk.durable = n.outbox.becameDurable

	start := n.disk.read()
	if start.SignedRound != nil {
		n.outbox.barrier, n.outbox.durable = *start.SignedRound, *start.SignedRound
	}
	last, err := n.sim.contract.Read()
	start.ContractKnown = err == nil
	if start.ContractKnown && last != nil {
		start.ContractEpoch = last.Context.Epoch
	}
	n.status = ocr2.Status{}
	n.sim.checkers.started(n, &start)
	n.step(start)
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
	n.sim.closePlugin(n)
	life := n.life
	n.sim.At(n.sim.Now+engine.Between(n.random, 0, n.sim.options.Faults.MaxDowntime), func() {
		if n.life == life {
			n.start()
		}
	})
}

// heal ends what would still go wrong.
func (n *node) heal() {
	n.crashIn = 0
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
			n.step(ocr2.TimerFired{Timer: h.Timer})
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
		n.step(h.Result.(ocr2.Event))
	}
}

// receive takes a message from the network.
func (n *node) receive(h *happening) {
	message := h.Message
	if h.Bytes != nil {
		var err error
		if message, err = ocr2wire.Decode(h.Bytes); err != nil {
			n.sim.refused(n, h.From, err)
			return
		}
	}
	if err := ocr2wire.CheckSize(message, n.limits); err != nil {
		n.sim.refused(n, h.From, err)
		return
	}
	from := h.From
	if n.sim.options.breaks.mistakenSender && !n.sim.nodes[from].honest() && n.honest() {
		n.sim.checkers.delivered(n, from, message)
		n.step(ocr2.MessageReceived{From: commontypes.OracleID(n.random.IntN(n.sim.options.N)), Message: message})
		return
	}
	if n.hand != nil && !n.hand.traitor.Incoming(n.hand, from, message) {
		return
	}
	n.sim.checkers.delivered(n, from, message)
	n.step(ocr2.MessageReceived{From: from, Message: message})
}

// step steps the machine and carries out what it asks for.
func (n *node) step(ev ocr2.Event) {
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
	switch e := effect.(type) {
	case ocr2.Send, ocr2.Broadcast, ocr2.CallTransmit:
		if n.sim.options.breaks.ignoreBarrier {
			n.leave(effect)
			return
		}
		n.outbox.leave(effect)
	case ocr2.PersistRound:
		n.outbox.require(e.Round)
		n.persistRound(e.Round)
	case ocr2.PersistState:
		n.persistState(e.State)
	case ocr2.StorePending:
		n.disk.storePending(e.Timestamp, e.Pending)
	case ocr2.DeletePending:
		n.disk.deletePending(e.Timestamp)

	case kernel.SetTimer:
		if e.Timer == ocr2.TimerProgress && n.sim.options.breaks.noProgressTimer {
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
	default:
		n.call(effect)
	}
}

// persistRound makes a round durable, or the epoch that stands for it where the database cannot keep rounds.
func (n *node) persistRound(r ocr2.Round) {
	if !n.disk.faults.NoRounds {
		n.disk.writeRound(r)
		return
	}
	if n.outbox.durable.Epoch < r.Epoch {
		state := n.view.state
		if state.HighestReceivedEpoch == nil {
			state.HighestReceivedEpoch = make([]uint32, n.sim.options.N)
		}
		state.Epoch, state.HighestSentEpoch = r.Epoch, max(state.HighestSentEpoch, r.Epoch)
		n.persistState(state)
		return
	}
	n.outbox.becameDurable(ocr2.Round{Epoch: n.outbox.durable.Epoch, Round: 255})
}

func (n *node) persistState(state types.PersistentState) {
	n.view.state = state
	outbox, life := &n.outbox, n.life
	n.disk.writeState(state, func() {
		if n.disk.faults.NoRounds && n.life == life {
			outbox.becameDurable(ocr2.Round{Epoch: state.Epoch, Round: 255})
		}
	})
}

// answer hands in the result of a call after some time.
func (n *node) answer(after time.Duration, id kernel.CallID, result ocr2.Event) {
	n.sim.Queue.Add(n.sim.Now+after, happening{Kind: engine.Result, Node: n.id, Life: n.life, Call: id, Result: result})
}

// leave lets an effect out of the oracle.
func (n *node) leave(effect kernel.Effect) {
	n.sim.checkers.left(n, effect)
	switch e := effect.(type) {
	case ocr2.CallTransmit:
		n.transmit(e)
	case ocr2.Send:
		n.send(e.To, e.Message)
	case ocr2.Broadcast:
		n.broadcast(e.Message)
	}
}

func (n *node) send(to commontypes.OracleID, m ocr2wire.Message) {
	if n.hand != nil {
		n.hand.traitor.Outgoing(n.hand, to, m)
		return
	}
	m, bytes := n.sim.wire(m)
	n.sim.network.Send(n.id, to, m, bytes)
}

func (n *node) broadcast(m ocr2wire.Message) {
	if _, ok := m.(*ocr2wire.FinalEcho); ok && n.sim.options.breaks.noEchoes {
		return
	}
	if n.hand != nil {
		for to := range n.sim.options.N {
			n.hand.traitor.Outgoing(n.hand, commontypes.OracleID(to), m)
		}
		return
	}
	m, bytes := n.sim.wire(m)
	for to := range n.sim.options.N {
		n.sim.network.Send(n.id, commontypes.OracleID(to), m, bytes)
	}
}
