package ocr3sim

import (
	"os"
	"testing"
	"time"
)

// TestSoak runs seeds for as long as the environment variable SOAK_TIME says (a duration like 10m), or for two seconds. Each
// run of it begins with another seed, so that the hours add up; a failure prints its seed.
func TestSoak(t *testing.T) {
	duration := 2 * time.Second
	if text := os.Getenv("SOAK_TIME"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatalf("SOAK_TIME: %v", err)
		}
	}
	start := time.Now()
	sum, count := runSeeds(t, uint64(start.UnixNano()), func(uint64) bool { return time.Since(start) < duration })
	elapsed := time.Since(start)
	faults := sum.Lost + sum.Partitions + sum.Crashes + sum.DiskErrors + sum.PluginFaults + sum.Faults + sum.Refused
	t.Logf("%d seeds in %s, %.0f a minute; %d rounds, %d reports landed, %d messages, %d faults injected; %s of virtual time",
		count, elapsed.Round(time.Millisecond), float64(count)/elapsed.Minutes(), sum.Rounds, sum.Landed, sum.Messages, faults, sum.Time.Round(time.Second))
	if count == 0 || sum.Landed == 0 {
		t.Errorf("%d seeds and %d reports in %s", count, sum.Landed, duration)
	}
}
