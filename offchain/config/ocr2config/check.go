package ocr2config

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// MinDelta is the least DeltaProgress and the least DeltaResend outside of development mode.
const MinDelta = 200 * time.Millisecond

// Check reports all rules that cfg breaks, as decoding would, so that a config that passes can be set and will be accepted.
func Check(skipResourceExhaustionChecks bool, cfg PublicConfig) error {
	var r config.Report
	lists := config.ListsOf(cfg.OracleIdentities)
	lists.Check(&r)
	if cfg.F < 0 || cfg.F > 255 {
		r.Add("F", cfg.F, "must fit into 8 bits")
	}
	checkParameters(&r, cfg, cfg.N())
	if !skipResourceExhaustionChecks {
		checkResourceExhaustion(&r, cfg)
	}
	return r.Err()
}

// checkParameters reports broken rules in the order in which the protocol states them. n is the number of signers, which
// counts even where other lists are shorter.
func checkParameters(r *config.Report, cfg PublicConfig, n int) {
	notNegative := func(field string, d time.Duration) {
		if d < 0 {
			r.Add(field, d, "must not be negative")
		}
	}
	notNegative("DeltaStage", cfg.DeltaStage)
	notNegative("DeltaRound", cfg.DeltaRound)
	notNegative("DeltaProgress", cfg.DeltaProgress)
	notNegative("DeltaResend", cfg.DeltaResend)
	if !(3*cfg.F < n) {
		r.Add("F", cfg.F, "must be less than a third of the number of oracles (%d)", n)
	}
	if n > types.MaxOracles {
		r.Add("number of oracles", n, "must be at most %d", types.MaxOracles)
	}
	notNegative("DeltaGrace", cfg.DeltaGrace)
	notNegative("MaxDurationQuery", cfg.MaxDurationQuery)
	notNegative("MaxDurationObservation", cfg.MaxDurationObservation)
	notNegative("MaxDurationReport", cfg.MaxDurationReport)
	notNegative("MaxDurationShouldAcceptFinalizedReport", cfg.MaxDurationShouldAcceptFinalizedReport)
	notNegative("MaxDurationShouldTransmitAcceptedReport", cfg.MaxDurationShouldTransmitAcceptedReport)
	if !(cfg.DeltaRound < cfg.DeltaProgress) {
		r.Add("DeltaRound", cfg.DeltaRound, "must be less than DeltaProgress (%s)", cfg.DeltaProgress)
	}
	// The sum wraps around; the rule is about the sum as it comes out.
	if sum := cfg.MaxDurationQuery + cfg.MaxDurationObservation + cfg.MaxDurationReport; !(sum < cfg.DeltaProgress) {
		r.Add("MaxDurationQuery + MaxDurationObservation + MaxDurationReport", sum,
			"must be less than DeltaProgress (%s)", cfg.DeltaProgress)
	}
	if !(0 < cfg.RMax && cfg.RMax < 255) {
		r.Add("RMax", cfg.RMax, "must be 1 to 254")
	}
	config.CheckSchedule(r, cfg.S)
}

// checkResourceExhaustion reports settings with which oracles would exhaust themselves and each other.
func checkResourceExhaustion(r *config.Report, cfg PublicConfig) {
	atLeast := func(field string, d, least time.Duration) {
		if d < least {
			r.Add(field, d, "must be at least %s outside of development mode", least)
		}
	}
	atLeast("DeltaProgress", cfg.DeltaProgress, MinDelta)
	atLeast("DeltaResend", cfg.DeltaResend, MinDelta)
}
