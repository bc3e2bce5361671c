package ocr3sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
)

// RunSeed runs the scenario of a seed.
func RunSeed(seed uint64) (*Result, error) { return Simulate(Scenario(seed)) }

// Scenario makes options out of a seed: a network of random size, timing, plugin, faults and traitors. Small networks are
// more frequent, so that a scenario takes some milliseconds.
func Scenario(seed uint64) Options {
	random := rand.New(engine.Random(seed))
	o := Options{
		Seed:   seed,
		Replay: fmt.Sprintf("go test ./offchain/sim/ocr3sim -run TestSeed -seed %d [-simtrace FILE]", seed),
		Rounds: 1 + random.IntN(5),
	}
	o.N = engine.Either(random, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 6, 6, 7, 7, 7, 7, 7, 7, 7, 10, 10, 13, 16)
	if random.IntN(150) == 0 {
		o.N = 31
	}
	o.F = (o.N - 1) / 3
	o.Timing = randomTiming(random, o.N)
	if random.IntN(5) > 0 {
		o.Faults = randomFaults(random)
		o.HealAfter = engine.Between(random, time.Second, 6*time.Second)
	}
	// So many that all of them are faulty in one run of three; in another one there are none.
	faulty := engine.Either(random, 0, o.F, random.IntN(o.F+1))
	if o.HealAfter > 0 && random.IntN(4) == 0 {
		o.Forgetful = random.IntN(faulty + 1)
	}
	o.Traitors = engine.RandomTraitors(random, faulty-o.Forgetful, AllTraitors)
	o.WireBytes = random.IntN(3) == 0
	o.RealKeys = o.N <= 7 && random.IntN(50) == 0
	o.Plugin = TestPlugin{
		Reports: engine.Either(random, 1, 1, 2, 5), SomeEmpty: random.IntN(5) == 0, Overrides: random.IntN(2) == 0, Picky: random.IntN(2) == 0,
	}.Maker()
	return o
}

func randomTiming(random *rand.Rand, n int) Timing {
	t := Timing{
		DeltaRound:                  engine.Between(random, 0, 300*time.Millisecond),
		DeltaGrace:                  engine.Between(random, 0, 50*time.Millisecond),
		DeltaStage:                  engine.Between(random, 0, 300*time.Millisecond),
		DeltaCertifiedCommitRequest: engine.Between(random, 50*time.Millisecond, 300*time.Millisecond),
		DeltaResend:                 engine.Between(random, 100*time.Millisecond, time.Second),
		RMax:                        engine.Either[uint64](random, 1, 2, 3, 3, 5, 10, 100, 1000),
	}
	t.S = engine.RandomStages(random, n)
	return t
}

// randomFaults picks kinds of faults, and for each how bad it is.
func randomFaults(random *rand.Rand) Faults {
	level := func(worst float64) float64 { return engine.Level(random, worst) }
	f := Faults{Network: engine.RandomNetworkFaults(random)}
	f.Disk = DiskFaults{Delay: engine.Either(random, 0, 0, engine.Between(random, 0, 50*time.Millisecond)), Errors: level(0.3)}
	f.Crashes, f.MaxDowntime = engine.Either(random, 0, 2, 6, 16), engine.Between(random, time.Millisecond, 2*time.Second)
	f.PluginErrors, f.PluginSlow, f.KeyErrors = level(0.1), level(0.1), level(0.05)
	f.TransmitErrors = level(0.5)
	f.ClockSkew, f.ClockDriftPPM = engine.Either(random, 0, time.Second, time.Hour), engine.Either[int64](random, 0, 100, 5000)
	return f
}

// AllTraitors makes one traitor of each kind.
func AllTraitors() []Traitor {
	return []Traitor{
		&Silent{}, &Selective{}, &Withholding{}, &Delayer{}, &Racer{}, &Garbage{}, &Splitter{}, &TwoQueries{}, &Rewinder{},
		&DoubleVoter{}, &Boaster{}, &Forger{}, &Replayer{}, &Spammer{},
	}
}
