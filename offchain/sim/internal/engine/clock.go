package engine

import "time"

// Epoch0 is what an exact clock shows when a run starts.
var Epoch0 = time.Unix(1_700_000_000, 0).UTC()

// Clock is the clock of one oracle. It is off by Skew from the start and runs faster or slower by Drift.
type Clock struct {
	Skew  time.Duration
	Drift int64 // in parts per million, far from -1e6
}

// At returns what the clock shows at a virtual time.
func (c Clock) At(now Instant) time.Time {
	return Epoch0.Add(c.Skew + now + scale(now, c.Drift))
}

// Real returns how long it really takes for the clock to advance by d.
func (c Clock) Real(d time.Duration) time.Duration {
	if c.Drift == 0 {
		return d
	}
	return d - scale(d, c.Drift)
}

func scale(d time.Duration, ppm int64) time.Duration {
	return d/1_000_000*time.Duration(ppm) + d%1_000_000*time.Duration(ppm)/1_000_000
}
