package ocr2

import (
	"testing"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// TestRestoredReportIsTransmittedOnce: an oracle that starts again transmits what it had accepted; when the echoes of that
// report reach it only then, it does not transmit it a second time.
func TestRestoredReportIsTransmittedOnce(t *testing.T) {
	cfg := testConfig(4, 1)
	cfg.S = []int{4}
	before, step := startedMachine(t, cfg, "verify", "should-accept")
	late := echo(before, Round{Epoch: 1, Round: 1}, 7)
	pending := map[Round]types.PendingTransmission{}
	for _, effect := range step(MessageReceived{From: 2, Message: late}) {
		if e, ok := effect.(StorePending); ok {
			pending[e.Round] = e.Pending
		}
	}
	if len(pending) != 1 {
		t.Fatalf("%d reports were stored, want 1", len(pending))
	}

	m := New(cfg)
	plugin := fakePlugin{transmit: true}
	transmitted := 0
	var events []Event
	handle := func(ev Event) {
		for events = append(events, ev); len(events) > 0; {
			ev := events[0]
			events = events[1:]
			for _, effect := range m.Step(epochStart, ev) {
				switch e := effect.(type) {
				case CallTransmit:
					transmitted++
				case kernel.SetTimer:
					if e.Timer == rounds.TimerTransmit {
						events = append(events, rounds.TimerFired{Timer: rounds.TimerTransmit})
					}
				}
				if answer := plugin.answer(cfg.OracleID, effect); answer != nil {
					events = append(events, answer)
				}
			}
		}
	}
	handle(Start{Pending: pending})
	if transmitted != 1 {
		t.Fatalf("the restored report was transmitted %d times, want 1", transmitted)
	}
	handle(MessageReceived{From: 2, Message: late})
	if got := m.Status().Finalized; got != 1 {
		t.Fatalf("%d reports are finalized, want 1", got)
	}
	if transmitted != 1 {
		t.Errorf("the report was transmitted %d times, want 1", transmitted)
	}
}
