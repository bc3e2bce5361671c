package roundsim

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Machine is the machine of a protocol.
type Machine interface {
	Step(now time.Time, ev rounds.Event) []kernel.Effect
}

// Oracle is one oracle: a machine and the driver that it needs. What a driver owes a machine is said in package kernel. Its
// disk, clock and place in the network outlive crashes; everything else begins anew.
type Oracle[M rounds.Message, P any] struct {
	engine.Node[M]
	Sim    *Sim[M, P]
	Driver Driver[M, P]
	Disk   *Disk[M, P]
	Outbox engine.Outbox
	// Status is that after the last step.
	Status rounds.Status

	traitor bool
	machine Machine
	// What checkers know of the oracle: what it last wished to persist, and what was delivered to it, by sender.
	state  types.PersistentState
	wishes []uint32
}

// Driver is the part of an oracle's driver that depends on the protocol.
type Driver[M, P any] interface {
	// Boot makes the machine of a new life, Halt ends a life.
	Boot() Machine
	Halt()
	// Status is that of the machine.
	Status() rounds.Status
	// ContractEpoch is what the contract shows at the start of a life.
	ContractEpoch() (epoch uint32, known bool)
	// Decode and CheckSize read a message from the network.
	Decode(b []byte) (M, error)
	CheckSize(m M) error
	// Transmit calls the contract.
	Transmit(effect kernel.Effect)
	// Call makes any other call.
	Call(effect kernel.Effect)
	// Text describes events that only this protocol has.
	Text(ev rounds.Event) string
	// Started, Delivered, Stepped and Left are for the protocol's own checkers.
	Started(start any)
	Delivered(from commontypes.OracleID, m M)
	Stepped(ev rounds.Event)
	Left(effect kernel.Effect)
	// Incoming, Outgoing and Tick are the traitor's.
	Incoming(from commontypes.OracleID, m M) bool
	Outgoing(to commontypes.OracleID, m M)
	Tick()
}

// NewOracle adds an oracle.
func (s *Sim[M, P]) NewOracle(o *Oracle[M, P], driver Driver[M, P], traitor bool, disk DiskFaults) {
	*o = Oracle[M, P]{
		Node: engine.NewNode(&s.World, commontypes.OracleID(len(s.Oracles))), Sim: s, Driver: driver, traitor: traitor,
	}
	if traitor {
		disk = DiskFaults{}
	} else {
		o.SetClock(s.ClockSkew, s.ClockDriftPPM)
	}
	o.Disk = newDisk(o, disk)
	s.Oracles = append(s.Oracles, o)
}

// Honest tells whether the oracle follows the protocol.
func (o *Oracle[M, P]) Honest() bool { return !o.traitor }

// start begins a life.
func (o *Oracle[M, P]) start() {
	o.Begin()
	o.machine = o.Driver.Boot()
	start := o.Disk.read()
	durable := uint64(0)
	if start.SignedRound != nil {
		durable = level(*start.SignedRound)
	}
	o.Outbox = engine.NewOutbox(durable, o.leave)
	start.ContractEpoch, start.ContractKnown = o.Driver.ContractEpoch()
	o.Status = rounds.Status{}
	o.wishes, o.state = make([]uint32, o.Sim.N), types.PersistentState{}
	if start.State != nil {
		o.state = *start.State
		copy(o.wishes, start.State.HighestReceivedEpoch)
	}
	o.Sim.Checkers.Started(o, &start)
	o.Driver.Started(&start)
	o.step(start)
}

// crash ends a life at once.
func (o *Oracle[M, P]) crash() {
	o.Sim.Counts.Crashes++
	o.End()
	o.machine = nil
	o.Outbox = engine.Outbox{}
	o.Disk.Crash()
	o.Driver.Halt()
	o.Restart(o.Sim.MaxDowntime, o.start)
}

// heal ends what would still go wrong.
func (o *Oracle[M, P]) heal() {
	o.Spare()
	if !o.Up {
		o.start()
	}
}

// happens hands an event to the machine, if there still is somebody to hand it to.
func (o *Oracle[M, P]) happens(h *engine.Happening[M]) {
	if !o.Up {
		return
	}
	switch h.Kind {
	case engine.Message:
		o.receive(h)
	case engine.Timer:
		if o.Due(h) {
			o.step(rounds.TimerFired{Timer: h.Timer})
		}
	case engine.Result:
		if o.Due(h) {
			o.step(h.Result)
		}
	}
}

// receive takes a message from the network.
func (o *Oracle[M, P]) receive(h *engine.Happening[M]) {
	message, from := h.Message, h.From
	if h.Bytes != nil {
		var err error
		if message, err = o.decode(h.Bytes); err != nil {
			o.Sim.refused(o, from, err)
			return
		}
	}
	if err := o.Driver.CheckSize(message); err != nil {
		o.Sim.refused(o, from, err)
		return
	}
	mistaken := from
	if o.Sim.Breaks.MistakenSender && !o.Sim.Oracles[from].Honest() && o.Honest() {
		mistaken = commontypes.OracleID(o.Random.IntN(o.Sim.N))
	}
	if o.traitor && !o.Driver.Incoming(from, message) {
		return
	}
	if epoch, _ := message.Position(); message.Kind() == roundwire.KindNewEpoch && epoch > o.wishes[from] {
		o.wishes[from] = epoch
	}
	o.Sim.Checkers.Delivered(o, from, message)
	o.Driver.Delivered(from, message)
	o.step(rounds.MessageReceived[M]{From: mistaken, Message: message})
}

// decode reads a message, once for all who get the same bytes.
func (o *Oracle[M, P]) decode(b []byte) (M, error) {
	if len(b) == 0 {
		return o.Driver.Decode(b)
	}
	cache := &o.Sim.decoded
	if m, ok := (*cache)[&b[0]]; ok && m.length == len(b) {
		return m.message, m.err
	}
	message, err := o.Driver.Decode(b)
	if *cache == nil || len(*cache) == maxDecoded {
		*cache = map[*byte]decoded[M]{}
	}
	(*cache)[&b[0]] = decoded[M]{len(b), message, err}
	return message, err
}

const maxDecoded = 1 << 10

// decoded is what came of bytes.
type decoded[M any] struct {
	length  int
	message M
	err     error
}

// step steps the machine and carries out what it asks for.
func (o *Oracle[M, P]) step(ev rounds.Event) {
	o.Sim.Counts.Steps++
	if o.Sim.Trace != nil {
		o.Sim.TraceNode(o.ID, "< "+o.text(ev), nil)
	}
	effects := o.machine.Step(o.Time(), ev)
	before := o.Status
	o.Status = o.Driver.Status()
	o.Sim.Checkers.Stepped(o, ev, &before, &o.Status)
	o.Driver.Stepped(ev)
	o.CarryOut(effects, o.perform, o.crash)
}

// text describes an event in one line.
func (o *Oracle[M, P]) text(ev rounds.Event) string {
	switch e := ev.(type) {
	case rounds.Start[P]:
		text := "start"
		if e.State != nil {
			text += fmt.Sprintf(" epoch=%d wish=%d", e.State.Epoch, e.State.HighestSentEpoch)
		}
		if e.ContractKnown {
			text += fmt.Sprintf(" contract-epoch=%d", e.ContractEpoch)
		}
		if e.SignedRound != nil {
			text += fmt.Sprintf(" signed-round=%s", *e.SignedRound)
		}
		return text + fmt.Sprintf(" pending=%d", len(e.Pending))
	case rounds.MessageReceived[M]:
		return fmt.Sprintf("from=%d %s", e.From, e.Message)
	case rounds.TimerFired:
		return "timer " + rounds.TimerName(e.Timer)
	}
	return o.Driver.Text(ev)
}

// perform carries out an effect. It must not step the machine.
func (o *Oracle[M, P]) perform(effect kernel.Effect) {
	switch e := effect.(type) {
	case rounds.Send[M], rounds.Broadcast[M]:
		o.leaveLater(effect)
	case rounds.PersistRound:
		o.Outbox.Require(level(e.Round))
		o.persistRound(e.Round)
	case rounds.PersistState:
		o.persistState(e.State)
	case rounds.StorePending[P]:
		o.Disk.writePending(func() { o.Disk.pending[e.Round] = e.Pending })
	case rounds.DeletePending:
		o.Disk.writePending(func() { delete(o.Disk.pending, e.Round) })

	case kernel.SetTimer:
		if e.Timer == rounds.TimerProgress && o.Sim.Breaks.NoProgressTimer {
			return
		}
		o.SetTimer(e)
	case kernel.CancelTimer:
		o.CancelTimer(e)
	case kernel.Abandon:
		o.Abandon(e)
	default:
		if _, _, ok := o.Sim.Transmission(effect); ok {
			o.leaveLater(effect)
			return
		}
		o.Sim.Checkers.Called(o, effect)
		o.Driver.Call(effect)
	}
}

// leaveLater lets an effect out when what it waits for is durable.
func (o *Oracle[M, P]) leaveLater(effect kernel.Effect) {
	if o.Sim.Breaks.IgnoreBarrier {
		o.leave(effect)
		return
	}
	o.Outbox.Leave(effect)
}

// leave lets an effect out of the oracle.
func (o *Oracle[M, P]) leave(effect kernel.Effect) {
	o.Sim.Checkers.Left(o, effect)
	o.Driver.Left(effect)
	switch e := effect.(type) {
	case rounds.Send[M]:
		o.send(e.Message, e.To)
	case rounds.Broadcast[M]:
		if e.Message.Kind() == roundwire.KindFinalEcho && o.Sim.Breaks.NoEchoes {
			return
		}
		o.send(e.Message, o.everybody()...)
	default:
		o.Driver.Transmit(effect)
	}
}

func (o *Oracle[M, P]) everybody() []commontypes.OracleID { return allOracles[:o.Sim.N] }

var allOracles = func() (all [types.MaxOracles]commontypes.OracleID) {
	for i := range all {
		all[i] = commontypes.OracleID(i)
	}
	return all
}()

func (o *Oracle[M, P]) send(m M, to ...commontypes.OracleID) {
	if o.traitor {
		for _, receiver := range to {
			o.Driver.Outgoing(receiver, m)
		}
		return
	}
	m, bytes := o.Sim.Wire(m)
	for _, receiver := range to {
		o.Sim.Network.Send(o.ID, receiver, m, bytes)
	}
}

// CallWithin makes a call with a deadline. do is told if the call is to fail. The call itself happens at once, in virtual time;
// its result arrives later. errors and slow are how likely it is that the call fails, and that it overruns.
func (o *Oracle[M, P]) CallWithin(id kernel.CallID, timeout time.Duration, errors, slow float64, fails, late error, do func(fails error) rounds.Event) {
	took := min(engine.Between(o.Random, 0, engine.MaxPluginTime), timeout)
	switch {
	case o.Sim.Healed || o.traitor:
	case engine.Chance(o.Random, errors):
		o.Sim.Counts.PluginFaults++
		o.Answer(took, id, do(fails))
		return
	case engine.Chance(o.Random, slow):
		o.Sim.Counts.PluginFaults++
		if o.Random.IntN(2) == 0 { // late
			do(nil)
			o.Answer(timeout, id, do(late))
			return
		}
		took = engine.Between(o.Random, 0, timeout)
	}
	o.Answer(took, id, do(nil))
}

// CallTransmit has a transaction arrive on the chain after some time; it outlives a crash of its sender. do is what the contract
// does, done makes the result; errors is how likely it is that the call fails, with the report on its way or not.
func (o *Oracle[M, P]) CallTransmit(id kernel.CallID, errors float64, failed error, do func() error, done func(error) rounds.Event) {
	o.Sim.Counts.Transmissions++
	took := engine.Between(o.Random, time.Millisecond, engine.MaxTransmitTime)
	fails := !o.Sim.Healed && engine.Chance(o.Random, errors)
	if fails {
		o.Sim.Counts.Faults++
		if o.Random.IntN(2) == 0 {
			o.Answer(took, id, done(failed))
			return
		}
	}
	seesRevert := o.Random.IntN(2) == 0
	life := o.Life
	o.Sim.At(o.Sim.Now+took, func() {
		err := do()
		if o.Life != life {
			return
		}
		if fails {
			err = failed
		} else if !seesRevert {
			err = nil
		}
		o.Answer(0, id, done(err))
	})
}

// SignWith has the key sign; keyErrors is how likely it is that it does not, with the error failed.
func (o *Oracle[M, P]) SignWith(id kernel.CallID, keyErrors float64, failed error, do func() []byte) {
	if o.traitor {
		keyErrors = 0
	}
	o.Sign(id, keyErrors, &o.Sim.Counts.Faults, func() any { return kernel.Signed{ID: id, Signature: do()} }, kernel.Signed{ID: id, Err: failed})
}

// Verify verifies signatures, each with verify.
func (o *Oracle[M, P]) Verify(e kernel.Verify, verify func(*kernel.SignatureCheck) bool) {
	bad := -1
	for i := 0; i < len(e.Checks) && bad < 0 && !o.Sim.Breaks.AcceptAllSignatures; i++ {
		if !verify(&e.Checks[i]) {
			bad = i
		}
	}
	o.Answer(engine.Between(o.Random, 0, engine.MaxVerifyTime), e.ID, kernel.Verified{ID: e.ID, Bad: bad})
}
