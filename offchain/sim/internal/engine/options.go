package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// DefaultCast is 4 oracles, of which as many may be faulty as possible.
func DefaultCast(n, f *int, noFaulty bool) {
	SetDefault(n, 4)
	if *f == 0 && !noFaulty {
		*f = (*n - 1) / 3
	}
}

// Cast is who takes part in a run, and for how long.
type Cast struct {
	N, F, Traitors int
	TraitorIDs     []commontypes.OracleID
	Rounds         int
	HealAfter      time.Duration
}

// Check tells what is wrong with options that have their defaults.
func (c Cast) Check(pkg string) error {
	switch {
	case c.N < 1 || c.N > types.MaxOracles:
		return fmt.Errorf("%s: Options.N is %d, want 1 to %d", pkg, c.N, types.MaxOracles)
	case c.F < 0 || 3*c.F >= c.N:
		return fmt.Errorf("%s: Options.F is %d, want at least 0 and 3F < N = %d", pkg, c.F, c.N)
	case c.Traitors > c.F:
		return fmt.Errorf("%s: Options.Traitors has %d, want at most F = %d", pkg, c.Traitors, c.F)
	case c.TraitorIDs != nil && len(c.TraitorIDs) != c.Traitors:
		return fmt.Errorf("%s: Options.TraitorIDs has %d, want one for each of %d traitors", pkg, len(c.TraitorIDs), c.Traitors)
	case c.Rounds < 0 || c.HealAfter < 0:
		return errors.New(pkg + ": Options.Rounds and Options.HealAfter must not be negative")
	}
	seen := map[commontypes.OracleID]bool{}
	for _, id := range c.TraitorIDs {
		if int(id) >= c.N || seen[id] {
			return fmt.Errorf("%s: Options.TraitorIDs has %d, want different oracles below N = %d", pkg, id, c.N)
		}
		seen[id] = true
	}
	return nil
}

// What scenarios of all protocols draw.

// Level is 0, or up to the worst.
func Level(random *rand.Rand, worst float64) float64 {
	if random.IntN(2) == 0 {
		return 0
	}
	return worst * random.Float64()
}

// RandomStages divides n oracles into stages, some of them empty.
func RandomStages(random *rand.Rand, n int) (stages []int) {
	for left := n; left > 0; {
		stage := min(left, 1+random.IntN(n))
		if random.IntN(8) == 0 {
			stages = append(stages, 0)
		}
		stages = append(stages, stage)
		left -= stage
	}
	return stages
}

// RandomNetworkFaults picks kinds of faults, and for each how bad it is.
func RandomNetworkFaults(random *rand.Rand) NetworkFaults {
	return NetworkFaults{
		Loss: Level(random, 0.3), Duplicate: Level(random, 0.2), Reorder: Level(random, 0.2), Slow: Level(random, 0.2), SlowBy: Between(random, 0, 2*time.Second),
		Partitions: Either(random, 0, 0, 1, 3), PartitionFor: Between(random, 0, 3*time.Second),
	}
}
