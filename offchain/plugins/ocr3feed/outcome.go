package ocr3feed

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
)

// OutcomeSize is the length of every outcome in bytes.
const OutcomeSize = 1 + 2*priceSize + 8

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
	// LastSeqNr is the sequence number of what is reported last when the round is over: that of this round if Report is set, else
	// that of the round that reported Before. It is 0 if nothing was reported, and only then.
	LastSeqNr uint64
}

// Reported returns what was reported last when the round is over, nil if nothing was. Its sequence number is LastSeqNr.
func (o Outcome) Reported() *Price {
	if o.Report {
		return &o.Median
	}
	return o.Before
}

// check says whether the sequence number is there if and only if it is one of something.
func (o Outcome) check() error {
	switch reported := o.Reported() != nil; {
	case reported && o.LastSeqNr == 0:
		return errors.New("ocr3feed: outcome with a report that has no sequence number")
	case !reported && o.LastSeqNr != 0:
		return fmt.Errorf("ocr3feed: outcome with sequence number %d of a report that was not", o.LastSeqNr)
	}
	return nil
}

// Encode returns the outcome's bytes. It fails if a value is nil or out of range, or if LastSeqNr is that of no report or misses.
func (o Outcome) Encode() (ocr3types.Outcome, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	b := make([]byte, 1, OutcomeSize)
	if o.Report {
		b[0] |= flagReport
	}
	b, err := o.Median.append(b)
	if err != nil {
		return nil, err
	}
	if o.Before == nil {
		b = b[:1+2*priceSize] // zeros
	} else {
		b[0] |= flagBefore
		if b, err = o.Before.append(b); err != nil {
			return nil, err
		}
	}
	return binary.BigEndian.AppendUint64(b, o.LastSeqNr), nil
}

// DecodeOutcome is the inverse of Encode. It fails on whatever Encode does not return.
func DecodeOutcome(b ocr3types.Outcome) (Outcome, error) {
	if len(b) != OutcomeSize {
		return Outcome{}, fmt.Errorf("ocr3feed: outcome of %d bytes, want %d", len(b), OutcomeSize)
	}
	flags, rest := b[0], b[1:]
	if flags&^(flagBefore|flagReport) != 0 {
		return Outcome{}, fmt.Errorf("ocr3feed: outcome with unknown flags 0x%02x", flags)
	}
	median, err := decodePrice(rest[:priceSize])
	if err != nil {
		return Outcome{}, err
	}
	before, err := decodePrice(rest[priceSize : 2*priceSize])
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Median: median, Report: flags&flagReport != 0, LastSeqNr: binary.BigEndian.Uint64(rest[2*priceSize:])}
	if flags&flagBefore != 0 {
		o.Before = &before
	} else if before.Time != 0 || before.Value.Sign() != 0 {
		return Outcome{}, errors.New("ocr3feed: outcome with something reported before that was not")
	}
	if err := o.check(); err != nil {
		return Outcome{}, err
	}
	return o, nil
}
