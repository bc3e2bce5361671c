package breaking

import (
	"fmt"
	"slices"
	"strings"
)

// nameChange is a name that changed, or a list of names that changed places.
type nameChange struct {
	path    string // of the list that it is in; empty for the outermost
	from    string
	to      string
	swapped bool // the same names and types in another order
}

// enumChange is an enumeration whose members changed.
type enumChange struct {
	path          string
	before, after *Enum
}

// sameTypes compares two lists of fields whose canonical types are equal: names and enumerations.
func sameTypes(path string, before, after []Field) (names []nameChange, enums []enumChange) {
	from, to := fieldNames(before), fieldNames(after)
	switch {
	case slices.Equal(from, to):
	case permuted(from, to):
		names = append(names, nameChange{path, strings.Join(from, ", "), strings.Join(to, ", "), true})
	default:
		for i := range from {
			if from[i] != to[i] {
				names = append(names, nameChange{path, from[i], to[i], false})
			}
		}
	}
	for i := range before {
		b, a := before[i].Type, after[i].Type
		at := join(path, fieldName(after, i))
		for b.Elem != nil && a.Elem != nil {
			b, a, at = b.Elem, a.Elem, at+"[]"
		}
		if b.Kind == "tuple" && a.Kind == "tuple" {
			n, e := sameTypes(at, b.Fields, a.Fields)
			names, enums = append(names, n...), append(enums, e...)
		}
		if (b.Enum != nil || a.Enum != nil) && !sameEnum(b.Enum, a.Enum) {
			enums = append(enums, enumChange{at, b.Enum, a.Enum})
		}
	}
	return names, enums
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// fieldName is the name of a field, or its number.
func fieldName(fields []Field, i int) string {
	if fields[i].Name != "" {
		return fields[i].Name
	}
	return fmt.Sprintf("#%d", i)
}

func fieldNames(fields []Field) []string {
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fieldName(fields, i)
	}
	return names
}

// permuted reports whether the lists have the same elements, in another order.
func permuted(x, y []string) bool {
	sx, sy := slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
	return slices.Equal(sx, sy) && !slices.Equal(x, y)
}

func sameEnum(x, y *Enum) bool {
	if x == nil || y == nil {
		return x == y
	}
	return x.Size == y.Size && slices.Equal(x.Members, y.Members)
}

// enumVerdict says what became of an enumeration.
type enumVerdict struct {
	message string
	kind    string // appended, removed, reordered, renamed, became, ceased
}

func judgeEnum(e enumChange) enumVerdict {
	b, a := e.before, e.after
	switch {
	case b == nil:
		return enumVerdict{fmt.Sprintf("%s is an enum of %d members now, no longer any uint8", e.path, a.Size), "removed"}
	case a == nil:
		return enumVerdict{fmt.Sprintf("%s is any uint8 now, no longer an enum of %d members", e.path, b.Size), "appended"}
	case len(b.Members) == 0 || len(a.Members) == 0: // only the numbers are known
		if a.Size > b.Size {
			return enumVerdict{fmt.Sprintf("the enum of %s has %d members, no longer %d", e.path, a.Size, b.Size), "appended"}
		}
		return enumVerdict{fmt.Sprintf("the enum of %s has only %d members, no longer %d", e.path, a.Size, b.Size), "removed"}
	}
	n := min(len(b.Members), len(a.Members))
	switch {
	case slices.Equal(b.Members, a.Members[:n]):
		return enumVerdict{fmt.Sprintf("the enum of %s has new members at its end: %s", e.path, strings.Join(a.Members[n:], ", ")), "appended"}
	case slices.Equal(b.Members[:n], a.Members):
		return enumVerdict{fmt.Sprintf("the enum of %s has lost members at its end: %s", e.path, strings.Join(b.Members[n:], ", ")), "removed"}
	}
	moved := false
	for i, m := range b.Members {
		if j := slices.Index(a.Members, m); j >= 0 && j != i {
			moved = true
		}
	}
	message := fmt.Sprintf("the enum of %s is (%s), no longer (%s)", e.path, strings.Join(a.Members, ", "), strings.Join(b.Members, ", "))
	if !moved && len(a.Members) == len(b.Members) {
		return enumVerdict{message, "renamed"}
	}
	return enumVerdict{message, "reordered"}
}

// fieldChange is a difference of two lists of fields that are laid out one after the other.
type fieldChange struct {
	kind          string // added, appended, removed, reordered, swapped, widened, narrowed, retyped, renamed, value
	path          string
	message       string
	before, after string
	pos, old      string
	tolerable     bool // decoders that ignore what they do not know read all other fields
}

// layoutChanges compares two layouts field by field.
func layoutChanges(path string, before, after []Field) []fieldChange {
	var changes []fieldChange
	if len(before) == len(after) {
		renamed, ok := renamedFields(path, before, after)
		if ok {
			return renamed
		}
		changes = append(changes, renamed...)
	}
	skip := map[string]bool{} // what is renamed is neither gone nor new
	for _, ch := range changes {
		skip[ch.before], skip[ch.after] = true, true
	}
	var kept, keptAfter []string
	for i := range before {
		name := fieldName(before, i)
		if j := slices.Index(fieldNames(after), name); j >= 0 {
			kept = append(kept, name)
			changes = append(changes, typeChange(join(path, name), before[i], after[j])...)
		} else if !skip[name] {
			changes = append(changes, fieldChange{
				kind: "removed", path: join(path, name), before: before[i].Type.Shown + " " + name, old: before[i].Pos,
				message: fmt.Sprintf("field %s (%s) was removed", join(path, name), before[i].Type.Shown),
			})
		}
	}
	last := -1 // the last field that was there before
	for j := range after {
		if name := fieldName(after, j); slices.Contains(fieldNames(before), name) || skip[name] {
			last = j
			if !skip[name] {
				keptAfter = append(keptAfter, name)
			}
		}
	}
	if !slices.Equal(kept, keptAfter) {
		changes = append(changes, fieldChange{
			kind: "reordered", path: path, before: strings.Join(kept, ", "), after: strings.Join(keptAfter, ", "),
			message: fmt.Sprintf("the fields (%s) are in another order now: (%s)", strings.Join(kept, ", "), strings.Join(keptAfter, ", ")),
		})
	}
	for j := range after {
		name := fieldName(after, j)
		if slices.Contains(fieldNames(before), name) || skip[name] {
			continue
		}
		kind, message := "added", fmt.Sprintf("field %s (%s) was added before others", join(path, name), after[j].Type.Shown)
		if j > last {
			kind, message = "appended", fmt.Sprintf("field %s (%s) was added at the end", join(path, name), after[j].Type.Shown)
		}
		changes = append(changes, fieldChange{
			kind: kind, path: join(path, name), after: after[j].Type.Shown + " " + name, pos: after[j].Pos, message: message,
		})
	}
	return changes
}

// renamedFields finds fields that have another name at the same place, of the same type. It is all there is to say (true) if that
// explains all differences of the names, types within included; if the names changed places, that is said.
func renamedFields(path string, before, after []Field) (changes []fieldChange, all bool) {
	from, to := fieldNames(before), fieldNames(after)
	sameList := types(before) == types(after)
	if sameList && permuted(from, to) {
		return []fieldChange{{
			kind: "swapped", path: path, before: strings.Join(from, ", "), after: strings.Join(to, ", "), pos: after[0].Pos, old: before[0].Pos,
			message: fmt.Sprintf("the fields (%s) changed places: (%s); their types are the same, so nothing fails", strings.Join(from, ", "), strings.Join(to, ", ")),
		}}, true
	}
	for i := range before {
		if from[i] == to[i] || slices.Contains(to, from[i]) || slices.Contains(from, to[i]) || before[i].Type.Name != after[i].Type.Name {
			continue
		}
		changes = append(changes, fieldChange{
			kind: "renamed", path: join(path, from[i]), before: from[i], after: to[i], pos: after[i].Pos, old: before[i].Pos,
			message: fmt.Sprintf("field %s is called %s now", join(path, from[i]), to[i]),
		})
	}
	if sameList {
		for i := range before {
			changes = append(changes, typeChange(join(path, to[i]), before[i], after[i])...)
		}
	}
	return changes, sameList
}

// typeChange compares the types of one field.
func typeChange(path string, before, after Field) []fieldChange {
	b, a := before.Type, after.Type
	if before.Only != after.Only {
		return []fieldChange{{
			kind: "value", path: path, before: before.Only, after: after.Only, pos: after.Pos, old: before.Pos,
			message: fmt.Sprintf("field %s must be %s, no longer %s", path, orAny(after.Only), orAny(before.Only)),
		}}
	}
	within := path
	for b.Elem != nil && a.Elem != nil && b.Kind == a.Kind && b.Size == a.Size {
		b, a, within = b.Elem, a.Elem, within+"[]"
	}
	if b.Kind == "tuple" && a.Kind == "tuple" {
		return layoutChanges(within, b.Fields, a.Fields)
	}
	ch := fieldChange{path: path, before: before.Type.Shown, after: after.Type.Shown, pos: after.Pos, old: before.Pos}
	switch {
	case b.Name == a.Name && sameEnum(b.Enum, a.Enum):
		return nil
	case b.Kind == a.Kind && a.holds(b):
		ch.kind = "widened"
	case b.Kind == a.Kind && b.holds(a):
		ch.kind = "narrowed"
	default:
		ch.kind = "retyped"
	}
	ch.message = fmt.Sprintf("field %s is %s, no longer %s", path, after.Type.Shown, before.Type.Shown)
	return []fieldChange{ch}
}

func orAny(value string) string {
	if value == "" {
		return "any value"
	}
	return value
}
