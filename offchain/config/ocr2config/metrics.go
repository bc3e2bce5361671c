package ocr2config

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
)

// Metrics returns the numbers of the config that a running instance exports as gauges, under the names that dashboards use.
// Durations are in seconds; an unset MaxDurationInitialization is 0. The exporter adds the labels config_digest and
// offchain_public_key.
//
// Source: docs/protocol/ocr2.md, section "Telemetry and metrics".
func Metrics(cfg PublicConfig) []config.Metric {
	initialization := time.Duration(0)
	if cfg.MaxDurationInitialization != nil {
		initialization = *cfg.MaxDurationInitialization
	}
	const prefix config.MetricPrefix = "ocr2_config_"
	number, seconds := prefix.Number, prefix.Seconds
	return []config.Metric{
		seconds("delta_progress", cfg.DeltaProgress, "Time without a report after which the epoch changes."),
		seconds("delta_resend", cfg.DeltaResend, "Interval in which the pacemaker repeats its messages."),
		seconds("delta_round", cfg.DeltaRound, "Least time between the starts of two rounds."),
		seconds("delta_grace", cfg.DeltaGrace, "Time for which the leader waits for further observations."),
		seconds("delta_stage", cfg.DeltaStage, "Time between two stages of transmission."),
		number("r_max", float64(cfg.RMax), "Rounds in an epoch."),
		seconds("max_duration_initialization", initialization, "Most time for making the reporting plugin; 0 when the node decides."),
		seconds("max_duration_query", cfg.MaxDurationQuery, "Most time for the plugin's Query."),
		seconds("max_duration_observation", cfg.MaxDurationObservation, "Most time for the plugin's Observation."),
		seconds("max_duration_report", cfg.MaxDurationReport, "Most time for the plugin's Report."),
		// The name lacks a letter; dashboards know it that way.
		seconds("max_duration_should_accept_finalize_report", cfg.MaxDurationShouldAcceptFinalizedReport,
			"Most time for the plugin's ShouldAcceptFinalizedReport."),
		seconds("max_duration_should_transmit_accepted_report", cfg.MaxDurationShouldTransmitAcceptedReport,
			"Most time for the plugin's ShouldTransmitAcceptedReport."),
		number("n", float64(cfg.N()), "Number of oracles."),
		number("f", float64(cfg.F), "Number of oracles that may be faulty."),
	}
}
