package ocr2

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
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
		Status:          m.frame.Status(),
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

// String returns the whole state as text of several lines, for transcripts and bug reports. It holds no secret.
func (m *Machine) String() string {
	s := m.Status()
	leader := ""
	if s.Leads {
		leader = fmt.Sprintf(" delta-round-over=%t", m.generation.leading.over)
	}
	return m.frame.Draw(s.Status, m.core.cfg.ConfigDigest, leader,
		fmt.Sprintf("finalization: latest=%s remembered=%d window=%d verifying=%d\n",
			s.LatestFinalized, s.Finalized, m.finalization.age, s.FinalChecks))
}
