// Package evmreportcodec makes the reports of the median plugin for the OCR2
// aggregator contract on EVM chains.
//
// The layout of a report is the contract's, so package gen/ocr2, which is
// generated from the contract, does the encoding. What is here is how the fields
// come about: the observations are sorted; byte i of rawObservers is the oracle
// that made observation i; timestamp and juels per fee coin are medians.
//
// Source: docs/protocol/ocr2.md, "Median plugin".
package evmreportcodec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/internal/tieorder"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// maxObservations is how many observers fit into rawObservers.
const maxObservations = 32

// ReportCodec is the report codec for the OCR2 aggregator. It has no state.
type ReportCodec struct{}

var _ median.ReportCodec = ReportCodec{}

// BuildReport makes a report with the median of the observations' timestamps,
// the median of their juels per fee coin, and all their values in ascending
// order. Of an even number, the median is the upper one of the middle two. The
// gas price is left out.
//
// It fails if there are no observations or more than 32, and if a number is nil
// or does not fit into an int192. It neither changes nor keeps paos.
func (ReportCodec) BuildReport(_ context.Context, paos []median.ParsedAttributedObservation) (types.Report, error) {
	if len(paos) == 0 {
		return nil, errors.New("evmreportcodec: no observations")
	}
	if len(paos) > maxObservations {
		return nil, fmt.Errorf("evmreportcodec: %d observations, at most %d fit into a report", len(paos), maxObservations)
	}
	for i, pao := range paos {
		if pao.Value == nil || pao.JuelsPerFeeCoin == nil {
			return nil, fmt.Errorf("evmreportcodec: observation %d (by oracle %d) has no value or no juels per fee coin", i, pao.Observer)
		}
	}

	// One copy is sorted again and again: how each sort leaves equal elements
	// depends on how it found them, and the last order is what gets signed.
	paos = slices.Clone(paos)
	middle := len(paos) / 2
	tieorder.Sort(paos, func(a, b median.ParsedAttributedObservation) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	timestamp := paos[middle].Timestamp
	tieorder.Sort(paos, func(a, b median.ParsedAttributedObservation) int { return a.JuelsPerFeeCoin.Cmp(b.JuelsPerFeeCoin) })
	juelsPerFeeCoin := paos[middle].JuelsPerFeeCoin
	tieorder.Sort(paos, func(a, b median.ParsedAttributedObservation) int { return a.Value.Cmp(b.Value) })

	var observers [maxObservations]byte
	observations := make([]*big.Int, len(paos))
	for i, pao := range paos {
		observers[i] = byte(pao.Observer)
		observations[i] = pao.Value
	}
	report := ocr2.NewMedianReport(timestamp, observers, observations, juelsPerFeeCoin)
	encoded, err := ocr2.AppendMedianReport(nil, report)
	if err != nil {
		return nil, fmt.Errorf("evmreportcodec: %w", err)
	}
	return encoded, nil
}

// MaxReportLength returns 160 + 32*n bytes. It fails if n is negative.
func (ReportCodec) MaxReportLength(_ context.Context, n int) (int, error) {
	if n < 0 {
		return 0, fmt.Errorf("evmreportcodec: %d oracles, must not be negative", n)
	}
	return ocr2.MedianReportSize(n), nil
}

// MedianFromReport returns the element in the middle of the observations, of an
// even number the upper one, whether they are sorted or not. It fails if there
// are none and on what the ABI decoder of go-ethereum refuses. That is laxer than
// the contract (see decode).
func (ReportCodec) MedianFromReport(_ context.Context, report types.Report) (*big.Int, error) {
	r, err := decode(report)
	if err != nil {
		return nil, err
	}
	_, _, observations, _ := r.Values()
	return observations[len(observations)/2], nil
}

// XXXJuelsPerFeeCoinFromReport returns the juels per fee coin of a report, under
// the same conditions as MedianFromReport. It is for tests and tools.
func (ReportCodec) XXXJuelsPerFeeCoinFromReport(report types.Report) (*big.Int, error) {
	r, err := decode(report)
	if err != nil {
		return nil, err
	}
	_, _, _, juelsPerFeeCoin := r.Values()
	return juelsPerFeeCoin, nil
}

// decode reads a report with at least one observation, as leniently as oracles
// have always done when they decide whether to accept it: all of them must
// decide alike, also about a report that a faulty quorum signed.
func decode(report types.Report) (*ocr2.MedianReport, error) {
	r := new(ocr2.MedianReport)
	if err := ocr2.DecodeMedianReportLoose(report, r); err != nil {
		return nil, fmt.Errorf("evmreportcodec: %w", err)
	}
	if len(r.Observations) == 0 {
		return nil, errors.New("evmreportcodec: the report has no observations")
	}
	return r, nil
}
