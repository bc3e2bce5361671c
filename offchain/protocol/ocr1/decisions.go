package ocr1

import (
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// thresholds are alphaPPB and deltaC that this node goes by.
func (c *Config) thresholds(override *ocr1types.ConfigOverride) (alphaPPB uint64, deltaC time.Duration) {
	if override != nil {
		return override.AlphaPPB, override.DeltaC
	}
	return c.AlphaPPB, c.DeltaC
}

// reportDue tells whether there is a reason to report ascending observations; without the contract's word, there is.
//
// Source: docs/protocol/ocr1.md, "Whether a report is due".
func (c *Config) reportDue(now time.Time, list []ocr1wire.AttributedObservation, in ReportInputsDone) bool {
	if in.Err != nil {
		return true
	}
	answer, err := ocr1wire.NewObservation(in.Contract.LatestAnswer)
	if err != nil {
		return false
	}
	alphaPPB, deltaC := c.thresholds(in.Override)
	initial := in.Contract.ConfigDigest == c.ConfigDigest && in.Contract.Round == Round{}
	return initial ||
		deviates(answer.Int(), ocr1wire.Median(list), alphaPPB) ||
		in.Contract.LatestTimestamp.Add(deltaC).Before(now) ||
		in.Requested.ConfigDigest == c.ConfigDigest && !in.Requested.Round.Less(in.Contract.Round)
}

// worthTransmitting tells whether a report of a round is worth its transmission, when the contract is at one round and the
// last report that was accepted here is of another, with another median.
//
// Source: docs/protocol/ocr1.md, "Transmission".
func worthTransmitting(round, contract, accepted Round, median, acceptedMedian *big.Int, alphaPPB uint64) bool {
	switch {
	case !contract.Less(round):
		return false
	case accepted == Round{}:
		return true
	case !accepted.Less(round):
		return false
	}
	nothingPending := !contract.Less(accepted)
	return nothingPending || deviates(median, acceptedMedian, alphaPPB)
}

var billion = big.NewInt(1_000_000_000)

// deviates tells whether a value differs from an old one by at least ppb parts per billion of the old one.
func deviates(old, value *big.Int, ppb uint64) bool {
	if old.Sign() == 0 {
		return value.Sign() != 0
	}
	difference := new(big.Int).Sub(value, old)
	difference.Mul(difference.Abs(difference), billion)
	threshold := new(big.Int).SetUint64(ppb)
	threshold.Mul(threshold, new(big.Int).Abs(old))
	return difference.Cmp(threshold) >= 0
}
