package ocr1

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
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
		Status:         rounds.StatusOf(m.frame, m.rounds(), m.transmission.Transmission),
		LatestAccepted: m.transmission.rules.accepted,
	}
	if m.generation != nil {
		e := m.generation.current()
		s.Echoes, s.SentEcho = e.count, e.sent != nil
	}
	return s
}

// rounds is the part of report generation that OCR2 has, too; nil before the start.
func (m *Machine) rounds() *rounds.Generation[ocr1wire.Message, ocr1wire.SignedObservation, ocr1wire.AttestedReportOne] {
	if m.generation == nil {
		return nil
	}
	return &m.generation.Generation
}

// String returns the whole state as text of several lines, for transcripts and bug reports. It holds no secret.
func (m *Machine) String() string {
	s := m.Status()
	return rounds.Draw(m.frame, s.Status, m.rounds(), m.transmission.Transmission, m.core.cfg.ConfigDigest, "",
		fmt.Sprintf("echoes: sent=%t received=%d\naccepted: latest=%s\n", s.SentEcho, s.Echoes, s.LatestAccepted))
}
