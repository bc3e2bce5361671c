package breaking

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ocrkit/ocrkit/codegen"
)

// repository is a git repository whose first commit has the contracts of a case before, and whose working tree those after. The
// compiler is a shell command that copies what was committed as compiled, and leaves a line in a log.
type repository struct {
	dir    string
	config *codegen.Config
	log    string
}

// copying is the compiler. It needs what is in node_modules, which is not committed.
const copying = "cat node_modules/compiler >> %LOG% && rm -rf artifacts && cp -r prepared artifacts"

func newRepository(t *testing.T, name string) *repository {
	t.Helper()
	var found *golden
	for _, g := range cases(t) {
		if g.name == name {
			found = &g
		}
	}
	if found == nil {
		t.Fatalf("no case %s", name)
	}
	made := found.artifacts(t)
	r := &repository{dir: t.TempDir(), log: filepath.Join(t.TempDir(), "compiled")}
	r.git(t, "init", "-q")
	r.write(t, ".gitignore", "artifacts\nnode_modules\n")
	r.write(t, "node_modules/compiler", "compiled\n")
	r.write(t, "project/go.mod", "module example.com/feed\n")
	r.write(t, "project/ocrgen.yaml", defaultConfig)
	for _, side := range []string{"before", "after"} {
		r.write(t, "project/src/Feed.sol", string(found.section(side+"/src/Feed.sol")))
		if err := os.RemoveAll(filepath.Join(r.dir, "project", "prepared")); err != nil {
			t.Fatal(err)
		}
		for file, data := range made[side] {
			r.write(t, "project/prepared/"+file, string(data))
		}
		if side == "before" {
			r.git(t, "add", ".")
			r.git(t, "commit", "-q", "-m", "before")
		}
	}
	if err := os.CopyFS(filepath.Join(r.dir, "project", "artifacts"), os.DirFS(filepath.Join(r.dir, "project", "prepared"))); err != nil {
		t.Fatal(err)
	}
	config, err := codegen.LoadConfig(filepath.Join(r.dir, "project", "ocrgen.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	r.config = config
	return r
}

func (r *repository) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (r *repository) git(t *testing.T, args ...string) {
	t.Helper()
	command := exec.Command("git", append([]string{"-C", r.dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (r *repository) builder() *Builder {
	return &Builder{Command: strings.ReplaceAll(strings.ReplaceAll(copying, "%LOG%", r.log), "node_modules", "../node_modules")}
}

func (r *repository) compiled(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(r.log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

func TestRevision(t *testing.T) {
	r := newRepository(t, "function-removed")
	b := r.builder()
	after, err := b.Now(context.Background(), r.config, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time from the cache
		before, commit, err := b.At(context.Background(), r.config, "ocrgen.yaml", "HEAD")
		if err != nil {
			t.Fatal(err)
		}
		if len(commit) != 40 {
			t.Errorf("commit %q", commit)
		}
		result := Compare(before, after)
		if len(result.Changes) != 1 || result.Changes[0].Kind != "function-removed" || result.Changes[0].SourceBefore != "src/Feed.sol:7" {
			t.Fatalf("%+v", result.Changes)
		}
		if n := r.compiled(t); n != 1 {
			t.Errorf("compiled %d times", n)
		}
	}
	// A damaged cache is not believed.
	kept, err := filepath.Glob(filepath.Join(r.dir, "project", "artifacts", cacheDir, "*.json"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("%v, %v", kept, err)
	}
	data, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept[0], []byte(strings.Replace(string(data), "latest()", "oldest()", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	before, _, err := b.At(context.Background(), r.config, "ocrgen.yaml", "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if result := Compare(before, after); result.Changes[0].What != "latest()" || r.compiled(t) != 2 {
		t.Errorf("%+v, compiled %d times", result.Changes, r.compiled(t))
	}
	if status, err := (git{r.dir}).run(context.Background(), nil, "status", "--porcelain"); err != nil || strings.Contains(status, "??") {
		t.Errorf("the repository has something new: %s, %v", status, err)
	}
}

func TestRevisionWithoutConfig(t *testing.T) {
	r := newRepository(t, "event-added")
	r.git(t, "rm", "-q", "--cached", "project/ocrgen.yaml")
	r.git(t, "commit", "-q", "-m", "no ocrgen yet")
	before, _, err := r.builder().At(context.Background(), r.config, "ocrgen.yaml", "HEAD")
	if err != nil || len(before.Contracts) != 1 {
		t.Fatalf("%+v, %v", before, err)
	}
}

func TestRevisionErrors(t *testing.T) {
	r := newRepository(t, "event-added")
	for _, c := range []struct{ name, ref, command, want string }{
		{"no revision", "nowhere", "true", `"nowhere" is neither a folder nor a git revision`},
		{"an option", "--output=x", "true", "is neither a folder nor a git revision"},
		{"compiler fails", "HEAD", "echo Error: no such pragma; exit 3", "exit status 3\nError: no such pragma"},
		{"compiler makes nothing", "HEAD", "true", "at HEAD: no artifacts in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := (&Builder{Command: c.command}).At(context.Background(), r.config, "ocrgen.yaml", c.ref)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, not %q", err, c.want)
			}
		})
	}
}

func TestFolders(t *testing.T) {
	r := newRepository(t, "function-removed")
	after, err := Read(r.config, Options{})
	if err != nil {
		t.Fatal(err)
	}
	// A copy of a project, which need not be in a Go module, and a folder of artifacts only.
	project := t.TempDir()
	if err := os.CopyFS(project, os.DirFS(filepath.Join(r.dir, "project"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(project, "go.mod")); err != nil {
		t.Fatal(err)
	}
	bare := t.TempDir()
	if err := os.CopyFS(bare, os.DirFS(filepath.Join(r.dir, "project", "artifacts"))); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{project, bare} {
		before, err := In(dir, "ocrgen.yaml", r.config)
		if err != nil {
			t.Fatal(err)
		}
		if result := Compare(before, after); len(result.Changes) != 0 {
			t.Errorf("%s: %+v", dir, result.Changes[0])
		}
	}
	if _, err := In(t.TempDir(), "ocrgen.yaml", r.config); err == nil || !strings.Contains(err.Error(), "has neither ocrgen.yaml nor an artifact") {
		t.Errorf("an empty folder: %v", err)
	}
}

// TestStale asserts that contracts which changed since they were compiled are noticed, and compiled.
func TestStale(t *testing.T) {
	r := newRepository(t, "event-added")
	file := filepath.Join(r.dir, "project", "prepared", "Feed.sol", "Feed.json")
	hash := func(text string) {
		t.Helper()
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var artifact map[string]any
		if err := json.Unmarshal(data, &artifact); err != nil {
			t.Fatal(err)
		}
		sum := crypto.Keccak256Hash([]byte(text)).Hex()
		artifact["metadata"] = map[string]any{"sources": map[string]any{"src/Feed.sol": map[string]any{"keccak256": sum}}}
		if data, err = json.Marshal(artifact); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := r.builder()
	build := func() {
		t.Helper()
		if err := b.build(context.Background(), r.config, false, ""); err != nil {
			t.Fatal(err)
		}
	}
	source, err := os.ReadFile(filepath.Join(r.dir, "project", "src", "Feed.sol"))
	if err != nil {
		t.Fatal(err)
	}
	hash(string(source))
	build()
	if stale, err := Stale(r.config); err != nil || len(stale) != 0 {
		t.Fatalf("%v, %v", stale, err)
	}
	hash("something else")
	build()
	if stale, err := Stale(r.config); err != nil || len(stale) != 1 || stale[0] != "src/Feed.sol" {
		t.Fatalf("%v, %v", stale, err)
	}
	never := &Builder{Never: true}
	if _, err := never.Now(context.Background(), r.config, Options{}); err == nil || !strings.Contains(err.Error(), "src/Feed.sol changed since it was compiled") {
		t.Fatalf("%v", err)
	}
	compiled := r.compiled(t)
	hash(string(source))
	if _, err := b.Now(context.Background(), r.config, Options{}); err != nil || r.compiled(t) != compiled+1 {
		t.Fatalf("%v, compiled %d times", err, r.compiled(t)-compiled)
	}
}

// TestPlainABI compares contracts of which there is only an ABI; today's configuration is that of a folder without one.
func TestPlainABI(t *testing.T) {
	write := func(dir, name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const abi = `[{"type":"function","name":"latest","stateMutability":"view","inputs":[],"outputs":[{"name":"","type":"uint32"}]}]`
	now, then, gone := t.TempDir(), t.TempDir(), t.TempDir()
	write(now, "go.mod", "module example.com/feed\n")
	write(now, "ocrgen.yaml", "version: 1\npackages:\n  - path: gen/feed\n    contracts:\n      - {name: Feed, abi: Feed.json}\n    calls: [all]\n")
	write(now, "Feed.json", strings.Replace(abi, "uint32", "uint64", 1))
	write(then, "Feed.json", abi)
	config, err := codegen.LoadConfig(filepath.Join(now, "ocrgen.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := Read(config, Options{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := In(then, "ocrgen.yaml", config)
	if err != nil {
		t.Fatal(err)
	}
	if r := Compare(before, after); len(r.Changes) != 1 || r.Changes[0].Kind != "function-returns-widened" {
		t.Errorf("%+v", r.Changes)
	}
	if _, err := In(gone, "ocrgen.yaml", config); err == nil || !strings.Contains(err.Error(), "has neither ocrgen.yaml nor an artifact") {
		t.Errorf("no ABI: %v", err)
	}
}
