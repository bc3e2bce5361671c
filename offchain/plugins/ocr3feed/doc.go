// Package ocr3feed is a reporting plugin for OCR3 that agrees on a number, such as a price, and reports it to a feed contract
// (solidity/ocr3/feed) when that is worth its gas. It is small, and a plugin to start from when you write your own: see
// docs/plugins.md.
//
// A round goes like this. The query is empty. An observation is the oracle's time and what its data source says. With at least 2f+1
// observations, at most f of them by faulty oracles, the median lies between two honest observations, and so does the median of the
// times. The outcome is both medians, whether they are to be reported, and what was reported last.
//
// A round is reported when the median is within the bounds of the onchain config, and
//
//   - nothing has been reported under this config yet, or
//   - the median is away from the answer reported last by at least AlphaReportPPB, or
//   - the time is away from that of the report before by at least DeltaC: the heartbeat.
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
// turn until one succeeds. Should all of them fail, the next report is due by deviation or heartbeat, as if it had landed.
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
//	observation  28 bytes: time (Unix seconds, 4, big-endian), price (24, big-endian two's complement)
//	outcome      57 bytes: flags (1: bit 0, something was reported before; bit 1, this is to be reported),
//	             time and median of this round, time and answer reported before this round (28 each, like an observation)
//	report       FeedReport of package gen/ocr3, 64 bytes
//
// All of them have one encoding for one meaning, and what is not exactly that is refused.
package ocr3feed
