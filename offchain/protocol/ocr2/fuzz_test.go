package ocr2

import (
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// FuzzMachine hands a machine whatever decodes: it must stay within its bounds and not panic. The input is a list of
// messages, each after a byte for its sender and one for its length; a length of 0 lets a timer fire instead.
func FuzzMachine(f *testing.F) {
	add := func(messages ...ocr2wire.Message) {
		var input []byte
		for _, m := range messages {
			b, err := ocr2wire.Encode(m)
			if err != nil || len(b) > 255 {
				f.Fatalf("%v, %d bytes", err, len(b))
			}
			input = append(append(input, 0, byte(len(b))), b...)
		}
		f.Add(input)
	}
	some := []ocr2wire.AttributedSignedObservation{{Observer: 0}, {Observer: 1}, {Observer: 3}}
	m := New(testConfig(4, 1))
	for epoch := uint32(1); epoch <= 4; epoch++ {
		add(&ocr2wire.NewEpoch{Epoch: epoch}, &ocr2wire.ObserveReq{Epoch: epoch, Round: 1}, &ocr2wire.ReportReq{Epoch: epoch, Round: 1, Observations: some})
		add(&ocr2wire.ObserveReq{Epoch: epoch, Round: 1}, &ocr2wire.Final{Epoch: epoch, Round: 1}, &ocr2wire.ObserveReq{Epoch: epoch, Round: 4})
		add(&ocr2wire.Observe{Epoch: epoch, Round: 1}, &ocr2wire.Report{Epoch: epoch, Round: 1}, echo(m, Round{Epoch: epoch, Round: 2}, 9))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		cfg := testConfig(4, 1)
		cfg.OracleID = 1
		m := New(cfg)
		plugin := fakePlugin{transmit: true}
		queue := []Event{Start{}}
		for len(input) >= 2 || len(queue) > 0 {
			if len(queue) == 0 {
				sender, size := input[0], min(int(input[1]), len(input)-2)
				body := input[2 : 2+size]
				input = input[2+size:]
				if size == 0 {
					queue = append(queue, rounds.TimerFired{Timer: rounds.TimerResend + kernel.TimerID(sender%5)})
					continue
				}
				message, err := ocr2wire.Decode(body)
				if err != nil {
					continue
				}
				queue = append(queue, MessageReceived{From: commontypes.OracleID(sender % 5), Message: message})
				continue
			}
			for _, effect := range m.Step(epochStart, queue[0]) {
				_ = effect.String()
				if answer := plugin.answer(cfg.OracleID, effect); answer != nil {
					queue = append(queue, answer)
				}
			}
			queue = queue[1:]
		}
		if s := m.Status(); s.Calls != 0 || s.FollowerStep != "idle" && s.FollowerStep != "" {
			t.Fatalf("all calls were answered, but the state is\n%s", m)
		}
	})
}
