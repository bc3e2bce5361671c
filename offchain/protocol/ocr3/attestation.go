package ocr3

import (
	"math"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// attestation makes attested reports of committed outcomes: every oracle signs the reports of an outcome, and a report with
// f+1 good signatures is attested. An oracle that lacks the commit that others have signed for asks them for it.
//
// Source: docs/protocol/ocr3.md, "Report attestation".
type attestation struct {
	*core
	attested func(r attestedReport)

	expiry, lookahead uint64 // in rounds: how long, and how far ahead, a round is kept

	rounds  map[uint64]*attestationRound
	highest []uint64 // by oracle: the highest sequence number that it sent signatures for
	// highWater is what f+1 oracles, at least one of them honest, have reached.
	highWater uint64

	missing agenda[uint64] // sequence numbers whose commits are to be asked for
}

type attestationRound struct {
	seqNr  uint64
	scope  kernel.Scope
	commit *ocr3wire.CertifiedCommit // verified; nil if unknown

	computed  bool // there are reports
	count     int  // of reports
	schedules []*Schedule
	signing   bool // the own signatures are being made

	oracles []attester

	fetching  bool // the commit is being asked for
	exhausted bool // everybody who could be asked was
	verifying bool // lists are under verification
	complete  bool
	held      bool // the reports are referred to by this round
}

// attester is what a round knows of an oracle.
type attester struct {
	signatures [][]byte // empty: none
	verdict    verdict
	asked      bool // for the commit
	answered   bool
	served     bool // with the commit
}

// attestedReport is a report with f+1 signatures by ascending signer.
type attestedReport struct {
	seqNr      uint64
	index      int
	signatures []types.AttributedOnchainSignature
	schedule   *Schedule
}

// Windows of rounds in memory: about as many as fit into a time, within bounds.
const (
	expiryTime, minExpiryRounds, maxExpiryRounds          = 60 * time.Second, 10, 50
	lookaheadTime, minLookaheadRounds, maxLookaheadRounds = 30 * time.Second, 4, 10
)

// roundWindow returns how many rounds fit into a time.
func roundWindow(low, high int, window, interval time.Duration) uint64 {
	if interval <= 0 {
		return uint64(high)
	}
	rounds := math.Ceil(window.Seconds() / interval.Seconds())
	return uint64(min(max(rounds, float64(low)), float64(high)))
}

func newAttestation(c *core, attested func(attestedReport)) *attestation {
	interval := max(c.cfg.DeltaRound, c.cfg.DeltaGrace)
	return &attestation{
		core: c, attested: attested,
		expiry:    roundWindow(minExpiryRounds, maxExpiryRounds, expiryTime, interval),
		lookahead: roundWindow(minLookaheadRounds, maxLookaheadRounds, lookaheadTime, interval),
		rounds:    map[uint64]*attestationRound{},
		highest:   make([]uint64, c.cfg.N),
	}
}

var (
	dropExpired    = kernel.DropReason{Text: "its round is long over"}
	dropTooFar     = kernel.DropReason{Text: "its round is too far ahead"}
	dropUnasked    = kernel.DropReason{Text: "nobody asked for it", Suspicious: true}
	dropKnown      = kernel.DropReason{Text: "it is known already"}
	dropNoCommit   = kernel.DropReason{Text: "this oracle does not have what it asks for"}
	dropAskedTwice = kernel.DropReason{Text: "it was answered before", Suspicious: true}
)

func (a *attestation) expired(seqNr uint64) bool {
	return a.highWater > a.expiry && seqNr < a.highWater-a.expiry
}

func (a *attestation) tooFarAhead(seqNr uint64) bool {
	return seqNr > a.lookahead && a.highWater < seqNr-a.lookahead
}

// restored says how far the network had come when this oracle was last up.
func (a *attestation) restored(seqNr uint64) { a.highWater = max(a.highWater, seqNr) }

func (a *attestation) round(seqNr uint64) *attestationRound {
	r := a.rounds[seqNr]
	if r == nil {
		r = &attestationRound{seqNr: seqNr, oracles: make([]attester, a.cfg.N)}
		a.rounds[seqNr] = r
	}
	return r
}

// reportSignatures handles a REPORT-SIGNATURES.
func (a *attestation) reportSignatures(from commontypes.OracleID, m *ocr3wire.ReportSignatures) {
	if m.SeqNr > a.highest[from] {
		a.highest[from] = m.SeqNr
		if reached := a.reachedBy(a.cfg.F + 1); reached > a.highWater {
			a.highWater = reached
			a.prune()
		}
	}
	switch {
	case a.expired(m.SeqNr):
		a.drop(from, m.Kind(), dropExpired)
		return
	case a.tooFarAhead(m.SeqNr):
		a.drop(from, m.Kind(), dropTooFar)
		return
	}
	r := a.round(m.SeqNr)
	if len(r.oracles[from].signatures) > 0 {
		a.drop(from, m.Kind(), dropKnown)
		return
	}
	r.oracles[from].signatures = m.Signatures
	a.evaluate(r)
}

func (a *attestation) reachedBy(count int) uint64 {
	var copied [types.MaxOracles]uint64
	sorted := copied[:copy(copied[:], a.highest)]
	slices.Sort(sorted)
	return sorted[len(sorted)-count]
}

// prune forgets what is over, now and then.
func (a *attestation) prune() {
	if 3*uint64(len(a.rounds)) <= 4*(a.expiry+a.lookahead) {
		return
	}
	var over []uint64
	for seqNr := range a.rounds {
		if a.expired(seqNr) {
			over = append(over, seqNr)
		}
	}
	slices.Sort(over)
	for _, seqNr := range over {
		r := a.rounds[seqNr]
		delete(a.rounds, seqNr)
		a.Close(&r.scope)
		a.releaseRound(r)
	}
}

func (a *attestation) releaseRound(r *attestationRound) {
	if r.held {
		r.held = false
		a.releaseReports(r.seqNr)
	}
}

// evaluate does what can be done for a round with what has arrived.
func (a *attestation) evaluate(r *attestationRound) {
	switch {
	case r.complete:
		return
	case r.commit == nil:
		a.fetch(r)
		return
	case !r.computed:
		return
	}
	goods, unknowns := 0, 0
	for i := range r.oracles {
		if o := &r.oracles[i]; len(o.signatures) > 0 {
			switch {
			case o.verdict == good:
				goods++
			case o.verdict == unknown && len(o.signatures) != r.count:
				o.verdict = bad
				a.drop(commontypes.OracleID(i), ocr3wire.KindReportSignatures, dropSignature)
			case o.verdict == unknown:
				unknowns++
			}
		}
	}
	if goods > a.cfg.F {
		a.finish(r)
		return
	}
	if r.verifying || goods+unknowns <= a.cfg.F {
		return // not before there can be enough
	}
	lists := make([]SignedReports, 0, a.cfg.F+1-goods)
	for i := range r.oracles {
		if o := &r.oracles[i]; len(o.signatures) > 0 && o.verdict == unknown && len(lists) < cap(lists) {
			lists = append(lists, SignedReports{commontypes.OracleID(i), o.signatures})
		}
	}
	r.verifying = true
	id := kernel.CallIn(&a.Desk, &r.scope, func(v ReportsVerified) {
		r.verifying = false
		for i := range lists {
			signer := lists[i].Signer
			if i < len(v.Good) && v.Good[i] {
				r.oracles[signer].verdict = good
			} else {
				r.oracles[signer].verdict = bad
				a.drop(signer, ocr3wire.KindReportSignatures, dropSignature)
			}
		}
		a.evaluate(r)
	})
	a.Emit(VerifyReports{id, r.seqNr, lists})
}

// finish hands the attested reports on.
func (a *attestation) finish(r *attestationRound) {
	r.complete = true
	signers := make([]commontypes.OracleID, 0, a.cfg.F+1)
	for i := range r.oracles {
		if r.oracles[i].verdict == good && len(signers) <= a.cfg.F {
			signers = append(signers, commontypes.OracleID(i))
		}
	}
	for index := range r.count {
		report := attestedReport{seqNr: r.seqNr, index: index, signatures: make([]types.AttributedOnchainSignature, 0, len(signers))}
		for _, signer := range signers {
			report.signatures = append(report.signatures, types.AttributedOnchainSignature{Signature: r.oracles[signer].signatures[index], Signer: signer})
		}
		if index < len(r.schedules) {
			report.schedule = r.schedules[index]
		}
		a.attested(report)
	}
	if !r.signing {
		a.releaseRound(r)
	}
}

// fetch asks for a missing commit, after a while, once more oracles than can be faulty have signed its reports.
func (a *attestation) fetch(r *attestationRound) {
	signers := 0
	for i := range r.oracles {
		if len(r.oracles[i].signatures) > 0 {
			signers++
		}
	}
	if signers > a.cfg.F && (!r.fetching || r.exhausted) {
		r.fetching, r.exhausted = true, false
		a.schedule(r.seqNr)
	}
}

func (a *attestation) schedule(seqNr uint64) {
	a.missing.add(a.now.Add(a.cfg.DeltaCertifiedCommitRequest), seqNr)
	a.arm()
}

func (a *attestation) arm() {
	if after, ok := a.missing.next(a.now); ok {
		a.Emit(kernel.SetTimer{Timer: TimerCertifiedCommit, After: after})
	}
}

func (a *attestation) missingFired() {
	for _, seqNr := range a.missing.due(a.now) {
		a.ask(seqNr)
	}
	a.arm()
}

// ask asks one more oracle for a missing commit. Who is asked first differs from oracle to oracle and from round to round.
func (a *attestation) ask(seqNr uint64) {
	r := a.rounds[seqNr]
	if r == nil || r.commit != nil {
		return
	}
	first := (seqNr + uint64(a.cfg.OracleID)) % uint64(a.cfg.N)
	for k := range a.cfg.N {
		i := (int(first) + k) % a.cfg.N
		if o := &r.oracles[i]; len(o.signatures) > 0 && !o.asked {
			o.asked = true
			a.Emit(Send{commontypes.OracleID(i), &ocr3wire.CertifiedCommitRequest{SeqNr: seqNr}})
			a.schedule(seqNr)
			return
		}
	}
	r.exhausted = true // until another one signs
}

// certifiedCommitRequest handles a CERTIFIED-COMMIT-REQUEST.
func (a *attestation) certifiedCommitRequest(from commontypes.OracleID, m *ocr3wire.CertifiedCommitRequest) {
	r := a.rounds[m.SeqNr]
	switch {
	case r == nil || r.commit == nil:
		a.drop(from, m.Kind(), dropNoCommit)
	case r.oracles[from].served:
		a.drop(from, m.Kind(), dropAskedTwice)
	default:
		r.oracles[from].served = true
		a.Emit(Send{from, &ocr3wire.CertifiedCommitMessage{CertifiedCommit: *r.commit}})
	}
}

// certifiedCommit handles a CERTIFIED-COMMIT.
func (a *attestation) certifiedCommit(from commontypes.OracleID, m *ocr3wire.CertifiedCommitMessage) {
	certificate := &m.CertifiedCommit
	r := a.rounds[certificate.SeqNr]
	if r == nil || !r.oracles[from].asked || r.oracles[from].answered {
		a.drop(from, m.Kind(), dropUnasked)
		return
	}
	r.oracles[from].answered = true
	if r.commit != nil {
		a.drop(from, m.Kind(), dropKnown)
		return
	}
	checks, err := a.certificateChecks(certificate)
	if err != nil {
		a.drop(from, m.Kind(), dropProof)
		return
	}
	a.verifyAll(&r.scope, checks, func(ok bool) {
		if !ok {
			a.drop(from, m.Kind(), dropSignature)
			return
		}
		a.committed(certificate)
	})
}

// committed takes up a certified commit, which is valid: it makes the reports, signs them and tells all oracles.
func (a *attestation) committed(certificate *ocr3wire.CertifiedCommit) {
	r := a.round(certificate.SeqNr)
	if r.commit != nil {
		return
	}
	r.commit = certificate
	id := kernel.CallIn(&a.Desk, &r.scope, func(reports ReportsDone) {
		if reports.Err != nil {
			a.Log(kernel.LogError, "the plugin's Reports failed: nothing is signed", "seqNr", r.seqNr, "error", reports.Err)
			return
		}
		a.reportsComputed(r, reports)
	})
	a.Emit(CallReports{id, r.seqNr, certificate.Outcome})
}

func (a *attestation) reportsComputed(r *attestationRound, reports ReportsDone) {
	r.computed, r.count, r.schedules = true, reports.Count, reports.Schedules
	r.held, r.signing = true, true
	a.holdReports(r.seqNr)
	id := kernel.CallIn(&a.Desk, &r.scope, func(signed ReportsSigned) {
		r.signing = false
		if r.complete {
			a.releaseRound(r)
		}
		if signed.Err != nil {
			a.Log(kernel.LogError, "could not sign the reports", "seqNr", r.seqNr, "error", signed.Err)
			return
		}
		a.Emit(Broadcast{&ocr3wire.ReportSignatures{SeqNr: r.seqNr, Signatures: signed.Signatures}})
	})
	a.Emit(SignReports{id, r.seqNr})
}
