package rounds

import (
	"fmt"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Status is a summary of a machine's state, for metrics and status pages: what OCR1 and OCR2 have in common.
type Status struct {
	Started bool

	Epoch         uint32 // 0 before the start
	Leader        commontypes.OracleID
	Leads         bool   // this oracle is Leader
	WishedEpoch   uint32 // the highest epoch that this oracle announced
	ProgressArmed bool   // the progress timer is running: this oracle is content with the epoch

	Round          uint8 // of the follower, 0 before the first one of the epoch
	FollowerStep   string
	FollowerQueue  int // messages that wait for the follower
	SentReport     bool
	CompletedRound bool

	// The leader's part; only where Leads.
	LedRound     uint8
	LeaderPhase  string
	Observations int // collected in LedRound
	Reports      int // collected in LedRound

	FutureMessages int // of later epochs

	FinalsToAccept       int // attested reports that wait for the decision whether they are to be transmitted
	PendingTransmissions int // accepted reports that wait for their time
	Transmitting         bool

	Calls int // calls under way

	SignedRound Round // see [PersistRound]; zero if none
}

// Status summarizes the machine.
func (m *Machine[M]) Status() Status {
	s := Status{
		Started:        m.Started,
		Epoch:          m.Epoch,
		WishedEpoch:    m.Pacemaker.Wish(),
		ProgressArmed:  m.Pacemaker.ProgressArmed(),
		FutureMessages: m.future.Len(),
		Calls:          m.Pending(),
		SignedRound:    m.Recorded,
	}
	if m.Generation != nil {
		m.Generation.Describe(&s)
	}
	m.transmission.describe(&s)
	return s
}

// Draw writes the whole state of the machine as text of several lines, for transcripts and bug reports. s is the protocol's
// summary; leader and own are what it adds: to the line about its leader, and lines of its own. There is no secret in it.
func (m *Machine[M]) Draw(s Status, digest fmt.Stringer, leader, own string) string {
	if !s.Started {
		return fmt.Sprintf("oracle %d: not started\n", m.Config.OracleID)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "oracle %d of %d (f=%d) instance %s\n", m.Config.OracleID, m.Config.N, m.Config.F, digest)
	fmt.Fprintf(&b, "pacemaker: epoch=%d leader=%d wish=%d wishes=%v progress-timer=%t future-messages=%d\n",
		s.Epoch, s.Leader, s.WishedEpoch, m.Pacemaker.State().HighestReceivedEpoch, s.ProgressArmed, s.FutureMessages)
	fmt.Fprintf(&b, "follower: round=%d step=%q sent-report=%t completed=%t queue=%d\n",
		s.Round, s.FollowerStep, s.SentReport, s.CompletedRound, s.FollowerQueue)
	if s.Leads {
		observations, reports := m.Generation.Collections()
		fmt.Fprintf(&b, "leader: round=%d phase=%q%s observations=%s reports=%s\n",
			s.LedRound, s.LeaderPhase, leader, observations, reports)
	}
	b.WriteString(own)
	m.transmission.draw(&b)
	fmt.Fprintf(&b, "signed up to %s, not signing up to %s, calls under way: %d\n", m.Recorded, m.Floor, s.Calls)
	return b.String()
}
