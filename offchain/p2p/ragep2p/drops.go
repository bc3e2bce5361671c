package ragep2p

import (
	"sync/atomic"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/link"
)

// dropReason says why a message was dropped: the verdicts of the receiving side, and what follows them here.
type dropReason int

const (
	dropIncomingFull dropReason = dropReason(link.Verdicts) + iota
	dropOutgoingFull
	dropSendTooLong
	dropSendInvalid
	dropNotPlain

	dropReasons
)

// String returns the reason as metrics name it.
func (r dropReason) String() string {
	if r < dropReason(link.Verdicts) {
		return link.Verdict(r).String()
	}
	return [...]string{"incoming_buffer_full", "outgoing_buffer_full", "send_too_long", "send_invalid", "not_plain"}[r-dropIncomingFull]
}

// drops counts dropped messages by reason.
type drops [dropReasons]atomic.Uint64

// drop counts dropped messages of a stream and logs the first, second, fourth, ... of its reason. A full buffer is a matter of
// course for some streams, so it is logged at a lower level.
func (d *drops) drop(reason dropReason, log logging.Logger, stream string, length int) {
	n := d[reason].Add(1)
	if n&(n-1) != 0 {
		return
	}
	fields := commontypes.LogFields{"streamName": stream, "reason": reason.String(), "droppedCount": n, "payloadLength": length}
	switch reason {
	case dropIncomingFull, dropOutgoingFull:
		log.Debug("messages are dropped", fields)
	default:
		log.Warn("messages are dropped", fields)
	}
}
