package breaking

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/artifact"
)

// layoutEntry is a variable in the compiler's storage layout.
type layoutEntry struct {
	ID     int    `json:"astId"`
	Label  string `json:"label"`
	Offset int    `json:"offset"`
	Slot   string `json:"slot"`
	Type   string `json:"type"`
}

type layoutType struct {
	Encoding string        `json:"encoding"`
	Label    string        `json:"label"`
	Bytes    string        `json:"numberOfBytes"`
	Base     string        `json:"base"`
	Key      string        `json:"key"`
	Value    string        `json:"value"`
	Members  []layoutEntry `json:"members"`
}

// readStorage reads the storage layout of an artifact, in order of place.
func readStorage(s *sources, a *artifact.Artifact) ([]*Variable, error) {
	var layout struct {
		Storage []layoutEntry         `json:"storage"`
		Types   map[string]layoutType `json:"types"`
	}
	if err := json.Unmarshal(a.StorageLayout, &layout); err != nil {
		return nil, err
	}
	r := &storageReader{sources: s, types: layout.Types}
	variables, err := r.variables(layout.Storage, nil)
	if err != nil {
		return nil, err
	}
	for i, v := range variables {
		v.Pos, v.In = r.declared(layout.Storage[i])
	}
	slices.SortStableFunc(variables, func(x, y *Variable) int { return x.place().Cmp(y.place()) })
	return variables, nil
}

// maxStorageTypes bounds how many types, each with all that it consists of, a layout is made of.
const maxStorageTypes = 1 << 17

type storageReader struct {
	sources *sources
	types   map[string]layoutType
	made    int
}

func (r *storageReader) variables(entries []layoutEntry, within []string) ([]*Variable, error) {
	var variables []*Variable
	for _, e := range entries {
		t, err := r.typeOf(e.Type, within)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Label, err)
		}
		if slot, ok := new(big.Int).SetString(e.Slot, 10); !ok || slot.Sign() < 0 || e.Offset < 0 || e.Offset >= 32 {
			return nil, fmt.Errorf("%s is at slot %q, offset %d", e.Label, e.Slot, e.Offset)
		}
		variables = append(variables, &Variable{Name: e.Label, Slot: e.Slot, Offset: e.Offset, Type: t})
	}
	return variables, nil
}

// typeOf resolves a type; within are those that it is part of.
func (r *storageReader) typeOf(id string, within []string) (*StorageType, error) {
	if r.made++; r.made > maxStorageTypes {
		return nil, fmt.Errorf("the layout has more than %d types within types", maxStorageTypes)
	}
	l, ok := r.types[id]
	if !ok {
		return nil, fmt.Errorf("type %s is not in the layout", id)
	}
	if bytes, ok := new(big.Int).SetString(l.Bytes, 10); !ok || bytes.Sign() < 0 {
		return nil, fmt.Errorf("type %s has %q bytes", l.Label, l.Bytes)
	}
	t := &StorageType{Name: l.Label, Encoding: l.Encoding, Bytes: l.Bytes}
	if slices.Contains(within, id) {
		t.Encoding = "recursive"
		return t, nil
	}
	within = append(slices.Clone(within), id)
	var err error
	for _, part := range []struct {
		id   string
		into **StorageType
	}{{l.Base, &t.Base}, {l.Key, &t.Key}, {l.Value, &t.Value}} {
		if part.id == "" {
			continue
		}
		if *part.into, err = r.typeOf(part.id, within); err != nil {
			return nil, err
		}
	}
	if t.Members, err = r.variables(l.Members, within); err != nil {
		return nil, err
	}
	if t.Base == nil && t.Value == nil && len(t.Members) == 0 {
		t.Bits = r.bits(id, l)
	}
	if e := r.sources.enum(l.Label); e != nil {
		t.Enum = e.Members
	}
	return t, nil
}

// bits says what the bytes of a plain value mean: value types are what they wrap, contracts are addresses.
func (r *storageReader) bits(id string, l layoutType) string {
	switch kind, _, _ := strings.Cut(strings.TrimPrefix(id, "t_"), "("); kind {
	case "contract", "address_payable":
		return "address"
	case "enum":
		return "uint" + bitsOf(l.Bytes)
	case "userDefinedValueType":
		_, n := r.sources.find(func(n *artifact.Node) bool {
			return n.NodeType == "UserDefinedValueTypeDefinition" && (n.CanonicalName == l.Label || n.CanonicalName == "" && n.Name == l.Label)
		})
		if n != nil && n.UnderlyingType != nil {
			return canonicalName(n.UnderlyingType.Name)
		}
	}
	return canonicalName(l.Label)
}

func bitsOf(bytes string) string {
	n, _ := new(big.Int).SetString(bytes, 10)
	return n.Lsh(n, 3).String()
}

func canonicalName(name string) string {
	switch name {
	case "uint", "int":
		return name + "256"
	case "address payable":
		return "address"
	}
	return name
}

// declared finds the declaration of a variable: by its id if that fits, since the trees may be of different compilations, else
// by its name.
func (r *storageReader) declared(e layoutEntry) (pos, in string) {
	byName := func(n *artifact.Node) bool {
		return n.NodeType == "VariableDeclaration" && n.Name == e.Label && !n.Constant
	}
	pos, node := r.sources.find(func(n *artifact.Node) bool { return byName(n) && n.ID == e.ID })
	if node == nil {
		pos, node = r.sources.find(byName)
	}
	r.sources.each(func(_ string, parent, n *artifact.Node) {
		if n == node && node != nil {
			in = parent.Name
		}
	})
	return pos, in
}

// place is where a variable begins, in bytes.
func (v *Variable) place() *big.Int {
	slot, _ := new(big.Int).SetString(v.Slot, 10)
	slot.Lsh(slot, 5)
	return slot.Add(slot, big.NewInt(int64(v.Offset)))
}

// end is the place behind a variable.
func (v *Variable) end() *big.Int {
	return new(big.Int).Add(v.place(), v.Type.bytes())
}

func (t *StorageType) bytes() *big.Int {
	n, ok := new(big.Int).SetString(t.Bytes, 10)
	if !ok {
		return new(big.Int)
	}
	return n
}

// where is the place for people.
func (v *Variable) where() string {
	if v.Offset == 0 {
		return "slot " + v.Slot
	}
	return fmt.Sprintf("slot %s, byte %d", v.Slot, v.Offset)
}
