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

	"github.com/ocrkit/ocrkit/test/e2e"
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

// readme runs the commands of README.md, in their order, as they are but for the port of the node. What it says to do by hand is done
// here.
func (p *project) readme() {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "README.md"))
	if err != nil {
		p.t.Fatal(err)
	}
	anvil := e2e.StartAnvil(p.t)
	var contract string
	ran := map[string]bool{}
	within := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			within = line == "```sh"
			continue
		}
		if !within {
			continue
		}
		line, _, _ = strings.Cut(line, " #")
		line = strings.TrimSpace(line)
		if variables, ok := strings.CutPrefix(line, "export "); ok {
			p.env = append(p.env, strings.Fields(strings.ReplaceAll(variables, "http://127.0.0.1:8545", anvil.URL))...)
			continue
		}
		code := 0
		if strings.Contains(line, "ocrdeploy plan") {
			code = 3 // there are changes
		}
		out := p.run(code, "sh", "-c", line)
		ran[line] = true
		switch {
		case line == "make demo":
			says(p.t, out, "4 oracles, of which 1 may be faulty", "latestReport() of the contract: 2")
		case line == "make test":
			says(p.t, out, "Suite result: ok. 11 passed; 0 failed", "ok  \tweather/gen/feed", "ok  \tweather/local", "ok  \tweather/plugin")
		case strings.Contains(line, "keys account"):
			e2e.Output(p.t, "cast", "rpc", "--rpc-url", anvil.URL, "anvil_setBalance", strings.TrimSpace(out), "0xde0b6b3a7640000")
		case strings.Contains(line, "forge create"):
			_, after, _ := strings.Cut(out, "Deployed to: ")
			contract, _, _ = strings.Cut(after, "\n")
		case strings.Contains(line, "keys oracle"):
			_, list, _ := strings.Cut(out, "oracles:\n")
			p.edit("network.yaml", "\n  address: #", "\n  address: \""+contract+"\" #")
			p.edit("network.yaml", "\noracles: [] #", "\noracles:\n"+list+"#")
		case strings.Contains(line, "ocrdeploy verify"):
			says(p.t, out, "config fields")
		}
	}
	if len(ran) != 9 {
		p.t.Errorf("README.md has %d commands: %v", len(ran), ran)
	}
}

func TestNewFeed(t *testing.T) {
	p := newProject(t)
	p.readme()
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
