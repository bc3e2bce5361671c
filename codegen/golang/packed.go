package golang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/model"
)

// packedSite is a field of a packed struct.
type packedSite struct {
	site
	Size  int               // in bytes; 0 if it takes the rest
	Fixed *model.FixedField // with its only value; or nil
	Const string            // Go name of that value, if it has more than one byte
}

// packer is a struct with the way to pack it.
type packer struct {
	*model.Struct
	Nested bool          // it is a field of another packed struct
	packed *model.Packed // nil if it is packed as a field only
}

// Sites are the fields, whose encoding begins at base.
func (p packer) Sites(base string) []packedSite {
	var sites []packedSite
	for i, f := range p.Fields {
		s := packedSite{site: newSite(f, "r."+f.Name), Size: f.Type.PackedSize()}
		s.What, s.At = strconv.Quote(p.Name), plus(base, p.PackedOffset(i))
		if p.packed != nil {
			s.Fixed = p.packed.FixedOf(f)
		}
		if s.Fixed != nil && s.Size > 1 {
			s.Const = parameterOf(p.Name) + f.Name
		}
		sites = append(sites, s)
	}
	return sites
}

// CanFail reports whether Go has values of the struct that have no packed encoding.
func (p packer) CanFail() bool {
	return slices.ContainsFunc(p.Fields, func(f model.Field) bool {
		return f.Type.CanFail() && (p.packed == nil || p.packed.FixedOf(f) == nil)
	})
}

// parameterOf is a Go name with a lower-case first letter.
func parameterOf(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// plus is a place n bytes behind another.
func plus(at string, n int) string {
	if at == "" {
		return strconv.Itoa(n)
	}
	head, last := "", at
	if i := strings.LastIndex(at, "+"); i >= 0 {
		head, last = at[:i+1], at[i+1:]
	}
	if m, err := strconv.Atoi(last); err == nil {
		return head + strconv.Itoa(m+n)
	}
	if n == 0 {
		return at
	}
	return at + "+" + strconv.Itoa(n)
}

// PackedElement is the site of the current element of an array whose elements lie side by side.
func (s site) PackedElement() site {
	step := fmt.Sprintf("%d*%s", s.T.Elem.PackedSize(), s.I())
	if s.At == "0" {
		return s.Element(step)
	}
	return s.Element(step + "+" + s.At)
}

// unsigned is a Go integer as uint64.
func unsigned(s site) string {
	if s.T.Kind == model.Uint && s.T.GoBits() == 64 {
		return s.X
	}
	return "uint64(" + s.X + ")"
}

// PackedEnd is the place behind the value.
func (s site) PackedEnd() string { return plus(s.At, s.T.PackedSize()) }

// One reports whether the value is one byte.
func (s site) One() bool { return s.T.PackedSize() == 1 }

// free are the fields of a packed struct that Go has.
func free(p *model.Packed) []model.Field {
	return slices.DeleteFunc(slices.Clone(p.Fields), func(f model.Field) bool { return p.FixedOf(f) != nil })
}

// hexBytes is a list of bytes as in a Go literal.
func hexBytes(b []byte) string {
	text := make([]string, len(b))
	for i, c := range b {
		text[i] = fmt.Sprintf("0x%02x", c)
	}
	return strings.Join(text, ", ")
}

// fixedExpression is a Go expression of the only value of a field, in a test.
func fixedExpression(f *model.FixedField) string {
	switch {
	case f.Type.Kind == model.FixedBytes:
		return fmt.Sprintf("[%d]byte{%s}", f.Type.Size, hexBytes(f.Bytes()))
	case f.Type.U256:
		return fmt.Sprintf("*uint256.MustFromDecimal(%q)", f.Value.String())
	case f.Type.Big():
		return fmt.Sprintf("prove.Integer(%q)", f.Value.String())
	}
	return fmt.Sprintf("%s(%s)", goType(f.Type), f.Value)
}

// Site is the value without what is said of it as a field.
func (p packedSite) Site() site { return p.site }
