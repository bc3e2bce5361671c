package ocr3config

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
)

// Lint says what is wrong or unwise in a config before it is set. First come the rules that oracles would refuse it for, as
// errors; then what they accept although it cannot work, as errors; then what works but is probably not meant, as warnings.
// An empty result means that there is nothing to object to.
//
// The config is judged as one for production: the rules that development mode switches off count.
func Lint(cfg PublicConfig) []config.Finding {
	var l config.Lints
	l.Refused(Check(false, cfg))
	lintUnworkable(&l, cfg)
	lintUnwise(&l, cfg)
	return l.Findings
}

func lintUnworkable(l *config.Lints, cfg PublicConfig) {
	l.PeerIDs(config.PeerIDs(cfg.OracleIdentities))
	if d := cfg.MaxDurationInitialization; d != nil && *d <= 0 {
		l.Error("MaxDurationInitialization",
			"%s leaves no time to make the reporting plugin, which fails then; set some seconds, or leave it unset for the nodes' own default", *d)
	}
	l.NoTransmitters(cfg.S, cfg.N())
	for _, deadline := range []struct {
		field string
		value time.Duration
	}{
		{"MaxDurationObservation", cfg.MaxDurationObservation},
		{"MaxDurationShouldAcceptAttestedReport", cfg.MaxDurationShouldAcceptAttestedReport},
		{"MaxDurationShouldTransmitAcceptedReport", cfg.MaxDurationShouldTransmitAcceptedReport},
	} {
		if deadline.value == 0 {
			l.Error(deadline.field, "0 leaves the plugin no time at all, every call has expired when it begins; set what the call may take at worst")
		}
	}
	l.RoundsWithoutPause(cfg.MinRoundInterval())
}

func lintUnwise(l *config.Lints, cfg PublicConfig) {
	l.Places(cfg.S, cfg.N())
	l.Faulty(cfg.F, cfg.N())
	if cfg.MaxDurationQuery == 0 {
		l.Warn("MaxDurationQuery", "0 leaves the leader no time for a query beyond what nodes allow on their own; set some time unless the plugin has no query")
	}
	l.StagesAtOnce(cfg.DeltaStage, cfg.S)
	if cfg.DeltaGrace >= cfg.DeltaRound && cfg.DeltaRound > 0 {
		l.Warn("DeltaGrace", "%s is not less than DeltaRound (%s): waiting for late observations delays every round; set a small part of DeltaRound", cfg.DeltaGrace, cfg.DeltaRound)
	}
	if cfg.DeltaProgress <= 0 {
		return
	}
	if cfg.DeltaInitial >= cfg.DeltaProgress {
		l.Warn("DeltaInitial", "%s is not less than DeltaProgress (%s), so that it has no effect: a leader that does not start its epoch has as long as one that makes no progress; set a part of it",
			cfg.DeltaInitial, cfg.DeltaProgress)
	}
	if cfg.MaxDurationQuery >= cfg.DeltaProgress || cfg.MaxDurationObservation >= cfg.DeltaProgress-cfg.MaxDurationQuery {
		l.Warn("MaxDurationQuery + MaxDurationObservation",
			"the sum is not less than DeltaProgress (%s): where the plugin takes as long, epochs end before a round does; raise DeltaProgress or lower them", cfg.DeltaProgress)
	}
}
