package ocr1sim

import (
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/sim"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
)

// Options say what network to simulate. The zero value of every field is usable.
type Options struct {
	// Seed is where all that is random comes from.
	Seed uint64
	// N is the number of oracles, 1 to 31; 4 if it is 0.
	N int
	// F is the number of oracles that may be faulty, 3F < N; the highest possible if it is 0. NoFaulty makes it 0.
	F        int
	NoFaulty bool
	// Rounds is how many reports must land on the contract after HealAfter before the run ends; 10 if it is 0.
	Rounds int

	// Value is what the data source of an oracle says in a round; nil: a price that changes from round to round.
	Value func(oracle commontypes.OracleID, epoch uint32, round uint8) *big.Int
	// Override is the override of the config of an oracle; nil: no oracle has one.
	Override func(oracle commontypes.OracleID) *ocr1types.ConfigOverride
	// RoundRequests is how many times, before HealAfter or in the first seconds, a new round is requested on the contract.
	RoundRequests int

	Timing Timing
	Faults Faults
	// HealAfter is how long Faults last. If it is 0 there are none.
	HealAfter time.Duration
	// Traitors are the oracles that do not follow the protocol, at most F. TraitorIDs are their indices; if it is nil, they
	// are drawn.
	Traitors   []Traitor
	TraitorIDs []commontypes.OracleID

	// RealKeys signs with Ed25519 and secp256k1 instead of the cheap scheme.
	RealKeys bool
	// WireBytes encodes and decodes every message. Otherwise only what traitors send as bytes is decoded.
	WireBytes bool
	// Trace gets every event and effect as a line of text; nil: nothing is written, which is much faster.
	Trace io.Writer
	// Replay is printed when Run fails: how to repeat this run. If it is empty, the seed is printed.
	Replay string

	// breaks are faults put into the driver by tests, to see that the checkers find them.
	breaks breaks
}

// Timing are the parameters of the protocol; see docs/protocol/ocr1.md. Fields that are zero get values that suit the
// latencies of this package, AlphaPPB and DeltaC included.
type Timing struct {
	DeltaProgress, DeltaResend, DeltaRound, DeltaGrace, DeltaStage, DeltaC time.Duration
	AlphaPPB                                                               uint64
	RMax                                                                   uint8
	S                                                                      []int
	DataSourceTimeout, DataSourceGracePeriod                               time.Duration
	BlockchainTimeout, TransmitTimeout                                     time.Duration
}

// What goes wrong is the same as in OCR2. PluginErrors and PluginSlow are of the data source; the contract is slow as often as
// the data source.
type (
	Faults        = sim.Faults
	NetworkFaults = sim.NetworkFaults
	DiskFaults    = sim.DiskFaults
)

// Rough returns faults of all kinds, each likely enough to occur in a run of some seconds.
func Rough() Faults { return sim.Rough() }

// roundTime is how long a round may take in which everything is as slow as it can be after HealAfter: six messages, two
// durable writes, three calls, some signatures.
func (o *Options) roundTime() time.Duration {
	return o.Timing.DeltaGrace + 6*engine.MaxLatency + 3*engine.MaxPluginTime + 6*engine.MaxKeyTime + 4*o.Faults.Disk.Delay
}

// setDefaults fills in what is zero. In OCR1, a round that is not done after DeltaRound gives way to the next.
func (o *Options) setDefaults() {
	engine.DefaultCast(&o.N, &o.F, o.NoFaulty)
	engine.SetDefault(&o.Rounds, 10)
	engine.SetDefault(&o.Faults.MaxDowntime, time.Second)
	engine.SetDefault(&o.Faults.Network.PartitionFor, time.Second)
	if o.Value == nil {
		o.Value = price
	}
	t := &o.Timing
	engine.SetDefault(&t.DeltaGrace, 20*time.Millisecond)
	engine.SetDefault(&t.DeltaRound, o.roundTime())
	engine.SetDefault(&t.DeltaStage, 200*time.Millisecond)
	engine.SetDefault(&t.DeltaC, 10*time.Minute)
	engine.SetDefault(&t.AlphaPPB, 1)
	engine.SetDefault(&t.RMax, 10)
	engine.SetDefault(&t.DataSourceTimeout, 40*time.Millisecond)
	engine.SetDefault(&t.DataSourceGracePeriod, 10*time.Millisecond)
	engine.SetDefault(&t.BlockchainTimeout, 50*time.Millisecond)
	engine.SetDefault(&t.TransmitTimeout, 10*time.Second)
	engine.SetDefault(&t.DeltaProgress, 3*t.DeltaRound)
	engine.SetDefault(&t.DeltaResend, t.DeltaProgress)
	if t.S == nil {
		t.S = []int{1, o.N - 1}
	}
}

// check tells what is wrong with options that have their defaults.
func (o *Options) check() error {
	if o.RoundRequests < 0 {
		return fmt.Errorf("ocr1sim: Options.RoundRequests is %d, want at least 0", o.RoundRequests)
	}
	return engine.Cast{
		N: o.N, F: o.F, Traitors: len(o.Traitors), TraitorIDs: o.TraitorIDs, Rounds: o.Rounds, HealAfter: o.HealAfter,
	}.Check("ocr1sim")
}

// breaks are defects that tests put into the driver.
type breaks = roundsim.Breaks

// price moves with the rounds; each oracle sees it a little differently.
func price(oracle commontypes.OracleID, epoch uint32, round uint8) *big.Int {
	moved := int64(epoch)*7919 + int64(round)*104729
	return big.NewInt(1_000_000 + moved%500_000 + int64(oracle))
}
