package config

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
)

// Lints collects what linters of configs have to say. The zero value is empty and ready. Its methods that look at parameters
// are for those that several versions have in common. It is not safe for concurrent use.
type Lints struct {
	// Findings are those of all calls, in their order.
	Findings []Finding
}

// Error adds a finding about what oracles refuse or cannot work with.
func (l *Lints) Error(field, message string, args ...any) {
	l.Findings = append(l.Findings, Finding{Field: field, Severity: SeverityError, Message: fmt.Sprintf(message, args...)})
}

// Warn adds a finding about what works but is probably not meant.
func (l *Lints) Warn(field, message string, args ...any) {
	l.Findings = append(l.Findings, Finding{Field: field, Severity: SeverityWarning, Message: fmt.Sprintf(message, args...)})
}

// Refused adds the rules that a config breaks: err is that of the version's Check.
func (l *Lints) Refused(err error) {
	for _, v := range Violations(err) {
		l.Error(v.Field, "%v; oracles will refuse the config", v)
	}
}

// PeerIDs adds peer ids that do not parse.
func (l *Lints) PeerIDs(peerIDs []string) {
	for i, text := range peerIDs {
		if _, err := peerid.Parse(text); err != nil {
			l.Error(fmt.Sprintf("OracleIdentities[%d].PeerID", i),
				"%.80q is no peer id (%v): no oracle can make a network endpoint with it; ask the operator for the text that begins with 12D3KooW",
				text, err)
		}
	}
}

// NoTransmitters adds a transmission schedule in which none of n oracles has a place.
func (l *Lints) NoTransmitters(s []int, n int) {
	if sum(s) == 0 && n > 0 {
		l.Error("S", "the schedule has room for no oracle: no report will be transmitted; give it %d places, such as %v", n, ones(n))
	}
}

// RoundsWithoutPause adds a DeltaRound of 0.
func (l *Lints) RoundsWithoutPause(deltaRound time.Duration) {
	if deltaRound == 0 {
		l.Error("DeltaRound", "0 lets rounds follow each other without pause and makes the traffic limits infinite; set the interval in which reports are wanted")
	}
}

// Places adds a transmission schedule that has not one place for each of n oracles.
func (l *Lints) Places(s []int, n int) {
	if total := sum(s); total > 0 && total != n {
		consequence := "the places beyond the number of oracles stay empty"
		if total < n {
			consequence = fmt.Sprintf("of each report %d oracles stay silent, and when the others fail it is not transmitted", n-total)
		}
		l.Warn("S", "the stages have %d places for %d oracles: %s; make the sum %d", total, n, consequence, n)
	}
}

// Faulty adds a number of faulty oracles that is 0, or less than n oracles could tolerate.
func (l *Lints) Faulty(f, n int) {
	if most := (n - 1) / 3; n > 0 && f >= 0 && f < most {
		l.Warn("F", "%d oracles could tolerate %d faulty ones, but only %d are; set F to %d or use fewer oracles", n, most, f, most)
	}
	if n > 0 && f == 0 {
		l.Warn("F", "0 means that one faulty oracle can stop or falsify the reports, and aggregator contracts refuse it; use at least 4 oracles with F = 1")
	}
}

// StagesAtOnce adds a DeltaStage of 0 between stages.
func (l *Lints) StagesAtOnce(deltaStage time.Duration, s []int) {
	if deltaStage == 0 && len(s) > 1 {
		l.Warn("DeltaStage", "0 makes all stages of the schedule begin at once: all oracles transmit every report and pay for it; set about the time after which a transmission is seen on chain")
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
