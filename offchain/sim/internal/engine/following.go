package engine

import (
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Following is what checkers of following have in common: after the network has healed, every honest oracle soon is in the epoch
// that more than 2f honest ones wish for.
type Following[M any] struct {
	World *World[M]
	// Wishes lists what honest oracles wish for.
	Wishes func() []uint64
	// Slack is how long it may take.
	Slack time.Duration

	wished uint64  // what more than 2f honest oracles wish for
	since  Instant // when that was first seen
}

// FollowingSlack is enough for a wish that is sent again every deltaResend.
func FollowingSlack(deltaResend, diskDelay time.Duration) time.Duration {
	return deltaResend + deltaResend/10 + 2*MaxLatency + 4*diskDelay + DiskRetry
}

// Check looks at an honest oracle that is in an epoch, and may have changed its wish.
func (f *Following[M]) Check(id commontypes.OracleID, epoch uint64, changed bool) {
	w := f.World
	if !w.Healed {
		return
	}
	if changed || w.HealedAt > f.since {
		f.since = max(f.since, w.HealedAt)
		wishes := f.Wishes()
		slices.Sort(wishes)
		if last := len(wishes) - 1 - 2*w.F; last >= 0 && wishes[last] > f.wished {
			f.wished, f.since = wishes[last], w.Now
		}
	}
	if epoch < f.wished && w.Now > max(f.since, w.HealedAt)+f.Slack {
		w.Violated("following", "oracle %d is in epoch %d, though more than 2f honest oracles wish for %d since %s", id, epoch, f.wished, f.since)
	}
}
