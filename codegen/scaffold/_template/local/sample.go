package local

import (
	"context"
	"math/rand/v2"
	"time"

	"weather/gen/feed"
)

// What a Sample observes, give or take a spread.
const (
	sampleTemperature = 21_000
	sampleHumidity    = 40_000
	spread            = 500
)

// Sample is a source without a sensor: each oracle sees nearly the same. Put yours in its place.
type Sample struct{ Seed uint64 }

// Observe implements plugin.Source.
func (s Sample) Observe(context.Context) (*feed.Report, error) {
	now := time.Now()
	random := rand.New(rand.NewPCG(s.Seed, uint64(now.UnixNano())))
	return feed.NewReport(
		uint32(now.Unix()),
		sampleTemperature-spread+random.Int32N(2*spread+1),
		sampleHumidity-spread+random.Uint32N(2*spread+1),
	), nil
}
