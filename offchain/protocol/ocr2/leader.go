package ocr2

import (
	"bytes"
	"crypto/sha256"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// leader collects observations and then reports, round by round: ObserveReq, Observe, ReportReq, Report, Final. A round
// begins when DeltaRound has passed since the one before began and that one is done.
//
// Source: docs/protocol/ocr2.md, "Report generation (leader)".
type leader struct {
	*reportGeneration
	// silent: this oracle may have led a later round before a restart and must not lead in this epoch.
	silent bool

	round uint8 // the current round, 0 before the first one
	phase leaderPhase
	query types.Query
	h     [32]byte // extra hash of the list in ReportReq

	// A new round takes both: DeltaRound is over, and the current round is done.
	over, done bool
	// queryFailed: the round is done because it never began.
	queryFailed bool
	queryCall   kernel.CallID

	observations     []collectedObservation // by oracle
	observationCount int
	reports          []collectedReport // by oracle
	reportCount      int
}

type collectedObservation struct {
	state  collected
	call   kernel.CallID
	signed ocr2wire.SignedObservation
}

type collectedReport struct {
	state    collected
	call     kernel.CallID
	attested ocr2wire.AttestedReportOne
	// hash of the report's bytes, to count equal ones
	hash [32]byte
}

// collected says what there is of one oracle in a round.
type collected uint8

const (
	missing   collected = iota
	verifying           // here, but its signature is being verified
	present
)

type leaderPhase uint8

const (
	phaseObserve leaderPhase = iota // observations of a quorum are awaited
	phaseGrace                      // a quorum is there; the others get DeltaGrace
	phaseReport                     // reports are awaited
	phaseFinal                      // done
)

// String names the phase for status pages and transcripts.
func (p leaderPhase) String() string {
	switch p {
	case phaseObserve:
		return "observe"
	case phaseGrace:
		return "grace"
	case phaseReport:
		return "report"
	case phaseFinal:
		return "final"
	}
	return "unknown phase"
}

func (l *leader) init(g *reportGeneration) {
	l.reportGeneration = g
	if !g.leads() {
		return
	}
	l.observations = make([]collectedObservation, g.cfg.N)
	l.reports = make([]collectedReport, g.cfg.N)
	switch {
	case g.floor.Epoch > g.epoch:
		l.silent = true
	case g.floor.Epoch == g.epoch:
		l.round = g.floor.Round
		l.silent = l.round > g.cfg.RMax
	}
}

func (l *leader) current() Round { return Round{Epoch: l.epoch, Round: l.round} }

// start begins the first round at once.
func (l *leader) start() {
	if l.silent {
		l.log(kernel.LogWarn, "not leading this epoch: its last round may have been led before the restart",
			"epoch", l.epoch, "round", l.floor.Round)
		return
	}
	l.over, l.done = true, true
	l.tryStart()
}

func (l *leader) stop() {
	l.abandon(l.queryCall)
	l.abandonVerifications()
	if l.round > 0 {
		l.emit(kernel.CancelTimer{Timer: TimerRound})
		l.emit(kernel.CancelTimer{Timer: TimerGrace})
	}
}

func (l *leader) abandonVerifications() {
	for i := range l.observations {
		if l.observations[i].state == verifying {
			l.abandon(l.observations[i].call)
		}
		if l.reports[i].state == verifying {
			l.abandon(l.reports[i].call)
		}
	}
}

// tryStart begins a new round if DeltaRound is over and the current round is done.
func (l *leader) tryStart() {
	if !l.over || !l.done {
		return
	}
	if l.round > l.cfg.RMax {
		l.log(kernel.LogWarn, "all rounds of the epoch are over; waiting for the next epoch", "epoch", l.epoch)
		return
	}
	l.round++
	l.abandonVerifications()
	clear(l.observations)
	clear(l.reports)
	l.observationCount, l.reportCount = 0, 0
	l.emit(kernel.SetTimer{Timer: TimerRound, After: l.cfg.DeltaRound})
	l.over, l.done, l.queryFailed = false, false, false
	l.phase = phaseObserve
	l.record(l.current())
	l.queryCall = l.open(callQuery, l.leaderID)
	l.emit(CallQuery{l.queryCall, l.timestamp(l.current()), l.cfg.MaxDurationQuery})
}

// roundFired handles the end of DeltaRound.
func (l *leader) roundFired() {
	if l.leads() && l.round > 0 && !l.silent {
		l.over = true
		l.tryStart()
	}
}

// queryDone handles the plugin's query.
func (l *leader) queryDone(ev QueryDone) {
	if ev.ID != l.queryCall {
		return
	}
	l.queryCall = 0
	if ev.Err != nil {
		l.log(kernel.LogError, "the plugin's Query failed; there is nothing in this round",
			"epoch", l.epoch, "round", l.round, "error", ev.Err)
		if l.round <= l.cfg.RMax {
			l.queryFailed, l.done = true, true
			l.tryStart()
			return
		}
		// What follows the last round carries no query that matters, and must not be left out.
		ev.Query = nil
	}
	l.query = ev.Query
	l.h = [32]byte{}
	l.emit(Broadcast{&ocr2wire.ObserveReq{Epoch: l.epoch, Round: l.round, Query: l.query}})
}

// collecting tells whether the current round was announced, so that answers to it can be there.
func (l *leader) collecting(round uint8) bool {
	return !l.silent && round == l.round && l.round > 0 && l.queryCall == 0 && !l.queryFailed
}

// observe handles Observe.
func (l *leader) observe(from commontypes.OracleID, m *ocr2wire.Observe) {
	switch {
	case !l.collecting(m.Round):
		l.drop(from, m.Kind(), dropWrongRound)
		return
	case l.phase != phaseObserve && l.phase != phaseGrace:
		l.drop(from, m.Kind(), dropWrongPhase)
		return
	case l.observations[from].state != missing:
		l.drop(from, m.Kind(), dropDuplicate)
		return
	}
	o := &l.observations[from]
	o.signed = m.SignedObservation
	own := &l.follower.ownObservation
	if from == l.cfg.OracleID && own.round == m.Round && bytes.Equal(own.query, l.query) && sameObservation(&own.signed, &o.signed) {
		l.collectObservation(o)
		return
	}
	o.state = verifying
	o.call = l.open(callVerifyObserve, from)
	check := l.observationSignature(l.current(), l.query, &o.signed, from)
	l.emit(kernel.Verify{ID: o.call, Checks: []kernel.SignatureCheck{check}})
}

// observeVerified handles the verdict on an Observe.
func (l *leader) observeVerified(from commontypes.OracleID, ev kernel.Verified) {
	o := &l.observations[from]
	if o.state != verifying || o.call != ev.ID {
		return
	}
	if !allGood(ev) {
		*o = collectedObservation{}
		l.drop(from, ocr2wire.KindObserve, dropBadSignature)
		return
	}
	if l.phase != phaseObserve && l.phase != phaseGrace {
		*o = collectedObservation{}
		return // the list has been sent without it
	}
	l.collectObservation(o)
}

func (l *leader) collectObservation(o *collectedObservation) {
	o.state = present
	l.observationCount++
	if l.phase == phaseObserve && l.observationCount > 2*l.cfg.F {
		l.emit(kernel.SetTimer{Timer: TimerGrace, After: l.cfg.DeltaGrace})
		l.phase = phaseGrace
	}
}

// verified tells whether this oracle, as leader, verified an observation for a query of a round.
func (l *leader) verified(round uint8, query []byte, o *ocr2wire.AttributedSignedObservation) bool {
	known := &l.observations[o.Observer]
	return known.state == present && round == l.round &&
		bytes.Equal(query, l.query) && sameObservation(&known.signed, &o.SignedObservation)
}

// graceFired handles the end of DeltaGrace: the list of observations is closed.
func (l *leader) graceFired() {
	if !l.leads() || l.phase != phaseGrace {
		l.log(kernel.LogError, "the grace timer fired out of turn", "epoch", l.epoch, "round", l.round, "phase", l.phase.String())
		return
	}
	list := make([]ocr2wire.AttributedSignedObservation, 0, l.observationCount)
	for i := range l.observations {
		if l.observations[i].state == present {
			list = append(list, ocr2wire.AttributedSignedObservation{
				SignedObservation: l.observations[i].signed, Observer: commontypes.OracleID(i),
			})
		}
	}
	l.emit(Broadcast{&ocr2wire.ReportReq{Epoch: l.epoch, Round: l.round, Query: l.query, Observations: list}})
	l.h = ocr2wire.ExtraHash(l.query, list)
	l.phase = phaseReport
}

// report handles Report.
func (l *leader) report(from commontypes.OracleID, m *ocr2wire.Report) {
	switch {
	case !l.collecting(m.Round):
		l.drop(from, m.Kind(), dropWrongRound)
		return
	case l.phase != phaseReport:
		l.drop(from, m.Kind(), dropWrongPhase)
		return
	case l.reports[from].state != missing:
		l.drop(from, m.Kind(), dropDuplicate)
		return
	}
	r := &l.reports[from]
	r.attested = m.AttestedReport
	switch {
	case r.attested.Skip:
		if !checkSkip(&r.attested) {
			*r = collectedReport{}
			l.drop(from, m.Kind(), dropSkipWithContent)
			return
		}
		l.collectReport(r)
	case from == l.cfg.OracleID && l.ownReportIs(r):
		l.collectReport(r)
	default:
		r.state = verifying
		r.call = l.open(callVerifyReport, from)
		check := l.reportSignature(l.current(), l.h, &r.attested, from)
		l.emit(kernel.Verify{ID: r.call, Checks: []kernel.SignatureCheck{check}})
	}
}

// ownReportIs tells whether a report is what the follower of this oracle signed.
func (l *leader) ownReportIs(r *collectedReport) bool {
	own := &l.follower.ownReport
	return own.round == l.round && own.h == l.h && own.attested.Skip == r.attested.Skip &&
		bytes.Equal(own.attested.Report, r.attested.Report) && bytes.Equal(own.attested.Signature, r.attested.Signature)
}

// reportVerified handles the verdict on a Report.
func (l *leader) reportVerified(from commontypes.OracleID, ev kernel.Verified) {
	r := &l.reports[from]
	if r.state != verifying || r.call != ev.ID {
		return
	}
	if !allGood(ev) {
		*r = collectedReport{}
		l.drop(from, ocr2wire.KindReport, dropBadSignature)
		return
	}
	if l.phase != phaseReport {
		*r = collectedReport{}
		return // the round was done without it
	}
	l.collectReport(r)
}

// collectReport counts a valid report, and ends the round when a quorum agrees.
func (l *leader) collectReport(r *collectedReport) {
	r.state = present
	r.hash = sha256.Sum256(r.attested.Report)
	l.reportCount++
	equal, differ := 0, false
	for i := range l.reports {
		o := &l.reports[i]
		switch {
		case o.state != present:
		case o.attested.Skip == r.attested.Skip && o.hash == r.hash:
			equal++
		case !o.attested.Skip && !r.attested.Skip:
			differ = true
		}
	}
	if differ {
		l.log(kernel.LogWarn, "oracles made different reports of the same observations", "epoch", l.epoch, "round", l.round)
	}
	if equal < l.cfg.ReportQuorum {
		return
	}
	if !r.attested.Skip {
		l.finish(r)
	}
	l.phase = phaseFinal
	l.emit(Count{CountLedCompletedRounds})
	l.abandonVerifications()
	l.done = true
	l.tryStart()
}

// finish sends the report of a quorum with its signatures.
func (l *leader) finish(r *collectedReport) {
	final := &ocr2wire.Final{Epoch: l.epoch, Round: l.round, H: l.h}
	final.AttestedReport.Report = r.attested.Report
	final.AttestedReport.AttributedSignatures = make([]types.AttributedOnchainSignature, 0, l.cfg.ReportQuorum)
	for i := range l.reports {
		o := &l.reports[i]
		if o.state == present && !o.attested.Skip && o.hash == r.hash {
			final.AttestedReport.AttributedSignatures = append(final.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signature: o.attested.Signature, Signer: commontypes.OracleID(i)})
		}
	}
	l.checks.remember(finalHash(final)) // each of its signatures was verified
	l.emit(Broadcast{final})
}
