package runtime

import (
	"runtime"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/crypto/ed25519prep"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// maxGroup is how many signatures are verified in one go, at most.
const maxGroup = 16

// groups splits n checks into groups, so that all processors have work and each group is as large as that allows.
type groups struct{ n, count int }

func groupsOf(n int) groups {
	return groups{n, max((n+maxGroup-1)/maxGroup, min(n, runtime.GOMAXPROCS(0)))}
}

// bounds of a group; the upper one is not in it.
func (g groups) bounds(i int) (from, to int) { return i * g.n / g.count, (i + 1) * g.n / g.count }

// verify answers a [kernel.Verify].
func (e *engine) verify(v kernel.Verify, done func(kernel.Verified)) {
	g := groupsOf(len(v.Checks))
	good := make([]bool, len(v.Checks))
	sharedWorkers.firstBad(g.count, func(i int) bool {
		from, to := g.bounds(i)
		e.areGood(good[from:to], v.Checks[from:to])
		return !slices.Contains(good[from:to], false)
	}, func(bad int) {
		if bad >= 0 {
			from, to := g.bounds(bad)
			bad = from + slices.Index(good[from:to], false)
		}
		done(kernel.Verified{ID: v.ID, Bad: bad})
	})
}

// verifyEach answers a [kernel.VerifyEach].
func (e *engine) verifyEach(v kernel.VerifyEach, done func(kernel.VerifiedEach)) {
	g := groupsOf(len(v.Checks))
	good := make([]bool, len(v.Checks))
	sharedWorkers.each(g.count, func(i int) {
		from, to := g.bounds(i)
		e.areGood(good[from:to], v.Checks[from:to])
	}, func() { done(kernel.VerifiedEach{ID: v.ID, Good: good}) })
}

// areGood sets good[i] to the verdict on checks[i], of which there are at most maxGroup.
func (e *engine) areGood(good []bool, checks []kernel.SignatureCheck) {
	var offchain [maxGroup]ed25519prep.Check
	var verdicts [maxGroup]bool
	var of [maxGroup]int // places in checks
	n := 0
	for i := range checks {
		switch c := &checks[i]; {
		case int(c.Signer) >= len(e.offchainKeys):
			good[i] = false
		case c.Kind == kernel.OffchainSignature:
			offchain[n], of[n] = ed25519prep.Check{Key: e.offchainKeys[c.Signer], Msg: c.Message, Sig: c.Signature}, i
			n++
		default:
			good[i] = c.Kind == kernel.OnchainSignature && e.checkOnchain != nil && e.checkOnchain(c)
		}
	}
	ed25519prep.VerifyEach(verdicts[:n], offchain[:n])
	for j, i := range of[:n] {
		good[i] = verdicts[j]
	}
}
