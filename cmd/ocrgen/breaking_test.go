package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compared is a project in a git repository, whose HEAD has the contracts of one folder of testdata and whose working tree those of
// another. Compiling is copying.
func compared(t *testing.T, before, after string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	for _, feature := range []string{before, after} {
		for _, name := range []string{"src", "compiled", "artifacts"} {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		from := filepath.Join("..", "..", "codegen", "testdata", feature)
		for to, name := range map[string]string{"src": "src", "compiled": "artifacts", "artifacts": "artifacts"} {
			if err := os.CopyFS(filepath.Join(dir, to), os.DirFS(filepath.Join(from, name))); err != nil {
				t.Fatal(err)
			}
		}
		config, err := os.ReadFile(filepath.Join(from, "ocrgen.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{"ocrgen.yaml": config, "go.mod": []byte("module example.com/feed\n"), ".gitignore": []byte("artifacts\n")} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if feature == before {
			git("add", ".")
			git("commit", "-q", "-m", "before")
		}
	}
	return dir
}

const copying = "rm -rf artifacts && cp -r compiled artifacts"

func TestBreaking(t *testing.T) {
	dir := compared(t, "report-field-before", "report-field-after")
	config := filepath.Join(dir, "ocrgen.yaml")
	out, err := ocrgen(t, "breaking", "-c", config, "--against", "HEAD", "--build", copying)
	if !errors.Is(err, errBreaking) || exitCode(err) != 1 {
		t.Fatalf("exit code %d: %v", exitCode(err), err)
	}
	for _, want := range []string{"report PriceReport: field", "oracles in flight:", "2 changes, 2 breaking"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	out, err = ocrgen(t, "breaking", "-c", config, "--against", "HEAD", "--build", copying, "--json")
	var result struct {
		Version  int
		Against  string
		Breaking bool
		Changes  []struct {
			Kind   string
			Breaks []struct{ Who string }
		}
	}
	if err2 := json.Unmarshal([]byte(out), &result); err2 != nil || exitCode(err) != 1 {
		t.Fatalf("%v, %v\n%s", err, err2, out)
	}
	if result.Version != 1 || !result.Breaking || !strings.HasPrefix(result.Against, "HEAD = ") || len(result.Changes) != 2 || result.Changes[1].Kind != "report-field-appended" {
		t.Errorf("%+v", result)
	}
	// Who may break need not be told.
	out, err = ocrgen(t, "breaking", "-c", config, "--against", "HEAD", "--build", copying, "--ignore", "oracles", "--ignore", "consumers", "--ignore", "indexers")
	if err != nil || !strings.Contains(out, "none breaking") {
		t.Errorf("ignored: %v\n%s", err, out)
	}
	// The folder itself is the same as itself, and so are its artifacts alone.
	for _, against := range []string{dir, filepath.Join(dir, "artifacts")} {
		out, err = ocrgen(t, "breaking", "-c", config, "--against", against)
		if err != nil || exitCode(err) != 0 || !strings.HasSuffix(out, "\nNo change that others can see.\n") {
			t.Errorf("against %s: %v\n%s", against, err, out)
		}
	}
}

func TestBreakingCannotTell(t *testing.T) {
	dir := compared(t, "report-field-before", "report-field-after")
	config := filepath.Join(dir, "ocrgen.yaml")
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no --against", []string{"-c", config}, "--against is missing"},
		{"an argument", []string{"-c", config, "HEAD"}, "write --against HEAD"},
		{"unknown flag", []string{"--agianst", "HEAD"}, "agianst"},
		{"unknown party", []string{"-c", config, "--against", "HEAD", "--ignore", "nobody"}, `--ignore "nobody": there are`},
		{"unknown contract", []string{"-c", config, "--against", "HEAD", "--upgradeable", "Proxy"}, "there is no such contract"},
		{"no configuration", []string{"-c", filepath.Join(dir, "none.yaml"), "--against", "HEAD"}, "there is no"},
		{"no revision", []string{"-c", config, "--against", "v9"}, `"v9" is neither a folder nor a git revision`},
		{"an empty folder", []string{"-c", config, "--against", t.TempDir()}, "has neither"},
		{"does not compile", []string{"-c", config, "--against", "HEAD", "--build", "false"}, "exit status 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := ocrgen(t, append([]string{"breaking"}, c.args...)...)
			if err == nil || !strings.Contains(err.Error(), c.want) || exitCode(err) != 2 {
				t.Fatalf("exit code %d, error %v, not %q\n%s", exitCode(err), err, c.want, out)
			}
			if strings.Contains(out, "BREAKING") {
				t.Errorf("it says something all the same:\n%s", out)
			}
		})
	}
}
