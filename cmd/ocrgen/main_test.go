package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ocrgen(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := newApp(&out).Run(append([]string{"ocrgen"}, args...))
	return out.String(), err
}

func TestGenerateAndCheck(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../codegen/testdata/report-field-before")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/feed\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "ocrgen.yaml")
	if err := os.RemoveAll(filepath.Join(dir, "want")); err != nil {
		t.Fatal(err)
	}
	if out, err := ocrgen(t, "check", "-c", config); !errors.Is(err, errStale) || !strings.Contains(out, "+type PriceReport struct") {
		t.Fatalf("check of nothing: %v\n%s", err, out)
	}
	if out, err := ocrgen(t, "generate", "-c", config); err != nil || !strings.Contains(out, "want/reports.go\n") {
		t.Fatalf("generate: %v\n%s", err, out)
	}
	if out, err := ocrgen(t, "check", "-c", config); err != nil || out != "" {
		t.Fatalf("check of what was generated: %v\n%s", err, out)
	}
	if out, err := ocrgen(t, "generate", "-c", config); err != nil || out != "" {
		t.Fatalf("generate again: %v\n%s", err, out)
	}
}

func TestErrorsReachTheUser(t *testing.T) {
	if _, err := ocrgen(t, "check", "-c", filepath.Join(t.TempDir(), "ocrgen.yaml")); err == nil || !strings.Contains(err.Error(), "there is no") {
		t.Errorf("no configuration: %v", err)
	}
	if _, err := ocrgen(t, "generate", "-c", "../../codegen/testdata/error-unknown-tag/ocrgen.yaml"); err == nil ||
		!strings.Contains(err.Error(), "src/Feed.sol:6: there is no tag @custom:ocr-reprot") {
		t.Errorf("a wrong tag: %v", err)
	}
}
