package roundtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Oracle is one oracle over several lives: a machine, its disk, and a record of everything that left it. All other oracles are
// the test's, and may forge each other's signatures; what is checked must hold all the same.
//
// Source: docs/protocol/ocr2.md, "Invariants".
type Oracle[M rounds.Message] struct {
	T    *rapid.T
	Dice Dice
	Now  time.Time
	Own  commontypes.OracleID
	RMax uint8
	// Leads tells whether this oracle leads an epoch.
	Leads func(epoch uint32) bool
	// Machines are two that get the same events, and must do the same.
	Machines [2]Machine

	// The protocol's part. New makes a machine. StartEvent begins a life with what is on the disk. Perform carries out an
	// effect, and is false if it is a call, which Answer answers, well or not; CallID is the id of a call, 0 if the effect is
	// none. Message makes up a message of another oracle. Check looks at each message that leaves, and Bounds at the machine
	// after each event.
	New        func() Machine
	StartEvent func(state *types.PersistentState, signed *rounds.Round, contract uint32, known bool) rounds.Event
	Perform    func(kernel.Effect) bool
	Answer     func(call kernel.Effect, fail bool) rounds.Event
	Message    func() (from commontypes.OracleID, m M)
	Check      func(M)
	Bounds     func()

	calls  []kernel.Effect // not answered yet
	mail   []M
	armed  map[kernel.TimerID]bool
	lastID kernel.CallID

	// The disk. A round that is being written holds back what follows it.
	durable *rounds.Round
	writing []rounds.Round
	held    []kernel.Effect
	state   *types.PersistentState

	// Sent counts the messages that left, of each kind and round: those of all lives for what is signed or announced.
	Sent      map[roundwire.Kind]map[rounds.Round]int
	announced rounds.Round // in this life
	round     rounds.Round // in this life
	Crashes   int
	before    map[roundwire.Kind]int // how many rounds are no longer in Sent
}

// CallID is the id of a call effect, 0 if the effect is none.
func CallID(effect kernel.Effect) kernel.CallID {
	var id kernel.CallID
	text := effect.String()
	if i := strings.Index(text, "call="); i >= 0 && !strings.HasPrefix(text, "abandon") && !strings.HasPrefix(text, "log") {
		n, _, _ := strings.Cut(text[i+len("call="):], " ")
		value, err := strconv.ParseUint(n, 10, 64)
		if err == nil {
			id = kernel.CallID(value)
		}
	}
	return id
}

// Live begins a life with what is on the disk.
func (o *Oracle[M]) Live() {
	if o.Sent == nil {
		o.Sent, o.before = map[roundwire.Kind]map[rounds.Round]int{}, map[roundwire.Kind]int{}
		for kind := roundwire.KindNewEpoch; kind <= roundwire.KindFinalEcho; kind++ {
			o.Sent[kind] = map[rounds.Round]int{}
		}
	}
	o.Machines = [2]Machine{o.New(), o.New()}
	o.calls, o.mail, o.writing, o.held, o.lastID = nil, nil, nil, nil, 0
	o.armed = map[kernel.TimerID]bool{}
	o.announced, o.round = rounds.Round{}, rounds.Round{}
	for _, kind := range []roundwire.Kind{roundwire.KindReportReq, roundwire.KindFinal, roundwire.KindFinalEcho} {
		o.before[kind] += len(o.Sent[kind])
		o.Sent[kind] = map[rounds.Round]int{}
	}
	o.step(o.StartEvent(o.state, o.durable, uint32(o.Dice.Between(0, 3)), o.Dice.Seldom(2)))
}

func (o *Oracle[M]) step(ev rounds.Event) {
	o.Now = o.Now.Add(time.Duration(o.Dice.Between(0, 50)) * time.Millisecond)
	effects := o.Machines[0].Step(o.Now, ev)
	twins := o.Machines[1].Step(o.Now, ev)
	if fmt.Sprint(effects) != fmt.Sprint(twins) {
		o.T.Fatalf("%T: the same events gave\n%v\nand\n%v", ev, effects, twins)
	}
	for _, effect := range effects {
		o.perform(effect)
	}
	if len(o.Machines[0].String()) == 0 {
		o.T.Fatalf("no text")
	}
	o.Bounds()
}

func (o *Oracle[M]) perform(effect kernel.Effect) {
	if id := CallID(effect); id != 0 {
		if id <= o.lastID {
			o.T.Fatalf("%s: id after %d", effect, o.lastID)
		}
		o.lastID = id
	}
	switch e := effect.(type) {
	case rounds.Send[M], rounds.Broadcast[M]:
		if len(o.writing) > 0 {
			o.held = append(o.held, effect)
			return
		}
		o.leave(effect)
	case rounds.PersistRound:
		if len(o.writing) > 0 && !o.writing[len(o.writing)-1].Less(e.Round) || o.durable != nil && !o.durable.Less(e.Round) {
			o.T.Fatalf("%s after %v, durable %v", e, o.writing, o.durable)
		}
		o.writing = append(o.writing, e.Round)
		o.held = append(o.held, effect)
	case rounds.PersistState:
		if !o.Dice.Seldom(4) {
			o.state = &e.State
		}
	case kernel.SetTimer:
		if e.After < 0 {
			o.T.Fatalf("%s: negative", e)
		}
		o.armed[e.Timer] = true
	case kernel.CancelTimer:
		delete(o.armed, e.Timer)
	case kernel.Abandon:
		for i, call := range o.calls {
			// Half of the abandoned calls are answered all the same.
			if CallID(call) == e.ID && o.Dice.Seldom(2) {
				o.calls = slices.Delete(o.calls, i, i+1)
				break
			}
		}
	case rounds.RoundStarted:
		r := rounds.Round{Epoch: e.Epoch, Round: e.Round}
		if !o.round.Less(r) || r.Round > o.RMax {
			o.T.Fatalf("%s after %s", e, o.round)
		}
		o.round = r
	case kernel.Log, kernel.Dropped, rounds.Count, rounds.EpochStarted:
	default:
		if o.Perform(effect) {
			return
		}
		if CallID(effect) == 0 {
			o.T.Fatalf("unknown effect %T", effect)
		}
		o.calls = append(o.calls, effect)
	}
}

// written ends the oldest write of a round: what waited for it leaves.
func (o *Oracle[M]) written() {
	if len(o.writing) == 0 {
		return
	}
	first := o.writing[0]
	o.durable = &first
	o.writing = o.writing[1:]
	held := o.held[1:] // without the write itself
	o.held = nil
	for i, effect := range held {
		if _, ok := effect.(rounds.PersistRound); ok {
			o.held = held[i:]
			return
		}
		o.leave(effect)
	}
}

// leave is where messages leave the oracle, and are checked.
func (o *Oracle[M]) leave(effect kernel.Effect) {
	var m M
	switch e := effect.(type) {
	case rounds.Send[M]:
		m = e.Message
		if kind := m.Kind(); kind != roundwire.KindObserve && kind != roundwire.KindReport {
			o.T.Fatalf("%s is not for one oracle", m)
		}
		if e.To == o.Own {
			o.mail = append(o.mail, m)
		}
	case rounds.Broadcast[M]:
		m = e.Message
		o.mail = append(o.mail, m)
	}
	epoch, round := m.Position()
	r := rounds.Round{Epoch: epoch, Round: round}
	o.Sent[m.Kind()][r]++
	count := o.Sent[m.Kind()][r]
	switch m.Kind() {
	case roundwire.KindObserve, roundwire.KindReport:
		// An oracle never sends two for one round, not even in different lives.
		if count > 1 || r.Round < 1 || r.Round > o.RMax {
			o.T.Fatalf("%s, number %d, of %d rounds", m, count, o.RMax)
		}
		if o.durable == nil || o.durable.Less(r) {
			o.T.Fatalf("%s left when the record said %v", m, o.durable)
		}
	case roundwire.KindObserveReq:
		if !o.Leads(epoch) || round < 1 || round > o.RMax+1 || count > 1 || !o.announced.Less(r) {
			o.T.Fatalf("%s, number %d, after %s", m, count, o.announced)
		}
		o.announced = r
	case roundwire.KindReportReq:
		if count > 1 || o.announced != r {
			o.T.Fatalf("%s, number %d, after %s", m, count, o.announced)
		}
	case roundwire.KindFinal:
		if count > 1 || o.Sent[roundwire.KindReportReq][r] != 1 {
			o.T.Fatalf("%s, number %d", m, count)
		}
	case roundwire.KindFinalEcho:
		if count > 1 {
			o.T.Fatalf("%s, number %d", m, count)
		}
	}
	o.Check(m)
}

// Play lets things happen at random.
func (o *Oracle[M]) Play(events int) {
	o.Live()
	for range events {
		switch o.Dice.Pick("crash", "timer*8", "written*20", "mail*40", "message*30", "answer*60") {
		case "crash":
			o.Crashes++
			o.Live()
		case "timer":
			timer := kernel.TimerID(o.Dice.Between(0, int(rounds.TimerTransmit)+1))
			if o.armed[timer] || o.Dice.Seldom(10) {
				delete(o.armed, timer)
				o.step(rounds.TimerFired{Timer: timer})
			}
		case "written":
			o.written()
		case "mail":
			if len(o.mail) > 0 {
				m := o.mail[0]
				o.mail = o.mail[1:]
				o.step(rounds.MessageReceived[M]{From: o.Own, Message: m})
			}
		case "message":
			from, m := o.Message()
			o.step(rounds.MessageReceived[M]{From: from, Message: m})
		case "answer":
			// Not always the oldest, and not always well.
			if len(o.calls) > 0 {
				i := o.Dice.Between(0, len(o.calls)-1)
				call := o.calls[i]
				o.calls = slices.Delete(o.calls, i, i+1)
				o.step(o.Answer(call, o.Dice.Seldom(6)))
			}
		}
	}
}

// Reached adds what left the oracle to a count over many runs.
func (o *Oracle[M]) Reached(counts map[string]int) {
	counts["crash"] += o.Crashes
	for kind, sent := range o.Sent {
		counts[kind.String()] += len(sent) + o.before[kind]
	}
}

// Position makes up a round for a message: mostly one that could matter now.
func (o *Oracle[M]) Position(s rounds.Status) rounds.Round {
	epoch := uint32(max(0, int(s.Epoch)+OneOf(o.Dice, []int{0, 0, 0, 0, 0, -1, 1, 2})))
	round := s.Round + uint8(OneOf(o.Dice, []int{0, 0, 0, 0, 1, 1, 255}))
	if s.Leads {
		round = s.LedRound
	}
	return rounds.Round{Epoch: epoch, Round: round}
}

// Kind makes up a kind of message: mostly one that could matter now.
func (o *Oracle[M]) Kind(s rounds.Status) roundwire.Kind {
	kinds := []string{"NewEpoch", "ObserveReq*2", "Observe", "ReportReq*3", "Report", "Final", "FinalEcho"}
	if s.Leads {
		kinds = []string{"NewEpoch", "ObserveReq", "Observe*12", "ReportReq", "Report*12", "Final", "FinalEcho"}
	}
	name := o.Dice.Pick(kinds...)
	for kind := roundwire.KindNewEpoch; ; kind++ {
		if kind.String() == name {
			return kind
		}
	}
}

// Dice decide what happens. (Rapid's own numbers are mostly small ones; here all should be equally likely.)
type Dice struct{ *rand.Rand }

// NewDice returns dice that fall as a seed says.
func NewDice(seed uint64) Dice { return Dice{rand.New(rand.NewPCG(seed, 0))} }

// Between draws a number from least to most.
func (d Dice) Between(least, most int) int { return least + d.IntN(most-least+1) }

// Seldom is true in one of n cases.
func (d Dice) Seldom(n int) bool { return d.IntN(n) == 0 }

// Pick draws one of the words, each as often as the number behind its * says.
func (d Dice) Pick(words ...string) string {
	var all []string
	for _, word := range words {
		word, count, _ := strings.Cut(word, "*")
		n, err := strconv.Atoi(count)
		if err != nil {
			n = 1
		}
		all = append(all, slices.Repeat([]string{word}, n)...)
	}
	return OneOf(d, all)
}

// OneOf draws one of a list.
func OneOf[T any](d Dice, list []T) T { return list[d.IntN(len(list))] }
