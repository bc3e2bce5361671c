package scaffold

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ocrkit/ocrkit/codegen"
)

// artifacts is what forge made of the template's contracts, by the path in its output folder, reduced to what is read of it.
// `go test ./codegen/scaffold -update` makes it anew.
//
//go:embed artifacts.json
var artifacts []byte

// generated makes the Go in gen/, as `ocrgen generate` will.
func generated(n names) (made map[string][]byte, err error) {
	dir, err := os.MkdirTemp("", "ocrgen-init-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	config, err := template.ReadFile("_template/" + codegen.ConfigFile)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		codegen.ConfigFile: []byte(n.replace(string(config))),
		"go.mod":           []byte("module " + n.module + "\n"),
	}
	var compiled map[string]json.RawMessage
	if err := json.Unmarshal(artifacts, &compiled); err != nil {
		return nil, fmt.Errorf("artifacts of the template: %w", err)
	}
	for name, artifact := range compiled {
		if filepath.Ext(name) != ".json" {
			continue // the hash of what was compiled, for tests
		}
		files["out/"+n.replace(name)] = []byte(n.replace(string(artifact)))
	}
	for name, text := range files {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			return nil, err
		}
	}
	loaded, err := codegen.LoadConfig(filepath.Join(dir, codegen.ConfigFile))
	if err != nil {
		return nil, err
	}
	list, err := codegen.Generate(loaded)
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), dir, ""))
	}
	made = map[string][]byte{}
	for _, f := range list {
		made[f.Path] = f.Text
	}
	return made, nil
}
