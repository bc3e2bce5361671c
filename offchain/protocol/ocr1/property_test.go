package ocr1

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
)

// oracleUnderTest is one oracle over several lives.
type oracleUnderTest struct {
	roundtest.Oracle[ocr1wire.Message]
	cfg       Config
	m         *Machine
	world     *outside
	pending   map[Round]ocr1types.PendingTransmission
	transmits map[string]int // in this life
	handed    int            // to the transmitter, in all lives
	accepted  Round          // in this life
	requested *ocr1wire.ReportReq
}

func newOracleUnderTest(t *rapid.T) *oracleUnderTest {
	f := rapid.IntRange(0, 2).Draw(t, "f")
	n := 3*f + rapid.IntRange(1, 2).Draw(t, "spare")
	cfg := testConfig(n, f)
	cfg.OracleID = commontypes.OracleID(rapid.IntRange(0, n-1).Draw(t, "own"))
	cfg.RMax = uint8(rapid.IntRange(1, 3).Draw(t, "rmax"))
	cfg.LeaderSelectionKey[0] = byte(rapid.IntRange(0, 9).Draw(t, "leaders"))
	o := &oracleUnderTest{cfg: cfg, world: newOutside(n), pending: map[Round]ocr1types.PendingTransmission{}}
	o.Oracle = roundtest.Oracle[ocr1wire.Message]{
		T: t, Now: epochStart, Own: cfg.OracleID, RMax: cfg.RMax, Dice: roundtest.NewDice(rapid.Uint64().Draw(t, "seed")),
		Leads:      func(epoch uint32) bool { return o.m.core.Leaders.Leader(epoch) == cfg.OracleID },
		StartEvent: o.startEvent, Perform: o.perform, Answer: o.answer, Message: o.message, Check: o.check, Bounds: o.bounds,
		New: func() roundtest.Machine { return New(cfg) },
	}
	return o
}

func (o *oracleUnderTest) startEvent(state *types.PersistentState, signed *Round, contract uint32, known bool) Event {
	o.m = o.Machines[0].(*Machine)
	o.transmits, o.accepted = map[string]int{}, Round{}
	return Start{State: state, SignedRound: signed, ContractEpoch: contract, ContractKnown: known, Pending: o.pending}
}

func (o *oracleUnderTest) perform(effect kernel.Effect) bool {
	switch e := effect.(type) {
	case StorePending:
		if !o.accepted.Less(e.Round) {
			o.T.Fatalf("%s after %s", e, o.accepted)
		}
		o.accepted = e.Round
		o.pending[e.Round] = e.Pending
	case rounds.DeletePending:
		delete(o.pending, e.Round)
	case CallTransmit:
		what := fmt.Sprintf("%s %x", e.Round, e.Report)
		o.handed++
		if o.transmits[what]++; o.transmits[what] > rounds.MaxTransmitAttempts {
			o.T.Fatalf("%s was handed to the transmitter %d times", what, o.transmits[what])
		}
		return false
	default:
		return false
	}
	return true
}

func (o *oracleUnderTest) check(m ocr1wire.Message) {
	ok := true
	switch m := m.(type) {
	case *ocr1wire.ReportReq:
		_, ok = o.m.core.CheckObservers(len(m.Observations), func(i int) commontypes.OracleID { return m.Observations[i].Observer })
		ok = ok && slices.IsSortedFunc(m.Observations, byValue)
	case *ocr1wire.Report:
		ok = len(m.AttestedReport.Observations) > 2*o.cfg.F && slices.IsSortedFunc(m.AttestedReport.Observations,
			func(a, b ocr1wire.AttributedObservation) int { return a.Observation.Compare(b.Observation) })
	case *ocr1wire.Final:
		ok = o.m.core.checkSignatures(&m.AttestedReport)
	case *ocr1wire.FinalEcho:
		ok = o.m.core.checkSignatures(&m.Final.AttestedReport)
	}
	if !ok {
		o.T.Fatalf("%s is not valid", m)
	}
}

func (o *oracleUnderTest) bounds() {
	n, s := o.cfg.N, o.m.Status()
	for name, x := range map[string]struct{ got, most int }{
		"follower queue":        {s.FollowerQueue, n * rounds.MaxFollowerQueue},
		"future messages":       {s.FutureMessages, n * kernel.FutureMessagesPerSender},
		"finals to accept":      {s.FinalsToAccept, rounds.MaxFinalsToAccept},
		"pending transmissions": {s.PendingTransmissions, rounds.MaxPendingTransmissions},
		"echoes":                {s.Echoes, o.cfg.F + 1},
		// The follower has one, the leader two for each oracle, transmission two.
		"calls": {s.Calls, 2*n + 3},
	} {
		if x.got > x.most {
			o.T.Fatalf("%s: %d, at most %d are allowed", name, x.got, x.most)
		}
	}
	if s.WishedEpoch < s.Epoch && s.WishedEpoch > 0 {
		o.T.Fatalf("wish %d in epoch %d", s.WishedEpoch, s.Epoch)
	}
}

// answer answers a call. The data source need not say the same twice, nor the contract: that is what makes signing twice
// dangerous.
func (o *oracleUnderTest) answer(call kernel.Effect, fail bool) Event {
	var err error
	if fail {
		err = roundtest.ErrOutside
	}
	o.world.contract.LatestAnswer = big.NewInt(int64(o.Dice.Between(0, 3)))
	o.world.contract.LatestTimestamp = o.Now
	if o.Dice.Seldom(4) {
		o.world.contract.Round = Round{Epoch: uint32(o.Dice.Between(0, 3)), Round: uint8(o.Dice.Between(0, 3))}
	}
	switch a := o.world.answer(o.cfg.OracleID, call).(type) {
	case ObserveDone:
		a.Err, a.Value = err, big.NewInt(int64(o.Dice.Between(-2, 3)))
		return a
	case ReportInputsDone:
		a.Err = err
		return a
	case ContractStateDone:
		a.Err = err
		return a
	case rounds.TransmitDone:
		a.Err = err
		return a
	case kernel.Signed:
		a.Err = err
		return a
	default:
		return a
	}
}

// message makes up a message of another oracle: mostly one that could matter now, mostly with good signatures.
func (o *oracleUnderTest) message() (from commontypes.OracleID, m ocr1wire.Message) {
	from = commontypes.OracleID(o.Dice.Between(0, o.cfg.N-1))
	if o.Dice.Seldom(30) {
		from = commontypes.OracleID(o.cfg.N)
	}
	status := o.m.Status()
	r := o.Position(status.Status)
	ts := o.m.core.timestamp(r)
	leader := o.m.core.Leaders.Leader(r.Epoch)
	signature := func(s []byte) []byte {
		if o.Dice.Seldom(8) {
			return []byte("forged")
		}
		return s
	}
	signed := func(observer commontypes.OracleID) ocr1wire.SignedObservation {
		s := signedObservation(o.T, ts, observer, big.NewInt(int64(observer/2)))
		s.Signature = signature(s.Signature)
		return s
	}
	request := &ocr1wire.ReportReq{Epoch: r.Epoch, Round: r.Round}
	for i := range o.cfg.N - roundtest.OneOf(o.Dice, []int{0, 0, 0, 1, o.cfg.N}) {
		observer := commontypes.OracleID(i)
		request.Observations = append(request.Observations,
			ocr1wire.AttributedSignedObservation{SignedObservation: signed(observer), Observer: observer})
	}
	if o.Dice.Seldom(20) {
		slices.Reverse(request.Observations)
	}
	// What others report about is mostly what the follower was asked to, or what the leader asked for.
	list := attributed(request)
	if o.requested != nil && o.requested.Epoch == r.Epoch && o.requested.Round == r.Round && !o.Dice.Seldom(6) {
		list = attributed(o.requested)
	}
	final := func() ocr1wire.Final {
		final := ocr1wire.Final{Epoch: r.Epoch, Round: r.Round}
		final.AttestedReport.Observations = list
		first := o.Dice.Between(0, o.cfg.N-1)
		for i := range o.cfg.F + 1 {
			signer := commontypes.OracleID((first + i) % o.cfg.N)
			final.AttestedReport.Signatures = append(final.AttestedReport.Signatures,
				signature(report(o.T, ts, signer, list).AttestedReport.Signature))
		}
		return final
	}
	switch o.Kind(status.Status) {
	case ocr1wire.KindNewEpoch:
		return from, &ocr1wire.NewEpoch{Epoch: r.Epoch}
	case ocr1wire.KindObserveReq:
		return leader, &ocr1wire.ObserveReq{Epoch: r.Epoch, Round: r.Round}
	case ocr1wire.KindObserve:
		return from, &ocr1wire.Observe{Epoch: r.Epoch, Round: r.Round, SignedObservation: signed(from)}
	case ocr1wire.KindReportReq:
		o.requested = request
		return leader, request
	case ocr1wire.KindReport:
		m := report(o.T, ts, from, list)
		m.AttestedReport.Signature = signature(m.AttestedReport.Signature)
		return from, m
	case ocr1wire.KindFinal:
		f := final()
		return leader, &f
	default:
		return from, &ocr1wire.FinalEcho{Final: final()}
	}
}

func TestMachineInvariants(t *testing.T) {
	reached := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		o := newOracleUnderTest(t)
		o.Play(rapid.IntRange(200, 800).Draw(t, "events"))
		o.Reached(reached)
		reached["transmit"] += o.handed
	})
	for _, what := range []string{"crash", "Observe", "Report", "ObserveReq", "ReportReq", "Final", "FinalEcho", "transmit"} {
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
		nil, 7, MessageReceived{}, MessageReceived{Message: &ocr1wire.NewEpoch{Epoch: 1}}, rounds.TimerFired{Timer: rounds.TimerRound}, kernel.Verified{ID: 1},
	} {
		m.Step(epochStart, ev)
	}
	m.Step(epochStart, Start{})
	for _, ev := range []Event{
		nil, "text", Start{}, MessageReceived{}, MessageReceived{From: 31, Message: &ocr1wire.NewEpoch{Epoch: 1}}, rounds.TimerFired{},
		rounds.TimerFired{Timer: 200}, kernel.Verified{}, kernel.Signed{ID: 99}, ObserveDone{}, ReportInputsDone{ID: 1}, ContractStateDone{},
		SignersRecovered{ID: 7}, rounds.TransmitDone{},
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
		"DeltaProgress": func(c *Config) { c.DeltaProgress = -1 },
		"DeltaGrace":    func(c *Config) { c.DeltaGrace = -1 },
		"a duration":    func(c *Config) { c.DeltaC = -time.Second },
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
