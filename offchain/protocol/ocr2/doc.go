// Package ocr2 is the OCR2 protocol as a deterministic state machine: one [Machine] is one oracle in one instance. What a
// driver has to do for it is said in package kernel; the rules of the protocol are in docs/protocol/ocr2.md, to which each
// part points.
//
// # Parts
//
//	kernel.Pacemaker    which epoch it is, and who leads it
//	reportGeneration    attested reports, round by round, in one epoch; thrown away at its end
//	  follower          answers the leader: observes, reports
//	  leader            collects observations, then reports; only where this oracle leads
//	finalChecks         the signatures of attested reports, each verified once
//	finalization        spreads attested reports, whatever the epoch
//	transmission        brings accepted reports to the contract
//
// What these parts have in common with those of OCR1 is in package rounds; here is what OCR2 has of its own: queries, a plugin
// that makes observations and reports and decides about transmission, reports that are finalized whatever the epoch.
//
// Parts do not wait for each other. What takes time (plugin, keys, signature checks, contract) is a call: an effect with an
// id, answered by an event. While the follower has a call under way, messages of the leader queue behind it; transmission
// has one call to the plugin under way at a time, and one to the transmitter; the leader checks signatures in parallel.
// When an epoch ends, its calls are abandoned.
//
// # Signing once
//
// No oracle signs, or leads, two different things in one round, wherever it crashes: [PersistRound] puts a round on record
// before anything that belongs to it leaves, and after a restart the machine neither signs nor leads in rounds up to the
// recorded one ([Start].SignedRound). It goes on following them. A restarted leader goes on above the recorded round.
//
// # Bounds
//
// A machine of n oracles holds at most
//
//	messages of later epochs         10 n            kernel.FutureMessagesPerSender
//	messages of the leader           16              rounds.MaxFollowerQueue
//	finals being verified            16 n + 1        maxFinalChecksPerSender
//	finals remembered as valid       8               rounds.ValidSet
//	rounds remembered as finalized   2 age + 1       age is 10 to 1000
//	finals to be accepted            100             rounds.MaxFinalsToAccept
//	accepted reports                 1000            rounds.MaxPendingTransmissions
//	calls under way                  18 n + 5
//
// besides a query, an observation and a report of each oracle for the round that it leads. Messages keep the buffers alive
// that they were decoded from.
package ocr2
