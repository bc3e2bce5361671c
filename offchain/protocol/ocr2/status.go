package ocr2

import (
	"fmt"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Status is a summary of a machine's state, for metrics and status pages.
type Status struct {
	Started bool

	Epoch         uint32 // 0 before the start
	Leader        commontypes.OracleID
	Leads         bool   // this oracle is Leader
	WishedEpoch   uint32 // the highest epoch that this oracle announced
	ProgressArmed bool   // the progress timer is running: this oracle is content with the epoch

	Round          uint8 // of the follower, 0 before the first one of the epoch
	FollowerStep   string
	FollowerQueue  int // messages of the leader that wait
	SentReport     bool
	CompletedRound bool

	// The leader's part; only where Leads.
	LedRound     uint8
	LeaderPhase  string
	Observations int // collected in LedRound
	Reports      int // collected in LedRound

	FutureMessages int // of later epochs
	FinalChecks    int // finals whose signatures are being verified

	Finalized       int   // reports remembered as finalized
	LatestFinalized Round // zero if none

	FinalsToAccept       int // finalized reports that wait for the plugin
	PendingTransmissions int // accepted reports that wait for their time
	Transmitting         bool

	Calls int // calls under way

	SignedRound Round // see [PersistRound]; zero if none
}

// Status returns a summary of the state.
func (m *Machine) Status() Status {
	s := Status{
		Started:              m.started,
		Epoch:                m.epoch,
		FutureMessages:       m.future.Len(),
		FinalChecks:          len(m.checks.pending),
		Finalized:            len(m.finalization.finalized),
		LatestFinalized:      m.finalization.latest,
		FinalsToAccept:       len(m.transmission.toAccept),
		PendingTransmissions: len(m.transmission.queue),
		Transmitting:         m.transmission.transmitting != 0,
		Calls:                len(m.calls),
		SignedRound:          m.recorded,
		WishedEpoch:          m.pacemaker.Wish(),
		ProgressArmed:        m.pacemaker.ProgressArmed(),
	}
	g := m.generation
	if g == nil {
		return s
	}
	s.Leader, s.Leads = g.leaderID, g.leads()
	s.Round, s.FollowerStep, s.FollowerQueue = g.follower.round, g.follower.step.String(), len(g.follower.queue)
	s.SentReport, s.CompletedRound = g.follower.sentReport, g.follower.completed
	if s.Leads {
		s.LedRound, s.LeaderPhase = g.leader.round, g.leader.phaseName()
		s.Observations, s.Reports = g.leader.observationCount, g.leader.reportCount
	}
	return s
}

// phaseName is the phase, with the states in which the round has not begun.
func (l *leader) phaseName() string {
	switch {
	case l.silent:
		return "silent"
	case l.queryCall != 0:
		return "query"
	case l.queryFailed:
		return "query failed"
	}
	return l.phase.String()
}

// String returns the whole state as text of several lines, for transcripts and bug reports. It holds no secret.
func (m *Machine) String() string {
	s := m.Status()
	if !s.Started {
		return fmt.Sprintf("oracle %d: not started\n", m.cfg.OracleID)
	}
	var b strings.Builder
	state := m.pacemaker.State()
	fmt.Fprintf(&b, "oracle %d of %d (f=%d) instance %s\n", m.cfg.OracleID, m.cfg.N, m.cfg.F, m.cfg.ConfigDigest)
	fmt.Fprintf(&b, "pacemaker: epoch=%d leader=%d wish=%d wishes=%v progress-timer=%t future-messages=%d\n",
		s.Epoch, s.Leader, s.WishedEpoch, state.HighestReceivedEpoch, s.ProgressArmed, s.FutureMessages)
	fmt.Fprintf(&b, "follower: round=%d step=%q sent-report=%t completed=%t queue=%d\n",
		s.Round, s.FollowerStep, s.SentReport, s.CompletedRound, s.FollowerQueue)
	if s.Leads {
		l := &m.generation.leader
		fmt.Fprintf(&b, "leader: round=%d phase=%q delta-round-over=%t observations=%s reports=%s\n", s.LedRound, s.LeaderPhase, l.over,
			collectedBy(len(l.observations), func(i int) collected { return l.observations[i].state }),
			collectedBy(len(l.reports), func(i int) collected { return l.reports[i].state }))
	}
	fmt.Fprintf(&b, "finalization: latest=%s remembered=%d window=%d verifying=%d\n",
		s.LatestFinalized, s.Finalized, m.finalization.age, s.FinalChecks)
	fmt.Fprintf(&b, "transmission: to-accept=%d pending=%d transmitting=%t\n", s.FinalsToAccept, s.PendingTransmissions, s.Transmitting)
	for _, item := range m.transmission.queue {
		fmt.Fprintf(&b, "  %s in %s attempts=%d\n", item.round, item.pending.Time.Sub(m.now), item.attempts)
	}
	fmt.Fprintf(&b, "signed up to %s, not signing up to %s, calls under way: %d\n", m.recorded, m.floor, s.Calls)
	return b.String()
}

// collectedBy draws what a leader has: a dot for nothing, a question mark for a signature that is being verified, an x.
func collectedBy(n int, state func(int) collected) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = ".?x"[state(i)]
	}
	return string(b)
}
