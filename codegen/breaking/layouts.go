package breaking

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// packages compares what is tagged. Packages are matched by path, then by the contracts that they have in common.
func (c *comparison) packages(before, after *Surface) {
	var gone, fresh []*Package
	for _, p := range matched(before.Packages, after.Packages, func(p *Package) string { return p.Path }) {
		switch {
		case p.after == nil:
			gone = append(gone, p.before)
		case p.before == nil:
			fresh = append(fresh, p.after)
		default:
			c.pkg(p.before, p.after)
		}
	}
	for _, b := range gone {
		i := slices.IndexFunc(fresh, func(a *Package) bool {
			return slices.ContainsFunc(a.Contracts, func(name string) bool { return slices.Contains(b.Contracts, name) })
		})
		if i < 0 {
			c.pkg(b, &Package{Path: b.Path})
			continue
		}
		c.pkg(b, fresh[i])
		fresh = slices.Delete(fresh, i, i+1)
	}
	for _, a := range fresh {
		c.pkg(&Package{Path: a.Path}, a)
	}
}

func (c *comparison) pkg(before, after *Package) {
	c.in = after.Path
	for _, k := range []struct {
		kind string
		who  judge
	}{
		{"report", reportBreaks}, {"packed", packedBreaks}, {"onchain-config", configBreaks}, {"digest", digestBreaks}, {"hash", hashBreaks},
	} {
		of := func(p *Package) []*Layout {
			return slices.DeleteFunc(slices.Clone(p.Layouts), func(l *Layout) bool { return l.Kind != k.kind })
		}
		c.layouts(k.kind, of(before), of(after), k.who)
	}
	c.constants(before.Constants, after.Constants)
	// A package that is new or gone is said by its contracts.
	if len(before.Contracts) > 0 && len(after.Contracts) > 0 {
		c.reasons(before.Reasons, after.Reasons)
	}
}

// judge says who breaks by a change of a layout.
type judge func(ch *fieldChange) (breaks []Break, note string)

// layouts compares the tagged layouts of one kind.
func (c *comparison) layouts(kind string, before, after []*Layout, who judge) {
	var gone, fresh []*Layout
	for _, p := range matched(before, after, func(l *Layout) string { return l.Name }) {
		switch {
		case p.after == nil:
			gone = append(gone, p.before)
		case p.before == nil:
			fresh = append(fresh, p.after)
		default:
			c.layout(kind, p.before, p.after, who)
		}
	}
	for _, b := range gone {
		i := slices.IndexFunc(fresh, func(a *Layout) bool {
			return types(a.Fields) == types(b.Fields) && slices.Equal(fieldNames(a.Fields), fieldNames(b.Fields))
		})
		if i >= 0 {
			a := fresh[i]
			fresh = slices.Delete(fresh, i, i+1)
			c.add(Change{
				Kind: kind + "-renamed", What: b.Name, Message: fmt.Sprintf("%s %s is called %s now", noun(kind), b.Name, a.Name), Before: b.Name, After: a.Name,
				Note: sameOnWire, Source: a.Pos, SourceBefore: b.Pos,
			}, Break{Code, "generated Go has another name"})
			c.layout(kind, b, a, who)
			continue
		}
		breaks := []Break{{Code, "it is gone from generated Go"}, {Oracles, "what they make or expect of it is refused, unless only the tag is gone"}}
		if kind != "onchain-config" && kind != "digest" {
			breaks = append(breaks, Break{Consumers, "what decodes it gets no more of it, unless only the tag is gone"})
		} else {
			breaks = append(breaks, Break{Configs, "those with it are refused, unless only the tag is gone"})
		}
		c.add(Change{Kind: kind + "-removed", What: b.Name, Message: fmt.Sprintf("%s %s was removed, or lost its tag", noun(kind), b.Name), SourceBefore: b.Pos}, breaks...)
	}
	for _, a := range fresh {
		c.add(Change{Kind: kind + "-added", What: a.Name, Message: fmt.Sprintf("%s %s is new", noun(kind), a.Name), Source: a.Pos})
	}
}

func noun(kind string) string {
	switch kind {
	case "onchain-config":
		return "onchain config"
	case "digest":
		return "config digest"
	case "packed":
		return "packed struct"
	}
	return kind
}

func (c *comparison) layout(kind string, before, after *Layout, who judge) {
	tolerable := readable(before.Fields, after.Fields)
	for _, ch := range layoutChanges("", before.Fields, after.Fields) {
		ch.tolerable = tolerable
		breaks, note := who(&ch)
		pos, old := ch.pos, ch.old
		if pos == "" && ch.kind != "removed" {
			pos = after.Pos
		}
		if old == "" && ch.kind != "added" && ch.kind != "appended" {
			old = before.Pos
		}
		c.add(Change{
			Kind: kind + "-field-" + ch.kind, What: join(after.Name, ch.path), Message: fmt.Sprintf("%s %s: %s", noun(kind), after.Name, ch.message),
			Before: ch.before, After: ch.after, Note: note, Source: pos, SourceBefore: old,
		}, breaks...)
	}
	if before.Tuple != after.Tuple {
		how := map[bool]string{true: "one struct", false: "an argument list"}
		c.add(Change{
			Kind: kind + "-encoding", What: after.Name, Message: fmt.Sprintf("%s %s is encoded as %s, no longer as %s", noun(kind), after.Name, how[after.Tuple], how[before.Tuple]),
			Before: how[before.Tuple], After: how[after.Tuple], Source: after.Pos, SourceBefore: before.Pos,
			Note: "Without arrays and bytes within, the two are the same.",
		}, Break{Oracles, "their reports have no offset word before them, or one too much"}, Break{Consumers, "decoders begin at another place"})
	}
	if before.Bytes != after.Bytes {
		breaks, _ := who(&fieldChange{kind: "retyped"})
		c.add(Change{
			Kind: kind + "-size", What: after.Name, Message: fmt.Sprintf("%s %s has %d bytes, no longer %d", noun(kind), after.Name, after.Bytes, before.Bytes),
			Before: fmt.Sprint(before.Bytes), After: fmt.Sprint(after.Bytes), Source: after.Pos, SourceBefore: before.Pos,
		}, breaks...)
	}
	c.prefix(before, after)
}

func reportBreaks(ch *fieldChange) ([]Break, string) {
	both := func(oracles, consumers string) []Break { return []Break{{Oracles, oracles}, {Consumers, consumers}} }
	kind := ch.kind
	if kind == "appended" && !ch.tolerable {
		kind = "added" // at the end of a struct that has something behind it
	}
	switch kind {
	case "renamed":
		return []Break{{Code, "the field of the generated Go, and of the struct in Solidity, has another name"}}, sameOnWire
	case "swapped":
		return both("what they report is taken for something else", "fields are taken for each other"), ""
	case "widened":
		return both("oracles with the old type refuse values that need the new one, and do not sign them",
			"decoders with the old type refuse values that need the new one"), "Reports whose values fit the old type have the same bytes as before."
	case "narrowed":
		return []Break{{Oracles, "reports with values that the new type does not hold are refused by the contract"}},
			"Reports whose values fit the new type have the same bytes as before."
	case "appended":
		return both("their reports lack the field, so the contract refuses them; oracles of before and after sign different bytes",
			"decoders that insist on the length, as generated Go does, refuse the report; Solidity's own ignores what it does not know"), ""
	case "added", "reordered":
		return both("their reports are refused or misread by the contract; oracles of before and after sign different bytes",
			"the fields behind it are read at the wrong places"), ""
	case "removed":
		return both("their reports are refused or misread by the contract; oracles of before and after sign different bytes",
			"decoders of before find too little, or the wrong fields"), ""
	}
	return both("their reports are refused or misread by the contract", "the field is decoded as something else, or not at all"), ""
}

// packedBreaks is of structs whose fields follow each other without padding: attestations, keys, contexts.
func packedBreaks(ch *fieldChange) ([]Break, string) {
	if ch.kind == "renamed" {
		return []Break{{Code, "the field of the generated Go, and of the struct in Solidity, has another name"}}, sameOnWire
	}
	return []Break{
		{Oracles, "what they make has the old layout, and is refused or misread"},
		{Consumers, "the fields from this one on are read at the wrong places, or as something else"},
	}, ""
}

// hashBreaks is of hashes that are signed or compared.
func hashBreaks(ch *fieldChange) ([]Break, string) {
	switch ch.kind {
	case "renamed":
		return []Break{{Code, "the field of the generated preimage has another name"}}, sameOnWire
	case "widened", "narrowed":
		return []Break{{Code, "the field of the generated preimage has another type"}}, "Both types are one word of the preimage, so the hash of the same values is the same."
	}
	return []Break{
		{Oracles, "they sign or compute the old hash, which is not recognised"},
		{Consumers, "whoever checks signatures over it, or compares it, expects the old one"},
	}, ""
}

func configBreaks(ch *fieldChange) ([]Break, string) {
	if ch.kind == "renamed" {
		return []Break{{Code, "the field of the generated Go, and of the struct in Solidity, has another name"}}, sameOnWire
	}
	why := "the bytes that are set, or that tools make, have the old layout: they are refused or misread"
	if ch.kind == "value" {
		why = "configs with the old value are refused"
	}
	return []Break{{Configs, why}, {Oracles, "oracles that run read the old layout"}}, ""
}

func digestBreaks(ch *fieldChange) ([]Break, string) {
	if ch.kind == "renamed" {
		return []Break{{Code, "the field of the generated preimage has another name"}}, sameOnWire
	}
	if ch.kind == "widened" || ch.kind == "narrowed" {
		note := "Both types are one word of the preimage, so the digest of the same values is the same."
		return []Break{{Code, "the field of the generated preimage has another type"}}, note
	}
	return otherDigests, ""
}

// otherDigests is who breaks when digests of the same configs change.
var otherDigests = []Break{
	{Configs, "each config has another digest: all must be set anew"},
	{Oracles, "oracles that run compute the old digest, and refuse a config whose digest is another one"},
}

func (c *comparison) prefix(before, after *Layout) {
	b, a := before.Prefix, after.Prefix
	if b == nil && a == nil {
		return
	}
	show := func(p *Prefix) string {
		if p == nil {
			return "none"
		}
		return fmt.Sprintf("%s (%d bytes)", p.Value, p.Bytes)
	}
	if b != nil && a != nil && b.Value == a.Value && b.Bytes == a.Bytes {
		return
	}
	ch := Change{
		Kind: "digest-prefix", What: after.Name, Before: show(b), After: show(a), Source: after.Pos, SourceBefore: before.Pos,
		Message: fmt.Sprintf("config digest %s has the prefix %s, no longer %s", after.Name, show(a), show(b)),
	}
	c.add(ch, otherDigests...)
}

func (c *comparison) constants(before, after []*Constant) {
	for _, p := range matched(before, after, func(x *Constant) string { return x.Name }) {
		b, a := p.before, p.after
		switch {
		case a == nil:
			c.add(Change{Kind: "constant-removed", What: b.Name, Message: "constant " + b.Name + " was removed, or lost its tag", Before: b.Value, SourceBefore: b.Pos},
				Break{Code, "it is gone from generated Go"})
		case b == nil:
			c.add(Change{Kind: "constant-added", What: a.Name, Message: fmt.Sprintf("constant %s = %s is new", a.Name, a.Value), After: a.Value, Source: a.Pos})
		case b.Value != a.Value && a.Prefix:
			// Said with the digest that it is the prefix of.
			if !c.reported("digest-prefix") {
				c.add(Change{
					Kind: "digest-prefix", What: a.Name, Message: fmt.Sprintf("prefix %s is %s, no longer %s", a.Name, a.Value, b.Value), Before: b.Value, After: a.Value,
					Source: a.Pos, SourceBefore: b.Pos,
				}, Break{Configs, "configs whose digest has the old prefix are not recognised"}, Break{Oracles, "oracles that run expect the old prefix"})
			}
		case b.Value != a.Value:
			c.constant(b, a)
		case b.Type != a.Type:
			c.add(Change{
				Kind: "constant-type", What: a.Name, Message: fmt.Sprintf("constant %s is %s, no longer %s", a.Name, a.Type, b.Type), Before: b.Type, After: a.Type,
				Note: "The value is the same.", Source: a.Pos, SourceBefore: b.Pos,
			})
		}
	}
}

// reported tells whether there is a change of a kind in the current package.
func (c *comparison) reported(kind string) bool {
	return slices.ContainsFunc(c.result.Changes, func(ch *Change) bool { return ch.Kind == kind && slices.Contains(ch.In, c.in) })
}

// constant judges a changed value. Names tell bounds from other constants.
func (c *comparison) constant(b, a *Constant) {
	ch := Change{Kind: "constant-value", What: a.Name, Before: b.Value, After: a.Value, Source: a.Pos, SourceBefore: b.Pos}
	from, ok1 := new(big.Int).SetString(b.Value, 0)
	to, ok2 := new(big.Int).SetString(a.Value, 0)
	verb := "is"
	if ok1 && ok2 {
		verb = map[int]string{-1: "was lowered to", 0: "is", 1: "was raised to"}[to.Cmp(from)]
	}
	ch.Message = fmt.Sprintf("constant %s %s %s; it was %s", a.Name, verb, a.Value, b.Value)
	lower := strings.ToLower(a.Name)
	upper := strings.Contains(lower, "max") || strings.Contains(lower, "limit")
	under := strings.Contains(lower, "min") && !upper
	tighter := ok1 && ok2 && (upper && to.Cmp(from) < 0 || under && to.Cmp(from) > 0)
	switch {
	case tighter:
		c.add(ch, Break{Configs, "what was within the bound may be refused now"}, Break{Oracles, "oracles that run, and tools, go by the old bound, and the contract refuses what they make"})
	case upper || under:
		ch.Note = "What was allowed still is."
		c.add(ch, Break{Oracles, "oracles that run go by the old bound, and refuse what the contract allows now"})
	default:
		c.add(ch, Break{Configs, "they may have been made with the old value"}, Break{Oracles, "oracles that run have the old value"})
	}
}

// reasons compares the texts of require and revert. Nobody matches on where a text is given, only on the text.
func (c *comparison) reasons(before, after []*Reason) {
	gone, fresh := missing(before, after), missing(after, before)
	used := map[string]bool{}
	for _, b := range gone {
		var here []*Reason
		for _, a := range fresh {
			if a.In == b.In {
				here = append(here, a)
			}
		}
		ch := Change{Kind: "reason-removed", What: fmt.Sprintf("%q", b.Text), Before: b.Text, SourceBefore: b.Where[0]}
		ch.Message = fmt.Sprintf("reason %q is given nowhere any more", b.Text)
		if len(here) == 1 && !used[here[0].Text] && !slices.ContainsFunc(gone, func(o *Reason) bool { return o != b && o.In == b.In }) {
			a := here[0]
			used[a.Text] = true
			ch.Kind, ch.After, ch.Source = "reason-changed", a.Text, a.Where[0]
			ch.Message = fmt.Sprintf("reason %q is %q now", b.Text, a.Text)
		}
		c.add(ch, Break{Indexers, "clients that match the text of a revert do not recognise it"}, Break{Code, "its variable in generated Go is gone"})
	}
	for _, a := range fresh {
		if !used[a.Text] {
			used[a.Text] = true
			c.add(Change{Kind: "reason-added", What: fmt.Sprintf("%q", a.Text), Message: fmt.Sprintf("reason %q is new", a.Text), After: a.Text, Source: a.Where[0]})
		}
	}
}

// missing lists the reasons of x whose text is nowhere in y, each text once.
func missing(x, y []*Reason) []*Reason {
	var list []*Reason
	for _, r := range x {
		same := func(o *Reason) bool { return o.Text == r.Text }
		if !slices.ContainsFunc(y, same) && !slices.ContainsFunc(list, same) {
			list = append(list, r)
		}
	}
	return list
}
