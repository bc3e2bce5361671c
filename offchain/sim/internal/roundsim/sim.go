// Package roundsim is what the simulators of OCR1 and OCR2 share beyond package engine. Both protocols go through the same
// rounds in the same epochs (package rounds), so their oracles have the same driver, the same records on disk, and many of the
// same invariants.
package roundsim

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
)

// Sim is a run. M and P are a protocol's messages and pending transmissions.
type Sim[M rounds.Message, P any] struct {
	engine.World[M]
	Settings[M]
	LeaderKey, OrderKey [16]byte
	Leaders             config.LeadersV1
	Oracles             []*Oracle[M, P]
	// Checkers are those that both protocols have; they are about honest oracles.
	Checkers engine.Checkers[*Oracle[M, P], M, rounds.Start[P], rounds.Status, rounds.Round]
	Counts   Counts
	landed   int // since the network healed
	decoded  map[*byte]decoded[M]
}

// Settings are options of a run, and what there is to know of the protocol.
type Settings[M rounds.Message] struct {
	Rounds                                             int
	HealAfter                                          time.Duration
	DeltaProgress, DeltaResend, DeltaRound, DeltaStage time.Duration
	RMax                                               uint8
	S                                                  []int

	Crashes       int
	MaxDowntime   time.Duration
	DiskDelay     time.Duration
	ClockSkew     time.Duration
	ClockDriftPPM int64
	Breaks        Breaks

	// LeavesOut tells that a leader may leave out a round.
	LeavesOut bool
	// Observations is the number of observations in a ReportReq.
	Observations func(M) int
	// Transmission tells what an effect transmits.
	Transmission func(kernel.Effect) (id kernel.CallID, round rounds.Round, ok bool)
	// Harmless are warnings and errors that machines log though nothing is wrong.
	Harmless []string
	// NewEpoch and ObserveReq make messages.
	NewEpoch   func(epoch uint32) M
	ObserveReq func(epoch uint32, round uint8) M
}

// Counts count what happened in a run.
type Counts struct {
	Steps, Rounds, Landed, Transmissions, Crashes, DiskErrors, PluginFaults, Faults, Refused int
}

// Breaks are defects that tests put into the driver, to see that the checkers find them.
type Breaks struct {
	IgnoreBarrier        bool // messages leave before the round is durable
	ForgetRounds         bool // a written round is not there after a crash
	StartWithoutRound    bool // the recorded round is not handed in at the start
	AcceptAllSignatures  bool // verification finds every signature good
	LowUniqueQuorum      bool // f+1 signatures instead of more than (n+f)/2
	ContractQuorumOneLow bool // the contract takes one signature less, if it is called with them
	ContractTakesOld     bool // the contract takes reports that are not newer
	NoEchoes             bool // FinalEcho does not leave the oracle
	NoProgressTimer      bool // the progress timer never fires
	MistakenSender       bool // messages of traitors arrive in the name of any oracle
}

// RoundsConfig returns the part of the configuration of one machine that both protocols have.
func (s *Sim[M, P]) RoundsConfig(id commontypes.OracleID, deltaGrace time.Duration) rounds.Config {
	return rounds.Config{
		OracleID: id, N: s.N, F: s.F,
		DeltaProgress: s.DeltaProgress, DeltaResend: s.DeltaResend, DeltaRound: s.DeltaRound, DeltaGrace: deltaGrace,
		DeltaStage: s.DeltaStage, RMax: s.RMax, S: s.S,
		LeaderSelectionKey: s.LeaderKey, TransmissionOrderKey: s.OrderKey,
	}
}

// SetUp draws the config digest, the keys, and the traitors, unless they are known.
func (s *Sim[M, P]) SetUp(digest []byte, traitors int, ids []commontypes.OracleID) []commontypes.OracleID {
	random := s.Stream("set up")
	for _, b := range [][]byte{digest, s.LeaderKey[:], s.OrderKey[:]} {
		for i := range b {
			b[i] = byte(random.Uint32())
		}
	}
	s.Leaders = config.NewLeadersV1(s.N, s.LeaderKey)
	s.Healed = s.HealAfter == 0
	if ids == nil {
		for _, i := range random.Perm(s.N)[:traitors] {
			ids = append(ids, commontypes.OracleID(i))
		}
	}
	s.addCheckers()
	return ids
}

// Play runs. missed is called if not enough reports landed; ended, if nothing is violated, at the end; settle is how long what is
// under way then may take.
func (s *Sim[M, P]) Play(settle time.Duration, ended func()) {
	s.Run(&engine.Plan[M]{
		Begin:    s.begin,
		Happens:  func(h *engine.Happening[M]) { s.Oracles[h.Node].happens(h) },
		Reached:  func() bool { return s.landed >= s.Rounds },
		Settle:   settle,
		Deadline: s.HealAfter + s.patience(),
		Missed: func() string {
			return fmt.Sprintf("%d reports landed in %s after everything healed, want %d", s.landed, s.patience(), s.Rounds)
		},
		Ended: ended,
	})
	for _, o := range s.Oracles {
		o.Driver.Halt()
	}
}

// patience is how long reports may take to land once everything has healed: a faulty leader costs an epoch, and there may be
// many in a row; a slow one may take nearly DeltaProgress for each round.
func (s *Sim[M, P]) patience() time.Duration {
	stages := time.Duration(len(s.S)) * s.DeltaStage
	return time.Duration(60+8*s.Rounds)*(s.DeltaProgress+s.DeltaResend+engine.MaxLatency) + stages + 10*engine.MaxTransmitTime
}

// begin plans the starts and the faults.
func (s *Sim[M, P]) begin() {
	random := s.Stream("schedule")
	for _, o := range s.Oracles {
		s.At(engine.Between(random, 0, 100*time.Millisecond), o.start)
	}
	for _, o := range s.Oracles {
		if !o.Honest() {
			s.Every(engine.TickInterval, o.Driver.Tick)
		}
	}
	if s.HealAfter == 0 {
		return
	}
	s.Network.SchedulePartitions(s.HealAfter)
	for range s.Crashes {
		o := s.Oracles[random.IntN(len(s.Oracles))]
		s.At(engine.Between(random, 0, s.HealAfter), func() {
			if o.Honest() {
				o.CrashSoon()
			}
		})
	}
	s.At(s.HealAfter, func() {
		s.Heal()
		for _, o := range s.Oracles {
			o.heal()
		}
	})
}

// refused notes a message that is not even handed to a machine.
func (s *Sim[M, P]) refused(o *Oracle[M, P], from commontypes.OracleID, err error) {
	s.Counts.Refused++
	if s.Oracles[from].Honest() {
		s.Violated("wire", "oracle %d refuses a message of honest oracle %d: %v", o.ID, from, err)
	}
}

// ReportLanded notes a report that the contract took.
func (s *Sim[M, P]) ReportLanded(round rounds.Round, from commontypes.OracleID, report []byte) {
	s.Counts.Landed++
	if s.Healed {
		s.landed++
	}
	s.TraceLine("landed %s from=%d report=%x", round, from, report)
	s.Checkers.Landed(&round)
}

// Honest is the number of oracles that follow the protocol.
func (s *Sim[M, P]) Honest() int { return s.N - len(s.Traitors) }
