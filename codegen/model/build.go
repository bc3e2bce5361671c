package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/artifact"
)

// Options says what to build a package from.
type Options struct {
	Name      string            // of the Go package
	Contracts []string          // their tags, events, errors and reverts are in it, and those of all that they import
	Proofs    string            // contract that shows what the codecs must do; may be empty
	Narrow    map[string]string // Go integer for an argument of a digest that is wider on chain, e.g. chainId: uint64
	Calls     []string          // functions that get codecs beside those that are tagged: names, signatures, or "all"
	Reports   []ReportOption    // structs that get codecs beside those that are tagged
	Enums     map[string]int    // number of members of enums whose declaration is in no artifact
	U256      bool              // unsigned integers of more than 64 bits are uint256.Int of github.com/holiman/uint256 in Go
}

// ReportOption asks for the codec of a struct that has no tag.
type ReportOption struct {
	Struct string // its name in Solidity, with that of its contract if need be: Feed.Price
	Name   string // in Go; the name of the struct if empty
	Tuple  bool   // as for Report
}

// Build makes the model of a package. All problems that it finds are in the error, each a *Problem.
func Build(project *artifact.Project, options Options) (*Package, error) {
	b := &builder{
		project: project,
		options: options,
		pkg:     &Package{Name: options.Name, Contracts: options.Contracts},
		structs: map[*artifact.Node]*Struct{},
		taken:   map[string]string{},
		wide:    map[*Digest][]*Type{},
		asks:    map[string]bool{},
		tuples:  map[string]*Struct{},
	}
	var roots []*artifact.Artifact
	for _, name := range options.Contracts {
		a, err := project.Contract(name)
		if err != nil {
			return nil, err
		}
		roots = append(roots, a)
	}
	trees, err := project.Trees(roots...)
	if err != nil {
		return nil, err
	}
	b.index(trees)
	b.tagged()
	for _, a := range roots {
		b.abi(a)
	}
	b.asked(roots)
	b.fileErrors()
	b.derived()
	b.reverts()
	b.sort()
	if options.U256 {
		b.pkg.eachType(func(t *Type) { t.U256 = t.Kind == Uint && t.Big() })
	}
	if options.Proofs != "" && len(b.problems) == 0 {
		if err := b.proofs(); err != nil {
			return nil, err
		}
	}
	if err := b.problems.err(); err != nil {
		return nil, err
	}
	return b.pkg, nil
}

// declaration is a documented node of the syntax trees.
type declaration struct {
	node   *artifact.Node
	source string
	parent *artifact.Node // contract or source unit
	doc    *natspec
}

type builder struct {
	project      *artifact.Project
	options      Options
	pkg          *Package
	declarations []*declaration
	structs      map[*artifact.Node]*Struct
	taken        map[string]string   // Go name -> what has it
	wide         map[*Digest][]*Type // types of a digest's fields before they were narrowed
	tuples       map[string]*Struct  // structs that only an ABI has, by what it says of them
	asks         map[string]bool     // entries of options.Calls that a function matches
	trees        []*artifact.Node
	problems     problems
}

// index lists the declarations of all trees in the order of the sources.
func (b *builder) index(trees []*artifact.Node) {
	b.trees = trees
	for _, tree := range trees {
		var visit func(parent *artifact.Node)
		visit = func(parent *artifact.Node) {
			for _, node := range parent.Nodes {
				switch node.NodeType {
				case "ContractDefinition":
					visit(node)
				case "StructDefinition", "EnumDefinition", "UserDefinedValueTypeDefinition", "FunctionDefinition",
					"VariableDeclaration", "EventDefinition", "ErrorDefinition":
					b.declarations = append(b.declarations,
						&declaration{node, tree.AbsolutePath, parent, parseNatspec(node.Documentation)})
				}
			}
		}
		visit(tree)
	}
}

func (b *builder) position(d *declaration) string {
	return b.project.Position(d.source, d.node.Src)
}

// tagPosition is the line of a tag in its comment.
func (b *builder) tagPosition(d *declaration, t tag) string {
	if line, ok := b.project.Line(d.source, d.node.Documentation.Src); ok {
		return fmt.Sprintf("%s:%d", d.source, line+t.line)
	}
	return b.position(d)
}

// claim takes a Go name for something; it is a problem if something else has it.
func (b *builder) claim(pos, name, what string) bool {
	if other, ok := b.taken[name]; ok && other != what {
		b.problems.add(pos, "Rename one of them.", "%s and %s are both %s in Go", what, other, name)
		return false
	}
	b.taken[name] = what
	return true
}

// tagged reads every @custom:ocr-... tag.
func (b *builder) tagged() {
	for _, d := range b.declarations {
		for _, t := range d.doc.tags {
			pos := b.tagPosition(d, t)
			want, known := tags[t.name]
			switch {
			case !known:
				b.problems.add(pos, "The tags are "+knownTags()+".", "there is no tag @custom:%s", t.name)
			case want != d.node.NodeType:
				b.problems.add(pos, "Move the tag above "+kinds[want]+".",
					"@custom:%s is for %s, and %s is none", t.name, kinds[want], d.node.Name)
			default:
				b.tag(d, t, pos)
			}
		}
	}
}

func (b *builder) tag(d *declaration, t tag, pos string) {
	name := exported(d.node.Name)
	if len(t.args) > 0 {
		name = t.args[0]
	}
	if name != suggest(name) {
		b.problems.add(pos, "Write a name of letters and digits that begins with an upper-case letter: @custom:"+t.name+" "+suggest(name)+".",
			"%q is no exported Go name", name)
		return
	}
	switch t.name {
	case tagReport:
		b.report(d, t, name, pos)
	case tagPacked, tagOnchainConfig:
		b.packed(d, t, name, pos)
	case tagConstant, tagPrefix:
		b.constant(d, name, pos, t.name == tagPrefix)
	case tagDigest, tagHash:
		b.digest(d, t, name)
	case tagSetConfig, tagTransmit, tagCall:
		// Calls are built from the ABI, where overloads are told apart.
	}
}

// structOf builds the struct of a declaration, once.
func (b *builder) structOf(d *declaration) *Struct {
	if s, ok := b.structs[d.node]; ok {
		if s != nil && s.Fields == nil { // it is being built
			b.problems.add(b.position(d), "Use indices or hashes instead of the struct itself.", "struct %s contains itself, so it has no ABI encoding", d.node.Name)
			return nil
		}
		return s
	}
	s := &Struct{Name: exported(d.node.Name), Doc: d.doc.text(), Pos: b.position(d)}
	var methods []string
	for _, t := range d.doc.tags {
		if (t.name == tagReport || b.allFree(t)) && len(t.args) > 0 {
			s.Name = t.args[0]
		}
		if t.name == tagReport {
			methods = []string{"Size", "Values"}
		}
	}
	b.structs[d.node] = s
	var fields []Field
	for _, m := range d.node.Members {
		t := b.typeOf(d, m)
		if t == nil {
			b.structs[d.node] = nil
			return nil
		}
		fields = append(fields, newField(m.Name, d.doc.param(m.Name), t))
	}
	s.Fields = fields
	b.name(s.Fields, methods...)
	return s
}

func newField(name, doc string, t *Type) Field {
	return Field{Solidity: name, Name: exported(name), Param: parameter(name), Doc: doc, Type: t}
}

// name gives names to arguments that have none, and makes all of them different, from each other and from the methods that
// the Go type has.
func (b *builder) name(fields []Field, methods ...string) {
	seen := map[string]bool{}
	for i := range fields {
		f := &fields[i]
		if f.Name == "" {
			f.Name, f.Param = fmt.Sprintf("Arg%d", i), fmt.Sprintf("arg%d", i)
		}
		if slices.Contains(methods, f.Name) {
			f.Name += "Value"
		}
		for seen[f.Name] {
			f.Name, f.Param = f.Name+"_", f.Param+"_"
		}
		seen[f.Name] = true
	}
}

// sort puts everything into an order that does not depend on the order of the sources.
func (b *builder) sort() {
	p := b.pkg
	p.Structs = slices.DeleteFunc(p.Structs, func(s *Struct) bool {
		return slices.ContainsFunc(p.Reports, func(r *Report) bool { return r.Struct == s }) ||
			slices.ContainsFunc(p.Packed, func(x *Packed) bool { return x.Struct == s })
	})
	slices.SortFunc(p.Structs, func(x, y *Struct) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Reports, func(x, y *Report) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Packed, func(x, y *Packed) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Digests, func(x, y *Digest) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Constants, func(x, y *Constant) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Calls, func(x, y *Call) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Events, func(x, y *Event) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Errors, func(x, y *CustomError) int { return strings.Compare(x.Name, y.Name) })
}

func sortReverts(reverts []*Revert) {
	slices.SortFunc(reverts, func(x, y *Revert) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Reason, y.Reason))
	})
}
