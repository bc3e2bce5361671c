package link

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// The machines take time and chance from outside, and have no goroutines, locks or sockets.
func TestMachinesArePure(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		checked++
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			switch path {
			case "sync", "sync/atomic", "os", "net", "context", "math/rand", "math/rand/v2", "crypto/rand", "crypto/tls", "log", "log/slog":
				t.Errorf("%s imports %s", name, path)
			}
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.SendStmt:
				t.Errorf("%s has a %T", name, n)
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" {
					switch n.Sel.Name {
					case "Now", "Since", "Until", "After", "AfterFunc", "Sleep", "NewTimer", "NewTicker":
						t.Errorf("%s uses time.%s", name, n.Sel.Name)
					}
				}
			}
			return true
		})
	}
	if checked < 8 {
		t.Errorf("only %d files were looked at", checked)
	}
}
