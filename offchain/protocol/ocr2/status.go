package ocr2

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Status is a summary of a machine's state, for metrics and status pages.
type Status struct {
	rounds.Status

	FinalChecks int // finals whose signatures are being verified

	Finalized       int   // reports remembered as finalized
	LatestFinalized Round // zero if none
}

// Status returns a summary of the state.
func (m *Machine) Status() Status {
	s := Status{
		Status:          rounds.StatusOf(m.frame, m.rounds(), m.transmission.Transmission),
		FinalChecks:     len(m.checks.pending),
		Finalized:       len(m.finalization.finalized),
		LatestFinalized: m.finalization.latest,
	}
	if s.Leads && s.LeaderPhase != "silent" {
		switch l := &m.generation.leading; {
		case l.queryCall != 0:
			s.LeaderPhase = "query"
		case l.queryFailed:
			s.LeaderPhase = "query failed"
		}
	}
	return s
}

// rounds is the part of report generation that OCR1 has, too; nil before the start.
func (m *Machine) rounds() *rounds.Generation[ocr2wire.Message, observation, report] {
	if m.generation == nil {
		return nil
	}
	return &m.generation.Generation
}

// String returns the whole state as text of several lines, for transcripts and bug reports. It holds no secret.
func (m *Machine) String() string {
	s := m.Status()
	leader := ""
	if s.Leads {
		leader = fmt.Sprintf(" delta-round-over=%t", m.generation.leading.over)
	}
	return rounds.Draw(m.frame, s.Status, m.rounds(), m.transmission.Transmission, m.core.cfg.ConfigDigest, leader,
		fmt.Sprintf("finalization: latest=%s remembered=%d window=%d verifying=%d\n",
			s.LatestFinalized, s.Finalized, m.finalization.age, s.FinalChecks))
}
