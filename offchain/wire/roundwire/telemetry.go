package roundwire

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/wirefield"
)

// Telemetry makes the events of one instance for its monitoring endpoint: each method returns the bytes of one kind of
// event. The schemas are ocr1pb/cl_offchainreporting_telemetry.proto and ocr2pb/offchainreporting2_telemetry.proto, which
// give the same events the same numbers; OCR1 has none of those behind RoundStarted. at is the wall clock time of the event.
//
// Messages are handed in as they travelled: their bytes serve as the event's structured copy of the message, too, which
// spares encoding them again.
//
// Source: docs/protocol/ocr2.md, "Telemetry and metrics".
type Telemetry[D Digest] struct {
	// ConfigDigest is that of the instance.
	ConfigDigest D
}

// Digest is a config digest: that of OCR1 has 16 bytes, that of OCR2 32.
type Digest interface{ ~[16]byte | ~[32]byte }

// Fields of TelemetryWrapper.
const (
	telemetryReceived       protowire.Number = 1
	telemetryBroadcast      protowire.Number = 2
	telemetrySent           protowire.Number = 3
	telemetryViolation      protowire.Number = 4
	telemetryRoundStarted   protowire.Number = 5
	telemetryTime           protowire.Number = 6
	telemetrySchedule       protowire.Number = 7
	telemetryShouldAccept   protowire.Number = 8
	telemetryShouldTransmit protowire.Number = 9
	telemetryEpochStarted   protowire.Number = 10
	violationSerialization  protowire.Number = 2
)

// MessageReceived is the event of a message that was received and decoded. message must be decodable.
func (t Telemetry[D]) MessageReceived(at time.Time, message []byte, sender commontypes.OracleID) []byte {
	b := t.start(2*wirefield.SizeBytes(len(message)) + 64)
	b = wirefield.AppendPresentBytes(b, 2, message)
	b = wirefield.AppendUint(b, 3, uint64(sender))
	return wrapTelemetry(at, telemetryReceived, b)
}

// MessageBroadcast is the event of a message that was handed to the network for all oracles.
func (t Telemetry[D]) MessageBroadcast(at time.Time, message []byte) []byte {
	b := t.start(2*wirefield.SizeBytes(len(message)) + 64)
	b = wirefield.AppendPresentBytes(b, 2, message)
	b = wirefield.AppendBytes(b, 3, message)
	return wrapTelemetry(at, telemetryBroadcast, b)
}

// MessageSent is the event of a message that was handed to the network for one oracle.
func (t Telemetry[D]) MessageSent(at time.Time, message []byte, receiver commontypes.OracleID) []byte {
	b := t.start(2*wirefield.SizeBytes(len(message)) + 64)
	b = wirefield.AppendPresentBytes(b, 2, message)
	b = wirefield.AppendBytes(b, 3, message)
	b = wirefield.AppendUint(b, 4, uint64(receiver))
	return wrapTelemetry(at, telemetrySent, b)
}

// InvalidSerialization is the event of a message that could not be decoded or was over a size limit.
func (t Telemetry[D]) InvalidSerialization(at time.Time, message []byte, sender commontypes.OracleID) []byte {
	b := t.start(wirefield.SizeBytes(len(message)) + 64)
	b = wirefield.AppendBytes(b, 2, message)
	b = wirefield.AppendUint(b, 3, uint64(sender))
	violation := make([]byte, 0, wirefield.SizeBytes(len(b)))
	violation = protowire.AppendBytes(wirefield.AppendTag(violation, violationSerialization, protowire.BytesType), b)
	return wrapTelemetry(at, telemetryViolation, violation)
}

// RoundStarted is the event of a follower that begins to take part in a round.
func (t Telemetry[D]) RoundStarted(at time.Time, epoch uint32, round uint8, leader commontypes.OracleID) []byte {
	b := t.startRound(epoch, round)
	b = wirefield.AppendUint(b, 4, uint64(leader))
	b = wirefield.AppendUint(b, 5, uint64(at.UnixNano()))
	return wrapTelemetry(at, telemetryRoundStarted, b)
}

// EpochStarted is the event of an oracle that enters an epoch.
func (t Telemetry[D]) EpochStarted(at time.Time, epoch uint32, leader commontypes.OracleID) []byte {
	b := t.start(64)
	b = wirefield.AppendUint(b, 2, uint64(epoch))
	b = wirefield.AppendUint(b, 3, uint64(leader))
	return wrapTelemetry(at, telemetryEpochStarted, b)
}

// ScheduleComputed is the event of an accepted report whose delays of transmission were computed at the time computed.
// Oracles that do not transmit are absent from delays.
func (t Telemetry[D]) ScheduleComputed(
	at time.Time, epoch uint32, round uint8, computed time.Time, delays map[commontypes.OracleID]time.Duration,
) []byte {
	b := t.startRound(epoch, round)
	b = wirefield.AppendUint(b, 4, uint64(computed.UnixNano()))
	for _, oracle := range slices.Sorted(maps.Keys(delays)) {
		// Map entries hold both fields, also when zero.
		var entry [32]byte
		e := protowire.AppendVarint(wirefield.AppendTag(entry[:0], 1, protowire.VarintType), uint64(oracle))
		e = protowire.AppendVarint(wirefield.AppendTag(e, 2, protowire.VarintType), uint64(delays[oracle]))
		b = wirefield.AppendPresentBytes(b, 5, e)
	}
	return wrapTelemetry(at, telemetrySchedule, b)
}

// ShouldAcceptComputed is the event of the plugin's decision about accepting a finalized report; ok is false when it failed.
func (t Telemetry[D]) ShouldAcceptComputed(at time.Time, epoch uint32, round uint8, result, ok bool) []byte {
	return wrapTelemetry(at, telemetryShouldAccept, t.decision(epoch, round, result, ok))
}

// ShouldTransmitComputed is the event of the plugin's decision about transmitting an accepted report; ok is false when it
// failed.
func (t Telemetry[D]) ShouldTransmitComputed(at time.Time, epoch uint32, round uint8, result, ok bool) []byte {
	return wrapTelemetry(at, telemetryShouldTransmit, t.decision(epoch, round, result, ok))
}

func (t Telemetry[D]) decision(epoch uint32, round uint8, result, ok bool) []byte {
	b := t.startRound(epoch, round)
	b = wirefield.AppendUint(b, 4, protowire.EncodeBool(result))
	return wirefield.AppendUint(b, 5, protowire.EncodeBool(ok))
}

// start begins an event with the field that all have, with room for size bytes more.
func (t Telemetry[D]) start(size int) []byte {
	n := len(t.ConfigDigest)
	b := make([]byte, 0, wirefield.SizeBytes(n)+size)
	b = wirefield.StartMessage(b, 1, n)
	for i := range n {
		b = append(b, t.ConfigDigest[i])
	}
	return b
}

func (t Telemetry[D]) startRound(epoch uint32, round uint8) []byte {
	b := t.start(64)
	b = wirefield.AppendUint(b, 2, uint64(epoch))
	return wirefield.AppendUint(b, 3, uint64(round))
}

// wrapTelemetry puts the time before the event, where other implementations have it.
func wrapTelemetry(at time.Time, num protowire.Number, event []byte) []byte {
	b := make([]byte, 0, 12+wirefield.SizeBytes(len(event)))
	b = wirefield.AppendUint(b, telemetryTime, uint64(at.UnixNano()))
	return wirefield.AppendPresentBytes(b, num, event)
}
