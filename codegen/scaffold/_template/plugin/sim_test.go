package plugin

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/sim"
	"github.com/ocrkit/ocrkit/offchain/types"

	"weather/gen/feed"
)

// simulated is the world of one simulated oracle. Everything in it comes from the seed.
type simulated struct{ env *sim.Environment }

// Observe sees what all see, a little different. A traitor sees what it likes.
func (s simulated) Observe(context.Context) (*feed.Report, error) {
	random := s.env.Random
	if s.env.Traitor {
		return feed.NewReport(random.Uint32(), int32(random.Uint32()), random.Uint32N(feed.MaxHumidity+1)), nil
	}
	return feed.NewReport(uint32(s.env.Now().Unix()), 21_000+int32(random.IntN(1000)), 40_000+random.Uint32N(1000)), nil
}

func (s simulated) LatestReport(context.Context) (*feed.Report, error) {
	latest := new(feed.Report)
	landed, err := s.env.Contract.Read()
	if err != nil || landed == nil {
		return latest, err
	}
	return latest, feed.DecodeReport(landed.Report, latest)
}

// betweenHonest is what must hold of each report that lands on the contract.
func betweenHonest(r sim.LandedReport, observations []sim.HonestObservation) error {
	var report, lowest, highest feed.Report
	if err := feed.DecodeReport(r.Report, &report); err != nil {
		return err
	}
	for i, o := range observations {
		var seen feed.Report
		if err := feed.DecodeReport(o.Observation, &seen); err != nil {
			return err
		}
		if i == 0 {
			lowest, highest = seen, seen
		}
		lowest.ObservedAt, highest.ObservedAt = min(lowest.ObservedAt, seen.ObservedAt), max(highest.ObservedAt, seen.ObservedAt)
		lowest.Temperature, highest.Temperature = min(lowest.Temperature, seen.Temperature), max(highest.Temperature, seen.Temperature)
		lowest.Humidity, highest.Humidity = min(lowest.Humidity, seen.Humidity), max(highest.Humidity, seen.Humidity)
	}
	within := lowest.ObservedAt <= report.ObservedAt && report.ObservedAt <= highest.ObservedAt &&
		lowest.Temperature <= report.Temperature && report.Temperature <= highest.Temperature &&
		lowest.Humidity <= report.Humidity && report.Humidity <= highest.Humidity
	if !within {
		return fmt.Errorf("%+v was reported, and honest oracles saw %+v to %+v", report, lowest, highest)
	}
	return nil
}

// TestSimulatedNetworks runs networks of seven oracles on virtual time. Two are traitors. Messages get lost, oracles crash, calls
// fail. A failure says the seed that repeats it.
func TestSimulatedNetworks(t *testing.T) {
	for seed := range uint64(50) {
		sim.Run(t, sim.Options{
			Seed: seed, N: 7, Rounds: 20,
			PluginFor: func(env *sim.Environment) types.ReportingPluginFactory {
				return Factory{Source: simulated{env}, Contract: simulated{env}}
			},
			Traitors:    []sim.Traitor{&sim.Liar{}, &sim.Equivocator{}},
			Faults:      sim.Rough(),
			HealAfter:   5 * time.Second,
			CheckReport: betweenHonest,
		})
	}
}
