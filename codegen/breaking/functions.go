package breaking

import (
	"fmt"
	"slices"
)

// contracts compares the contracts of two surfaces.
func (c *comparison) contracts(before, after *Surface) {
	for _, p := range matched(before.Contracts, after.Contracts, func(x *Contract) string { return x.Name }) {
		switch {
		case p.after == nil:
			c.in = p.before.Name
			c.add(Change{
				Kind: "contract-removed", What: p.before.Name, Message: p.before.Kind + " " + p.before.Name + " was removed", SourceBefore: p.before.Pos,
			}, Break{Consumers, "what calls it gets no new version with this interface"}, Break{Indexers, "its functions and events are gone from the next deployment"},
				Break{Deployers, "there is nothing to deploy"})
		case p.before == nil:
			c.in = p.after.Name
			c.add(Change{Kind: "contract-added", What: p.after.Name, Message: p.after.Kind + " " + p.after.Name + " is new", Source: p.after.Pos})
		default:
			c.in = p.after.Name
			c.contract(p.before, p.after)
		}
	}
}

func (c *comparison) contract(before, after *Contract) {
	if before.Kind == "contract" && after.Kind != "contract" {
		c.add(Change{
			Kind: "contract-kind", What: after.Name, Message: fmt.Sprintf("%s is %s now, no longer a contract", after.Name, article(after.Kind)),
			Before: before.Kind, After: after.Kind, Source: after.Pos, SourceBefore: before.Pos,
		}, Break{Deployers, "it cannot be deployed any more"})
	}
	c.constructor(before, after)
	c.functions(before, after)
	c.events(before.Events, after.Events)
	c.errors(before.Errors, after.Errors)
	c.storage(before, after)
}

func article(kind string) string {
	if kind == "abstract" {
		return "an abstract contract"
	}
	if kind == "interface" {
		return "an interface"
	}
	return "a " + kind
}

func (c *comparison) constructor(before, after *Contract) {
	none := func(f *Function, where *Contract) *Function {
		if f != nil {
			return f
		}
		return &Function{Signature: "constructor()", Mutability: "nonpayable", Pos: where.Pos}
	}
	if after.Kind != "contract" && after.Kind != "abstract" {
		return
	}
	b, a := none(before.Constructor, before), none(after.Constructor, after)
	ch := Change{What: a.Signature, Before: b.Signature, After: a.Signature, Source: a.Pos, SourceBefore: b.Pos}
	var breaks []Break
	if after.Kind == "contract" {
		breaks = []Break{{Deployers, "what they append to the bytecode is read as something else"}}
	} else {
		breaks = []Break{{Code, "contracts that inherit from it hand it other arguments"}}
	}
	if b.Signature != a.Signature {
		ch.Kind, ch.Message = "constructor-changed", fmt.Sprintf("%s is %s now", b.Signature, a.Signature)
		c.add(ch, breaks...)
		return
	}
	names, _ := sameTypes("", b.Inputs, a.Inputs)
	for _, n := range names {
		if n.swapped {
			ch.Kind, ch.Before, ch.After = "constructor-parameters-swapped", n.from, n.to
			ch.Message = fmt.Sprintf("the constructor takes (%s) where it took (%s); the types are the same, so nothing fails", n.to, n.from)
			c.add(ch, breaks...)
		}
	}
	if b.Mutability == "payable" && a.Mutability != "payable" {
		ch.Kind, ch.Before, ch.After = "constructor-mutability", b.Mutability, a.Mutability
		ch.Message = "the constructor is no longer payable"
		c.add(ch, Break{Deployers, "deploying with ether reverts"})
	}
}

// readByOracles are the functions that oracles of the OCR families call besides those with a tag.
var readByOracles = []string{"latestConfigDetails", "latestConfigDigestAndEpoch", "latestTransmissionDetails", "transmitters"}

// callers are the breaks of all who call a function.
func callers(f *Function, onChain, offChain string) []Break {
	breaks := []Break{{Consumers, onChain}, {Indexers, offChain}}
	if slices.Contains(f.Tags, "ocr-set-config") {
		breaks = append(breaks, Break{Configs, "what sets configs makes the calldata of before"})
	}
	if slices.Contains(f.Tags, "ocr-transmit") || slices.Contains(f.Tags, "ocr-call") {
		breaks = append(breaks, Break{Oracles, "oracles that run make the calldata of before"})
	}
	if slices.Contains(readByOracles, f.Name) {
		breaks = append(breaks, Break{Oracles, "oracles that run call it"})
	}
	return breaks
}

func (c *comparison) functions(before, after *Contract) {
	var gone, fresh []*Function
	for _, p := range matched(before.Functions, after.Functions, func(f *Function) string { return f.Signature }) {
		switch {
		case p.after == nil:
			gone = append(gone, p.before)
		case p.before == nil:
			fresh = append(fresh, p.after)
		default:
			c.function(p.before, p.after)
		}
	}
	overloads := func(list []*Function, name string) int {
		n := 0
		for _, f := range list {
			if f.Name == name {
				n++
			}
		}
		return n
	}
	for _, b := range gone {
		// One gone and one new of the same name are one that changed.
		i := slices.IndexFunc(fresh, func(a *Function) bool { return a.Name == b.Name })
		if i < 0 || overloads(gone, b.Name) > 1 || overloads(fresh, b.Name) > 1 {
			c.functionRemoved(b, after)
			continue
		}
		a := fresh[i]
		fresh = slices.Delete(fresh, i, i+1)
		c.add(Change{
			Kind: "function-parameters-changed", What: b.Signature, Message: fmt.Sprintf("function %s is %s now: another selector", b.Signature, a.Signature),
			Before: b.Selector, After: a.Selector, Source: a.Pos, SourceBefore: b.Pos,
		}, callers(b, "calls by the old selector revert, or reach the fallback function", "calls by the old selector fail")...)
	}
	for _, a := range fresh {
		var breaks []Break
		note := ""
		if after.Kind == "interface" || after.Kind == "abstract" {
			breaks = append(breaks, Break{Code, "contracts that implement it may lack the function"})
			note = "Whoever only calls it is not affected."
		}
		c.add(Change{Kind: "function-added", What: a.Signature, Message: describe(a) + " is new", After: a.Selector, Source: a.Pos, Note: note}, breaks...)
	}
}

func describe(f *Function) string {
	if f.Name == "receive" || f.Name == "fallback" {
		return f.Name + "()"
	}
	return "function " + f.Signature
}

func (c *comparison) functionRemoved(b *Function, after *Contract) {
	ch := Change{Kind: "function-removed", What: b.Signature, Message: describe(b) + " was removed", Before: b.Selector, SourceBefore: b.Pos}
	switch b.Name {
	case "receive":
		c.add(ch, Break{Consumers, "plain transfers of ether to the contract revert"})
		return
	case "fallback":
		c.add(ch, Break{Consumers, "calls of functions that the contract does not have revert"})
		return
	}
	if slices.ContainsFunc(after.Functions, func(f *Function) bool { return f.Name == b.Name }) {
		ch.Note = "Other functions of that name stay."
	}
	c.add(ch, callers(b, "calls revert, or reach the fallback function", "calls fail")...)
}

// function compares two versions with the same signature.
func (c *comparison) function(b, a *Function) {
	change := func(kind, message, before, after, note string) Change {
		return Change{
			Kind: "function-" + kind, What: a.Signature, Message: describe(a) + ": " + message, Before: before, After: after, Note: note,
			Source: a.Pos, SourceBefore: b.Pos,
		}
	}
	names, enums := sameTypes("", b.Inputs, a.Inputs)
	for _, n := range names {
		if n.swapped {
			c.add(change("parameters-swapped", fmt.Sprintf("it takes %s(%s) where it took (%s); the selector is the same, so nothing fails", inPath(n.path), n.to, n.from), n.from, n.to, ""),
				callers(a, "arguments arrive in each other's place", "arguments arrive in each other's place")...)
			continue
		}
		c.add(change("parameter-renamed", fmt.Sprintf("parameter %s is called %s now", join(n.path, n.from), n.to), n.from, n.to, sameOnWire),
			Break{Code, "calls with named arguments, and code made from the ABI, have the old name"})
	}
	for _, e := range enums {
		v := judgeEnum(e)
		ch := change("enum", v.message, "", "", "")
		switch v.kind {
		case "appended":
			ch.Note = "Who calls it may go on with the members of before."
			c.add(ch)
		case "removed":
			c.add(ch, callers(a, "calls with what is no longer a member revert", "calls with what is no longer a member fail")...)
		case "renamed":
			ch.Note = "If a number means something else now, that breaks callers, too."
			c.add(ch, Break{Code, "the name is another one"})
		default:
			c.add(ch, callers(a, "numbers mean other members", "numbers mean other members")...)
		}
	}
	c.outputs(b, a, change)
	c.mutability(b, a, change)
	for _, tag := range b.Tags {
		if !slices.Contains(a.Tags, tag) {
			c.add(change("tag-removed", "the tag @custom:"+tag+" is gone", tag, "", sameOnWire), Break{Code, "generated Go no longer makes its calldata"})
		}
	}
}

// sameOnWire is the note of changes that only names see.
const sameOnWire = "The bytes are the same: what runs goes on."

func inPath(path string) string {
	if path == "" {
		return ""
	}
	return "in " + path + " "
}

func (c *comparison) outputs(b, a *Function, change func(kind, message, before, after, note string) Change) {
	before, after := "("+types(b.Outputs)+")", "("+types(a.Outputs)+")"
	if before == after {
		names, enums := sameTypes("", b.Outputs, a.Outputs)
		for _, n := range names {
			if n.swapped {
				c.add(change("returns-swapped", fmt.Sprintf("it returns %s(%s) where it returned (%s); the types are the same, so nothing fails", inPath(n.path), n.to, n.from), n.from, n.to, ""),
					callers(a, "values are taken for each other", "values are taken for each other")...)
				continue
			}
			c.add(change("return-renamed", fmt.Sprintf("result %s is called %s now", join(n.path, n.from), n.to), n.from, n.to, sameOnWire),
				Break{Code, "code made from the ABI has the old name"})
		}
		for _, e := range enums {
			v := judgeEnum(e)
			ch := change("returns-enum", v.message, "", "", "")
			switch v.kind {
			case "appended":
				c.add(ch, callers(a, "Solidity reverts when it decodes a member that it does not know", "a member arrives that they do not know")...)
			case "removed":
				ch.Note = "What it returns, callers know."
				c.add(ch)
			case "renamed":
				ch.Note = "If a number means something else now, that breaks callers, too."
				c.add(ch, Break{Code, "the name is another one"})
			default:
				c.add(ch, callers(a, "numbers mean other members", "numbers mean other members")...)
			}
		}
		return
	}
	message := fmt.Sprintf("it returns %s, no longer %s", after, before)
	switch {
	case readable(b.Outputs, a.Outputs) && len(b.Outputs) == 0:
		c.add(change("returns-appended", message, before, after, "Callers that expect nothing do not look at what is returned."),
			Break{Code, "contracts that implement the interface return nothing"})
	case len(b.Outputs) == len(a.Outputs) && (&Type{Kind: "tuple", Fields: b.Outputs}).holds(&Type{Kind: "tuple", Fields: a.Outputs}):
		c.add(change("returns-narrowed", message, before, after, "The old types hold every value that is returned now."),
			Break{Code, "code made from the ABI, and contracts that implement the interface, change"})
	case readable(b.Outputs, a.Outputs):
		c.add(change("returns-appended", message, before, after,
			"Solidity and the usual libraries decode what they know and ignore what follows. Decoders that insist on the length refuse it."),
			Break{Code, "code made from the ABI, and contracts that implement the interface, change"})
	case widerOnly(b.Outputs, a.Outputs):
		c.add(change("returns-widened", message, before, after, "Values that fit the old type arrive as before."),
			callers(a, "Solidity reverts when it decodes a value that the old type does not hold", "decoders refuse or cut off a value that the old type does not hold")...)
	case len(a.Outputs) < len(b.Outputs) && readable(a.Outputs, b.Outputs):
		c.add(change("returns-removed", message, before, after, ""),
			callers(a, "Solidity reverts when less is returned than it decodes", "decoders fail when less is returned than they expect")...)
	default:
		c.add(change("returns-changed", message, before, after, ""),
			callers(a, "what is returned is decoded as something else, or not at all", "what is returned is decoded as something else, or not at all")...)
	}
}

// widerOnly reports whether the new types hold all values of the old ones.
func widerOnly(before, after []Field) bool {
	if len(before) != len(after) {
		return false
	}
	for i := range before {
		if !after[i].Type.holds(before[i].Type) && !before[i].Type.holds(after[i].Type) {
			return false
		}
	}
	return true
}

func (c *comparison) mutability(b, a *Function, change func(kind, message, before, after, note string) Change) {
	from, to := b.Mutability, a.Mutability
	if from == to {
		return
	}
	reads := func(m string) bool { return m == "view" || m == "pure" }
	ch := change("mutability", fmt.Sprintf("it is %s, no longer %s", to, from), from, to, "")
	switch {
	case reads(from) && reads(to):
		ch.Note = "Both are called by STATICCALL."
		c.add(ch)
	case reads(from):
		c.add(ch, Break{Consumers, "they call it by STATICCALL, in which writing reverts"},
			Break{Code, "code made from the ABI sends a transaction for it, where it read before"})
	case from == "payable":
		breaks := []Break{{Consumers, "calls with ether revert"}, {Indexers, "transactions with ether revert"}}
		if reads(to) {
			breaks = append(breaks, Break{Code, "code made from the ABI reads, where it sent a transaction before"})
		}
		c.add(ch, breaks...)
	case to == "payable":
		ch.Note = "Calls without ether are as before."
		c.add(ch)
	default: // nonpayable to view or pure
		ch.Note = "Calls that expect it to write do no harm."
		c.add(ch, Break{Code, "code made from the ABI reads, where it sent a transaction before"})
	}
}
