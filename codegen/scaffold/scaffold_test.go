package scaffold

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit"
	"golang.org/x/mod/sumdb/dirhash"
)

var update = flag.Bool("update", false, "compile the contracts of the template anew; needs forge (npm ci)")

func TestMain(m *testing.M) {
	flag.Parse()
	if *update {
		if err := compileTemplate(); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// compileTemplate writes artifacts.json.
func compileTemplate() error {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ocrgen-template-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	files, err := sources(names{templateName, templateContract, templateName})
	if err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasSuffix(f.Path, ".t.sol") {
			continue
		}
		target := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, f.Text, 0o755); err != nil {
			return err
		}
	}
	if err := os.Symlink(filepath.Join(root, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		return err
	}
	build := exec.Command(filepath.Join(dir, "tools", "forge"), "build")
	build.Dir = dir
	build.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "FOUNDRY_") })
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	made := map[string]any{}
	compiled, err := filepath.Glob(filepath.Join(dir, "out", "*.sol", "*.json"))
	if err != nil {
		return err
	}
	for _, file := range compiled {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var artifact struct {
			ABI      json.RawMessage `json:"abi"` // in this order of keys, which is in the bindings
			Bytecode struct {
				Object string `json:"object"`
			} `json:"bytecode"`
			AST any `json:"ast"`
		}
		if err := json.Unmarshal(data, &artifact); err != nil {
			return err
		}
		if !strings.HasSuffix(file, templateContract+".json") && len(artifact.Bytecode.Object) > 2 {
			artifact.Bytecode.Object = "0x00" // only that of the contract and the one for proofs is used
		}
		prune(artifact.AST)
		made[filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] = artifact
	}
	if made[sourcesKey], err = hashOfSources(files); err != nil {
		return err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return err
	}
	artifacts = append(text, '\n')
	return os.WriteFile("artifacts.json", artifacts, 0o644)
}

// sourcesKey is where artifacts.json has the hash of what was compiled. As a path it is no artifact's.
const sourcesKey = "sources"

// hashOfSources is over the Solidity sources of a project, the compiler and its settings.
func hashOfSources(files []File) (string, error) {
	h := sha256.New()
	for _, f := range files {
		if strings.HasSuffix(f.Path, ".t.sol") || filepath.Ext(f.Path) != ".sol" && f.Path != "foundry.toml" {
			continue
		}
		fmt.Fprintf(h, "%s %d\n%s", f.Path, len(f.Text), f.Text)
	}
	npm, err := nodePackage(names{templateName, templateContract, templateName})
	h.Write(npm["package.json"])
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// TestArtifactsAreOfTheTemplate asserts that artifacts.json was made of the contracts as they are.
func TestArtifactsAreOfTheTemplate(t *testing.T) {
	files, err := sources(names{templateName, templateContract, templateName})
	if err != nil {
		t.Fatal(err)
	}
	want, err := hashOfSources(files)
	if err != nil {
		t.Fatal(err)
	}
	var made map[string]json.RawMessage
	if err := json.Unmarshal(artifacts, &made); err != nil {
		t.Fatal(err)
	}
	if got := string(made[sourcesKey]); got != `"`+want+`"` {
		t.Errorf("the contracts of the template, or those of ocrkit that it uses, have changed since artifacts.json was made (%s, now %s): go test ./codegen/scaffold -update", got, want)
	}
}

// project makes one and reads it as a map.
func project(t *testing.T, o Options) map[string]string {
	t.Helper()
	files, err := Files(o)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, f := range files {
		if _, twice := m[f.Path]; twice {
			t.Errorf("%s is there twice", f.Path)
		}
		m[f.Path] = string(f.Text)
	}
	return m
}

// TestNames makes projects of other names: the name is everywhere, that of the template nowhere.
func TestNames(t *testing.T) {
	for _, o := range []Options{
		{Name: "gas-price", Replace: "/ocrkit"},
		{Name: "x1", Module: "example.com/feeds/x1", Replace: "/ocrkit"},
		{Name: "a-very-long-name-of-a-feed-and-nothing-x", Replace: "/ocrkit"},
	} {
		t.Run(o.Name, func(t *testing.T) {
			n, err := o.names()
			if err != nil {
				t.Fatal(err)
			}
			files := project(t, o)
			for name, text := range files {
				for _, old := range []string{"weather", "Weather"} {
					if strings.Contains(name, old) || strings.Contains(text, old) {
						t.Errorf("%s still says %s", name, old)
					}
				}
				if strings.HasSuffix(name, ".go") {
					formatted, err := format.Source([]byte(text))
					if err != nil || string(formatted) != text {
						t.Errorf("%s is not formatted: %v", name, err)
					}
				}
			}
			for name, want := range map[string]string{
				"contracts/" + n.contract + ".sol": "contract " + n.contract + " is OCR2Feed {",
				"go.mod":                           "module " + n.module + "\n",
				"gen/contract/bindings.go":         "func New" + n.contract + "() *" + n.contract,
				"plugin/plugin.go":                 `"` + n.module + `/gen/feed"`,
				"gen/feed/proof_test.go":           `"` + n.module + `/gen/exposed"`,
				"package-lock.json":                `"name": "` + n.name + `"`,
				"README.md":                        "# " + n.name + "\n",
			} {
				if !strings.Contains(files[name], want) {
					t.Errorf("%s has no %q", name, want)
				}
			}
		})
	}
}

func TestSameOptionsSameFiles(t *testing.T) {
	o := Options{Name: "weather", Replace: "/ocrkit"}
	first, second := project(t, o), project(t, o)
	if !maps.Equal(first, second) {
		t.Error("they differ")
	}
}

// TestRelease asserts that a project on a released version has its sums: without them, nothing builds.
func TestRelease(t *testing.T) {
	files := project(t, Options{Name: "weather", Version: "v1.2.3", Sum: "h1:abc="})
	if strings.Contains(files["go.mod"], "replace") || !strings.Contains(files["go.mod"], "github.com/ocrkit/ocrkit v1.2.3\n") {
		t.Errorf("go.mod:\n%s", files["go.mod"])
	}
	text, err := ocrkit.Files.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"github.com/ocrkit/ocrkit v1.2.3 h1:abc=\n", "github.com/ocrkit/ocrkit v1.2.3/go.mod " + sum + "\n"} {
		if !strings.Contains(files["go.sum"], want) {
			t.Errorf("go.sum has no %q", want)
		}
	}
}

// TestLibrary asserts that what is taken over from ocrkit is whole: each import is there.
func TestLibrary(t *testing.T) {
	files := project(t, Options{Name: "weather", Replace: "/ocrkit"})
	n := 0
	for name, text := range files {
		if !strings.HasSuffix(name, ".sol") {
			continue
		}
		for _, imported := range imports([]byte(text)) {
			target := path.Join(path.Dir(name), imported)
			if within, ok := strings.CutPrefix(imported, "ocrkit/"); ok {
				target = "lib/ocrkit/" + within
			} else if strings.HasPrefix(imported, "forge-std/") {
				continue
			}
			n++
			if files[target] == "" {
				t.Errorf("%s imports %s, and there is no %s", name, imported, target)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d imports", n)
	}
}

func TestWrite(t *testing.T) {
	parent := t.TempDir()
	checkout := filepath.Join(parent, "ocrkit")
	must(t, os.MkdirAll(checkout, 0o755))
	must(t, os.WriteFile(filepath.Join(checkout, "go.mod"), []byte("module github.com/ocrkit/ocrkit\n\ngo 1.26\n"), 0o644))
	t.Chdir(parent)
	must(t, os.MkdirAll("feeds/empty", 0o755))
	for _, c := range []struct{ dir, replace, want string }{
		{"", "ocrkit", "=> ../ocrkit\n"},
		{"feeds/empty", "./ocrkit", "=> ../../ocrkit\n"},
		{"new/folders/feed", checkout, "=> " + checkout + "\n"},
	} {
		dir, err := Write(Options{Name: "weather", Dir: c.dir, Replace: c.replace})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil || !strings.Contains(string(text), c.want) {
			t.Errorf("%s: %v\n%s", dir, err, text)
		}
		if info, err := os.Stat(filepath.Join(dir, "tools", "forge")); err != nil || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("tools/forge cannot be run: %v", err)
		}
		left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".ocrgen-init-*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	}
}

// TestRefusals asserts that nothing is written when something is wrong.
func TestRefusals(t *testing.T) {
	parent := t.TempDir()
	t.Chdir(parent)
	checkout := filepath.Join(parent, "ocrkit")
	must(t, os.MkdirAll(checkout, 0o755))
	must(t, os.WriteFile(filepath.Join(checkout, "go.mod"), []byte("module github.com/ocrkit/ocrkit\n"), 0o644))
	must(t, os.MkdirAll("full", 0o755))
	must(t, os.WriteFile("full/mine.txt", []byte("mine"), 0o644))
	must(t, os.WriteFile("file", []byte("mine"), 0o644))
	entries := func() string {
		var list []string
		must(t, filepath.WalkDir(parent, func(name string, _ os.DirEntry, err error) error {
			list = append(list, name)
			return err
		}))
		return strings.Join(list, "\n")
	}
	before := entries()
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"no name", Options{Replace: checkout}, `"" is no name for a feed`},
		{"upper case", Options{Name: "Weather", Replace: checkout}, "is no name for a feed"},
		{"digit first", Options{Name: "1st", Replace: checkout}, "is no name for a feed"},
		{"path", Options{Name: "../weather", Replace: checkout}, "is no name for a feed"},
		{"hyphens", Options{Name: "a--b", Replace: checkout}, "is no name for a feed"},
		{"too long", Options{Name: strings.Repeat("a", 41), Replace: checkout}, "at most 40"},
		{"quotes", Options{Name: "a\"b", Replace: checkout}, "is no name for a feed"},
		{"name of a struct", Options{Name: "report", Replace: checkout}, `called like Report`},
		{"name of a contract in other letters", Options{Name: "ocr2feed", Replace: checkout}, `called like OCR2Feed`},
		{"name of a library's contract", Options{Name: "owner-role", Replace: checkout}, `called like OwnerRole`},
		{"forge-std", Options{Name: "test", Replace: checkout}, "called like forge-std's Test"},
		{"standard library", Options{Name: "time", Replace: checkout}, "begins like a package of Go's standard library"},
		{"bad module", Options{Name: "weather", Module: "a b", Replace: checkout}, "module path: malformed import path"},
		{"no version", Options{Name: "weather"}, "name the checkout by --replace PATH"},
		{"no sum", Options{Name: "weather", Version: "(devel)"}, "name the checkout by --replace PATH"},
		{"no checkout", Options{Name: "weather", Replace: "full"}, "--replace full: there is no checkout of github.com/ocrkit/ocrkit"},
		{"folder is not empty", Options{Name: "weather", Dir: "full", Replace: checkout}, "exists and is not empty"},
		{"folder is a file", Options{Name: "weather", Dir: "file", Replace: checkout}, "is in the way"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Write(c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, not %q", err, c.want)
			}
			if after := entries(); after != before {
				t.Errorf("there is something else now:\n%s", after)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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
