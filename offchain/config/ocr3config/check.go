package ocr3config

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
)

// MinDelta is the least DeltaProgress, DeltaResend, DeltaInitial and DeltaCertifiedCommitRequest outside of development mode.
const MinDelta = 100 * time.Millisecond

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
	config.CheckOracles(r, cfg.F, n)
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"DeltaProgress", cfg.DeltaProgress}, {"DeltaResend", cfg.DeltaResend}, {"DeltaInitial", cfg.DeltaInitial},
		{"DeltaRound", cfg.DeltaRound}, {"DeltaGrace", cfg.DeltaGrace},
		{"DeltaCertifiedCommitRequest", cfg.DeltaCertifiedCommitRequest}, {"DeltaStage", cfg.DeltaStage},
		{"MaxDurationQuery", cfg.MaxDurationQuery}, {"MaxDurationObservation", cfg.MaxDurationObservation},
		{"MaxDurationShouldAcceptAttestedReport", cfg.MaxDurationShouldAcceptAttestedReport},
		{"MaxDurationShouldTransmitAcceptedReport", cfg.MaxDurationShouldTransmitAcceptedReport},
	} {
		config.CheckNotNegative(r, d.field, d.value)
	}
	config.CheckLess(r, "DeltaRound", cfg.DeltaRound, "DeltaProgress", cfg.DeltaProgress)
	config.CheckLess(r, "DeltaGrace", cfg.DeltaGrace, "DeltaProgress", cfg.DeltaProgress)
	if cfg.RMax == 0 {
		r.Add("RMax", cfg.RMax, "must be at least 1")
	}
	config.CheckSchedule(r, cfg.S)
}

// checkResourceExhaustion reports settings with which oracles would exhaust themselves and each other.
func checkResourceExhaustion(r *config.Report, cfg PublicConfig) {
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"DeltaProgress", cfg.DeltaProgress}, {"DeltaResend", cfg.DeltaResend}, {"DeltaInitial", cfg.DeltaInitial},
		{"DeltaCertifiedCommitRequest", cfg.DeltaCertifiedCommitRequest},
	} {
		if d.value < MinDelta {
			r.Add(d.field, d.value, "must be at least %s outside of development mode", MinDelta)
		}
	}
}

// CheckPluginLimits reports limits out of range. A plugin that declares such limits does not run.
func CheckPluginLimits(l ocr3types.ReportingPluginLimits) error {
	var r config.Report
	r.AtMost("MaxQueryLength", l.MaxQueryLength, ocr3types.MaxMaxQueryLength)
	r.AtMost("MaxObservationLength", l.MaxObservationLength, ocr3types.MaxMaxObservationLength)
	r.AtMost("MaxOutcomeLength", l.MaxOutcomeLength, ocr3types.MaxMaxOutcomeLength)
	r.AtMost("MaxReportLength", l.MaxReportLength, ocr3types.MaxMaxReportLength)
	r.AtMost("MaxReportCount", l.MaxReportCount, ocr3types.MaxMaxReportCount)
	return r.Err()
}
