package rounds

import "github.com/ocrkit/ocrkit/offchain/commontypes"

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
