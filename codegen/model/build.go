package model

import (
	"cmp"
	"fmt"
	"math/big"
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
	b.reverts()
	b.sort()
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
		b.report(d, name, pos)
	case tagOnchainConfig:
		b.packed(d, t, name, pos)
	case tagConstant, tagPrefix:
		b.constant(d, name, pos, t.name == tagPrefix)
	case tagDigest:
		b.digest(d, name)
	case tagSetConfig, tagTransmit, tagCall:
		// Calls are built from the ABI, where overloads are told apart.
	}
}

func (b *builder) report(d *declaration, name, pos string) {
	s := b.structOf(d)
	if s == nil {
		return
	}
	for _, other := range b.pkg.Reports {
		if other.Name == name {
			b.problems.add(pos, "Give each report a name of its own: @custom:ocr-report NAME.",
				"there are two reports %s, the other at %s", name, other.Pos)
			return
		}
	}
	if b.claim(pos, name, what(s)) {
		b.pkg.Reports = append(b.pkg.Reports, &Report{s})
	}
}

func (b *builder) packed(d *declaration, t tag, name, pos string) {
	s := b.structOf(d)
	if s == nil || !b.claim(pos, name, "onchain config "+name) {
		return
	}
	fixed := map[string]string{}
	for _, arg := range t.args[min(1, len(t.args)):] {
		field, value, ok := strings.Cut(arg, "=")
		if !ok {
			b.problems.add(pos, "Write FIELD=VALUE, or FIELD=CONSTANT.", "%q does not fix a field", arg)
			continue
		}
		fixed[field] = value
	}
	p := &Packed{Struct: &Struct{Name: name, Doc: s.Doc, Pos: s.Pos}}
	offset := 0
	for _, f := range s.Fields {
		size := f.Type.PackedSize()
		if size == 0 {
			b.problems.add(s.Pos, "Use integers, bool, address and bytesN only.",
				"field %s of %s is a %s, which has no packed encoding of fixed size", f.Solidity, name, f.Type.Solidity())
			return
		}
		if text, ok := fixed[f.Solidity]; ok {
			delete(fixed, f.Solidity)
			value := b.number(d, text)
			if value == nil || f.Type.Kind != Uint || value.Sign() < 0 || value.BitLen() > 8 || f.Type.Bits != 8 {
				b.problems.add(pos, "Fix fields of type uint8 only, by a number or the name of a constant.",
					"%s=%s is not a value of %s", f.Solidity, text, f.Type.Solidity())
				return
			}
			p.Fixed = append(p.Fixed, FixedField{f, offset, value})
		}
		offset += size
		p.Fields = append(p.Fields, f)
	}
	for field := range fixed {
		b.problems.add(pos, "", "%s has no field %s", name, field)
	}
	b.pkg.Packed = append(b.pkg.Packed, p)
}

func (b *builder) constant(d *declaration, name, pos string, prefix bool) {
	t := parseElementary(d.node.TypeName.Name)
	if !d.node.Constant || t == nil || t.Kind != Uint && t.Kind != Int {
		b.problems.add(pos, "Write for example: uint256 internal constant "+d.node.Name+" = 31;",
			"%s is no integer constant", d.node.Name)
		return
	}
	value := b.constantValue(d, 0)
	if value == nil {
		b.problems.add(pos, "Give it a literal or the name of another constant.",
			"the value of %s cannot be read", d.node.Name)
		return
	}
	if prefix && (t.Kind != Uint || t.Bits > 64) {
		b.problems.add(pos, "A prefix is an unsigned integer of its own width, like uint16 for two bytes.",
			"%s is %s", d.node.Name, t.Solidity())
		return
	}
	for _, other := range b.pkg.Constants {
		if other.Name == name {
			if other.Value.Cmp(value) != 0 {
				b.problems.add(pos, "Keep one of them.", "%s is %v here and %v at %s", name, value, other.Value, other.Pos)
			}
			return
		}
	}
	if b.claim(pos, name, "constant "+name) {
		b.pkg.Constants = append(b.pkg.Constants, &Constant{
			Name: name, Doc: d.doc.text(), Pos: b.position(d), Value: value, Type: t, Prefix: prefix,
		})
	}
}

func (b *builder) digest(d *declaration, name string) {
	pos := b.position(d)
	var fields []Field
	for _, p := range d.node.Parameters.Members {
		t := b.typeOf(d, p)
		if t == nil {
			return
		}
		fields = append(fields, newField(p.Name, d.doc.param(p.Name), t))
	}
	b.name(fields)
	name += "Preimage"
	doc := strings.TrimSpace("What a config digest is the hash of. " + d.doc.text())
	s := &Struct{Name: name, Doc: doc, Pos: pos, Fields: fields}
	for _, other := range b.pkg.Digests {
		if other.Name == name {
			if other.Types() != s.Types() {
				b.problems.add(pos, "Keep one, or give each a name of its own.", "digest %s is over (%s) here and over (%s) at %s",
					name, s.Types(), other.Types(), other.Pos)
			}
			return
		}
	}
	var wide []*Type
	for i := range fields {
		wide = append(wide, fields[i].Type)
		goType, ok := b.options.Narrow[fields[i].Solidity]
		if !ok {
			continue
		}
		t := parseElementary(goType)
		if t == nil || t.Kind != fields[i].Type.Kind || t.Bits > fields[i].Type.Bits {
			b.problems.add(pos, "Name a narrower integer in `narrow` of ocrgen.yaml.", "%s is a %s and cannot be a Go %s",
				fields[i].Solidity, fields[i].Type.Solidity(), goType)
			return
		}
		fields[i].Type, fields[i].OnChain = t, fields[i].Type.Solidity()
	}
	if b.claim(pos, name, "digest "+name) {
		digest := &Digest{Struct: s, Prefix: b.prefixOf(d)}
		b.wide[digest] = wide
		b.pkg.Digests = append(b.pkg.Digests, digest)
	}
}

// prefixOf finds the prefix of a digest: the one in the same contract, or else the only one there is.
func (b *builder) prefixOf(digest *declaration) *Constant {
	var all []*Constant
	for _, d := range b.declarations {
		for _, t := range d.doc.tags {
			if t.name != tagPrefix || d.node.NodeType != "VariableDeclaration" {
				continue
			}
			value := b.constantValue(d, 0)
			if value == nil {
				continue // reported where the constant is
			}
			name := exported(d.node.Name)
			if len(t.args) > 0 {
				name = t.args[0]
			}
			c := &Constant{Name: name, Value: value, Type: parseElementary(d.node.TypeName.Name), Prefix: true}
			if d.parent == digest.parent {
				return c
			}
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, c := range all[1:] {
		if c.Name != all[0].Name {
			b.problems.add(b.position(digest), "Put the function and its prefix into the same contract or library.",
				"it is not clear which of %s and %s is the prefix of the digest", all[0].Name, c.Name)
			return nil
		}
	}
	return all[0]
}

// number reads a literal or the value of a constant.
func (b *builder) number(near *declaration, text string) *big.Int {
	if v, ok := new(big.Int).SetString(text, 0); ok {
		return v
	}
	for _, d := range b.declarations {
		if d.node.NodeType == "VariableDeclaration" && d.node.Name == text && (d.parent == near.parent || d.source == near.source) {
			return b.constantValue(d, 0)
		}
	}
	return nil
}

// structOf builds the struct of a declaration, once.
func (b *builder) structOf(d *declaration) *Struct {
	if s, ok := b.structs[d.node]; ok {
		return s
	}
	s := &Struct{Name: exported(d.node.Name), Doc: d.doc.text(), Pos: b.position(d)}
	for _, t := range d.doc.tags {
		if t.name == tagReport && len(t.args) > 0 {
			s.Name = t.args[0]
		}
	}
	b.structs[d.node] = s
	for _, m := range d.node.Members {
		t := b.typeOf(d, m)
		if t == nil {
			return nil
		}
		s.Fields = append(s.Fields, newField(m.Name, d.doc.param(m.Name), t))
	}
	b.name(s.Fields)
	return s
}

func newField(name, doc string, t *Type) Field {
	return Field{Solidity: name, Name: exported(name), Param: parameter(name), Doc: doc, Type: t}
}

// name gives names to arguments that have none, and makes all of them different.
func (b *builder) name(fields []Field) {
	seen := map[string]bool{}
	for i := range fields {
		f := &fields[i]
		if f.Name == "" {
			f.Name, f.Param = fmt.Sprintf("Arg%d", i), fmt.Sprintf("arg%d", i)
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
		return slices.ContainsFunc(p.Reports, func(r *Report) bool { return r.Struct == s })
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
