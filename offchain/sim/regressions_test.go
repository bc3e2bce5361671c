package sim

import (
	"fmt"
	"testing"
)

// TestRegressions runs the seeds that once found something. Where scenarios have changed since, a seed is just one more; the
// finding has a test of its own beside what it was about.
func TestRegressions(t *testing.T) {
	for seed, found := range map[uint64]string{
		16442: "a report that was restored, transmitted, and then finalized by late echoes was transmitted again " +
			"(protocol/ocr2, TestRestoredReportIsTransmittedOnce)",
		23:  "Report is called again for a round in which it failed, if the leader's request arrives twice; that is as it must be",
		146: "a leader's word that it is done is taken from the buffer in the step in which its epoch is entered; that is as it must be",
	} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Log(found)
			Run(t, Scenario(seed))
		})
	}
}
