package ocr1

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
)

// Status is a summary of a machine's state, for metrics and status pages.
type Status struct {
	rounds.Status

	// Echoes is the number of oracles from which valid echoes of the current round's report came; SentEcho tells whether this
	// oracle passed one on.
	Echoes   int
	SentEcho bool

	LatestAccepted Round // the last report that this process accepted for transmission; zero if none
}

// Status returns a summary of the state.
func (m *Machine) Status() Status {
	s := Status{
		Status:         m.frame.Status(),
		LatestAccepted: m.transmission.accepted,
	}
	if m.generation != nil {
		s.Echoes, s.SentEcho = m.generation.echoes.received.Len(), m.generation.echoes.sent != nil
	}
	return s
}

// String returns the whole state as text of several lines, for transcripts and bug reports. It holds no secret.
func (m *Machine) String() string {
	s := m.Status()
	return m.frame.Draw(s.Status, m.core.cfg.ConfigDigest, "",
		fmt.Sprintf("echoes: sent=%t received=%d\naccepted: latest=%s\n", s.SentEcho, s.Echoes, s.LatestAccepted))
}
