package breaking

import (
	"fmt"
	"slices"
)

// eventsOfOracles are the events of the OCR families that oracles read.
var eventsOfOracles = map[string]string{
	"ConfigSet":        "oracles learn their configuration from it",
	"NewConfiguration": "oracles find their configuration by it",
	"Transmitted":      "oracles schedule transmissions by it",
	"NewTransmission":  "oracles read the latest answer from it",
	"RoundRequested":   "oracles start rounds on request by it",
}

func readers(name, why string) []Break {
	breaks := []Break{{Indexers, why}}
	if oracles, ok := eventsOfOracles[name]; ok {
		breaks = append(breaks, Break{Oracles, oracles})
	}
	return breaks
}

// pairs matches declarations by signature, then one that is gone with one that is new if their name is the same and no other has it.
func pairs(before, after []*Event) (same, changed []pair[*Event], gone, fresh []*Event) {
	for _, p := range matched(before, after, func(e *Event) string { return e.Signature }) {
		switch {
		case p.after == nil:
			gone = append(gone, p.before)
		case p.before == nil:
			fresh = append(fresh, p.after)
		default:
			same = append(same, p)
		}
	}
	count := func(list []*Event, name string) (n int) {
		for _, e := range list {
			if e.Name == name {
				n++
			}
		}
		return n
	}
	var left []*Event
	for _, b := range gone {
		i := slices.IndexFunc(fresh, func(a *Event) bool { return a.Name == b.Name })
		if i < 0 || count(gone, b.Name) > 1 || count(fresh, b.Name) > 1 {
			left = append(left, b)
			continue
		}
		changed = append(changed, pair[*Event]{b, fresh[i]})
		fresh = slices.Delete(fresh, i, i+1)
	}
	return same, changed, left, fresh
}

func (c *comparison) events(before, after []*Event) {
	same, changed, gone, fresh := pairs(before, after)
	for _, p := range same {
		c.event(p.before, p.after)
	}
	for _, p := range changed {
		c.add(Change{
			Kind: "event-parameters-changed", What: p.before.Signature, Message: fmt.Sprintf("event %s is %s now: another topic", p.before.Signature, p.after.Signature),
			Before: p.before.Signature, After: p.after.Signature, Source: p.after.Pos, SourceBefore: p.before.Pos,
		}, readers(p.before.Name, "filters by the old topic find nothing more")...)
	}
	for _, e := range gone {
		c.add(Change{Kind: "event-removed", What: e.Signature, Message: "event " + e.Signature + " was removed", SourceBefore: e.Pos},
			readers(e.Name, "it is not emitted any more")...)
	}
	for _, e := range fresh {
		c.add(Change{Kind: "event-added", What: e.Signature, Message: "event " + e.Signature + " is new", Source: e.Pos})
	}
}

func (c *comparison) event(b, a *Event) {
	change := func(kind, message, before, after, note string) Change {
		return Change{
			Kind: "event-" + kind, What: a.Signature, Message: "event " + a.Signature + ": " + message, Before: before, After: after, Note: note,
			Source: a.Pos, SourceBefore: b.Pos,
		}
	}
	if b.Anonymous != a.Anonymous {
		message := "it is anonymous now, so its topic is gone"
		if b.Anonymous {
			message = "it is no longer anonymous, so it has a topic more"
		}
		c.add(change("anonymous", message, fmt.Sprint(b.Anonymous), fmt.Sprint(a.Anonymous), ""), readers(a.Name, "topics are at other places")...)
	}
	for i := range a.Fields {
		if b.Fields[i].Indexed == a.Fields[i].Indexed {
			continue
		}
		message, where := "parameter %s is indexed now: it moves from the data to a topic", "the data"
		if b.Fields[i].Indexed {
			message, where = "parameter %s is no longer indexed: it moves from a topic to the data", "a topic"
		}
		c.add(change("indexed", fmt.Sprintf(message, fieldName(a.Fields, i)), fmt.Sprint(b.Fields[i].Indexed), fmt.Sprint(a.Fields[i].Indexed), ""),
			readers(a.Name, "the first topic is the same, so logs are still found, and then decoded wrongly: the value is no longer in "+where)...)
	}
	names, enums := sameTypes("", b.Fields, a.Fields)
	for _, n := range names {
		if n.swapped {
			c.add(change("parameters-swapped", fmt.Sprintf("it has %s(%s) where it had (%s); the topic is the same, so nothing fails", inPath(n.path), n.to, n.from), n.from, n.to, ""),
				readers(a.Name, "values are taken for each other")...)
			continue
		}
		c.add(change("parameter-renamed", fmt.Sprintf("parameter %s is called %s now", join(n.path, n.from), n.to), n.from, n.to, sameOnWire),
			Break{Code, "bindings, subgraphs and queries that are made from the ABI anew have another name"})
	}
	for _, e := range enums {
		v := judgeEnum(e)
		ch := change("enum", v.message, "", "", "")
		switch v.kind {
		case "appended":
			c.add(ch, readers(a.Name, "a member arrives that they do not know")...)
		case "removed":
			ch.Note = "What it says, readers know."
			c.add(ch)
		case "renamed":
			ch.Note = "If a number means something else now, that breaks readers, too."
			c.add(ch, Break{Code, "the name is another one"})
		default:
			c.add(ch, readers(a.Name, "numbers mean other members")...)
		}
	}
}

func (c *comparison) errors(before, after []*Event) {
	matching := func(why string) []Break {
		return []Break{{Consumers, "contracts that catch it by its selector " + why}, {Indexers, "clients that decode reverts " + why},
			{Code, "the generated error is another one, or gone"}}
	}
	same, changed, gone, fresh := pairs(before, after)
	for _, p := range same {
		b, a := p.before, p.after
		names, _ := sameTypes("", b.Fields, a.Fields)
		for _, n := range names {
			ch := Change{
				Kind: "error-parameter-renamed", What: a.Signature, Message: fmt.Sprintf("error %s: parameter %s is called %s now", a.Signature, join(n.path, n.from), n.to),
				Before: n.from, After: n.to, Note: sameOnWire, Source: a.Pos, SourceBefore: b.Pos,
			}
			if n.swapped {
				ch.Kind, ch.Note = "error-parameters-swapped", ""
				ch.Message = fmt.Sprintf("error %s: it has %s(%s) where it had (%s); the selector is the same, so nothing fails", a.Signature, inPath(n.path), n.to, n.from)
				c.add(ch, Break{Consumers, "values are taken for each other"}, Break{Indexers, "values are taken for each other"})
				continue
			}
			c.add(ch, Break{Code, "code made from the ABI has the old name"})
		}
	}
	for _, p := range changed {
		c.add(Change{
			Kind: "error-parameters-changed", What: p.before.Signature, Message: fmt.Sprintf("error %s is %s now: another selector", p.before.Signature, p.after.Signature),
			Before: p.before.Signature, After: p.after.Signature, Source: p.after.Pos, SourceBefore: p.before.Pos,
		}, matching("do not know the new selector")...)
	}
	for _, e := range gone {
		c.add(Change{Kind: "error-removed", What: e.Signature, Message: "error " + e.Signature + " was removed", SourceBefore: e.Pos}, matching("wait for it in vain")...)
	}
	for _, e := range fresh {
		c.add(Change{Kind: "error-added", What: e.Signature, Message: "error " + e.Signature + " is new", Source: e.Pos})
	}
}
