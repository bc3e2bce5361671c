package ocr2

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
)

// oracleUnderTest is one oracle over several lives.
type oracleUnderTest struct {
	roundtest.Oracle[ocr2wire.Message]
	cfg       Config
	m         *Machine
	pending   map[Round]types.PendingTransmission
	transmits map[string]int // in this life
	handed    int            // to the transmitter, in all lives
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
	o := &oracleUnderTest{cfg: cfg, pending: map[Round]types.PendingTransmission{}}
	o.Oracle = roundtest.Oracle[ocr2wire.Message]{
		T: t, Now: epochStart, Own: cfg.OracleID, RMax: cfg.RMax, Dice: roundtest.NewDice(rapid.Uint64().Draw(t, "seed")),
		Leads:      func(epoch uint32) bool { return o.m.core.Leaders.Leader(epoch) == cfg.OracleID },
		StartEvent: o.startEvent, Perform: o.perform, Answer: o.answer, Message: o.message, Check: o.check, Bounds: o.bounds,
		New: func() roundtest.Machine { return New(cfg) },
	}
	return o
}

func (o *oracleUnderTest) startEvent(state *types.PersistentState, signed *Round, contract uint32, known bool) Event {
	o.m = o.Machines[0].(*Machine)
	o.transmits = map[string]int{}
	return Start{State: state, SignedRound: signed, ContractEpoch: contract, ContractKnown: known, Pending: o.pending}
}

func (o *oracleUnderTest) perform(effect kernel.Effect) bool {
	switch e := effect.(type) {
	case StorePending:
		o.pending[e.Round] = e.Pending
	case rounds.DeletePending:
		delete(o.pending, e.Round)
	case CallTransmit:
		what := fmt.Sprintf("%d/%d %x %x", e.Context.Epoch, e.Context.Round, e.Context.ExtraHash, []byte(e.Report))
		o.handed++
		if o.transmits[what]++; o.transmits[what] > rounds.MaxTransmitAttempts {
			o.T.Fatalf("%s was handed to the transmitter %d times", what, o.transmits[what])
		}
		return false
	case ScheduleComputed, AcceptComputed, TransmitComputed:
	default:
		return false
	}
	return true
}

func (o *oracleUnderTest) check(m ocr2wire.Message) {
	ok := true
	switch m := m.(type) {
	case *ocr2wire.ReportReq:
		_, ok = o.m.core.CheckObservers(len(m.Observations), func(i int) commontypes.OracleID { return m.Observations[i].Observer })
	case *ocr2wire.Final:
		_, ok = o.m.core.checkFinal(m)
	case *ocr2wire.FinalEcho:
		_, ok = o.m.core.checkFinal(&m.Final)
	}
	if !ok {
		o.T.Fatalf("%s is not valid", m)
	}
}

func (o *oracleUnderTest) bounds() {
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
			o.T.Fatalf("%s: %d, at most %d are allowed", name, x.got, x.most)
		}
	}
	if s.WishedEpoch < s.Epoch && s.WishedEpoch > 0 {
		o.T.Fatalf("wish %d in epoch %d", s.WishedEpoch, s.Epoch)
	}
}

// answer answers a call. Plugins need not say the same twice: that is what makes signing twice dangerous.
func (o *oracleUnderTest) answer(call kernel.Effect, fail bool) Event {
	plugin := fakePlugin{transmit: o.Dice.Seldom(2)}
	if o.Dice.Seldom(4) {
		plugin.skip = func(Round) bool { return true }
	}
	var err error
	if fail {
		err = errPlugin
	}
	switch a := plugin.answer(o.cfg.OracleID, call).(type) {
	case QueryDone:
		a.Err = err
		return a
	case ObservationDone:
		a.Err, a.Observation = err, []byte{byte(o.Dice.Between(0, 255))}
		return a
	case ReportDone:
		a.Err = err
		if a.ShouldReport && o.Dice.Seldom(2) {
			a.Report = []byte{byte(o.Dice.Between(0, 255))}
		}
		return a
	case ShouldAcceptDone:
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
func (o *oracleUnderTest) message() (from commontypes.OracleID, m ocr2wire.Message) {
	id := func() commontypes.OracleID {
		if o.Dice.Seldom(30) {
			return commontypes.OracleID(o.cfg.N)
		}
		return commontypes.OracleID(o.Dice.Between(0, o.cfg.N-1))
	}
	status := o.m.Status()
	r := o.Position(status.Status)
	epoch, round := r.Epoch, r.Round
	query := roundtest.OneOf(o.Dice, [][]byte{{1}, {1}, nil})
	if status.Leads {
		query = o.m.generation.leading.query
	}
	usual := []byte{byte(epoch), round}
	report := roundtest.OneOf(o.Dice, [][]byte{usual, usual, usual, {1}, nil})
	signature := func(s []byte) []byte {
		if o.Dice.Seldom(8) {
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
		first := o.Dice.Between(0, o.cfg.N-1)
		for i := range o.cfg.ReportQuorum {
			signer := commontypes.OracleID((first + i) % o.cfg.N)
			f.AttestedReport.AttributedSignatures = append(f.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signer: signer, Signature: signature(fakeSign(signer, reportMessage(ctx, report)))})
		}
		return f
	}
	from = id()
	leader := o.m.core.Leaders.Leader(epoch)
	switch o.Kind(status.Status) {
	case ocr2wire.KindNewEpoch:
		return from, &ocr2wire.NewEpoch{Epoch: epoch}
	case ocr2wire.KindObserveReq:
		return leader, &ocr2wire.ObserveReq{Epoch: epoch, Round: round, Query: query}
	case ocr2wire.KindObserve:
		return from, &ocr2wire.Observe{Epoch: epoch, Round: round, SignedObservation: signed(from)}
	case ocr2wire.KindReportReq:
		req := &ocr2wire.ReportReq{Epoch: epoch, Round: round, Query: query}
		for i := range o.cfg.N - roundtest.OneOf(o.Dice, []int{0, 0, 0, 1, o.cfg.N}) {
			observer := commontypes.OracleID(i)
			req.Observations = append(req.Observations, ocr2wire.AttributedSignedObservation{SignedObservation: signed(observer), Observer: observer})
		}
		return leader, req
	case ocr2wire.KindReport:
		m := &ocr2wire.Report{Epoch: epoch, Round: round}
		if m.AttestedReport.Skip = o.Dice.Seldom(4); !m.AttestedReport.Skip {
			m.AttestedReport.Report = report
			m.AttestedReport.Signature = signature(fakeSign(from, reportMessage(ctx, report)))
		}
		return from, m
	case ocr2wire.KindFinal:
		f := final()
		return leader, &f
	default:
		return from, &ocr2wire.FinalEcho{Final: final()}
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
	for _, what := range []string{"crash", "Observe", "Report", "ObserveReq", "ReportReq", "FinalEcho", "transmit"} {
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
		nil, 7, MessageReceived{}, MessageReceived{From: 0, Message: &ocr2wire.NewEpoch{Epoch: 1}}, rounds.TimerFired{Timer: rounds.TimerRound}, kernel.Verified{ID: 1},
	} {
		m.Step(epochStart, ev)
	}
	m.Step(epochStart, Start{})
	for _, ev := range []Event{
		nil, "text", Start{}, MessageReceived{}, MessageReceived{From: 31, Message: &ocr2wire.NewEpoch{Epoch: 1}}, rounds.TimerFired{}, rounds.TimerFired{Timer: 200},
		kernel.Verified{}, kernel.Signed{ID: 99}, QueryDone{}, ObservationDone{ID: 1}, ReportDone{ID: 1}, ShouldAcceptDone{},
		ShouldTransmitDone{}, rounds.TransmitDone{},
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
