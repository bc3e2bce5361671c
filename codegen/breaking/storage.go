package breaking

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// storage compares the storage layouts of a contract. Where no proxy runs it nothing breaks, since a new deployment begins
// with empty storage.
func (c *comparison) storage(before, after *Contract) {
	if !before.HasStorage || !after.HasStorage {
		return
	}
	upgradeable := before.Upgradeable || after.Upgradeable
	s := &storageComparison{comparison: c, contract: after}
	s.layout(before.Storage, after.Storage)
	if upgradeable {
		for _, ch := range s.changes {
			c.add(ch.Change, ch.breaks...)
		}
		return
	}
	var what []string
	for _, ch := range s.changes {
		if len(ch.breaks) > 0 {
			what = append(what, ch.What)
		}
	}
	if len(what) > 0 {
		slices.Sort(what)
		c.add(Change{
			Kind: "storage-changed", What: after.Name, Source: after.Pos, SourceBefore: before.Pos,
			Message: "storage: " + strings.Join(slices.Compact(what), ", ") + " would break behind a proxy",
			Note:    "It does not inherit from Initializable or the like, so none is thought to run it. If one does: --upgradeable " + after.Name + ".",
		})
	}
}

type storageChange struct {
	Change
	breaks []Break
}

type storageComparison struct {
	*comparison
	contract *Contract
	changes  []storageChange
}

func (s *storageComparison) note(kind string, b, a *Variable, message, note string, breaks ...Break) {
	ch := Change{Kind: "storage-" + kind, Message: "storage: " + message, Note: note}
	if b != nil {
		ch.What, ch.SourceBefore, ch.Before = b.Name, b.Pos, b.Type.Name+" at "+b.where()
	}
	if a != nil {
		ch.What, ch.Source, ch.After = a.Name, a.Pos, a.Type.Name+" at "+a.where()
	}
	s.changes = append(s.changes, storageChange{ch, breaks})
}

// named is a variable with its name made unique: bases may have private variables of the same name.
type named struct {
	*Variable
	key string
}

func nameAll(variables []*Variable) []named {
	count := map[string]int{}
	var list []named
	for _, v := range variables {
		count[v.Name]++
		list = append(list, named{v, fmt.Sprintf("%s#%d", v.Name, count[v.Name])})
	}
	return list
}

// gap reports whether a variable is there to keep place for others.
func gap(v *Variable) bool {
	name := strings.ToLower(strings.Trim(v.Name, "_"))
	return name == "gap" || strings.HasSuffix(name, "_gap") || strings.HasSuffix(v.Name, "__gap")
}

func (s *storageComparison) layout(before, after []*Variable) {
	old, now := nameAll(before), nameAll(after)
	find := func(list []named, key string) *Variable {
		i := slices.IndexFunc(list, func(n named) bool { return n.key == key })
		if i < 0 {
			return nil
		}
		return list[i].Variable
	}
	explained := map[*Variable]bool{} // new variables that are an old one
	for _, b := range old {
		a := find(now, b.key)
		switch {
		case gap(b.Variable):
			if a != nil {
				explained[a] = true
			}
			// A gap has no values. What takes its place is judged as what is new.
			if a != nil && a.end().Cmp(b.end()) != 0 {
				s.note("gap", b.Variable, a, fmt.Sprintf("the gap %s ended at %s and ends at %s", b.Name, slotOf(b.end()), slotOf(a.end())),
					"What comes after it is judged by itself.")
			}
		case a == nil:
			if a = s.sameBytes(b.Variable, after); a != nil && find(old, nameOf(now, a)) == nil {
				explained[a] = true
				s.note("renamed", b.Variable, a, fmt.Sprintf("%s at %s is called %s now", b.Name, b.where(), a.Name),
					"It keeps the value of "+b.Name+": see that this is meant.")
				continue
			}
			s.note("removed", b.Variable, nil, fmt.Sprintf("%s (%s) at %s is gone", b.Name, b.Type.Name, b.where()), "",
				Break{Storage, "its value stays in the slots, and is lost, or taken for what comes to lie there"})
		case a.place().Cmp(b.place()) != 0:
			explained[a] = true
			why := fmt.Sprintf("it reads what lies at %s, and its own value stays at %s", a.where(), b.where())
			s.note("moved", b.Variable, a, fmt.Sprintf("%s%s moved from %s to %s", b.Name, declaredIn(b.Variable), b.where(), a.where()), "", Break{Storage, why})
			s.types(b.Variable, a, b.Type, a.Type, b.Name, before)
		default:
			explained[a] = true
			s.types(b.Variable, a, b.Type, a.Type, b.Name, before)
		}
	}
	for _, a := range after {
		if explained[a] || gap(a) {
			continue
		}
		s.fresh(a, before)
	}
}

func nameOf(list []named, v *Variable) string {
	for _, n := range list {
		if n.Variable == v {
			return n.key
		}
	}
	return ""
}

func declaredIn(v *Variable) string {
	if v.In == "" {
		return ""
	}
	return " of " + v.In
}

func slotOf(place *big.Int) string {
	slot, offset := new(big.Int).DivMod(place, big.NewInt(32), new(big.Int))
	if offset.Sign() == 0 {
		return "slot " + slot.String()
	}
	return fmt.Sprintf("slot %s, byte %s", slot, offset)
}

// sameBytes finds the variable that lies where v lay, with bytes of the same meaning.
func (s *storageComparison) sameBytes(v *Variable, after []*Variable) *Variable {
	for _, a := range after {
		if a.place().Cmp(v.place()) == 0 && !gap(a) && equalStorage(v.Type, a.Type) {
			return a
		}
	}
	return nil
}

// fresh judges a variable that is new: it must lie where nothing was.
func (s *storageComparison) fresh(a *Variable, before []*Variable) {
	end := big.NewInt(0)
	inGap := false
	for _, b := range before {
		if e := b.end(); e.Cmp(end) > 0 && !gap(b) {
			end = e
		}
		if a.place().Cmp(b.end()) >= 0 || b.place().Cmp(a.end()) >= 0 {
			continue
		}
		if gap(b) {
			inGap = true
			continue
		}
		s.note("overlapping", nil, a, fmt.Sprintf("%s (%s) is new at %s, where %s was", a.Name, a.Type.Name, a.where(), b.Name), "",
			Break{Storage, "it begins with the bytes of " + b.Name})
		return
	}
	switch {
	case inGap:
		s.note("in-gap", nil, a, fmt.Sprintf("%s (%s) is new at %s, in what was a gap", a.Name, a.Type.Name, a.where()), "Nothing was there.")
	case a.place().Cmp(end) >= 0:
		s.note("appended", nil, a, fmt.Sprintf("%s (%s) is new at %s, behind all others", a.Name, a.Type.Name, a.where()), "Nothing was there.")
	default:
		s.note("padding", nil, a, fmt.Sprintf("%s (%s) is new at %s, in bytes that no variable had", a.Name, a.Type.Name, a.where()), "Nothing was there.")
	}
}

// types compares the types of a variable, or of a part of one.
func (s *storageComparison) types(bv, av *Variable, b, a *StorageType, path string, before []*Variable) {
	if equalStorage(b, a) {
		return
	}
	retyped := func(why string) {
		s.note("retyped", bv, av, fmt.Sprintf("%s is %s, no longer %s", path, a.Name, b.Name), "", Break{Storage, why})
	}
	switch {
	case b.Encoding != a.Encoding:
		retyped("the value lies there in another form")
	case b.Encoding == "recursive":
	case b.Encoding == "mapping":
		if !equalStorage(b.Key, a.Key) {
			retyped("values lie at places that are computed from other keys")
			return
		}
		s.types(bv, av, b.Value, a.Value, path+"[]", nil)
	case b.Encoding == "dynamic_array" || b.Base != nil && a.Base != nil:
		if b.Base.bytes().Cmp(a.Base.bytes()) != 0 {
			retyped("the elements are of another size, so all but the first are elsewhere")
			return
		}
		if b.Encoding != "dynamic_array" && a.bytes().Cmp(b.bytes()) < 0 {
			retyped("the last elements are out of reach")
			return
		}
		if b.bytes().Cmp(a.bytes()) != 0 {
			s.note("array-longer", bv, av, fmt.Sprintf("%s is %s, no longer %s", path, a.Name, b.Name), "The elements stay where they are; what lay behind it is judged by itself.")
		}
		s.types(bv, av, b.Base, a.Base, path+"[]", nil)
	case len(b.Members) > 0 && len(a.Members) > 0:
		s.members(bv, av, b, a, path)
	case len(b.Enum) > 0 && len(a.Enum) > 0 && b.Bytes == a.Bytes:
		s.enum(bv, av, b, a, path)
	case widerInPlace(bv, b, a, before):
		s.note("widened", bv, av, fmt.Sprintf("%s is %s, no longer %s", path, a.Name, b.Name), "The bytes above were unused, so it keeps its value.")
	default:
		retyped("its bytes are read as something else")
	}
}

// members compares the members of a struct.
func (s *storageComparison) members(bv, av *Variable, b, a *StorageType, path string) {
	inner := &storageComparison{comparison: s.comparison, contract: s.contract}
	inner.layout(b.Members, a.Members)
	for _, ch := range inner.changes {
		name := ch.What
		ch.What, ch.Source, ch.SourceBefore = join(path, name), av.Pos, bv.Pos
		ch.Message = fmt.Sprintf("storage: in struct %s: %s", path, strings.TrimPrefix(ch.Message, "storage: "))
		s.changes = append(s.changes, ch)
	}
}

func (s *storageComparison) enum(bv, av *Variable, b, a *StorageType, path string) {
	v := judgeEnum(enumChange{path, &Enum{len(b.Enum), b.Enum}, &Enum{len(a.Enum), a.Enum}})
	switch v.kind {
	case "appended":
		s.note("enum", bv, av, v.message, "Values of before mean what they meant.")
	case "renamed":
		s.note("enum", bv, av, v.message, "If a number means something else now, that breaks what is stored.")
	case "removed":
		s.note("enum", bv, av, v.message, "", Break{Storage, "reading a value that is no longer a member reverts"})
	default:
		s.note("enum", bv, av, v.message, "", Break{Storage, "numbers that are stored mean other members"})
	}
}

// widerInPlace reports whether an unsigned integer got wider into bytes of its slot that no variable had, and so were zero.
func widerInPlace(v *Variable, b, a *StorageType, before []*Variable) bool {
	if before == nil || !strings.HasPrefix(b.Bits, "uint") || !strings.HasPrefix(a.Bits, "uint") || a.bytes().Cmp(b.bytes()) < 0 {
		return false
	}
	end := new(big.Int).Add(v.place(), a.bytes())
	for _, other := range before {
		if other != v && other.place().Cmp(v.place()) >= 0 && other.place().Cmp(end) < 0 {
			return false
		}
	}
	return true
}

// equalStorage reports whether the bytes of two types mean the same.
func equalStorage(x, y *StorageType) bool {
	if x == nil || y == nil {
		return x == y
	}
	if x.Encoding != y.Encoding || x.Bytes != y.Bytes || x.Bits != y.Bits || !slices.Equal(x.Enum, y.Enum) || len(x.Members) != len(y.Members) {
		return false
	}
	if x.Bits == "" && x.Members == nil && x.Base == nil && x.Value == nil && x.Name != y.Name {
		return false
	}
	for i := range x.Members {
		m, n := x.Members[i], y.Members[i]
		if m.Name != n.Name || m.place().Cmp(n.place()) != 0 || !equalStorage(m.Type, n.Type) {
			return false
		}
	}
	return equalStorage(x.Base, y.Base) && equalStorage(x.Key, y.Key) && equalStorage(x.Value, y.Value)
}
