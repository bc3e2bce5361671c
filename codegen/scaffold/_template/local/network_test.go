package local

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"weather/gen/feed"
	"weather/plugin"
)

// TestReportsLand deploys the contract on a chain, sets its configuration, lets four oracles report, one of which lies, and reads the
// result from the contract.
func TestReportsLand(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var reports []Landed
	latest, err := Run(ctx, Options{
		Oracles: 4, Reports: 3, Logger: slog.New(slog.DiscardHandler),
		Source: func(i int) plugin.Source {
			if i == 3 {
				return liar{}
			}
			return Sample{Seed: uint64(i)}
		},
		Landed: func(l Landed) { reports = append(reports, l) },
	})
	if err != nil {
		t.Fatal(err)
	}
	now := uint32(time.Now().Unix())
	for i, r := range reports {
		if r.Temperature < sampleTemperature-spread || r.Temperature > sampleTemperature+spread {
			t.Errorf("report %d: temperature %d is none that an honest oracle saw", i, r.Temperature)
		}
		if r.ObservedAt+120 < now || r.ObservedAt > now || i > 0 && r.ObservedAt <= reports[i-1].ObservedAt {
			t.Errorf("report %d was observed at %d, now it is %d", i, r.ObservedAt, now)
		}
	}
	if len(reports) != 3 || latest.ObservedAt < reports[2].ObservedAt {
		t.Errorf("%d reports, and the contract says %+v", len(reports), latest)
	}
}

type liar struct{}

func (liar) Observe(context.Context) (*feed.Report, error) {
	return feed.NewReport(4_000_000_000, 1_000_000, 1), nil
}
