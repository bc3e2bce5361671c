package codegen

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
)

var (
	update   = flag.Bool("update", false, "write what is generated into testdata, instead of comparing")
	solidity = flag.String("solidity", "", "compile the contracts of this folder of testdata anew, or of \"all\"; needs forge (npm ci)")
)

// features are the folders of testdata: each has contracts (src), what forge made of them (artifacts), a configuration,
// and either the Go that is generated (want) or the errors that a user sees (want-error.txt).
func features(t *testing.T, patterns ...string) []string {
	t.Helper()
	var all []string
	for _, pattern := range patterns {
		dirs, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(dirs) == 0 {
			t.Fatalf("no testdata %s: %v", pattern, err)
		}
		all = append(all, dirs...)
	}
	return all
}

func TestGolden(t *testing.T) {
	for _, dir := range features(t, "*") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			if *solidity != "" && *solidity == filepath.Base(dir) || *solidity == "all" {
				compile(t, dir)
			}
			config, err := LoadConfig(filepath.Join(dir, ConfigFile))
			var files []File
			if err == nil {
				files, err = Generate(config)
			}
			if !strings.HasPrefix(filepath.Base(dir), "error-") {
				if err != nil {
					t.Fatal(err)
				}
				golden(t, config, files)
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			text := strings.ReplaceAll(err.Error(), config.Root+string(filepath.Separator), "") + "\n"
			compare(t, filepath.Join(dir, "want-error.txt"), []byte(text))
		})
	}
}

func golden(t *testing.T, config *Config, files []File) {
	t.Helper()
	if *update {
		if _, err := Write(config, files); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Check(config, files)
	if err != nil {
		t.Fatal(err)
	}
	if d != "" {
		t.Errorf("something else is generated (go test ./codegen -update if that is right):\n%s", d)
	}
}

// TestInspect compares what inspect prints, for people and for programs.
func TestInspect(t *testing.T) {
	for _, dir := range features(t, "types", "layouts") {
		config, err := LoadConfig(filepath.Join(dir, ConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		items, err := Inspect(config)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := Print(&text, items); err != nil {
			t.Fatal(err)
		}
		machine, err := json.MarshalIndent(items, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		compare(t, filepath.Join(dir, "want-inspect.txt"), text.Bytes())
		compare(t, filepath.Join(dir, "want-inspect.json"), append(machine, '\n'))
	}
}

// compare compares with a file of testdata, or writes it.
func compare(t *testing.T, file string, text []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff.Diff(file, want, "now", text); d != nil {
		t.Errorf("something else came out (go test ./codegen -update if that is right):\n%s", d)
	}
}

// TestGoldenRuns runs the generated tests of the golden packages, the proofs in the EVM included.
func TestGoldenRuns(t *testing.T) {
	t.Setenv("OCRGEN_ROUNDS", "100") // half of what they look at by themselves
	for _, dir := range features(t, "types/want", "layouts/want", "hard/want", "hard/want-words", "hard/want-abi", "loose/want") {
		run(t, true, "go", "vet", "./"+dir+"/...")
		run(t, true, "go", "test", "./"+dir)
	}
}

// TestNewFieldBreaksCallers adds a field to a report. What uses all fields of the report does not compile any more, until
// it says what becomes of the new one.
func TestNewFieldBreaksCallers(t *testing.T) {
	const caller = `package caller

import (
	"math/big"

	feed "github.com/ocrkit/ocrkit/codegen/testdata/report-field-VERSION/want"
)

func Build(time uint32, price *big.Int) *feed.PriceReport { return feed.NewPriceReport(time, priceARGUMENT) }

func Read(r *feed.PriceReport) (uint32, *big.Int) {
	time, priceVARIABLE := r.Values()
	return time, price
}
`
	write := func(version, argument, variable string) string {
		dir, err := os.MkdirTemp("testdata", "caller-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		text := strings.NewReplacer("VERSION", version, "ARGUMENT", argument, "VARIABLE", variable).Replace(caller)
		if err := os.WriteFile(filepath.Join(dir, "caller.go"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return "./" + dir
	}
	run(t, true, "go", "build", write("before", "", ""))
	out := run(t, false, "go", "build", write("after", "", ""))
	for _, want := range []string{"not enough arguments in call to feed.NewPriceReport", "assignment mismatch"} {
		if !strings.Contains(out, want) {
			t.Errorf("the compiler says %s\nand not %q", out, want)
		}
	}
	run(t, true, "go", "build", write("after", ", 9", ", _"))

	before, err := os.ReadFile("testdata/report-field-before/want/reports.go")
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile("testdata/report-field-after/want/reports.go")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(before, after) {
		t.Error("the generated code is the same with another field")
	}
}

// run runs a command, which must succeed or fail, and returns what it says.
func run(t *testing.T, succeed bool, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if (err == nil) != succeed {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// compile makes the artifacts of a feature, reduced to what the generator reads.
func compile(t *testing.T, dir string) {
	t.Helper()
	temporary, root := t.TempDir(), filepath.Join("..", "..", "..")
	root, err := filepath.Abs(filepath.Join(dir, root))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(temporary, "src"), os.DirFS(filepath.Join(dir, "src"))); err != nil {
		t.Fatal(err)
	}
	settings := `[profile.default]
auto_detect_solc = false
offline = true
solc = "` + filepath.Join(root, "tools", "solc") + `"
optimizer = true
bytecode_hash = "none"
cbor_metadata = false
evm_version = "paris"
ast = true
`
	if err := os.WriteFile(filepath.Join(temporary, "foundry.toml"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(root, "tools", "forge"), "build", "--root", temporary)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("forge: %v\n%s", err, out)
	}
	made, err := filepath.Glob(filepath.Join(temporary, "out", "*.sol", "*.json"))
	if err != nil || len(made) == 0 {
		t.Fatalf("forge made nothing: %v", err)
	}
	target := filepath.Join(dir, "artifacts")
	if err := os.RemoveAll(target); err != nil {
		t.Fatal(err)
	}
	for _, file := range made {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var all, some map[string]json.RawMessage
		if err := json.Unmarshal(data, &all); err != nil {
			t.Fatal(err)
		}
		var code map[string]json.RawMessage
		if err := json.Unmarshal(all["bytecode"], &code); err != nil {
			t.Fatal(err)
		}
		delete(code, "sourceMap")
		bytecode, err := json.Marshal(code)
		if err != nil {
			t.Fatal(err)
		}
		some = map[string]json.RawMessage{"abi": all["abi"], "bytecode": bytecode, "ast": all["ast"]}
		if data, err = json.Marshal(some); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(target, filepath.Base(filepath.Dir(file)), filepath.Base(file))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
