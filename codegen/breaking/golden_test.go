package breaking

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/codegen"
	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/tools/txtar"
)

var (
	update   = flag.Bool("update", false, "write what comes out into testdata, instead of comparing")
	solidity = flag.Bool("solidity", false, "compile the contracts of all cases anew; needs forge (npm ci)")
)

// defaultConfig is the ocrgen.yaml of cases that bring none.
const defaultConfig = `version: 1
artifacts: artifacts
packages:
  - {path: gen/feed, contracts: [Feed]}
`

// A case of testdata is NAME.txtar: what it is about, the contracts before and after, and what comes out for people and for
// programs. A line "upgradeable: NAME" stands for the flag. What forge made of the contracts is in artifacts/NAME.json.
type golden struct {
	name    string
	file    string
	archive *txtar.Archive
}

func cases(t *testing.T) []golden {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	var all []golden
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, golden{strings.TrimSuffix(filepath.Base(file), ".txtar"), file, archive})
	}
	return all
}

func (g golden) section(name string) []byte {
	for _, f := range g.archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func (g golden) set(name string, data []byte) {
	for i := range g.archive.Files {
		if g.archive.Files[i].Name == name {
			g.archive.Files[i].Data = data
			return
		}
	}
	g.archive.Files = append(g.archive.Files, txtar.File{Name: name, Data: data})
}

// options are what the comment of the case asks for.
func (g golden) options() Options {
	var o Options
	for line := range strings.Lines(string(g.archive.Comment)) {
		if names, ok := strings.CutPrefix(line, "upgradeable: "); ok {
			o.Upgradeable = strings.Fields(names)
		}
	}
	return o
}

// artifacts are what forge made of a case, by side and by path.
type artifacts map[string]map[string]json.RawMessage

// project writes one side of a case as a project and reads it.
func (g golden) project(t *testing.T, made artifacts, side string) *Surface {
	t.Helper()
	root := t.TempDir()
	write := func(name string, data []byte) {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := g.section(side + "/ocrgen.yaml")
	if config == nil {
		config = g.section("ocrgen.yaml")
	}
	if config == nil {
		config = []byte(defaultConfig)
	}
	write("ocrgen.yaml", config)
	write("go.mod", []byte("module example.com/feed\n"))
	write("src/Feed.sol", g.section(side+"/src/Feed.sol"))
	for name, data := range made[side] {
		write("artifacts/"+name, data)
	}
	loaded, err := codegen.LoadConfig(filepath.Join(root, "ocrgen.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	surface, err := Read(loaded, g.options())
	if err != nil {
		t.Fatal(err)
	}
	return surface
}

func (g golden) artifacts(t *testing.T) artifacts {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "artifacts", g.name+".json"))
	if err != nil {
		t.Fatalf("%v (go test ./codegen/breaking -solidity compiles the contracts)", err)
	}
	var made artifacts
	if err := json.Unmarshal(data, &made); err != nil {
		t.Fatal(err)
	}
	return made
}

func TestGolden(t *testing.T) {
	all := cases(t)
	if *solidity {
		compile(t, all)
	}
	for _, g := range all {
		t.Run(g.name, func(t *testing.T) {
			made := g.artifacts(t)
			before, after := g.project(t, made, "before"), g.project(t, made, "after")
			result := Compare(before, after)
			var text bytes.Buffer
			if err := result.Print(&text); err != nil {
				t.Fatal(err)
			}
			machine, err := result.JSON()
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				g.set("want.txt", text.Bytes())
				g.set("want.json", machine)
				if err := os.WriteFile(g.file, txtar.Format(g.archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for name, got := range map[string][]byte{"want.txt": text.Bytes(), "want.json": machine} {
				if d := diff.Diff(name, g.section(name), "now", got); d != nil {
					t.Errorf("something else came out (go test ./codegen/breaking -update if that is right):\n%s", d)
				}
			}
			checkSelf(t, before, after)
		})
	}
}

// checkSelf asserts what holds for all: a version does not differ from itself, and a surface is the same after it was in a file.
func checkSelf(t *testing.T, surfaces ...*Surface) {
	t.Helper()
	for _, s := range surfaces {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again Surface
		if err := json.Unmarshal(data, &again); err != nil {
			t.Fatal(err)
		}
		for _, other := range []*Surface{s, &again} {
			if r := Compare(s, other); len(r.Changes) != 0 || r.Breaking {
				t.Errorf("compared with itself: %+v", r.Changes[0])
			}
		}
	}
}

// TestEveryKind asserts that the cases have each kind of change that the documentation lists, and the other way round.
func TestEveryKind(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range cases(t) {
		var r Result
		if err := json.Unmarshal(g.section("want.json"), &r); err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
		for _, ch := range r.Changes {
			seen[ch.Kind] = true
		}
	}
	page, err := os.ReadFile("../../docs/breaking-changes.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	_, list, _ := strings.Cut(string(page), "## The changes")
	for line := range strings.Lines(list) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			kind, _, _ := strings.Cut(rest, "`")
			documented[kind] = true
		}
	}
	for kind := range seen {
		if !documented[kind] {
			t.Errorf("docs/breaking-changes.md does not list %s", kind)
		}
	}
	for kind := range documented {
		if !seen[kind] {
			t.Errorf("no case has a change of kind %s, which docs/breaking-changes.md lists", kind)
		}
	}
}

// compile makes the artifacts of all cases in one go, reduced to what is read.
func compile(t *testing.T, all []golden) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	temporary := t.TempDir()
	for _, g := range all {
		for _, side := range []string{"before", "after"} {
			dir := filepath.Join(temporary, "src", g.name, side)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "Feed.sol"), g.section(side+"/src/Feed.sol"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	settings := `[profile.default]
auto_detect_solc = false
offline = true
solc = "` + filepath.Join(root, "tools", "solc") + `"
bytecode_hash = "none"
cbor_metadata = false
evm_version = "paris"
ast = true
extra_output = ["storageLayout"]
`
	if err := os.WriteFile(filepath.Join(temporary, "foundry.toml"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(root, "tools", "forge"), "build", "--root", temporary)
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "FOUNDRY_") })
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("forge: %v\n%s", err, out)
	}
	made := map[string]artifacts{}
	err = filepath.WalkDir(filepath.Join(temporary, "out"), func(file string, entry os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(filepath.Dir(file), ".sol") {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var artifact struct {
			AST struct {
				Path string `json:"absolutePath"`
			} `json:"ast"`
		}
		if err := json.Unmarshal(data, &artifact); err != nil {
			return err
		}
		parts := strings.Split(artifact.AST.Path, "/") // src/CASE/SIDE/Feed.sol
		name, side := parts[1], parts[2]
		data = bytes.ReplaceAll(data, []byte("src/"+name+"/"+side+"/"), []byte("src/"))
		if made[name] == nil {
			made[name] = artifacts{"before": {}, "after": {}}
		}
		made[name][side]["Feed.sol/"+filepath.Base(file)] = reduce(t, data)
		return nil
	})
	if err != nil || len(made) == 0 {
		t.Fatalf("forge made nothing: %v", err)
	}
	dir := filepath.Join("testdata", "artifacts")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, a := range made {
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".json"), append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// reduce keeps of an artifact what is read of it. Bytecode is only looked at for whether there is any.
func reduce(t *testing.T, data []byte) json.RawMessage {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	code := "0x"
	if object := all["bytecode"].(map[string]any)["object"].(string); len(object) > 2 {
		code = "0x00"
	}
	prune(all["ast"])
	reduced, err := json.Marshal(map[string]any{
		"abi": all["abi"], "bytecode": map[string]any{"object": code}, "ast": all["ast"], "storageLayout": all["storageLayout"],
	})
	if err != nil {
		t.Fatal(err)
	}
	return reduced
}

// prune takes out of a syntax tree what says nothing about declarations.
func prune(x any) {
	switch x := x.(type) {
	case map[string]any:
		for _, key := range []string{
			"nameLocation", "nameLocations", "scope", "isConstant", "isLValue", "isPure", "lValueRequested", "argumentTypes", "names",
			"tryCall", "overloadedDeclarations", "typeIdentifier", "exportedSymbols", "memberLocation", "nativeSrc", "functionReturnParameters",
		} {
			delete(x, key)
		}
		for _, child := range x {
			prune(child)
		}
	case []any:
		for _, child := range x {
			prune(child)
		}
	}
}
