// Package ocr1 is the OCR1 protocol as a deterministic state machine: one [Machine] is one oracle in one instance. What a
// driver has to do for it is said in package kernel; the rules of the protocol are in docs/protocol/ocr1.md, to which each
// part points.
//
// OCR1 is OCR2 with one plugin built in: each oracle observes a number, a report is the sorted list of them, and the contract
// decides with the configuration whether one is due. What the protocols share is in package rounds (and what parts there
// are is said in package ocr2); this package has what differs:
//
//	leader.go         a new round every DeltaRound, whatever became of the one before
//	follower.go       observations and reports
//	echoes.go         a report goes to the contract when more than f oracles echoed it in its round
//	decisions.go      whether a report is due, and whether it is worth its transmission
//	transmission.go   transmission asks the contract, not a plugin
//	attestation.go    what makes a report valid
//
// # Signing once
//
// As in OCR2, no oracle signs, or leads, two different things in one round, wherever it crashes; see [PersistRound] and the
// documentation of package ocr2. Echoes are no signatures, and may be sent again after a restart.
//
// # Bounds
//
// A machine of n oracles holds at most
//
//	messages of later epochs         10 n            kernel.FutureMessagesPerSender
//	messages to the follower         16 n            rounds.MaxFollowerQueue
//	finals remembered as valid       8
//	reports to be accepted           100             rounds.MaxFinalsToAccept
//	accepted reports                 1000            rounds.MaxPendingTransmissions
//	calls under way                  2 n + 3
//
// besides an observation and a report of each oracle for the round that it leads. Messages keep the buffers alive that they
// were decoded from.
package ocr1
