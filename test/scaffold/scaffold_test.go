// Package scaffold runs what `ocrgen init` makes, as a stranger would: the commands of its README, a change of its contract.
//
// It takes node_modules of this repository (make deps) instead of installing the same once more.
package scaffold

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// project is a new project.
type project struct {
	t   *testing.T
	dir string
	env []string
}

// timeout bounds one command. The compiler of the contracts runs as JavaScript, on a loaded machine for minutes.
const timeout = 8 * time.Minute

func newProject(t *testing.T) *project {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(root, "node_modules")
	if _, err := os.Stat(filepath.Join(modules, ".package-lock.json")); err != nil {
		t.Fatalf("the compiler of the contracts is not installed (make deps): %v", err)
	}
	p := &project{t: t, dir: t.TempDir()}
	p.env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "FOUNDRY_") || strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "GOFLAGS=")
	})
	// Builds of `ocrgen breaking` stay in the test's folder; modules are there, and nothing is downloaded.
	p.env = append(p.env, "NODE_MODULES="+modules, "XDG_CACHE_HOME="+t.TempDir(), "GOFLAGS=-mod=readonly", "GOWORK=off",
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"))
	ocrgen := filepath.Join(t.TempDir(), "ocrgen")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", ocrgen, "./cmd/ocrgen")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out := p.run(0, ocrgen, "init", "weather", "--replace", root)
	if !strings.Contains(out, "cd weather\n") {
		t.Fatalf("init says\n%s", out)
	}
	p.dir = filepath.Join(p.dir, "weather")
	return p
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// run runs a command, which must end with a code, and returns what it says.
func (p *project) run(code int, name string, args ...string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), timeout)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Dir, command.Env, command.WaitDelay = p.dir, p.env, time.Second
	out, err := command.CombinedOutput()
	if command.ProcessState == nil || command.ProcessState.ExitCode() != code {
		p.t.Fatalf("%s %s: %v, want exit code %d\n%s", filepath.Base(name), strings.Join(args, " "), err, code, out)
	}
	return string(out)
}

func (p *project) edit(file, before, after string) {
	p.t.Helper()
	name := filepath.Join(p.dir, filepath.FromSlash(file))
	text, err := os.ReadFile(name)
	if err != nil {
		p.t.Fatal(err)
	}
	if strings.Count(string(text), before) != 1 {
		p.t.Fatalf("%s has not exactly one %q", file, before)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(text), before, after, 1)), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func says(t *testing.T, out string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("it does not say %q:\n%s", w, out)
		}
	}
}

func TestNewFeed(t *testing.T) {
	p := newProject(t)
	says(t, p.run(0, "make", "demo"), "4 oracles, of which 1 may be faulty", "latestReport() of the contract: 2")
	says(t, p.run(0, "make", "test"), "Suite result: ok. 11 passed; 0 failed", "ok  \tweather/gen/feed", "ok  \tweather/local", "ok  \tweather/plugin")
	p.run(0, "make", "check") // init generated what the compiler's artifacts give
	if out := p.run(0, "gofmt", "-l", "."); out != "" {
		t.Errorf("not formatted:\n%s", out)
	}

	// A new field: Go follows, does not compile until it says what becomes of the field, and whoever breaks is named.
	p.run(0, "git", "init", "-q")
	p.run(0, "git", "add", ".")
	p.run(0, "git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "new")
	says(t, p.run(0, "go", "tool", "ocrgen", "breaking", "--against", "HEAD"), "No change that others can see.")
	p.edit("contracts/Weather.sol", "  uint32 humidity;\n}", "  uint32 humidity;\n  uint32 pressure;\n}")
	p.run(0, "make", "generate")
	says(t, p.run(1, "go", "vet", "./..."), "not enough arguments in call to feed.NewReport")
	says(t, p.run(1, "go", "tool", "ocrgen", "breaking", "--against", "HEAD"),
		"BREAKING  contracts/Weather.sol:16: report Report: field pressure (uint32) was added at the end", "oracles in flight: their reports lack the field")
	if status := p.run(0, "git", "status", "--porcelain"); strings.Contains(status, "??") {
		t.Errorf("there are files that .gitignore does not know:\n%s", status)
	}
}
