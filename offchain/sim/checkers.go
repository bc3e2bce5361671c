package sim

import (
	"crypto/sha256"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Violation is an invariant that did not hold. Its Invariant is a name in docs/protocol/ocr2.md, "Invariants"; or "report" for
// Options.CheckReport, "wire" if a message of an honest oracle is refused, "panic" for a panic. Its Detail says what happened and
// to whom, its At is the virtual time since the start of the run.
type Violation = engine.Violation

// checkers holds the checkers of OCR2's own invariants, one for each; those that OCR1 has as well are in package roundsim.
type checkers struct {
	engine.Checkers[*node, ocr2wire.Message, ocr2.Start, ocr2.Status, LandedReport]
	ledger roundsim.Ledger[string, attestation]
}

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

func newCheckers(s *simulation) *checkers {
	c := &checkers{ledger: roundsim.NewLedger[string, attestation]()}
	for _, checker := range []any{
		newHonestQuorum(s),
		newUniqueReports(s),
		newTotality(s),
		&boundedMemory{s},
		newPluginOrder(s),
		&reportIsFine{sim: s},
	} {
		c.Add(checker)
	}
	return c
}

// observes and signs note in the ledger what honest oracles do.
func (c *checkers) observes(n *node, call *ocr2.CallObservation, observation types.Observation) {
	if n.Honest() {
		c.ledger.Observed(n.ID, roundOf(call.Timestamp), string(observation))
	}
}

func (c *checkers) signs(n *node, e *ocr2.SignReport) {
	if n.Honest() {
		c.ledger.Signed(n.ID, roundOf(e.Context.ReportTimestamp), attestation{e.Context.ExtraHash, sha256.Sum256(e.Report)})
	}
}

// honestObservations returns what honest oracles observed in a round, by oracle.
func (c *checkers) honestObservations(n int, r ocr2.Round) []HonestObservation {
	var all []HonestObservation
	for i := range n {
		for _, o := range c.ledger.Observations(commontypes.OracleID(i), r) {
			all = append(all, HonestObservation{commontypes.OracleID(i), types.Observation(o)})
		}
	}
	return all
}
