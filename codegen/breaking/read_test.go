package breaking

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/codegen/artifact"
)

// bare reads a contract from an ABI and a storage layout without a syntax tree.
func bare(t testing.TB, abi, layout string) (*Contract, error) {
	t.Helper()
	a := &artifact.Artifact{Contract: "Feed", File: "Feed.json", Source: "src/Feed.sol", ABI: []byte(abi), Bytecode: []byte{0}, StorageLayout: []byte(layout)}
	return readContract(&artifact.Project{}, a, Options{})
}

func TestBadArtifacts(t *testing.T) {
	const words = `{"t_uint256":{"encoding":"inplace","label":"uint256","numberOfBytes":"32"},"t_bad":{"encoding":"inplace","label":"bad","numberOfBytes":"many"}}`
	for _, c := range []struct{ name, abi, layout, want string }{
		{"abi is no list", `{}`, ``, "Feed.json: abi: json"},
		{"unknown entry", `[{"type":"modifier","name":"m"}]`, ``, `an entry is a "modifier"`},
		{"unknown type", `[{"type":"function","name":"f","inputs":[{"type":"fixed128x18"}]}]`, ``, "abi of f: fixed128x18 is no type of the ABI"},
		{"width", `[{"type":"function","name":"f","inputs":[{"type":"uint7"}]}]`, ``, "uint7 is no type of the ABI"},
		{"array length", `[{"type":"event","name":"e","inputs":[{"type":"uint8[99999999999999999999]"}]}]`, ``, "is no type of the ABI"},
		{"layout is no object", `[]`, `[]`, "storageLayout: json"},
		{"type is missing", `[]`, `{"storage":[{"label":"x","slot":"0","type":"t_x"}],"types":{}}`, "x: type t_x is not in the layout"},
		{"slot", `[]`, `{"storage":[{"label":"x","slot":"-1","type":"t_uint256"}],"types":` + words + `}`, `x is at slot "-1", offset 0`},
		{"offset", `[]`, `{"storage":[{"label":"x","slot":"1","offset":32,"type":"t_uint256"}],"types":` + words + `}`, `x is at slot "1", offset 32`},
		{"size", `[]`, `{"storage":[{"label":"x","slot":"1","type":"t_bad"}],"types":` + words + `}`, `type bad has "many" bytes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := bare(t, c.abi, c.layout); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, not %q", err, c.want)
			}
		})
	}
}

// TestRecursiveStruct reads a struct that has itself in a mapping.
func TestRecursiveStruct(t *testing.T) {
	const layout = `{"storage":[{"label":"root","slot":"0","offset":0,"type":"t_struct(Node)"}],"types":{
		"t_struct(Node)":{"encoding":"inplace","label":"struct Node","numberOfBytes":"64","members":[
			{"label":"value","slot":"0","type":"t_uint256"},{"label":"children","slot":"1","type":"t_mapping"}]},
		"t_mapping":{"encoding":"mapping","key":"t_uint256","label":"mapping","numberOfBytes":"32","value":"t_struct(Node)"},
		"t_uint256":{"encoding":"inplace","label":"uint256","numberOfBytes":"32"}}}`
	c, err := bare(t, `[]`, layout)
	if err != nil {
		t.Fatal(err)
	}
	if v := c.Storage[0].Type.Members[1].Type.Value; v.Encoding != "recursive" {
		t.Errorf("%+v", v)
	}
}

// TestTypesWithinTypes refuses a layout whose types would be too many when each has all that it consists of.
func TestTypesWithinTypes(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"storage":[{"label":"x","slot":"0","type":"t0"}],"types":{"t64":{"encoding":"inplace","label":"uint256","numberOfBytes":"32"}`)
	for i := range 64 {
		fmt.Fprintf(&b, `,"t%d":{"encoding":"inplace","label":"struct S","numberOfBytes":"64","members":[`+
			`{"label":"a","slot":"0","type":"t%d"},{"label":"b","slot":"1","type":"t%d"}]}`, i, i+1, i+1)
	}
	b.WriteString(`}}`)
	if _, err := bare(t, `[]`, b.String()); err == nil || !strings.Contains(err.Error(), "types within types") {
		t.Fatalf("error %v", err)
	}
}

// FuzzArtifact reads anything as a contract's ABI and storage layout. What is read does not differ from itself.
func FuzzArtifact(f *testing.F) {
	f.Add(`[{"type":"function","name":"f","stateMutability":"view","inputs":[{"name":"a","type":"tuple[]","internalType":"struct S[]","components":[{"name":"x","type":"uint8"}]}],"outputs":[]}]`,
		`{"storage":[{"label":"x","slot":"0","offset":1,"type":"t"}],"types":{"t":{"encoding":"inplace","label":"uint8","numberOfBytes":"1"}}}`)
	f.Add(`[{"type":"event","name":"E","inputs":[{"name":"a","type":"bytes32","indexed":true}]},{"type":"receive"}]`, ``)
	f.Fuzz(func(t *testing.T, abi, layout string) {
		c, err := bare(t, abi, layout)
		if err != nil {
			return
		}
		s := &Surface{Version: SurfaceVersion, Contracts: []*Contract{c}}
		if r := Compare(s, s); r.Breaking {
			t.Errorf("compared with itself: %+v", r.Changes[0])
		}
		Compare(&Surface{}, s)
		Compare(s, &Surface{Contracts: []*Contract{{Name: "Feed", Kind: "contract", HasStorage: true, Upgradeable: true}}})
	})
}
