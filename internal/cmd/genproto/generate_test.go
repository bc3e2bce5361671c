package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommittedCodeIsFresh compiles every .proto file of the repository and compares with what is committed.
func TestCommittedCodeIsFresh(t *testing.T) {
	const root = "../../.."
	dirs := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "node_modules" || name != ".." && strings.HasPrefix(name, ".") && path != root) {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".proto" {
			dirs[filepath.Dir(path)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) == 0 {
		t.Fatal("found no .proto file; is the root right?")
	}
	for dir := range dirs {
		if err := run([]string{dir}, true); err != nil {
			t.Error(err)
		}
	}
}

const sample = `syntax = "proto3";
package sample;
option go_package = "example.com/sample";
// Greeting says hello.
message Greeting { string text = 1; }
`

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestGenerateThenCheck(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "b.proto"), sample)
	writeFile(t, filepath.Join(dir, "a.proto"), `syntax = "proto3";
package sample;
import "b.proto";
import "google/protobuf/timestamp.proto";
option go_package = "example.com/sample";
message Letter { Greeting greeting = 1; google.protobuf.Timestamp at = 2; }
`)
	if err := run([]string{dir}, true); err == nil || !strings.Contains(err.Error(), "a.pb.go") {
		t.Fatalf("check before the first run: got %v, want an error that names a.pb.go", err)
	}
	// Only the named file is generated; the files that it imports are compiled along.
	if err := run([]string{filepath.Join(dir, "a.proto")}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "b.pb.go")); !os.IsNotExist(err) {
		t.Fatalf("b.pb.go: got %v, want that it does not exist", err)
	}
	if err := run([]string{dir, filepath.Join(dir, "b.proto")}, false); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{dir}, true); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "b.pb.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"package sample", "type Greeting struct", "// Greeting says hello."} {
		if !strings.Contains(string(got), want) {
			t.Errorf("b.pb.go lacks %q", want)
		}
	}
	writeFile(t, filepath.Join(dir, "b.proto"), strings.Replace(sample, "text = 1", "text = 2", 1))
	if err := run([]string{dir}, true); err == nil || !strings.Contains(err.Error(), "b.pb.go") {
		t.Fatalf("check after a change: got %v, want an error that names b.pb.go", err)
	}
}

func TestGenerateErrors(t *testing.T) {
	for name, test := range map[string]struct{ file, content, want string }{
		"syntax error":   {"x.proto", `syntax = "proto3"; message {`, "x.proto:1:"},
		"missing import": {"x.proto", `syntax = "proto3"; import "y.proto"; option go_package = "example.com/x";`, "y.proto"},
		"no go_package":  {"x.proto", `syntax = "proto3"; message X {}`, "go_package"},
		"no proto file":  {"x.txt", "", "no .proto file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, test.file), test.content)
			err := run([]string{dir}, false)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want an error with %q", err, test.want)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(left) > 0 {
				t.Fatalf("wrote %v in spite of the error", left)
			}
		})
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "x.txt"), "")
	if err := run([]string{filepath.Join(dir, "x.txt")}, false); err == nil || !strings.Contains(err.Error(), "not a .proto file") {
		t.Errorf("a .txt file: got %v", err)
	}
	if err := run([]string{filepath.Join(dir, "absent.proto")}, false); err == nil {
		t.Error("an absent file: got no error")
	}
}
