package ocr1

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// driven is a machine that was started; its calls are answered, except for those that hold names.
type driven struct {
	t     testing.TB
	m     *Machine
	world *outside
	now   time.Time
	hold  func(kernel.Effect) bool
}

func newDriven(t testing.TB, cfg Config, start Start, hold func(kernel.Effect) bool) *driven {
	d := &driven{t: t, m: New(cfg), world: newOutside(cfg.N), now: epochStart, hold: hold}
	d.step(start)
	return d
}

func holdNothing(kernel.Effect) bool { return false }

func (d *driven) step(ev Event) (all []kernel.Effect) {
	queue := []Event{ev}
	for len(queue) > 0 {
		effects := d.m.Step(d.now, queue[0])
		queue = queue[1:]
		for _, effect := range effects {
			all = append(all, effect)
			if answer := d.world.answer(d.m.core.cfg.OracleID, effect); answer != nil && !d.hold(effect) {
				queue = append(queue, answer)
			}
		}
	}
	return all
}

func (d *driven) receive(from commontypes.OracleID, m ocr1wire.Message) []kernel.Effect {
	return d.step(MessageReceived{From: from, Message: m})
}

// final makes an attested report of a round with good signatures; the median is of the value given.
func (d *driven) final(r Round, median int64) *ocr1wire.Final {
	n, f := d.m.core.cfg.N, d.m.core.cfg.F
	ts := d.m.core.timestamp(r)
	m := &ocr1wire.Final{Epoch: r.Epoch, Round: r.Round}
	for i := range 2*f + 1 {
		o, err := ocr1wire.NewObservation(big.NewInt(median))
		if err != nil {
			d.t.Fatal(err)
		}
		m.AttestedReport.Observations = append(m.AttestedReport.Observations,
			ocr1wire.AttributedObservation{Observation: o, Observer: commontypes.OracleID(i)})
	}
	for i := range f + 1 {
		signer := commontypes.OracleID(n - 1 - i)
		m.AttestedReport.Signatures = append(m.AttestedReport.Signatures,
			report(fatalf{d.t}, ts, signer, m.AttestedReport.Observations).AttestedReport.Signature)
	}
	return m
}

// fatalf is a testing.TB as fataler.
type fatalf struct{ testing.TB }

// complete has the oracle complete a round by the echoes of others, and returns what it did.
func (d *driven) complete(r Round, median int64) (all []kernel.Effect) {
	leader := d.m.core.Leaders.Leader(r.Epoch)
	all = append(all, d.receive(leader, &ocr1wire.ObserveReq{Epoch: r.Epoch, Round: r.Round})...)
	final := d.final(r, median)
	for i := range d.m.core.cfg.F + 1 {
		all = append(all, d.receive(commontypes.OracleID(i), &ocr1wire.FinalEcho{Final: *final})...)
	}
	return all
}

func countDropped(effects []kernel.Effect, why kernel.DropReason) (n int) {
	for _, effect := range effects {
		if d, ok := effect.(kernel.Dropped); ok && d.Why == why.Text {
			n++
		}
	}
	return n
}

// TestEchoesOfOneSenderDoNotCrowdOutTheLeader: each sender has a queue of its own while the follower is busy.
func TestEchoesOfOneSenderDoNotCrowdOutTheLeader(t *testing.T) {
	observing := func(effect kernel.Effect) bool { _, ok := effect.(CallObserve); return ok }
	cfg := testConfig(4, 1)
	cfg.OracleID = 1
	cfg.LeaderSelectionKey[0] = 3
	d := newDriven(t, cfg, Start{}, observing)
	leader := d.m.core.Leaders.Leader(1)
	flooder := (leader + 1) % 4
	d.receive(leader, &ocr1wire.ObserveReq{Epoch: 1, Round: 1})
	d.receive(leader, &ocr1wire.ObserveReq{Epoch: 1, Round: 2})
	dropped := 0
	for range 100 {
		dropped += countDropped(d.receive(flooder, &ocr1wire.FinalEcho{Final: *d.final(Round{Epoch: 1, Round: 1}, 7)}), rounds.DropQueueFull)
	}
	if got := d.m.Status().FollowerQueue; got != rounds.MaxFollowerQueue+1 || dropped != 100-rounds.MaxFollowerQueue {
		t.Errorf("%d messages wait, %d were dropped", got, dropped)
	}
	for _, effect := range d.step(ObserveDone{ID: 1, Value: big.NewInt(5)}) {
		if started, ok := effect.(rounds.RoundStarted); ok && started.Round == 2 {
			return
		}
	}
	t.Error("the leader's message got lost")
}

func TestFinalsToAcceptAreBounded(t *testing.T) {
	deciding := func(effect kernel.Effect) bool { _, ok := effect.(CallContractState); return ok }
	cfg := testConfig(4, 1)
	cfg.RMax = 254
	d := newDriven(t, cfg, Start{}, deciding)
	for i := range 150 {
		d.complete(Round{Epoch: 1, Round: uint8(i + 1)}, int64(i))
	}
	if got := d.m.Status().FinalsToAccept; got != rounds.MaxFinalsToAccept {
		t.Errorf("%d finals wait, want %d", got, rounds.MaxFinalsToAccept)
	}
}

func TestRestoredTransmissionsAreBounded(t *testing.T) {
	m := New(testConfig(4, 1))
	pending := map[Round]ocr1types.PendingTransmission{}
	for i := range rounds.MaxPendingTransmissions + 5 {
		pending[Round{Epoch: uint32(i + 1), Round: 1}] = ocr1types.PendingTransmission{
			Time: epochStart.Add(time.Duration(i+1) * time.Second)}
	}
	deleted := 0
	for _, effect := range m.Step(epochStart, Start{Pending: pending}) {
		if _, ok := effect.(rounds.DeletePending); ok {
			deleted++
		}
	}
	if got := m.Status().PendingTransmissions; got != rounds.MaxPendingTransmissions || deleted != 5 {
		t.Errorf("%d were restored, %d deleted", got, deleted)
	}
}

// TestRestore: what is not due is taken up again, and the latest report of what was due while the oracle was down.
func TestRestore(t *testing.T) {
	m := New(testConfig(4, 1))
	pending := map[Round]ocr1types.PendingTransmission{}
	add := func(r Round, due time.Duration) {
		pending[r] = ocr1types.PendingTransmission{Time: epochStart.Add(due), SerializedReport: []byte{r.Round}}
	}
	add(Round{Epoch: 2, Round: 1}, -time.Second)
	add(Round{Epoch: 2, Round: 3}, -time.Hour) // the latest, though the longest overdue
	add(Round{Epoch: 2, Round: 2}, -time.Minute)
	add(Round{Epoch: 1, Round: 9}, time.Hour)
	add(Round{Epoch: 3, Round: 1}, 0)
	var got []string
	for _, effect := range m.Step(epochStart, Start{Pending: pending}) {
		switch effect.(type) {
		case rounds.DeletePending:
			got = append(got, effect.String())
		}
	}
	for _, item := range m.transmission.Queue() {
		got = append(got, item.Round.String())
	}
	if want := "[delete-pending 2/2 delete-pending 2/1 2/3 3/1 1/9]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestRestoredReportIsTransmittedOnce: an oracle that starts again transmits what it had accepted; when the echoes of that
// report reach it only then, it does not transmit it a second time.
func TestRestoredReportIsTransmittedOnce(t *testing.T) {
	cfg := testConfig(4, 1)
	cfg.S = []int{4}
	before := newDriven(t, cfg, Start{}, holdNothing)
	pending := map[Round]ocr1types.PendingTransmission{}
	for _, effect := range before.complete(Round{Epoch: 1, Round: 1}, 7) {
		if e, ok := effect.(StorePending); ok {
			pending[e.Round] = e.Pending
		}
	}
	if len(pending) != 1 {
		t.Fatalf("%d reports were stored, want 1", len(pending))
	}
	transmitted := 0
	count := func(effects []kernel.Effect) {
		for _, effect := range effects {
			if _, ok := effect.(CallTransmit); ok {
				transmitted++
			}
		}
	}
	d := newDriven(t, cfg, Start{Pending: pending}, holdNothing)
	d.world.contract.Round = Round{} // the contract does not have it yet
	d.now = d.now.Add(time.Second)
	transmitted = 0
	effects := d.complete(Round{Epoch: 1, Round: 1}, 7)
	for _, effect := range effects {
		if _, ok := effect.(StorePending); ok {
			t.Error("the restored report was stored again")
		}
	}
	count(effects)
	count(d.step(rounds.TimerFired{Timer: rounds.TimerTransmit}))
	count(d.step(rounds.TimerFired{Timer: rounds.TimerTransmit}))
	if transmitted != 1 {
		t.Errorf("the report was transmitted %d times, want 1", transmitted)
	}
}

// TestRestartedOracleDoesNotSignTwice: in the round that it may have worked in, an oracle only follows.
func TestRestartedOracleDoesNotSignTwice(t *testing.T) {
	cfg := testConfig(4, 1)
	round := Round{Epoch: 1, Round: 2}
	state := &types.PersistentState{Epoch: 1, HighestSentEpoch: 1, HighestReceivedEpoch: []uint32{1, 1, 1, 1}}
	for own := range 4 {
		cfg.OracleID = commontypes.OracleID(own)
		d := newDriven(t, cfg, Start{State: state, SignedRound: &round}, holdNothing)
		leader := d.m.core.Leaders.Leader(1)
		request := &ocr1wire.ReportReq{Epoch: 1, Round: 2}
		for i := range 4 {
			id := commontypes.OracleID(i)
			request.Observations = append(request.Observations, ocr1wire.AttributedSignedObservation{
				SignedObservation: signedObservation(fatalf{t}, d.m.core.timestamp(round), id, big.NewInt(int64(i))), Observer: id,
			})
		}
		var all []kernel.Effect
		all = append(all, d.receive(leader, &ocr1wire.ObserveReq{Epoch: 1, Round: 2})...)
		all = append(all, d.receive(leader, request)...)
		for _, effect := range all {
			switch effect.(type) {
			case Send, kernel.SignOffchain, SignOnchain, CallObserve:
				t.Errorf("oracle %d: %s", own, effect)
			}
		}
		// It completes the round with the others, though, and works in the next one.
		completed := d.complete(round, 5)
		if got := countDropped(all, rounds.DropBelowFloor); got != 1 || !d.m.Status().CompletedRound {
			t.Errorf("oracle %d: %d requests dropped, completed=%t\n%v", own, got, d.m.Status().CompletedRound, completed)
		}
		observed := false
		for _, effect := range d.receive(leader, &ocr1wire.ObserveReq{Epoch: 1, Round: 3}) {
			if send, ok := effect.(Send); ok {
				observed = send.Message.Kind() == ocr1wire.KindObserve
			}
		}
		if !observed {
			t.Errorf("oracle %d does not observe in the next round", own)
		}
	}
}

// FuzzMachine hands a machine whatever decodes: it must stay within its bounds and not panic. The input is a list of
// messages, each after a byte for its sender and one for its length; a length of 0 lets a timer fire instead.
func FuzzMachine(f *testing.F) {
	add := func(messages ...ocr1wire.Message) {
		var input []byte
		for _, m := range messages {
			b, err := ocr1wire.Encode(m)
			if err != nil || len(b) > 255 {
				f.Fatalf("%v, %d bytes", err, len(b))
			}
			input = append(append(input, 0, byte(len(b))), b...)
		}
		f.Add(input)
	}
	cfg := testConfig(4, 1)
	cfg.OracleID = 1
	d := newDriven(f, cfg, Start{}, holdNothing)
	some := []ocr1wire.AttributedSignedObservation{{Observer: 0}, {Observer: 1}, {Observer: 3}}
	for epoch := uint32(1); epoch <= 4; epoch++ {
		add(&ocr1wire.NewEpoch{Epoch: epoch}, &ocr1wire.ObserveReq{Epoch: epoch, Round: 1}, &ocr1wire.ReportReq{Epoch: epoch, Round: 1, Observations: some})
		add(&ocr1wire.ObserveReq{Epoch: epoch, Round: 1}, &ocr1wire.Final{Epoch: epoch, Round: 1}, &ocr1wire.ObserveReq{Epoch: epoch, Round: 4})
		add(&ocr1wire.Observe{Epoch: epoch, Round: 1}, &ocr1wire.Report{Epoch: epoch, Round: 1})
		add(&ocr1wire.ObserveReq{Epoch: epoch, Round: 2}, &ocr1wire.FinalEcho{Final: *d.final(Round{Epoch: epoch, Round: 2}, 9)})
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		d := newDriven(t, cfg, Start{}, holdNothing)
		for len(input) >= 2 {
			sender, size := input[0], min(int(input[1]), len(input)-2)
			body := input[2 : 2+size]
			input = input[2+size:]
			if size == 0 {
				d.step(rounds.TimerFired{Timer: rounds.TimerResend + kernel.TimerID(sender%5)})
			} else if message, err := ocr1wire.Decode(body); err == nil {
				for _, effect := range d.receive(commontypes.OracleID(sender%5), message) {
					_ = effect.String()
				}
			}
		}
		if s := d.m.Status(); s.Calls != 0 || s.FollowerStep != "idle" {
			t.Fatalf("all calls were answered, but the state is\n%s", d.m)
		}
	})
}
