package scaffold

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// ownModule is the path of ocrkit's module.
const ownModule = "github.com/ocrkit/ocrkit"

// direct are the modules besides ocrkit that the template's Go imports.
var direct = []string{"github.com/ethereum/go-ethereum"}

// tools are the programs of ocrkit that a project runs by `go tool`.
var tools = []string{"cmd/ocrdeploy", "cmd/ocrgen"}

// goModule makes go.mod and go.sum. All versions are those that ocrkit itself is built and tested with, so a project builds with
// the same modules, and without a network if they are in the module cache.
func goModule(n names, o Options) (map[string][]byte, error) {
	text, err := ocrkit.Files.ReadFile("go.mod")
	if err != nil {
		return nil, err
	}
	sums, err := ocrkit.Files.ReadFile("go.sum")
	if err != nil {
		return nil, err
	}
	own, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil, err
	}
	made := new(modfile.File)
	if err := made.AddModuleStmt(n.module); err != nil {
		return nil, err
	}
	if err := made.AddGoStmt(own.Go.Version); err != nil {
		return nil, err
	}
	for _, tool := range tools {
		if err := made.AddTool(ownModule + "/" + tool); err != nil {
			return nil, err
		}
	}
	version := o.Version
	switch {
	case o.Replace != "":
		version = "v0.0.0"
		if err := made.AddReplace(ownModule, "", o.Replace, ""); err != nil {
			return nil, err
		}
	case version == "" || o.Sum == "":
		return nil, errors.New("this ocrgen was built from a checkout, and not from a released version that others could download: name the checkout by --replace PATH")
	default:
		sums = fmt.Appendf(sums, "%s %s %s\n%s %s/go.mod %s\n", ownModule, version, o.Sum, ownModule, version, hashOfModFile(text))
	}
	requires := []*modfile.Require{{Mod: module.Version{Path: ownModule, Version: version}}}
	for _, r := range own.Require {
		requires = append(requires, &modfile.Require{Mod: r.Mod, Indirect: !slices.Contains(direct, r.Mod.Path)})
	}
	made.SetRequireSeparateIndirect(requires)
	made.Cleanup()
	made.SortBlocks()
	formatted, err := made.Format()
	if err != nil {
		return nil, err
	}
	lines := slices.Sorted(strings.Lines(string(sums)))
	return map[string][]byte{"go.mod": formatted, "go.sum": []byte(strings.Join(lines, ""))}, nil
}

// hashOfModFile is what go.sum has of a go.mod: the hash of the list of one file and its hash.
func hashOfModFile(text []byte) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%x  go.mod\n", sha256.Sum256(text)))
	return "h1:" + base64.StdEncoding.EncodeToString(sum[:])
}

// needed are the packages of npm that a project needs; ocrkit itself needs more.
var needed = []string{"@foundry-rs/forge", "@layerzerolabs/toolbox-foundry", "solc"}

// nodePackage makes package.json and package-lock.json: the needed part of ocrkit's.
func nodePackage(n names) (map[string][]byte, error) {
	var own struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	var lock struct {
		Version  int                        `json:"lockfileVersion"`
		Packages map[string]json.RawMessage `json:"packages"`
	}
	for name, into := range map[string]any{"package.json": &own, "package-lock.json": &lock} {
		text, err := ocrkit.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	dependencies := map[string]string{}
	kept := map[string]json.RawMessage{}
	var keep func(name string) error
	keep = func(name string) error {
		// None of the needed packages has a dependency in a version of its own.
		entry, ok := lock.Packages["node_modules/"+name]
		if !ok {
			return fmt.Errorf("package-lock.json has no %s", name)
		}
		if kept["node_modules/"+name] != nil {
			return nil
		}
		kept["node_modules/"+name] = entry
		var deps struct {
			Dependencies         map[string]string `json:"dependencies"`
			OptionalDependencies map[string]string `json:"optionalDependencies"`
		}
		if err := json.Unmarshal(entry, &deps); err != nil {
			return err
		}
		for _, list := range []map[string]string{deps.Dependencies, deps.OptionalDependencies} {
			for _, dep := range slices.Sorted(maps.Keys(list)) {
				if err := keep(dep); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, name := range needed {
		version, ok := own.DevDependencies[name]
		if !ok {
			return nil, fmt.Errorf("package.json has no %s", name)
		}
		dependencies[name] = version
		if err := keep(name); err != nil {
			return nil, err
		}
	}
	type root struct {
		Name            string            `json:"name"`
		Private         bool              `json:"private,omitempty"`
		DevDependencies map[string]string `json:"devDependencies"`
	}
	rootText, err := json.Marshal(root{Name: n.name, DevDependencies: dependencies})
	if err != nil {
		return nil, err
	}
	kept[""] = rootText
	made := map[string][]byte{}
	for name, content := range map[string]any{
		"package.json": root{Name: n.name, Private: true, DevDependencies: dependencies},
		"package-lock.json": struct {
			Name     string                     `json:"name"`
			Version  int                        `json:"lockfileVersion"`
			Requires bool                       `json:"requires"`
			Packages map[string]json.RawMessage `json:"packages"`
		}{n.name, lock.Version, true, kept},
	} {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(content); err != nil {
			return nil, err
		}
		made[name] = b.Bytes()
	}
	return made, nil
}

// standard are the first elements of paths that belong to Go's standard library, or have a meaning of their own.
var standard = func() map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(`archive arena bufio builtin bytes cmd cmp compress container context crypto database debug embed
		encoding errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect
		regexp runtime simd slices sort strconv strings structs sync syscall testing text time unicode unique unsafe vendor weak
		main test all std tool work example`) {
		set[word] = true
	}
	return set
}()
