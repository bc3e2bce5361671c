package ocr2

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// oracleUnderTest is one oracle over several lives: a machine, its disk, and a record of everything that left it. All
// other oracles are the test's, and may forge each other's signatures; what is checked must hold all the same.
//
// Source: docs/protocol/ocr2.md, "Invariants".
type oracleUnderTest struct {
	t    *rapid.T
	dice dice
	cfg  Config
	now  time.Time
	m    *Machine
	twin *Machine // gets the same events, and must do the same

	calls  []kernel.Effect // not answered yet
	mail   []ocr2wire.Message
	armed  map[kernel.TimerID]bool
	lastID kernel.CallID

	// The disk. A round that is being written holds back what follows it.
	durableRound *Round
	writing      []Round
	held         []kernel.Effect
	state        *types.PersistentState
	pending      map[types.ReportTimestamp]types.PendingTransmission

	// What left the oracle in all its lives.
	observes map[Round]string
	reports  map[Round]string
	led      map[Round]bool
	// What it did in this life.
	announced Round
	requested map[Round]int
	finals    map[Round]int
	echoes    map[Round]int
	transmits map[string]int
	round     Round
}

func newOracleUnderTest(t *rapid.T) *oracleUnderTest {
	f := rapid.IntRange(0, 2).Draw(t, "f")
	n := 3*f + rapid.IntRange(1, 2).Draw(t, "spare")
	cfg := testConfig(n, f)
	cfg.OracleID = commontypes.OracleID(rapid.IntRange(0, n-1).Draw(t, "own"))
	cfg.RMax = uint8(rapid.IntRange(1, 3).Draw(t, "rmax"))
	cfg.LeaderSelectionKey[0] = byte(rapid.IntRange(0, 9).Draw(t, "leaders"))
	cfg.ReportQuorum = rapid.IntRange(f+1, (n+f)/2+1).Draw(t, "quorum")
	cfg.DeltaRound = time.Duration(rapid.IntRange(0, 100).Draw(t, "deltaRound")) * time.Second
	return &oracleUnderTest{
		t: t, cfg: cfg, now: epochStart, dice: dice{rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))},
		pending:  map[types.ReportTimestamp]types.PendingTransmission{},
		observes: map[Round]string{}, reports: map[Round]string{}, led: map[Round]bool{},
	}
}

// live begins a life with what is on the disk.
func (o *oracleUnderTest) live() {
	o.m, o.twin = New(o.cfg), New(o.cfg)
	o.calls, o.mail, o.writing, o.held, o.lastID = nil, nil, nil, nil, 0
	o.armed = map[kernel.TimerID]bool{}
	o.requested, o.finals, o.echoes, o.transmits = map[Round]int{}, map[Round]int{}, map[Round]int{}, map[string]int{}
	o.announced, o.round = Round{}, Round{}
	start := Start{State: o.state, SignedRound: o.durableRound, Pending: o.pending}
	if o.dice.seldom(2) {
		start.ContractKnown, start.ContractEpoch = true, uint32(o.dice.between(0, 3))
	}
	o.step(start)
}

func (o *oracleUnderTest) step(ev Event) {
	o.now = o.now.Add(time.Duration(o.dice.between(0, 50)) * time.Millisecond)
	effects := o.m.Step(o.now, ev)
	twins := o.twin.Step(o.now, ev)
	if fmt.Sprint(effects) != fmt.Sprint(twins) {
		o.t.Fatalf("%T: the same events gave\n%v\nand\n%v", ev, effects, twins)
	}
	for _, effect := range effects {
		o.perform(effect)
	}
	o.checkBounds()
}

func (o *oracleUnderTest) perform(effect kernel.Effect) {
	if id := callID(effect); id != 0 {
		if id <= o.lastID {
			o.t.Fatalf("%s: id after %d", effect, o.lastID)
		}
		o.lastID = id
	}
	switch e := effect.(type) {
	case Send, Broadcast:
		if len(o.writing) > 0 {
			o.held = append(o.held, effect)
			return
		}
		o.leave(effect)
	case PersistRound:
		if len(o.writing) > 0 && !o.writing[len(o.writing)-1].Less(e.Round) || o.durableRound != nil && !o.durableRound.Less(e.Round) {
			o.t.Fatalf("%s after %v, durable %v", e, o.writing, o.durableRound)
		}
		o.writing = append(o.writing, e.Round)
		o.held = append(o.held, effect)
	case PersistState:
		if !o.dice.seldom(4) {
			o.state = &e.State
		}
	case StorePending:
		o.pending[e.Timestamp] = e.Pending
	case DeletePending:
		delete(o.pending, e.Timestamp)
	case kernel.SetTimer:
		if e.After < 0 {
			o.t.Fatalf("%s: negative", e)
		}
		o.armed[e.Timer] = true
	case kernel.CancelTimer:
		delete(o.armed, e.Timer)
	case kernel.Abandon:
		for i, call := range o.calls {
			// Half of the abandoned calls are answered all the same.
			if callID(call) == e.ID && o.dice.seldom(2) {
				o.calls = append(o.calls[:i], o.calls[i+1:]...)
				break
			}
		}
	case RoundStarted:
		r := Round{Epoch: e.Epoch, Round: e.Round}
		if !o.round.Less(r) || r.Round > o.cfg.RMax {
			o.t.Fatalf("%s after %s", e, o.round)
		}
		o.round = r
	case CallTransmit:
		o.transmits[fmt.Sprintf("%d/%d %x %x", e.Context.Epoch, e.Context.Round, e.Context.ExtraHash, []byte(e.Report))]++
		o.calls = append(o.calls, effect)
	case kernel.Log, kernel.Dropped, Count, EpochStarted, ScheduleComputed, AcceptComputed, TransmitComputed:
	default:
		if callID(effect) == 0 {
			o.t.Fatalf("unknown effect %T", effect)
		}
		o.calls = append(o.calls, effect)
	}
}

// written ends the oldest write of a round: what waited for it leaves.
func (o *oracleUnderTest) written() {
	if len(o.writing) == 0 {
		return
	}
	first := o.writing[0]
	o.durableRound = &first
	o.writing = o.writing[1:]
	held := o.held[1:] // without the write itself
	o.held = nil
	for i, effect := range held {
		if _, ok := effect.(PersistRound); ok {
			o.held = held[i:]
			return
		}
		o.leave(effect)
	}
}

// leave is where messages leave the oracle, and are checked.
func (o *oracleUnderTest) leave(effect kernel.Effect) {
	leads := func(epoch uint32) bool { return o.m.core.Leaders.Leader(epoch) == o.cfg.OracleID }
	switch e := effect.(type) {
	case Send:
		switch m := e.Message.(type) {
		case *ocr2wire.Observe:
			o.only("Observe", o.observes, Round{Epoch: m.Epoch, Round: m.Round}, m.String())
		case *ocr2wire.Report:
			o.only("Report", o.reports, Round{Epoch: m.Epoch, Round: m.Round}, fmt.Sprintf("%s %x", m, m.AttestedReport.Signature))
		default:
			o.t.Fatalf("%s is not for one oracle", m)
		}
		if e.To == o.cfg.OracleID {
			o.mail = append(o.mail, e.Message)
		}
	case Broadcast:
		o.mail = append(o.mail, e.Message)
		switch m := e.Message.(type) {
		case *ocr2wire.ObserveReq:
			r := Round{Epoch: m.Epoch, Round: m.Round}
			if !leads(m.Epoch) || m.Round < 1 || m.Round > o.cfg.RMax+1 || o.led[r] || !o.announced.Less(r) {
				o.t.Fatalf("%s after %s; announced before: %t", m, o.announced, o.led[r])
			}
			o.announced, o.led[r] = r, true
		case *ocr2wire.ReportReq:
			r := Round{Epoch: m.Epoch, Round: m.Round}
			o.requested[r]++
			if _, ok := o.m.core.checkObservations(m.Observations); !ok || o.requested[r] > 1 || o.announced != r {
				o.t.Fatalf("%s, number %d, after %s", m, o.requested[r], o.announced)
			}
		case *ocr2wire.Final:
			r := Round{Epoch: m.Epoch, Round: m.Round}
			o.finals[r]++
			if _, ok := o.m.core.checkFinal(m); !ok || o.finals[r] > 1 || o.requested[r] != 1 {
				o.t.Fatalf("%s, number %d", m, o.finals[r])
			}
		case *ocr2wire.FinalEcho:
			r := Round{Epoch: m.Final.Epoch, Round: m.Final.Round}
			o.echoes[r]++
			if _, ok := o.m.core.checkFinal(&m.Final); !ok || o.echoes[r] > 1 {
				o.t.Fatalf("%s, number %d", m, o.echoes[r])
			}
		}
	}
}

// only checks that an oracle never sends two messages of a kind for one round, not even in different lives.
func (o *oracleUnderTest) only(kind string, sent map[Round]string, r Round, m string) {
	if before, ok := sent[r]; ok {
		o.t.Fatalf("%s: second %s %q after %q", r, kind, m, before)
	}
	if r.Round < 1 || r.Round > o.cfg.RMax {
		o.t.Fatalf("%s in round %d, of %d", kind, r.Round, o.cfg.RMax)
	}
	if o.durableRound == nil || o.durableRound.Less(r) {
		o.t.Fatalf("%s of %s left when the record said %v", kind, r, o.durableRound)
	}
	sent[r] = m
}

func (o *oracleUnderTest) checkBounds() {
	n, s := o.cfg.N, o.m.Status()
	for name, x := range map[string]struct{ got, most int }{
		"follower queue":        {s.FollowerQueue, rounds.MaxFollowerQueue},
		"future messages":       {s.FutureMessages, n * kernel.FutureMessagesPerSender},
		"final checks":          {s.FinalChecks, n*maxFinalChecksPerSender + 1},
		"finalized":             {s.Finalized, 2*int(o.m.finalization.age) + 1},
		"finals to accept":      {s.FinalsToAccept, rounds.MaxFinalsToAccept},
		"pending transmissions": {s.PendingTransmissions, rounds.MaxPendingTransmissions},
		// The follower has one, the leader a query and two for each oracle, transmission two.
		"calls": {s.Calls, n*(maxFinalChecksPerSender+2) + 5},
	} {
		if x.got > x.most {
			o.t.Fatalf("%s: %d, at most %d are allowed", name, x.got, x.most)
		}
	}
	if s.WishedEpoch < s.Epoch && s.WishedEpoch > 0 {
		o.t.Fatalf("wish %d in epoch %d", s.WishedEpoch, s.Epoch)
	}
	if len(o.m.String()) == 0 {
		o.t.Fatalf("no text")
	}
}

func callID(effect kernel.Effect) kernel.CallID {
	switch e := effect.(type) {
	case kernel.Verify:
		return e.ID
	case kernel.SignOffchain:
		return e.ID
	case SignReport:
		return e.ID
	case CallQuery:
		return e.ID
	case CallObservation:
		return e.ID
	case CallReport:
		return e.ID
	case CallShouldAccept:
		return e.ID
	case CallShouldTransmit:
		return e.ID
	case CallTransmit:
		return e.ID
	}
	return 0
}

// answerOne answers one of the calls, not always the oldest, and not always well.
func (o *oracleUnderTest) answerOne() {
	if len(o.calls) == 0 {
		return
	}
	i := o.dice.between(0, len(o.calls)-1)
	call := o.calls[i]
	o.calls = append(o.calls[:i:i], o.calls[i+1:]...)
	plugin := fakePlugin{transmit: o.dice.seldom(2)}
	if o.dice.seldom(4) {
		plugin.skip = func(Round) bool { return true }
	}
	answer := plugin.answer(o.cfg.OracleID, call)
	if o.dice.seldom(6) {
		switch a := answer.(type) {
		case QueryDone:
			a.Err = errPlugin
			answer = a
		case ObservationDone:
			a.Err = errPlugin
			answer = a
		case ReportDone:
			a.Err = errPlugin
			answer = a
		case ShouldAcceptDone:
			a.Err = errPlugin
			answer = a
		case TransmitDone:
			a.Err = errPlugin
			answer = a
		case kernel.Signed:
			a.Err = errPlugin
			answer = a
		}
	}
	// Plugins need not say the same twice: that is what makes signing twice dangerous.
	switch a := answer.(type) {
	case ObservationDone:
		a.Observation = []byte{byte(o.dice.between(0, 255))}
		answer = a
	case ReportDone:
		if a.ShouldReport && o.dice.seldom(2) {
			a.Report = []byte{byte(o.dice.between(0, 255))}
			answer = a
		}
	}
	o.step(answer)
}

// message makes up a message of another oracle: mostly one that could matter now, mostly with good signatures.
func (o *oracleUnderTest) message() (from commontypes.OracleID, m ocr2wire.Message) {
	id := func() commontypes.OracleID {
		if o.dice.seldom(30) {
			return commontypes.OracleID(o.cfg.N)
		}
		return commontypes.OracleID(o.dice.between(0, o.cfg.N-1))
	}
	status := o.m.Status()
	epoch := uint32(max(0, int(status.Epoch)+oneOf(o.dice, []int{0, 0, 0, 0, 0, -1, 1, 2})))
	round := status.Round + uint8(oneOf(o.dice, []int{0, 0, 0, 0, 1, 1, 255}))
	if status.Leads {
		round = status.LedRound
	}
	r := Round{Epoch: epoch, Round: round}
	query := oneOf(o.dice, [][]byte{{1}, {1}, nil})
	if status.Leads {
		query = o.m.generation.leading.query
	}
	usual := []byte{byte(epoch), round}
	report := oneOf(o.dice, [][]byte{usual, usual, usual, {1}, nil})
	signature := func(s []byte) []byte {
		if o.dice.seldom(8) {
			return []byte("forged")
		}
		return s
	}
	signed := func(observer commontypes.OracleID) ocr2wire.SignedObservation {
		observation := types.Observation{byte(observer)}
		digest := ocr2wire.ObservationDigest(o.m.core.timestamp(r), query, observation)
		return ocr2wire.SignedObservation{Observation: observation, Signature: signature(fakeSign(observer, digest[:]))}
	}
	ctx := types.ReportContext{ReportTimestamp: o.m.core.timestamp(r), ExtraHash: o.m.generation.leading.h}
	final := func() ocr2wire.Final {
		f := ocr2wire.Final{Epoch: epoch, Round: round, H: ctx.ExtraHash}
		f.AttestedReport.Report = report
		first := o.dice.between(0, o.cfg.N-1)
		for i := range o.cfg.ReportQuorum {
			signer := commontypes.OracleID((first + i) % o.cfg.N)
			f.AttestedReport.AttributedSignatures = append(f.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signer: signer, Signature: signature(fakeSign(signer, reportMessage(ctx, report)))})
		}
		return f
	}
	from = id()
	leader := o.m.core.Leaders.Leader(epoch)
	kinds := []string{"NewEpoch", "ObserveReq*2", "Observe", "ReportReq*3", "Report", "Final", "FinalEcho"}
	if status.Leads {
		kinds = []string{"NewEpoch", "ObserveReq", "Observe*12", "ReportReq", "Report*12", "Final", "FinalEcho"}
	}
	switch o.dice.pick(kinds...) {
	case "NewEpoch":
		return from, &ocr2wire.NewEpoch{Epoch: epoch}
	case "ObserveReq":
		return leader, &ocr2wire.ObserveReq{Epoch: epoch, Round: round, Query: query}
	case "Observe":
		return from, &ocr2wire.Observe{Epoch: epoch, Round: round, SignedObservation: signed(from)}
	case "ReportReq":
		req := &ocr2wire.ReportReq{Epoch: epoch, Round: round, Query: query}
		for i := range o.cfg.N - oneOf(o.dice, []int{0, 0, 0, 1, o.cfg.N}) {
			observer := commontypes.OracleID(i)
			req.Observations = append(req.Observations, ocr2wire.AttributedSignedObservation{SignedObservation: signed(observer), Observer: observer})
		}
		return leader, req
	case "Report":
		m := &ocr2wire.Report{Epoch: epoch, Round: round}
		if m.AttestedReport.Skip = o.dice.seldom(4); !m.AttestedReport.Skip {
			m.AttestedReport.Report = report
			m.AttestedReport.Signature = signature(fakeSign(from, reportMessage(ctx, report)))
		}
		return from, m
	case "Final":
		f := final()
		return leader, &f
	default:
		return from, &ocr2wire.FinalEcho{Final: final()}
	}
}

// dice decide what happens. (Rapid's own numbers are mostly small ones; here all should be equally likely.)
type dice struct{ *rand.Rand }

func (d dice) between(least, most int) int { return least + d.IntN(most-least+1) }

// seldom is true in one of n cases.
func (d dice) seldom(n int) bool { return d.IntN(n) == 0 }

// pick draws one of the words, each as often as the number behind its * says.
func (d dice) pick(words ...string) string {
	var all []string
	for _, word := range words {
		word, count, _ := strings.Cut(word, "*")
		n, err := strconv.Atoi(count)
		if err != nil {
			n = 1
		}
		all = append(all, slices.Repeat([]string{word}, n)...)
	}
	return oneOf(d, all)
}

func oneOf[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

func TestMachineInvariants(t *testing.T) {
	reached := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		o := newOracleUnderTest(t)
		o.live()
		for range rapid.IntRange(200, 800).Draw(t, "events") {
			switch o.dice.pick("crash", "timer*8", "written*20", "mail*40", "message*30", "answer*60") {
			case "crash":
				reached["crash"]++
				o.live()
			case "timer":
				timer := kernel.TimerID(o.dice.between(0, int(TimerTransmit)+1))
				if o.armed[timer] || o.dice.seldom(10) {
					delete(o.armed, timer)
					o.step(TimerFired{Timer: timer})
				}
			case "written":
				o.written()
			case "mail":
				if len(o.mail) > 0 {
					m := o.mail[0]
					o.mail = o.mail[1:]
					o.step(MessageReceived{From: o.cfg.OracleID, Message: m})
				}
			case "message":
				from, m := o.message()
				o.step(MessageReceived{From: from, Message: m})
			case "answer":
				o.answerOne()
			}
		}
		reached["observe"] += len(o.observes)
		reached["report"] += len(o.reports)
		reached["led"] += len(o.led)
		reached["report request"] += len(o.requested)
		reached["final"] += len(o.finals)
		reached["echo"] += len(o.echoes)
		reached["transmit"] += len(o.transmits)
		for what, count := range o.transmits {
			if count > rounds.MaxTransmitAttempts {
				t.Fatalf("%s was handed to the transmitter %d times", what, count)
			}
		}
	})
	for _, what := range []string{"crash", "observe", "report", "led", "report request", "echo", "transmit"} {
		if reached[what] == 0 {
			t.Errorf("no run got as far as: %s", what)
		}
	}
	t.Log(reached)
}

// TestOddEvents hands in what no driver should.
func TestOddEvents(t *testing.T) {
	m := New(testConfig(4, 1))
	for _, ev := range []Event{
		nil, 7, MessageReceived{}, MessageReceived{From: 0, Message: &ocr2wire.NewEpoch{Epoch: 1}}, TimerFired{Timer: TimerRound}, kernel.Verified{ID: 1},
	} {
		m.Step(epochStart, ev)
	}
	m.Step(epochStart, Start{})
	for _, ev := range []Event{
		nil, "text", Start{}, MessageReceived{}, MessageReceived{From: 31, Message: &ocr2wire.NewEpoch{Epoch: 1}}, TimerFired{}, TimerFired{Timer: 200},
		kernel.Verified{}, kernel.Signed{ID: 99}, QueryDone{}, ObservationDone{ID: 1}, ReportDone{ID: 1}, ShouldAcceptDone{},
		ShouldTransmitDone{}, TransmitDone{},
	} {
		for _, effect := range m.Step(epochStart, ev) {
			switch effect.(type) {
			case kernel.Log, kernel.Dropped:
			default:
				t.Errorf("%T has the effect %s", ev, effect)
			}
		}
	}
}

func TestConfigValidate(t *testing.T) {
	good := testConfig(4, 1)
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"N":             func(c *Config) { c.N = 32 },
		"F":             func(c *Config) { c.F = 2 },
		"OracleID":      func(c *Config) { c.OracleID = 4 },
		"RMax":          func(c *Config) { c.RMax = 255 },
		"ReportQuorum":  func(c *Config) { c.ReportQuorum = 1 },
		"DeltaProgress": func(c *Config) { c.DeltaProgress = -1 },
		"DeltaGrace":    func(c *Config) { c.DeltaGrace = -1 },
		"S[1]":          func(c *Config) { c.S = []int{1, 32} },
	} {
		cfg := good
		change(&cfg)
		err := cfg.Validate()
		if err == nil || !strings.Contains(err.Error(), name+" is") {
			t.Errorf("bad %s: got %v", name, err)
		}
	}
}
