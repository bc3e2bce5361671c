package contracts

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// creationCode returns the creation code of a contract, by its name.
func creationCode(t testing.TB, name string) []byte {
	t.Helper()
	path := filepath.Join("..", "..", "out", name+".sol", name+".json")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var artifact struct {
		Bytecode struct {
			Object string `json:"object"`
		} `json:"bytecode"`
	}
	if err := json.Unmarshal(content, &artifact); err != nil {
		t.Fatal(err)
	}
	code, err := hex.DecodeString(strings.TrimPrefix(artifact.Bytecode.Object, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return code
}
