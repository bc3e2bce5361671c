package ocr3wire

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/wirefield"
)

// Telemetry makes the events of one instance for its monitoring endpoint: each method returns the bytes of one kind of
// event. The schema is ocr3pb/offchainreporting3_telemetry.proto. at is the wall clock time of the event.
//
// Messages are handed in as they travelled: their bytes serve as the event's structured copy of the message, too, which
// spares encoding them again.
//
// Source: docs/protocol/ocr3.md, "Telemetry and metrics".
type Telemetry struct {
	// ConfigDigest is that of the instance.
	ConfigDigest types.ConfigDigest
}

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
func (t Telemetry) MessageReceived(at time.Time, message []byte, sender commontypes.OracleID) []byte {
	b := wirefield.AppendPresentBytes(t.start(len(message)+64), 2, message)
	return wrapTelemetry(at, telemetryReceived, wirefield.AppendUint(b, 3, uint64(sender)))
}

// MessageBroadcast is the event of a message that was handed to the network for all oracles.
func (t Telemetry) MessageBroadcast(at time.Time, message []byte) []byte {
	b := wirefield.AppendPresentBytes(t.start(2*len(message)+64), 2, message)
	return wrapTelemetry(at, telemetryBroadcast, wirefield.AppendBytes(b, 3, message))
}

// MessageSent is the event of a message that was handed to the network for one oracle.
func (t Telemetry) MessageSent(at time.Time, message []byte, receiver commontypes.OracleID) []byte {
	b := wirefield.AppendPresentBytes(t.start(2*len(message)+64), 2, message)
	b = wirefield.AppendBytes(b, 3, message)
	return wrapTelemetry(at, telemetrySent, wirefield.AppendUint(b, 4, uint64(receiver)))
}

// InvalidSerialization is the event of a message that could not be decoded or was over a size limit.
func (t Telemetry) InvalidSerialization(at time.Time, message []byte, sender commontypes.OracleID) []byte {
	b := wirefield.AppendBytes(t.start(len(message)+64), 2, message)
	b = wirefield.AppendUint(b, 3, uint64(sender))
	return wrapTelemetry(at, telemetryViolation, wirefield.AppendPresentBytes(nil, violationSerialization, b))
}

// RoundStarted is the event of a follower that begins to take part in a round.
func (t Telemetry) RoundStarted(at time.Time, epoch, seqNr, round uint64, leader commontypes.OracleID) []byte {
	b := wirefield.AppendUint(t.start(64), 2, epoch)
	b = wirefield.AppendUint(b, 3, round)
	b = wirefield.AppendUint(b, 4, uint64(leader))
	b = wirefield.AppendUint(b, 5, uint64(at.UnixNano()))
	return wrapTelemetry(at, telemetryRoundStarted, wirefield.AppendUint(b, 6, seqNr))
}

// EpochStarted is the event of an oracle that enters an epoch. The event has room for 32 bits of its number.
func (t Telemetry) EpochStarted(at time.Time, epoch uint64, leader commontypes.OracleID) []byte {
	b := wirefield.AppendUint(t.start(64), 2, uint64(uint32(epoch)))
	return wrapTelemetry(at, telemetryEpochStarted, wirefield.AppendUint(b, 3, uint64(leader)))
}

// ScheduleComputed is the event of an attested report whose delays of transmission were computed at the time computed.
// Oracles that do not transmit are absent from delays. ok is false if the plugin's own schedule was invalid.
func (t Telemetry) ScheduleComputed(
	at time.Time, seqNr uint64, index int, computed time.Time, override bool, delays map[commontypes.OracleID]time.Duration, ok bool,
) []byte {
	b := t.startReport(seqNr, index)
	b = wirefield.AppendUint(b, 5, uint64(computed.UnixNano()))
	b = wirefield.AppendUint(b, 6, protowire.EncodeBool(override))
	for _, oracle := range slices.Sorted(maps.Keys(delays)) {
		// Map entries hold both fields, also when zero.
		var entry [32]byte
		e := protowire.AppendVarint(wirefield.AppendTag(entry[:0], 1, protowire.VarintType), uint64(oracle))
		e = protowire.AppendVarint(wirefield.AppendTag(e, 2, protowire.VarintType), uint64(delays[oracle]))
		b = wirefield.AppendPresentBytes(b, 7, e)
	}
	return wrapTelemetry(at, telemetrySchedule, wirefield.AppendUint(b, 8, protowire.EncodeBool(ok)))
}

// ShouldAcceptComputed is the event of the plugin's decision about accepting an attested report; ok is false when it failed.
func (t Telemetry) ShouldAcceptComputed(at time.Time, seqNr uint64, index int, result, ok bool) []byte {
	return wrapTelemetry(at, telemetryShouldAccept, t.decision(seqNr, index, result, ok))
}

// ShouldTransmitComputed is the event of the plugin's decision about transmitting an accepted report; ok is false when it
// failed.
func (t Telemetry) ShouldTransmitComputed(at time.Time, seqNr uint64, index int, result, ok bool) []byte {
	return wrapTelemetry(at, telemetryShouldTransmit, t.decision(seqNr, index, result, ok))
}

func (t Telemetry) decision(seqNr uint64, index int, result, ok bool) []byte {
	b := t.startReport(seqNr, index)
	b = wirefield.AppendUint(b, 5, protowire.EncodeBool(result))
	return wirefield.AppendUint(b, 6, protowire.EncodeBool(ok))
}

// start begins an event with the field that all have, with room for size bytes more.
func (t Telemetry) start(size int) []byte {
	return wirefield.AppendBytes(make([]byte, 0, wirefield.SizeBytes(len(t.ConfigDigest))+size), 1, t.ConfigDigest[:])
}

func (t Telemetry) startReport(seqNr uint64, index int) []byte {
	return wirefield.AppendUint(wirefield.AppendUint(t.start(64), 3, seqNr), 4, uint64(index))
}

// wrapTelemetry puts the time before the event, where other implementations have it.
func wrapTelemetry(at time.Time, num protowire.Number, event []byte) []byte {
	b := make([]byte, 0, 12+wirefield.SizeBytes(len(event)))
	b = wirefield.AppendUint(b, telemetryTime, uint64(at.UnixNano()))
	return wirefield.AppendPresentBytes(b, num, event)
}
