package sim

import "time"

// epoch0 is what an exact clock shows when a run starts.
var epoch0 = time.Unix(1_700_000_000, 0).UTC()

// clock is the clock of one oracle. It is off by skew from the start and runs faster or slower by drift.
type clock struct {
	skew  time.Duration
	drift int64 // in parts per million, far from -1e6
}

// at returns what the clock shows at a virtual time.
func (c clock) at(now instant) time.Time {
	return epoch0.Add(c.skew + now + scale(now, c.drift))
}

// real returns how long it really takes for the clock to advance by d.
func (c clock) real(d time.Duration) time.Duration {
	if c.drift == 0 {
		return d
	}
	return d - scale(d, c.drift)
}

func scale(d time.Duration, ppm int64) time.Duration {
	return d/1_000_000*time.Duration(ppm) + d%1_000_000*time.Duration(ppm)/1_000_000
}
