package scaffold

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
	text, err := json.Marshal(made)
	if err != nil {
		return err
	}
	artifacts = append(text, '\n')
	return os.WriteFile("artifacts.json", artifacts, 0o644)
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
