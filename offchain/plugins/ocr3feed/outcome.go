package ocr3feed

import (
	"errors"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
)

// OutcomeSize is the length of every outcome in bytes.
const OutcomeSize = 1 + 2*ObservationSize

// Flags of an encoded outcome.
const (
	flagBefore = 1 << iota
	flagReport
)

// Outcome is what the oracles agree on in a round, and what the next round starts from.
type Outcome struct {
	// Median has the median of the observed values and the median of the observed times. They need not be of one oracle.
	Median Price
	// Report says that Median is to be reported.
	Report bool
	// Before is what was reported last before this round, nil if nothing was.
	Before *Price
}

// Reported returns what was reported last when the round is over, nil if nothing was.
func (o Outcome) Reported() *Price {
	if o.Report {
		return &o.Median
	}
	return o.Before
}

// Encode returns the outcome's bytes. It fails if a value is nil or out of range.
func (o Outcome) Encode() (ocr3types.Outcome, error) {
	b := make([]byte, 1, OutcomeSize)
	if o.Report {
		b[0] |= flagReport
	}
	b, err := o.Median.append(b)
	if err != nil {
		return nil, err
	}
	if o.Before == nil {
		return b[:OutcomeSize], nil // zeros
	}
	b[0] |= flagBefore
	return o.Before.append(b)
}

// DecodeOutcome is the inverse of Encode. It fails on whatever Encode does not return.
func DecodeOutcome(b ocr3types.Outcome) (Outcome, error) {
	if len(b) != OutcomeSize {
		return Outcome{}, fmt.Errorf("ocr3feed: outcome of %d bytes, want %d", len(b), OutcomeSize)
	}
	flags := b[0]
	if flags&^(flagBefore|flagReport) != 0 {
		return Outcome{}, fmt.Errorf("ocr3feed: outcome with unknown flags 0x%02x", flags)
	}
	median, err := decodePrice(b[1 : 1+ObservationSize])
	if err != nil {
		return Outcome{}, err
	}
	before, err := decodePrice(b[1+ObservationSize:])
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Median: median, Report: flags&flagReport != 0}
	if flags&flagBefore != 0 {
		o.Before = &before
	} else if before.Time != 0 || before.Value.Sign() != 0 {
		return Outcome{}, errors.New("ocr3feed: outcome with something reported before that was not")
	}
	return o, nil
}
