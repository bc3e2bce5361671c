package model

import (
	"maps"
	"math/big"
	"slices"
	"strings"
)

// LayoutTuple is the argument of @custom:ocr-report that asks for the encoding as one struct.
const LayoutTuple = "tuple"

func (b *builder) report(d *declaration, t tag, name, pos string) {
	s := b.structOf(d)
	if s == nil {
		return
	}
	r := &Report{Struct: s}
	if len(t.args) > 1 {
		if len(t.args) > 2 || t.args[1] != LayoutTuple {
			b.problems.add(pos, "Write @custom:ocr-report "+name+" for the fields as an argument list, @custom:ocr-report "+name+
				" tuple for what abi.encode(aStruct) gives.", "%q is no layout of a report", strings.Join(t.args[1:], " "))
			return
		}
		r.Tuple = true
	}
	for _, other := range b.pkg.Reports {
		if other.Name == name {
			b.problems.add(pos, "Give each report a name of its own: @custom:ocr-report NAME.",
				"there are two reports %s, the other at %s", name, other.Pos)
			return
		}
	}
	if b.oneCodec(d, pos) && b.claim(pos, name, what(s)) {
		b.pkg.Reports = append(b.pkg.Reports, r)
	}
}

// oneCodec checks that a struct has one tag only that makes it a Go type with a codec.
func (b *builder) oneCodec(d *declaration, pos string) bool {
	n := 0
	for _, t := range d.doc.tags {
		if t.name == tagReport || b.allFree(t) {
			n++
		}
	}
	if n > 1 {
		b.problems.add(pos, "Declare a second struct with the same fields for the other encoding.",
			"struct %s has two encodings", d.node.Name)
	}
	return n == 1
}

// allFree reports whether a tag is of a packed struct no field of which has a fixed value.
func (b *builder) allFree(t tag) bool {
	return (t.name == tagPacked || t.name == tagOnchainConfig) && len(t.args) <= 1
}

func (b *builder) packed(d *declaration, t tag, name, pos string) {
	s := b.structOf(d)
	if s == nil {
		return
	}
	p := &Packed{Struct: s, OnchainConfig: t.name == tagOnchainConfig}
	owner := what(s)
	if !b.allFree(t) {
		// The Go struct lacks the fixed fields, so it is not the one that other structs have as a field.
		p.Struct, owner = &Struct{Name: name, Doc: s.Doc, Pos: s.Pos, Fields: s.Fields}, "the packed struct at "+s.Pos
	} else if !b.oneCodec(d, pos) {
		return
	}
	for _, other := range b.pkg.Packed {
		if other.Name == name {
			b.problems.add(pos, "Give each a name of its own: @custom:ocr-packed NAME.",
				"there are two packed structs %s, the other at %s", name, other.Pos)
			return
		}
	}
	if !b.claim(pos, name, owner) {
		return
	}
	for i, f := range p.Fields {
		if !b.packable(f, i == len(p.Fields)-1, p) {
			return
		}
	}
	if b.fix(p, d, t, pos) {
		b.pkg.Packed = append(b.pkg.Packed, p)
	}
}

// packable checks that a field can be packed, and only the last one without a fixed size.
func (b *builder) packable(f Field, last bool, p *Packed) bool {
	const advice = "Use integers, bool, address, bytesN, enums, and arrays and structs of them; the last field may also be bytes, a string or T[] of these."
	t := f.Type
	if t.PackedSize() == 0 {
		fits := t.Kind == Bytes || t.Kind == String || t.Kind == Slice && t.Elem.PackedSize() > 0
		if !fits {
			b.problems.add(p.Pos, advice, "field %s of %s is a %s, whose packed encoding has no length that a decoder could know",
				f.Solidity, p.Name, t.Solidity())
			return false
		}
		if !last {
			b.problems.add(p.Pos, "Make it the last field, or use types of a fixed size before it.",
				"field %s of %s is a %s and takes the rest of the data, but it is not the last", f.Solidity, p.Name, t.Solidity())
			return false
		}
	}
	return true
}

// fix reads the FIELD=VALUE arguments of a tag.
func (b *builder) fix(p *Packed, d *declaration, t tag, pos string) bool {
	fixed := map[string]string{}
	for _, arg := range t.args[min(1, len(t.args)):] {
		field, value, ok := strings.Cut(arg, "=")
		if !ok {
			b.problems.add(pos, "Write FIELD=VALUE, or FIELD=CONSTANT.", "%q does not fix a field", arg)
			return false
		}
		fixed[field] = value
	}
	for i, f := range p.Fields {
		text, ok := fixed[f.Solidity]
		if !ok {
			continue
		}
		delete(fixed, f.Solidity)
		value := b.number(d, text)
		if value == nil || !f.Type.holds(value) {
			b.problems.add(pos, "Fix a field of type uintN, intN or bytesN by a number that it holds, or by the name of a constant in the same file.",
				"%s=%s is not a value of %s", f.Solidity, text, f.Type.Solidity())
			return false
		}
		p.Fixed = append(p.Fixed, FixedField{f, p.PackedOffset(i), value})
	}
	for _, field := range slices.Sorted(maps.Keys(fixed)) {
		b.problems.add(pos, "Its fields are "+strings.Join(p.names(), ", ")+".", "%s has no field %s", p.Name, field)
	}
	return len(fixed) == 0
}

// holds reports whether a number is a value of an integer type, or of a bytesN with leading zeros.
func (t *Type) holds(v *big.Int) bool {
	switch t.Kind {
	case Uint:
		return v.Sign() >= 0 && v.BitLen() <= t.Bits && (t.Members == 0 || v.Cmp(big.NewInt(int64(t.Members))) < 0)
	case Int:
		if v.Sign() < 0 {
			v = new(big.Int).Not(v)
		}
		return v.BitLen() < t.Bits
	case FixedBytes:
		return v.Sign() >= 0 && v.BitLen() <= 8*t.Size
	}
	return false
}

// names are the fields as they are called in Solidity.
func (s *Struct) names() []string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Solidity
	}
	return names
}
