package breaking

import (
	"fmt"
	"io"
	"strings"
)

// Print writes the result for people, grouped by contract.
func (r *Result) Print(w io.Writer) error {
	var b strings.Builder
	group := "\x00"
	breaking := 0
	parties := map[Party]int{}
	for _, ch := range r.Changes {
		if in := strings.Join(ch.In, ", "); in != group {
			if group != "\x00" {
				b.WriteByte('\n')
			}
			fmt.Fprintln(&b, in)
			group = in
		}
		mark := "ok      "
		if ch.Breaking() {
			mark = "BREAKING"
			breaking++
		}
		fmt.Fprintf(&b, "  %s  %s: %s\n", mark, ch.place(r.Against), ch.Message)
		for _, br := range ch.Breaks {
			parties[br.Who]++
			fmt.Fprintf(&b, "            %s: %s\n", br.Who, br.Why)
		}
		if !ch.Breaking() {
			fmt.Fprintf(&b, "            %s\n", strings.TrimSpace("nobody breaks. "+ch.Note))
		} else if ch.Note != "" {
			fmt.Fprintf(&b, "            %s\n", ch.Note)
		}
	}
	if len(r.Changes) > 0 {
		b.WriteByte('\n')
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	b.WriteString(summary(len(r.Changes), breaking, parties))
	_, err := io.WriteString(w, b.String())
	return err
}

func summary(changes, breaking int, parties map[Party]int) string {
	switch {
	case changes == 0:
		return "No change that others can see.\n"
	case breaking == 0:
		return fmt.Sprintf("%s, none breaking.\n", plural(changes, "change"))
	}
	var who []string
	for _, p := range Parties() {
		if n := parties[p]; n > 0 {
			who = append(who, fmt.Sprintf("%s (%d)", p, n))
		}
	}
	return fmt.Sprintf("%s, %d breaking: %s.\n", plural(changes, "change"), breaking, strings.Join(who, ", "))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// place is where the change is in the new sources, or in the old ones.
func (c *Change) place(against string) string {
	switch {
	case c.Source != "":
		return c.Source
	case c.SourceBefore != "" && against != "":
		return c.SourceBefore + " (" + against + ")"
	case c.SourceBefore != "":
		return c.SourceBefore + " (before)"
	}
	return c.What
}
