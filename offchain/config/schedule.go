package config

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/permutation"
)

// Stages is a transmission schedule S with its distance between stages, summed up: who stands at which position of the
// random order of a report transmits with which delay.
type Stages struct {
	delays []time.Duration // by position; positions beyond do not transmit
}

// NewStages sums up a schedule for n oracles. Stage t has s[t] oracles and begins t*deltaStage after the report is final. A
// delay that does not fit into a duration becomes the longest duration there is.
func NewStages(n int, s []int, deltaStage time.Duration) Stages {
	delays := make([]time.Duration, 0, n)
	for t, count := range s {
		for range count {
			if len(delays) == n {
				return Stages{delays}
			}
			delays = append(delays, saturatingMul(t, deltaStage))
		}
	}
	return Stages{delays}
}

func saturatingMul(t int, d time.Duration) time.Duration {
	if t > 0 && d > math.MaxInt64/time.Duration(t) {
		return math.MaxInt64
	}
	return time.Duration(t) * d
}

// Delay returns the delay of the oracle at a position, or false when it does not transmit.
func (s Stages) Delay(position int) (time.Duration, bool) {
	if position < 0 || position >= len(s.delays) {
		return 0, false
	}
	return s.delays[position], true
}

// byOracle spreads the delays over oracles: positions[i] is the position of oracle i.
func (s Stages) byOracle(positions []int) []TransmitDelay {
	delays := make([]TransmitDelay, len(positions))
	for i, position := range positions {
		delays[i].Delay, delays[i].Transmits = s.Delay(position)
	}
	return delays
}

// TransmitDelay says whether and when an oracle transmits a report.
type TransmitDelay struct {
	Transmits bool
	Delay     time.Duration // after the report is final for the oracle; 0 where Transmits is false
}

// ScheduleV1 tells the delays of transmissions in OCR1 and OCR2.
type ScheduleV1 struct {
	prefix []byte // transmission order key and config digest
	n      int
	stages Stages
}

// NewScheduleV1 makes the schedule of an instance of n oracles. The key is Keys.TransmissionOrder of KeysV1; the digest has
// 16 bytes in OCR1 and 32 bytes in OCR2.
func NewScheduleV1(n int, key Key, digest []byte, stages Stages) ScheduleV1 {
	prefix := make([]byte, 0, len(key)+len(digest))
	return ScheduleV1{append(append(prefix, key[:]...), digest...), n, stages}
}

// Delays returns the delays of all oracles, by oracle id, for the report of a round.
//
// Source: docs/protocol/ocr2.md, section "Keys, leaders and schedules".
func (s ScheduleV1) Delays(epoch uint32, round uint8) []TransmitDelay {
	return s.stages.byOracle(permutation.Permutation(s.n, s.orderKey(epoch, round)))
}

// Delay returns the delay of one oracle for the report of a round, and whether it transmits at all. An id that is not in the
// config does not transmit.
func (s ScheduleV1) Delay(epoch uint32, round uint8, oracle commontypes.OracleID) (time.Duration, bool) {
	if int(oracle) >= s.n {
		return 0, false
	}
	return s.stages.Delay(permutation.Permutation(s.n, s.orderKey(epoch, round))[oracle])
}

func (s ScheduleV1) orderKey(epoch uint32, round uint8) Key {
	var er [16]byte
	binary.LittleEndian.PutUint64(er[:8], uint64(epoch))
	binary.LittleEndian.PutUint64(er[8:], uint64(round))
	return Key(keccak128(s.prefix, er[:]))
}

// ScheduleV3 tells the delays of transmissions in OCR3 and OCR3.1.
type ScheduleV3 struct {
	key    Key
	n      int
	stages Stages
}

// NewScheduleV3 makes the schedule of an instance of n oracles. The key is Keys.TransmissionOrder of KeysV3.
func NewScheduleV3(n int, key Key, stages Stages) ScheduleV3 {
	return ScheduleV3{key, n, stages}
}

// Delays returns the delays of all oracles, by oracle id, for one report of a sequence number.
func (s ScheduleV3) Delays(seqNr uint64, reportIndex uint64) []TransmitDelay {
	return s.stages.byOracle(permutation.Permutation(s.n, s.orderKey(seqNr, reportIndex)))
}

// OverrideDelays returns the delays of all oracles, by oracle id, for a report that brings its own schedule: the listed
// transmitters share out the listed delays in random order, nobody else transmits. Of an id that is listed twice the first
// place counts; ids that are not in the config are passed over. Lists of different length are invalid: nobody transmits.
func (s ScheduleV3) OverrideDelays(
	seqNr uint64, reportIndex uint64, transmitters []commontypes.OracleID, delays []time.Duration,
) []TransmitDelay {
	result := make([]TransmitDelay, s.n)
	if len(transmitters) != len(delays) {
		return result
	}
	for x, pick := range permutation.Permutation(len(transmitters), s.orderKey(seqNr, reportIndex)) {
		id := int(transmitters[x])
		if id < s.n && !result[id].Transmits {
			result[id] = TransmitDelay{true, delays[pick]}
		}
	}
	return result
}

func (s ScheduleV3) orderKey(seqNr uint64, reportIndex uint64) Key {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], seqNr)
	binary.BigEndian.PutUint64(b[8:], reportIndex)
	return hmac128(s.key[:], b[:])
}
