package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// LandedReport is a report that the contract accepted.
type LandedReport struct {
	Context    types.ReportContext
	Report     types.Report
	Signatures []types.AttributedOnchainSignature
	// Transmitter is who sent it, Time when it landed, on an exact clock.
	Transmitter commontypes.OracleID
	Time        time.Time
}

// Contract is the simulated aggregator. It takes a report that is newer, in (epoch, round), than the one before and carries
// exactly the right number of valid signatures by different oracles.
type Contract struct {
	sim    *simulation
	random *rand.Rand
	quorum int
	landed roundsim.Landed[LandedReport]
}

var (
	errRead   = errors.New("sim: the contract cannot be read")
	errReport = errors.New("sim: the contract does not take the report")
)

// Read returns the latest report as an oracle sees it: nil if there is none. While faults last, it may fail, or show what
// was some reports ago.
func (c *Contract) Read() (*LandedReport, error) {
	faults := &c.sim.options.Faults
	return roundsim.Read(&c.landed, c.sim.Healed, c.random, faults.ReadErrors, faults.StaleReads, &c.sim.Counts.Faults, errRead)
}

// transmit is what the contract's function does.
func (c *Contract) transmit(from commontypes.OracleID, ctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) error {
	if err := c.check(ctx, report, signatures); err != nil {
		return fmt.Errorf("%w: %w", errReport, err)
	}
	r := c.landed.Add(LandedReport{ctx, report, signatures, from, engine.Epoch0.Add(c.sim.Now)})
	c.sim.ReportLanded(roundOf(ctx.ReportTimestamp), from, report)
	c.sim.checkers.Landed(r)
	return nil
}

func (c *Contract) check(ctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) error {
	if ctx.ConfigDigest != c.sim.digest {
		return errors.New("config digest is not the contract's")
	}
	round := ocr2.Round{Epoch: ctx.Epoch, Round: ctx.Round}
	if last := c.landed.Latest(); last != nil && !roundOf(last.Context.ReportTimestamp).Less(round) && !c.sim.options.breaks.ContractTakesOld {
		return errors.New("report is stale")
	}
	if c.sim.options.breaks.ContractQuorumOneLow && len(signatures) == c.quorum-1 {
	} else if len(signatures) != c.quorum {
		return fmt.Errorf("%d signatures, want %d", len(signatures), c.quorum)
	}
	var signed [types.MaxOracles]bool
	for _, s := range signatures {
		if int(s.Signer) >= c.sim.options.N || signed[s.Signer] {
			return fmt.Errorf("signer %d is not there or there twice", s.Signer)
		}
		signed[s.Signer] = true
		check := kernel.SignatureCheck{Kind: kernel.OnchainSignature, Signer: s.Signer, Signature: s.Signature, Context: &ctx, Report: report}
		if !c.sim.keys.verify(&check) {
			return fmt.Errorf("the signature of %d is not valid", s.Signer)
		}
	}
	return nil
}

func roundOf(ts types.ReportTimestamp) ocr2.Round {
	return ocr2.Round{Epoch: ts.Epoch, Round: ts.Round}
}
