package ocr3sim

import (
	"bytes"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// book remembers what honest oracles observed, computed, voted for and reported, so that checkers can tell what was made up.
type book struct {
	sim *simulation
	// contents says what the votes are for that honest oracles may sign.
	contents map[ocr3wire.SignedMessage]vote
	// results are the outcomes by the hash of what they were computed from.
	results      map[[32]byte]computation
	observations map[place][]observed
	// computed counts the honest oracles that computed an outcome in an epoch.
	computed map[ballot]oracles
	// prepares and commits are the honest votes that were sent.
	prepares, commits map[ballot]oracles
	// ballots are those of a sequence number for which there is a vote.
	ballots map[uint64][]ballot

	agreed  map[uint64][]byte // committed outcomes
	highest uint64            // committed

	reports  map[uint64][]ocr3types.ReportPlus[any]
	declined map[reportKey]bool
}

// vote is what a PREPARE or COMMIT is for.
type vote struct {
	kind    ocr3wire.Kind
	ballot  ballot
	message ocr3wire.SignedMessage
}

// ballot is an outcome in an epoch.
type ballot struct {
	epoch, seqNr uint64
	digest       [32]byte
}

func (b ballot) String() string {
	return fmt.Sprintf("outcome %x.. of seqNr %d in epoch %d", b.digest[:4], b.seqNr, b.epoch)
}

// place is a round of one oracle.
type place struct {
	oracle       commontypes.OracleID
	epoch, seqNr uint64
}

type observed struct{ query, observation []byte }

type computation struct {
	by      commontypes.OracleID
	outcome []byte
}

type reportKey struct {
	seqNr uint64
	index int
}

// HonestObservation is what an honest oracle observed for a sequence number, in any epoch.
type HonestObservation struct {
	Observer    commontypes.OracleID
	Observation types.Observation
}

// oracles is a set of oracles.
type oracles uint32

func (s oracles) with(id commontypes.OracleID) oracles { return s | 1<<id }
func (s oracles) has(id commontypes.OracleID) bool     { return s>>id&1 == 1 }
func (s oracles) count() (count int) {
	for ; s != 0; s &= s - 1 {
		count++
	}
	return count
}

func newBook(s *simulation) *book {
	return &book{
		sim: s, contents: map[ocr3wire.SignedMessage]vote{}, results: map[[32]byte]computation{},
		observations: map[place][]observed{}, computed: map[ballot]oracles{},
		prepares: map[ballot]oracles{}, commits: map[ballot]oracles{}, ballots: map[uint64][]ballot{},
		agreed: map[uint64][]byte{}, reports: map[uint64][]ocr3types.ReportPlus[any]{}, declined: map[reportKey]bool{},
	}
}

// needed is how many honest votes there must be behind a quorum of votes.
func (b *book) needed() int { return b.sim.quorum - b.sim.faulty() }

func (b *book) allow(ballot ballot, inputsDigest [32]byte) {
	prepare := ocr3wire.PrepareMessage(b.sim.digest, ballot.epoch, ballot.seqNr, inputsDigest, ballot.digest)
	commit := ocr3wire.CommitMessage(b.sim.digest, ballot.epoch, ballot.seqNr, ballot.digest)
	b.contents[prepare] = vote{ocr3wire.KindPrepare, ballot, prepare}
	b.contents[commit] = vote{ocr3wire.KindCommit, ballot, commit}
}

func (b *book) signs(n *node, message, signature []byte) {
	if len(message) != ocr3wire.SignedMessageLength {
		return
	}
	if vote, ok := b.contents[ocr3wire.SignedMessage(message)]; ok {
		n.view.signatures[string(signature)] = vote
	}
}

func (b *book) observes(n *node, call *ocr3.CallObservation, observation types.Observation) {
	at := place{n.ID, call.Context.Epoch, call.Context.SeqNr}
	b.observations[at] = append(b.observations[at], observed{bytes.Clone(call.Query), bytes.Clone(observation)})
}

func (b *book) hasObserved(oracle commontypes.OracleID, c ocr3.OutcomeContext, query, observation []byte) bool {
	for _, own := range b.observations[place{oracle, c.Epoch, c.SeqNr}] {
		if bytes.Equal(own.query, query) && bytes.Equal(own.observation, observation) {
			return true
		}
	}
	return false
}

// honestObservations returns what honest oracles observed for a sequence number, by epoch and oracle.
func (b *book) honestObservations(seqNr uint64) (all []HonestObservation) {
	epochs := uint64(0)
	for _, n := range b.sim.nodes {
		epochs = max(epochs, n.status.Epoch)
	}
	for epoch := range min(epochs, 1<<16) + 1 {
		for i := range b.sim.options.N {
			for _, o := range b.observations[place{commontypes.OracleID(i), epoch, seqNr}] {
				all = append(all, HonestObservation{commontypes.OracleID(i), o.observation})
			}
		}
	}
	return all
}

// computes notes an outcome. Equal inputs must give equal outcomes.
func (b *book) computes(n *node, call *ocr3.CallOutcome, outcome []byte) {
	c := call.Context
	inputs := ocr3wire.OutcomeInputsDigest(b.sim.digest, c.Epoch, c.PreviousOutcome, c.SeqNr, call.Query, call.Observations)
	if other, ok := b.results[inputs]; !ok {
		b.results[inputs] = computation{n.ID, bytes.Clone(outcome)}
	} else if !bytes.Equal(other.outcome, outcome) {
		b.sim.Violated("determinism", "oracle %d computes outcome %x, oracle %d computed %x, both from: %s", n.ID, outcome, other.by, other.outcome, call)
	}
	ballot := ballot{c.Epoch, c.SeqNr, ocr3wire.OutcomeDigest(outcome)}
	b.computed[ballot] = b.computed[ballot].with(n.ID)
	b.allow(ballot, inputs)
}

// makesReports notes the reports of an outcome. An outcome must have the same reports at all oracles.
func (b *book) makesReports(n *node, call *ocr3.CallReports, reports []ocr3types.ReportPlus[any]) {
	known, ok := b.reports[call.SeqNr]
	if !ok {
		b.reports[call.SeqNr] = reports
		return
	}
	if got, want := reportsText(reports), reportsText(known); got != want {
		b.sim.Violated("determinism", "oracle %d makes of seqNr %d, outcome %x: %s; another makes: %s", n.ID, call.SeqNr, call.Outcome, got, want)
	}
}

func reportsText(reports []ocr3types.ReportPlus[any]) string {
	text := fmt.Sprintf("%d reports", len(reports))
	for _, r := range reports {
		text += fmt.Sprintf(", %x (%v)", []byte(r.ReportWithInfo.Report), r.ReportWithInfo.Info)
		if o := r.TransmissionScheduleOverride; o != nil {
			text += fmt.Sprintf(" %v", *o)
		}
	}
	return text
}

// voted notes a vote that is sent.
func (b *book) voted(n *node, v vote) {
	votes := b.prepares
	if v.kind == ocr3wire.KindCommit {
		votes = b.commits
	}
	if b.prepares[v.ballot] == 0 && b.commits[v.ballot] == 0 {
		b.ballots[v.ballot.seqNr] = append(b.ballots[v.ballot.seqNr], v.ballot)
	}
	votes[v.ballot] = votes[v.ballot].with(n.ID)
}
