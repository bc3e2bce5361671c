package ocr1config

import "github.com/ocrkit/ocrkit/offchain/config"

// Metrics returns the numbers of the config that a running instance exports as gauges. Durations are in seconds. The exporter
// adds the labels config_digest and offchain_public_key.
//
// Source: docs/protocol/ocr1.md, section "Telemetry and metrics".
func Metrics(cfg PublicConfig) []config.Metric {
	const prefix config.MetricPrefix = "ocr1_config_"
	number, seconds := prefix.Number, prefix.Seconds
	return []config.Metric{
		seconds("delta_progress", cfg.DeltaProgress, "Time without a report after which the epoch changes."),
		seconds("delta_resend", cfg.DeltaResend, "Interval in which the pacemaker repeats its messages."),
		seconds("delta_round", cfg.DeltaRound, "Time between the starts of two rounds."),
		seconds("delta_grace", cfg.DeltaGrace, "Time for which the leader waits for further observations."),
		seconds("delta_c", cfg.DeltaC, "Age of the contract's answer from which a report is due."),
		number("alpha_ppb", float64(cfg.AlphaPPB), "Deviation from the contract's answer from which a report is due, in parts per billion."),
		seconds("delta_stage", cfg.DeltaStage, "Time between two stages of transmission."),
		number("r_max", float64(cfg.RMax), "Rounds in an epoch."),
		number("n", float64(cfg.N()), "Number of oracles."),
		number("f", float64(cfg.F), "Number of oracles that may be faulty."),
	}
}
