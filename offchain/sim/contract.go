package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
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
	landed []LandedReport
	// rejected counts transmissions that the contract did not take.
	rejected int
}

// keptReports is how many of the latest reports a contract keeps; what is older is only counted.
const keptReports = 4096

var (
	errRead   = errors.New("sim: the contract cannot be read")
	errReport = errors.New("sim: the contract does not take the report")
)

// latest returns the latest report, nil if there is none.
func (c *Contract) latest() *LandedReport {
	if len(c.landed) == 0 {
		return nil
	}
	return &c.landed[len(c.landed)-1]
}

// Read returns the latest report as an oracle sees it: nil if there is none. While faults last, it may fail, or show what
// was some reports ago.
func (c *Contract) Read() (*LandedReport, error) {
	faults := &c.sim.options.Faults
	if c.sim.Healed || len(c.landed) == 0 {
		return c.latest(), nil
	}
	if engine.Chance(c.random, faults.ReadErrors) {
		c.sim.stats.Faults++
		return nil, errRead
	}
	back := 0
	if engine.Chance(c.random, faults.StaleReads) {
		c.sim.stats.Faults++
		back = c.random.IntN(4)
	}
	if back >= len(c.landed) {
		return nil, nil
	}
	return &c.landed[len(c.landed)-1-back], nil
}

// transmit is what the contract's function does.
func (c *Contract) transmit(from commontypes.OracleID, ctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) error {
	if err := c.check(ctx, report, signatures); err != nil {
		c.rejected++
		return fmt.Errorf("%w: %w", errReport, err)
	}
	if len(c.landed) == 2*keptReports {
		c.landed = slices.Delete(c.landed, 0, keptReports)
	}
	c.landed = append(c.landed, LandedReport{ctx, report, signatures, from, engine.Epoch0.Add(c.sim.Now)})
	c.sim.reportLanded(c.latest())
	return nil
}

func (c *Contract) check(ctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) error {
	if ctx.ConfigDigest != c.sim.digest {
		return errors.New("config digest is not the contract's")
	}
	round := ocr2.Round{Epoch: ctx.Epoch, Round: ctx.Round}
	if last := c.latest(); last != nil && !roundOf(last.Context.ReportTimestamp).Less(round) && !c.sim.options.breaks.contractTakesOld {
		return errors.New("report is stale")
	}
	if c.sim.options.breaks.contractQuorumOneLow && len(signatures) == c.quorum-1 {
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
