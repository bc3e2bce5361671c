// Package scaffold makes a project of a feed that runs: contract, tests, generated Go, plugin, simulation, a network in one process.
//
// The project is the folder _template, in which the name of the feed is Weather or weather, besides what it needs of this
// repository: Solidity sources, versions of modules and of the compiler. The Go in its gen/ is generated here and now, of
// artifacts of the template's contracts (artifacts.json) in which the name has been replaced, so that a new project runs
// without a Solidity compiler. It is what the compiler's artifacts would give; the project's own tests see to that.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit"
	"golang.org/x/mod/module"
)

//go:embed all:_template
var template embed.FS

// The name of the feed in the template.
const (
	templateContract = "Weather"
	templateName     = "weather"
)

// Options of a new project.
type Options struct {
	// Name of the feed: letters, digits and hyphens, such as weather or gas-price. The contract is called after it.
	Name string
	// Dir is the folder to make; Name if it is empty. It must not exist, or be empty.
	Dir string
	// Module is the path of the Go module; Name if it is empty.
	Module string
	// Replace is a checkout of ocrkit that the project uses, relative to the current folder or absolute. If it is empty, the project uses
	// Version.
	Replace string
	// Version of ocrkit and the hash of its module in go.sum.
	Version, Sum string
}

// A File of a new project.
type File struct {
	Path       string // with slashes
	Text       []byte
	Executable bool
}

// names are those that follow from Options.
type names struct {
	name, contract, module string
}

var goodName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// maxName bounds a name.
const maxName = 40

func (o *Options) names() (names, error) {
	if len(o.Name) > maxName || !goodName.MatchString(o.Name) {
		return names{}, fmt.Errorf("%.60q is no name for a feed: write lower-case letters and digits, with hyphens between words, at most %d: weather, gas-price",
			o.Name, maxName)
	}
	n := names{name: o.Name, module: o.Module}
	for word := range strings.SplitSeq(o.Name, "-") {
		n.contract += strings.ToUpper(word[:1]) + word[1:]
	}
	if what, ok := takenNames()[strings.ToLower(n.contract)]; ok {
		return names{}, fmt.Errorf("%q cannot be the name of a feed: its contract would be called like %s, which is there already", o.Name, what)
	}
	if n.module == "" {
		n.module = o.Name
	}
	if err := module.CheckImportPath(n.module); err != nil {
		return names{}, fmt.Errorf("module path: %w", err)
	}
	if first, _, _ := strings.Cut(n.module, "/"); standard[first] {
		return names{}, fmt.Errorf("module path %q begins like a package of Go's standard library: choose another by --module, such as example.com/%s", n.module, o.Name)
	}
	return n, nil
}

var declaration = regexp.MustCompile(`(?m)^\s*(?:abstract )?(?:contract|library|interface|struct|enum|event|error|type) (\w+)`)

// takenNames are those of the declarations that a project has already, in lower case, since files are called after contracts.
func takenNames() map[string]string {
	taken := map[string]string{"test": "forge-std's Test", "vm": "forge-std's Vm", "script": "forge-std's Script"}
	all, err := sources(names{templateName, templateContract, templateName})
	if err != nil {
		panic(err) // of what was built into the program, so a test would have seen it
	}
	for _, f := range all {
		if !strings.HasSuffix(f.Path, ".sol") {
			continue
		}
		for _, m := range declaration.FindAllSubmatch(f.Text, -1) {
			if name := string(m[1]); !strings.Contains(name, templateContract) {
				taken[strings.ToLower(name)] = name
			}
		}
	}
	return taken
}

// replace puts the names of the project where the template has its own.
func (n names) replace(text string) string {
	return strings.NewReplacer(
		`"`+templateName+`/`, `"`+n.module+`/`, // imports
		templateContract, n.contract,
		templateName, n.name,
	).Replace(text)
}

// Files makes all files of a project, in the order of their paths. It writes nothing.
func Files(o Options) ([]File, error) {
	n, err := o.names()
	if err != nil {
		return nil, err
	}
	files, err := sources(n)
	if err != nil {
		return nil, err
	}
	for _, part := range []func() (map[string][]byte, error){
		func() (map[string][]byte, error) { return goModule(n, o) },
		func() (map[string][]byte, error) { return nodePackage(n) },
		func() (map[string][]byte, error) { return generated(n) },
	} {
		made, err := part()
		if err != nil {
			return nil, err
		}
		for name, text := range made {
			files = append(files, File{Path: name, Text: text})
		}
	}
	slices.SortFunc(files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return files, nil
}

// sources are the files that people write: those of the template, and what it takes over from ocrkit as it is.
func sources(n names) ([]File, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(template, "_template", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := template.ReadFile(name)
		if err != nil {
			return err
		}
		text = []byte(n.replace(string(text)))
		if strings.HasSuffix(name, ".go") {
			// Names of another length: imports are in another order, comments in other columns.
			if text, err = format.Source(text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		files[n.replace(strings.TrimPrefix(name, "_template/"))] = text
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"tools/forge", "tools/solc"} {
		if files[name], err = ocrkit.Files.ReadFile(name); err != nil {
			return nil, err
		}
	}
	if err := library(files); err != nil {
		return nil, err
	}
	var list []File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, File{Path: name, Text: files[name], Executable: strings.HasPrefix(name, "tools/")})
	}
	return list, nil
}

// library adds the sources of ocrkit that the project's contracts import, directly or not, as lib/ocrkit.
func library(files map[string][]byte) error {
	var take func(name string) error
	take = func(name string) error { // below solidity/
		target := "lib/ocrkit/" + name
		if files[target] != nil {
			return nil
		}
		text, err := ocrkit.Files.ReadFile("solidity/" + name)
		if err != nil {
			return err
		}
		files[target] = text
		for _, imported := range imports(text) {
			if err := take(path.Join(path.Dir(name), imported)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".sol") {
			continue
		}
		for _, imported := range imports(files[name]) {
			if within, ok := strings.CutPrefix(imported, "ocrkit/"); ok {
				if err := take(within); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
	}
	license, err := ocrkit.Files.ReadFile("LICENSE")
	files["lib/ocrkit/LICENSE"] = license
	return err
}

var importLine = regexp.MustCompile(`(?m)^import [^;"]*"([^"]+)";`)

func imports(text []byte) []string {
	var list []string
	for _, m := range importLine.FindAllSubmatch(text, -1) {
		list = append(list, string(m[1]))
	}
	return list
}

// Write makes the project: all of it or nothing. It returns the folder.
func Write(o Options) (dir string, err error) {
	dir = o.Dir
	if dir == "" {
		dir = o.Name
	}
	if _, err := o.names(); err != nil { // before anything that depends on it
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	if err := free(dir); err != nil {
		return "", err
	}
	if o.Replace != "" {
		if o.Replace, err = replacement(o.Replace, dir); err != nil {
			return "", err
		}
	}
	files, err := Files(o)
	if err != nil {
		return "", err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	// Beside the target, so that it can be renamed.
	temporary, err := os.MkdirTemp(parent, ".ocrgen-init-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	project := filepath.Join(temporary, "project")
	for _, f := range files {
		target := filepath.Join(project, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return "", err
		}
		mode := fs.FileMode(0o644)
		if f.Executable {
			mode = 0o755
		}
		if err := os.WriteFile(target, f.Text, mode); err != nil {
			return "", err
		}
	}
	// An empty folder is replaced; one that has got something in the meantime is not.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return dir, os.Rename(project, dir)
}

// free says whether there is nothing that a project would overwrite.
func free(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s is in the way: %w", dir, err)
	case len(entries) > 0:
		return fmt.Errorf("%s exists and is not empty: choose another folder by --dir", dir)
	}
	return nil
}

// replacement is the path for the replace line: absolute, or relative to the new folder if it was given relative.
func replacement(to, dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(to, "go.mod"))
	if err != nil || !strings.HasPrefix(string(text), "module "+ownModule+"\n") {
		return "", fmt.Errorf("--replace %s: there is no checkout of %s", to, ownModule)
	}
	if filepath.IsAbs(to) {
		return filepath.ToSlash(filepath.Clean(to)), nil
	}
	if to, err = filepath.Abs(to); err != nil {
		return "", err
	}
	relative, err := filepath.Rel(dir, to)
	if err != nil {
		return "", err
	}
	relative = filepath.ToSlash(relative)
	if !strings.HasPrefix(relative, "../") {
		relative = "./" + relative
	}
	return relative, nil
}
