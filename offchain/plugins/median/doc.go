// Package median is a reporting plugin for OCR2 that agrees on a number: each
// oracle observes it, and the report carries all observations, sorted, of
// which the contract takes the one in the middle. With more than 2f
// observations, at most f of them by faulty oracles, the median lies between
// two honest observations.
//
// A round goes like this. The query is empty. An observation is a value, the
// price of the fee coin in juels, the gas price, and the time. A report is made
// when it is worth its gas: when the median has moved away from the answer on
// chain by at least AlphaReportPPB, when the answer is older than DeltaC, when
// somebody requested a round on chain, or when the contract has no answer under
// this config yet. Reports that are agreed on while an earlier one is still
// under way to the chain are accepted only if they move the answer further, by
// at least AlphaAcceptPPB.
//
// Use it by filling in a [NumericalMedianFactory]. What is specific to a chain
// is behind interfaces: [MedianContract] reads the contract, [ReportCodec] makes
// reports (package evmreportcodec for EVM chains), [OnchainConfigCodec] reads
// the range of valid answers from the onchain config.
//
// # Ties
//
// Oracles sign the bytes of the report, which name the observer of each value.
// Hence the order of observations with equal values matters: all oracles of a
// network must choose the same. It is the order that an unstable sort happens
// to leave, several times in a row; package internal/tieorder keeps that sort.
// The steps are: the plugin sorts the observations by value, in the order in
// which the leader sent them; an EVM report codec then sorts a copy by
// timestamp, by juels per fee coin and again by value.
//
// Source: docs/protocol/ocr2.md, "Median plugin".
package median

//go:generate go run ../../../internal/cmd/genproto .
