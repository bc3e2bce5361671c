package ocr3sim

import (
	"fmt"
	"io"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
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
	// Rounds is how many outcomes must be committed after HealAfter, and their reports land, before the run ends; 10 if it is 0.
	Rounds int
	// Plugin makes the reporting plugin of each oracle, traitors included; nil: TestPlugin{}. Plugins must not use the real time
	// or randomness of their own if runs are to be repeatable; an Environment has both.
	Plugin PluginMaker
	// OnchainConfig and PluginConfig are handed to the plugin.
	OnchainConfig []byte
	PluginConfig  []byte

	Timing Timing
	Faults Faults
	// HealAfter is how long Faults last. If it is 0 there are none.
	HealAfter time.Duration
	// Traitors are the oracles that do not follow the protocol. TraitorIDs are their indices; if it is nil, they are drawn.
	Traitors   []Traitor
	TraitorIDs []commontypes.OracleID
	// Forgetful is how many oracles follow the protocol but come back from a crash with what their disk held some time before.
	// The protocol cannot tell them from traitors: both together are at most F.
	Forgetful int

	// RealKeys signs with Ed25519 and secp256k1 instead of the cheap scheme.
	RealKeys bool
	// WireBytes encodes and decodes every message. Otherwise only what traitors send as bytes is decoded.
	WireBytes bool
	// CheckReport is called with each report that lands on the contract, and with what the honest oracles observed in its
	// round. An error ends the run as a violation of "report".
	CheckReport func(LandedReport, []HonestObservation) error
	// Trace gets every event and effect as a line of text; nil: nothing is written, which is much faster.
	Trace io.Writer
	// Replay is printed when Run fails: how to repeat this run. If it is empty, the seed is printed.
	Replay string

	// breaks are faults put into the driver by tests, to see that the checkers find them.
	breaks breaks
}

// Timing are the parameters of the protocol; see docs/protocol/ocr3.md. Fields that are zero get values that suit the
// latencies of this package.
type Timing struct {
	DeltaProgress, DeltaResend, DeltaInitial, DeltaRound, DeltaGrace time.Duration
	DeltaCertifiedCommitRequest, DeltaStage                          time.Duration
	RMax                                                             uint64
	S                                                                []int
	MaxDurationQuery, MaxDurationObservation                         time.Duration
	MaxDurationShouldAccept, MaxDurationShouldTransmit               time.Duration
	TransmitTimeout                                                  time.Duration
}

// NetworkFaults are faults of the links between oracles.
type NetworkFaults = engine.NetworkFaults

// Faults are what goes wrong before HealAfter. Probabilities are from 0 to 1.
type Faults struct {
	Network NetworkFaults
	Disk    DiskFaults

	// Crashes is how many times an oracle crashes, at a random effect. It starts again after at most MaxDowntime (1 s if that
	// is 0), with what was durable.
	Crashes     int
	MaxDowntime time.Duration

	// PluginErrors and PluginSlow are for each call: that it fails, and that it overruns its deadline, hangs until it, or, where
	// there is none, takes long.
	PluginErrors, PluginSlow float64
	// KeyErrors is for each signature: that the key does not sign.
	KeyErrors float64
	// TransmitErrors is for each transmission: that it fails, with the report on its way or not.
	TransmitErrors float64

	// ClockSkew is by how much a clock may be off, ClockDriftPPM by how much too fast or slow it may run. They do not heal.
	ClockSkew     time.Duration
	ClockDriftPPM int64
}

// DiskFaults are faults of the oracles' databases.
type DiskFaults struct {
	// Delay is how long a write may take. It does not heal. If it is 0, a write is durable at once.
	Delay time.Duration
	// Errors is for each write: that it fails, or that it succeeds and says that it failed. A failed write of the pacemaker's
	// state is tried again.
	Errors float64
}

// Rough returns faults of all kinds, each likely enough to occur in a run of some seconds.
func Rough() Faults {
	return Faults{
		Network: NetworkFaults{Loss: 0.05, Duplicate: 0.02, Reorder: 0.02, Slow: 0.02, SlowBy: time.Second, Partitions: 1},
		Disk:    DiskFaults{Delay: 20 * time.Millisecond, Errors: 0.05},
		Crashes: 3, PluginErrors: 0.02, PluginSlow: 0.02, KeyErrors: 0.01, TransmitErrors: 0.1,
		ClockSkew: time.Second, ClockDriftPPM: 500,
	}
}

// setDefaults fills in what is zero. Default timing leaves room for a round in which everything is as slow as it can be after
// HealAfter.
func (o *Options) setDefaults() {
	engine.DefaultCast(&o.N, &o.F, o.NoFaulty)
	engine.SetDefault(&o.Rounds, 10)
	engine.SetDefault(&o.Faults.MaxDowntime, time.Second)
	engine.SetDefault(&o.Faults.Network.PartitionFor, time.Second)
	if o.Plugin == nil {
		o.Plugin = TestPlugin{}.Maker()
	}
	t := &o.Timing
	engine.SetDefault(&t.DeltaRound, 200*time.Millisecond)
	engine.SetDefault(&t.DeltaGrace, 20*time.Millisecond)
	engine.SetDefault(&t.DeltaStage, 200*time.Millisecond)
	engine.SetDefault(&t.DeltaCertifiedCommitRequest, 150*time.Millisecond)
	engine.SetDefault(&t.RMax, 10)
	for _, d := range []*time.Duration{&t.MaxDurationQuery, &t.MaxDurationObservation, &t.MaxDurationShouldAccept, &t.MaxDurationShouldTransmit} {
		engine.SetDefault(d, 50*time.Millisecond)
	}
	engine.SetDefault(&t.TransmitTimeout, 10*time.Second)
	// Five messages, two durable writes, five plugin calls, some signatures, each a little longer where a clock is wrong.
	step := 7*engine.MaxLatency + 7*engine.MaxPluginTime + 12*engine.MaxKeyTime + 4*o.Faults.Disk.Delay
	engine.SetDefault(&t.DeltaInitial, 2*step)
	engine.SetDefault(&t.DeltaProgress, t.DeltaInitial+2*(t.DeltaRound+t.DeltaGrace+step))
	engine.SetDefault(&t.DeltaResend, t.DeltaProgress)
	if t.S == nil {
		t.S = []int{1, o.N - 1}
	}
}

// check tells what is wrong with options that have their defaults.
func (o *Options) check() error {
	if o.Forgetful < 0 || len(o.Traitors)+o.Forgetful > max(o.F, 0) {
		return fmt.Errorf("ocr3sim: Options.Traitors has %d and Options.Forgetful is %d, want at most F = %d together", len(o.Traitors), o.Forgetful, o.F)
	}
	return engine.Cast{
		N: o.N, F: o.F, Traitors: len(o.Traitors), TraitorIDs: o.TraitorIDs, Rounds: o.Rounds, HealAfter: o.HealAfter,
	}.Check("ocr3sim")
}

// breaks are defects that tests put into the driver. Defects of the machine are in mutants_test.go.
type breaks struct {
	ignoreBarrier       bool // messages leave before the pacemaker's state is durable
	earlyAnswer         bool // a certificate counts as written before it is durable
	forgetCertificate   bool // a written certificate is not there after a crash
	forgetPacemaker     bool // the pacemaker's state is not there after a crash
	oldDisk             bool // after a crash an honest oracle finds what its disk held some time before
	acceptAllSignatures bool // verification finds every signature good
	acceptAllVotes      bool // and every vote
	acceptAllReports    bool // and every report's
	contractTakesFewer  bool // the contract takes one signature less
	noInitialTimer      bool // the timer for the start of an epoch never fires
	noProgressTimer     bool // the progress timer never fires
	noCommitRequests    bool // requests for missing commits do not leave the oracle
	noTransmissions     bool // the timer for transmissions never fires
	mistakenSender      bool // messages of traitors arrive in the name of any oracle
}
