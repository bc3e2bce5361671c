package breaking

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Party is who breaks. Its value is what programs see.
type Party string

// The parties, in the order in which they are listed.
const (
	Consumers Party = "consumers" // contracts that call a contract, or decode what it decodes
	Oracles   Party = "oracles"   // oracles that run with the code of before
	Configs   Party = "configs"   // configs that are set, or that tools are to set
	Indexers  Party = "indexers"  // readers of logs and callers from off chain
	Storage   Party = "storage"   // what lies behind a proxy that is upgraded to the contract
	Deployers Party = "deployers" // scripts that deploy
	Code      Party = "code"      // source code that is compiled or generated against the contract; what runs goes on
)

// Parties lists all of them.
func Parties() []Party {
	return []Party{Consumers, Oracles, Configs, Indexers, Storage, Deployers, Code}
}

// String is the party's name for people.
func (p Party) String() string {
	switch p {
	case Consumers:
		return "consumers on chain"
	case Oracles:
		return "oracles in flight"
	case Configs:
		return "configs"
	case Indexers:
		return "indexers and offchain callers"
	case Storage:
		return "upgradeable storage"
	case Deployers:
		return "deploy scripts"
	case Code:
		return "code built against it"
	}
	return string(p)
}

// Break says that somebody breaks, and how.
type Break struct {
	Who Party  `json:"who"`
	Why string `json:"why"`
}

// Change is one difference of two surfaces.
type Change struct {
	// In are the contracts, or the path of the package for what is not of a contract.
	In   []string `json:"in"`
	Kind string   `json:"kind"` // such as function-removed; docs/breaking-changes.md lists them
	// What is the declaration: a signature, or STRUCT.FIELD.
	What    string  `json:"what"`
	Message string  `json:"message"`
	Before  string  `json:"before,omitempty"`
	After   string  `json:"after,omitempty"`
	Breaks  []Break `json:"breaks"`         // empty: nobody
	Note    string  `json:"note,omitempty"` // why nobody breaks, or what to think of
	// Source and SourceBefore are file:line in the new and the old sources. What was removed has the latter only.
	Source       string `json:"source,omitempty"`
	SourceBefore string `json:"sourceBefore,omitempty"`
}

// Breaking reports whether anybody breaks.
func (c *Change) Breaking() bool { return len(c.Breaks) > 0 }

// Result is the outcome of a comparison. Its JSON is stable: fields may be added.
type Result struct {
	Version  int       `json:"version"` // of this format: 1
	Against  string    `json:"against,omitempty"`
	Breaking bool      `json:"breaking"`
	Changes  []*Change `json:"changes"`
	Notes    []string  `json:"notes,omitempty"` // what could not be compared
}

// JSON is the result for programs.
func (r *Result) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

// Ignore takes breaks of these parties out of the result; changes stay.
func (r *Result) Ignore(parties ...Party) {
	r.Breaking = false
	for _, c := range r.Changes {
		breaking := c.Breaking()
		c.Breaks = slices.DeleteFunc(c.Breaks, func(b Break) bool { return slices.Contains(parties, b.Who) })
		if breaking && !c.Breaking() {
			c.Note = strings.TrimSpace(c.Note + " Who breaks is ignored.")
		}
		r.Breaking = r.Breaking || c.Breaking()
	}
}

// comparison collects changes.
type comparison struct {
	result *Result
	in     string
}

// add adds a change. Breaks with the same party are joined.
func (c *comparison) add(ch Change, breaks ...Break) {
	ch.In = []string{c.in}
	ch.Breaks = []Break{}
	for _, party := range Parties() {
		var why []string
		for _, b := range breaks {
			if b.Who == party && !slices.Contains(why, b.Why) {
				why = append(why, b.Why)
			}
		}
		if len(why) > 0 {
			ch.Breaks = append(ch.Breaks, Break{party, strings.Join(why, "; ")})
		}
	}
	// A declaration that several contracts inherit is one change.
	for _, other := range c.result.Changes {
		if other.Kind == ch.Kind && other.What == ch.What && other.Message == ch.Message && other.Source == ch.Source &&
			other.SourceBefore == ch.SourceBefore && strings.Contains(ch.Source+ch.SourceBefore, ".sol:") && slices.Equal(other.Breaks, ch.Breaks) {
			if !slices.Contains(other.In, c.in) {
				other.In = append(other.In, c.in)
			}
			return
		}
	}
	c.result.Changes = append(c.result.Changes, &ch)
}

// Compare compares what was with what is.
func Compare(before, after *Surface) *Result {
	c := &comparison{result: &Result{Version: 1, Changes: []*Change{}}}
	c.contracts(before, after)
	c.packages(before, after)
	for _, ch := range c.result.Changes {
		c.result.Breaking = c.result.Breaking || ch.Breaking()
	}
	slices.SortStableFunc(c.result.Changes, func(x, y *Change) int {
		return cmp.Or(
			strings.Compare(strings.Join(x.In, ","), strings.Join(y.In, ",")),
			-boolCompare(x.Breaking(), y.Breaking()),
		)
	})
	for _, n := range before.Notes {
		if !slices.Contains(after.Notes, n) {
			n = "before: " + n
		}
		c.result.Notes = append(c.result.Notes, n)
	}
	for _, n := range after.Notes {
		if !slices.Contains(before.Notes, n) {
			c.result.Notes = append(c.result.Notes, n)
		}
	}
	return c.result
}

func boolCompare(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

// matched pairs the elements of two lists by a key; one of a pair is nil if the other has none. The order is that of the keys'
// first appearance, before first.
type pair[T any] struct{ before, after T }

func matched[T any](before, after []T, key func(T) string) []pair[T] {
	var pairs []pair[T]
	index := map[string]int{}
	for _, b := range before {
		index[key(b)] = len(pairs)
		pairs = append(pairs, pair[T]{before: b})
	}
	for _, a := range after {
		if i, ok := index[key(a)]; ok {
			pairs[i].after = a
		} else {
			pairs = append(pairs, pair[T]{after: a})
		}
	}
	return pairs
}
