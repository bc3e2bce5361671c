package model

import (
	"encoding/hex"
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/artifact"
)

// maxArraySize bounds T[n], with all arrays and structs in it: the generated Go has an array of that size.
const maxArraySize = 1 << 16

// typeOf is the ABI type of a variable: a member or a parameter. It is nil if there is none, and the problem is noted.
func (b *builder) typeOf(d *declaration, variable *artifact.Node) *Type {
	return b.typeName(d, variable, variable.TypeName)
}

func (b *builder) typeName(d *declaration, variable, name *artifact.Node) *Type {
	pos := b.project.Position(d.source, variable.Src)
	switch name.NodeType {
	case "ElementaryTypeName":
		if t := parseElementary(name.Name); t != nil {
			return t
		}
	case "ArrayTypeName":
		elem := b.typeName(d, variable, name.BaseType)
		if elem == nil {
			return nil
		}
		if name.Length == nil {
			return &Type{Kind: Slice, Elem: elem}
		}
		// The length may be an expression; the compiler's name of the type has its value.
		text := name.TypeDescription.TypeString
		text = text[strings.LastIndex(text, "[")+1:]
		size, ok := new(big.Int).SetString(strings.TrimSuffix(text, "]"), 10)
		if !ok || size.Cmp(big.NewInt(maxArraySize)) > 0 || int(size.Int64())*elem.slots() > maxArraySize {
			b.problems.add(pos, "Use a dynamic array.", "the length of %s is too large", variable.Name)
			return nil
		}
		return &Type{Kind: Array, Size: int(size.Int64()), Elem: elem}
	case "FunctionTypeName":
		if name.Visibility == "external" {
			return parseElementary("function")
		}
	case "UserDefinedTypeName":
		return b.userDefined(d, variable, name)
	}
	b.problems.add(pos, "Use a type that the ABI has.", "%s is a %s, which has no ABI encoding", variable.Name,
		name.TypeDescription.TypeString)
	return nil
}

// userDefined resolves the name of a struct, enum, value type or contract.
func (b *builder) userDefined(d *declaration, variable, name *artifact.Node) *Type {
	kind, full, _ := strings.Cut(name.TypeDescription.TypeString, " ")
	if kind == "contract" {
		return &Type{Kind: Address}
	}
	if full == "" {
		full = kind // a user-defined value type has no kind before its name
	}
	target := b.lookup(full)
	if target == nil {
		b.problems.add(b.project.Position(d.source, variable.Src),
			"Put the declaration into a file that has a contract, an interface or a library: forge writes no syntax tree for others.",
			"the declaration of %s, the type of %s, is in no artifact", full, variable.Name)
		return nil
	}
	switch target.node.NodeType {
	case "EnumDefinition":
		return &Type{Kind: Uint, Bits: 8, Members: len(target.node.Members)}
	case "UserDefinedValueTypeDefinition":
		return parseElementary(target.node.UnderlyingType.Name)
	case "StructDefinition":
		s := b.structOf(target)
		if s == nil {
			return nil
		}
		b.use(s)
		return &Type{Kind: Tuple, Struct: s}
	}
	return nil
}

// use makes a struct part of the package, because a field is of its type.
func (b *builder) use(s *Struct) {
	if !slices.Contains(b.pkg.Structs, s) && b.claim(s.Pos, s.Name, what(s)) {
		b.pkg.Structs = append(b.pkg.Structs, s)
	}
}

// what says which struct has a name: a report and a field can be of the same.
func what(s *Struct) string {
	if strings.Contains(s.Pos, ".sol:") {
		return "the struct at " + s.Pos
	}
	return "the struct (" + s.Types() + ") at " + s.Pos
}

// lookup finds a declaration by its canonical name, "Library.Name" or "Name".
func (b *builder) lookup(canonical string) *declaration {
	for _, d := range b.declarations {
		name := d.node.CanonicalName
		if name == "" && d.parent.NodeType == "ContractDefinition" {
			name = d.parent.Name + "." + d.node.Name
		}
		if name == canonical || name == "" && d.node.Name == canonical {
			return d
		}
	}
	return nil
}

// constantValue evaluates a constant that is an expression of literals, or another constant; nil if it is more than that.
func (b *builder) constantValue(d *declaration, depth int) *big.Int {
	if depth > 16 || len(d.node.Value) == 0 || d.node.Value[0] != '{' {
		return nil
	}
	var value artifact.Node
	if json.Unmarshal(d.node.Value, &value) != nil {
		return nil
	}
	return b.expression(d, &value, depth)
}

func (b *builder) expression(d *declaration, value *artifact.Node, depth int) *big.Int {
	// The compiler says the value of an expression of literals in the name of its type.
	if text, ok := strings.CutPrefix(value.TypeDescription.TypeString, "int_const "); ok {
		if v, ok := new(big.Int).SetString(text, 10); ok {
			return v
		}
	}
	switch value.NodeType {
	case "Literal":
		if value.Kind != "number" {
			return stringConstant(d, value)
		}
		// too long for the name of its type
		var text string
		if json.Unmarshal(value.Value, &text) != nil {
			return nil
		}
		if v, ok := new(big.Int).SetString(strings.ReplaceAll(text, "_", ""), 0); ok {
			return v
		}
	case "FunctionCall": // bytes4(0x01020304), uint8(1)
		if value.Kind == "typeConversion" && len(value.Arguments) == 1 {
			t := parseElementary(value.TypeDescription.TypeString)
			v := b.expression(d, value.Arguments[0], depth+1)
			if t != nil && v != nil && t.holds(v) {
				return v
			}
		}
	case "Identifier":
		for _, other := range b.declarations {
			if other.node.NodeType == "VariableDeclaration" && other.node.Name == value.Name &&
				(other.parent == d.parent || other.source == d.source || other.node.ID == value.Referenced) {
				return b.constantValue(other, depth+1)
			}
		}
	}
	return nil
}

// stringConstant is the value of a bytesN constant that is given as a string: its bytes, with zeros behind them.
func stringConstant(d *declaration, value *artifact.Node) *big.Int {
	t := parseElementary(d.node.TypeName.Name)
	content, err := hex.DecodeString(value.HexValue)
	if err != nil || t == nil || t.Kind != FixedBytes || len(content) > t.Size {
		return nil
	}
	padded := make([]byte, t.Size)
	copy(padded, content)
	return new(big.Int).SetBytes(padded)
}
