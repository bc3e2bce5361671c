package codegen

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHardhatGivesTheSame turns forge's artifacts of a feature into those of Hardhat 2 and 3. The same must be generated of them.
func TestHardhatGivesTheSame(t *testing.T) {
	for _, version := range []int{2, 3} {
		for _, feature := range []string{"types", "layouts"} {
			dir := project(t, feature)
			_, want := generate(t, dir)
			hardhat(t, dir, version)
			_, got := generate(t, dir)
			if len(got) != len(want) {
				t.Fatalf("Hardhat %d, %s: %d files, not %d", version, feature, len(got), len(want))
			}
			for i := range got {
				if got[i].Path != want[i].Path || string(got[i].Text) != string(want[i].Text) {
					t.Errorf("Hardhat %d, %s: %s differs", version, feature, got[i].Path)
				}
			}
		}
	}
}

// TestHardhatWithoutBuildHasNoTags removes what the compiler said beside the artifacts: they are as good as an ABI then.
func TestHardhatWithoutBuildHasNoTags(t *testing.T) {
	dir := project(t, "report-field-before")
	hardhat(t, dir, 2)
	if err := os.RemoveAll(filepath.Join(dir, "artifacts", "build-info")); err != nil {
		t.Fatal(err)
	}
	config, err := LoadConfig(filepath.Join(dir, ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Generate(config)
	if err == nil || !strings.Contains(err.Error(), "src/Feed.sol: an ABI alone has no @custom:ocr-... tags") {
		t.Fatalf("error: %v", err)
	}
}

// hardhat turns the artifacts of a project.
func hardhat(t *testing.T, dir string, version int) {
	t.Helper()
	out := filepath.Join(dir, "artifacts")
	made, err := filepath.Glob(filepath.Join(out, "*.sol", "*.json"))
	if err != nil || len(made) == 0 {
		t.Fatalf("no artifacts: %v", err)
	}
	prefix := ""
	if version == 3 {
		prefix = "project/"
	}
	sources := map[string]any{}
	for _, file := range made {
		var forge struct {
			ABI      json.RawMessage `json:"abi"`
			Bytecode struct {
				Object         string          `json:"object"`
				LinkReferences json.RawMessage `json:"linkReferences"`
			} `json:"bytecode"`
			AST map[string]any `json:"ast"`
		}
		if err := json.Unmarshal([]byte(read(t, file)), &forge); err != nil {
			t.Fatal(err)
		}
		source := forge.AST["absolutePath"].(string)
		sources[prefix+source] = map[string]any{"ast": forge.AST}
		artifact := map[string]any{
			"_format": "hh-sol-artifact-1", "contractName": strings.TrimSuffix(filepath.Base(file), ".json"), "sourceName": source,
			"abi": forge.ABI, "bytecode": forge.Bytecode.Object, "linkReferences": forge.Bytecode.LinkReferences,
		}
		folder := filepath.Join(out, filepath.FromSlash(source))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if version == 3 {
			artifact["_format"], artifact["buildInfoId"], artifact["inputSourceName"] = "hh3-artifact-1", "solc-0_8_37-1", prefix+source
		} else {
			debug, err := filepath.Rel(folder, filepath.Join(out, "build-info", "1.json"))
			if err != nil {
				t.Fatal(err)
			}
			writeJSON(t, filepath.Join(folder, strings.TrimSuffix(filepath.Base(file), ".json")+".dbg.json"),
				map[string]any{"_format": "hh-sol-dbg-1", "buildInfo": filepath.ToSlash(debug)})
		}
		writeJSON(t, filepath.Join(folder, filepath.Base(file)), artifact)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(out, "build-info"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build := map[string]any{"output": map[string]any{"sources": sources}}
	if version == 3 {
		writeJSON(t, filepath.Join(out, "build-info", "solc-0_8_37-1.output.json"), build)
	} else {
		writeJSON(t, filepath.Join(out, "build-info", "1.json"), build)
	}
}

func writeJSON(t *testing.T, file string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(text))
}

// TestEnumWithoutTree removes the tree of a file that only an enum is in.
func TestEnumWithoutTree(t *testing.T) {
	dir := project(t, "enum-elsewhere")
	if err := os.RemoveAll(filepath.Join(dir, "artifacts", "Kind.sol")); err != nil {
		t.Fatal(err)
	}
	config, err := LoadConfig(filepath.Join(dir, ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Generate(config)
	for _, want := range []string{
		"src/Feed.sol:9: the declaration of Kind, the type of kind, is in no artifact\n\tPut the declaration into a file",
		"src/Feed.sol:12: how many members the enum Kind of kind has is in no artifact\n\tSay it in ocrgen.yaml",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v\nhas no %q", err, want)
		}
	}
}
