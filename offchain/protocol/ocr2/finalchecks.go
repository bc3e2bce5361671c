package ocr2

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

const (
	// maxFinalChecksPerSender bounds the verifications under way for one sender. An honest oracle sends an echo once for
	// each report, so that more than a few at once do not occur even after a partition heals.
	maxFinalChecksPerSender = 16
	// validFinalsRemembered is the number of finals that are remembered as valid.
	validFinalsRemembered = 8
)

// finalChecks verifies the signatures of finals, for the follower (Final) and for finalization (FinalEcho). A round's Final
// and its echoes mostly have the same content, which is verified once.
type finalChecks struct {
	*core
	pending   []finalCheck // in the order in which they began
	perSender []int        // how many of pending are for each sender

	valid     [validFinalsRemembered][32]byte // a ring
	nextValid int
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

func newFinalChecks(c *core) *finalChecks {
	return &finalChecks{core: c, perSender: make([]int, c.cfg.N)}
}

// check begins to verify a final that came in a message of the given kind. If the verdict is pending, the machine will get
// it from verified; if it is invalid, the message was reported as dropped.
func (v *finalChecks) check(sender commontypes.OracleID, kind ocr2wire.Kind, f *ocr2wire.Final) verdict {
	if why, ok := v.checkFinal(f); !ok {
		v.drop(sender, kind, why)
		return verdictInvalid
	}
	hash := finalHash(f)
	for i := range v.valid {
		if v.valid[i] == hash {
			return verdictValid
		}
	}
	forFollower := kind == ocr2wire.KindFinal
	for i := range v.pending {
		if v.pending[i].hash == hash {
			if forFollower {
				v.pending[i].followerWaits = true
			} else {
				v.drop(sender, kind, dropBeingVerified)
			}
			return verdictPending
		}
	}
	if !forFollower && v.perSender[sender] >= maxFinalChecksPerSender {
		v.drop(sender, kind, dropTooManyToVerify)
		return verdictInvalid
	}
	id := v.open(callVerifyFinal, sender)
	v.perSender[sender]++
	v.pending = append(v.pending, finalCheck{id, hash, f, sender, kind, forFollower})
	v.emit(kernel.Verify{ID: id, Checks: v.finalSignatures(f)})
	return verdictPending
}

// verified ends a verification.
func (v *finalChecks) verified(id kernel.CallID, valid bool) (done finalCheck, ok bool) {
	for i := range v.pending {
		if v.pending[i].id != id {
			continue
		}
		done = v.pending[i]
		v.pending = append(v.pending[:i], v.pending[i+1:]...)
		v.perSender[done.sender]--
		if valid {
			v.remember(done.hash)
		} else {
			v.drop(done.sender, done.kind, dropBadSignature)
		}
		return done, true
	}
	return finalCheck{}, false
}

// remember notes that a final is valid.
func (v *finalChecks) remember(hash [32]byte) {
	v.valid[v.nextValid] = hash
	v.nextValid = (v.nextValid + 1) % len(v.valid)
}

// followerGone says that the epoch is over: nobody but finalization waits for verdicts any more.
func (v *finalChecks) followerGone() {
	for i := range v.pending {
		v.pending[i].followerWaits = false
	}
}
