package median

import (
	"context"
	"math/big"
)

var billion = big.NewInt(1_000_000_000)

// DefaultDeviationFunc tells whether |new - old| is at least thresholdPPB
// billionths of |old|. From an old value of 0 every other value deviates, and 0
// does not; from other values everything deviates by a threshold of 0. It
// computes exactly, never fails, and changes neither value.
func DefaultDeviationFunc(_ context.Context, thresholdPPB uint64, old *big.Int, new *big.Int) (bool, error) {
	if old.Sign() == 0 {
		return new.Sign() != 0, nil
	}
	// |new - old| / |old| >= thresholdPPB / 10^9, without the division
	var moved, needed big.Int
	moved.Sub(new, old)
	moved.Abs(&moved)
	moved.Mul(&moved, billion)
	needed.SetUint64(thresholdPPB)
	needed.Mul(&needed, old)
	return moved.CmpAbs(&needed) >= 0, nil
}
