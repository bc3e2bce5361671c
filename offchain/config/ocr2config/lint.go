package ocr2config

import (
	"fmt"
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
)

// Lint says what is wrong or unwise in a config before it is set. First come the rules that oracles would refuse it for, as
// errors; then what they accept although it cannot work, as errors; then what works but is probably not meant, as warnings.
// An empty result means that there is nothing to object to.
//
// The config is judged as one for production: the rules that development mode switches off count.
func Lint(cfg PublicConfig) []config.Finding {
	var findings []config.Finding
	add := func(severity config.Severity, field, message string, args ...any) {
		findings = append(findings, config.Finding{Field: field, Severity: severity, Message: fmt.Sprintf(message, args...)})
	}
	for _, v := range config.Violations(Check(false, cfg)) {
		add(config.SeverityError, v.Field, "%v; oracles will refuse the config", v)
	}
	lintUnworkable(cfg, add)
	lintUnwise(cfg, add)
	return findings
}

type addFinding func(severity config.Severity, field, message string, args ...any)

func lintUnworkable(cfg PublicConfig, add addFinding) {
	for i, identity := range cfg.OracleIdentities {
		if _, err := peerid.Parse(identity.PeerID); err != nil {
			add(config.SeverityError, fmt.Sprintf("OracleIdentities[%d].PeerID", i),
				"%.80q is no peer id (%v): no oracle can make a network endpoint with it; ask the operator for the text that begins with 12D3KooW",
				identity.PeerID, err)
		}
	}
	if d := cfg.MaxDurationInitialization; d != nil && *d <= 0 {
		add(config.SeverityError, "MaxDurationInitialization",
			"%s leaves no time to make the reporting plugin, which fails then; set some seconds, or leave it unset for the nodes' own default", *d)
	}
	if exactSum(cfg.MaxDurationQuery, cfg.MaxDurationObservation, cfg.MaxDurationReport).Cmp(big.NewInt(int64(cfg.DeltaProgress))) >= 0 &&
		cfg.MaxDurationQuery+cfg.MaxDurationObservation+cfg.MaxDurationReport < cfg.DeltaProgress {
		add(config.SeverityError, "MaxDurationQuery + MaxDurationObservation + MaxDurationReport",
			"the sum does not fit into 64 bits, so that the rule about it has no effect; lower the durations until it is less than DeltaProgress (%s)",
			cfg.DeltaProgress)
	}
	if total := sum(cfg.S); total == 0 && cfg.N() > 0 {
		add(config.SeverityError, "S", "the schedule has room for no oracle: no report will be transmitted; give it %d places, such as %v",
			cfg.N(), ones(cfg.N()))
	}
	for _, deadline := range []struct {
		field string
		value time.Duration
	}{
		{"MaxDurationObservation", cfg.MaxDurationObservation},
		{"MaxDurationReport", cfg.MaxDurationReport},
		{"MaxDurationShouldAcceptFinalizedReport", cfg.MaxDurationShouldAcceptFinalizedReport},
		{"MaxDurationShouldTransmitAcceptedReport", cfg.MaxDurationShouldTransmitAcceptedReport},
	} {
		if deadline.value == 0 {
			add(config.SeverityError, deadline.field, "0 leaves the plugin no time at all, every call has expired when it begins; set what the call may take at worst")
		}
	}
	if cfg.DeltaRound == 0 {
		add(config.SeverityError, "DeltaRound", "0 lets rounds follow each other without pause and makes the traffic limits infinite; set the interval in which reports are wanted")
	}
}

func lintUnwise(cfg PublicConfig, add addFinding) {
	n := cfg.N()
	if total := sum(cfg.S); total > 0 && total != n {
		consequence := "the places beyond the number of oracles stay empty"
		if total < n {
			consequence = fmt.Sprintf("of each report %d oracles stay silent, and when the others fail it is not transmitted", n-total)
		}
		add(config.SeverityWarning, "S", "the stages have %d places for %d oracles: %s; make the sum %d", total, n, consequence, n)
	}
	if most := (n - 1) / 3; n > 0 && cfg.F >= 0 && cfg.F < most {
		add(config.SeverityWarning, "F", "%d oracles could tolerate %d faulty ones, but only %d are; set F to %d or use fewer oracles", n, most, cfg.F, most)
	}
	if n > 0 && cfg.F == 0 {
		add(config.SeverityWarning, "F", "0 means that one faulty oracle can stop or falsify the reports, and aggregator contracts refuse it; use at least 4 oracles with F = 1")
	}
	if cfg.MaxDurationQuery == 0 {
		add(config.SeverityWarning, "MaxDurationQuery", "0 leaves the leader no time for a query beyond what nodes allow on their own; set some time unless the plugin has no query")
	}
	if cfg.DeltaStage == 0 && len(cfg.S) > 1 {
		add(config.SeverityWarning, "DeltaStage", "0 makes all stages of the schedule begin at once: all oracles transmit every report and pay for it; set about the time after which a transmission is seen on chain")
	}
	if cfg.DeltaGrace >= cfg.DeltaRound && cfg.DeltaRound > 0 {
		add(config.SeverityWarning, "DeltaGrace", "%s is not less than DeltaRound (%s): waiting for late observations delays every round; set a small part of DeltaRound", cfg.DeltaGrace, cfg.DeltaRound)
	}
	if cfg.DeltaGrace >= cfg.DeltaProgress && cfg.DeltaProgress > 0 {
		add(config.SeverityError, "DeltaGrace", "%s is not less than DeltaProgress (%s): the epoch ends before the leader has waited long enough to ask for a report", cfg.DeltaGrace, cfg.DeltaProgress)
	}
}

func sum(s []int) int {
	total := 0
	for _, element := range s {
		total += element
	}
	return total
}

func ones(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}

func exactSum(terms ...time.Duration) *big.Int {
	total := new(big.Int)
	for _, term := range terms {
		total.Add(total, big.NewInt(int64(term)))
	}
	return total
}
