package ocr1

import "github.com/ocrkit/ocrkit/offchain/protocol/rounds"

// Status is a summary of a machine's state, for metrics and status pages.
type Status struct {
	rounds.Status

	// Echoes is the number of oracles from which valid echoes of the current round's report came; SentEcho tells whether this
	// oracle passed one on.
	Echoes   int
	SentEcho bool

	LatestAccepted Round // the last report that this process accepted for transmission; zero if none
}
