package roundsim

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
)

// RememberedEpochs is for how many epochs checkers remember what happened; nothing so old can matter to a machine.
const RememberedEpochs = 4096

// Ledger remembers what honest oracles observed and signed, so that checkers can tell what was made up. O is an observation, A
// what a signature of a report is for.
type Ledger[O, A comparable] struct {
	observations map[OracleRound][]O
	attestations map[OracleRound][]A
	rounds       map[rounds.Round]bool
	newest       uint32
}

// NewLedger returns a ledger that is empty.
func NewLedger[O, A comparable]() Ledger[O, A] {
	return Ledger[O, A]{map[OracleRound][]O{}, map[OracleRound][]A{}, map[rounds.Round]bool{}, 0}
}

func (l *Ledger[O, A]) note(r rounds.Round) {
	l.rounds[r] = true
	l.newest = max(l.newest, r.Epoch)
	if len(l.rounds) < 2*RememberedEpochs {
		return
	}
	limit := l.newest - min(l.newest, RememberedEpochs)
	for k := range l.observations {
		if k.Round.Epoch < limit {
			delete(l.observations, k)
		}
	}
	for k := range l.attestations {
		if k.Round.Epoch < limit {
			delete(l.attestations, k)
		}
	}
	for k := range l.rounds {
		if k.Epoch < limit {
			delete(l.rounds, k)
		}
	}
}

// Observed notes an observation.
func (l *Ledger[O, A]) Observed(oracle commontypes.OracleID, r rounds.Round, o O) {
	l.note(r)
	key := OracleRound{oracle, r}
	l.observations[key] = append(l.observations[key], o)
}

// Observations are what an oracle observed in a round: several if it crashed in between.
func (l *Ledger[O, A]) Observations(oracle commontypes.OracleID, r rounds.Round) []O {
	return l.observations[OracleRound{oracle, r}]
}

// HasObserved tells whether an oracle made an observation.
func (l *Ledger[O, A]) HasObserved(oracle commontypes.OracleID, r rounds.Round, o O) bool {
	return slices.Contains(l.Observations(oracle, r), o)
}

// Signed notes a signature.
func (l *Ledger[O, A]) Signed(oracle commontypes.OracleID, r rounds.Round, a A) {
	l.note(r)
	key := OracleRound{oracle, r}
	l.attestations[key] = append(l.attestations[key], a)
}

// HasSigned tells whether an oracle signed something.
func (l *Ledger[O, A]) HasSigned(oracle commontypes.OracleID, r rounds.Round, a A) bool {
	return slices.Contains(l.attestations[OracleRound{oracle, r}], a)
}
