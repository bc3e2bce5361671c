package sim

import (
	"bytes"
	"crypto/sha256"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ledger remembers what honest oracles observed and signed, so that checkers can tell what was made up. What is older than
// ledgerRounds distinct rounds is forgotten; nothing so old can matter to a machine, whose window is 1000 rounds.
type ledger struct {
	observations map[oracleRound][]types.Observation
	attestations map[oracleRound][]attestation
	rounds       map[ocr2.Round]bool
	newest       ocr2.Round
}

const ledgerRounds = 4096

// attestation is what an onchain signature covers.
type attestation struct {
	h      [32]byte
	report [32]byte // its hash
}

// HonestObservation is what an honest oracle observed in a round. An oracle that crashed may have observed twice.
type HonestObservation struct {
	Observer    commontypes.OracleID
	Observation types.Observation
}

func newLedger() ledger {
	return ledger{map[oracleRound][]types.Observation{}, map[oracleRound][]attestation{}, map[ocr2.Round]bool{}, ocr2.Round{}}
}

func (l *ledger) note(r ocr2.Round) {
	l.rounds[r] = true
	if l.newest.Less(r) {
		l.newest = r
	}
	if len(l.rounds) < 2*ledgerRounds {
		return
	}
	limit := uint32(0)
	if l.newest.Epoch > ledgerRounds {
		limit = l.newest.Epoch - ledgerRounds
	}
	for k := range l.observations {
		if k.round.Epoch < limit {
			delete(l.observations, k)
		}
	}
	for k := range l.attestations {
		if k.round.Epoch < limit {
			delete(l.attestations, k)
		}
	}
	for k := range l.rounds {
		if k.Epoch < limit {
			delete(l.rounds, k)
		}
	}
}

func (l *ledger) observed(oracle commontypes.OracleID, r ocr2.Round, o types.Observation) {
	l.note(r)
	key := oracleRound{oracle, r}
	l.observations[key] = append(l.observations[key], bytes.Clone(o))
}

func (l *ledger) hasObserved(oracle commontypes.OracleID, r ocr2.Round, o types.Observation) bool {
	for _, own := range l.observations[oracleRound{oracle, r}] {
		if bytes.Equal(own, o) {
			return true
		}
	}
	return false
}

func (l *ledger) signed(oracle commontypes.OracleID, ctx *types.ReportContext, report types.Report) {
	r := roundOf(ctx.ReportTimestamp)
	l.note(r)
	key := oracleRound{oracle, r}
	l.attestations[key] = append(l.attestations[key], attestation{ctx.ExtraHash, sha256.Sum256(report)})
}

func (l *ledger) hasSigned(oracle commontypes.OracleID, r ocr2.Round, a attestation) bool {
	for _, own := range l.attestations[oracleRound{oracle, r}] {
		if own == a {
			return true
		}
	}
	return false
}

// honestObservations returns what honest oracles observed in a round, by oracle.
func (l *ledger) honestObservations(n int, r ocr2.Round) []HonestObservation {
	var all []HonestObservation
	for i := range n {
		for _, o := range l.observations[oracleRound{commontypes.OracleID(i), r}] {
			all = append(all, HonestObservation{commontypes.OracleID(i), o})
		}
	}
	return all
}
