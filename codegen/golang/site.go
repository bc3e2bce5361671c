package golang

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/model"
)

// site is a value within a codec: its type, where it is in Go, and where its word is in the encoding. The templates of
// the codecs are written against it.
type site struct {
	T      *model.Type
	X      string // Go expression of the value
	At     string // Go expression of the place of its word
	Base   string // Go expression of the place that offsets count from
	What   string // Go expression of the name of the whole, for errors
	Path   string // Go expression of the path to the value in it
	Loose  bool   // decode as go-ethereum's abi package does
	Budget bool   // and count what that makes

	name   string // prefix of local variables
	depth  int    // of arrays around it
	topic  bool   // it is in a topic of a log
	buffer string // which
}

// newSite is the site of a field.
func newSite(f model.Field, x string) site {
	return site{T: f.Type, X: x, Path: strconv.Quote(cmp.Or(f.Solidity, f.Param)), name: f.Param, Base: "0"}
}

// local makes the names of local variables other than those of the other fields: a field `a` has one `aLen`.
func (s site) local(whole *model.Struct) site {
	for slices.ContainsFunc(whole.Fields, func(f model.Field) bool {
		rest, ok := strings.CutPrefix(f.Param, s.name)
		return ok && (strings.HasPrefix(rest, "Len") || strings.HasPrefix(rest, "At") || strings.HasPrefix(rest, "Item"))
	}) {
		s.name += "_"
	}
	return s
}

// In places the field into a struct, at an offset in it.
func (s site) In(whole *model.Struct, _ string, offset int) site {
	s.What = strconv.Quote(whole.Name)
	s.At = strconv.Itoa(offset)
	return s.local(whole)
}

// Based makes the place relative to the parameter base.
func (s site) Based(loose, budget bool) site {
	s.Loose, s.Budget = loose, budget
	s.Base = "base"
	if s.At == "0" {
		s.At = "base"
	} else {
		s.At = "base+" + s.At
	}
	return s
}

// Rebase changes what offsets count from.
func (s site) Rebase(base string) site {
	s.Base = base
	return s
}

// Topic places the value into a topic of a log.
func (s site) Topic(i int) site {
	s.buffer, s.At, s.Loose, s.topic = fmt.Sprintf("topics[%d]", i), "0", false, true
	return s
}

// Data is the expression of the buffer that is read.
func (s site) Data() string {
	if s.topic {
		return s.buffer
	}
	return "data"
}

// Element is the site of the current element of an array, with its word at the given place.
func (s site) Element(at string) site {
	e := s
	e.T = s.T.Elem
	e.X = s.X + "[" + s.I() + "]"
	e.At = at
	e.Path = fmt.Sprintf("solabi.Element(%s, %s)", s.Path, s.I())
	e.name = s.name + "Item"
	e.depth++
	return e
}

// I is the index variable of the array's loop.
func (s site) I() string { return string(rune('i' + s.depth)) }

// Val, Len and Head are local variables of this site's own.
func (s site) Val() string  { return s.name }
func (s site) Len() string  { return s.name + "Len" }
func (s site) Head() string { return s.name + "At" }

// Zero is what a failing decoder returns before the error.
func (s site) Zero() string {
	if s.Loose || s.topic {
		return ""
	}
	return "0, "
}

// AtPlus is a place behind the beginning of the word.
func (s site) AtPlus(n int) string {
	return plus(s.At, n)
}

// decoder is a struct with the way to decode it.
type decoder struct {
	*model.Struct
	Loose  bool
	Budget bool // the loose decoder counts what it makes
}

// Zero is what a failing decoder returns before the error.
func (d decoder) Zero() string { return site{Loose: d.Loose}.Zero() }

// fieldType is the Go type of a field. Of an indexed value that is no word, an event has the hash only.
func fieldType(f model.Field) string {
	if f.Indexed && !isWord(f.Type) {
		return "common.Hash"
	}
	return goType(f.Type)
}

// isWord reports whether a type is encoded as one word.
func isWord(t *model.Type) bool { return t.Elementary() && !t.Dynamic() }

// goType is the Go type of a Solidity type.
func goType(t *model.Type) string {
	switch t.Kind {
	case model.Uint, model.Int:
		if t.U256 {
			return "uint256.Int"
		}
		if t.Big() {
			return "*big.Int"
		}
		return string(t.Kind) + strconv.Itoa(t.GoBits())
	case model.Address:
		return "common.Address"
	case model.FixedBytes:
		return fmt.Sprintf("[%d]byte", t.Size)
	case model.Bytes:
		return "[]byte"
	case model.Array:
		return fmt.Sprintf("[%d]%s", t.Size, goType(t.Elem))
	case model.Slice:
		return "[]" + goType(t.Elem)
	case model.Tuple:
		return t.Struct.Name
	}
	return string(t.Kind)
}

// convert is the value as a 64-bit integer.
func convert(s site) string {
	if s.T.GoBits() == 64 {
		return s.X
	}
	return fmt.Sprintf("%s64(%s)", s.T.Kind, s.X)
}

// unconvert is what was read, as the Go type.
func unconvert(s site) string {
	if s.T.Kind == model.Bool || s.T.GoBits() == 64 {
		return s.Val()
	}
	return fmt.Sprintf("%s(%s)", goType(s.T), s.Val())
}

// outOfRange is the test whether a Go integer is none of the narrower Solidity type.
func outOfRange(s site) string {
	if s.T.Limited() {
		return fmt.Sprintf("%s >= %d", s.X, s.T.Members)
	}
	if s.T.Kind == model.Uint {
		return fmt.Sprintf("%s>>%d != 0", s.X, s.T.Bits)
	}
	unused := s.T.GoBits() - s.T.Bits
	return fmt.Sprintf("%s<<%d>>%d != %s", s.X, unused, unused, s.X)
}

// bigOf is a Go integer as *big.Int, for an error message.
func bigOf(s site) string {
	if s.T.Kind == model.Uint {
		return fmt.Sprintf("new(big.Int).SetUint64(%s)", convert(s))
	}
	return fmt.Sprintf("big.NewInt(%s)", convert(s))
}

// overlaps reports whether an array of the struct has elements of their own length, of which overlapping offsets can make very
// much out of few bytes.
func overlaps(s *model.Struct) bool {
	for _, f := range s.Fields {
		t := f.Type
		for t.Kind == model.Array || t.Kind == model.Slice {
			if t.Elem.Dynamic() {
				return true
			}
			t = t.Elem
		}
		if t.Kind == model.Tuple && overlaps(t.Struct) {
			return true
		}
	}
	return false
}

// budgeted are the reports and their parts whose loose decoders must count what they make: those with such arrays, and those
// that share a part with one.
func budgeted(m *model.Package) map[*model.Struct]bool {
	set := map[*model.Struct]bool{}
	all := append(reports(m), m.Structs...)
	for changed := true; changed; {
		changed = false
		for _, s := range all {
			member := set[s] || overlaps(s)
			for _, other := range all {
				member = member || set[other] && (inAny(other, []*model.Struct{s}) || inAny(s, []*model.Struct{other}))
			}
			if member && !set[s] {
				set[s], changed = true, true
			}
		}
	}
	return set
}

// flat reports whether the length of the encoding depends on nothing but the lengths of the fields.
func flat(s *model.Struct) bool {
	for _, f := range s.Fields {
		switch {
		case !f.Type.Dynamic():
		case f.Type.Kind == model.Bytes, f.Type.Kind == model.String:
		case f.Type.Kind == model.Slice && !f.Type.Elem.Dynamic():
		default:
			return false
		}
	}
	return true
}

// flatSize is the length of the encoding as an expression over the lengths of the dynamic fields.
func flatSize(r *model.Report) string {
	n := r.Start() + r.HeadSize()
	var terms []string
	for _, f := range r.Fields {
		if !f.Type.Dynamic() {
			continue
		}
		n += 32
		if f.Type.Kind == model.Slice {
			terms = append(terms, fmt.Sprintf("%d*%s", f.Type.Elem.HeadSize(), f.Param))
		} else {
			terms = append(terms, fmt.Sprintf("solabi.Padded(%s)", f.Param))
		}
	}
	return strings.Join(append([]string{strconv.Itoa(n)}, terms...), " + ")
}
