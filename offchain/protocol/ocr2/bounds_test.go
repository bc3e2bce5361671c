package ocr2

import (
	"fmt"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// startedMachine returns a machine that was started, and a function that steps it and answers the calls of the kinds that
// are named; the others stay under way.
func startedMachine(t *testing.T, cfg Config, answered ...string) (*Machine, func(Event) []kernel.Effect) {
	t.Helper()
	m := New(cfg)
	plugin := fakePlugin{transmit: true}
	step := func(ev Event) (all []kernel.Effect) {
		queue := []Event{ev}
		for len(queue) > 0 {
			effects := m.Step(epochStart, queue[0])
			queue = queue[1:]
			for _, effect := range effects {
				all = append(all, effect)
				for _, kind := range answered {
					if callName(effect) == kind {
						queue = append(queue, plugin.answer(cfg.OracleID, effect))
					}
				}
			}
		}
		return all
	}
	step(Start{})
	return m, step
}

// echo returns a FinalEcho with good signatures.
func echo(m *Machine, r Round, report byte) *ocr2wire.FinalEcho {
	ctx := types.ReportContext{ReportTimestamp: m.core.timestamp(r)}
	final := ocr2wire.Final{Epoch: r.Epoch, Round: r.Round}
	final.AttestedReport.Report = []byte{report}
	for i := range m.core.cfg.ReportQuorum {
		id := commontypes.OracleID(i)
		final.AttestedReport.AttributedSignatures = append(final.AttestedReport.AttributedSignatures,
			types.AttributedOnchainSignature{Signer: id, Signature: fakeSign(id, reportMessage(ctx, []byte{report}))})
	}
	return &ocr2wire.FinalEcho{Final: final}
}

func countDropped(effects []kernel.Effect, why kernel.DropReason) (n int) {
	for _, effect := range effects {
		if d, ok := effect.(kernel.Dropped); ok && d.Why == why.Text {
			n++
		}
	}
	return n
}

func TestVerificationsPerSenderAreBounded(t *testing.T) {
	m, step := startedMachine(t, testConfig(4, 1))
	dropped := 0
	for i := range 100 {
		dropped += countDropped(step(MessageReceived{From: 2, Message: echo(m, Round{Epoch: uint32(i + 1), Round: 1}, 0)}), dropTooManyToVerify)
	}
	if got := m.Status().FinalChecks; got != maxFinalChecksPerSender || dropped != 100-maxFinalChecksPerSender {
		t.Errorf("%d verifications, %d dropped", got, dropped)
	}
	// One sender's flood is not another's problem.
	if dropped := countDropped(step(MessageReceived{From: 3, Message: echo(m, Round{Epoch: 500, Round: 1}, 0)}), dropTooManyToVerify); dropped != 0 {
		t.Error("the message of another sender was dropped")
	}
}

func TestFinalsToAcceptAreBounded(t *testing.T) {
	m, step := startedMachine(t, testConfig(4, 1), "verify")
	for i := range 150 {
		step(MessageReceived{From: 2, Message: echo(m, Round{Epoch: uint32(i + 1), Round: 1}, 0)})
	}
	if got := m.Status().FinalsToAccept; got != rounds.MaxFinalsToAccept {
		t.Errorf("%d finals wait, want %d", got, rounds.MaxFinalsToAccept)
	}
	// The plugin's decision is about the first report, which must still be there.
	for _, effect := range step(ShouldAcceptDone{ID: 2, Accept: true}) {
		if accepted, ok := effect.(AcceptComputed); ok {
			if accepted.Timestamp.Epoch != 1 || !accepted.Result {
				t.Errorf("decided about %+v, want epoch 1", accepted)
			}
			return
		}
	}
	t.Error("no decision")
}

func TestPendingTransmissionsAreBounded(t *testing.T) {
	cfg := testConfig(4, 1)
	cfg.DeltaStage, cfg.S, cfg.DeltaRound, cfg.RMax = time.Hour, []int{0, 4}, 0, 200
	m, step := startedMachine(t, cfg, "verify", "should-accept")
	stored, deleted := 0, []string{}
	for i := range rounds.MaxPendingTransmissions + 3 {
		for _, effect := range step(MessageReceived{From: 2, Message: echo(m, Round{Epoch: uint32(i/200 + 1), Round: uint8(i%200 + 1)}, 0)}) {
			switch e := effect.(type) {
			case StorePending:
				stored++
			case rounds.DeletePending:
				deleted = append(deleted, e.Round.String())
			}
		}
	}
	if got := m.Status().PendingTransmissions; got != rounds.MaxPendingTransmissions || stored != rounds.MaxPendingTransmissions+3 {
		t.Errorf("%d wait, %d were stored", got, stored)
	}
	if fmt.Sprint(deleted) != "[1/1 1/2 1/3]" {
		t.Errorf("given up: %v, want the three that are due first", deleted)
	}
}

func TestRestoredTransmissionsAreBounded(t *testing.T) {
	m := New(testConfig(4, 1))
	pending := map[Round]types.PendingTransmission{}
	for i := range rounds.MaxPendingTransmissions + 5 {
		pending[Round{Epoch: uint32(i + 1), Round: 1}] = types.PendingTransmission{Time: epochStart.Add(time.Duration(i) * time.Second)}
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

func TestReportFinalizedAgainAfterRestartIsTransmittedOnce(t *testing.T) {
	cfg := testConfig(4, 1)
	cfg.S = []int{4}
	_, step := startedMachine(t, cfg, "verify", "should-accept")
	m := New(cfg)
	again := echo(m, Round{Epoch: 1, Round: 1}, 7)
	stored := 0
	for _, effect := range step(MessageReceived{From: 2, Message: again}) {
		if e, ok := effect.(StorePending); ok {
			stored++
			m.Step(epochStart, Start{Pending: map[Round]types.PendingTransmission{e.Round: e.Pending}})
		}
	}
	if stored != 1 {
		t.Fatalf("stored %d times", stored)
	}
	effects := m.Step(epochStart, MessageReceived{From: 2, Message: again})
	check := effects[len(effects)-1].(kernel.Verify)
	for _, effect := range m.Step(epochStart, verifyAll(check)) {
		if call, ok := effect.(CallShouldAccept); ok {
			m.Step(epochStart, ShouldAcceptDone{ID: call.ID, Accept: true})
		}
	}
	if got := m.Status().PendingTransmissions; got != 1 {
		t.Errorf("%d transmissions are planned for one report", got)
	}
}

func TestFinalizedRoundsAreBounded(t *testing.T) {
	cfg := testConfig(4, 1)
	cfg.DeltaRound = time.Hour // the smallest window: 10 rounds
	m, step := startedMachine(t, cfg, "verify")
	for i := range 100 {
		step(MessageReceived{From: 2, Message: echo(m, Round{Epoch: uint32(i + 1), Round: 1}, 0)})
		if got := m.Status().Finalized; got > 21 {
			t.Fatalf("%d rounds are remembered", got)
		}
	}
}
