package golang

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ocrkit/ocrkit/codegen/model"
)

// random is a Go expression for a random value of a type, in a test outside of package pkg.
func random(pkg string, t *model.Type) string {
	switch t.Kind {
	case model.Uint, model.Int:
		kind := abi.ToCamelCase(string(t.Kind))
		switch {
		case t.U256:
			return fmt.Sprintf("r.U256(%d)", t.Bits)
		case t.Big():
			return fmt.Sprintf("r.Big%s(%d)", kind, t.Bits)
		case t.Members > 0:
			return fmt.Sprintf("%s(r.IntN(%d))", goType(t), t.Members)
		case t.GoBits() == 64:
			return fmt.Sprintf("r.%s(%d)", kind, t.Bits)
		}
		return fmt.Sprintf("%s(r.%s(%d))", goType(t), kind, t.Bits)
	case model.Bool:
		return "r.Bool()"
	case model.Address:
		return "r.Address()"
	case model.FixedBytes:
		return fmt.Sprintf("%s(r.Bytes(%d))", goType(t), t.Size)
	case model.Bytes:
		return "r.Bytes(r.Len())"
	case model.String:
		return "string(r.Bytes(r.Len()))"
	case model.Slice:
		length := "r.Len()"
		if !isWord(t.Elem) {
			length = "r.Few()" // each is long already
		}
		return fmt.Sprintf("prove.Slice(%s, func() %s { return %s })", length, qualified(pkg, t.Elem), random(pkg, t.Elem))
	case model.Array:
		return fmt.Sprintf("%s(prove.Slice(%d, func() %s { return %s }))", qualified(pkg, t), t.Size,
			qualified(pkg, t.Elem), random(pkg, t.Elem))
	}
	return fmt.Sprintf("*random%s(r)", t.Struct.Name)
}

// randomField is a Go expression for a random value of a field.
func randomField(pkg string, f model.Field) string {
	if f.Indexed && !isWord(f.Type) {
		return "common.Hash(r.Bytes(32))"
	}
	return random(pkg, f.Type)
}

// qualified is the Go type as seen from another package.
func qualified(pkg string, t *model.Type) string {
	switch t.Kind {
	case model.Array:
		return fmt.Sprintf("[%d]%s", t.Size, qualified(pkg, t.Elem))
	case model.Slice:
		return "[]" + qualified(pkg, t.Elem)
	case model.Tuple:
		return pkg + "." + t.Struct.Name
	}
	return goType(t)
}

// standard reports whether go-ethereum's abi package has the same Go types for all fields as we:
// it has *big.Int for an integer of 24 bits, and enums are none.
func standard(s *model.Struct) bool {
	for _, f := range s.Fields {
		t := f.Type
		for t.Kind == model.Array || t.Kind == model.Slice {
			t = t.Elem
		}
		integer := t.Kind == model.Uint || t.Kind == model.Int
		if t.Kind == model.Tuple && !standard(t.Struct) || integer && !t.Big() && t.CanFail() {
			return false
		}
	}
	return true
}

// hasEnum reports whether there is an enum in a struct: go-ethereum's abi package does not know how many members it has.
func hasEnum(s *model.Struct) bool {
	return slices.ContainsFunc(s.Fields, func(f model.Field) bool {
		t := f.Type
		for t.Elem != nil {
			t = t.Elem
		}
		return t.Limited() || t.Kind == model.Tuple && hasEnum(t.Struct)
	})
}

// bigFields are the fields that are *big.Int, or slices of them.
func bigFields(s *model.Struct) []model.Field {
	return slices.DeleteFunc(slices.Clone(s.Fields), func(f model.Field) bool { return !bigElem(f.Type).Pointer() })
}

// bigElem is the type itself or, of a slice, that of its elements.
func bigElem(t *model.Type) *model.Type {
	if t.Kind == model.Slice {
		return t.Elem
	}
	return t
}

// abiArgument is an argument in the JSON of an ABI.
type abiArgument struct {
	Name       string        `json:"name"`
	Type       string        `json:"type"`
	Components []abiArgument `json:"components,omitempty"`
	Indexed    bool          `json:"indexed,omitempty"`
}

// reportABI is a Go literal of the argument list that a report is encoded as.
func reportABI(r *model.Report) (string, error) {
	if r.Start() == 0 {
		return abiJSON(r.Fields)
	}
	return abiJSON([]model.Field{{Name: "report", Type: &model.Type{Kind: model.Tuple, Struct: r.Struct}}})
}

// reportArguments is a Go expression of the arguments of a proof function that takes a report, which is encoded in a variable.
func reportArguments(r *model.Report, m model.Method, encoded string) string {
	switch {
	case r.Start() == 0:
		return fmt.Sprintf("prove.Arguments(%s, %v)", encoded, m.Tuple && r.Dynamic())
	case m.Tuple:
		return encoded
	}
	return encoded + "[32:]"
}

// reportReturn are two Go expressions that are the same if a proof function returned (ret) the report that is encoded in data.
func reportReturn(r *model.Report, m model.Method) string {
	switch {
	case r.Start() == 0:
		return fmt.Sprintf("ret, prove.Arguments(data, %v)", m.Tuple && r.Dynamic())
	case m.Tuple:
		return "ret, data"
	}
	return "prove.Arguments(ret, true), data"
}

// abiJSON is a Go literal of the fields as the arguments of an ABI.
func abiJSON(fields []model.Field) (string, error) {
	text, err := json.Marshal(abiArguments(fields))
	if err != nil {
		return "", err
	}
	return "`" + string(text) + "`", nil
}

func abiArguments(fields []model.Field) []abiArgument {
	args := []abiArgument{}
	for _, f := range fields {
		name, components := abiType(f.Type)
		args = append(args, abiArgument{f.Name, name, components, f.Indexed})
	}
	return args
}

func abiType(t *model.Type) (name string, components []abiArgument) {
	switch t.Kind {
	case model.Array:
		name, components = abiType(t.Elem)
		return name + "[" + strconv.Itoa(t.Size) + "]", components
	case model.Slice:
		name, components = abiType(t.Elem)
		return name + "[]", components
	case model.Tuple:
		return "tuple", abiArguments(t.Struct.Fields)
	}
	return t.Solidity(), nil
}
