package ocr2config

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
)

// MinDelta is the least DeltaProgress and the least DeltaResend outside of development mode.
const MinDelta = 200 * time.Millisecond

// Check reports all rules that cfg breaks, as decoding would, so that a config that passes can be set and will be accepted.
func Check(skipResourceExhaustionChecks bool, cfg PublicConfig) error {
	var r config.Report
	lists := config.ListsOf(cfg.OracleIdentities)
	lists.Check(&r)
	config.CheckWritableF(&r, cfg.F)
	checkParameters(&r, cfg, cfg.N())
	if !skipResourceExhaustionChecks {
		checkResourceExhaustion(&r, cfg)
	}
	return r.Err()
}

// checkParameters reports broken rules in the order in which the protocol states them. n is the number of signers, which
// counts even where other lists are shorter.
func checkParameters(r *config.Report, cfg PublicConfig, n int) {
	notNegative := func(field string, d time.Duration) { config.CheckNotNegative(r, field, d) }
	notNegative("DeltaStage", cfg.DeltaStage)
	notNegative("DeltaRound", cfg.DeltaRound)
	notNegative("DeltaProgress", cfg.DeltaProgress)
	notNegative("DeltaResend", cfg.DeltaResend)
	config.CheckOracles(r, cfg.F, n)
	notNegative("DeltaGrace", cfg.DeltaGrace)
	notNegative("MaxDurationQuery", cfg.MaxDurationQuery)
	notNegative("MaxDurationObservation", cfg.MaxDurationObservation)
	notNegative("MaxDurationReport", cfg.MaxDurationReport)
	notNegative("MaxDurationShouldAcceptFinalizedReport", cfg.MaxDurationShouldAcceptFinalizedReport)
	notNegative("MaxDurationShouldTransmitAcceptedReport", cfg.MaxDurationShouldTransmitAcceptedReport)
	config.CheckLess(r, "DeltaRound", cfg.DeltaRound, "DeltaProgress", cfg.DeltaProgress)
	// The sum wraps around; the rule is about the sum as it comes out.
	config.CheckLess(r, "MaxDurationQuery + MaxDurationObservation + MaxDurationReport",
		cfg.MaxDurationQuery+cfg.MaxDurationObservation+cfg.MaxDurationReport, "DeltaProgress", cfg.DeltaProgress)
	config.CheckRounds(r, cfg.RMax)
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
