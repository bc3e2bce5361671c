package kernel

import "github.com/ocrkit/ocrkit/offchain/commontypes"

// FutureMessagesPerSender is the number of messages of later epochs that are kept for each sender.
const FutureMessagesPerSender = 10

// FutureBuffer keeps messages of epochs that this oracle has not entered yet: its peers may be ahead. Each sender has a
// queue of its own, of FutureMessagesPerSender messages, so that none can push out another's.
//
// Source: docs/protocol/ocr2.md, "Dispatch and buffering".
type FutureBuffer[M any] struct {
	queues [][]futureMessage[M]
}

type futureMessage[M any] struct {
	epoch   uint64
	message M
}

// NewFutureBuffer returns an empty buffer for n senders.
func NewFutureBuffer[M any](n int) *FutureBuffer[M] {
	return &FutureBuffer[M]{queues: make([][]futureMessage[M], n)}
}

// Add keeps a message of a later epoch. If the sender's queue is full, its oldest message gives way; it is returned, with
// dropped = true.
func (b *FutureBuffer[M]) Add(sender commontypes.OracleID, epoch uint64, message M) (oldest M, dropped bool) {
	queue := b.queues[sender]
	if len(queue) == FutureMessagesPerSender {
		oldest, dropped = queue[0].message, true
		queue = b.pop(sender)
	}
	b.queues[sender] = append(queue, futureMessage[M]{epoch, message})
	return oldest, dropped
}

// pop removes the first message of a queue, in place, so that a queue never takes more memory than it may hold.
func (b *FutureBuffer[M]) pop(sender commontypes.OracleID) []futureMessage[M] {
	queue := b.queues[sender]
	copy(queue, queue[1:])
	queue[len(queue)-1] = futureMessage[M]{} // lets go of the message
	queue = queue[:len(queue)-1]
	b.queues[sender] = queue
	return queue
}

// Flush hands over the messages of an epoch that was just entered, sender by sender, each one's in the order received.
// Messages of earlier epochs are discarded on the way. A sender's queue is looked at up to its first message of a later
// epoch; what is behind that one waits, and will be discarded in its time.
//
// deliver must not call the buffer.
func (b *FutureBuffer[M]) Flush(epoch uint64, deliver func(sender commontypes.OracleID, message M)) {
	for i := range b.queues {
		sender := commontypes.OracleID(i)
		for len(b.queues[i]) > 0 && b.queues[i][0].epoch <= epoch {
			head := b.queues[i][0]
			b.pop(sender)
			if head.epoch == epoch {
				deliver(sender, head.message)
			}
		}
	}
}

// Len returns the number of messages in the buffer.
func (b *FutureBuffer[M]) Len() int {
	n := 0
	for _, queue := range b.queues {
		n += len(queue)
	}
	return n
}
