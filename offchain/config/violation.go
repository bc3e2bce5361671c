package config

import (
	"errors"
	"fmt"
)

// Violation says that one field of a config breaks one rule.
type Violation struct {
	// Field is the name of the field in the PublicConfig or ContractConfig of the version, with an index where it is a list:
	// "DeltaRound", "S[3]", "OracleIdentities[2].PeerID".
	Field string
	// Value is the offending value as it was read.
	Value any
	// Rule says what must hold, as the second half of a sentence that begins with the field: "must be less than DeltaProgress (2s)".
	Rule string
}

// Error returns the field, the value and the rule in one line. Long values are cut.
func (v *Violation) Error() string {
	value := fmt.Sprint(v.Value)
	if s, ok := v.Value.(string); ok {
		value = fmt.Sprintf("%.80q", s)
	}
	if len(value) > 100 {
		value = value[:100] + "..."
	}
	return fmt.Sprintf("%s is %s, but %s", v.Field, value, v.Rule)
}

// Violations returns the violations that err joins or wraps, in their order. It is empty when err has other reasons, such as
// bytes that do not parse.
func Violations(err error) []*Violation {
	if err == nil {
		return nil
	}
	if v, ok := err.(*Violation); ok {
		return []*Violation{v}
	}
	var all []*Violation
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, Violations(inner)...)
		}
	case interface{ Unwrap() error }:
		all = Violations(e.Unwrap())
	}
	return all
}

// maxViolations bounds what a Report keeps. A hostile config of two megabytes can break a rule a million times.
const maxViolations = 64

// Report collects the violations of a config. The zero value is empty and ready. It is not safe for concurrent use.
type Report struct {
	errs    []error
	dropped int
}

// Add notes that field, which has the given value, breaks a rule. The rule is a format with arguments, see Violation.Rule.
func (r *Report) Add(field string, value any, rule string, args ...any) {
	if len(r.errs) == maxViolations {
		r.dropped++
		return
	}
	r.errs = append(r.errs, &Violation{field, value, fmt.Sprintf(rule, args...)})
}

// AtMost notes that field is not 0 to most, if it is not.
func (r *Report) AtMost(field string, value, most int) {
	if value < 0 || value > most {
		r.Add(field, value, "must be 0 to %d", most)
	}
}

// Err returns nil when nothing was added, else one error that joins all violations in the order in which they were added.
// Beyond the first 64 it says only how many more there were.
func (r *Report) Err() error {
	if r.dropped > 0 {
		return errors.Join(append(r.errs[:len(r.errs):len(r.errs)], fmt.Errorf("and %d more violations", r.dropped))...)
	}
	return errors.Join(r.errs...)
}

// Severity says how bad a Finding is.
type Severity int

const (
	// SeverityWarning: oracles accept the config, but it is probably not what was meant.
	SeverityWarning Severity = iota + 1
	// SeverityError: oracles accept the config, but the network or some oracle cannot work with it; or they refuse it.
	SeverityError
)

// String returns "warning" or "error".
func (s Severity) String() string {
	switch s {
	case SeverityWarning:
		return "warning"
	case SeverityError:
		return "error"
	}
	return fmt.Sprintf("Severity(%d)", int(s))
}

// Finding is what a linter has to say about one field of a config.
type Finding struct {
	// Field is named as in Violation.
	Field string
	// Severity says how bad it is.
	Severity Severity
	// Message says what is wrong, what follows from it, and what to do.
	Message string
}

// String returns the finding in one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s", f.Severity, f.Field, f.Message)
}
