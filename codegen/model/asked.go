package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/artifact"
)

// allCalls is the entry of Options.Calls that means every function.
const allCalls = "all"

// wantsCall reports whether the options ask for the codec of a function.
func (b *builder) wantsCall(e entry) bool {
	for _, name := range b.options.Calls {
		if name == allCalls && !foreign(e) || name == e.Name || name == e.Name+"("+canonicals(e.Inputs)+")" {
			b.asks[name] = true
			return true
		}
	}
	return false
}

// foreign reports whether a function has parameters that are not of the ABI: libraries may have pointers to storage.
func foreign(e entry) bool {
	var no func(args []arg) bool
	no = func(args []arg) bool {
		return slices.ContainsFunc(args, func(a arg) bool {
			base, _, _ := strings.Cut(a.Type, "[")
			return strings.Contains(a.Type, " ") || base != "tuple" && parseElementary(base) == nil || no(a.Components)
		})
	}
	return no(e.Inputs) || no(e.Outputs)
}

// members is the number of members of an enum; 0 if that is not known.
func (b *builder) members(name string) int {
	if d := b.lookup(name); d != nil && d.node.NodeType == "EnumDefinition" {
		return len(d.node.Members)
	}
	if n, ok := b.options.Enums[name]; ok {
		return n
	}
	return b.options.Enums[name[strings.LastIndex(name, ".")+1:]]
}

// asked adds the reports that the options ask for, and says what they ask for in vain.
func (b *builder) asked(roots []*artifact.Artifact) {
	for _, o := range b.options.Reports {
		b.askedReport(o, roots)
	}
	for _, name := range b.options.Calls {
		if !b.asks[name] {
			b.problems.add("", "Take it out of `calls` in ocrgen.yaml, or name the contract that has it under `contracts`.",
				"`calls` names function %s, which is not in %s", name, strings.Join(b.options.Contracts, ", "))
		}
	}
	if len(b.problems) == 0 && b.empty() {
		for _, a := range roots {
			if a.AST == nil {
				b.problems.add(a.Source, "List functions under `calls` and structs under `reports` of the package in ocrgen.yaml, or use the artifacts of forge or Hardhat, which have the source's tags.",
					"an ABI alone has no @custom:ocr-... tags, constants and revert reasons, so there is nothing to generate of %s", a.Contract)
			}
		}
	}
}

func (b *builder) empty() bool {
	p := b.pkg
	return len(p.Reports)+len(p.Packed)+len(p.Digests)+len(p.Constants)+len(p.Calls)+len(p.Events)+len(p.Errors) == 0
}

func (b *builder) askedReport(o ReportOption, roots []*artifact.Artifact) {
	before := len(b.problems)
	s, pos := b.structNamed(o.Struct, roots)
	if s == nil {
		if len(b.problems) == before {
			b.problems.add("", "An ABI has the structs that its functions, events and errors take or return. Correct `reports` in ocrgen.yaml, or give the contract a function that takes the struct.",
				"`reports` names struct %s, which is not in %s", o.Struct, strings.Join(b.options.Contracts, ", "))
		}
		return
	}
	if slices.ContainsFunc(b.pkg.Reports, func(r *Report) bool { return r.Struct == s }) {
		b.problems.add(pos, "Take it out of `reports` in ocrgen.yaml: its tag is enough.", "struct %s is a report already", o.Struct)
		return
	}
	if o.Name != "" && o.Name != s.Name {
		if o.Name != suggest(o.Name) {
			b.problems.add(pos, "Write "+suggest(o.Name)+".", "%q, the name of struct %s in ocrgen.yaml, is no exported Go name", o.Name, o.Struct)
			return
		}
		if b.taken[s.Name] == what(s) {
			delete(b.taken, s.Name)
		}
		s.Name = o.Name
	}
	for i := range s.Fields {
		if f := &s.Fields[i]; f.Name == "Size" || f.Name == "Values" {
			f.Name += "Value" // the Go type has methods of these names
		}
	}
	if b.claim(pos, s.Name, what(s)) {
		b.pkg.Reports = append(b.pkg.Reports, &Report{Struct: s, Tuple: o.Tuple})
	}
}

// structNamed finds a struct by its name, among the declarations or in the ABIs.
func (b *builder) structNamed(name string, roots []*artifact.Artifact) (*Struct, string) {
	for _, d := range b.declarations {
		if d.node.NodeType == "StructDefinition" && (d.node.CanonicalName == name || d.node.Name == name) {
			return b.structOf(d), b.position(d)
		}
	}
	for _, a := range roots {
		entries, err := parseABI(a)
		if err != nil {
			continue // said before
		}
		for _, e := range entries {
			for _, list := range [][]arg{e.Inputs, e.Outputs} {
				if found := findTuple(list, name); found != nil {
					if t := b.abiTuple(*found, a.Source); t != nil {
						return t.Struct, a.Source
					}
					return nil, ""
				}
			}
		}
	}
	return nil, ""
}

func findTuple(args []arg, name string) *arg {
	for _, a := range args {
		internal, _, _ := strings.Cut(strings.TrimPrefix(a.InternalType, "struct "), "[")
		if strings.HasPrefix(a.Type, "tuple") && (internal == name || strings.HasSuffix(internal, "."+name)) {
			a.Type, a.InternalType = "tuple", "struct "+internal
			return &a
		}
		if found := findTuple(a.Components, name); found != nil {
			return found
		}
	}
	return nil
}

// unnamed is a name for the struct of an argument whose ABI does not say what the struct is called.
func (b *builder) unnamed(base string) string {
	name := base
	for i := 2; b.taken[name] != ""; i++ {
		name = fmt.Sprintf("%s%d", base, i)
	}
	return name
}
