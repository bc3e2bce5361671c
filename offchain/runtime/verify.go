package runtime

import (
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/ocrkit/ocrkit/offchain/crypto/ed25519prep"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// maxGroup is how many signatures are verified in one go, at most. minGroup is how many are not worth being shared out among
// processors: that costs more than the time it saves.
const (
	maxGroup = 16
	minGroup = 6
)

// verification is the work on a list of signatures, on the workers: it is run once for each of its groups, which are as large as
// they can be with work for all processors.
type verification struct {
	engine *engine
	id     kernel.CallID
	checks []kernel.SignatureCheck
	// good are the verdicts, for a [kernel.VerifyEach]; nil for a [kernel.Verify], which wants the first bad one.
	good []bool

	groups           int
	next, unfinished atomic.Int64 // groups
	firstBad         atomic.Int64 // the lowest check found to be bad; no groups above it are looked at any more
}

// verify answers a [kernel.Verify].
func (e *engine) verify(v kernel.Verify) {
	e.share(&verification{engine: e, id: v.ID, checks: v.Checks})
}

// verifyEach answers a [kernel.VerifyEach].
func (e *engine) verifyEach(v kernel.VerifyEach) {
	e.share(&verification{engine: e, id: v.ID, checks: v.Checks, good: make([]bool, len(v.Checks))})
}

func (e *engine) share(v *verification) {
	n := len(v.checks)
	v.groups = max(1, (n+maxGroup-1)/maxGroup, min((n+minGroup-1)/minGroup, runtime.GOMAXPROCS(0)))
	v.unfinished.Store(int64(v.groups))
	v.firstBad.Store(int64(n))
	e.running.Add()
	for range v.groups {
		sharedWorkers.run(v)
	}
}

// run works on one group. The last one to be done answers.
func (v *verification) run() {
	g := int(v.next.Add(1)) - 1
	from, to := g*len(v.checks)/v.groups, (g+1)*len(v.checks)/v.groups
	if v.good != nil {
		v.engine.areGood(v.good[from:to], v.checks[from:to])
	} else if int64(from) < v.firstBad.Load() {
		var good [maxGroup]bool
		v.engine.areGood(good[:to-from], v.checks[from:to])
		if bad := slices.Index(good[:to-from], false); bad >= 0 {
			v.foundBad(int64(from + bad))
		}
	}
	if v.unfinished.Add(-1) > 0 {
		return
	}
	defer v.engine.running.Done()
	if v.good != nil {
		v.engine.answerLater(kernel.VerifiedEach{ID: v.id, Good: v.good})
		return
	}
	bad := int(v.firstBad.Load())
	if bad == len(v.checks) {
		bad = -1
	}
	v.engine.answerLater(kernel.Verified{ID: v.id, Bad: bad})
}

func (v *verification) foundBad(i int64) {
	for low := v.firstBad.Load(); i < low && !v.firstBad.CompareAndSwap(low, i); {
		low = v.firstBad.Load()
	}
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
