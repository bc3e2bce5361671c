package model

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ocrkit/ocrkit/codegen/artifact"
)

// entry is one item of an ABI.
type entry struct {
	Type      string `json:"type"`
	Name      string `json:"name"`
	Inputs    []arg  `json:"inputs"`
	Outputs   []arg  `json:"outputs"`
	Anonymous bool   `json:"anonymous"`
}

// arg is an argument or a member of a tuple.
type arg struct {
	Name         string `json:"name"`
	Type         string `json:"type"`
	InternalType string `json:"internalType"`
	Components   []arg  `json:"components"`
	Indexed      bool   `json:"indexed"`
}

func parseABI(a *artifact.Artifact) ([]entry, error) {
	var entries []entry
	if err := json.Unmarshal(a.ABI, &entries); err != nil {
		return nil, fmt.Errorf("%s: abi: %w", a.File, err)
	}
	for _, e := range entries {
		if err := checkNames(a.File, e.Name, append(slices.Clone(e.Inputs), e.Outputs...)); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// maxDimensions bounds how often arrays are in arrays.
const maxDimensions = 16

// identifier is a name of Solidity; typeText is what an ABI may say of a type, in either form.
var (
	identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)
	typeText   = regexp.MustCompile(`^[A-Za-z0-9_$.,:()\[\]= >-]*$`)
)

// checkNames refuses an ABI that no compiler wrote: the names in it become part of Go code.
func checkNames(file, name string, args []arg) error {
	if name != "" && !identifier.MatchString(name) {
		return fmt.Errorf("%s: %q is no name in Solidity", file, name)
	}
	for _, a := range args {
		if !typeText.MatchString(a.Type) || !typeText.MatchString(a.InternalType) || strings.Count(a.Type, "[") > maxDimensions {
			return fmt.Errorf("%s: %q (%q) is no type of an ABI", file, a.Type, a.InternalType)
		}
		if err := checkNames(file, a.Name, a.Components); err != nil {
			return err
		}
	}
	return nil
}

// abi adds the events, errors and tagged functions of a contract.
func (b *builder) abi(a *artifact.Artifact) {
	entries, err := parseABI(a)
	if err != nil {
		b.problems = append(b.problems, err)
		return
	}
	for _, e := range entries {
		switch {
		case e.Type == "event" && !e.Anonymous:
			b.event(a, e)
		case e.Type == "error":
			b.customError(a, e)
		case e.Type == "function":
			b.call(a, e)
		}
	}
}

func (b *builder) event(a *artifact.Artifact, e entry) {
	d, pos := b.find("EventDefinition", e, a)
	s := b.arguments(e.Name, e.Inputs, d, pos, "EventName", "Topic")
	if s == nil {
		return
	}
	if general[s.Name] != "" || general["Decode"+s.Name] != "" || b.hasCodec(s.Name) {
		s.Name += "Event"
	}
	event := &Event{Struct: s, Event: e.Name, Signature: e.Name + "(" + s.Types() + ")"}
	event.Topic = crypto.Keccak256Hash([]byte(event.Signature))
	for _, other := range b.pkg.Events {
		if other.Event != event.Event {
			continue
		}
		if other.Signature != event.Signature || !sameIndexed(other, event) {
			b.problems.add(pos, "Rename one, or give the contracts packages of their own in ocrgen.yaml.",
				"event %s is another one than at %s", event.Signature, other.Pos)
		}
		return
	}
	if b.claim(pos, s.Name, "event "+e.Name) {
		b.pkg.Events = append(b.pkg.Events, event)
	}
}

func sameIndexed(x, y *Event) bool {
	for i := range x.Fields {
		if x.Fields[i].Indexed != y.Fields[i].Indexed {
			return false
		}
	}
	return true
}

func (b *builder) customError(a *artifact.Artifact, e entry) {
	d, pos := b.find("ErrorDefinition", e, a)
	if s := b.arguments(e.Name, e.Inputs, d, pos, "Error"); s != nil {
		b.addError(e.Name, s, true)
	}
}

// fileErrors adds the errors that are declared outside of contracts. A contract's ABI has those that its own code gives, but
// not those of a library that it calls at an address.
func (b *builder) fileErrors() {
	for _, d := range b.declarations {
		if d.node.NodeType != "ErrorDefinition" || d.parent.NodeType != "SourceUnit" {
			continue
		}
		s := &Struct{Name: exported(d.node.Name), Doc: d.doc.text(), Pos: b.position(d)}
		for _, p := range d.node.Parameters.Members {
			t := b.typeOf(d, p)
			if t == nil {
				return
			}
			s.Fields = append(s.Fields, newField(p.Name, d.doc.param(p.Name), t))
		}
		b.name(s.Fields, "Error")
		b.addError(d.node.Name, s, false)
	}
}

// addError adds an error, unless it is there already. Of two that differ, one that no contract's ABI has is left out.
func (b *builder) addError(name string, s *Struct, inABI bool) {
	pos := s.Pos
	s.Name += "Error"
	custom := &CustomError{Struct: s, Error: name, Signature: name + "(" + s.Types() + ")", Selector: selector(name + "(" + s.Types() + ")")}
	for _, other := range b.pkg.Errors {
		if other.Signature == custom.Signature {
			return
		}
		if other.Error == custom.Error {
			if !inABI {
				return
			}
			b.problems.add(pos, "Rename one, or give the contracts packages of their own in ocrgen.yaml.",
				"error %s is another one than at %s", custom.Signature, other.Pos)
			return
		}
	}
	if b.claim(pos, s.Name, "error "+name) && (len(s.Fields) > 0 || b.claim(pos, custom.Variable(), "error "+name)) {
		b.pkg.Errors = append(b.pkg.Errors, custom)
	}
}

// call adds a function if its declaration has a tag that says so, or if the options name it.
func (b *builder) call(a *artifact.Artifact, e entry) {
	d, pos := b.findTagged(e, a)
	wanted := b.wantsCall(e)
	if d == nil && !wanted {
		return
	}
	if d == nil {
		d, pos = b.find("FunctionDefinition", e, a)
	}
	s := b.arguments(e.Name, e.Inputs, d, pos)
	if s == nil {
		return
	}
	call := &Call{Struct: s, Function: e.Name, Method: s.Name, Signature: e.Name + "(" + s.Types() + ")"}
	s.Name += "Call"
	call.Selector = selector(call.Signature)
	for _, other := range b.pkg.Calls {
		if other.Signature == call.Signature {
			return
		}
		if other.Function == call.Function && !wanted {
			b.problems.add(pos, "Tag one of them only.", "function %s is overloaded, see %s", e.Name, other.Pos)
			return
		}
	}
	for i := 2; wanted && (b.taken[s.Name] != "" || general["Decode"+call.Method] != "" || b.hasCodec(call.Method)); i++ { // an overload, or a report of that name
		call.Method = fmt.Sprintf("%s%d", exported(e.Name), i)
		s.Name = call.Method + "Call"
	}
	if len(e.Outputs) > 0 {
		if call.Results = b.arguments(call.Method+"Result", e.Outputs, nil, pos); call.Results == nil {
			return
		}
		call.Results.Doc = "What " + e.Name + " returns."
		if !b.claim(pos, call.Results.Name, "the result of "+call.Signature) {
			return
		}
	}
	if b.claim(pos, s.Name, "function "+call.Signature) {
		b.pkg.Calls = append(b.pkg.Calls, call)
	}
}

// hasCodec reports whether a report or a packed struct has functions AppendNAME and DecodeNAME.
func (b *builder) hasCodec(name string) bool {
	return slices.ContainsFunc(b.pkg.Reports, func(r *Report) bool { return r.Name == name }) ||
		slices.ContainsFunc(b.pkg.Packed, func(p *Packed) bool { return p.Name == name })
}

// find looks for the declaration behind an ABI entry, for its comment and its place. Without one, the place is the
// contract's file.
func (b *builder) find(nodeType string, e entry, a *artifact.Artifact) (*declaration, string) {
	for _, d := range b.declarations {
		if d.node.NodeType == nodeType && d.node.Name == e.Name && sameParameters(d, e) {
			return d, b.position(d)
		}
	}
	return nil, a.Source
}

// sameParameters compares the parameters of a declaration with those in the ABI, by the compiler's names of their types.
func sameParameters(d *declaration, e entry) bool {
	if d.node.Parameters == nil || len(d.node.Parameters.Members) != len(e.Inputs) {
		return false
	}
	for i, p := range d.node.Parameters.Members {
		if p.TypeDescription.TypeString != e.Inputs[i].InternalType {
			return false
		}
	}
	return true
}

// findTagged looks for a function with a tag that asks for its calldata. The tag may be on any declaration of it: the
// contract's own or an interface's.
func (b *builder) findTagged(e entry, a *artifact.Artifact) (*declaration, string) {
	for _, d := range b.declarations {
		if d.node.NodeType != "FunctionDefinition" || d.node.Name != e.Name || !sameParameters(d, e) {
			continue
		}
		for _, t := range d.doc.tags {
			if t.name == tagSetConfig || t.name == tagTransmit || t.name == tagCall {
				return d, b.position(d)
			}
		}
	}
	return nil, a.Source
}

func (b *builder) arguments(name string, args []arg, d *declaration, pos string, methods ...string) *Struct {
	doc := &natspec{}
	if d != nil {
		doc = d.doc
	}
	s := &Struct{Name: exported(name), Doc: doc.text(), Pos: pos}
	for _, a := range args {
		t := b.abiType(a, pos)
		if t == nil {
			return nil
		}
		f := newField(a.Name, doc.param(a.Name), t)
		f.Indexed = a.Indexed
		s.Fields = append(s.Fields, f)
	}
	b.name(s.Fields, methods...)
	return s
}

// abiType reads the type of an ABI argument.
func (b *builder) abiType(a arg, pos string) *Type {
	if i := strings.LastIndex(a.Type, "["); i >= 0 {
		inner := a
		inner.Type = a.Type[:i]
		if j := strings.LastIndex(a.InternalType, "["); j >= 0 {
			inner.InternalType = a.InternalType[:j]
		}
		elem := b.abiType(inner, pos)
		if elem == nil {
			return nil
		}
		length := strings.TrimSuffix(a.Type[i+1:], "]")
		if length == "" {
			return &Type{Kind: Slice, Elem: elem}
		}
		size, ok := new(big.Int).SetString(length, 10)
		if !ok || size.Sign() <= 0 || size.Cmp(big.NewInt(maxArraySize)) > 0 || int(size.Int64())*elem.slots() > maxArraySize {
			b.problems.add(pos, "Use a dynamic array.", "the length of %s %s is too large", a.Type, a.Name)
			return nil
		}
		return &Type{Kind: Array, Size: int(size.Int64()), Elem: elem}
	}
	if a.Type == "tuple" {
		return b.abiTuple(a, pos)
	}
	t := parseElementary(a.Type)
	if t == nil {
		b.problems.add(pos, "Use another type: Solidity itself can only declare this one.", "%s is a %s, which has no codec", a.Name, a.Type)
		return nil
	}
	if name, ok := strings.CutPrefix(a.InternalType, "enum "); ok {
		if t.Members = b.members(name); t.Members == 0 {
			b.problems.add(pos, "Say it in ocrgen.yaml, under the package: enums: {"+name+": NUMBER}, or use the artifacts of forge or Hardhat.",
				"how many members the enum %s of %s has is in no artifact", name, cmp.Or(a.Name, "an argument without a name"))
			return nil
		}
	}
	return t
}

// abiTuple is the struct behind a tuple: its declaration if there is one, for the comments, or what the ABI says.
func (b *builder) abiTuple(a arg, pos string) *Type {
	name := strings.TrimPrefix(a.InternalType, "struct ")
	if d := b.lookup(name); d != nil {
		if s := b.structOf(d); s != nil {
			b.use(s)
			return &Type{Kind: Tuple, Struct: s}
		}
		return nil
	}
	short := exported(name[strings.LastIndex(name, ".")+1:])
	s := b.arguments(cmp.Or(short, exported(a.Name), "Tuple"), a.Components, nil, pos)
	if s == nil {
		return nil
	}
	key := short + "(" + s.Types() + ")" + strings.Join(s.names(), ",")
	if other := b.tuples[key]; other != nil {
		return &Type{Kind: Tuple, Struct: other}
	}
	if short == "" {
		s.Name = b.unnamed(s.Name)
	}
	b.tuples[key] = s
	b.use(s)
	return &Type{Kind: Tuple, Struct: s}
}

// reverts collects the reasons that the sources give in require and revert.
func (b *builder) reverts() {
	byReason := map[string]*Revert{}
	for _, tree := range b.trees {
		for _, literal := range tree.StringArguments() {
			gives := literal.Callee == "require" && literal.Index == 1 || literal.Callee == "revert" && literal.Index == 0
			if !gives || literal.Text == "" {
				continue
			}
			r := byReason[literal.Text]
			if r == nil {
				r = &Revert{Name: sentinel(literal.Text), Reason: literal.Text}
				byReason[literal.Text] = r
				b.pkg.Reverts = append(b.pkg.Reverts, r)
			}
			if len(r.Where) == 0 || r.Where[len(r.Where)-1] != tree.AbsolutePath {
				r.Where = append(r.Where, tree.AbsolutePath)
			}
		}
	}
	sortReverts(b.pkg.Reverts)
	for _, r := range b.pkg.Reverts {
		name := r.Name
		for i := 2; b.taken[r.Name] != ""; i++ {
			r.Name = fmt.Sprintf("%s%d", name, i)
		}
		b.taken[r.Name] = "revert " + r.Reason
	}
}

// canonical is the type of an argument as in a signature.
func canonical(a arg) string {
	suffix, ok := strings.CutPrefix(a.Type, "tuple")
	if !ok {
		return a.Type
	}
	return "(" + canonicals(a.Components) + ")" + suffix
}

// selector is the first four bytes of the hash of a signature.
func selector(signature string) (s [4]byte) {
	copy(s[:], crypto.Keccak256([]byte(signature)))
	return s
}
