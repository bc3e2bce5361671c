package ocr2

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// finalization makes sure that if one honest oracle knows an attested report, all do: who sees a valid one for the first
// time passes it on to everybody and hands it to transmission. It does not care about epochs, for an attested report
// proves itself.
//
// Source: docs/protocol/ocr2.md, "Report finalization".
type finalization struct {
	*core
	checks *finalChecks
	// accept takes each finalized report.
	accept func(*ocr2wire.Final)

	finalized map[Round]struct{}
	latest    Round
	age       int64 // how many rounds behind latest a report may be
}

// The window of rounds in which reports can be finalized: as many as fit into finalizationTime, within these bounds.
const (
	finalizationTime = 10 * time.Minute
	minAge, maxAge   = 10, 1000
)

func newFinalization(c *core, checks *finalChecks, accept func(*ocr2wire.Final)) *finalization {
	return &finalization{
		core: c, checks: checks, accept: accept,
		finalized: map[Round]struct{}{},
		age:       expirationAgeRounds(c.cfg.DeltaRound),
	}
}

// expirationAgeRounds returns the length of the window, in rounds.
func expirationAgeRounds(deltaRound time.Duration) int64 {
	if deltaRound <= 0 {
		return maxAge
	}
	rounds := (finalizationTime-1)/deltaRound + 1 // rounded up
	return min(max(int64(rounds), minAge), maxAge)
}

// index counts the rounds up to r, if all epochs have all their rounds.
func (f *finalization) index(r Round) int64 { return int64(f.cfg.RMax)*int64(r.Epoch) + int64(r.Round) }

func (f *finalization) expired(r Round) bool { return f.index(r) <= f.index(f.latest)-f.age }

func (f *finalization) isFinalized(r Round) bool {
	_, ok := f.finalized[r]
	return ok
}

// finalEcho handles FinalEcho.
func (f *finalization) finalEcho(sender commontypes.OracleID, m *ocr2wire.FinalEcho) {
	r := Round{Epoch: m.Final.Epoch, Round: m.Final.Round}
	switch {
	case r.Round > f.cfg.RMax:
		f.Drop(sender, m.Kind(), rounds.DropPastRoundMax)
	case f.expired(r):
		f.Drop(sender, m.Kind(), dropExpired)
	case f.isFinalized(r):
		f.Drop(sender, m.Kind(), dropFinalized)
	case f.checks.check(sender, m.Kind(), &m.Final) == verdictValid:
		f.final(&m.Final)
	}
}

// final takes a report whose signatures are valid.
func (f *finalization) final(m *ocr2wire.Final) {
	r := Round{Epoch: m.Epoch, Round: m.Round}
	if f.expired(r) || f.isFinalized(r) {
		return
	}
	f.finalized[r] = struct{}{}
	if f.latest.Less(r) {
		f.latest = r
	}
	f.Emit(Broadcast{Message: &ocr2wire.FinalEcho{Final: *m}})
	f.accept(m)
	if int64(len(f.finalized)) > 2*f.age {
		for old := range f.finalized {
			if f.expired(old) {
				delete(f.finalized, old)
			}
		}
	}
}
