package roundsim

import (
	"math/rand/v2"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
)

// Landed are the reports that a contract took; of what is older than some thousand, only the last is kept.
type Landed[R any] struct{ list []R }

const keptReports = 4096

// Add adds a report.
func (l *Landed[R]) Add(r R) *R {
	if len(l.list) == 2*keptReports {
		l.list = slices.Delete(l.list, 0, keptReports)
	}
	l.list = append(l.list, r)
	return l.Latest()
}

// All returns those that are kept.
func (l *Landed[R]) All() []R { return l.list }

// Latest returns the latest report, nil if there is none.
func (l *Landed[R]) Latest() *R { return l.back(0) }

func (l *Landed[R]) back(n int) *R {
	if n >= len(l.list) {
		return nil
	}
	return &l.list[len(l.list)-1-n]
}

// Read returns the latest report as an oracle sees it: nil if there is none. While faults last, it may fail, or show what was
// some reports ago.
func Read[R any](l *Landed[R], healed bool, random *rand.Rand, readErrors, staleReads float64, faults *int, failed error) (*R, error) {
	if healed || len(l.list) == 0 {
		return l.Latest(), nil
	}
	if engine.Chance(random, readErrors) {
		*faults++
		return nil, failed
	}
	back := 0
	if engine.Chance(random, staleReads) {
		*faults++
		back = random.IntN(4)
	}
	return l.back(back), nil
}
