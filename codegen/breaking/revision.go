package breaking

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ocrkit/ocrkit/codegen"
)

// buildTimeout bounds a run of the compiler.
const buildTimeout = 15 * time.Minute

// maxConfigSize and maxSurfaceSize bound what is read of files that this package or others wrote.
const (
	maxConfigSize  = 1 << 20
	maxSurfaceSize = 256 << 20
)

// cacheDir is where surfaces of revisions are kept, in the folder of the artifacts.
const cacheDir = ".ocrgen-cache"

// Builder compiles contracts.
type Builder struct {
	// Command is run by sh in the folder of ocrgen.yaml. If it is empty, it is forge: tools/forge of the project, the one that npm
	// installed, or the one in PATH.
	Command string
	// Never compiles the working tree: contracts that have changed since they were compiled are an error.
	Never bool
	// Log gets a line when something that takes long begins; may be nil.
	Log func(format string, args ...any)
}

func (b *Builder) log(format string, args ...any) {
	if b.Log != nil {
		b.Log(format, args...)
	}
}

// At reads the surface of a git revision: it checks the revision out into a temporary folder, compiles it there with the node_modules
// and the submodules of the working tree, and reads what its own ocrgen.yaml names. The repository is not touched. The result
// is kept among the artifacts of the working tree, by commit. commit is the commit's id.
func (b *Builder) At(ctx context.Context, config *codegen.Config, configFile, ref string) (surface *Surface, commit string, err error) {
	repo := git{config.Root}
	commit, err = repo.run(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil {
		return nil, "", fmt.Errorf("%q is neither a folder nor a git revision of %s", ref, config.Root)
	}
	prefix, err := repo.run(ctx, nil, "rev-parse", "--show-prefix")
	if err != nil {
		return nil, "", err
	}
	top, err := repo.run(ctx, nil, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, "", err
	}
	kept := b.cacheFile(config, configFile, prefix, commit)
	if surface, err := readSurface(kept); err == nil {
		return surface, commit, nil
	}
	temporary, err := os.MkdirTemp("", "ocrgen-breaking-")
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	tree := filepath.Join(temporary, "tree")
	if err := checkout(ctx, git{top}, commit, temporary, tree); err != nil {
		return nil, "", err
	}
	notes, err := borrow(ctx, git{top}, commit, tree, prefix)
	if err != nil {
		return nil, "", err
	}
	root := filepath.Join(tree, filepath.FromSlash(prefix))
	old, lenient, err := configAt(filepath.Join(root, filepath.Base(configFile)), config)
	if err != nil {
		return nil, "", fmt.Errorf("at %s: %w", ref, err)
	}
	surface, err = b.buildAndRead(ctx, old, ref, Options{Lenient: lenient})
	if err != nil {
		return nil, "", err
	}
	surface.Notes = append(surface.Notes, notes...)
	return surface, commit, writeSurface(kept, surface)
}

// buildAndRead compiles the contracts, at first without tests, which take most of the time.
func (b *Builder) buildAndRead(ctx context.Context, config *codegen.Config, ref string, options Options) (*Surface, error) {
	b.log("compiling %s", ref)
	var failed error
	for _, quick := range []bool{true, false} {
		if !quick {
			b.log("compiling %s with its tests, since not all contracts are among the sources", ref)
		}
		if err := b.build(ctx, config, quick, filepath.Join(config.Root, "cache")); err != nil {
			return nil, fmt.Errorf("at %s: %w", ref, err)
		}
		options.SourcesOnly = quick
		surface, err := Read(config, options)
		if err == nil {
			return surface, nil
		}
		failed = err
		if b.Command != "" {
			break // it is the same command
		}
	}
	return nil, fmt.Errorf("at %s: %w", ref, failed)
}

// Now reads the surface of the working tree. Contracts that have changed since they were compiled are compiled: without tests, which
// need not compile yet, and into a folder of the user's cache, so that what is in the project stays.
func (b *Builder) Now(ctx context.Context, config *codegen.Config, options Options) (*Surface, error) {
	stale, err := Stale(config)
	if err == nil && len(stale) == 0 {
		return Read(config, options)
	}
	if b.Never {
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s changed since it was compiled: run `forge build`", strings.Join(stale, ", "))
	}
	b.log("compiling the working tree")
	if b.Command != "" {
		if err := b.build(ctx, config, false, ""); err != nil {
			return nil, err
		}
		return Read(config, options)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "ocrgen", fmt.Sprintf("build-%x", sha256.Sum256([]byte(config.Root)))[:30])
	now := *config
	now.Artifacts = filepath.Join(dir, "out")
	if err := b.build(ctx, &now, true, filepath.Join(dir, "cache")); err != nil {
		return nil, err
	}
	if stale, err = Stale(&now); err == nil && len(stale) > 0 {
		err = fmt.Errorf("%s changed while it was compiled", strings.Join(stale, ", "))
	}
	if err != nil {
		return nil, err
	}
	options.SourcesOnly = true
	return Read(&now, options)
}

// build compiles the contracts into the folder that the configuration names. quick leaves out tests and scripts.
func (b *Builder) build(ctx context.Context, config *codegen.Config, quick bool, cache string) error {
	root := config.Root
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	var command *exec.Cmd
	if b.Command != "" {
		command = exec.CommandContext(ctx, "sh", "-c", b.Command)
	} else {
		command = exec.CommandContext(ctx, forge(root), "build", "--ast", "--extra-output", "storageLayout")
	}
	command.Dir = root
	command.WaitDelay = time.Second
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		// What a user has set is for his working tree.
		if !slices.Contains([]string{"FOUNDRY_OUT", "FOUNDRY_CACHE_PATH", "FOUNDRY_SRC", "FOUNDRY_TEST", "FOUNDRY_SCRIPT"}, name) {
			command.Env = append(command.Env, v)
		}
	}
	command.Env = append(command.Env, "FOUNDRY_OUT="+config.Artifacts)
	if cache != "" {
		command.Env = append(command.Env, "FOUNDRY_CACHE_PATH="+cache)
	}
	if quick {
		command.Env = append(command.Env, "FOUNDRY_TEST=.none", "FOUNDRY_SCRIPT=.none")
	}
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, tail(out.String(), 4000))
	}
	return nil
}

// forge finds forge for a project.
func forge(root string) string {
	own := filepath.Join(root, "tools", "forge")
	if info, err := os.Stat(own); err == nil && info.Mode()&0o111 != 0 {
		return own
	}
	// The launcher in node_modules/.bin hides failures, so the program itself.
	if found, _ := filepath.Glob(filepath.Join(root, "node_modules", "@foundry-rs", "forge-*", "bin", "forge")); len(found) > 0 {
		return found[0]
	}
	return "forge"
}

func tail(text string, n int) string {
	text = strings.TrimSpace(text)
	if len(text) > n {
		text = "... " + text[len(text)-n:]
	}
	return text
}

// configAt reads the configuration of another tree, or ours if it has none; then contracts may be missing there.
func configAt(file string, ours *codegen.Config) (config *codegen.Config, lenient bool, err error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return withRoot(ours, filepath.Dir(file)), true, nil
	}
	if config, err = loadElsewhere(file); err != nil {
		return nil, false, err
	}
	return config, false, nil
}

// withRoot is a configuration for another folder, without the contracts whose ABI is a file that is not there.
func withRoot(ours *codegen.Config, root string) *codegen.Config {
	theirs := *ours
	theirs.Root = root
	theirs.Packages = slices.Clone(ours.Packages)
	for i := range theirs.Packages {
		p := &theirs.Packages[i]
		p.Sources = slices.DeleteFunc(slices.Clone(p.Sources), func(c codegen.Contract) bool {
			if c.ABI == "" {
				return false
			}
			_, err := os.Stat(filepath.Join(root, filepath.FromSlash(c.ABI)))
			return err != nil
		})
	}
	return &theirs
}

// loadElsewhere reads a configuration in a folder that need not be in a Go module, since no Go is made from it.
func loadElsewhere(file string) (*codegen.Config, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxConfigSize {
		return nil, fmt.Errorf("%s has more than %d bytes", file, maxConfigSize)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	temporary, err := os.MkdirTemp("", "ocrgen-config-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)
	copied := filepath.Join(temporary, filepath.Base(file))
	for name, data := range map[string][]byte{copied: text, filepath.Join(temporary, "go.mod"): []byte("module elsewhere\n")} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return nil, err
		}
	}
	config, err := codegen.LoadConfig(copied)
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), copied, file))
	}
	config.Root, err = filepath.Abs(filepath.Dir(file))
	return config, err
}

// In reads the surface of a folder: one with an ocrgen.yaml and compiled contracts, or one of nothing but artifacts, whose contracts our
// configuration then names.
func In(dir, configName string, ours *codegen.Config) (*Surface, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, configName)
	config, lenient, err := configAt(file, ours)
	if err != nil {
		return nil, err
	}
	if lenient {
		config.Root, config.Artifacts = dir, dir
	}
	surface, err := Read(config, Options{Lenient: lenient})
	if err != nil {
		return nil, err
	}
	if len(surface.Contracts) == 0 {
		return nil, fmt.Errorf("%s has neither %s nor an artifact of a contract that ours names", dir, configName)
	}
	return surface, nil
}

// git runs git in a folder.
type git struct{ dir string }

func (g git) run(ctx context.Context, env []string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", g.dir}, args...)...)
	command.Env = append(os.Environ(), env...)
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, tail(problems.String(), 1000))
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// checkout writes the tree of a commit into a folder, by an index of its own.
func checkout(ctx context.Context, repo git, commit, temporary, tree string) error {
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(temporary, "index")}
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return err
	}
	if _, err := repo.run(ctx, index, "read-tree", commit); err != nil {
		return err
	}
	_, err := repo.run(ctx, index, "checkout-index", "--all", "--force", "--prefix="+tree+string(filepath.Separator))
	return err
}

// borrow links what is not in the tree of a commit but needed to compile it: node_modules, and the submodules as they are now.
func borrow(ctx context.Context, repo git, commit, tree, prefix string) (notes []string, err error) {
	link := func(name string) error {
		from, to := filepath.Join(repo.dir, filepath.FromSlash(name)), filepath.Join(tree, filepath.FromSlash(name))
		if _, err := os.Stat(from); err != nil {
			return nil // nothing to borrow; the compiler says what is missing
		}
		if entries, err := os.ReadDir(to); err == nil {
			if len(entries) > 0 {
				return nil
			}
			if err := os.Remove(to); err != nil {
				return err
			}
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.Symlink(from, to)
	}
	for dir := strings.TrimSuffix(prefix, "/"); ; {
		if err := link(strings.TrimPrefix(dir+"/node_modules", "/")); err != nil {
			return nil, err
		}
		if dir == "" {
			break
		}
		dir = strings.TrimSuffix(dir[:strings.LastIndex("/"+dir, "/")], "/")
	}
	listing, err := repo.run(ctx, nil, "ls-tree", "-r", "-z", commit)
	if err != nil {
		return nil, err
	}
	for entry := range strings.SplitSeq(listing, "\x00") {
		head, name, _ := strings.Cut(entry, "\t")
		fields := strings.Fields(head) // mode, type, id
		if len(fields) != 3 || fields[1] != "commit" {
			continue
		}
		if err := link(name); err != nil {
			return nil, err
		}
		if now, err := (git{filepath.Join(repo.dir, filepath.FromSlash(name))}).run(ctx, nil, "rev-parse", "HEAD"); err == nil && now != fields[2] {
			notes = append(notes, fmt.Sprintf("it was compiled with submodule %s as it is now (%.12s), not as it was (%.12s)", name, now, fields[2]))
		}
	}
	return notes, nil
}

// cacheFile is where the surface of a commit is kept. Its name has all that it depends on.
func (b *Builder) cacheFile(config *codegen.Config, configFile, prefix, commit string) string {
	key := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%s\x00%s", SurfaceVersion, codegen.Version, prefix, filepath.Base(configFile), b.Command))
	out := config.Artifacts
	if !filepath.IsAbs(out) {
		out = filepath.Join(config.Root, out)
	}
	return filepath.Join(out, cacheDir, fmt.Sprintf("%s-%x.json", commit, key[:6]))
}

func readSurface(file string) (*Surface, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSurfaceSize {
		return nil, fmt.Errorf("%s has %d bytes", file, info.Size())
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var kept struct {
		Sum     [sha256.Size]byte
		Surface json.RawMessage
	}
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, err
	}
	if sha256.Sum256(kept.Surface) != kept.Sum {
		return nil, fmt.Errorf("%s is damaged", file)
	}
	var surface Surface
	if err := json.Unmarshal(kept.Surface, &surface); err != nil {
		return nil, err
	}
	if surface.Version != SurfaceVersion {
		return nil, fmt.Errorf("%s is of version %d", file, surface.Version)
	}
	return &surface, nil
}

// writeSurface keeps a surface. There is never half of one.
func writeSurface(file string, surface *Surface) error {
	inner, err := json.Marshal(surface)
	if err != nil {
		return err
	}
	data, err := json.Marshal(struct {
		Sum     [sha256.Size]byte
		Surface json.RawMessage
	}{sha256.Sum256(inner), inner})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), "surface-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
