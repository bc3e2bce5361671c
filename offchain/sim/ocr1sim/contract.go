package ocr1sim

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	machine "github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
)

// LandedReport is a report that the contract accepted.
type LandedReport struct {
	Epoch uint32
	Round uint8
	// Observers made Observations, which are ascending; the answer is their median.
	Observers    []commontypes.OracleID
	Observations []*big.Int
	Answer       *big.Int
	// Report is the whole of it, as the contract gets it; Signers are who signed it.
	Report  []byte
	Signers []commontypes.OracleID
	// Transmitter is who sent it, Time when it landed, on an exact clock.
	Transmitter commontypes.OracleID
	Time        time.Time
}

func (r *LandedReport) round() machine.Round { return machine.Round{Epoch: r.Epoch, Round: r.Round} }

// Contract is the simulated aggregator. It takes a report that is newer, in (epoch, round), than the one before, has more than
// 2f observations by different oracles in ascending order, and carries more than f valid signatures by different oracles.
type Contract struct {
	sim    *simulation
	random *rand.Rand
	landed roundsim.Landed[LandedReport]
	// requested is the latest request for a round, zero if there was none.
	requested   machine.RequestedRound
	requestedAt engine.Instant
}

var errReport = errors.New("ocr1sim: the contract does not take the report")

// state is what an oracle sees of the latest report. While faults last, that may fail, or show what was some reports ago.
func (c *Contract) state() (machine.ContractState, error) {
	faults := &c.sim.options.Faults
	last, err := roundsim.Read(&c.landed, c.sim.Healed, c.random, faults.ReadErrors, faults.StaleReads, &c.sim.Counts.Faults, errRead)
	if err != nil {
		return machine.ContractState{}, err
	}
	state := machine.ContractState{ConfigDigest: c.sim.digest}
	if last != nil {
		state.Round, state.LatestAnswer, state.LatestTimestamp = last.round(), last.Answer, last.Time
	}
	return state, nil
}

// request asks for a new round.
func (c *Contract) request() {
	c.requested = machine.RequestedRound{ConfigDigest: c.sim.digest}
	if last := c.landed.Latest(); last != nil {
		c.requested.Round = last.round()
	}
	c.requestedAt = c.sim.Now
	c.sim.TraceLine("round requested at %s", c.requested.Round)
}

func (c *Contract) requestedWithin(lookback time.Duration) machine.RequestedRound {
	if c.sim.Now-c.requestedAt > lookback {
		return machine.RequestedRound{}
	}
	return c.requested
}

// transmit is what the contract's function does.
func (c *Contract) transmit(from commontypes.OracleID, report []byte, rs, ss [][32]byte, vs [32]byte) error {
	landed, err := c.check(report, rs, ss, vs)
	if err != nil {
		return fmt.Errorf("%w: %w", errReport, err)
	}
	landed.Transmitter, landed.Time = from, engine.Epoch0.Add(c.sim.Now)
	r := c.landed.Add(*landed)
	c.sim.ReportLanded(r.round(), from, report)
	c.sim.checkers.Landed(r)
	return nil
}

func (c *Contract) check(report []byte, rs, ss [][32]byte, vs [32]byte) (*LandedReport, error) {
	broken := &c.sim.options.breaks
	var decoded ocr1.Report
	var context ocr1.ReportContext
	if err := ocr1.DecodeReport(report, &decoded); err != nil {
		return nil, err
	}
	if err := ocr1.DecodeReportContext(decoded.RawReportContext[:], &context); err != nil {
		return nil, err
	}
	r := &LandedReport{Epoch: context.Epoch, Round: context.Round, Observations: decoded.Observations, Report: report}
	last, k, n := c.landed.Latest(), len(decoded.Observations), c.sim.N
	switch {
	case ocr1types.ConfigDigest(context.ConfigDigest) != c.sim.digest:
		return nil, errors.New("config digest is not the contract's")
	case last != nil && !last.round().Less(r.round()) && !broken.ContractTakesOld:
		return nil, errors.New("report is stale")
	case len(rs) != len(ss) || len(rs) > n:
		return nil, fmt.Errorf("%d and %d halves of signatures", len(rs), len(ss))
	case len(rs) <= c.sim.F && !(broken.ContractQuorumOneLow && len(rs) == c.sim.F):
		return nil, fmt.Errorf("%d signatures, want more than %d", len(rs), c.sim.F)
	case k <= 2*c.sim.F || k > n:
		return nil, fmt.Errorf("%d observations of %d oracles", k, n)
	}
	var seen oracles
	for i := range k {
		observer := commontypes.OracleID(decoded.RawObservers[i])
		if int(observer) >= n || seen.add(observer) {
			return nil, fmt.Errorf("observer %d is not there or there twice", observer)
		}
		if i > 0 && r.Observations[i-1].Cmp(r.Observations[i]) > 0 {
			return nil, errors.New("observations are not in order")
		}
		r.Observers = append(r.Observers, observer)
	}
	r.Answer = r.Observations[k/2]
	seen = 0
	for i := range rs {
		signature := append(append(append([]byte(nil), rs[i][:]...), ss[i][:]...), vs[i])
		signer := c.sim.keys.signer(report, signature)
		if signer < 0 || signer >= n || seen.add(commontypes.OracleID(signer)) {
			return nil, fmt.Errorf("signature %d is by none of the oracles, or one signed twice", i)
		}
		r.Signers = append(r.Signers, commontypes.OracleID(signer))
	}
	return r, nil
}

// oracles is a set of oracles.
type oracles uint32

func (s *oracles) add(id commontypes.OracleID) (present bool) {
	present = *s>>id&1 == 1
	*s |= 1 << id
	return present
}
