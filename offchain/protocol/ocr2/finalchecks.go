package ocr2

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// maxFinalChecksPerSender bounds the verifications under way for one sender. An honest oracle sends an echo once for each
// report, so that more than a few at once do not occur even after a partition heals.
const maxFinalChecksPerSender = 16

// finalChecks verifies the signatures of finals, for the follower (Final) and for finalization (FinalEcho). A round's Final
// and its echoes mostly have the same content, which is verified once.
type finalChecks struct {
	*core
	pending   []finalCheck // in the order in which they began
	perSender []int        // how many of pending are for each sender
	valid     rounds.ValidSet
	// verdict is called when one that was pending is there.
	verdict func(check finalCheck, valid bool)
}

// finalCheck is a verification under way.
type finalCheck struct {
	id     kernel.CallID
	hash   [32]byte
	final  *ocr2wire.Final
	sender commontypes.OracleID
	kind   ocr2wire.Kind // what it came in
	// followerWaits: the follower of the current epoch has to be told the verdict.
	followerWaits bool
}

type verdict uint8

const (
	verdictPending verdict = iota + 1
	verdictValid
	verdictInvalid
)

func newFinalChecks(c *core, verdict func(finalCheck, bool)) *finalChecks {
	return &finalChecks{core: c, perSender: make([]int, c.cfg.N), verdict: verdict}
}

// check begins to verify a final that came in a message of the given kind. If the verdict is pending, it will
// be told later; if it is invalid, the message was reported as dropped.
func (v *finalChecks) check(sender commontypes.OracleID, kind ocr2wire.Kind, f *ocr2wire.Final) verdict {
	if why, ok := v.checkFinal(f); !ok {
		v.Drop(sender, kind, why)
		return verdictInvalid
	}
	hash := finalHash(f)
	if v.valid.Has(hash) {
		return verdictValid
	}
	forFollower := kind == ocr2wire.KindFinal
	for i := range v.pending {
		if v.pending[i].hash == hash {
			if forFollower {
				v.pending[i].followerWaits = true
			} else {
				v.Drop(sender, kind, dropBeingVerified)
			}
			return verdictPending
		}
	}
	if !forFollower && v.perSender[sender] >= maxFinalChecksPerSender {
		v.Drop(sender, kind, dropTooManyToVerify)
		return verdictInvalid
	}
	id := kernel.Call(&v.Desk, v.verified)
	v.perSender[sender]++
	v.pending = append(v.pending, finalCheck{id, hash, f, sender, kind, forFollower})
	v.Emit(kernel.Verify{ID: id, Checks: v.finalSignatures(f)})
	return verdictPending
}

// verified ends a verification.
func (v *finalChecks) verified(ev kernel.Verified) {
	i := slices.IndexFunc(v.pending, func(c finalCheck) bool { return c.id == ev.ID })
	done, valid := v.pending[i], rounds.AllGood(ev)
	v.pending = slices.Delete(v.pending, i, i+1)
	v.perSender[done.sender]--
	if valid {
		v.valid.Add(done.hash)
	} else {
		v.Drop(done.sender, done.kind, rounds.DropBadSignature)
	}
	v.verdict(done, valid)
}

// followerGone says that the epoch is over: nobody but finalization waits for verdicts any more.
func (v *finalChecks) followerGone() {
	for i := range v.pending {
		v.pending[i].followerWaits = false
	}
}
