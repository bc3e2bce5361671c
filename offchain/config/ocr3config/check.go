package ocr3config

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// MinDelta is the least DeltaProgress, DeltaResend, DeltaInitial and DeltaCertifiedCommitRequest outside of development mode.
const MinDelta = 100 * time.Millisecond

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
	if !(3*cfg.F < n) {
		r.Add("F", cfg.F, "must be less than a third of the number of oracles (%d)", n)
	}
	if n > types.MaxOracles {
		r.Add("number of oracles", n, "must be at most %d", types.MaxOracles)
	}
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
		if d.value < 0 {
			r.Add(d.field, d.value, "must not be negative")
		}
	}
	if !(cfg.DeltaRound < cfg.DeltaProgress) {
		r.Add("DeltaRound", cfg.DeltaRound, "must be less than DeltaProgress (%s)", cfg.DeltaProgress)
	}
	if !(cfg.DeltaGrace < cfg.DeltaProgress) {
		r.Add("DeltaGrace", cfg.DeltaGrace, "must be less than DeltaProgress (%s)", cfg.DeltaProgress)
	}
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
