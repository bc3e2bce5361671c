package main

import (
	"fmt"
	"regexp"
	"strconv"
)

// reference is docs/gas-reference.json: what the same calls cost with the published bytecode of the reference implementation, and
// what ours may cost.
type reference struct {
	Source string                    `json:"source"` // how the figures were measured
	Gas    map[string]map[string]int `json:"gas"`    // family -> figure -> gas, under the names of the snapshots
	Limits []*limit                  `json:"limits"`
	Floors []*floor                  `json:"floors"`
}

// limit is the share of the reference that figures must not exceed.
type limit struct {
	Family string         `json:"family"`
	Figure string         `json:"figure"`  // regular expression of the whole name
	Share  map[string]int `json:"percent"` // by the number of oracles; "" for figures without one

	pattern *regexp.Regexp
}

// floor says of a figure that exceeds its limit what cannot be saved.
type floor struct {
	Family string `json:"family"`
	Figure string `json:"figure"`
	Text   string `json:"text"`
}

func (r *reference) check() error {
	for _, l := range r.Limits {
		var err error
		if l.pattern, err = regexp.Compile("^(?:" + l.Figure + ")$"); err != nil {
			return fmt.Errorf("limit of %s: %w", l.Family, err)
		}
	}
	for _, f := range r.Floors {
		if f.Text == "" {
			return fmt.Errorf("the floor of %s in %s has no text", f.Figure, f.Family)
		}
	}
	return nil
}

// gas is a figure of the reference; ok is false if there is none.
func (r *reference) gas(family, name string) (int, bool) {
	gas, ok := r.Gas[family][name]
	return gas, ok
}

// limitOf is the limit of a figure in percent; ok is false if there is none.
func (r *reference) limitOf(f figure) (percent int, ok bool) {
	n := ""
	if f.n > 0 {
		n = strconv.Itoa(f.n)
	}
	for _, l := range r.Limits {
		if l.Family == f.family && l.pattern.MatchString(f.name) {
			percent, ok = l.Share[n]
			return percent, ok
		}
	}
	return 0, false
}

// floorOf is the text about a figure that exceeds its limit.
func (r *reference) floorOf(f figure) string {
	for _, x := range r.Floors {
		if x.Family == f.family && x.Figure == f.name {
			return x.Text
		}
	}
	return ""
}
