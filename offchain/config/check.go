package config

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// What follows are the rules that the parameters of several versions have in common. Each reports what breaks it.

// CheckNotNegative reports a duration below 0.
func CheckNotNegative(r *Report, field string, d time.Duration) {
	if d < 0 {
		r.Add(field, d, "must not be negative")
	}
}

// CheckLess reports a duration that is not less than that of another field.
func CheckLess(r *Report, field string, d time.Duration, other string, bound time.Duration) {
	if !(d < bound) {
		r.Add(field, d, "must be less than %s (%s)", other, bound)
	}
}

// CheckOracles reports a number f of faulty oracles that n oracles cannot tolerate, and an n that is too large.
func CheckOracles(r *Report, f, n int) {
	if !(3*f < n) {
		r.Add("F", f, "must be less than a third of the number of oracles (%d)", n)
	}
	if n > types.MaxOracles {
		r.Add("number of oracles", n, "must be at most %d", types.MaxOracles)
	}
}

// CheckWritableF reports a number of faulty oracles that no contract can hold.
func CheckWritableF(r *Report, f int) {
	if f < 0 || f > 255 {
		r.Add("F", f, "must fit into 8 bits")
	}
}

// CheckRounds reports a number of rounds in an epoch that OCR1 and OCR2 do not allow.
func CheckRounds(r *Report, rMax uint8) {
	if !(0 < rMax && rMax < 255) {
		r.Add("RMax", rMax, "must be 1 to 254")
	}
}

// CheckSchedule reports a transmission schedule that is too long, and elements out of range.
func CheckSchedule(r *Report, s []int) {
	if len(s) > MaxScheduleLength {
		r.Add("len(S)", len(s), "must be at most %d", MaxScheduleLength)
	}
	for i, element := range s {
		if element < 0 || element > MaxScheduleElement {
			r.Add(fmt.Sprintf("S[%d]", i), element, "must be 0 to %d", MaxScheduleElement)
		}
	}
}

// ParsePeerIDs returns the peer ids in their binary form, by oracle id. Decoding a config does not do so, because a config
// with a malformed peer id counts as accepted; but no network endpoint can be made for it, now or later, so an oracle that
// gets an error here need not try again.
func ParsePeerIDs(peerIDs []string) ([]peerid.PeerID, error) {
	ids := make([]peerid.PeerID, len(peerIDs))
	for i, text := range peerIDs {
		id, err := peerid.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("OracleIdentities[%d].PeerID: %w", i, err)
		}
		ids[i] = id
	}
	return ids, nil
}
