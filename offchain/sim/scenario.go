package sim

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/evmreportcodec"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// AllTraitors makes one traitor of each kind.
func AllTraitors() []Traitor {
	return []Traitor{
		&Silent{}, &Selective{}, &Withholding{}, &Delayer{}, &Racer{}, &Garbage{}, &Liar{}, &Equivocator{}, &TwoQueries{},
		&Forger{}, &Replayer{}, &Impatient{}, &Spammer{},
	}
}

// RunSeed runs the scenario of a seed.
func RunSeed(seed uint64) (*Result, error) { return Simulate(Scenario(seed)) }

// Scenario makes options out of a seed: a network of random size, timing, plugin, faults and traitors. Small networks are
// more frequent, so that a scenario takes some milliseconds.
func Scenario(seed uint64) Options {
	random := rand.New(engine.Random(seed))
	o := Options{
		Seed:   seed,
		Replay: fmt.Sprintf("go test ./offchain/sim -run TestSeed -seed %d [-simtrace FILE]", seed),
		Rounds: 1 + random.IntN(6),
	}
	sizes := []int{4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 7, 7, 7, 7, 7, 7, 10, 10, 10, 13, 16, 31}
	o.N = sizes[random.IntN(len(sizes))]
	o.F = (o.N - 1) / 3
	o.Timing = randomTiming(random, o.N)
	if random.IntN(4) > 0 {
		o.Faults = randomFaults(random)
		o.HealAfter = engine.Between(random, time.Second, 5*time.Second)
	}
	// So many that all of them are faulty in one run of three; in another one there are none.
	o.Traitors = engine.RandomTraitors(random, []int{0, o.F, random.IntN(o.F + 1)}[random.IntN(3)], AllTraitors)
	o.WireBytes = random.IntN(3) == 0
	o.RealKeys = o.N <= 7 && random.IntN(50) == 0
	if random.IntN(12) == 0 && o.N <= 10 {
		useMedian(&o, random)
	} else {
		unique, skipEvery := random.IntN(2) == 0, []int{0, 0, 0, 3, 8}[random.IntN(5)]
		o.PluginFor = func(env *Environment) types.ReportingPluginFactory { return NewTestPlugin(env, unique, skipEvery) }
	}
	return o
}

func randomTiming(random *rand.Rand, n int) Timing {
	t := Timing{
		DeltaRound: engine.Between(random, 20*time.Millisecond, 400*time.Millisecond),
		DeltaGrace: engine.Between(random, 0, 50*time.Millisecond),
		DeltaStage: engine.Between(random, 0, 500*time.Millisecond),
		RMax:       engine.Either[uint8](random, 1, 2, 3, 3, 5, 10, 100, 254),
	}
	t.S = engine.RandomStages(random, n)
	return t
}

// randomFaults picks kinds of faults, and for each how bad it is.
func randomFaults(random *rand.Rand) Faults {
	level := func(worst float64) float64 { return engine.Level(random, worst) }
	f := Faults{Network: engine.RandomNetworkFaults(random)}
	f.Disk = DiskFaults{
		Delay: engine.Either(random, 0, 0, engine.Between(random, 0, 50*time.Millisecond)), Errors: level(0.3), ReadErrors: level(0.3),
		NoRounds: random.IntN(6) == 0,
	}
	f.Crashes, f.MaxDowntime = engine.Either(random, 0, 1, 3, 8), engine.Between(random, time.Millisecond, 2*time.Second)
	f.PluginErrors, f.PluginSlow, f.KeyErrors = level(0.2), level(0.2), level(0.1)
	f.TransmitErrors, f.ReadErrors, f.StaleReads = level(0.5), level(0.3), level(0.3)
	f.ClockSkew, f.ClockDriftPPM = engine.Either(random, 0, time.Second, time.Hour), engine.Either[int64](random, 0, 100, 5000)
	return f
}

// useMedian runs the median plugin, with a price that all honest oracles see with some noise, and that traitors make up.
func useMedian(o *Options, random *rand.Rand) {
	onchain, err := median.StandardOnchainConfigCodec{}.Encode(context.Background(), median.OnchainConfig{Min: big.NewInt(-1 << 40), Max: big.NewInt(1 << 40)})
	if err != nil {
		panic(err) // the bounds are in range
	}
	o.OnchainConfig = onchain
	o.PluginConfig = median.OffchainConfig{
		AlphaReportPPB: engine.Either[uint64](random, 0, 1, 1_000_000), AlphaAcceptPPB: engine.Either[uint64](random, 0, 1_000_000),
		DeltaC: engine.Either(random, 0, time.Second, 5*time.Second),
	}.Encode()
	o.PluginFor = medianFactory
	o.CheckReport = honestMedian
}

func medianFactory(env *Environment) types.ReportingPluginFactory {
	return median.NumericalMedianFactory{
		ContractTransmitter: medianContract{env}, DataSource: medianSource{env, 1_000_000}, JuelsPerFeeCoinDataSource: medianSource{env, 1000},
		GasPriceSubunitsDataSource: medianSource{env, 10},
		OnchainConfigCodec:         median.StandardOnchainConfigCodec{}, ReportCodec: evmreportcodec.ReportCodec{},
	}.WithClock(env.Now)
}

// medianContract is the simulated contract as the median plugin reads it.
type medianContract struct{ env *Environment }

func (c medianContract) LatestTransmissionDetails(ctx context.Context) (digest types.ConfigDigest, epoch uint32, round uint8, answer *big.Int, at time.Time, err error) {
	last, err := c.env.Contract.Read()
	if err != nil {
		return digest, 0, 0, nil, at, err
	}
	if last == nil {
		return c.env.Digest, 0, 0, new(big.Int), at, nil
	}
	answer, err = evmreportcodec.ReportCodec{}.MedianFromReport(ctx, last.Report)
	return c.env.Digest, last.Context.Epoch, last.Context.Round, answer, last.Time, err
}

func (c medianContract) LatestRoundRequested(context.Context, time.Duration) (types.ConfigDigest, uint32, uint8, error) {
	return types.ConfigDigest{}, 0, 0, nil
}

// medianSource is a price that moves with the rounds; each oracle sees it a little differently.
type medianSource struct {
	env  *Environment
	base int64
}

func (s medianSource) Observe(_ context.Context, ts types.ReportTimestamp) (*big.Int, error) {
	if s.env.Traitor {
		return big.NewInt(s.base * 1000), nil
	}
	moved := int64(ts.Epoch)*7919 + int64(ts.Round)*104729
	return big.NewInt(s.base + moved%(s.base/2) + int64(s.env.OracleID)), nil
}

// honestMedian is an Options.CheckReport: the median of a report lies within the honest oracles' observations.
func honestMedian(r LandedReport, observations []HonestObservation) error {
	answer, err := evmreportcodec.ReportCodec{}.MedianFromReport(context.Background(), r.Report)
	if err != nil {
		return err
	}
	if len(observations) == 0 {
		return errors.New("no honest oracle observed anything")
	}
	var lowest, highest *big.Int
	for _, o := range observations {
		var message median.NumericalMedianObservationProto
		if err := proto.Unmarshal(o.Observation, &message); err != nil {
			return fmt.Errorf("observation of honest oracle %d: %w", o.Observer, err)
		}
		value, err := median.DecodeValue(message.GetValue())
		if err != nil {
			return fmt.Errorf("observation of honest oracle %d: %w", o.Observer, err)
		}
		if lowest == nil || value.Cmp(lowest) < 0 {
			lowest = value
		}
		if highest == nil || value.Cmp(highest) > 0 {
			highest = value
		}
	}
	if answer.Cmp(lowest) < 0 || answer.Cmp(highest) > 0 {
		return fmt.Errorf("median %d is not within the honest observations, %d to %d", answer, lowest, highest)
	}
	return nil
}
