// Package model is the generator's second stage: what the offchain side must agree with, as types that a template can
// be written against. It is built from artifacts (build.go) and knows nothing of Go but the names that things get there.
package model

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is the kind of a Solidity type.
type Kind string

// Kinds of types. A user-defined value type is what it wraps, a contract is an address.
const (
	Uint       Kind = "uint"
	Int        Kind = "int"
	Bool       Kind = "bool"
	Address    Kind = "address"
	FixedBytes Kind = "fixedbytes" // bytes1 to bytes32
	Bytes      Kind = "bytes"
	String     Kind = "string"
	Array      Kind = "array" // T[Size]
	Slice      Kind = "slice" // T[]
	Tuple      Kind = "tuple" // a struct
)

// Type is a type of Solidity's ABI.
type Type struct {
	Kind     Kind
	Bits     int     // Uint, Int: width
	Size     int     // FixedBytes: number of bytes; Array: number of elements
	Elem     *Type   // Array, Slice
	Struct   *Struct // Tuple
	Members  int     // number of members if it is an enum, which the ABI sees as uint8
	Function bool    `json:",omitempty"` // FixedBytes that are an external function: its address and selector
	U256     bool    `json:",omitempty"` // Uint of more than 64 bits: Go has it as uint256.Int, not as *big.Int
}

// Struct is a list of named fields: a Solidity struct, or the arguments of a function, event or error.
type Struct struct {
	Name   string // in Go
	Doc    string // NatSpec notice, first letter in upper case
	Pos    string `json:"-"` // file:line in the Solidity source
	Fields []Field
}

// Field is a field of a struct.
type Field struct {
	Solidity string // its name there; may be empty for an argument without a name
	Name     string // in Go, exported
	Param    string // in Go, as a parameter
	Doc      string
	Type     *Type
	OnChain  string // Solidity type, if Go has a narrower one
	Indexed  bool   // of an event
}

// Elementary reports whether the type is one word or a plain run of bytes: neither array nor struct.
func (t *Type) Elementary() bool {
	return t.Kind != Array && t.Kind != Slice && t.Kind != Tuple
}

// Dynamic reports whether the encoding of the type has a length of its own, and so stands in the tail.
func (t *Type) Dynamic() bool {
	switch t.Kind {
	case Bytes, String, Slice:
		return true
	case Array:
		return t.Elem.Dynamic()
	case Tuple:
		return t.Struct.Dynamic()
	}
	return false
}

// HeadSize is the number of bytes that the type takes in the head of what it is in.
func (t *Type) HeadSize() int {
	switch {
	case t.Dynamic():
		return 32
	case t.Kind == Array:
		return t.Size * t.Elem.HeadSize()
	case t.Kind == Tuple:
		return t.Struct.HeadSize()
	}
	return 32
}

// Big reports whether the type is an integer of more than 64 bits.
func (t *Type) Big() bool {
	return (t.Kind == Uint || t.Kind == Int) && t.Bits > 64
}

// Limited reports whether the type is an enum with fewer members than its uint8 has values.
func (t *Type) Limited() bool { return t.Members > 0 && t.Members < 256 }

// Pointer reports whether Go has the type as *big.Int.
func (t *Type) Pointer() bool { return t.Big() && !t.U256 }

// CanFail reports whether Go has values of the type that have no encoding.
func (t *Type) CanFail() bool {
	switch t.Kind {
	case Uint, Int:
		if t.U256 {
			return t.Bits < 256
		}
		return t.Limited() || t.Bits > 64 || t.GoBits() != t.Bits
	case Array, Slice:
		return t.Elem.CanFail()
	case Tuple:
		return t.Struct.CanFail()
	}
	return false
}

// GoBits is the width of the Go integer that holds the type: 8, 16, 32, 64, or 0 for *big.Int.
func (t *Type) GoBits() int {
	for _, n := range []int{8, 16, 32, 64} {
		if t.Bits <= n {
			return n
		}
	}
	return 0
}

// slots is the number of elementary values and slices that a Go value of the type has in itself.
func (t *Type) slots() int {
	n := 1
	switch t.Kind {
	case Array:
		n = t.Size * t.Elem.slots()
	case Tuple:
		for _, f := range t.Struct.Fields {
			n += f.Type.slots()
		}
	}
	return min(n, maxArraySize+1)
}

// PackedSize is the number of bytes of the type in a packed encoding, in which nothing is padded, not even the elements
// of an array; 0 if it has no fixed one.
func (t *Type) PackedSize() int {
	switch t.Kind {
	case Array:
		return t.Size * t.Elem.PackedSize()
	case Tuple:
		n := 0
		for _, f := range t.Struct.Fields {
			size := f.Type.PackedSize()
			if size == 0 {
				return 0
			}
			n += size
		}
		return n
	case Uint, Int:
		return t.Bits / 8
	case Bool:
		return 1
	case Address:
		return 20
	case FixedBytes:
		return t.Size
	}
	return 0
}

// Solidity is the canonical name of the type, as in signatures.
func (t *Type) Solidity() string {
	switch t.Kind {
	case Uint, Int:
		return string(t.Kind) + strconv.Itoa(t.Bits)
	case FixedBytes:
		if t.Function {
			return "function"
		}
		return "bytes" + strconv.Itoa(t.Size)
	case Array:
		return fmt.Sprintf("%s[%d]", t.Elem.Solidity(), t.Size)
	case Slice:
		return t.Elem.Solidity() + "[]"
	case Tuple:
		return "(" + t.Struct.Types() + ")"
	}
	return string(t.Kind)
}

// Types is the list of the fields' canonical types, without brackets.
func (s *Struct) Types() string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Type.Solidity()
	}
	return strings.Join(names, ",")
}

// Dynamic reports whether a field is.
func (s *Struct) Dynamic() bool {
	for _, f := range s.Fields {
		if f.Type.Dynamic() {
			return true
		}
	}
	return false
}

// HeadSize is the size in bytes of all heads.
func (s *Struct) HeadSize() int {
	n := 0
	for _, f := range s.Fields {
		n += f.Type.HeadSize()
	}
	return n
}

// Offset is where the head of field i is.
func (s *Struct) Offset(i int) int {
	n := 0
	for _, f := range s.Fields[:i] {
		n += f.Type.HeadSize()
	}
	return n
}

// CanFail reports whether the struct has Go values without an encoding.
func (s *Struct) CanFail() bool {
	for _, f := range s.Fields {
		if f.Type.CanFail() {
			return true
		}
	}
	return false
}

// PackedSize is the size in bytes of the packed encoding, without that of a last field that has no fixed one.
func (s *Struct) PackedSize() int {
	n := 0
	for _, f := range s.Fields {
		n += f.Type.PackedSize()
	}
	return n
}

// PackedOffset is where field i is in the packed encoding.
func (s *Struct) PackedOffset(i int) int {
	n := 0
	for _, f := range s.Fields[:i] {
		n += f.Type.PackedSize()
	}
	return n
}

// parseElementary reads the canonical name of an elementary type; nil if it is none.
func parseElementary(name string) *Type {
	switch name {
	case "bool", "address", "bytes", "string":
		return &Type{Kind: Kind(name)}
	case "address payable":
		return &Type{Kind: Address}
	case "uint", "int":
		return &Type{Kind: Kind(name), Bits: 256}
	case "function":
		return &Type{Kind: FixedBytes, Size: 24, Function: true}
	}
	for _, kind := range []Kind{Uint, Int} {
		if digits, ok := strings.CutPrefix(name, string(kind)); ok {
			bits, err := strconv.Atoi(digits)
			if err != nil || bits < 8 || bits > 256 || bits%8 != 0 {
				return nil
			}
			return &Type{Kind: kind, Bits: bits}
		}
	}
	if digits, ok := strings.CutPrefix(name, "bytes"); ok {
		size, err := strconv.Atoi(digits)
		if err != nil || size < 1 || size > 32 {
			return nil
		}
		return &Type{Kind: FixedBytes, Size: size}
	}
	return nil
}
