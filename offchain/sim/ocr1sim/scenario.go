package ocr1sim

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/sim"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
)

// AllTraitors makes one traitor of each kind.
func AllTraitors() []Traitor {
	return []Traitor{
		&Silent{}, &Selective{}, &Withholding{}, &Delayer{}, &Racer{}, &Garbage{}, &Liar{}, &Equivocator{}, &Disorderly{},
		&Forger{}, &Replayer{}, &Impatient{}, &Spammer{},
	}
}

// RunSeed runs the scenario of a seed.
func RunSeed(seed uint64) (*Result, error) { return Simulate(Scenario(seed)) }

// Scenario makes options out of a seed: the size, the faults and the keys of OCR2's scenario of the same seed, with random
// timing, data and traitors.
func Scenario(seed uint64) Options {
	random, like := rand.New(engine.Random(seed)), sim.Scenario(seed)
	o := Options{
		Seed:   seed,
		Replay: fmt.Sprintf("go test ./offchain/sim/ocr1sim -run TestSeed -seed %d [-simtrace FILE]", seed),
		Rounds: like.Rounds, N: like.N, F: like.F, Faults: like.Faults, HealAfter: like.HealAfter,
		WireBytes: like.WireBytes, RealKeys: like.RealKeys,
		RoundRequests: engine.Either(random, 0, 0, 1, 4),
		Value:         engine.Either(random, price, price, edges),
	}
	o.Timing = randomTiming(random, &o)
	if o.Faults.ClockSkew == 0 && random.IntN(4) == 0 { // with clocks that are wrong, only what changes is sure to be reported
		o.Timing.DeltaC = engine.Between(random, 200*time.Millisecond, 2*time.Second)
		o.Value = engine.Either(random, price, edges, steady)
	}
	o.Traitors = engine.RandomTraitors(random, len(like.Traitors), AllTraitors)
	if random.IntN(4) == 0 {
		o.Override = hibernating(random, o.N, o.F)
	}
	return o
}

// randomTiming leaves time for a round to be completed.
func randomTiming(random *rand.Rand, o *Options) Timing {
	t := Timing{
		DeltaGrace: engine.Between(random, 0, 50*time.Millisecond),
		DeltaStage: engine.Between(random, 0, 500*time.Millisecond),
		AlphaPPB:   engine.Either[uint64](random, 0, 1, 1000),
		RMax:       engine.Either[uint8](random, 1, 2, 3, 3, 5, 10, 100, 254),
	}
	o.Timing.DeltaGrace = max(t.DeltaGrace, time.Nanosecond)
	t.DeltaRound = o.roundTime() + engine.Between(random, 0, 200*time.Millisecond)
	t.S = engine.RandomStages(random, o.F+1+random.IntN(o.N-o.F)) // an honest one is among so many
	return t
}

// edges are by turns at the ends of what an observation can be, and beside 0.
func edges(oracle commontypes.OracleID, epoch uint32, round uint8) *big.Int {
	end := new(big.Int).Lsh(big.NewInt(1), 191)
	switch (epoch + uint32(round)) % 3 {
	case 0:
		return end.Neg(end).Add(end, big.NewInt(int64(oracle)))
	case 1:
		return end.Sub(end, big.NewInt(1+int64(oracle)))
	}
	return big.NewInt(int64(oracle) - 1)
}

// steady is the same for several rounds, and for all oracles; some say nil for 0.
func steady(oracle commontypes.OracleID, epoch uint32, round uint8) *big.Int {
	value := (epoch + uint32(round)/8) % 4
	if value == 0 && oracle%3 == 0 {
		return nil
	}
	return big.NewInt(int64(value))
}

// hibernating has some oracles not report at all, by an override; so many remain that there are reports.
func hibernating(random *rand.Rand, n, f int) func(commontypes.OracleID) *ocr1types.ConfigOverride {
	asleep := map[commontypes.OracleID]bool{}
	for _, i := range random.Perm(n)[:random.IntN(n-2*f)] {
		asleep[commontypes.OracleID(i)] = true
	}
	return func(id commontypes.OracleID) *ocr1types.ConfigOverride {
		if asleep[id] {
			return &ocr1types.ConfigOverride{AlphaPPB: 1 << 63, DeltaC: 1000 * time.Hour}
		}
		return nil
	}
}
