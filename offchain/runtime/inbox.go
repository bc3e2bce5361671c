package runtime

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
)

// maxUnhandledPerSender is the number of messages of one sender that may wait in the mailbox. The machine never waits for
// anything, so this is reached only by a flood.
const maxUnhandledPerSender = 64

// inbox is where the messages of the network enter an instance: it decodes and checks them on the goroutine that brings them
// and puts them into the mailbox. It is safe for concurrent use.
type inbox struct {
	decode decoder
	events messageEvents

	maxLength int // bytes of a message
	logger    logging.Logger
	telemetry *telemetry
	counters  *telemetryCounters
	box       *mailbox

	senders []senderState
}

// senderState is what the inbox keeps for each oracle.
type senderState struct {
	id        commontypes.OracleID
	unhandled atomic.Int32
	malformed atomic.Uint64
	flooded   atomic.Uint64

	malformedTaper, floodedTaper logging.Taper
}

// receive takes one message from the network.
func (in *inbox) receive(m commontypes.BinaryMessageWithSender) {
	if int(m.Sender) >= len(in.senders) {
		in.logger.Critical("dropping a message from an oracle that does not exist: the network layer is at fault", commontypes.LogFields{
			"sender": m.Sender, "n": len(in.senders),
		})
		return
	}
	sender := &in.senders[m.Sender]
	message, err := in.read(m.Msg)
	if err != nil {
		in.malformed(sender, m, err)
		return
	}
	if in.telemetry.wanted() {
		in.counters.count(in.telemetry.offer(func() []byte {
			return in.events.MessageReceived(time.Now(), m.Msg, m.Sender)
		}))
	}
	if sender.unhandled.Add(1) > maxUnhandledPerSender {
		sender.unhandled.Add(-1)
		sender.flooded.Add(1)
		sender.floodedTaper.Trigger(func(count uint64) {
			in.logger.Warn("dropping messages: the sender sends faster than they can be handled", commontypes.LogFields{
				"sender": m.Sender, "droppedCount": count,
			})
		})
		return
	}
	in.box.post(mail{event: message, sender: sender})
}

// handled is called when the machine gets a message of the sender, so that there is room for another.
func (s *senderState) handled() { s.unhandled.Add(-1) }

func (in *inbox) read(b []byte) (message any, err error) {
	if len(b) > in.maxLength {
		return nil, fmt.Errorf("message of %d bytes, at most %d are possible", len(b), in.maxLength)
	}
	return in.decode(b)
}

func (in *inbox) malformed(sender *senderState, m commontypes.BinaryMessageWithSender, err error) {
	sender.malformed.Add(1)
	sender.malformedTaper.Trigger(func(count uint64) {
		in.logger.Error("dropping a malformed message", commontypes.LogFields{
			"sender": m.Sender, "error": err, "droppedCount": count,
		})
	})
	if in.telemetry.wanted() {
		in.counters.count(in.telemetry.offer(func() []byte {
			return in.events.InvalidSerialization(time.Now(), m.Msg, m.Sender)
		}))
	}
}

// malformedCount returns the number of malformed messages so far.
func (in *inbox) malformedCount() (sum uint64) {
	for i := range in.senders {
		sum += in.senders[i].malformed.Load()
	}
	return sum
}

// floodedCount returns the number of messages dropped for want of room so far.
func (in *inbox) floodedCount() (sum uint64) {
	for i := range in.senders {
		sum += in.senders[i].flooded.Load()
	}
	return sum
}
