// Package vectors loads golden vectors: JSON files of cases (an input and what must come out of it) that pin down every
// format and rule which other implementations can see.
//
// Each package keeps the files that it needs in its own testdata folder. When the environment variable OCRKIT_VECTORS names
// another folder (by an absolute path), the tests read the files of their families from there instead: that is how a set of
// vectors from elsewhere, or a newer one, is run against this implementation.
//
// A test must run every case of every file of its families, and fail on a case that it does not know how to run. Each and
// EachKind see to the first, and EachKind to the second as well.
//
// A file looks like this; further members beside the cases are kept in File.Raw:
//
//	{"area": "...", "description": "...", "cases": [{"name": "...", "input": {...}, "output": {...}}]}
package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Env is the environment variable that names a folder of vectors to read instead of those in testdata.
const Env = "OCRKIT_VECTORS"

// File is one file of vectors.
type File struct {
	Path        string // where it was read
	Area        string
	Description string
	// Raw holds the top-level members other than the cases, as they are: what several cases share.
	Raw   map[string]json.RawMessage
	Cases []Case
}

// Name returns the name of the file without folder and extension.
func (f File) Name() string {
	return strings.TrimSuffix(filepath.Base(f.Path), ".json")
}

// Case is one case of a file.
type Case struct {
	Name   string
	Input  json.RawMessage
	Output json.RawMessage
}

// Kind returns the member "kind" of the input, or "" when it has none.
func (c Case) Kind() string {
	var input struct {
		Kind string `json:"kind"`
	}
	if json.Unmarshal(c.Input, &input) != nil {
		return ""
	}
	return input.Kind
}

// Rejected tells whether the input must be refused: whether the output has a non-empty "error", or one of "accept",
// "accepted" and "success" that is false.
func (c Case) Rejected() bool {
	var output map[string]json.RawMessage
	if json.Unmarshal(c.Output, &output) != nil {
		return false
	}
	if e := output["error"]; len(e) != 0 && string(e) != `""` && string(e) != "null" && string(e) != "false" {
		return true
	}
	return string(output["accept"]) == "false" || string(output["accepted"]) == "false" || string(output["success"]) == "false"
}

// Dir returns the folder to read vectors from: the one that the environment names, or else the given one.
func Dir(t testing.TB, dir string) string {
	t.Helper()
	env := os.Getenv(Env)
	if env == "" {
		return dir
	}
	if !filepath.IsAbs(env) {
		t.Fatalf("%s is %q: it must be an absolute path, because each package's tests run in the folder of that package", Env, env)
	}
	return env
}

// Files returns the files that match the patterns, in the folder that Dir returns, each once and in the order of their names.
// A pattern is one of path/filepath, without folder, for example "config-*.json". It fails the test when a pattern matches no
// file, and when a file cannot be read or holds no cases.
func Files(t testing.TB, dir string, patterns ...string) []File {
	t.Helper()
	dir = Dir(t, dir)
	paths := map[string]bool{}
	for _, pattern := range patterns {
		matches, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatalf("pattern %q: %v", pattern, err)
		}
		if len(matches) == 0 {
			t.Fatalf("no file in %s matches %s", dir, pattern)
		}
		for _, match := range matches {
			paths[match] = true
		}
	}
	var files []File
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parse(path, content)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func parse(path string, content []byte) (File, error) {
	file := File{Path: path}
	if err := json.Unmarshal(content, &file.Raw); err != nil {
		return File{}, fmt.Errorf("%s: %w", path, err)
	}
	for member, dst := range map[string]any{"area": &file.Area, "description": &file.Description} {
		if raw, ok := file.Raw[member]; ok {
			if err := json.Unmarshal(raw, dst); err != nil {
				return File{}, fmt.Errorf("%s: %s: %w", path, member, err)
			}
		}
	}
	if err := strict(file.Raw["cases"], &file.Cases); err != nil {
		return File{}, fmt.Errorf("%s: cases: %w", path, err)
	}
	delete(file.Raw, "cases")
	if len(file.Cases) == 0 {
		return File{}, fmt.Errorf("%s: has no cases", path)
	}
	for i, c := range file.Cases {
		if c.Name == "" || c.Input == nil || c.Output == nil {
			return File{}, fmt.Errorf("%s: case %d (%q): name, input or output is missing", path, i, c.Name)
		}
	}
	return file, nil
}

// Each runs a subtest for each case of each file that matches the patterns; see Files. The subtests run one after the other and
// are called FILE/CASE.
func Each(t *testing.T, dir string, patterns []string, run func(t *testing.T, f File, c Case)) {
	t.Helper()
	for _, f := range Files(t, dir, patterns...) {
		t.Run(f.Name(), func(t *testing.T) {
			for _, c := range f.Cases {
				t.Run(c.Name, func(t *testing.T) { run(t, f, c) })
			}
		})
	}
}

// Kinds is a table for EachKind: how to run the cases of each kind, and where the other kinds are run.
type Kinds struct {
	// Of tells the kind of a case; nil is Case.Kind.
	Of func(f File, c Case) string
	// Run says how to run the cases of a kind. At least one case of each kind must occur.
	Run map[string]func(t *testing.T, f File, c Case)
	// Elsewhere says of the kinds that are not run here which package runs them, or why none does yet. The test logs it with
	// the number of cases.
	Elsewhere map[string]string
}

// EachKind runs the cases of files that several packages share, by a table of kinds. It fails on a kind that is not in the
// table.
func EachKind(t *testing.T, dir string, patterns []string, kinds Kinds) {
	t.Helper()
	of := kinds.Of
	if of == nil {
		of = func(_ File, c Case) string { return c.Kind() }
	}
	ran, left := map[string]int{}, map[string]int{}
	for _, f := range Files(t, dir, patterns...) {
		t.Run(f.Name(), func(t *testing.T) {
			for _, c := range f.Cases {
				kind := of(f, c)
				if _, ok := kinds.Elsewhere[kind]; ok {
					left[kind]++
					continue
				}
				run, ok := kinds.Run[kind]
				if !ok {
					t.Errorf("case %q is of kind %q, which this test does not know", c.Name, kind)
					continue
				}
				ran[kind]++
				t.Run(c.Name, func(t *testing.T) { run(t, f, c) })
			}
		})
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds.Run)) {
		if ran[kind] == 0 {
			t.Errorf("no case of kind %q in %v", kind, patterns)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(left)) {
		t.Logf("%d cases of kind %q are not run here: %s", left[kind], kind, kinds.Elsewhere[kind])
	}
}

// Decode reads raw into a T and fails the test where that does not work. Members that T lacks are ignored.
func Decode[T any](t testing.TB, raw json.RawMessage) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("cannot decode %.200s: %v", raw, err)
	}
	return v
}

// DecodeStrict is Decode, but a member that T lacks fails the test.
func DecodeStrict[T any](t testing.TB, raw json.RawMessage) T {
	t.Helper()
	var v T
	if err := strict(raw, &v); err != nil {
		t.Fatalf("cannot decode %.200s: %v", raw, err)
	}
	return v
}

func strict(raw json.RawMessage, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// LimitsKind is the kind of a case of api-limits.json: "PROTOCOL endpoint" if it has an oracle count, "PROTOCOL plugin" if it has
// limits only.
func LimitsKind(_ File, c Case) string {
	var in struct {
		Protocol string
		N        *int
	}
	if json.Unmarshal(c.Input, &in) != nil {
		return ""
	}
	if in.N == nil {
		return in.Protocol + " plugin"
	}
	return in.Protocol + " endpoint"
}
