package codegen

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzPlainABI asserts that any file at all, given as an ABI, is generated from or refused, and that what is generated parses.
func FuzzPlainABI(f *testing.F) {
	for seed := range uint64(3) {
		text, err := json.Marshal(newRandomABI(seed).entries)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, file := range []string{"error-abi-enum", "error-abi-type", "error-abi-file", "error-abi-no-struct"} {
		text, err := os.ReadFile(filepath.Join("testdata", file, "Feed.abi"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`[{"type":"error","name":"E","inputs":[{"name":"x","type":"uint8[65536][65536][]"}]}]`))
	f.Add([]byte(`[{"type":"error","name":"E\n","inputs":[]}]`))
	f.Add([]byte(`[{"type":"error","name":"E","inputs":[{"name":"x","type":"tuple","internalType":"struct A.","components":[]}]}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "go.mod"), "module example.com/feed\n\ngo 1.26\n")
		write(t, filepath.Join(dir, "x.abi"), string(text))
		write(t, filepath.Join(dir, ConfigFile), "version: 1\npackages:\n  - {path: x, contracts: [{name: X, abi: x.abi}], calls: [all], enums: {E: 3, F: 256}}\n")
		config, err := LoadConfig(filepath.Join(dir, ConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		if files, err := Generate(config); err == nil && len(files) == 0 {
			t.Fatal("neither files nor an error")
		}
	})
}
