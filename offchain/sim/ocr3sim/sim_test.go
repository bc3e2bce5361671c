package ocr3sim

import (
	"fmt"
	"testing"
	"time"
)

func TestQuietNetworkMakesReports(t *testing.T) {
	for _, n := range []int{1, 4, 7, 16, 31} {
		t.Run(fmt.Sprintf("n=%d", n), func(t *testing.T) {
			r := Run(t, Options{Seed: uint64(n), N: n, NoFaulty: n == 1, Rounds: 20})
			if r.Stats.Landed < 20 {
				t.Errorf("%d reports landed, want 20", r.Stats.Landed)
			}
			if r.Stats.Time > 20*time.Second {
				t.Errorf("20 rounds took %s", r.Stats.Time)
			}
			t.Logf("%+v", r.Stats)
		})
	}
}

func TestRoughNetworkMakesReports(t *testing.T) {
	for seed := range uint64(20) {
		r := Run(t, Options{Seed: seed, Rounds: 5, Faults: Rough(), HealAfter: 5 * time.Second})
		t.Logf("%+v", r.Stats)
	}
}
