package breaking

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/model"
)

// typeOf reads the type of an ABI argument.
func (s *sources) typeOf(a arg) (*Type, error) {
	if i := strings.LastIndex(a.Type, "["); i >= 0 {
		inner := a
		inner.Type = a.Type[:i]
		if j := strings.LastIndex(a.InternalType, "["); j >= 0 {
			inner.InternalType = a.InternalType[:j]
		}
		elem, err := s.typeOf(inner)
		if err != nil {
			return nil, err
		}
		length := strings.TrimSuffix(a.Type[i+1:], "]")
		t := &Type{Name: elem.Name + "[" + length + "]", Shown: elem.Shown + "[" + length + "]", Kind: "slice", Elem: elem}
		if length != "" {
			t.Kind = "array"
			if t.Size, err = strconv.Atoi(length); err != nil {
				return nil, fmt.Errorf("%s is no type of the ABI", a.Type)
			}
		}
		return t, nil
	}
	shown := a.InternalType
	if shown == "" {
		shown = a.Type
	}
	if a.Type == "tuple" {
		fields, err := s.fields(a.Components)
		if err != nil {
			return nil, err
		}
		return &Type{Name: "(" + types(fields) + ")", Shown: shown, Kind: "tuple", Fields: fields}, nil
	}
	t := elementary(a.Type)
	if t == nil {
		return nil, fmt.Errorf("%s is no type of the ABI", a.Type)
	}
	t.Shown = shown
	t.Enum = s.enum(a.InternalType)
	return t, nil
}

// elementary reads the canonical name of a type that is neither array nor tuple.
func elementary(name string) *Type {
	t := &Type{Name: name, Shown: name}
	switch name {
	case "bool", "address", "bytes", "string":
		t.Kind = name
		return t
	case "function":
		t.Kind, t.Size = "fixedbytes", 24
		return t
	}
	for _, kind := range []string{"uint", "int"} {
		if digits, ok := strings.CutPrefix(name, kind); ok {
			bits, err := strconv.Atoi(digits)
			if err != nil || bits < 8 || bits > 256 || bits%8 != 0 {
				return nil
			}
			t.Kind, t.Bits = kind, bits
			return t
		}
	}
	if digits, ok := strings.CutPrefix(name, "bytes"); ok {
		size, err := strconv.Atoi(digits)
		if err != nil || size < 1 || size > 32 {
			return nil
		}
		t.Kind, t.Size = "fixedbytes", size
		return t
	}
	return nil
}

// modelFields are the fields of a struct of the model; members say where they are.
func modelFields(s *model.Struct, members map[string]map[string]string) []Field {
	var fields []Field
	for _, f := range s.Fields {
		t := modelType(f.Type, members)
		if f.OnChain != "" { // Go has a narrower one
			t = elementary(f.OnChain)
		}
		fields = append(fields, Field{Name: f.Solidity, Type: t, Pos: members[s.Pos][f.Solidity]})
	}
	return fields
}

func modelType(m *model.Type, members map[string]map[string]string) *Type {
	t := &Type{Name: m.Solidity(), Shown: m.Solidity(), Kind: string(m.Kind), Bits: m.Bits, Size: m.Size}
	if m.Elem != nil {
		t.Elem = modelType(m.Elem, members)
		t.Shown = strings.Replace(t.Shown, t.Elem.Name, t.Elem.Shown, 1)
	}
	if m.Struct != nil {
		t.Fields = modelFields(m.Struct, members)
		t.Shown = "struct " + m.Struct.Name
	}
	if m.Members > 0 {
		t.Enum = &Enum{Size: m.Members}
		t.Shown = fmt.Sprintf("enum of %d", m.Members)
	}
	return t
}

// types is the list of canonical types, as in a signature.
func types(fields []Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Type.Name
	}
	return strings.Join(names, ",")
}

func (t *Type) dynamic() bool {
	switch t.Kind {
	case "bytes", "string", "slice":
		return true
	case "array":
		return t.Elem.dynamic()
	case "tuple":
		return anyDynamic(t.Fields)
	}
	return false
}

func anyDynamic(fields []Field) bool {
	for _, f := range fields {
		if f.Type.dynamic() {
			return true
		}
	}
	return false
}

// words is the number of words that a type of fixed size takes.
func (t *Type) words() int {
	switch t.Kind {
	case "array":
		return t.Size * t.Elem.words()
	case "tuple":
		n := 0
		for _, f := range t.Fields {
			n += f.Type.words()
		}
		return n
	}
	return 1
}

// holds reports whether each value of the other type, in its encoding as a word, is a value of t in its own.
func (t *Type) holds(other *Type) bool {
	bits := func(x *Type) (n int, ok bool) { // of a number that is not negative
		switch x.Kind {
		case "uint":
			return x.Bits, true
		case "address":
			return 160, true
		case "bool":
			return 1, true
		}
		return 0, false
	}
	if t.Enum != nil {
		if other.Enum != nil {
			return t.Enum.Size >= other.Enum.Size
		}
		return other.Kind == "bool" && t.Enum.Size >= 2
	}
	switch t.Kind {
	case "uint", "address":
		mine, _ := bits(t)
		theirs, ok := bits(other)
		return ok && theirs <= mine
	case "bool":
		return other.Kind == "bool" || other.Enum != nil && other.Enum.Size <= 2
	case "int":
		theirs, ok := bits(other)
		return ok && theirs < t.Bits || other.Kind == "int" && other.Bits <= t.Bits
	case "fixedbytes":
		return other.Kind == "fixedbytes" && other.Size <= t.Size
	case "bytes":
		return other.Kind == "bytes" || other.Kind == "string"
	case "string":
		return other.Kind == "string"
	case "slice":
		return other.Kind == "slice" && t.Elem.holds(other.Elem)
	case "array":
		return other.Kind == "array" && other.Size == t.Size && t.Elem.holds(other.Elem)
	case "tuple":
		if other.Kind != "tuple" || len(other.Fields) != len(t.Fields) {
			return false
		}
		for i := range t.Fields {
			if !t.Fields[i].Type.holds(other.Fields[i].Type) {
				return false
			}
		}
		return true
	}
	return false
}

// readable reports whether a tolerant decoder of the old list of values, such as Solidity's own, reads each of the new one
// rightly: the new list may be longer, and have types whose values the old ones hold.
func readable(old, new []Field) bool {
	if len(new) < len(old) {
		return false
	}
	for i := range old {
		before, after := old[i].Type, new[i].Type
		if before.holds(after) {
			continue
		}
		if before.Kind != "tuple" || after.Kind != "tuple" || !readable(before.Fields, after.Fields) || before.dynamic() != after.dynamic() {
			return false
		}
		// A struct that grew. One of fixed size stands among the others, so all behind it have moved.
		if !before.dynamic() && after.words() != before.words() && i != len(old)-1 {
			return false
		}
	}
	return true
}
