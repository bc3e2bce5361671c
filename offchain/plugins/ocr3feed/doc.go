// Package ocr3feed is a reporting plugin for OCR3 that agrees on a number, such as a price, and reports it to a feed contract
// (solidity/ocr3/feed) when that is worth its gas. It is small, and a plugin to start from when you write your own: see
// docs/plugins.md.
//
// A round goes like this. The query is empty. An observation is the oracle's time, what its data source says, and which report is the
// last that the contract has. With at least 2f+1 observations, at most f of them by faulty oracles, the median lies between two
// honest observations, and so does the median of the times. The outcome is both medians, whether they are to be reported, and what
// was reported last.
//
// A round is reported when the median is within the bounds of the onchain config, and
//
//   - nothing has been reported under this config yet, or
//   - the median is away from the answer reported last by at least AlphaReportPPB, or
//   - the time is away from that of the report before by at least DeltaC: the heartbeat, or
//   - the report before has not landed, and the time is at least RepeatAfter later than its time: the median takes its place.
//
// The offchain config is that of the median plugin, package median, and so are the onchain config and the data source. AlphaAccept
// plays no part: it says how much a report must differ from one that is still under way, but here AlphaReport already compares with
// the report agreed on last, whether it has landed or not.
//
// # State
//
// What was reported last is part of the outcome, on which the oracles agree. No oracle's own memory counts, nor what the contract
// shows it: two oracles may see different blocks. So a plugin that has just started decides like one that has been running. "Reported"
// means that the oracles agreed to report. That the report lands is up to the transmission schedule, in which every oracle gets its
// turn until one succeeds.
//
// # Reports that do not land
//
// Should all transmissions fail, or a reorganisation of the chain take the report away, the network must notice, for there may be no
// reason for another report in a long time. So each observation says what sequence number the contract has, as that oracle reads it:
// 0 when the contract has nothing under the config of the instance, [Unread] when it cannot be read. A report counts as missing when
// more than f observers say that the contract's sequence number is below that of the report. One of them at least is honest.
//
// f liars cannot have a report repeated that all honest oracles see on the contract. Together with an honest oracle whose node lags
// they can, but once per RepeatAfter at most. Nor can they stand in the way: of 2f+1 observers at least f+1 are honest, and that many
// are enough to find a report missing. Honest oracles that cannot read the contract do not count: while too many of them cannot, a
// report waits for deviation or heartbeat.
//
// A repetition is a new report, with the current median. So an instance whose contract never takes a report, as when the contract has
// another config already, agrees on one per RepeatAfter; whether to send it is another question, which the contract is asked.
//
// # Reading the contract
//
// The contract is asked before a report is sent, so that reports that are superseded cost no gas. What it answers may be old,
// for nodes lag. An old answer makes the plugin transmit in vain, which the contract refuses, but never withhold a report: only
// a config digest and sequence number that the contract has shown can do that. See ShouldAcceptAttestedReport and ShouldTransmitAcceptedReport of
// [Plugin].
//
// # Encodings
//
//	observation  36 bytes: time (Unix seconds, 4, big-endian), price (24, big-endian two's complement), the contract's sequence
//	             number (8, big-endian; all ones: could not be read)
//	outcome      65 bytes: flags (1: bit 0, something was reported before; bit 1, this is to be reported),
//	             time and median of this round, time and answer reported before this round (28 each, like in an observation),
//	             sequence number of the last report, this round's included (8, big-endian; 0: there was none)
//	report       FeedReport of package gen/ocr3, 64 bytes
//
// All of them have one encoding for one meaning, and what is not exactly that is refused.
package ocr3feed
