package ocr3sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// LandedReport is a report that the contract accepted.
type LandedReport struct {
	SeqNr      uint64
	Report     types.Report
	Info       any
	Signatures []types.AttributedOnchainSignature
	// Transmitter is who sent it, Time when it landed, on an exact clock.
	Transmitter commontypes.OracleID
	Time        time.Time
}

// Contract is a simulated verifier. It takes each report once, in any order, if it carries exactly f+1 valid signatures by
// different oracles.
type Contract struct {
	sim    *simulation
	landed []LandedReport
	has    map[landedKey]bool
}

type landedKey struct {
	seqNr  uint64
	report string
}

// keptReports is how many of the latest reports a contract keeps; what is older is only counted.
const keptReports = 4096

var errReport = errors.New("ocr3sim: the contract does not take the report")

// Latest returns the latest report, nil if there is none.
func (c *Contract) Latest() *LandedReport {
	if len(c.landed) == 0 {
		return nil
	}
	return &c.landed[len(c.landed)-1]
}

// Has tells whether a report has landed.
func (c *Contract) Has(seqNr uint64, report types.Report) bool {
	return c.has[landedKey{seqNr, string(report)}]
}

// transmit is what the contract's function does.
func (c *Contract) transmit(from commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any], signatures []types.AttributedOnchainSignature) error {
	if err := c.check(seqNr, report, signatures); err != nil {
		return fmt.Errorf("%w: %w", errReport, err)
	}
	if c.Has(seqNr, report.Report) {
		return fmt.Errorf("%w: it has landed before", errReport)
	}
	if len(c.landed) == 2*keptReports {
		for _, old := range c.landed[:keptReports] {
			delete(c.has, landedKey{old.SeqNr, string(old.Report)})
		}
		c.landed = slices.Delete(c.landed, 0, keptReports)
	}
	c.has[landedKey{seqNr, string(report.Report)}] = true
	c.landed = append(c.landed, LandedReport{seqNr, report.Report, report.Info, signatures, from, engine.Epoch0.Add(c.sim.Now)})
	c.sim.reportLanded(c.Latest())
	return nil
}

func (c *Contract) check(seqNr uint64, report ocr3types.ReportWithInfo[any], signatures []types.AttributedOnchainSignature) error {
	want := c.sim.options.F + 1
	if len(signatures) != want && !(c.sim.options.breaks.contractTakesFewer && len(signatures) == want-1) {
		return fmt.Errorf("%d signatures, want %d", len(signatures), want)
	}
	var signed [types.MaxOracles]bool
	for _, s := range signatures {
		if int(s.Signer) >= c.sim.options.N || signed[s.Signer] {
			return fmt.Errorf("signer %d is not there or there twice", s.Signer)
		}
		signed[s.Signer] = true
		if !c.sim.keys.verifyReport(s.Signer, seqNr, report, s.Signature) {
			return fmt.Errorf("the signature of %d is not valid", s.Signer)
		}
	}
	return nil
}

// transmit has a transaction arrive after some time.
func (s *simulation) transmit(took time.Duration, from commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any], signatures []types.AttributedOnchainSignature, done func(error)) {
	s.stats.Transmissions++
	s.At(s.Now+took, func() { done(s.contract.transmit(from, seqNr, report, signatures)) })
}
