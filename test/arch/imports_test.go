// Package arch asserts the shape of the repository: which folder may import which.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ocrkit/ocrkit/"

// rooms lists the folders from the lowest to the highest. A package may import packages of its own room and of the rooms
// above its line, never of those below. The most specific (longest) prefix decides the room. See docs/architecture.md.
var rooms = []string{
	// The vocabulary that users and plugins speak, and small helpers without state.
	"offchain/bigbigendian",
	"offchain/permutation",
	"offchain/commontypes",
	"offchain/types",
	"offchain/ocr1types",
	"offchain/ocr3types",
	"offchain/ocr31types",
	"offchain/quorumhelper",
	"offchain/subprocesses",
	"offchain/localconfig",
	"offchain/crypto",
	"offchain/internal",
	// What the contracts say, generated.
	"codegen",
	"gen",
	"offchain/keys",
	// The engine, lower rooms first.
	"offchain/config",
	"offchain/confighelper",
	"offchain/ocr1confighelper",
	"offchain/ocr3confighelper",
	"offchain/p2p/limits",
	"offchain/wire",
	"offchain/protocol",
	"offchain/mercury",
	"offchain/runtime",
	"offchain/p2p",
	"offchain/evm",
	"offchain/store",
	"offchain/plugins",
	"offchain/sim",
	"offchain",
	// Programs and what is theirs alone.
	"cmd",
}

// anywhere lists folders that are outside of the order: test helpers, tools.
var anywhere = []string{"test", "internal"}

// forbiddenInMachines are imports that a pure machine has no use for.
var forbiddenInMachines = []string{"sync", "sync/atomic", "os", "net", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"}

// isMachine tells whether the code in a folder must be pure.
func isMachine(pkg string) bool {
	return strings.HasPrefix(pkg, "offchain/protocol") || pkg == "offchain/p2p/wire" || pkg == "offchain/p2p/link" ||
		strings.HasPrefix(pkg, "offchain/p2p") && strings.HasSuffix(pkg, "/machine")
}

func room(path string) int {
	best, bestLen := -1, -1
	for i, r := range rooms {
		if (path == r || strings.HasPrefix(path, r+"/")) && len(r) > bestLen {
			best, bestLen = i, len(r)
		}
	}
	return best
}

func outside(path string) bool {
	for _, a := range anywhere {
		if path == a || strings.HasPrefix(path, a+"/") {
			return true
		}
	}
	return false
}

func TestImportsPointOneWay(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "node_modules", "out", "cache", ".git", "testdata", "_template":
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil && p != root {
				return filepath.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(rel))
		if pkg == "." || outside(pkg) {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files++
		own := room(pkg)
		if own < 0 {
			t.Errorf("%s: folder %s has no room: add it to the list in this test, in its place", rel, pkg)
			return nil
		}
		isTest := strings.HasSuffix(p, "_test.go")
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !isTest && isMachine(pkg) {
				for _, bad := range forbiddenInMachines {
					if path == bad {
						t.Errorf("%s imports %q: a protocol machine is pure", rel, path)
					}
				}
			}
			if !strings.HasPrefix(path, module) {
				continue
			}
			target := strings.TrimPrefix(path, module)
			if isTest {
				continue // a test may look at anything that uses what it tests
			}
			if outside(target) && !strings.HasPrefix(target, "internal") {
				t.Errorf("%s imports %s: production code does not import test code", rel, target)
				continue
			}
			if tr := room(target); tr > own {
				t.Errorf("%s imports %s: %s is a lower room than %s", rel, target, rooms[own], rooms[tr])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("looked at %d files only: the walk is broken", files)
	}
}

func TestRoomOrder(t *testing.T) {
	for _, c := range []struct {
		pkg    string
		target string
		ok     bool
	}{
		{"offchain/protocol/ocr2", "offchain/wire/ocr2wire", true},
		{"offchain/wire/ocr2wire", "offchain/protocol/ocr2", false},
		{"offchain/runtime", "offchain", false},
		{"offchain/types", "offchain/config", false},
		{"cmd/ocrnode", "offchain", true},
		{"gen/ocr2", "offchain/evm", false},
	} {
		if got := room(c.target) <= room(c.pkg); got != c.ok {
			t.Errorf("%s importing %s: allowed = %v, want %v", c.pkg, c.target, got, c.ok)
		}
	}
}
